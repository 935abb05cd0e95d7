package tailer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"
)

// reopen opens a file that was closed, if its path still leads to it. It begins
// anew when another file has got the identity meanwhile.
func (t *Tailer) reopen(ctx context.Context, r *reader) error {
	file, info, err := openFile(r.path, r.in.Compression)
	if err != nil {
		return err
	}
	same, err := r.recognises(file, info)
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("open %s: %w", r.path, err)
	}
	r.file, r.native, r.opened, r.elsewhere = file, idOf(info), time.Now(), false
	r.doubt.Store(true)
	t.makeRoom(r)
	if born := r.in.birthOf(file.File); differs(born, r.born) {
		t.log.Info(reused, zap.String("path", r.path), zap.String("other", r.source.Path))
		t.lose(r, &t.stats.lostDeleted, goneUnread, r.most.Swap(0)-r.offset)
		r.born = born
		return t.beginAnew(ctx, r)
	}
	if !same && file.foreign() {
		return t.restart(ctx, r, info.Size()) // of other files reading will tell
	}
	return nil
}

const (
	reused     = "file has the inode of another that is no more, reading it from the beginning"
	goneUnread = "file has gone before it was read to its end"
)

// recognises says whether file begins as the one did that r follows; the error is
// errReplaced when it is another one altogether.
func (r *reader) recognises(file *textFile, info os.FileInfo) (same bool, err error) {
	id, growing, err := r.in.identify(file, r.path, info)
	switch {
	case errors.Is(err, errShort):
		return false, errReplaced
	case err != nil:
		return false, err
	case id == r.id && r.in.Identity.Kind == ByFingerprint && !growing:
		return true, nil
	}
	same, err = sameHead(file, r.head)
	// One that was too short when the finder saw it may have grown since.
	if id != r.id && (r.id != idOf(info) || !same) && err == nil {
		err = errReplaced
	}
	return same, err
}

// fits says whether the open file is still the one that is followed: of those
// that are known by their text, one may have been emptied.
func (t *Tailer) fits(r *reader) bool {
	if r.file == nil || r.in.Identity.Kind != ByFingerprint {
		return true
	}
	info, err := r.file.Stat()
	if err == nil {
		_, err = r.recognises(r.file, info)
	}
	return !errors.Is(err, errReplaced) // of other errors reading will tell
}

// follow goes on in another file of the system that has the same identity: a
// copy, or what stands at the path now. What is open is read to its end first.
func (t *Tailer) follow(r *reader) {
	r.elsewhere = true
	if !t.fits(r) {
		t.shut(r)
	}
	t.enqueue(r)
}

// lookAround has the finder look at all directories.
func (t *Tailer) lookAround() {
	select {
	case t.look <- struct{}{}:
	default:
	}
}

// mayOpen counts one more open file, unless there are as many as may be.
func (t *Tailer) mayOpen(in *Input) bool {
	t.count(in, 1)
	if t.crowded(in) {
		t.count(in, -1)
		return false
	}
	return true
}

func (t *Tailer) count(in *Input, n int64) {
	t.open.Add(n)
	if c := t.opened[in]; c != nil {
		c.Add(n)
	}
}

// crowded says that more files are open than may be.
func (t *Tailer) crowded(in *Input) bool {
	return int(t.open.Load()) > t.opts.MaxOpen || t.full(in)
}

// full says that more files of an input are open than may be.
func (t *Tailer) full(in *Input) bool {
	c := t.opened[in]
	return c != nil && int(c.Load()) > in.HarvesterLimit
}

// makeRoom counts one more open file, and closes those idle ones that were quiet
// for longest while there are too many.
func (t *Tailer) makeRoom(r *reader) {
	t.count(r.in, 1)
	for t.crowded(r.in) {
		var quiet *reader
		for _, w := range t.waiting {
			if w != r && w.file != nil && !w.gone && !w.held && !w.holds() && (w.in == r.in || !t.full(r.in)) &&
				(quiet == nil || w.active.Before(quiet.active)) {
				quiet = w
			}
		}
		if quiet == nil {
			return
		}
		t.shut(quiet)
		t.waiting.remove(quiet)
	}
}

// shut closes r's file. The reader remains, and opens it again when it grows.
func (t *Tailer) shut(r *reader) {
	if r.file != nil {
		_ = r.file.Close() // it was only read
		r.file = nil
		t.count(r.in, -1)
	}
}

// makeWay closes a file that has more, until its next turn; unless it could not be
// opened again.
func (t *Tailer) makeWay(r *reader) {
	if !r.gone && r.reachable() {
		t.shut(r)
	}
	t.enqueue(r)
}

// reachable says whether the file's path still leads to it: the finder may not
// have noticed yet that it does not.
func (r *reader) reachable() bool {
	info, err := os.Stat(r.path)
	return err == nil && idOf(info) == r.native
}

// overdue says that a file was open for as long as it may be.
func (t *Tailer) overdue(r *reader) bool {
	return r.in.CloseTimeout > 0 && r.file != nil && !t.draining && time.Since(r.opened) >= r.in.CloseTimeout
}

// letGo closes a file that was open for long enough. One that no path leads to
// any more cannot be opened again: what is unread of it is lost.
func (t *Tailer) letGo(ctx context.Context, r *reader, more bool) error {
	switch {
	case r.gone:
	case more:
		t.makeWay(r)
		return nil
	case r.unfinished() || !r.reachable():
		return t.rest(ctx, r)
	default:
		t.retire(r)
		return nil
	}
	if info, err := r.file.Stat(); err == nil && info.Size() > r.offset && !r.file.foreign() {
		t.abandon(r, info.Size()-r.offset)
	}
	err := t.finishEvent(ctx, r, true, time.Now())
	t.bury(r)
	return err
}

// bury ends r for good.
func (t *Tailer) bury(r *reader) {
	t.shut(r)
	t.waiting.remove(r)
	t.release(r)
	if !t.draining {
		t.files.remove(r) // at the end, the last word is about all files
		if r.gone && r.in.CleanRemoved {
			t.reg.Remove(r.id)
		}
	}
	r.dead.Store(true)
}
