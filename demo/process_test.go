package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// signalling is a log that tells when its first bytes have come.
type signalling struct {
	text    bytes.Buffer // not embedded: its ReadFrom would go past Write
	once    sync.Once
	started chan struct{}
}

func (w *signalling) Write(p []byte) (int, error) {
	defer w.once.Do(func() { close(w.started) })
	return w.text.Write(p)
}

// startStandIn returns the process once it waits for SIGTERM.
func startStandIn(ctx context.Context, t *testing.T, fault string) (*process, *signalling) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := &signalling{started: make(chan struct{})}
	p, err := startLogcar(ctx, binary, "none.yml", t.TempDir(), log, []string{standInVariable + "=" + fault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	<-log.started
	return p, log
}

func TestProcessThatEndsByItself(t *testing.T) {
	p, log := startStandIn(t.Context(), t, "dies")
	<-p.exited
	if err := p.stop(time.Minute); err == nil || err.Error() != "exit status 3" {
		t.Errorf("stop: got %v, want exit status 3", err)
	}
	if err := p.ending(); err == nil || err.Error() != "exit status 3" {
		t.Errorf("ending: got %v, want exit status 3", err)
	}
	if !strings.Contains(log.text.String(), "stand-in started") {
		t.Errorf("log: got %q", &log.text)
	}
}

func TestProcessThatDoesNotStop(t *testing.T) {
	p, _ := startStandIn(t.Context(), t, "deaf")
	err := p.stop(50 * time.Millisecond)
	if err == nil || err.Error() != "still running 50ms after SIGTERM" {
		t.Errorf("stop: got %v, want still running", err)
	}
	select {
	case <-p.exited:
	default:
		t.Error("the process was not killed")
	}
}

func TestProcessIsKilledWhenTheContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, _ := startStandIn(ctx, t, "deaf")
	cancel()
	<-p.exited
	if err := p.ending(); err == nil {
		t.Error("ending: got nil, want an error")
	}
}

func TestParsePeak(t *testing.T) {
	tests := []struct {
		status string
		want   int64
	}{
		{"Name:\tlogcar\nVmPeak:\t 1234 kB\nVmHWM:\t   13312 kB\nVmRSS:\t 99 kB\n", 13_312 << 10},
		{"Name:\tVmHWM: 5 kB\n", 0},
		{"VmHWM:\tmany kB\n", 0},
		{"", 0},
	}
	for _, test := range tests {
		if got := parsePeak([]byte(test.status)); got != test.want {
			t.Errorf("%q: got %d, want %d", test.status, got, test.want)
		}
	}
}
