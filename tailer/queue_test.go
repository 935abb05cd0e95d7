package tailer

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The queue of readers against a slice.
func TestFifo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var f fifo
	var want []*reader
	most := 0
	for range 100_000 {
		if len(want) < 500 && r.IntN(2) == 0 {
			x := new(reader)
			f.push(x)
			want = append(want, x)
		} else if got := f.pop(); len(want) == 0 {
			if got != nil {
				t.Fatal("an empty queue has something")
			}
		} else {
			if got != want[0] {
				t.Fatal("out of turn")
			}
			want = want[1:]
		}
		most = max(most, cap(f.rs))
	}
	if most > 4096 {
		t.Errorf("a queue of at most 500 took room for %d", most)
	}
}

// Whoever waits is in it once, under the time that was said last.
func TestWaiters(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var w waiters
	all := make([]*reader, 50)
	for i := range all {
		all[i] = &reader{index: -1}
	}
	in := map[*reader]bool{}
	for range 20_000 {
		x := all[r.IntN(len(all))]
		switch r.IntN(3) {
		case 0, 1:
			x.due = time.Unix(int64(r.IntN(1000)), 0)
			w.put(x)
			in[x] = true
		case 2:
			w.remove(x)
			delete(in, x)
		}
		if len(w) != len(in) {
			t.Fatalf("%d wait, want %d", len(w), len(in))
		}
		for i, x := range w {
			if x.index != i || !in[x] || x.due.Before(w[0].due) {
				t.Fatalf("number %d: index %d, due %v before %v", i, x.index, x.due, w[0].due)
			}
		}
	}
}

// A message that wakes is there once; the others are all there, in order.
func TestInbox(t *testing.T) {
	b := newInbox()
	x, y := new(reader), new(reader)
	for round := range 3 {
		b.put(message{kind: isFound, r: x})
		b.put(message{kind: wasWritten, r: x})
		b.put(message{kind: hasMoved, r: x, path: "1"})
		b.put(message{kind: wasWritten, r: y})
		b.put(message{kind: wasWritten, r: x})
		b.put(message{kind: hasMoved, r: x, path: "2"})
		b.put(message{kind: hasGone, r: x})
		select {
		case <-b.signal:
		default:
			t.Fatal("no signal")
		}
		want := []message{
			{kind: isFound, r: x}, {kind: hasMoved, r: x, path: "1"}, {kind: wasWritten, r: y},
			{kind: hasMoved, r: x, path: "2"}, {kind: hasGone, r: x},
		}
		if got := b.take(); !slices.Equal(got, want) {
			t.Fatalf("round %d: got %v, want %v", round, got, want)
		}
		if got := b.take(); len(got) != 0 {
			t.Fatalf("round %d: %v is left", round, got)
		}
	}
}
