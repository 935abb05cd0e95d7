package tailer

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/registry"
)

// IgnoreInactive says which files are ignored for being old.
type IgnoreInactive uint8

const (
	// Never ignores none.
	Never IgnoreInactive = iota
	// SinceFirstStart ignores those that were not written to since logcar was
	// started for the first time, SinceLastStart since it was started now.
	SinceFirstStart
	SinceLastStart
)

// since is the time after which a file must have been written to; zero: any.
func (k IgnoreInactive) since(first, last time.Time) time.Time {
	switch k {
	case SinceFirstStart:
		return first
	case SinceLastStart:
		return last
	}
	return time.Time{}
}

// allOf is a position behind the end of every text, for a compressed file of
// which nothing is wanted: how long it is nobody knows.
const allOf = math.MaxInt64 / 2

// begin makes a reader of a new file.
func (f *finder) begin(s sight) {
	if e := f.entries[s.id]; e != nil && e.seen == f.rounds {
		return // two paths of one new file
	}
	if f.taken(s.in, s.path) {
		return
	}
	if f.adopt(s) {
		return
	}
	st, file, err := f.state(s)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.complain(s.path, err)
		}
		return
	}
	delete(f.said, s.path)
	old := f.isOld(s)
	_, known := f.t.reg.Lookup(st.ID)
	skipped := !known && (old || ((s.in.TailFiles || f.t.opts.AtEnd) && f.rounds == 1 && !f.t.held.had(s.in)))
	if skipped {
		st.Position = s.info.Size()
		if file.foreign() && st.Position > 0 {
			st.Position = allOf
		}
	}
	if old || !f.t.mayOpen(s.in) {
		_ = file.Close()
		file = nil
	}
	r := f.t.newReader(s.in, st, place{path: s.path, away: s.away, file: file, info: s.info})
	if r == nil { // it was found to be a copy just now
		if file != nil {
			_ = file.Close()
			f.t.count(s.in, -1)
		}
		f.adopt(s)
		return
	}
	r.sized(s.info.Size(), false)
	f.enter(s, r)
	f.t.log.Info("Harvester started for file: "+s.path, zap.Int64("offset", st.Position), zap.Int64("size", s.info.Size()))
	if !old && st.Position != allOf {
		f.t.inbox.put(message{kind: isFound, r: r})
	}
}

// enter makes an entry of a file.
func (f *finder) enter(s sight, r *reader) {
	e := &entry{
		r: r, id: s.id, native: idOf(s.info), growing: s.growing, path: s.path, size: s.info.Size(), mtime: s.info.ModTime(), seen: f.rounds,
	}
	f.entries[s.id], f.paths[s.path] = e, e
}

// adopt makes an entry of a file that has a reader already, since it was found to
// be the copy of another.
func (f *finder) adopt(s sight) bool {
	r := f.t.files.of(s.id)
	if r == nil || r.dead.Load() {
		return false
	}
	f.enter(s, r)
	f.t.inbox.put(message{kind: hasMoved, r: r, path: s.path})
	return true
}

// isOld says that a file is not to be opened before it is written to.
func (f *finder) isOld(s sight) bool {
	if at := f.since[slices.Index(f.t.inputs, s.in)]; !at.IsZero() && !s.info.ModTime().After(at) {
		return true
	}
	return s.in.IgnoreOlder > 0 && time.Since(s.info.ModTime()) > s.in.IgnoreOlder
}

// state opens a new file and finds out where to begin.
func (f *finder) state(s sight) (registry.State, *textFile, error) {
	file, info, err := openFile(s.path, s.in.Compression)
	if err != nil {
		return registry.State{}, nil, err
	}
	st := registry.State{ID: s.id, Born: s.in.birthOf(file.File), Path: s.path}
	if idOf(info) != idOf(s.info) {
		err = fmt.Errorf("%s: %w", s.path, fs.ErrNotExist) // replaced just now: the next scan sees it
	}
	if err == nil {
		st.Head, err = readHead(file)
	}
	if err == nil {
		st, err = f.resume(file, s, st, info)
	}
	if err != nil {
		_ = file.Close()
		return registry.State{}, nil, err
	}
	return st, file, nil
}

// resume is where the registry says that a file goes on. Whether it still holds
// what was read of it the reader finds out, who can look for a copy if it does not.
func (f *finder) resume(file *textFile, s sight, st registry.State, info os.FileInfo) (registry.State, error) {
	known, ok := f.t.reg.Lookup(s.id)
	if native := idOf(info); !ok && s.id != native && f.entries[native] == nil {
		// It may have been followed by another identity, or by Filebeat.
		known, ok = f.t.reg.Lookup(native)
		if ok = ok && (s.in.Identity.Kind != ByPath || known.Path == s.path); ok {
			f.t.reg.Rename(native, s.id)
			known.ID = s.id
		}
	}
	switch {
	case !ok:
		return st, nil
	case differs(known.Born, st.Born), known.Born == 0 && st.Born/1e9 > known.Updated.Unix():
		f.t.log.Info(reused, zap.String("path", file.Name()), zap.String("other", known.Path))
		f.t.reg.Remove(s.id)
		return st, nil
	case file.foreign():
		// Its text is compared at once: there is no copy of it to be looked for.
		same, err := sameHead(file, known.Head)
		if err == nil && !same {
			f.t.log.Info(reused, zap.String("path", file.Name()), zap.String("other", known.Path))
			f.t.reg.Remove(s.id)
			return st, nil
		}
		st.Position, st.Path = known.Position, known.Path
		return st, err
	case known.Head.Len == 0 && known.Position > 0:
		// It is Filebeat's position, of whose content nothing is known.
		if ok, err := plausible(s.in, file.File, known.Position, info.Size()); err != nil || !ok {
			return st, err
		}
		known.Head = st.Head
	case known.Head.Len == 0:
		known.Head = st.Head
	}
	known.Born = st.Born
	return known, nil
}

// plausible says whether a position can be one that Filebeat has left in the file:
// it saves none but those behind a line end.
func plausible(in *Input, file *os.File, position, size int64) (bool, error) {
	if position > size {
		return false, nil
	}
	if in.Parse != nil {
		return true, nil // lines may end otherwise
	}
	var b [1]byte
	if _, err := file.ReadAt(b[:], position-1); err != nil {
		return false, fmt.Errorf("read %s: %w", file.Name(), err)
	}
	return b[0] == '\n', nil
}
