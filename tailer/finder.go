package tailer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/logcar/logcar/event"
)

// A finder knows which files there are. It is one goroutine's.
type finder struct {
	t        *Tailer
	patterns [][]string // per input
	every    time.Duration
	watch    *watcher

	entries map[event.FileID]*entry
	paths   map[string]*entry
	rounds  uint64          // how often directories were read
	said    map[string]bool // paths whose trouble was logged
}

// An entry is a file as the finder sees it.
type entry struct {
	r      *reader
	path   string
	size   int64
	seen   uint64 // the last round that found it
	missed bool   // the one after did not
	gone   bool
}

func newFinder(t *Tailer) (*finder, error) {
	f := &finder{t: t, every: time.Hour, entries: map[event.FileID]*entry{}, paths: map[string]*entry{}, said: map[string]bool{}}
	for _, in := range t.inputs {
		var all []string
		for _, p := range in.Paths {
			e, err := expand(p, in.RecursiveGlob)
			if err != nil {
				return nil, err
			}
			all = append(all, e...)
		}
		f.patterns = append(f.patterns, all)
		f.every = min(f.every, in.ScanFrequency)
	}
	f.watch = t.watch(t.log)
	return f, nil
}

// run looks until ctx ends or finish is closed; then it looks a last time.
func (f *finder) run(ctx context.Context, finish <-chan struct{}) {
	defer f.watch.close()
	for first := true; ; first = false {
		began := time.Now()
		f.scan()
		if first {
			f.absent()
			f.t.held.Close()
		}
		// Scans that notifications ask for must not become all that is done,
		// however many files there are.
		calmest := min(20*time.Since(began), f.every, time.Second)
		if !f.listen(ctx, finish, began.Add(f.every), began.Add(calmest)) {
			break
		}
	}
	if ctx.Err() == nil {
		f.scan()
	}
}

// candidate is a file that a pattern matches and no entry knows.
type candidate struct {
	in   *Input
	path string
	info os.FileInfo
	was  string // the path under which it was followed before, when that leads elsewhere now
}

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
	// What appears in a directory before it is watched is not notified: watch
	// first, then look, also for directories.
	for f.watch.set(directories(f.patterns)) {
	}
	var fresh []candidate
	for i, in := range f.t.inputs {
		for _, pattern := range f.patterns[i] {
			paths, _ := filepath.Glob(pattern) // the pattern was checked
			for _, path := range paths {
				if c, ok := f.look(in, path); ok {
					fresh = append(fresh, c)
				}
			}
		}
	}
	slices.SortStableFunc(fresh, func(a, b candidate) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	for _, c := range fresh {
		f.begin(c)
	}
}

// look checks a path; a file that is known is marked as seen, one that is not is
// returned.
func (f *finder) look(in *Input, path string) (candidate, bool) {
	if matchAny(in.Exclude, []byte(path)) {
		return candidate{}, false
	}
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if !in.Symlinks {
			return candidate{}, false
		}
		info, err = os.Stat(path)
	}
	if err != nil || !info.Mode().IsRegular() {
		return candidate{}, false
	}
	e := f.entries[idOf(info)]
	if e == nil || e.r.dead.Load() {
		return candidate{in: in, path: path, info: info}, true
	}
	if e.seen == f.rounds {
		return candidate{}, false // another path of the same file, or another input's
	}
	e.seen, e.missed = f.rounds, false
	if e.path != path || e.gone {
		f.forget(e)
		e.path, e.gone = path, false
		f.t.inbox.put(message{kind: hasMoved, r: e.r, path: path})
	}
	f.paths[path] = e
	if info.Size() != e.size {
		e.size = info.Size()
		f.t.inbox.put(message{kind: wasWritten, r: e.r})
	}
	return candidate{}, false
}

func (f *finder) forget(e *entry) {
	if f.paths[e.path] == e {
		delete(f.paths, e.path)
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
		} else if err == nil && idOf(info) == id {
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
