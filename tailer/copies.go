package tailer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

const (
	// copyLook is how often a file is looked at that may be a copy, and
	// copyPatience how long, after it has grown: then it is a file of its own.
	copyLook     = time.Second
	copyPatience = time.Minute
	// maxOpened bounds the files that are opened to find a copy.
	maxOpened = 64
	// minOverlap is how much of a trail proves something by itself.
	minOverlap = 32
)

// copied is the copy of a content.
type copied struct {
	reader *reader
	path   string
	known  string // the path by which a later process finds it
	size   int64
}

// findCopy looks for the file that what was in r's was copied to: among those that
// were found already, also if they have gone since, and in its directory.
func (t *Tailer) findCopy(ctx context.Context, r *reader) *copied {
	if !r.in.tellsCopies() {
		return nil
	}
	dir := filepath.Dir(r.path)
	for _, w := range t.files.all() {
		if w != r && w.in == r.in && w.file != nil && w.fresh() && filepath.Dir(w.path) == dir && r.isIn(w.file, r.named(w.path)) {
			if fi, err := w.file.Stat(); err == nil {
				return &copied{reader: w, path: w.path, known: w.path, size: fi.Size()}
			}
		}
	}
	if c := t.findIn(ctx, dir, r); c != nil {
		return c
	}
	if target, err := filepath.EvalSymlinks(r.path); err == nil && filepath.Dir(target) != dir {
		return t.findIn(ctx, filepath.Dir(target), r)
	}
	return nil
}

// tellsCopies says whether a copy of a file is to the input what the file was. By
// its path it is another file, and by its text the same one in any case.
func (in *Input) tellsCopies() bool {
	return in.Identity.Kind == Native || in.Identity.Kind == ByMarker
}

// findIn looks in a directory for a copy of which nobody has read.
func (t *Tailer) findIn(ctx context.Context, dir string, r *reader) *copied {
	var all []fs.FileInfo
	for _, info := range regularIn(dir) {
		path := filepath.Join(dir, info.Name())
		switch {
		case idOf(info) != r.native:
			all = append(all, info)
		case path != r.path:
			r.was = path // the finder has not told yet
		}
	}
	rank := func(info fs.FileInfo) int {
		if r.named(filepath.Join(dir, info.Name())) {
			return 0
		}
		return 1
	}
	slices.SortFunc(all, func(a, b fs.FileInfo) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), b.ModTime().Compare(a.ModTime()))
	})
	for _, info := range all[:min(len(all), maxOpened)] {
		if c := t.tryCopy(ctx, r, filepath.Join(dir, info.Name())); c != nil {
			return c
		}
	}
	return nil
}

// regularIn lists the regular files of a directory.
func regularIn(dir string) (all []fs.FileInfo) {
	entries, _ := os.ReadDir(dir) // what cannot be read has no copy
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			all = append(all, info)
		}
	}
	return all
}

// tryCopy makes a reader of the file at path if it is a copy of r's content.
func (t *Tailer) tryCopy(ctx context.Context, r *reader, path string) *copied {
	file, info, err := openFile(path, r.in.Compression)
	if err != nil {
		return nil
	}
	id, _, err := r.in.identify(file, path, info)
	born := r.in.birthOf(file.File)
	if err != nil || t.wasRead(id, born) || !r.isIn(file, r.named(path)) {
		_ = file.Close()
		return nil
	}
	if w := t.files.of(id); w != nil && differs(born, w.born) {
		// It was closed when its file went, or the inode would not be free.
		_ = t.finishEvent(ctx, w, true, time.Now()) // the next Send fails, too
		t.bury(w)
	}
	c := &copied{path: path, known: r.path, size: info.Size()}
	c.reader = t.newReader(r.in, registry.State{ID: id, Born: born, Path: r.path}, place{path: path, away: true, file: file, info: info})
	if c.reader == nil { // the finder was faster
		_ = file.Close()
		if c.reader = t.files.of(id); c.reader == nil || !c.reader.fresh() || c.reader.in != r.in {
			return nil
		}
		c.known = c.reader.path
		return c
	}
	t.count(r.in, 1)
	// No path of the input leads to it as far as is known here; the finder will
	// say when one does.
	c.reader.gone, c.reader.left = true, time.Now()
	return c
}

// wasRead says that something was read of a file under its own name, so that the
// rest will be, too.
func (t *Tailer) wasRead(id event.FileID, born int64) bool {
	if w := t.files.of(id); w != nil && !differs(born, w.born) {
		return !w.fresh()
	}
	st, known := t.reg.Lookup(id)
	return known && st.Position > 0 && !differs(born, st.Born)
}

// isIn says whether f holds the content of which r has read, or its beginning: the
// application may have gone on between the copy and the cut. A file whose name
// does not tell must prove more.
func (r *reader) isIn(f *textFile, named bool) bool {
	m := r.known()
	if f.foreign() || m.head.Len == 0 || !named && !m.strong() {
		return false
	}
	if same, err := m.in(f); err != nil || same {
		return same
	}
	fi, err := f.Stat()
	if err != nil {
		return false
	}
	if fi.Size() >= int64(m.head.Len) {
		if same, err := sameHead(f, m.head); err != nil || !same {
			return false
		}
	}
	b := make([]byte, len(r.trail))
	n, _ := f.ReadAt(b, r.offset-int64(len(b))) // what cannot be read proves nothing
	return n >= min(minOverlap, len(b)) && n > 0 && bytes.HasPrefix(r.trail, b[:n])
}

// originals are the paths of which the file at path may be a copy by its name:
// rotators add a number, a date or a word behind the name (app.log.1,
// app.log-20260102, app.log.copy) or before its extension (app-2026-01-02.log).
func originals(path string) (all []string) {
	const most = 16
	dir, base := filepath.Split(path)
	ext := filepath.Ext(base)
	for i := len(base) - 1; i > 0 && len(all) < most; i-- {
		if strings.IndexByte(".-_~", base[i]) < 0 {
			continue
		}
		all = append(all, dir+base[:i])
		if ext != "" && i < len(base)-len(ext) {
			all = append(all, dir+base[:i]+ext)
		}
	}
	return all
}

// named says that path is the name of a copy of what r reads or has read.
func (r *reader) named(path string) bool {
	return derived(r.path, path) || derived(r.was, path) || derived(r.source.Path, path)
}

func derived(from, path string) bool { return slices.Contains(originals(path), from) }

// guess is what is thought of a new file while it may be a copy, made to empty
// another one, whose lines were or will be read there.
type guess struct {
	waits   bool
	over    bool // it is a file of its own
	size    int64
	since   time.Time // it has had this size
	drained bool      // the last chance has passed
}

// fresh says that nothing was read of the file yet, in this process or before.
func (r *reader) fresh() bool {
	return r.offset == 0 && r.last.Len == 0 && !r.guess.over && r.in.tellsCopies()
}

// mayBeCopy says whether r is not to be read now: it is empty, or it may turn out
// to be the copy of another file. It is a file of its own when it is told from
// that, or when nothing has become of it for some time.
func (t *Tailer) mayBeCopy(r *reader) (waits bool, err error) {
	fi, err := r.file.Stat()
	if err != nil {
		return false, err
	}
	g, size, now := &r.guess, fi.Size(), time.Now()
	if size == 0 {
		r.empty++
		return true, nil
	}
	if size != g.size {
		g.size, g.since = size, now
	}
	g.waits = now.Sub(g.since) < copyPatience && !g.drained &&
		slices.ContainsFunc(originals(r.path), func(path string) bool { return t.resembles(r, size, path) })
	g.over, g.drained = !g.waits, t.draining
	return g.waits, nil
}

// wait has a file looked at later that may be a copy: when there is no more time,
// behind the one that it may be a copy of.
func (t *Tailer) wait(r *reader) {
	if t.draining {
		t.enqueue(r)
		return
	}
	t.park(r, time.Now().Add(copyLook))
}

// resembles says whether r's file looks like a copy of the one at path, which is
// followed: of what it holds, or of what it held before it was emptied.
func (t *Tailer) resembles(r *reader, size int64, path string) bool {
	file, info, err := openFile(path, r.in.Compression)
	if err != nil {
		return false
	}
	defer file.Close()
	id, _, err := r.in.identify(file, path, info)
	if err != nil || id == r.id || older(r, r.in.birthOf(file.File)) {
		return false
	}
	owner := t.files.of(id)
	st, known := t.reg.Lookup(id)
	if ok, err := file.decide(); !ok || err != nil || file.foreign() || !known || st.Head.Len == 0 {
		return false
	}
	m := mark{st.Head, st.Tail}
	if same, err := m.in(file); err != nil || same {
		return err == nil && size <= info.Size() && sameEnds(r.file, file, size)
	}
	if owner == nil {
		same, err := m.in(r.file)
		return err == nil && same
	}
	if !owner.isIn(r.file, true) {
		return false
	}
	t.enqueue(owner) // which will find out
	return true
}

// older says that r's file was there before the one that it may be a copy of.
func older(r *reader, born int64) bool {
	if born == 0 || r.born == 0 {
		return false
	}
	fi, err := r.file.Stat()
	return r.born < born || err == nil && fi.ModTime().UnixNano() < born
}

// sameEnds says whether two files hold the same first size bytes, as far as their
// beginning and their end tell.
func sameEnds(a, b *textFile, size int64) bool {
	return sameBytes(a, b, 0, min(size, headSize)) && sameBytes(a, b, max(0, size-trailSize), min(size, trailSize))
}

func sameBytes(a, b *textFile, off, n int64) bool {
	x, y := make([]byte, n), make([]byte, n)
	_, err1 := a.ReadAt(x, off)
	_, err2 := b.ReadAt(y, off)
	return (err1 == nil || errors.Is(err1, io.EOF)) && (err2 == nil || errors.Is(err2, io.EOF)) && bytes.Equal(x, y)
}
