// Command demo shows logcar at work, with nothing but Go installed:
//
//	go run ./demo
//
// It starts a Kafka cluster in its own process, a stand-in for a Spring service
// that writes a log with stack traces and rotates it, and logcar as a child
// process with deploy/filebeat.yml. It reads the topic back, prints some of the
// documents, stops everything and says what arrived: a number in every message
// lets it prove that no event is missing or torn.
//
// It knows logcar as its users do, by its command line and its documents, and
// must never import logcar's packages; what writes the log is the exception.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Limits keep a run short and its memory small: the cluster keeps every batch.
const (
	maxSeconds = 40
	maxRate    = 20_000
)

type options struct {
	duration time.Duration // of the service's writing
	rate     int           // events per second
	logcar   string
	config   string
	verbose  bool
	keep     bool
}

var errInterrupted = errors.New("interrupted")

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 when every event arrived in one piece and
// logcar exited with 0, 1 when not, 2 for a command line that makes no sense.
func run(args []string, stdout, stderr io.Writer) int {
	o, status, ok := parse(args, stderr)
	if !ok {
		return status
	}
	// The first signal ends the writing and leads to the summary, the second
	// one ends everything. Both ways clean up. A broken pipe is such a signal:
	// nobody reads the output any more.
	all, abort := context.WithCancelCause(context.Background())
	defer abort(nil)
	writing, stopWriting := context.WithCancelCause(all)
	defer stopWriting(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer signal.Stop(signals)
	go func() {
		for _, end := range []context.CancelCauseFunc{stopWriting, abort} {
			select {
			case <-signals:
				end(errInterrupted)
			case <-all.Done():
				return
			}
		}
	}()

	d := &demo{options: o, out: newScreen(stdout), stderr: stderr, ledger: newLedger()}
	passed, err := d.run(all, writing)
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
	}
	if err != nil || !passed {
		return 1
	}
	return 0
}

// parse reads the command line. ok is false when there is nothing to run, and
// status is then the exit status.
func parse(args []string, stderr io.Writer) (o options, status int, ok bool) {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: go run ./demo [flags], from the repository's root")
		flags.PrintDefaults()
	}
	seconds := flags.Int("seconds", 10, "how long the service writes its log, in `seconds`")
	flags.IntVar(&o.rate, "rate", 1000, "`events` that the service writes per second")
	flags.StringVar(&o.logcar, "logcar", "", "the logcar binary's `path`; without it ./cmd/logcar is built")
	flags.BoolVar(&o.verbose, "v", false, "show logcar's own log")
	flags.BoolVar(&o.keep, "keep", false, "keep the temporary folder")

	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return o, 0, false
	case err != nil:
		return o, 2, false
	}
	wrong := ""
	switch {
	case flags.NArg() > 0:
		wrong = fmt.Sprintf("unexpected argument %q", flags.Arg(0))
	case *seconds < 1 || *seconds > maxSeconds:
		wrong = fmt.Sprintf("-seconds %d is not between 1 and %d", *seconds, maxSeconds)
	case o.rate < 1 || o.rate > maxRate:
		wrong = fmt.Sprintf("-rate %d is not between 1 and %d", o.rate, maxRate)
	}
	if wrong != "" {
		fmt.Fprintln(stderr, "demo:", wrong)
		flags.Usage()
		return o, 2, false
	}
	o.duration = time.Duration(*seconds) * time.Second
	o.config = "deploy/filebeat.yml"
	return o, 0, true
}
