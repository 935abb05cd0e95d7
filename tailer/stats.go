package tailer

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

type counters struct {
	bytes, events, filtered, filteredBytes, shortened, shortenedBytes, skipped, unparsed, truncations atomic.Uint64
	deleted, corrupt, abandoned, lostTruncated, lostDeleted                                           atomic.Uint64
}

// add takes what a cutter has counted.
func (s *counters) add(c *cutter) {
	s.filtered.Add(c.filtered)
	s.filteredBytes.Add(c.filteredBytes)
	s.shortened.Add(c.shortened)
	s.shortenedBytes.Add(c.shortenedBytes)
	c.filtered, c.filteredBytes, c.shortened, c.shortenedBytes = 0, 0, 0, 0
}

// Stats are numbers since the start.
type Stats struct {
	Bytes         uint64 // read
	Events        uint64 // handed to the sink
	Filtered      uint64 // events left out by include_lines and exclude_lines
	FilteredBytes uint64 // of the files, that these stand for
	Cut           uint64 // events whose text was cut at max_bytes or max_lines
	CutBytes      uint64 // of the files, that are not in their texts; what parsers cut is not known in bytes
	Skipped       uint64 // lines that are not in their container's format, and left out
	Unparsed      uint64 // lines that a parser could not read, and that went on as they are
	Truncations   uint64 // times that a file was emptied, or became shorter than what was read of it
	LostTruncated uint64 // bytes that were seen, and gone before they were read: of files that were emptied
	LostDeleted   uint64 // and of files that were deleted
	Deleted       uint64 // files that were deleted since they were delivered
	Corrupt       uint64 // times that a compressed file could not be read to its end
	Abandoned     uint64 // bytes that were let go of unread, since the file was open for close_timeout
	Open          int    // files that are open now
}

// Stats returns the tailer's numbers. It may be called by any goroutine.
func (t *Tailer) Stats() Stats {
	c := &t.stats
	return Stats{
		Bytes: c.bytes.Load(), Events: c.events.Load(), Filtered: c.filtered.Load(), FilteredBytes: c.filteredBytes.Load(),
		Cut: c.shortened.Load(), CutBytes: c.shortenedBytes.Load(),
		Skipped: c.skipped.Load(), Unparsed: c.unparsed.Load(), Truncations: c.truncations.Load(),
		LostTruncated: c.lostTruncated.Load(), LostDeleted: c.lostDeleted.Load(),
		Deleted: c.deleted.Load(), Corrupt: c.corrupt.Load(), Abandoned: c.abandoned.Load(), Open: int(t.open.Load()),
	}
}

// LastRead is when something was last read; zero before.
func (t *Tailer) LastRead() time.Time {
	if n := t.lastRead.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// File is what there is to know of a file from outside.
type File struct {
	Path      string // under which it was found
	Size      int64  // now; 0 when it cannot be looked at any more
	Read      int64  // offset up to which it is read
	Confirmed int64  // offset up to which everything is confirmed
	// Lag is how long ago the oldest of what is read and not confirmed was handed to
	// the sink, which is when it was read; 0 when there is none.
	Lag time.Duration
}

// Files lists the files that are followed, by path. It may be called by any
// goroutine.
func (t *Tailer) Files() []File {
	files := t.files.list()
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files
}

// Directories lists the directories that are there and in which files of the
// inputs are, or would be. It may be called by any goroutine.
func (t *Tailer) Directories() []string {
	var dirs []string
	for _, in := range t.inputs {
		for _, p := range in.Paths {
			patterns, _ := expand(p, in.RecursiveGlob) // New's caller hears of a bad one from Run
			for _, pattern := range patterns {
				found, _ := filepath.Glob(filepath.Dir(pattern)) // the pattern was checked
				dirs = append(dirs, slices.DeleteFunc(found, func(d string) bool { return !isDir(d) })...)
			}
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// fileSet is the readers that live, by the files that they read: no file has two.
type fileSet struct {
	mu      sync.Mutex
	readers map[event.FileID]*reader
}

// add adds a reader and gives it the cursor that follow returns, unless its file
// has a reader already.
func (s *fileSet) add(r *reader, follow func() *registry.Cursor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers[r.id] != nil {
		return false
	}
	if s.readers == nil {
		s.readers = map[event.FileID]*reader{}
	}
	r.cursor = follow()
	s.readers[r.id] = r
	return true
}

func (s *fileSet) remove(r *reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers[r.id] == r {
		delete(s.readers, r.id)
	}
}

// rename says which file r is, now that more is known of it.
func (s *fileSet) rename(r *reader, id event.FileID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers[r.id] == r {
		delete(s.readers, r.id)
		s.readers[id] = r
	}
	r.id = id
}

// of returns a file's reader, or nil.
func (s *fileSet) of(id event.FileID) *reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readers[id]
}

func (s *fileSet) all() []*reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.readers))
}

// hold gives a reader another content.
func (s *fileSet) hold(r *reader, c content) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.content = c
	r.read.Store(c.offset)
}

// follow gives a reader another cursor, which is where it is.
func (s *fileSet) follow(r *reader, c *registry.Cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.cursor = c
	r.read.Store(c.Position())
}

// find returns the reader of a file that is followed, and how far it is read and
// confirmed; nil when there is none.
func (s *fileSet) find(id event.FileID) (r *reader, read, confirmed int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r = s.readers[id]
	if r == nil || r.dead.Load() {
		return nil, 0, 0
	}
	return r, r.read.Load(), r.cursor.Position()
}

func (s *fileSet) list() []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	files := make([]File, 0, len(s.readers))
	for _, r := range s.readers {
		f := File{Path: r.source.Path, Read: r.read.Load(), Confirmed: r.cursor.Position(), Lag: r.cursor.Lag()}
		if f.Read == allOf {
			continue
		}
		switch fi, err := os.Stat(f.Path); {
		case err != nil:
		case r.packed.Load():
			f.Size = f.Read // nobody knows better
		case idOf(fi) == r.id || r.in.Identity.Kind != Native:
			f.Size = fi.Size()
		}
		files = append(files, f)
	}
	return files
}
