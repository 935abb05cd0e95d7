package tailer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// calm is how long the finder pauses after it has heard something. Meanwhile the
// kernel merges what is alike, so that a file that is written ten thousand times
// a second costs no more than one that is written two hundred times.
const calm = 4 * time.Millisecond

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

// listen hears notifications until it is time to scan again: at the latest when
// next has come, at the earliest at soonest. It returns false when the time has
// come to stop.
func (f *finder) listen(ctx context.Context, finish <-chan struct{}, next, soonest time.Time) bool {
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	for {
		dirty := false
		select {
		case <-ctx.Done():
			return false
		case <-finish:
			return false
		case <-timer.C:
			return true
		case ev := <-f.watch.events():
			dirty = f.hear(ev)
		case err := <-f.watch.errors():
			f.t.log.Warn("file notifications were lost, looking at all files", zap.Error(err))
			f.wakeAll()
			dirty = true
		}
		dirty = f.hearRest() || dirty
		if dirty {
			return rest(ctx, finish, time.Until(soonest))
		}
		if !rest(ctx, finish, calm) {
			return false
		}
	}
}

// rest waits; it says whether nothing was to end the wait.
func rest(ctx context.Context, finish <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-finish:
		return false
	case <-timer.C:
		return true
	}
}

// hearRest hears what has piled up; it says whether to scan.
func (f *finder) hearRest() (dirty bool) {
	for range buffered {
		select {
		case ev := <-f.watch.events():
			dirty = f.hear(ev) || dirty
		default:
			return dirty
		}
	}
	return dirty
}

// hear takes a notification; it says whether directories have changed. A write
// only wakes its reader, and one into a file that no pattern matches nobody.
func (f *finder) hear(ev fsnotify.Event) (dirty bool) {
	if ev.Has(fsnotify.Create | fsnotify.Remove | fsnotify.Rename) {
		// Until the next scan the path may lead to another file, whose writes
		// must not be taken for this one's.
		delete(f.paths, ev.Name)
		return true
	}
	if e := f.paths[ev.Name]; e != nil && !e.gone && ev.Has(fsnotify.Write) {
		f.t.inbox.put(message{kind: wasWritten, r: e.r})
	}
	return false
}

func (f *finder) wakeAll() {
	for _, e := range f.entries {
		f.t.inbox.put(message{kind: wasWritten, r: e.r})
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

// begin makes a reader of a new file.
func (f *finder) begin(c candidate) {
	if e := f.entries[idOf(c.info)]; e != nil && e.seen == f.rounds {
		return // two paths of one new file
	}
	st, file, err := f.state(c)
	if err != nil {
		if !f.said[c.path] && !errors.Is(err, fs.ErrNotExist) {
			f.said[c.path] = true
			f.t.log.Error("cannot open file, trying again", zap.String("path", c.path), zap.Error(err))
		}
		return
	}
	delete(f.said, c.path)
	old := c.in.IgnoreOlder > 0 && time.Since(c.info.ModTime()) > c.in.IgnoreOlder
	_, known := f.t.reg.Lookup(st.ID)
	if !known && (old || (c.in.TailFiles && f.rounds == 1 && !f.t.held.had(c.in))) {
		st.Position = c.info.Size()
	}
	if old || !f.t.mayOpen() {
		_ = file.Close()
		file = nil
	}
	e := &entry{r: f.t.newReader(c.in, st, file), path: c.path, size: c.info.Size(), seen: f.rounds}
	if c.was != "" {
		e.r.cursor.SetPath(c.was) // by which it is found again
	}
	f.entries[st.ID], f.paths[c.path] = e, e
	f.t.log.Info("Harvester started for file: "+c.path, zap.Int64("offset", st.Position), zap.Int64("size", e.size))
	if !old {
		f.t.inbox.put(message{kind: isFound, r: e.r})
	}
}

// state opens a new file and finds out where to begin.
func (f *finder) state(c candidate) (registry.State, *os.File, error) {
	file, err := openFile(c.path)
	if err != nil {
		return registry.State{}, nil, err
	}
	id, size, err := identify(file)
	st := registry.State{ID: id, Path: c.path}
	if err == nil && id != idOf(c.info) {
		err = fmt.Errorf("%s: %w", c.path, fs.ErrNotExist) // replaced just now: the next scan sees it
	}
	if err == nil {
		st.Head, err = readHead(file)
	}
	if err == nil {
		st.Position, err = f.resume(file, id, size)
	}
	if err != nil {
		_ = file.Close()
		return registry.State{}, nil, err
	}
	return st, file, nil
}

// resume is where the registry says that a file goes on.
func (f *finder) resume(file *os.File, id event.FileID, size int64) (int64, error) {
	known, ok := f.t.reg.Lookup(id)
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
		f.t.reg.Remove(id)
		return 0, nil
	case known.Position > size:
		f.t.log.Info("file has become shorter since it was read, reading it from the beginning",
			zap.String("path", file.Name()), zap.Int64("position", known.Position), zap.Int64("size", size))
		return 0, nil
	}
	return known.Position, nil
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
