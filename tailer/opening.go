package tailer

import (
	"context"
	"fmt"
)

// reopen opens a file that was closed, if its path still leads to it. It begins
// anew when another file has got the inode meanwhile.
func (t *Tailer) reopen(ctx context.Context, r *reader) error {
	file, err := openFile(r.path)
	if err != nil {
		return err
	}
	id, size, err := identify(file)
	if err == nil && id != r.source.ID {
		err = errReplaced
	}
	same := true
	if err == nil {
		same, err = sameHead(file, r.head)
	}
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("open %s: %w", r.path, err)
	}
	r.file = file
	t.makeRoom(r)
	if !same {
		return t.restart(ctx, r, size)
	}
	return nil
}

// mayOpen counts one more open file, unless there are as many as may be.
func (t *Tailer) mayOpen() bool {
	for {
		n := t.open.Load()
		if int(n) >= t.opts.MaxOpen {
			return false
		}
		if t.open.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// makeRoom counts one more open file, and closes those idle ones that were quiet
// for longest while there are too many.
func (t *Tailer) makeRoom(r *reader) {
	t.open.Add(1)
	for int(t.open.Load()) > t.opts.MaxOpen {
		var quiet *reader
		for _, w := range t.waiting {
			if w != r && w.file != nil && !w.gone && !w.held && !w.holds() && (quiet == nil || w.active.Before(quiet.active)) {
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
		t.open.Add(-1)
	}
}

// bury ends r for good.
func (t *Tailer) bury(r *reader) {
	t.shut(r)
	t.waiting.remove(r)
	if !t.draining {
		t.files.remove(r) // at the end, the last word is about all files
		if r.gone {
			t.reg.Remove(r.source.ID)
		}
	}
	r.dead.Store(true)
}
