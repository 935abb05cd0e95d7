// Command generate writes a Java service's log to standard output, for
// measurements that other people can repeat: the same seed and size give the
// same bytes everywhere.
//
//	go run ./generate -seed 1 -size 128MiB > app.log
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/logcar/logcar/benchmarks/applog"
	"github.com/logcar/logcar/internal/javalog"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the process's exit status: 0, 1 when writing failed, 2 for a
// command line that makes no sense.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: generate [-seed N] [-size 128MiB] [-format plain] [-numbered] > app.log")
		fmt.Fprintln(stderr, "Writes whole events of a Java service's log, stack traces among them, until the size is reached.")
		flags.PrintDefaults()
	}
	size := applog.Size(128 << 20)
	seed := flags.Uint64("seed", 1, "the log's `number`: the same seed gives the same bytes")
	numbered := flags.Bool("numbered", false, "open every message with the event's number, seq=00000001")
	format := applog.Plain
	flags.Var(&format, "format", "`format` of the log: plain, json or utf-16")
	flags.Var(&size, "size", "`bytes` to write at least, with a unit if you like: 500kB, 128MiB, 1.5GB")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "generate: unexpected argument %q\n", flags.Arg(0))
		flags.Usage()
		return 2
	}

	var options []javalog.Option
	if *numbered {
		options = append(options, javalog.Numbered)
	}
	if err := applog.Write(stdout, javalog.New(*seed, applog.Start, options...), format, int64(size)); err != nil {
		fmt.Fprintln(stderr, "generate:", err)
		return 1
	}
	return 0
}
