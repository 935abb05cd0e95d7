// Command logcar ships a pod's log files to Kafka. It takes Filebeat's place as
// a sidecar: the same configuration, the same flags, the same documents.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

// version is set by the build.
var version = "dev"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run carries out a command line and returns the exit status: 0 when all went
// well, 1 otherwise.
func run(args []string, stdout, stderr io.Writer) int {
	f, words, err := parse(args)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "Error: %v\n\n%s", err, usage)
		return 1
	case f.help:
		fmt.Fprint(stdout, usage)
		return 0
	case f.version:
		words = []string{"version"}
	case f.configTest:
		words = []string{"test", "config"}
	}
	if len(words) == 0 {
		words = []string{"run"}
	}
	name := words[0]
	if len(words) > 1 {
		name += " " + words[1]
	}
	if c, ok := commands[name]; ok && len(words) <= 2+c.operands {
		f.operands = words[min(2, len(words)):]
		err = c.run(f, stdout, stderr)
	} else if why, ok := replaced[words[0]]; ok {
		err = fmt.Errorf("%s: %s", words[0], why)
	} else {
		fmt.Fprintf(stderr, "Error: unknown command %q for \"logcar\"\n\n%s", name, usage)
		return 1
	}
	if err != nil {
		fmt.Fprintf(stderr, "Exiting: %v\n", err)
		return 1
	}
	return 0
}

// A command is one verb of the command line.
type command struct {
	// run's error ends the program with status 1.
	run      func(f *flags, stdout, stderr io.Writer) error
	operands int // how many words may follow, at most
}

var commands = map[string]command{
	"run":             {run: ship},
	"test config":     {run: testConfig},
	"test output":     {run: testOutput},
	"export config":   {run: exportConfig},
	"export schema":   {run: exportSchema},
	"registry show":   {run: showRegistry},
	"registry import": {run: importRegistry, operands: 1},
	"registry rm":     {run: removeFromRegistry, operands: 1},
	"keystore create": {run: createKeystore},
	"keystore add":    {run: addToKeystore, operands: 1},
	"keystore remove": {run: removeFromKeystore, operands: 100},
	"keystore list":   {run: listKeystore},
	"drain":           {run: drain},
	"version":         {run: printVersion},
	"help":            {run: func(_ *flags, stdout, _ io.Writer) error { fmt.Fprint(stdout, usage); return nil }},
}

// replaced are Filebeat's commands that have no place here.
var replaced = map[string]string{
	"setup":   "there is nothing to set up in Elasticsearch or Kibana from here",
	"modules": "logcar has no modules: give the inputs in filebeat.inputs",
	"enroll":  "logcar is not managed by Fleet: its configuration is its file",
}

func printVersion(_ *flags, stdout, _ io.Writer) error {
	fmt.Fprintf(stdout, "logcar version %s (%s/%s), %s\n", version, runtime.GOOS, runtime.GOARCH, runtime.Version())
	return nil
}
