package registry

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zapcore"
)

// counting is a context that counts how often Run waits on it: each time Run
// wakes up and goes to sleep again.
type counting struct {
	context.Context
	waits atomic.Int64
}

func (c *counting) Done() <-chan struct{} {
	c.waits.Add(1)
	return c.Context.Done()
}

// running starts Run; stop ends it and returns what Run returns.
func running(t *testing.T, r *Registry) (ctx *counting, stop func() error) {
	parent, cancel := context.WithCancel(t.Context())
	ctx = &counting{Context: parent}
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	synctest.Wait()
	return ctx, func() error {
		cancel()
		return <-done
	}
}

// elapse lets d of the bubble's time go by, and what is due then be done.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestRunSavesOncePerFlush(t *testing.T) {
	for _, flush := range []time.Duration{0, 250 * time.Millisecond, 5 * time.Second} {
		t.Run(flush.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "registry.json")
				r, _ := open(t, path, Options{Flush: flush})
				c := r.Cursor(State{ID: fileID(1)})
				_, stop := running(t, r)
				if got := r.Stats().Saves; got != 1 {
					t.Fatalf("%d saves of the first change, want one at once", got)
				}
				period := flush
				if period == 0 {
					period = time.Second
				}
				// Changes come all the time, and never at the instant of a save.
				const seconds, step = 20, 10 * time.Millisecond
				elapse(step / 2)
				for i := range int64(seconds * time.Second / step) {
					c.Issue(i + 1).Done()
					elapse(step)
				}
				if got, want := r.Stats().Saves, uint64(1+seconds*time.Second/period); got != want {
					t.Errorf("%d saves in %d s, want %d", got, seconds, want)
				}
				c.Issue(c.Issued() + 1).Done()
				if err := stop(); err != nil {
					t.Errorf("Run = %v", err)
				}
				if got := load(t, path)[0].Position; got != c.Position() {
					t.Errorf("position %d on disk after Run, want %d", got, c.Position())
				}
			})
		})
	}
}

func TestRunSleepsWhileNothingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := open(t, filepath.Join(t.TempDir(), "registry.json"), Options{})
		ctx, stop := running(t, r)
		idle := func(when string) {
			t.Helper()
			waits, saves := ctx.waits.Load(), r.Stats().Saves
			elapse(24 * time.Hour)
			if got := ctx.waits.Load() - waits; got != 0 {
				t.Errorf("%s: woke up %d times", when, got)
			}
			if got := r.Stats().Saves - saves; got != 0 {
				t.Errorf("%s: saved %d times", when, got)
			}
		}
		idle("at the start")

		c := r.Cursor(State{ID: fileID(1)})
		elapse(2 * time.Second)
		waits := ctx.waits.Load()
		c.Issue(10).Done() // saved at once
		synctest.Wait()
		for i := range int64(100) { // saved together, a second later
			c.Issue(11 + i).Done()
		}
		elapse(3 * time.Second)
		if got := ctx.waits.Load() - waits; got != 4 { // per save: the rest after it, and the next change
			t.Errorf("went to sleep %d times for two saves, want 4", got)
		}
		if got := r.Stats().Saves; got != 3 {
			t.Errorf("%d saves, want 3", got)
		}
		idle("after saves")

		c.Issue(200) // issued and not confirmed
		idle("with a token pending")
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		if got := r.Stats().Saves; got != 3 {
			t.Errorf("saved at the end, with nothing to save")
		}
	})
}

func TestRunBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "registry.json")
		r, logs := open(t, path, Options{})
		_, stop := running(t, r)
		unblock := block(t, path+".tmp")
		start := time.Now()
		c := r.Cursor(State{ID: fileID(1)})
		changes := time.NewTicker(100 * time.Millisecond) // must not make it try more often
		defer changes.Stop()
		var tries []int
		for time.Since(start) < 125*time.Second {
			synctest.Wait()
			if n := int(r.Stats().Failures); n > len(tries) {
				tries = append(tries, int(time.Since(start)/time.Second))
			}
			c.Issue(c.Issued() + 1).Done()
			<-changes.C
		}
		want := []int{0, 1, 3, 7, 15, 31, 61, 91, 121}
		if len(tries) != len(want) {
			t.Fatalf("tried at %v, want %v", tries, want)
		}
		for i := range want {
			if tries[i] != want[i] {
				t.Fatalf("tried at %v, want %v", tries, want)
			}
		}
		if n := logs.FilterLevelExact(zapcore.ErrorLevel).Len(); n != 1 || logs.Len() != 1 {
			t.Errorf("%d errors logged for %d failures, want 1: %v", n, len(tries), logs.All())
		}
		if !r.Stats().Failing {
			t.Error("stats do not say that saving fails")
		}

		unblock()
		elapse(maxBackoff)
		if logs.Len() != 2 || logs.All()[1].Message != "positions are saved again" || r.Stats().Failing {
			t.Errorf("recovery: %+v, %v", r.Stats(), logs.All())
		}
		if got := load(t, path)[0].Position; got != c.Position() {
			t.Errorf("position %d on disk, want %d", got, c.Position())
		}

		// A new failure is a new state: logged again, and retried from 1 s on.
		elapse(time.Minute)
		block(t, path+".tmp")
		failures := r.Stats().Failures
		c.Issue(c.Issued() + 1).Done()
		elapse(3500 * time.Millisecond)
		if got := r.Stats().Failures - failures; got != 3 { // after 0, 1 and 3 s
			t.Errorf("%d tries in 3.5 s, want 3", got)
		}
		if logs.Len() != 3 {
			t.Errorf("log %v", logs.All())
		}
		if err := stop(); err == nil || !strings.HasPrefix(err.Error(), "save registry: ") {
			t.Errorf("Run = %v, want the last save's error", err)
		}
	})
}

// Run ends at once, wherever it waits.
func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "registry.json")
		r, _ := open(t, path, Options{Flush: time.Hour})
		_, stop := running(t, r)
		c := r.Cursor(State{ID: fileID(1)})
		synctest.Wait() // saved, and resting for an hour
		c.Issue(10).Done()
		start := time.Now()
		if err := stop(); err != nil || time.Since(start) != 0 {
			t.Errorf("Run = %v after %v", err, time.Since(start))
		}
		if got := load(t, path)[0].Position; got != 10 {
			t.Errorf("position %d on disk, want 10", got)
		}
	})
}

// Run saves what is not saved even when it is told to end before it begins.
func TestRunEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "registry.json")
	r, _ := open(t, path, Options{})
	c := r.Cursor(State{ID: fileID(1)})
	for range 20 { // the change and the end are ready at once, and either may be seen first
		c.Issue(c.Issued() + 1).Done()
		if err := r.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if got := load(t, path)[0].Position; got != c.Position() {
			t.Fatalf("position %d on disk, want %d", got, c.Position())
		}
	}
}
