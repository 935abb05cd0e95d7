package tailer

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// handOver ends Run for the tailer that takeover starts.
func (s *script) handOver(args []string) error {
	close(s.begin)
	if len(args) > 0 { // now
		s.cancel()
	}
	t := s.tailer
	if err := s.stop(); !errors.Is(err, ErrHandedOver) {
		return fmt.Errorf("Run returned %w", err)
	}
	if len(args) > 0 {
		s.sink.drop()
		s.sink.unblock()
	}
	s.held = t.Held()
	return nil
}

func (s *script) settled(ctx context.Context) {
	switch {
	case ctx.Err() != nil:
	case s.settle != nil:
		s.settle()
	default:
		s.sink.ack(-1)
	}
}

func (s *script) takeOver([]string) error {
	if s.held == nil {
		return fmt.Errorf("nothing was handed over")
	}
	return s.start(nil)
}

// TestHandoverFinds: while confirmations are waited for, files are still found
// and held open. One that comes and goes in that time is read.
func TestHandoverFinds(t *testing.T) {
	s := newScript(t, notified)
	s.settle = func() {
		s.do(`create b.log "short life\n"`, `expect logged "file: `+s.abs("b.log")+`" 1`, `rm b.log`)
		s.sink.ack(-1)
	}
	s.do(`input *.log`, `start`, `write a.log "one\n"`, `want a.log 0:one`, `handover`, `takeover`, `want b.log 0:"short life"`, `end`)
}

// TestHandoverAfterFinish: once it finishes, it does.
func TestHandoverAfterFinish(t *testing.T) {
	s := newScript(t, notified)
	s.do(`input *.log`, `start`, `write a.log "one\n"`, `want a.log 0:one`, `block`, `write a.log "two\n"`, `block waits`)
	close(s.finish)
	s.sink.unblock()
	close(s.begin)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.do(`want a.log 4:two`, `end`)
}

// TestHeldUnused: what nobody takes over is closed.
func TestHeldUnused(t *testing.T) {
	s := newScript(t, notified)
	s.do(`input *.log`, `start`, `write a.log "one\n"`, `want a.log 0:one`, `handover`)
	if len(s.held.files) != 1 {
		t.Fatalf("held: %v", s.held.files)
	}
	for _, f := range s.held.files {
		defer func() {
			if err := f.Close(); err == nil {
				t.Error("the file was still open")
			}
		}()
	}
	s.held.Close()
}
