package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/logcar/logcar/config"
)

const usage = `logcar ships a pod's log files to Kafka, in Filebeat's place.

Usage:
  logcar [command] [flags]

Commands:
  run           read, ship, and remember the positions (the default)
  test config   say of every key whether it is honoured; status 1 if one is wrong
  test output   try whether the output can deliver; status 1 if it cannot
  export config
                print the merged configuration, references as they are written
  export schema print the JSON Schema of the configuration, for editors
  registry show
                list the positions, and how far each file is behind
  registry import [PATH]
                take over the positions of a Filebeat's registry: a directory or
                a file (default: where the configuration has it); the first
                start does so by itself
  registry rm PATH
                forget a file's position: it is read again from its beginning
  keystore create [--force]
                make an empty keystore: Filebeat's, below path.data
  keystore add KEY [--stdin] [--force]
                add a secret, to which ${KEY} refers in the configuration
  keystore remove KEY...
  keystore list print the keys, and no secrets
  drain         announce the end of the pod to a running logcar (a preStop hook)
  version       print the version
  help          print this text

Flags, with one dash or two:
  -c FILE               configuration file, relative to --path.config; may be given
                        several times, later ones win (default filebeat.yml)
  -E KEY=VALUE          set one key of the configuration; may be given several times
  -e                    log to stderr (always so; accepted for Filebeat's sake)
  -v                    log at least at level info
  -d SELECTORS          log at level debug
  --once                read every file to its end, deliver, and exit; on a terminal a
                        line shows how far it has come
  --exit-when-quiet DURATION
                        end when nothing was written for so long: for a Job
  --stdin               read a secret from standard input, not from the terminal
  --force               replace a secret or a keystore without asking
  --path.home DIR       (default: the executable's directory)
  --path.config DIR     (default: path.home)
  --path.data DIR       positions are kept here (default: path.home/data)
  --path.logs DIR
  --strict.perms=BOOL   refuse configuration files that others may write
                        (default true, or $BEAT_STRICT_PERMS)
  --cpuprofile FILE, --memprofile FILE
                        write a profile for go tool pprof at the end

SIGTERM and SIGINT end logcar cleanly: it reads each file to its end, delivers
what is open, and waits for the confirmations up to filebeat.shutdown_timeout
(25s). A second signal ends it at once: nothing is lost, some lines repeat.
SIGHUP, like a change of the configuration's files, has it read them again: what
is right is applied, what is wrong is refused and logged (logcar.reload).
`

// flags is what the command line says besides the command.
type flags struct {
	config                 config.Args
	debug                  string
	verbose, once          bool
	stdin, force           bool
	help, version          bool
	configTest             bool
	cpuProfile, memProfile string
	operands               []string // the words behind the command's own; parse leaves that to run
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// parse reads the command line. Flags and the words of a command may stand in
// any order.
func parse(args []string) (*flags, []string, error) {
	f := &flags{}
	fs := flag.NewFlagSet("logcar", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Var((*list)(&f.config.Files), "c", "")
	fs.Var((*list)(&f.config.Overrides), "E", "")
	fs.StringVar(&f.debug, "d", "", "")
	fs.BoolVar(&f.verbose, "v", false, "")
	fs.BoolVar(&f.once, "once", false, "")
	fs.Func("exit-when-quiet", "", func(d string) error {
		f.config.Overrides = append(f.config.Overrides, "logcar.exit_when_quiet="+d)
		return nil
	})
	fs.BoolVar(&f.stdin, "stdin", false, "")
	fs.BoolVar(&f.force, "force", false, "")
	fs.BoolVar(&f.version, "version", false, "")
	fs.BoolVar(&f.configTest, "configtest", false, "")
	fs.StringVar(&f.config.Home, "path.home", "", "")
	fs.StringVar(&f.config.Config, "path.config", "", "")
	fs.StringVar(&f.config.Data, "path.data", "", "")
	fs.StringVar(&f.config.Logs, "path.logs", "", "")
	fs.BoolVar(&f.config.StrictPerms, "strict.perms", strictByEnvironment(), "")
	fs.StringVar(&f.cpuProfile, "cpuprofile", "", "")
	fs.StringVar(&f.memProfile, "memprofile", "", "")
	ignored := struct {
		list list
		flag bool
		text string
	}{}
	fs.BoolVar(&ignored.flag, "e", false, "")
	fs.Var(&ignored.list, "M", "")
	fs.StringVar(&ignored.text, "environment", "", "")
	fs.StringVar(&ignored.text, "modules", "", "")

	var words []string
	for {
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			f.help = true
			return f, words, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if fs.NArg() == 0 {
			return f, words, nil
		}
		words = append(words, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

func strictByEnvironment() bool {
	strict, err := strconv.ParseBool(os.Getenv("BEAT_STRICT_PERMS"))
	return err != nil || strict
}
