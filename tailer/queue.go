package tailer

import (
	"container/heap"
	"os"
	"sync"

	"github.com/logcar/logcar/event"
)

// The messages to the loop, all but the last two from the finder.
type kind uint8

const (
	isFound kind = iota
	wasWritten
	hasMoved
	hasGone
	wasTouched
	isIdentified
	isStale
	isLeaving
	isStaying
)

type message struct {
	kind  kind
	r     *reader
	path  string       // of hasMoved
	other bool         // of hasMoved: it is another file of the system, with the same identity
	id    event.FileID // of isIdentified
	file  *os.File     // of isLeaving
}

// inbox passes messages without ever blocking the one that sends them. It cannot
// grow without bound while the sink blocks: until it is emptied it takes one word
// of a file's having been found or written to, and moves are rare.
type inbox struct {
	signal chan struct{} // holds one when there may be something

	mu       *sync.Mutex
	messages []message
	spare    []message
}

func newInbox() inbox { return inbox{signal: make(chan struct{}, 1), mu: new(sync.Mutex)} }

func (b *inbox) put(m message) {
	b.mu.Lock()
	if wakes := m.kind == isFound || m.kind == wasWritten; !wakes || !m.r.noted {
		m.r.noted = m.r.noted || wakes
		b.messages = append(b.messages, m)
	}
	b.mu.Unlock()
	b.wake()
}

// wake has the loop look what there is.
func (b *inbox) wake() {
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

// holds says whether there is something in it.
func (b *inbox) holds() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.messages) > 0
}

// take empties the inbox. The slice is good until the next take.
func (b *inbox) take() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.messages
	b.messages, b.spare = b.spare[:0], m
	for i := range m {
		m[i].r.noted = false
	}
	return m
}

// fifo holds the readers that have something to read, in the order of turns.
type fifo struct {
	rs   []*reader
	head int
}

func (f *fifo) push(r *reader) { f.rs = append(f.rs, r) }

func (f *fifo) empty() bool { return f.head == len(f.rs) }

func (f *fifo) pop() *reader {
	if f.head == len(f.rs) {
		return nil
	}
	r := f.rs[f.head]
	f.rs[f.head] = nil
	if f.head++; f.head == len(f.rs) {
		f.rs, f.head = f.rs[:0], 0
	} else if f.head > 64 && f.head > len(f.rs)/2 {
		n := copy(f.rs, f.rs[f.head:])
		clear(f.rs[n:])
		f.rs, f.head = f.rs[:n], 0
	}
	return r
}

// waiters holds the readers that wait, the one whose time comes first in front.
type waiters []*reader

func (w *waiters) put(r *reader) {
	if r.index >= 0 {
		heap.Fix(w, r.index)
		return
	}
	heap.Push(w, r)
}

func (w *waiters) remove(r *reader) {
	if r.index >= 0 {
		heap.Remove(w, r.index)
	}
}

// The methods of heap.Interface.

func (w waiters) Len() int           { return len(w) }
func (w waiters) Less(i, j int) bool { return w[i].due.Before(w[j].due) }
func (w waiters) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].index, w[j].index = i, j
}
func (w *waiters) Push(x any) {
	r := x.(*reader)
	r.index = len(*w)
	*w = append(*w, r)
}
func (w *waiters) Pop() any {
	last := len(*w) - 1
	r := (*w)[last]
	(*w)[last] = nil
	*w = (*w)[:last]
	r.index = -1
	return r
}
