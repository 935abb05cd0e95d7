package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An output is what a demo prints, with something to do when it prints a text.
type output struct {
	printed bytes.Buffer
	text    string
	act     func()
}

func (o *output) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(o.text)) {
		o.act()
	}
	return o.printed.Write(p)
}

func (o *output) String() string { return o.printed.String() }

const stopping = "SIGTERM to logcar"

// newTestDemo returns a short demo of the stand-in with a fault, and what it
// prints. It sends SIGTERM only after the stand-in has come to wait for that.
func newTestDemo(t *testing.T, fault string) (d *demo, stdout *output, stderr *bytes.Buffer) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(standInVariable, fault)
	t.Setenv("TMPDIR", t.TempDir())
	stdout, stderr = new(output), new(bytes.Buffer)
	d = &demo{
		options: options{duration: 500 * time.Millisecond, rate: 1000, logcar: binary, config: "../deploy/filebeat.yml"},
		out:     newScreen(stdout), stderr: stderr, ledger: newLedger(),
	}
	stdout.text, stdout.act = stopping, func() { awaitStandIn(t, d.logPath()) }
	return d, stdout, stderr
}

// awaitStandIn waits until the log says that the stand-in has started.
func awaitStandIn(t *testing.T, log string) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if text, _ := os.ReadFile(log); bytes.Contains(text, []byte("stand-in started")) {
			return
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			return
		}
	}
}

func TestDemoSeesWhatGoesWrong(t *testing.T) {
	tests := []struct {
		fault  string
		passed bool
		rows   []string // of the summary
		log    bool     // logcar's log is shown
	}{
		{"none", true, []string{"events written 500", "delivered 500", "missing 0", "Every event arrived"}, false},
		{"repeats", true, []string{"delivered 500", "missing 0", "repeated 2", "Every event arrived"}, false},
		{"loses", false, []string{"delivered 499", "missing 1", "torn 0", "FAILED: not every event"}, true},
		{"tears", false, []string{"delivered 499", "missing 1", "torn 2", "FAILED: not every event"}, true},
		{"reorders", false, []string{"delivered 500", "out of order 1", "FAILED: not every event"}, true},
		{"mislabels", false, []string{"delivered 500", "wrong fields 500", "FAILED: not every event"}, true},
		{"silent", false, []string{"delivered 0", "missing 500", "FAILED: not every event"}, true},
		{"status", false, []string{"delivered 500", "missing 0", "FAILED: logcar did not end well: exit status 1"}, true},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			d, stdout, stderr := newTestDemo(t, test.fault)
			passed, err := d.run(t.Context(), t.Context())
			if err != nil || passed != test.passed {
				t.Errorf("run: got %v, %v, want %v, nil", passed, err, test.passed)
			}
			words := strings.Join(strings.Fields(stdout.String()), " ")
			for _, row := range test.rows {
				if !strings.Contains(words, row) {
					t.Errorf("output lacks %q:\n%s", row, stdout)
				}
			}
			if shown := strings.Contains(stderr.String(), "stand-in started"); shown != test.log {
				t.Errorf("logcar's log shown: got %v, want %v: %q", shown, test.log, stderr)
			}
			if _, err := os.Stat(d.dir); !os.IsNotExist(err) {
				t.Errorf("temporary folder: got %v, want it removed", err)
			}
		})
	}
}

func TestDemoCannotFindOut(t *testing.T) {
	tests := []struct {
		name, fault string
		change      func(*demo)
		want        string
	}{
		{"logcar dies", "dies", func(*demo) {}, "logcar ended while the service was writing: exit status 3"},
		{"no binary", "none", func(d *demo) { d.logcar = "./no-such-logcar" }, "find logcar: "},
		{"no configuration", "none", func(d *demo) { d.config = "no-such.yml" }, "find logcar's configuration: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, stdout, _ := newTestDemo(t, test.fault)
			test.change(d)
			passed, err := d.run(t.Context(), t.Context())
			if passed || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("run: got %v, %v, want an error with %q", passed, err, test.want)
			}
			if strings.Contains(stdout.String(), "delivered") {
				t.Errorf("output has a summary:\n%s", stdout)
			}
			if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "logcar-demo-*")); left != nil {
				t.Errorf("temporary folders: got %v, want none", left)
			}
		})
	}
}

func TestDemoIsInterrupted(t *testing.T) {
	t.Run("while the service writes", func(t *testing.T) {
		d, stdout, _ := newTestDemo(t, "none")
		d.duration = 2 * time.Second
		writing, stopWriting := context.WithCancelCause(t.Context())
		stdout.text, stdout.act = "renamed", func() {
			awaitStandIn(t, d.logPath())
			stopWriting(errInterrupted)
		}
		if passed, err := d.run(t.Context(), writing); !passed || err != nil {
			t.Errorf("run: got %v, %v, want the events so far to pass:\n%s", passed, err, stdout)
		}
		if got, _ := d.ledger.balance(); got.written < 1000 || got.written >= 2000 {
			t.Errorf("written until the interrupt in the middle: got %d of 2000 events", got.written)
		}
	})
	t.Run("while logcar stops", func(t *testing.T) {
		d, stdout, stderr := newTestDemo(t, "deaf")
		all, abort := context.WithCancelCause(t.Context())
		stdout.act = func() {
			awaitStandIn(t, d.logPath())
			abort(errInterrupted)
		}
		passed, err := d.run(all, all)
		if passed || !errors.Is(err, errInterrupted) {
			t.Errorf("run: got %v, %v, want %v", passed, err, errInterrupted)
		}
		if strings.Contains(stdout.String(), "missing") || !strings.Contains(stderr.String(), "stand-in started") {
			t.Errorf("got output %q and log %q, want logcar's log without a summary", stdout, stderr)
		}
	})
}

func TestVerboseAndKeep(t *testing.T) {
	d, stdout, _ := newTestDemo(t, "none")
	d.verbose, d.keep = true, true
	stderr := &signalling{started: make(chan struct{})}
	d.stderr = stderr
	stdout.act = func() { <-stderr.started }
	if passed, err := d.run(t.Context(), t.Context()); !passed || err != nil {
		t.Fatalf("run: got %v, %v:\n%s", passed, err, stdout)
	}
	if !strings.Contains(stderr.text.String(), "stand-in started") {
		t.Errorf("standard error: got %q, want logcar's log", &stderr.text)
	}
	if !strings.Contains(stdout.String(), fmt.Sprintf("kept %s\n", d.dir)) {
		t.Errorf("output does not say which folder is kept:\n%s", stdout)
	}
	for _, name := range []string{logName, rotatedName} {
		if _, err := os.Stat(filepath.Join(d.dir, "logs", name)); err != nil {
			t.Errorf("kept folder: %v", err)
		}
	}
}

func TestCommandLine(t *testing.T) {
	tests := []struct {
		args   string
		want   options
		status int
		stderr string
	}{
		{"", options{duration: 10 * time.Second, rate: 1000}, 0, ""},
		{"-seconds 3 -rate 7 -v -keep -logcar x", options{duration: 3 * time.Second, rate: 7, verbose: true, keep: true, logcar: "x"}, 0, ""},
		{"-h", options{}, 0, "usage: "},
		{"-seconds 0", options{}, 2, "-seconds 0 is not between 1 and 40"},
		{"-rate 20001", options{}, 2, "-rate 20001 is not between 1 and 20000"},
		{"-rate many", options{}, 2, "invalid value"},
		{"now", options{}, 2, `unexpected argument "now"`},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			var stderr bytes.Buffer
			o, status, ok := parse(strings.Fields(test.args), &stderr)
			if status != test.status || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("got status %d, %q, want %d, %q", status, &stderr, test.status, test.stderr)
			}
			if ok != (test.stderr == "") {
				t.Errorf("ok: got %v", ok)
			}
			test.want.config = "deploy/filebeat.yml"
			if ok && o != test.want {
				t.Errorf("options: got %+v, want %+v", o, test.want)
			}
		})
	}
}
