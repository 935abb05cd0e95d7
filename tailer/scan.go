package tailer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
)

// Sort says in which order files that are found together are begun.
type Sort uint8

const (
	ByTime Sort = iota // of their last modification
	ByName
)

// scan finds out what has come and what has gone. A file that is renamed while
// directories are read may be found by neither of its names, so what is missing
// is looked for once more at once.
func (f *finder) scan() {
	for again := true; again; again = f.miss() {
		f.compare()
	}
}

// compare compares what is there with what is known.
func (f *finder) compare() {
	f.rounds++
	f.elsewhere = f.elsewhere[:0]
	clear(f.short)
	// What appears in a directory before it is watched is not notified: watch
	// first, then look, also for directories.
	for f.watch.set(directories(f.patterns)) {
	}
	var fresh []sight
	for i, in := range f.t.inputs {
		from := len(fresh)
		for _, pattern := range f.patterns[i] {
			paths, _ := filepath.Glob(pattern) // the pattern was checked
			for _, path := range paths {
				if s, ok := f.look(in, path); ok {
					fresh = append(fresh, s)
				}
			}
		}
		in.sort(fresh[from:])
	}
	for _, s := range f.elsewhere {
		if s.e.seen != f.rounds { // otherwise this is a copy: it is still where it was, too
			f.saw(s)
		}
	}
	for _, s := range fresh {
		f.begin(s)
	}
}

// sort puts files into the order in which they are begun.
func (in *Input) sort(files []sight) {
	slices.SortStableFunc(files, func(a, b sight) int {
		if in.Descending {
			a, b = b, a
		}
		if in.Sort == ByName {
			return strings.Compare(filepath.Base(a.path), filepath.Base(b.path))
		}
		return a.info.ModTime().Compare(b.info.ModTime())
	})
}

// look checks a path; a file that is known is marked as seen, one that is not is
// returned.
func (f *finder) look(in *Input, path string) (sight, bool) {
	if !in.wants(path) || f.taken(in, path) {
		return sight{}, false
	}
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if !in.Symlinks {
			return sight{}, false
		}
		if target, err := filepath.EvalSymlinks(path); err == nil && in.CheckTargets && !in.wants(target) {
			return sight{}, false
		}
		info, err = os.Stat(path)
	}
	if err != nil || !info.Mode().IsRegular() {
		return sight{}, false
	}
	s, err := f.recognise(in, path, info)
	switch {
	case errors.Is(err, errShort):
		f.short[path] = true
		return sight{}, false
	case errors.Is(err, fs.ErrNotExist) && in.Identity.Kind != ByMarker: // it has gone just now
		return sight{}, false
	case err != nil:
		if e := f.paths[path]; e != nil {
			e.seen = f.rounds // being unable to look is not being gone
		}
		f.complain(path, err)
		return sight{}, false
	case s.e == nil || s.e.r.dead.Load():
		s.e = nil
		return s, true
	case s.e.seen == f.rounds: // another path of the same file, or another input's
	case s.e.native != idOf(info):
		f.elsewhere = append(f.elsewhere, s)
	default:
		f.saw(s)
	}
	return sight{}, false
}

// taken says that another input follows what path leads to: of two the first gets
// it, also when they do not agree on which files are the same.
func (f *finder) taken(in *Input, path string) bool {
	e := f.paths[path]
	return e != nil && e.r.in != in && e.seen == f.rounds && !e.r.dead.Load()
}

// wants says whether an input has nothing against a name.
func (in *Input) wants(path string) bool {
	b := []byte(path)
	return !matchAny(in.Exclude, b) && (len(in.Include) == 0 || matchAny(in.Include, b))
}

// recognise finds out which file a path leads to.
func (f *finder) recognise(in *Input, path string, info os.FileInfo) (sight, error) {
	s := sight{in: in, path: path, info: info}
	native := idOf(info)
	fingerprint := in.Identity.Kind == ByFingerprint
	if e := f.paths[path]; fingerprint && e != nil && e.r.in == in && e.native == native && e.size == info.Size() && e.mtime.Equal(info.ModTime()) {
		s.e, s.id, s.growing = e, e.id, e.growing // it did not change
		return s, nil
	}
	if !fingerprint {
		var err error
		s.id, _, err = in.identify(nil, path, info)
		s.e = f.entries[s.id]
		return s, err
	}
	file, info, err := openFile(path, in.Compression)
	if err != nil {
		return s, err
	}
	defer func() { _ = file.Close() }() // it was only read
	s.info, native = info, idOf(info)
	if s.id, s.growing, err = in.identify(file, path, info); err != nil {
		return s, err
	}
	s.e = f.entries[s.id]
	if e := f.entries[native]; s.e == nil && e != nil && e.growing {
		known, _ := f.t.reg.Lookup(native)
		if same, err := sameHead(file, known.Head); err != nil || !same {
			return s, err // another one has got the inode
		}
		f.identified(e, s.id)
		s.e = e
	}
	return s, nil
}

// identified says which file e is, now that it is long enough to tell.
func (f *finder) identified(e *entry, id event.FileID) {
	delete(f.entries, e.id)
	f.entries[id] = e
	e.id, e.growing = id, false
	f.t.inbox.put(message{kind: isIdentified, r: e.r, id: id})
}

// saw takes note of a file that is known.
func (f *finder) saw(s sight) {
	e, native := s.e, idOf(s.info)
	e.seen, e.missed = f.rounds, false
	if e.path != s.path || e.gone || e.native != native {
		f.forget(e)
		f.t.inbox.put(message{kind: hasMoved, r: e.r, path: s.path, other: e.native != native})
		e.path, e.gone, e.native = s.path, false, native
	}
	f.paths[s.path] = e
	switch at := s.info.ModTime(); {
	case s.info.Size() != e.size:
		e.r.sized(s.info.Size(), s.info.Size() < e.size)
		e.size, e.mtime = s.info.Size(), at
		f.t.inbox.put(message{kind: wasWritten, r: e.r})
	case at.Equal(e.mtime):
	case !s.in.ResendOnTouch || !at.After(e.mtime):
		e.mtime = at
		e.r.sized(e.size, true) // it may have been emptied and filled to the same size
		f.t.inbox.put(message{kind: wasWritten, r: e.r})
	case e.touch.Equal(at):
		e.mtime = at
		f.t.inbox.put(message{kind: wasTouched, r: e.r})
	default:
		// A write sets the time before the size: look once more.
		e.touch = at
	}
}

func (f *finder) forget(e *entry) {
	if f.paths[e.path] == e {
		delete(f.paths, e.path)
	}
}

// complain logs that a file is in trouble, once for as long as it is.
func (f *finder) complain(path string, err error) {
	if !f.said[path] {
		f.said[path] = true
		if errors.Is(err, errCorrupt) {
			f.t.stats.corrupt.Add(1)
		}
		f.t.log.Error("cannot open file, trying again", zap.String("path", path), zap.Error(err))
	}
}

// miss tells the loop of files that no path leads to any more.
// It says whether to look for some of them once more.
func (f *finder) miss() (again bool) {
	for id, e := range f.entries {
		if e.r.dead.Load() {
			f.forget(e)
			delete(f.entries, id)
			continue
		}
		if e.seen == f.rounds || e.gone {
			continue
		}
		// Being unable to look is not being gone.
		if info, err := os.Stat(e.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err == nil && e.r.in.Identity.Kind <= ByPath && idOf(info) == e.native {
			continue
		}
		if !e.missed {
			e.missed, again = true, true
			continue
		}
		e.gone = true
		f.forget(e)
		f.t.inbox.put(message{kind: hasGone, r: e.r})
	}
	return again
}
