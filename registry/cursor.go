package registry

import (
	"math"
	"sync"
	"time"

	"github.com/logcar/logcar/event"
)

// Cursor is the position in one file. It hands out tokens for runs of bytes, in
// file order, and moves over the unbroken run of acknowledged ones: whatever
// order the acknowledgements come in, Position never passes a byte that is not
// confirmed. Its methods may be called by any goroutine; Issue is meant for the
// one that reads the file.
type Cursor struct {
	reg *Registry

	mu       sync.Mutex
	state    State
	issued   int64
	window   []run  // ring of the tokens in flight: token n is at n modulo len, a power of two
	first    uint64 // the oldest token of the window
	next     uint64 // the token that Issue gives next
	pending  int
	detached bool // the registry follows the file by another Cursor, or no more

	limit int64 // the position that is saved is never behind it
}

// run is what one token stands for: the bytes from the end of the run before it.
type run struct {
	end  int64
	at   moment // of Issue
	done bool
}

// A moment is a time in tenths of a second since the registry was opened. It fits
// beside a run's done, so that windows are no larger for it, and lasts for 13 years.
type moment uint32

const tenth = time.Second / 10

func (r *Registry) moment() moment { return moment(time.Since(r.opened) / tenth) }

// minWindow is the size a window starts with: a quiet file has few batches in
// flight, and there may be thousands of quiet files.
const minWindow = 8

func newCursor(r *Registry, s State) *Cursor {
	return &Cursor{reg: r, state: s, issued: s.Position, limit: math.MaxInt64}
}

// Issue hands out the bytes up to end, an exclusive file offset, and returns the
// token whose Done confirms them. An end before Issued is taken as Issued: a
// position never moves back, a file that shrank needs a new Cursor.
func (c *Cursor) Issue(end int64) event.Token {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next-c.first == uint64(len(c.window)) {
		c.grow()
	}
	n := c.next
	c.issued = max(c.issued, end)
	*c.at(n) = run{end: c.issued, at: c.reg.moment()}
	c.next++
	c.pending++
	return event.NewToken(c, n)
}

// Ack confirms the n-th run that was issued; it implements [event.Acker]. Runs
// may be confirmed in any order. A second Ack of the same run, or one of a run
// that was never issued, changes nothing but [Stats.StrayAcks].
func (c *Cursor) Ack(n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n < c.first || n >= c.next || c.at(n).done {
		c.reg.strayAcks.Add(1)
		return
	}
	c.at(n).done = true
	c.pending--
	c.advance()
}

// advance moves the position over the acknowledged runs at the window's start.
func (c *Cursor) advance() {
	position := c.state.Position
	for c.first < c.next && c.at(c.first).done {
		position = c.at(c.first).end
		c.first++
	}
	if position == c.state.Position { // runs of no bytes
		return
	}
	if position > c.state.Position {
		c.reg.confirmed.Add(uint64(position - c.state.Position))
	}
	c.state.Position = position
	c.state.Updated = now()
	c.changed()
}

// at returns token n's place in the window.
func (c *Cursor) at(n uint64) *run {
	return &c.window[n&uint64(len(c.window)-1)]
}

// grow doubles the window. How far it grows is bounded by what the sink takes
// before it blocks, and it never shrinks, so that a steady load allocates nothing.
func (c *Cursor) grow() {
	old := c.window
	c.window = make([]run, max(minWindow, 2*len(old)))
	for n := c.first; n < c.next; n++ {
		*c.at(n) = old[n&uint64(len(old)-1)]
	}
}

// changed tells the registry that the state is worth a save.
func (c *Cursor) changed() {
	if !c.detached {
		c.reg.mark()
	}
}

// Position is the file offset before which every byte is confirmed.
func (c *Cursor) Position() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.Position
}

// Issued is the file offset up to which bytes are handed out.
func (c *Cursor) Issued() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.issued
}

// Pending is the number of tokens that are not yet acknowledged.
func (c *Cursor) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending
}

// Lag is how long ago the oldest run was issued that is not acknowledged, to a
// tenth of a second; 0 when none is.
func (c *Cursor) Lag() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending == 0 {
		return 0
	}
	return time.Duration(c.reg.moment()-c.at(c.first).at) * tenth // the window begins with what is not done
}

// SetHead says what the file's first bytes are by now.
func (c *Cursor) SetHead(h Head) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.Len <= 0 {
		h = Head{}
	}
	if h != c.state.Head {
		c.state.Head = h
		c.changed()
	}
}

// SetTail says what the last bytes before file offset end are, up to which the
// file was read. It keeps none of b. It is not worth a save of its own: it is saved
// with the position that moves because of what was read.
func (c *Cursor) SetTail(end int64, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.Tail = TailOf(end, b)
}

// SetPath says where the file is by now.
func (c *Cursor) SetPath(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if path != c.state.Path {
		c.state.Path = path
		c.changed()
	}
}

// rename says what the file is called in the registry.
func (c *Cursor) rename(id event.FileID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.ID = id
}

// snapshot returns the state as it is to be saved.
func (c *Cursor) snapshot() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.state
	s.Position = min(s.Position, c.limit)
	return s
}

// detach cuts the cursor off from the registry, which forgets it.
func (c *Cursor) detach() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.detached = true
}

// move is what Move does to the cursor.
func (c *Cursor) move(s State, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.ID, c.state.Born, c.state.Path = s.ID, s.Born, s.Path
	c.limit, c.detached = size, false
}
