package tailer

import (
	"context"
	"os"
	"time"

	"github.com/logcar/logcar/event"
)

// A finder knows which files there are. It is one goroutine's.
type finder struct {
	t        *Tailer
	patterns [][]string  // per input
	since    []time.Time // per input: files that are not younger are ignored
	every    time.Duration
	watch    *watcher

	entries   map[event.FileID]*entry
	paths     map[string]*entry
	short     map[string]bool // paths of files that are too short to tell which they are
	elsewhere []sight         // this round: files that are known, in another place
	rounds    uint64          // how often directories were read
	cleaned   time.Time       // when old positions were last forgotten
	said      map[string]bool // paths whose trouble was logged
}

// An entry is a file as the finder sees it.
type entry struct {
	r       *reader
	id      event.FileID // to its input
	native  event.FileID // of what path leads to
	growing bool         // id will be another one once it has grown
	path    string
	size    int64
	mtime   time.Time
	touch   time.Time // another mtime, with the same size; to be seen once more
	seen    uint64    // the last round that found it
	missed  bool      // the one after did not
	gone    bool
}

// A sight is a file that a pattern leads to.
type sight struct {
	e       *entry // nil: it is not known
	in      *Input
	path    string
	info    os.FileInfo
	id      event.FileID
	growing bool
	away    bool // no pattern leads to it: it is found again by the path where it was before
}

func newFinder(t *Tailer) (*finder, error) {
	f := &finder{
		t: t, every: time.Hour, entries: map[event.FileID]*entry{}, paths: map[string]*entry{},
		short: map[string]bool{}, said: map[string]bool{},
	}
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
		f.since = append(f.since, in.IgnoreInactive.since(t.opts.FirstStart, time.Now()))
		f.every = min(f.every, in.ScanFrequency)
	}
	if d := t.opts.DeletedTimeout; d > 0 {
		f.every = min(f.every, max(d/4, time.Millisecond))
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
		f.clean(began)
		f.t.free(began)
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

// closeAll closes what is still open when Run ends.
func (f *finder) closeAll() {
	for _, r := range f.t.files.all() {
		f.t.shut(r)
	}
}
