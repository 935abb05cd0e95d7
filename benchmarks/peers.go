package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/logcar/logcar/benchmarks/peers"
)

// A comparison is what one program took for the job.
type comparison struct {
	name      string
	cpu       float64 // s/GB
	peak      float64 // MB
	rate      float64 // MB/s
	delivered int64
}

// comparePeers has the same log shipped by logcar and by every peer that is
// installed, prints a table and draws a chart. It returns the exit status.
func (s *suite) comparePeers(ctx context.Context, stdout, stderr io.Writer) (status int) {
	in, err := s.input(1, int64(s.opts.size))
	if err != nil {
		fmt.Fprintln(stderr, "benchmarks:", err)
		return 1
	}
	var done []comparison
	try := func(name string, configure configuration) {
		s.say("measuring %s", name)
		c, err := s.compare(ctx, name, in, configure)
		if err != nil {
			fmt.Fprintf(stderr, "benchmarks: %s: %v\n", name, err)
			status = 1
		}
		// One that cuts events differently is shown all the same, with its number.
		if c.delivered > 0 {
			done = append(done, c)
		}
	}
	try("logcar", s.configure(job{config: joining, paths: in.path, level: s.opts.level()}))
	for _, p := range peers.All {
		program, err := p.Find()
		if err != nil {
			fmt.Fprintln(stdout, err)
			continue
		}
		try(p.Name, func(r *shipment) (command, error) {
			args, err := p.Configure(peers.Job{Dir: r.dir, Path: in.path, Host: r.broker.Addr(), Level: s.opts.level()})
			return command{program: program, args: args}, err
		})
	}
	printComparison(stdout, in, done)
	printSetting(stdout, s.setting)
	if err := drawComparison(s.opts.svg, s.setting, done); err != nil {
		fmt.Fprintln(stderr, "benchmarks:", err)
		return 1
	}
	return status
}

// compare measures one program. With a *countError the comparison is valid.
func (s *suite) compare(ctx context.Context, name string, in input, configure configuration) (comparison, error) {
	done, err := s.shipBacklog(ctx, in, false, configure, nil)
	return comparison{name, done.cpu.Seconds() * gigabyte / float64(in.size), float64(done.peak) / megabyte,
		float64(in.size) / megabyte / done.took.Seconds(), done.Records}, err
}

func printComparison(w io.Writer, in input, done []comparison) {
	table := [][]string{{"program", "CPU, s/GB", "peak, MB", "MB/s", "events delivered"}}
	for _, c := range done {
		table = append(table, []string{c.name, number(c.cpu), number(c.peak), number(c.rate),
			fmt.Sprintf("%d of %d", c.delivered, in.events)})
	}
	printCells(w, table, -1)
}

func drawComparison(path string, s setting, done []comparison) error {
	cpu := peers.Panel{Title: "CPU seconds per GB of log"}
	memory := peers.Panel{Title: "Peak resident memory, MB"}
	for _, c := range done {
		cpu.Bars = append(cpu.Bars, peers.Bar{Name: c.name, Value: c.cpu})
		memory.Bars = append(memory.Bars, peers.Bar{Name: c.name, Value: c.peak})
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("draw chart: %w", err)
	}
	title := fmt.Sprintf("Log to Kafka, gzip level %d, less is better", s.Level)
	return errors.Join(peers.Draw(f, title, []peers.Panel{cpu, memory}), f.Close())
}
