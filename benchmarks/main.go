// Command benchmarks measures what logcar costs and how fast it is, against
// the bars that the project has set itself, and prints one table.
//
//	go run . -only cpu-ratio,latency -size 256MiB
//
// The broker is a process of its own (package broker), and so is gzip alone
// (package floor), the floor that logcar's cost is compared with. What is
// measured is only what can be seen from outside: processor time and memory as
// the kernel accounts for them, and what arrives at the broker. Nothing here may
// know logcar's insides; it runs the binary.
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

	"github.com/logcar/logcar/benchmarks/broker"
	"github.com/logcar/logcar/benchmarks/floor"
)

func main() { os.Exit(run(os.Args[1:])) }

// The first argument that turns this program into a helper process.
const (
	brokerCommand = "broker"
	floorCommand  = "floor"
)

// run returns the exit status: 0, 1 when something could not be measured (or,
// with -strict, when a bar is missed), 2 for a command line that makes no sense.
func run(args []string) int {
	if len(args) > 0 {
		switch args[0] {
		case brokerCommand:
			return broker.Main(args[1:], os.Stdin, os.Stdout, os.Stderr)
		case floorCommand:
			return floor.Main(args[1:], os.Stdout, os.Stderr)
		}
	}
	opts, err := parse(args, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		return 2
	case opts.list:
		printCatalogue(os.Stdout)
		return 0
	}
	// The first Ctrl-C ends the children and removes the files; should that
	// hang, a second one ends this process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, opts.timeout, fmt.Errorf("the time is over (-timeout %v)", opts.timeout))
	defer cancel()
	return measureAll(ctx, opts, os.Stdout, os.Stderr)
}

func measureAll(ctx context.Context, opts *options, stdout, stderr io.Writer) (status int) {
	s, err := newSuite(ctx, opts, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "benchmarks:", err)
		return 1
	}
	defer func() {
		if err := s.close(); err != nil {
			fmt.Fprintln(stderr, "benchmarks:", err)
			status = 1
		}
	}()
	if opts.peers {
		return s.comparePeers(ctx, stdout, stderr)
	}
	rows := s.measure(ctx)
	printTable(stdout, rows)
	printSetting(stdout, s.setting)
	if opts.json != "" {
		if err := writeJSON(opts.json, s.setting, rows); err != nil {
			fmt.Fprintln(stderr, "benchmarks:", err)
			return 1
		}
	}
	for _, r := range rows {
		if r.Error != "" || opts.strict && !r.kept() {
			return 1
		}
	}
	return 0
}
