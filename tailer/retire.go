package tailer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"go.uber.org/zap"
)

// Delete says what becomes of files that are delivered.
type Delete struct {
	Enabled bool          // they are deleted
	Grace   time.Duration // how long they must have been quiet since they were closed
}

const (
	// deletePause is how long to wait before trying again to delete a file, and
	// deleteTries how often that is tried, as in Filebeat. Waiting for
	// confirmations does not count.
	deletePause = 2 * time.Second
	deleteTries = 5
)

// retire closes a file that is read and quiet. If it is to be deleted, that comes
// after the grace period.
func (t *Tailer) retire(r *reader) {
	whole := r.issued == r.offset && (r.size == r.offset || r.file.final())
	t.shut(r)
	if r.in.Delete.Enabled && whole && !r.gone && !t.draining {
		r.doomed, r.tries = time.Now().Add(r.in.Delete.Grace), 0
		t.park(r, r.doomed)
	}
}

// condemned deals with a file that is to be deleted, and says whether it is: one
// that was written to in the grace period is not.
func (t *Tailer) condemned(r *reader, now time.Time) bool {
	if r.doomed.IsZero() {
		return false
	}
	if t.draining || r.gone || !t.untouched(r) {
		r.doomed = time.Time{}
		return false
	}
	switch {
	case r.doomed.After(now):
		t.park(r, r.doomed)
	case r.cursor.Position() < r.offset:
		t.park(r, now.Add(deletePause)) // not all of it is confirmed
	default:
		t.expire(r, now)
	}
	return true
}

// untouched says whether the file is still what was read of it; it is also when
// nobody knows where it is, which the finder will.
func (t *Tailer) untouched(r *reader) bool {
	info, err := os.Stat(r.path)
	return err != nil || idOf(info) != r.native || info.Size() == r.size
}

// expire deletes a file. It is open meanwhile: what is written to it in the last
// moment can still be read.
func (t *Tailer) expire(r *reader, now time.Time) {
	file, info, err := openFile(r.path, r.in.Compression)
	if err == nil {
		if err = errReplaced; idOf(info) == r.native && info.Size() == r.size {
			err = unlink(r.path, info)
		}
		if err != nil {
			_ = file.Close()
		}
	}
	if err == nil {
		t.log.Info("file is delivered and was deleted: "+r.path, zap.Int64("size", r.size))
		t.stats.deleted.Add(1)
		r.doomed, r.file, r.opened, r.active = time.Time{}, file, now, now
		t.makeRoom(r)
		t.enqueue(r) // the finder will say that it has gone
		return
	}
	moved := errors.Is(err, fs.ErrNotExist) || errors.Is(err, errReplaced)
	if r.tries++; r.tries < deleteTries || moved {
		t.park(r, now.Add(deletePause))
		return
	}
	t.log.Error("cannot delete file, it stays", zap.String("path", r.path), zap.Error(err))
	r.doomed = time.Time{}
}

// unlink deletes the file at path if it is the one of info, unchanged; of a
// symbolic link to it the link.
func unlink(path string, info os.FileInfo) error {
	if at, err := os.Lstat(path); err == nil && at.Mode()&fs.ModeSymlink != 0 {
		return os.Remove(path)
	}
	return remove(path, info)
}

// giveUp deals with a file that cannot be read any further: what was read is
// delivered, and it is not tried again before it has changed.
func (t *Tailer) giveUp(ctx context.Context, r *reader, cause error) error {
	t.log.Error("file is corrupt, the rest of it is not read", zap.String("path", r.path), zap.Int64("offset", r.offset), zap.Error(cause))
	t.stats.corrupt.Add(1)
	err := t.finishEvent(ctx, r, true, time.Now())
	t.shut(r)
	if t.draining || r.gone {
		t.bury(r)
	}
	return err
}

// abandon counts and tells of bytes that nobody will read.
func (t *Tailer) abandon(r *reader, bytes int64) {
	t.stats.abandoned.Add(uint64(bytes))
	t.log.Error("file is let go of with bytes unread, since it was open for close_timeout", zap.String("path", r.path), zap.Int64("bytes", bytes))
}
