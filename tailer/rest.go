package tailer

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/event"
)

// state is what there is to say of a file that has no more for now.
type state struct {
	closing  bool // nothing more is expected of it
	inactive bool // it can be opened again when it grows
	late     bool // its open event has waited for long enough
}

func (t *Tailer) judge(r *reader, now time.Time) state {
	idle := now.Sub(r.active)
	deadline, waits := r.deadline()
	left := r.gone && idle >= r.patience() && now.Sub(r.left) >= goneQuiet
	return state{
		closing:  (r.in.CloseEOF && !r.held) || t.draining || left,
		inactive: !r.gone && !r.held && idle >= r.in.CloseInactive && !r.unfinished(),
		late:     waits && !deadline.After(now),
	}
}

// rest decides what becomes of a reader whose file has no more for now.
func (t *Tailer) rest(ctx context.Context, r *reader) error {
	now := time.Now()
	is := t.judge(r, now)
	final := is.closing && (r.gone || !t.draining)
	if r.empty == 0 && (final || is.inactive || is.late) {
		// The time may have passed in Send, and there may be more by now.
		t.enqueue(r)
		return nil
	}
	if is.closing || is.late {
		last := is.closing && (r.gone || t.draining && (t.opts.Unterminated || t.announced.Load()))
		if err := t.finishEvent(ctx, r, last, now); err != nil {
			return err
		}
	}
	switch {
	case r.gone && is.closing && !t.draining && r.cursor.Pending() > 0:
		// Nobody else can read it again, should what was sent be given up.
		t.park(r, t.due(r, now))
	case t.draining || (r.gone && is.closing):
		t.bury(r)
	case is.closing || is.inactive:
		t.shut(r) // the finder notices when it grows
	default:
		t.park(r, t.due(r, now))
	}
	return nil
}

// due is when a file is to be looked at again, unless something is heard of it.
func (t *Tailer) due(r *reader, now time.Time) time.Time {
	due := now.Add(t.pause(r))
	if d, waits := r.deadline(); waits && d.Before(due) {
		return d
	}
	return due
}

// deadline is when the open event has waited for its next line long enough.
func (r *reader) deadline() (at time.Time, waits bool) {
	if r.parse != nil {
		return r.parse.Deadline()
	}
	c := &r.cut
	return c.latest.Add(c.Timeout), c.lines > 0 && c.Timeout > 0
}

// unfinished says that there is an open event or a line without an end.
func (r *reader) unfinished() bool {
	if r.parse != nil {
		return r.parse.Settled() < r.offset
	}
	return r.cut.lines > 0 || len(r.cut.buf) > 0
}

// patience is how long a file that has gone must be quiet.
func (r *reader) patience() time.Duration {
	if r.unfinished() {
		// The rest of an event or a line may still come from a writer that
		// keeps the file open.
		wait := goneQuiet
		if d, waits := r.deadline(); waits {
			wait = max(wait, d.Sub(r.active))
		}
		return wait
	}
	soon := r.in.CloseRenamed
	if r.deleted() {
		soon = r.in.CloseRemoved
	}
	if soon {
		return goneQuiet
	}
	return max(goneQuiet, r.in.CloseInactive)
}

// holds says that closing the file would lose the reader's place in an event.
func (r *reader) holds() bool {
	if r.parse != nil {
		return r.unfinished()
	}
	return r.cut.lines > 0
}

// deleted says that the file has no name at all any more.
func (r *reader) deleted() bool {
	var st unix.Stat_t
	return r.file != nil && unix.Fstat(int(r.file.Fd()), &st) == nil && st.Nlink == 0
}

// finishEvent delivers the open event without waiting for its next line; last
// includes a line that has no end.
func (t *Tailer) finishEvent(ctx context.Context, r *reader, last bool, now time.Time) error {
	if r.parse != nil {
		return t.finishParsed(ctx, r, last, now)
	}
	c := &r.cut
	at, end := now, int64(0)
	if c.lines > 0 {
		at = c.since
	}
	if last {
		// The position stays before a line without an end: should its writer
		// still live, the whole line is read next time.
		t.events, end = c.flushPartial(t.events[:0], now)
	} else {
		t.events = c.flush(t.events[:0])
		end = c.settled()
	}
	err := t.send(ctx, r, event.Batch{Time: at, Data: c.buf, Events: t.events}, end)
	c.compact()
	return err
}

// pause is how long to wait before looking at the file again unless something
// is heard of it: doubling from Backoff to MaxBackoff.
func (t *Tailer) pause(r *reader) time.Duration {
	d := r.in.Backoff
	if t.announced.Load() {
		return min(d, hurry)
	}
	for range min(r.empty, 20) {
		if d *= 2; d >= r.in.MaxBackoff {
			return r.in.MaxBackoff
		}
	}
	return d
}
