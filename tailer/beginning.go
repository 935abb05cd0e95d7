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
	skipped := !known && (old || (s.in.TailFiles && f.rounds == 1 && !f.t.held.had(s.in)))
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
	e := &entry{
		id: st.ID, native: idOf(s.info), growing: s.growing, path: s.path, size: s.info.Size(), mtime: s.info.ModTime(), seen: f.rounds,
		r: f.t.newReader(s.in, st, file, s.info),
	}
	if s.was != "" {
		e.r.cursor.SetPath(s.was) // by which it is found again
	}
	f.entries[st.ID], f.paths[s.path] = e, e
	f.t.log.Info("Harvester started for file: "+s.path, zap.Int64("offset", st.Position), zap.Int64("size", e.size))
	if !old && st.Position != allOf {
		f.t.inbox.put(message{kind: isFound, r: e.r})
	}
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
	st := registry.State{ID: s.id, Path: s.path}
	if idOf(info) != idOf(s.info) {
		err = fmt.Errorf("%s: %w", s.path, fs.ErrNotExist) // replaced just now: the next scan sees it
	}
	if err == nil {
		st.Head, err = readHead(file)
	}
	if err == nil {
		st.Position, err = f.resume(file, s, info)
	}
	if err != nil {
		_ = file.Close()
		return registry.State{}, nil, err
	}
	return st, file, nil
}

// resume is where the registry says that a file goes on.
func (f *finder) resume(file *textFile, s sight, info os.FileInfo) (int64, error) {
	known, ok := f.t.reg.Lookup(s.id)
	if native := idOf(info); !ok && s.id != native && f.entries[native] == nil {
		// It may have been followed by another identity, or by Filebeat.
		known, ok = f.t.reg.Lookup(native)
		if ok = ok && (s.in.Identity.Kind != ByPath || known.Path == s.path); ok {
			f.t.reg.Rename(native, s.id)
		}
	}
	if !ok || known.Position == 0 {
		return 0, nil
	}
	same, err := sameHead(file, known.Head)
	if err != nil {
		return 0, err
	}
	switch {
	case !same:
		f.t.log.Info("file has the inode of another that is no more, reading it from the beginning",
			zap.String("path", file.Name()), zap.String("other", known.Path))
		f.t.reg.Remove(s.id)
		return 0, nil
	case known.Position > info.Size() && !file.foreign():
		f.t.log.Info("file has become shorter since it was read, reading it from the beginning",
			zap.String("path", file.Name()), zap.Int64("position", known.Position), zap.Int64("size", info.Size()))
		return 0, nil
	}
	return known.Position, nil
}
