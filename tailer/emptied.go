package tailer

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// emptied begins a file anew that does not hold any more what was read of it.
// Whoever emptied it has copied it before, if he is a rotator: then the copy is
// read first, from where the file was read up to. Without a copy, what was open is
// complete, and what was not read is lost.
func (t *Tailer) emptied(ctx context.Context, r *reader) error {
	if !t.fits(r) { // its input goes by the text, wherever that is
		t.shut(r)
		t.lookAround()
		return fmt.Errorf("read %s: %w", r.path, errReplaced)
	}
	size := int64(0)
	if fi, err := r.file.Stat(); err == nil {
		size = fi.Size()
	}
	t.release(r)
	until := r.offset
	c := t.findCopy(ctx, r)
	if c == nil {
		if err := t.restart(ctx, r, size); err != nil {
			return err
		}
	} else {
		t.tellTruncated(r, size)
		until = max(until, c.size)
		if err := t.bequeath(ctx, r, c); err != nil {
			return err
		}
	}
	// Of a size that was seen it is certain that the old content had it as long
	// as the new one is smaller.
	if seen := r.most.Swap(0); seen > max(until, size) {
		t.lose(r, &t.stats.lostTruncated, "file was truncated before it was read, and what was not read is in no copy", seen-until)
	}
	return nil
}

func (t *Tailer) tellTruncated(r *reader, size int64) {
	t.log.Info("File was truncated. Begin reading file from offset 0: "+r.path,
		zap.Int64("offset", r.offset), zap.Int64("size", size))
	t.stats.truncations.Add(1)
}

// restart begins a truncated file anew.
func (t *Tailer) restart(ctx context.Context, r *reader, size int64) error {
	t.tellTruncated(r, size)
	return t.beginAnew(ctx, r)
}

// beginAnew goes back to offset 0. What was open is complete: nothing can be added
// to it any more.
func (t *Tailer) beginAnew(ctx context.Context, r *reader) error {
	if err := t.finishEvent(ctx, r, true, time.Now()); err != nil {
		return err
	}
	t.files.hold(r, t.anew(r))
	return nil
}

// anew is the content of r's file, of which nothing was read.
func (t *Tailer) anew(r *reader) content {
	c := newContent(r.in, r.source, registry.State{})
	c.cursor = t.reg.Cursor(registry.State{ID: r.id, Born: r.born, Path: r.path})
	return c
}

// lose counts bytes that were seen, and have gone before they were read.
func (t *Tailer) lose(r *reader, reason *atomic.Uint64, text string, bytes int64) {
	if bytes > 0 {
		reason.Add(uint64(bytes))
		t.log.Warn(text, zap.String("path", r.path), zap.Int64("lost_bytes", bytes))
	}
}

// bequeath has the copy of r's content read on from where r was, by a reader of
// its own as a renamed file would be, and r wait for that. The content goes over
// with all that is open in it, and so does its cursor: what is in flight is
// confirmed for the copy, where it is found again should this process be killed.
func (t *Tailer) bequeath(ctx context.Context, r *reader, c *copied) error {
	heir, limit := c.reader, int64(math.MaxInt64)
	t.log.Info("what was not read of it is read from its copy", zap.String("path", r.path), zap.String("copy", c.path),
		zap.Int64("offset", r.offset), zap.Int64("size", c.size))
	old := r.content
	if c.size < old.offset {
		// What was written after it was copied has been read, and is in no file.
		if err := t.finishEvent(ctx, r, true, time.Now()); err != nil {
			return err
		}
		old = r.content
		old.rewind(c.size)
		limit = c.size
		if head, err := readHead(heir.file); err == nil && head.Len < old.head.Len {
			old.head = head
			old.cursor.SetHead(head)
		}
	}
	old.last = registry.Tail{}
	t.reg.Move(old.cursor, registry.State{ID: heir.id, Born: heir.born, Path: c.known}, limit)
	t.files.hold(heir, old)
	t.files.hold(r, t.anew(r))
	heir.guess = guess{over: true}
	heir.doubt.Store(true)
	heir.active, heir.empty = time.Now(), 0
	heir.heir, r.after = r, heir
	t.enqueue(heir)
	t.lookAround()
	return nil
}

// finishCopy delivers what is open at the end of a copy. Nothing is added to a
// copy, so that a line without an end is done with, too.
func (t *Tailer) finishCopy(ctx context.Context, r *reader) error {
	if err := t.finishEvent(ctx, r, true, time.Now()); err != nil {
		return err
	}
	trail := r.trail
	err := t.send(ctx, r, event.Batch{}, r.offset)
	r.rewind(r.offset)
	r.trail = trail
	return err
}

// release lets the reader go on that waits for r.
func (t *Tailer) release(r *reader) {
	if h := r.heir; h != nil {
		r.heir, h.after = nil, nil
		t.enqueue(h)
	}
}
