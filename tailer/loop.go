package tailer

import (
	"context"
	"errors"
	"os"
	"time"

	"go.uber.org/zap"
)

// loop reads the files that have something, and sleeps until one has.
func (t *Tailer) loop(ctx context.Context, end *ending) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	t.own.Lock()
	defer t.own.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := time.Now()
		t.receive()
		t.ring(now)
		end.step(t, now)
		select {
		case <-end.begin:
			return ErrHandedOver
		default:
		}
		if r := t.ready.pop(); r != nil {
			if err := t.serve(ctx, r); err != nil {
				return err
			}
			continue
		}
		if t.draining {
			return nil
		}
		timer.Reset(t.due(now, end).Sub(now))
		t.own.Unlock()
		select {
		case <-ctx.Done():
		case <-t.inbox.signal:
		case <-timer.C:
		case <-end.begin:
			t.own.Lock()
			return ErrHandedOver
		case <-end.finish:
		case <-end.found:
		}
		t.own.Lock()
	}
}

// due is when there is something to do, unless something is heard before.
func (t *Tailer) due(now time.Time, end *ending) time.Time {
	due := now.Add(time.Hour)
	if len(t.waiting) > 0 {
		due = t.waiting[0].due
	}
	if q := end.quiet(t); !q.IsZero() && q.Before(due) {
		due = q
	}
	return due
}

// Announce says that the end is near: the pod is going. From now on files are
// looked at more often, and a last line without a line end is delivered when Run
// finishes, since nobody will come to complete it.
func (t *Tailer) Announce() {
	t.announced.Store(true)
	t.inbox.wake()
}

// drain turns to reading to the end: every reader gets its turns until its file
// has no more, and is closed then.
func (t *Tailer) drain() {
	t.receive()
	t.draining = true
	t.enqueueAll()
}

// receive carries out what the finder has left in the inbox.
func (t *Tailer) receive() {
	for _, m := range t.inbox.take() {
		r := m.r
		switch m.kind {
		case isFound, wasWritten:
			if !r.dead.Load() {
				t.enqueue(r)
			}
		case isLeaving:
			t.hold(r, m.file)
		case isStaying:
			r.held = false
		case hasMoved:
			r.path, r.gone, r.held = m.path, false, false
			r.cursor.SetPath(m.path)
			if m.other && !r.dead.Load() {
				t.follow(r)
			}
		case wasTouched:
			if !r.dead.Load() {
				r.touched = true
				t.enqueue(r)
			}
		case isIdentified:
			t.reg.Rename(r.id, m.id)
			t.files.rename(r, m.id)
		case isStale:
			t.forget(r)
		case hasGone:
			r.gone, r.left, r.held = true, time.Now(), false
			if !t.fits(r) {
				t.shut(r) // the text that it had is nowhere any more
			}
			if !r.queued && !r.dead.Load() {
				// Not at once: what was written before the file went was
				// notified, and its successor's first lines must not wait.
				t.park(r, time.Now().Add(goneLook))
			}
		}
	}
}

// ring enqueues the readers whose time has come.
func (t *Tailer) ring(now time.Time) {
	if t.announced.Load() {
		t.hasten()
	}
	for len(t.waiting) > 0 && !t.waiting[0].due.After(now) {
		t.enqueue(t.waiting[0])
	}
}

// hasten has every file looked at often from now on.
func (t *Tailer) hasten() {
	if !t.hurrying {
		t.hurrying = true
		t.enqueueAll() // their times were set without hurry
	}
}

// enqueueAll enqueues every reader that waits.
func (t *Tailer) enqueueAll() {
	for len(t.waiting) > 0 {
		t.enqueue(t.waiting[0])
	}
}

func (t *Tailer) enqueue(r *reader) {
	if r.queued {
		return
	}
	t.waiting.remove(r)
	r.queued = true
	t.ready.push(r)
}

func (t *Tailer) park(r *reader, due time.Time) {
	r.due = due
	t.waiting.put(r)
}

// serve gives r a turn and decides when it has the next.
func (t *Tailer) serve(ctx context.Context, r *reader) error {
	r.queued = false
	if r.after != nil || r.dead.Load() || t.condemned(r, time.Now()) {
		return nil
	}
	more, err := t.turn(ctx, r)
	if errors.Is(err, errEmptied) {
		more, err = true, t.emptied(ctx, r)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errSink):
		return err
	case errors.Is(err, errCorrupt):
		return t.giveUp(ctx, r, err)
	case err != nil && r.gone && r.file == nil:
		// What was not read cannot be read any more; what was, can go out.
		t.lose(r, &t.stats.lostDeleted, goneUnread, r.most.Swap(0)-r.offset)
		err = t.finishEvent(ctx, r, true, time.Now())
		t.bury(r)
		return err
	case err != nil:
		t.failed(r, err)
		return nil
	case r.guess.waits:
		t.wait(r)
		return nil
	case r.file == nil: // it was freed meanwhile
		t.enqueue(r)
		return nil
	case t.overdue(r):
		return t.letGo(ctx, r, more)
	case more && t.crowded(r.in): // no idle file could make room
		t.makeWay(r)
		return nil
	case more:
		t.enqueue(r)
		return nil
	}
	return t.rest(ctx, r)
}

// failed deals with a file that cannot be opened or read: it is tried again.
func (t *Tailer) failed(r *reader, err error) {
	// When the path leads elsewhere, the finder will say where the file is now.
	moved := errors.Is(err, os.ErrNotExist) || errors.Is(err, errReplaced)
	if !r.troubled && !moved {
		t.log.Error("cannot read file, trying again", zap.String("path", r.path), zap.Error(err))
		r.troubled = true
	}
	t.release(r)
	if t.draining {
		t.log.Error("file is not read to its end", zap.String("path", r.path), zap.Int64("offset", r.offset))
		t.bury(r)
		return
	}
	t.park(r, time.Now().Add(t.pause(r)))
}
