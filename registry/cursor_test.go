package registry

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logcar/logcar/event"
)

func TestCursor(t *testing.T) {
	type ack struct {
		n        uint64
		position int64 // after the ack
		pending  int
		stray    uint64
	}
	tests := []struct {
		name string
		from int64
		ends []int64
		acks []ack
	}{
		{"in order", 0, []int64{10, 20, 30}, []ack{{0, 10, 2, 0}, {1, 20, 1, 0}, {2, 30, 0, 0}}},
		{"backwards", 5, []int64{10, 20, 30}, []ack{{2, 5, 2, 0}, {1, 5, 1, 0}, {0, 30, 0, 0}}},
		{"gap", 0, []int64{10, 20, 30, 40}, []ack{{0, 10, 3, 0}, {3, 10, 2, 0}, {2, 10, 1, 0}, {1, 40, 0, 0}}},
		{"twice after it moved on", 0, []int64{10, 20}, []ack{{0, 10, 1, 0}, {0, 10, 1, 1}, {1, 20, 0, 1}}},
		{"twice while it waits", 0, []int64{10, 20}, []ack{{1, 0, 1, 0}, {1, 0, 1, 1}, {0, 20, 0, 1}}},
		{"never issued", 0, []int64{10}, []ack{{1, 0, 1, 1}, {1 << 63, 0, 1, 2}, {0, 10, 0, 2}, {8, 10, 0, 3}}},
		{"nothing issued", 7, nil, []ack{{0, 7, 0, 1}}},
		{"no bytes", 10, []int64{10, 10, 20}, []ack{{0, 10, 2, 0}, {1, 10, 1, 0}, {2, 20, 0, 0}}},
		{"end goes back", 0, []int64{20, 10, 15, 30}, []ack{{0, 20, 3, 0}, {1, 20, 2, 0}, {2, 20, 1, 0}, {3, 30, 0, 0}}},
		{"end before the start", 50, []int64{20}, []ack{{0, 50, 0, 0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := open(t, filepath.Join(t.TempDir(), "registry.json"), Options{})
			c := r.Cursor(State{ID: fileID(1), Position: tt.from})
			for _, end := range tt.ends {
				c.Issue(end)
			}
			for _, a := range tt.acks {
				c.Ack(a.n)
				if c.Position() != a.position || c.Pending() != a.pending || r.Stats().StrayAcks != a.stray {
					t.Fatalf("Ack(%d): position %d, pending %d, stray %d; want %+v",
						a.n, c.Position(), c.Pending(), r.Stats().StrayAcks, a)
				}
				if s, _ := r.Lookup(fileID(1)); s.Position != a.position {
					t.Fatalf("Ack(%d): registry says %d, want %d", a.n, s.Position, a.position)
				}
			}
		})
	}
}

// The token is how sinks acknowledge.
func TestIssueReturnsToken(t *testing.T) {
	r, _ := open(t, filepath.Join(t.TempDir(), "registry.json"), Options{})
	c := r.Cursor(State{ID: fileID(1), Position: 100})
	if c.Issued() != 100 {
		t.Errorf("Issued = %d before any Issue, want 100", c.Issued())
	}
	first, second := c.Issue(110), c.Issue(130)
	if c.Issued() != 130 || c.Position() != 100 || c.Pending() != 2 {
		t.Errorf("issued %d, position %d, pending %d; want 130, 100, 2", c.Issued(), c.Position(), c.Pending())
	}
	second.Done()
	if c.Position() != 100 {
		t.Errorf("position = %d passed what is not confirmed", c.Position())
	}
	first.Done()
	if c.Position() != 130 {
		t.Errorf("position = %d, want 130", c.Position())
	}
}

// A cursor lags by what was issued first and is not confirmed, whatever was
// confirmed since.
func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := open(t, filepath.Join(t.TempDir(), "registry.json"), Options{})
		elapse(time.Hour)
		c := r.Cursor(State{ID: fileID(1)})
		want := func(lag time.Duration) {
			t.Helper()
			if got := c.Lag(); got != lag {
				t.Errorf("lag %v, want %v", got, lag)
			}
		}
		want(0)
		first := c.Issue(10)
		elapse(50 * time.Second)
		second := c.Issue(20)
		elapse(10 * time.Second)
		want(time.Minute)
		third := c.Issue(30)
		second.Done()
		want(time.Minute)
		first.Done()
		want(0)
		elapse(300 * time.Millisecond)
		want(300 * time.Millisecond)
		elapse(365 * 24 * time.Hour)
		want(365*24*time.Hour + 300*time.Millisecond)
		third.Done()
		want(0)
		elapse(time.Hour)
		want(0)
	})
}

func TestCursorAllocatesNothing(t *testing.T) {
	r, _ := open(t, filepath.Join(t.TempDir(), "registry.json"), Options{})
	c := r.Cursor(State{ID: fileID(1)})
	const inFlight = 100
	var tokens [inFlight]event.Token
	end := int64(0)
	round := func() {
		for i := range tokens {
			end += 10
			tokens[i] = c.Issue(end)
		}
		for i := range tokens {
			tokens[(i+inFlight/2)%inFlight].Done()
		}
	}
	round() // grows the window
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("a round of %d Issues and Acks allocates %v times", inFlight, n)
	}
	if c.Position() != end || len(c.window) != 128 {
		t.Errorf("position %d, window %d; want %d, 128", c.Position(), len(c.window), end)
	}
}

// Many senders acknowledge in any order while the file is read and saved; what
// is on disk never passes what is confirmed.
func TestCursorConcurrently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	r, _ := open(t, path, Options{Flush: time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	run := make(chan error, 1)
	go func() { run <- r.Run(ctx) }()

	const files, batches, senders = 3, 2000, 4
	cursors := make([]*Cursor, files)
	confirmed := make([]*model, files) // told before the cursor, so never behind it
	for i := range cursors {
		cursors[i] = r.Cursor(State{ID: fileID(uint64(i))})
		confirmed[i] = &model{}
	}
	type issued struct {
		file int
		n    int
	}
	var mu sync.Mutex
	queue := make(chan issued, 64)
	var senderGroup sync.WaitGroup
	for range senders {
		senderGroup.Go(func() {
			var held []issued
			flush := func() {
				rand.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
				for _, b := range held {
					mu.Lock()
					confirmed[b.file].ack(uint64(b.n))
					mu.Unlock()
					cursors[b.file].Ack(uint64(b.n))
				}
				held = held[:0]
			}
			for b := range queue {
				if held = append(held, b); len(held) == 16 {
					flush()
				}
			}
			flush()
		})
	}
	var checkerGroup sync.WaitGroup
	shipped := make(chan struct{})
	checkerGroup.Go(func() {
		for {
			select {
			case <-shipped:
				return
			default:
			}
			states, err := Load(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
			for _, s := range states {
				mu.Lock()
				limit := confirmed[s.ID.Inode].position
				mu.Unlock()
				if s.Position > limit {
					t.Errorf("file %d: saved position %d passes the confirmed %d", s.ID.Inode, s.Position, limit)
				}
			}
		}
	})
	for n := range batches {
		for i, c := range cursors {
			end := int64(n+1) * 100
			mu.Lock()
			confirmed[i].issue(end)
			mu.Unlock()
			c.Issue(end)
			queue <- issued{i, n}
		}
	}
	close(queue)
	senderGroup.Wait()
	close(shipped)
	checkerGroup.Wait()
	stop()
	if err := <-run; err != nil {
		t.Fatal(err)
	}
	for _, s := range load(t, path) {
		if s.Position != batches*100 {
			t.Errorf("file %d: saved position %d, want %d", s.ID.Inode, s.Position, batches*100)
		}
	}
	if stats := r.Stats(); stats.StrayAcks != 0 || stats.Saves == 0 {
		t.Errorf("stats = %+v", stats)
	}
}
