package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"time"

	"github.com/logcar/logcar/benchmarks/peers"
)

// A contender is a program that takes part in the comparison. The first is
// logcar.
type contender struct {
	peers.Peer
	program string
	version string
}

// comparePeers has the same logs shipped by logcar and by every peer that is
// installed, prints tables and draws a chart. It returns the exit status.
func (s *suite) comparePeers(ctx context.Context, stdout, stderr io.Writer) (status int) {
	failed := func(err error) {
		if err != nil {
			fmt.Fprintln(stderr, "benchmarks:", err)
			status = 1
		}
	}
	all := s.contenders(ctx, stdout)
	var summary []comparison
	for _, scenario := range peers.Scenarios {
		if !s.opts.wants(scenario.Name) {
			continue
		}
		c, err := s.compare(ctx, scenario, all)
		failed(err)
		if len(c.entries) == 0 {
			continue
		}
		c.print(stdout)
		summary = append(summary, c)
		if scenario.Name == peers.Main && s.opts.svg != "" {
			failed(s.draw(c))
		}
	}
	printSummary(stdout, summary)
	printSetting(stdout, s.setting)
	return status
}

// contenders are logcar and the peers that are installed; it says which are not.
func (s *suite) contenders(ctx context.Context, stdout io.Writer) []contender {
	all := []contender{{peers.Logcar, s.logcar, versionOf(ctx, s.logcar, peers.Logcar.VersionArg)}}
	for _, p := range peers.All {
		program, err := p.Find()
		if err != nil {
			fmt.Fprintln(stdout, err)
			continue
		}
		all = append(all, contender{p, program, versionOf(ctx, program, p.VersionArg)})
	}
	return all
}

var versionNumber = regexp.MustCompile(`[0-9]+\.[0-9]+(\.[0-9]+)*`)

// versionOf is what the program says of its version; nothing if it has no number.
func versionOf(ctx context.Context, program, arg string) string {
	if arg == "" {
		return ""
	}
	out, _ := exec.CommandContext(ctx, program, arg).CombinedOutput() // the run itself will tell what is wrong
	return string(versionNumber.Find(out))
}

// compare has each program that can do it do the scenario, in turns, -pairs
// times. Before, each must deliver a small log's texts as they were written. The
// error tells of those that failed; they have no entry.
func (s *suite) compare(ctx context.Context, scenario peers.Scenario, all []contender) (comparison, error) {
	c := comparison{scenario: scenario}
	small, err := s.inputIn(scenario.Format, trialSeed, trialSize)
	if err != nil {
		return c, err
	}
	in, err := s.inputIn(scenario.Format, 1, int64(s.opts.size))
	if err != nil {
		return c, err
	}
	c.in = in
	var errs []error
	for _, who := range all {
		if !who.Can(scenario) {
			continue
		}
		s.say("%s: looking at what %s delivers", scenario.Name, who.Name)
		if err := s.verify(ctx, small, scenario, who); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", scenario.Name, who.Name, err))
			continue
		}
		c.entries = append(c.entries, &entry{contender: who})
	}
	for i := range s.opts.pairs {
		for _, e := range c.entries {
			if e.failed {
				continue
			}
			s.say("%s: measuring %s, %d of %d", scenario.Name, e.Name, i+1, s.opts.pairs)
			done, err := s.shipWhole(ctx, in, false, e.contender, s.configurePeer(in, scenario, e.contender), nil)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %s: %w", scenario.Name, e.Name, err))
				e.failed = true
				continue
			}
			e.add(in, done)
		}
	}
	c.dropFailed()
	return c, errors.Join(errs...)
}

// configurePeer is a program's configuration for a scenario.
func (s *suite) configurePeer(in input, scenario peers.Scenario, who contender) configuration {
	return func(r *shipment) (command, error) {
		args, err := who.Configure(peers.Job{Scenario: scenario, Dir: r.dir, Path: in.path, Kafka: r.broker.Addr(), Gzip: s.opts.level()})
		return command{program: who.program, args: args}, err
	}
}

// shipWhole is shipBacklog for programs that deliver the last event, which a
// further line could belong to, only when their timeout is over; a peer may keep
// it for good, as rsyslog does now and then.
func (s *suite) shipWhole(ctx context.Context, in input, keep bool, who contender, configure configuration, arrived func(*shipment) error) (shipped, error) {
	const timeouts = 12 * time.Second // more than Filebeat's 5 s, looked at every 5 s
	r, err := s.launch(ctx, keep, configure)
	if err != nil {
		return shipped{}, err
	}
	defer r.abort()
	stats, err := r.await(ctx, in.events-1)
	if err != nil {
		return shipped{}, err
	}
	took := time.Unix(0, stats.Last).Sub(r.shipper.begun)
	var stalled *stallError
	if _, err := r.awaitFor(ctx, in.events, timeouts); err != nil && !errors.As(err, &stalled) {
		return shipped{}, err
	}
	used, err := r.finish(in.events)
	if who.mayKeepLast(err) {
		err = nil
	}
	if err == nil && arrived != nil {
		err = arrived(r)
	}
	return shipped{used, took}, err
}

// mayKeepLast says whether err is nothing but a peer's keeping the last event.
func (c contender) mayKeepLast(err error) bool {
	var wrong *countError
	return c.Name != peers.Logcar.Name && errors.As(err, &wrong) && wrong.got == wrong.want-1
}

// draw draws a comparison as a chart.
func (s *suite) draw(c comparison) error {
	f, err := os.Create(s.opts.svg)
	if err != nil {
		return fmt.Errorf("draw chart: %w", err)
	}
	return errors.Join(c.chart(s.setting, s.opts.size).Draw(f), f.Close())
}
