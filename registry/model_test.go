package registry

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// model is a Cursor as simple as can be: it remembers everything.
type model struct {
	position int64
	issued   int64
	ends     []int64
	done     []bool
}

func (m *model) issue(end int64) {
	m.issued = max(m.issued, end)
	m.ends = append(m.ends, m.issued)
	m.done = append(m.done, false)
}

func (m *model) ack(n uint64) {
	if n < uint64(len(m.done)) {
		m.done[n] = true
	}
	if i := slices.Index(m.done, false); i > 0 {
		m.position = m.ends[i-1]
	} else if i < 0 && len(m.ends) > 0 {
		m.position = m.ends[len(m.ends)-1]
	}
}

func (m *model) pending() int {
	n := 0
	for _, done := range m.done {
		if !done {
			n++
		}
	}
	return n
}

// ops gives a test its decisions from bytes, zeros when they run out.
type ops struct{ data []byte }

func (o *ops) next() int {
	if len(o.data) == 0 {
		return 0
	}
	b := o.data[0]
	o.data = o.data[1:]
	return int(b)
}

func (o *ops) more() bool { return len(o.data) > 0 }

func randomOps(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// pick returns a token to acknowledge: mostly a pending one, at times any, or
// one that was never issued.
func (o *ops) pick(m *model) uint64 {
	n, start := o.next(), o.next()
	if n%16 == 0 {
		return uint64(start)
	}
	for i := range m.done {
		if at := (start + i) % len(m.done); !m.done[at] {
			return uint64(at)
		}
	}
	return uint64(len(m.done))
}

func compareCursor(t *testing.T, c *Cursor, m *model) {
	t.Helper()
	if c.Position() != m.position || c.Issued() != m.issued || c.Pending() != m.pending() {
		t.Fatalf("position %d, issued %d, pending %d; the model has %d, %d, %d",
			c.Position(), c.Issued(), c.Pending(), m.position, m.issued, m.pending())
	}
}

// driveCursor does what data says to one Cursor and to its model.
func driveCursor(t *testing.T, dir string, data []byte) {
	r, err := Open(filepath.Join(dir, "registry.json"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &ops{data}
	start := int64(o.next())
	c, m := r.Cursor(State{Position: start}), &model{position: start, issued: start}
	for o.more() {
		if op := o.next(); op%2 == 0 {
			end := m.issued + int64(o.next()) - 8 // goes back at times
			m.issue(end)
			c.Issue(end)
		} else {
			n := o.pick(m)
			m.ack(n)
			c.Ack(n)
		}
		compareCursor(t, c, m)
	}
	for n := range uint64(len(m.ends)) {
		m.ack(n)
		c.Ack(n)
	}
	compareCursor(t, c, m)
	if c.Position() != c.Issued() || c.Pending() != 0 {
		t.Fatalf("all is acknowledged: position %d, issued %d, pending %d", c.Position(), c.Issued(), c.Pending())
	}
}

func TestCursorModel(t *testing.T) {
	dir := t.TempDir()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			driveCursor(t, dir, randomOps(rng, 1+rng.IntN(1500)))
		})
	}
}

func FuzzCursor(f *testing.F) {
	f.Add([]byte{0, 0, 20, 0, 20, 1, 1, 1, 1, 1, 0})
	f.Add(randomOps(rand.New(rand.NewPCG(1, 2)), 200))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) { driveCursor(t, dir, data) })
}

// life is a Cursor and what it should be; attached means that the registry
// follows its file by it.
type life struct {
	cursor   *Cursor
	model    *model
	attached bool
}

// driveRegistry does what data says to a registry of a few files, its cursors,
// old ones included, and to a map that says what should be known.
func driveRegistry(t *testing.T, path string, data []byte) {
	r, _ := open(t, path, Options{})
	known := map[uint64]State{}
	lives := map[uint64][]*life{}
	o := &ops{data}
	for o.more() {
		op, inode := o.next(), uint64(o.next()%4)
		all := lives[inode]
		switch op % 8 {
		case 0: // follow from anywhere, as after a truncation
			for _, l := range all {
				l.attached = false
			}
			s := State{ID: fileID(inode), Position: int64(o.next()), Path: fmt.Sprint("/", o.next())}
			known[inode] = s
			m := &model{position: s.Position, issued: s.Position}
			lives[inode] = append(all, &life{r.Cursor(s), m, true})
		case 1:
			for _, l := range all {
				l.attached = false
			}
			delete(known, inode)
			r.Remove(fileID(inode))
		case 2:
			save(t, r)
		case 3: // end and start again; tokens in flight die with the process
			if o.next()%4 != 0 {
				break
			}
			save(t, r)
			r, _ = open(t, path, Options{})
			clear(lives)
		default:
			if len(all) > 0 {
				driveLife(all[o.next()%len(all)], inode, known, o)
			}
		}
		compareStates(t, r.States(), known)
	}
	save(t, r)
	compareStates(t, load(t, path), known)
}

func driveLife(l *life, inode uint64, known map[uint64]State, o *ops) {
	s := known[inode]
	switch op := o.next() % 16; {
	case op < 7:
		end := l.model.issued + int64(o.next())
		l.model.issue(end)
		l.cursor.Issue(end)
	case op == 7:
		s.Path = fmt.Sprint("/", o.next())
		l.cursor.SetPath(s.Path)
	case op == 8:
		s.Head = HeadOf(make([]byte, o.next()))
		l.cursor.SetHead(s.Head)
	default:
		n := o.pick(l.model)
		l.model.ack(n)
		l.cursor.Ack(n)
	}
	if l.attached {
		s.Position = l.model.position
		known[inode] = s
	}
}

func compareStates(t *testing.T, got []State, want map[uint64]State) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("states = %+v, want %+v", got, want)
	}
	if !slices.IsSortedFunc(got, byPath) {
		t.Fatalf("states are not sorted: %+v", got)
	}
	for _, s := range got {
		s.Updated = want[s.ID.Inode].Updated
		if s != want[s.ID.Inode] {
			t.Fatalf("state = %+v, want %+v", s, want[s.ID.Inode])
		}
	}
}

func TestRegistryModel(t *testing.T) {
	dir := t.TempDir()
	for seed := range uint64(25) {
		rng := rand.New(rand.NewPCG(seed, 3))
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			driveRegistry(t, filepath.Join(dir, fmt.Sprint(seed), "registry.json"), randomOps(rng, 600))
		})
	}
}
