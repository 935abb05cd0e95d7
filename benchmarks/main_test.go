package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/logcar/logcar/benchmarks/broker"
	"github.com/logcar/logcar/benchmarks/floor"
	"github.com/logcar/logcar/benchmarks/peers"
)

// The test binary stands in for this program's helper processes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case brokerCommand:
			os.Exit(broker.Main(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
		case floorCommand:
			os.Exit(floor.Main(os.Args[2:], os.Stdout, os.Stderr))
		}
	}
	goleak.VerifyTestMain(m)
}

func smallSuite(t *testing.T) *suite {
	t.Helper()
	opts, err := parse([]string{"-size", "2MiB", "-backlog", "2MiB", "-pairs", "1", "-level", "1", "-dir", t.TempDir()}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSuite(t.Context(), opts, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// The measurements that take no time of their own, with the real binary.
func TestMeasuresLogcar(t *testing.T) {
	s := smallSuite(t)
	s.opts.only = []string{"cpu-ratio", "catch-up", "start", "binary"}
	rows := s.measure(t.Context())
	var names []string
	for _, r := range rows {
		names = append(names, r.Name)
		if r.Error != "" || r.Figure <= 0 {
			t.Errorf("%+v", r)
		}
	}
	if got, want := strings.Join(names, " "), "cpu-ratio cpu-per-gb one-core wire-ratio catch-up rss-busy start binary"; got != want {
		t.Errorf("got rows %q, want %q", got, want)
	}
	left, err := os.ReadDir(s.dir)
	if err != nil || len(left) != 1 { // the binary
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
}

// run is a configuration for a shell script in a shipper's place.
func script(text string) configuration {
	return func(*shipment) (command, error) { return command{program: "/bin/sh", args: []string{"-c", text}}, nil }
}

func TestShippersThatFail(t *testing.T) {
	s := &suite{opts: &options{}, dir: t.TempDir()}
	var err error
	if s.self, err = os.Executable(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, script string
		want         string
	}{
		{"ends by itself", "exit 0", "exit status 0"},
		{"fails", "echo one; echo two; echo three; echo four; exit 3", "exit status 3; its last words:\ntwo\nthree\nfour"},
		{"ends badly after SIGTERM", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done", "exit status 5"},
		{"delivers nothing", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done", "7 of 7 events are missing"},
	}
	for _, test := range tests {
		r, err := s.launch(t.Context(), false, script(test.script))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(test.script, "ready") {
			awaitLog(t, r.shipper)
			_, err = r.finish(7)
		} else {
			_, err = r.await(t.Context(), 1)
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
		r.abort()
	}
}

// awaitLog waits until a script has printed something.
func awaitLog(t *testing.T, p *process) {
	t.Helper()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-ticks.C {
		if b, err := os.ReadFile(p.log); err == nil && len(b) > 0 {
			return
		}
	}
	t.Fatal("the script says nothing")
}

func TestStopGivesUp(t *testing.T) {
	p, err := start(t.Context(), filepath.Join(t.TempDir(), "log"),
		command{program: "/bin/sh", args: []string{"-c", "trap '' TERM; echo deaf; while :; do sleep 0.01; done"}})
	if err != nil {
		t.Fatal(err)
	}
	awaitLog(t, p)
	if err := p.stop(50 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "still ran 50ms after SIGTERM") {
		t.Errorf("got %v", err)
	}
	if err := syscall.Kill(p.pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("it still runs: %v", err)
	}
}

func TestMeasurementsThatFailHaveRows(t *testing.T) {
	s := &suite{opts: &options{only: []string{"binary"}}, logcar: filepath.Join(t.TempDir(), "none"), progress: io.Discard}
	rows := s.measure(t.Context())
	if len(rows) != 1 || rows[0].Name != "binary" || rows[0].Verdict != "failed" || rows[0].kept() || !strings.Contains(rows[0].Error, "none") {
		t.Errorf("got %+v", rows)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the time is over"))
	if rows := s.measure(ctx); len(rows) != 1 || rows[0].Error != "the time is over" {
		t.Errorf("after the deadline: got %+v", rows)
	}
}

func TestCommandLine(t *testing.T) {
	tests := []struct {
		args, fails string
		only        string
		levels      []int
	}{
		{"", "", "", []int{1, 3}},
		{"-level 2", "", "", []int{2}},
		{"-only latency-p99,start,rss-busy,catch-up", "", "latency start catch-up", []int{1, 3}},
		{"-only speed", `there is no "speed"`, "", nil},
		{"-level 10", "level 10", "", nil},
		{"-size 1kB", "1MiB", "", nil},
		{"-backlog none", "not a size", "", nil},
		{"-pairs 0", "0 pairs", "", nil},
		{"latency", `unexpected argument "latency"`, "", nil},
		{"-peers -only json,traces", "", "json traces", []int{1, 3}},
		{"-only json", `there is no "json"`, "", nil},
		{"-peers -only latency", `there is no "latency"`, "", nil},
	}
	for _, test := range tests {
		o, err := parse(strings.Fields(test.args), io.Discard)
		if test.fails != "" {
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%q: got %v, want %q", test.args, err, test.fails)
			}
			continue
		}
		if err != nil || strings.Join(o.only, " ") != test.only || len(o.levels) != len(test.levels) || o.level() != test.levels[len(test.levels)-1] {
			t.Errorf("%q: got %+v, %v", test.args, o, err)
		}
	}
	var list bytes.Buffer
	printCatalogue(&list)
	for _, m := range catalogue {
		if !strings.Contains(list.String(), m.name) {
			t.Errorf("-list does not show %s", m.name)
		}
	}
	for _, s := range peers.Scenarios {
		if !strings.Contains(list.String(), s.Name) {
			t.Errorf("-list does not show %s", s.Name)
		}
	}
}

// Every row is measured by a group that exists.
func TestCatalogueAndGroupsAgree(t *testing.T) {
	known := map[string]bool{}
	for _, g := range groups {
		known[g.name] = false
	}
	for _, m := range catalogue {
		if _, ok := known[m.group]; !ok {
			t.Errorf("%s: there is no group %s", m.name, m.group)
		}
		known[m.group] = true
	}
	for name, used := range known {
		if !used {
			t.Errorf("group %s has no rows", name)
		}
	}
}
