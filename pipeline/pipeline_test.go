package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/logcar/logcar/config"
	"github.com/logcar/logcar/registry"
)

// TestOnce: everything that is there is delivered, Run ends by itself, and the
// next one goes on where it stopped.
func TestOnce(t *testing.T) {
	p := newPod(t)
	p.write("a.log", "1", "2", "3")
	p.ship()
	p.wantMessages("1", "2", "3")
	p.ship()
	p.wantMessages("1", "2", "3")
	p.write("a.log", "4")
	p.ship()
	p.wantMessages("1", "2", "3", "4")
	if got := positions(t, p.config()); !slices.Equal(got, []int64{8}) {
		t.Errorf("positions %v, want 8", got)
	}
	if got := p.notes.complaints(); len(got) > 0 {
		t.Errorf("complaints: %q", got)
	}
}

// TestStop: a stop reads to the end what was written before it, the lines of an
// event that is still open included.
func TestStop(t *testing.T) {
	p := newPod(t)
	p.text = strings.Replace(p.text, "[{", `[{multiline: {pattern: '^\d', negate: true, match: after}, `, 1)
	p.write("a.log", "1")
	r := p.start(t.Context())
	p.notes.await(t, "Harvester started")
	p.write("a.log", "2", "  of two", "3", "  of three")
	close(r.stop)
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	p.wantMessages("1", "2\n  of two", "3\n  of three")
	p.ship()
	p.wantMessages("1", "2\n  of two", "3\n  of three")
}

// TestDeadline: a Kafka that takes the connection and never answers cannot keep
// a stop for longer than its time. What it did not confirm is read again.
func TestDeadline(t *testing.T) {
	p := newPodTo(t, fmt.Sprintf("output.kafka: {hosts: %q, topic: t}", silentBroker(t)), "filebeat.shutdown_timeout: 1s")
	p.write("a.log", "1", "2")
	r := p.start(t.Context())
	p.notes.await(t, "Harvester started")
	began := time.Now()
	close(r.stop)
	err := r.wait()
	if took := time.Since(began); took < time.Second || took > limit/2 {
		t.Errorf("took %v, want a second", took)
	}
	const want = "stopped before everything was delivered: the time to stop is over (filebeat.shutdown_timeout)"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if got := positions(t, p.config()); slices.Max(append(got, 0)) > 0 {
		t.Errorf("saved positions %v of what was never confirmed", got)
	}

	p.text = strings.NewReplacer("output.kafka", "#").Replace(p.text) + fmt.Sprintf("\noutput.file: {path: %s, filename: out}\n", p.out)
	p.ship()
	p.wantMessages("1", "2")
}

// TestAbandon: the end of ctx ends a stop that is under way, at once, and its
// cause is in the error.
func TestAbandon(t *testing.T) {
	p := newPodTo(t, fmt.Sprintf("output.kafka: {hosts: %q, topic: t}", silentBroker(t)), "filebeat.shutdown_timeout: 1h")
	p.write("a.log", "1")
	cause := errors.New("second signal: terminated")
	ctx, cancel := context.WithCancelCause(t.Context())
	r := p.start(ctx)
	p.notes.await(t, "Harvester started")
	close(r.stop)
	p.notes.await(t, "stopping")
	cancel(cause)
	if err := r.wait(); !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
	if got := positions(t, p.config()); slices.Max(append(got, 0)) > 0 {
		t.Errorf("saved positions %v of what was never confirmed", got)
	}
}

// silentBroker takes connections and answers nothing.
func silentBroker(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-accepted
		for _, c := range conns {
			c.Close()
		}
	})
	return l.Addr().String()
}

// positions are those that the next start would find.
func positions(t *testing.T, cfg *config.Config) []int64 {
	t.Helper()
	states, err := registry.Load(filepath.Join(cfg.RegistryDir, "registry.json"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var at []int64
	for _, s := range states {
		at = append(at, s.Position)
	}
	return at
}

// TestLock: two of them never share positions, and the lock goes with its owner.
func TestLock(t *testing.T) {
	p := newPod(t)
	p.write("a.log", "1")
	first := p.pipeline(true)
	if _, err := New(p.config(), true, "test", p.notes.log); !errors.Is(err, registry.ErrLocked) {
		t.Fatalf("a second one got %v", err)
	}
	if err := first.Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	p.ship()
	p.wantMessages("1")
}

// TestNewFails: what cannot be built leaves no lock behind.
func TestNewFails(t *testing.T) {
	p := newPod(t)
	cfg := p.config()
	cfg.File = nil
	if _, err := New(cfg, true, "test", p.notes.log); err == nil || err.Error() != "no output" {
		t.Errorf("without an output: %v", err)
	}
	cfg = p.config()
	cfg.Inputs[0].Paths = nil
	if _, err := New(cfg, true, "test", p.notes.log); err == nil {
		t.Error("an input without paths was taken")
	}
	file := filepath.Join(cfg.RegistryDir, "registry.json")
	if err := os.WriteFile(file, []byte(`{"version":99,"files":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(p.config(), true, "test", p.notes.log); !errors.Is(err, registry.ErrVersion) {
		t.Errorf("with the registry of a newer version: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	p.write("a.log", "1")
	p.ship()
	p.wantMessages("1")
}

// TestUnwritable: without a place for positions everything is shipped, and one
// line says what is the matter.
func TestUnwritable(t *testing.T) {
	p := newPod(t)
	inTheWay := filepath.Join(p.home, "data")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.write("a.log", "1")
	r := p.start(t.Context())
	p.notes.await(t, "Harvester started")
	if got := p.notes.complaints(); len(got) != 1 || !strings.Contains(got[0], "positions can't be saved and stay in memory") {
		t.Errorf("complaints %q, want one", got)
	}
	p.write("a.log", "2")
	close(r.stop)
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	p.wantMessages("1", "2")
}

// TestUnlockable: a directory that has positions and no lock is worked with, and
// the missing lock is told.
func TestUnlockable(t *testing.T) {
	p := newPod(t)
	cfg := p.config()
	if err := os.MkdirAll(filepath.Join(cfg.RegistryDir, "logcar.lock"), 0o750); err != nil { // a directory cannot be locked
		t.Fatal(err)
	}
	p.write("a.log", "1")
	p.ship()
	p.ship()
	p.wantMessages("1")
	if got := p.notes.complaints(); len(got) != 2 || !strings.HasPrefix(got[0], "cannot lock") {
		t.Errorf("complaints %q, want one for each run", got)
	}
}

// TestReport: the numbers are logged while they change, and at the end.
func TestReport(t *testing.T) {
	p := newPod(t, "logging.metrics.period: 10ms")
	p.text = strings.Replace(p.text, "[{", "[{exclude_lines: no, ", 1)
	p.write("a.log", "yes", "no", "\xff")
	r := p.start(t.Context())
	first := p.notes.await(t, "progress").ContextMap()
	if first["bytes_read"] != uint64(9) {
		t.Errorf("progress %v", first)
	}
	close(r.stop)
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	if n := p.notes.FilterMessage("progress").Len(); n != 1 {
		t.Errorf("%d lines of progress, want one: nothing changed after it", n)
	}
	total := p.notes.await(t, "total").ContextMap()
	for key, want := range map[string]any{
		"bytes_read": uint64(9), "events": uint64(2), "filtered": uint64(1), "invalid_utf8_bytes": uint64(1), "open_files": int64(0),
	} {
		if total[key] != want {
			t.Errorf("total %s: %v, want %v", key, total[key], want)
		}
	}
}

// Standard input is shipped to its end, with --once and without, and leaves no
// position behind.
func TestStdin(t *testing.T) {
	for _, once := range []bool{false, true} {
		p := newPod(t)
		p.text = strings.Replace(p.text, "paths: ", "type: stdin, max_bytes: 100, # ", 1)
		p.text = strings.Replace(p.text, "# ", "multiline: {pattern: '^ ', match: after}}] # ", 1)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		stdin := os.Stdin
		os.Stdin = r
		pipe := p.pipeline(once)
		os.Stdin = stdin
		p.text += "tags: [other]\n"
		if _, err := pipe.candidate(p.config()); err == nil || !strings.Contains(err.Error(), "standard input can be read only once") {
			t.Errorf("a reload: %v", err)
		}
		ended := make(chan error, 1)
		go func() { ended <- pipe.Run(t.Context(), nil) }()
		if _, err := w.WriteString("one\n at x\ntwo"); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		p.wantMessages("one\n at x", "two")
		if s := pipe.snapshot(); s.BytesRead != 13 || s.BytesAcked != 13 || len(pipe.registry.States()) != 0 {
			t.Errorf("read %d, acknowledged %d, known %v", s.BytesRead, s.BytesAcked, pipe.registry.States())
		}
	}
}
