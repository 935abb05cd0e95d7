package main

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/logcar/logcar/config"
)

// execute runs a command line in this process.
func execute(args ...string) (status int, stdout, stderr string) {
	var out, log bytes.Buffer
	status = run(args, &out, &log)
	return status, out.String(), log.String()
}

// TestCommands: what is printed where, and the status.
func TestCommands(t *testing.T) {
	versionLine := fmt.Sprintf("logcar version dev (%s/%s), %s\n", runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, tt := range []struct {
		args   string
		status int
		stdout string
		stderr string
	}{
		{"version", 0, versionLine, ""},
		{"-version", 0, versionLine, ""},
		{"--version run", 0, versionLine, ""},
		{"help", 0, usage, ""},
		{"--help", 0, usage, ""},
		{"-help", 0, usage, ""},
		{"-h", 0, usage, ""},
		{"run --help", 0, usage, ""},
		{"--nosuch", 1, "", "Error: flag provided but not defined: -nosuch\n\n" + usage},
		{"run -x", 1, "", "Error: flag provided but not defined: -x\n\n" + usage},
		{"-c", 1, "", "Error: flag needs an argument: -c\n\n" + usage},
		{"--once=maybe", 1, "", "Error: invalid boolean value \"maybe\" for -once: parse error\n\n" + usage},
		{"fly", 1, "", "Error: unknown command \"fly\" for \"logcar\"\n\n" + usage},
		{"test", 1, "", "Error: unknown command \"test\" for \"logcar\"\n\n" + usage},
		{"test nosuch", 1, "", "Error: unknown command \"test nosuch\" for \"logcar\"\n\n" + usage},
		{"version please now", 1, "", "Error: unknown command \"version please\" for \"logcar\"\n\n" + usage},
		{"setup", 1, "", "Exiting: setup: there is nothing to set up in Elasticsearch or Kibana from here\n"},
		{"setup --index-management", 1, "", "Error: flag provided but not defined: -index-management\n\n" + usage},
		{"modules enable nginx", 1, "", "Exiting: modules: logcar has no modules: give the inputs in filebeat.inputs\n"},
		{"registry", 1, "", "Error: unknown command \"registry\" for \"logcar\"\n\n" + usage},
		{"registry rm a b", 1, "", "Error: unknown command \"registry rm\" for \"logcar\"\n\n" + usage},
		{"enroll", 1, "", "Exiting: enroll: logcar is not managed by Fleet: its configuration is its file\n"},
		{"-c /nonexistent.yml", 1, "", "Exiting: load configuration: read configuration: open /nonexistent.yml: no such file or directory\n"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			status, stdout, stderr := execute(strings.Fields(tt.args)...)
			if status != tt.status || stdout != tt.stdout || stderr != tt.stderr {
				t.Errorf("status %d\n%s%s\nwant %d\n%s%s", status, stdout, stderr, tt.status, tt.stdout, tt.stderr)
			}
		})
	}
}

// TestParse: one dash or two, before the command or behind it.
func TestParse(t *testing.T) {
	all := flags{
		config: config.Args{
			Files: []string{"a.yml", "b.yml"}, Overrides: []string{"name=x", "max_procs=1"},
			Home: "/h", Config: "/c", Data: "/d", Logs: "/l", StrictPerms: false,
		},
		debug: "*", verbose: true, once: true, cpuProfile: "cpu", memProfile: "mem",
	}
	for _, tt := range []struct {
		args  string
		words []string
		want  flags
	}{
		{"", nil, flags{config: config.Args{StrictPerms: true}}},
		{"-e -once -strict.perms=true", nil, flags{config: config.Args{StrictPerms: true}, once: true}},
		{
			"-e -c a.yml -c b.yml -E name=x -E max_procs=1 -path.home /h -path.config /c -path.data /d -path.logs /l -strict.perms=false " +
				"-d * -v -once -cpuprofile cpu -memprofile mem -environment container -modules nginx -M nginx.x=1", nil, all,
		},
		{
			"run --e --c=a.yml --c b.yml --E=name=x --E max_procs=1 --path.home=/h --path.config /c --path.data=/d --path.logs /l --strict.perms=false " +
				"--d=* --v --once=true --cpuprofile=cpu --memprofile=mem --environment=container", []string{"run"}, all,
		},
		{"test -c a.yml config --once", []string{"test", "config"}, flags{config: config.Args{Files: []string{"a.yml"}, StrictPerms: true}, once: true}},
		{"--exit-when-quiet 10s", nil, flags{config: config.Args{Overrides: []string{"logcar.exit_when_quiet=10s"}, StrictPerms: true}}},
		{"-configtest", nil, flags{config: config.Args{StrictPerms: true}, configTest: true}},
		{"version -- -c", []string{"version", "-c"}, flags{config: config.Args{StrictPerms: true}}},
	} {
		got, words, err := parse(strings.Fields(tt.args))
		if err != nil {
			t.Errorf("%s: %v", tt.args, err)
			continue
		}
		if !reflect.DeepEqual(*got, tt.want) || !slices.Equal(words, tt.words) {
			t.Errorf("%s:\n%+v %q\nwant\n%+v %q", tt.args, *got, words, tt.want, tt.words)
		}
	}
}

// TestStrictPerms: the environment sets what the flag does not.
func TestStrictPerms(t *testing.T) {
	for _, tt := range []struct {
		env, args string
		want      bool
	}{
		{"", "", true}, {"false", "", false}, {"0", "", false}, {"true", "", true}, {"nonsense", "", true},
		{"false", "--strict.perms=true", true}, {"true", "--strict.perms=false", false}, {"false", "-strict.perms", true},
	} {
		t.Setenv("BEAT_STRICT_PERMS", tt.env)
		f, _, err := parse(strings.Fields(tt.args))
		if err != nil {
			t.Fatal(err)
		}
		if f.config.StrictPerms != tt.want {
			t.Errorf("BEAT_STRICT_PERMS=%q %s: %v, want %v", tt.env, tt.args, f.config.StrictPerms, tt.want)
		}
	}
}

// TestTestConfig: every key with its fate, the warnings, and a last line that
// scripts look for.
func TestTestConfig(t *testing.T) {
	p := newPod(t, "filebeat.inputs:", "- type: log", "  paths: LOGS/*.log", "  exclude_line: [x]", "logging.to_files: true")
	want := `honoured   filebeat.inputs.0.type          FILE:2  log, filestream, container, docker and stdin
honoured   filebeat.inputs.0.paths         FILE:3  files, or patterns with *, ? and **
unknown    filebeat.inputs.0.exclude_line  FILE:4  
no effect  logging.to_files                FILE:5  logcar logs to stderr alone, for the container's log
honoured   output.console.pretty           FILE:6  without codec; with it, codec.json.pretty
warning: FILE:4: filebeat.inputs.0.exclude_line: unknown key; did you mean "exclude_lines"?
notice: FILE:5: logging.to_files: has no effect: logcar logs to stderr alone, for the container's log
Config OK
`
	for _, args := range [][]string{
		{"test", "config", "-c", p.config}, {"-c", p.config, "test", "config"}, {"test", "-c", p.config, "config", "-e"}, {"-configtest", "-c", p.config},
	} {
		status, stdout, stderr := execute(append(args, "--strict.perms=false")...)
		if got := strings.ReplaceAll(stdout, p.config, "FILE"); status != 0 || got != want || stderr != "" {
			t.Errorf("%q: status %d, stderr %q\n%s\nwant\n%s", args, status, stderr, got, want)
		}
	}

	// What is wrong does not hide the rest.
	status, stdout, stderr := execute("test", "config", "-c", p.config, "--strict.perms=false", "-E", "logging.level=loud")
	first, others, _ := strings.Cut(strings.ReplaceAll(stdout, p.config, "FILE"), "\n")
	if status != 1 || strings.Join(strings.Fields(first), " ") != "honoured logging.level -E" || others != strings.TrimSuffix(want, "Config OK\n") ||
		stderr != "Exiting: -E: logging.level: \"loud\" is not one of critical, error, warning, warn, info, debug\n" {
		t.Errorf("wrong configuration: status %d\n%s\n%s%s", status, first, others, stderr)
	}
	status, stdout, stderr = execute("test", "config", "-c", p.config+".none", "--strict.perms=false")
	if status != 1 || stdout != "" || !strings.HasPrefix(stderr, "Exiting: load configuration: ") {
		t.Errorf("no configuration: status %d\n%s%s", status, stdout, stderr)
	}
}
