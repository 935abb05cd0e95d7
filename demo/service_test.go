package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestServiceWritesWhatTheLedgerHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rotations := 0
		s := &service{
			dir: t.TempDir(), rate: 700, duration: 10 * time.Second, ledger: newLedger(),
			rotated: func() { rotations++ },
		}
		begin := time.Now()
		if err := s.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("took %v, want 10s", took)
		}
		if rotations != 1 {
			t.Errorf("rotations: got %d, want 1", rotations)
		}

		// The files' events, read back, must balance the ledger.
		t.Setenv("LOG_PATHS", filepath.Join(s.dir, "*.log"))
		for _, event := range readEvents() {
			s.ledger.arrive(arrival{document{event, podFields}, 0, time.Now()})
		}
		got, bytes := s.ledger.balance()
		if got.written != 7000 || got.traces == 0 || !got.complete() {
			t.Errorf("balance: got %+v, want 7000 events, all complete", got)
		}
		var size, half int64
		for _, name := range []string{rotatedName, logName} {
			info, err := os.Stat(filepath.Join(s.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			half = info.Size()
			size += half
		}
		if size != bytes || half < bytes/3 || half > bytes*2/3 {
			t.Errorf("files: got %d bytes, %d of them after the rotation, want %d and about half", size, half, bytes)
		}
	})
}

func TestServiceStopsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{dir: t.TempDir(), rate: 100, duration: time.Hour, ledger: newLedger(), rotated: func() {}}
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		if err := s.run(ctx); err != nil {
			t.Fatal(err)
		}
		if got, _ := s.ledger.balance(); got.written < 248 || got.written > 250 {
			t.Errorf("events of 2.5 s at 100 a second: got %d", got.written)
		}
	})
}

func TestServiceFails(t *testing.T) {
	dir := t.TempDir()
	s := &service{dir: dir, rate: 1, duration: time.Second, ledger: newLedger()}
	if err := os.WriteFile(filepath.Join(dir, logName), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.run(t.Context()); !errors.Is(err, os.ErrExist) {
		t.Errorf("a log that is there already: got %v, want an error", err)
	}
}
