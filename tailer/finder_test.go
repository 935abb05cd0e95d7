package tailer

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// newTestFinder returns a finder of *.log in a directory, whose tailer does not
// run.
func newTestFinder(t *testing.T) (*finder, *script) {
	s := newScript(t, polling)
	in := DefaultInput()
	in.Paths = []string{s.abs("*.log")}
	f, err := newFinder(newTailer(t, polling, []*Input{&in}, Options{}, openRegistry(t, s.data), nil, zap.NewNop()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.closeAll() })
	return f, s
}

// kinds empties the inbox.
func kinds(f *finder) []kind {
	var all []kind
	for _, m := range f.t.inbox.take() {
		all = append(all, m.kind)
	}
	return all
}

// A directory is not read at one moment: a file that is renamed meanwhile may be
// found by neither name, and has not gone for that.
func TestRenamedWhileLooking(t *testing.T) {
	f, s := newTestFinder(t)
	s.put("a.log", "one\n")
	wantKinds := func(want ...kind) {
		t.Helper()
		got := kinds(f)
		if len(got) != len(want) || (len(want) > 0 && got[0] != want[0]) {
			t.Fatalf("messages %v, want %v", got, want)
		}
	}
	f.scan()
	wantKinds(isFound)

	f.rounds++ // as if both names had been looked at too early or too late
	if err := os.Rename(s.abs("a.log"), s.abs("b.log")); err != nil {
		t.Fatal(err)
	}
	if again := f.miss(); !again {
		t.Fatal("what is missing is not looked for again")
	}
	f.compare()
	if again := f.miss(); again {
		t.Fatal("what was found is looked for again")
	}
	wantKinds(hasMoved)

	f.scan()
	wantKinds()
	if err := os.Remove(s.abs("b.log")); err != nil {
		t.Fatal(err)
	}
	f.scan()
	wantKinds(hasGone)
	f.scan()
	wantKinds()
}

// Two names of one file do not take turns in being its name.
func TestTwoPaths(t *testing.T) {
	f, s := newTestFinder(t)
	s.put("b.log", "one\n")
	f.scan()
	if err := os.Link(s.abs("b.log"), s.abs("a.log")); err != nil {
		t.Fatal(err)
	}
	f.scan()
	kinds(f)
	f.scan()
	if got := kinds(f); len(got) > 0 {
		t.Errorf("messages %v of a file that did not change", got)
	}
}

// How long the finder listens, and what it makes of what it hears.
func TestListen(t *testing.T) {
	for _, c := range []struct {
		name  string
		event fsnotify.Op // at once; 0: nothing comes
		path  string
		wakes bool
		until time.Duration // when it is time to look again
	}{
		{"nothing", 0, "", false, 10 * time.Second},
		{"a new file", fsnotify.Create, "b.log", false, 2 * time.Second},
		{"a file that goes", fsnotify.Remove, "a.log", false, 2 * time.Second},
		{"a write", fsnotify.Write, "a.log", true, 10 * time.Second},
		{"a write to another file", fsnotify.Write, "b.txt", false, 10 * time.Second},
		{"another mode", fsnotify.Chmod, "a.log", false, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newTestFinder(t)
				s.put("a.log", "one\n")
				f.scan()
				kinds(f)
				// A watcher that hears what the test says. It is not closed.
				f.watch.fs = &fsnotify.Watcher{Events: make(chan fsnotify.Event, 1), Errors: make(chan error)}
				if c.event != 0 {
					f.watch.fs.Events <- fsnotify.Event{Op: c.event, Name: s.abs(c.path)}
				}
				began := time.Now()
				if !f.listen(t.Context(), nil, began.Add(10*time.Second), began.Add(2*time.Second)) {
					t.Error("it is told to stop")
				}
				if d := time.Since(began); d != c.until {
					t.Errorf("it listened for %v, want %v", d, c.until)
				}
				if got := kinds(f); (len(got) == 1 && got[0] == wasWritten) != c.wakes || len(got) > 1 {
					t.Errorf("messages %v", got)
				}
			})
		})
	}
}

// It stops listening at once when it must, also while it pauses.
func TestListenStops(t *testing.T) {
	for _, event := range []fsnotify.Op{0, fsnotify.Create, fsnotify.Write} {
		for _, how := range []string{"canceled", "finished"} {
			synctest.Test(t, func(t *testing.T) {
				f, s := newTestFinder(t)
				f.watch.fs = &fsnotify.Watcher{Events: make(chan fsnotify.Event, 1), Errors: make(chan error)}
				if event != 0 {
					f.watch.fs.Events <- fsnotify.Event{Op: event, Name: s.abs("a.log")}
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				finish := make(chan struct{})
				began := time.Now()
				time.AfterFunc(time.Millisecond, func() {
					if how == "canceled" {
						cancel()
					} else {
						close(finish)
					}
				})
				if f.listen(ctx, finish, began.Add(time.Hour), began.Add(time.Minute)) || time.Since(began) != time.Millisecond {
					t.Errorf("%s, after event %v: it listened for %v", how, event, time.Since(began))
				}
			})
		}
	}
}
