// Package registry keeps durable positions: how far each file is confirmed.
//
// It follows one file by one [Cursor], which moves over the unbroken run of
// acknowledged batches only, and writes all positions to one atomic, versioned
// JSON file, in the background and never in the way of shipping. A crash costs
// at most the positions of the last [Options.Flush], so bytes are read twice,
// never lost.
//
// It must never know of readers, lines, outputs or configuration: it is given
// offsets and acknowledgements, and gives back where to go on.
package registry

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
)

// OnCorrupt says what Open does with a file that it can't understand.
type OnCorrupt uint8

const (
	// SetAside renames the file to <name>.corrupt-<unix time>, logs an error and
	// starts with an empty registry; WasCorrupt says so.
	SetAside OnCorrupt = iota
	// Fail makes Open return an error that wraps ErrCorrupt.
	Fail
)

// Options of a Registry. The zero value is usable.
type Options struct {
	// Flush is the least time between two saves of Run; 1 s when not positive.
	Flush     time.Duration
	OnCorrupt OnCorrupt
	// Log gets what can't be returned; nil logs nothing.
	Log *zap.Logger
}

// Registry holds the positions of all files. Its methods may be called by any
// goroutine.
type Registry struct {
	path   string
	opts   Options
	log    *zap.Logger
	opened time.Time

	mu    sync.Mutex // taken before a Cursor's, never the other way round
	files map[event.FileID]*Cursor

	corrupt bool // Open has set a corrupt file aside

	dirty atomic.Bool   // something is not saved
	wake  chan struct{} // tells Run that dirty was set; holds one

	saving    sync.Mutex // one save at a time
	failing   atomic.Bool
	saves     atomic.Uint64
	failures  atomic.Uint64
	strayAcks atomic.Uint64
	confirmed atomic.Uint64
}

// Stats are a registry's counts since Open.
type Stats struct {
	Files    int    // files whose position is known
	Saves    uint64 // saves that succeeded
	Failures uint64 // saves that failed
	Failing  bool   // positions are in memory alone, the last try to save them failed
	// StrayAcks are acknowledgements of what was acknowledged before or never
	// issued. They change no position; a count above zero is a bug of a sink.
	StrayAcks uint64
	Confirmed uint64 // bytes over which positions have moved, those of files that are no more included
}

// Open loads the registry file at path; a missing one is an empty registry.
//
// The directory is created (mode 0750) when it is missing. One that can't be
// created or written to is logged and no error: positions stay in memory, and
// saving is tried again for as long as Run runs. A corrupt file is dealt with as
// opts.OnCorrupt says. A file of a newer version is left alone, and the error
// wraps ErrVersion; one that can't be read is an error, too.
//
// Two registries must not share a file: hold [Lock] before. Tools that only
// look use [Load].
func Open(path string, opts Options) (*Registry, error) {
	if opts.Flush <= 0 {
		opts.Flush = time.Second
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	r := &Registry{
		path:   path,
		opts:   opts,
		log:    opts.Log.With(zap.String("registry", path)),
		opened: time.Now(),
		files:  make(map[event.FileID]*Cursor),
		wake:   make(chan struct{}, 1),
	}
	unwritable := prepare(path)
	if unwritable != nil {
		r.failing.Store(true)
		r.log.Error("positions can't be saved and stay in memory; a restart would read files again; saving is retried",
			zap.Error(unwritable))
	}
	states, err := Load(path)
	switch {
	case err == nil:
		for _, s := range states {
			r.files[s.ID] = newCursor(r, s)
		}
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, ErrCorrupt) && opts.OnCorrupt == SetAside:
		aside, asideErr := setAside(path)
		r.corrupt = true
		r.log.Error("registry is corrupt and is set aside",
			zap.Error(err), zap.String("set_aside", aside), zap.NamedError("set_aside_error", asideErr))
	case unwritable != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion):
		// The directory can't even be entered, which is logged already.
	default:
		return nil, fmt.Errorf("open registry: %w", err)
	}
	return r, nil
}

// WasCorrupt says that Open has found a corrupt file, so that nothing is known of
// any file.
func (r *Registry) WasCorrupt() bool { return r.corrupt }

// Lookup returns what the last run or this one knows of a file.
func (r *Registry) Lookup(id event.FileID) (State, bool) {
	r.mu.Lock()
	c := r.files[id]
	r.mu.Unlock()
	if c == nil {
		return State{}, false
	}
	return c.snapshot(), true
}

// States returns what is known of all files, sorted by path.
func (r *Registry) States() []State {
	r.mu.Lock()
	states := make([]State, 0, len(r.files))
	for _, c := range r.files {
		states = append(states, c.snapshot())
	}
	r.mu.Unlock()
	slices.SortFunc(states, byPath)
	return states
}

func byPath(a, b State) int {
	return cmp.Or(
		strings.Compare(a.Path, b.Path),
		cmp.Compare(a.ID.Device, b.ID.Device),
		cmp.Compare(a.ID.Inode, b.ID.Inode),
	)
}

// Cursor follows the file s.ID from s.Position on and replaces what was known of
// it. An older Cursor of the same ID becomes detached: it goes on working, but
// changes nothing in the registry, however late its acknowledgements come. So a
// new Cursor is how a file begins anew after truncation; and a file that is
// closed with tokens pending and opened again must keep the one it has, or its
// unconfirmed bytes are handed out twice.
//
// A negative position is taken as 0, a zero s.Updated as now.
func (r *Registry) Cursor(s State) *Cursor {
	s = s.normal()
	c := newCursor(r, s)
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.files[s.ID]
	r.files[s.ID] = c
	if old != nil {
		old.detach()
		if old.snapshot() == s {
			return c // following again what the last run left costs no save
		}
	}
	r.mark()
	return c
}

// Remove forgets a file. Its Cursor becomes detached.
func (r *Registry) Remove(id event.FileID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.files[id]; c != nil {
		c.detach()
		delete(r.files, id)
		r.mark()
	}
}

// Rename has the file that was followed as from be followed as to, for a file of
// which more is known now: its Cursor stays. What was known of to is forgotten.
func (r *Registry) Rename(from, to event.FileID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.files[from]
	if c == nil || from == to {
		return
	}
	if old := r.files[to]; old != nil {
		old.detach()
	}
	delete(r.files, from)
	r.files[to] = c
	c.rename(to)
	r.mark()
}

// Move has c follow another file from now on, which holds what c's file held
// before that was emptied: what is pending is confirmed for the copy then. Of s it
// takes ID, Born and Path; size is how much of the content the copy holds, which
// may be less than was read. What was known of either file is forgotten, and
// another Cursor of the copy becomes detached.
func (r *Registry) Move(c *Cursor, s State, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := c.snapshot().ID; r.files[old] == c {
		delete(r.files, old)
	}
	if other := r.files[s.ID]; other != nil && other != c {
		other.detach()
	}
	r.files[s.ID] = c
	c.move(s, size)
	r.mark()
}

// Stats returns the counts as they are now.
func (r *Registry) Stats() Stats {
	r.mu.Lock()
	files := len(r.files)
	r.mu.Unlock()
	return Stats{
		Files:     files,
		Saves:     r.saves.Load(),
		Failures:  r.failures.Load(),
		Failing:   r.failing.Load(),
		StrayAcks: r.strayAcks.Load(), Confirmed: r.confirmed.Load(),
	}
}

// mark says that something is not saved. It never blocks, and it is one atomic
// load when that is known already.
func (r *Registry) mark() {
	if r.dirty.Load() || r.dirty.Swap(true) {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default: // Run has not taken the last one yet
	}
}
