package tailer

import (
	"context"
	"time"

	"go.uber.org/zap"
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
		closing:  (r.in.CloseEOF && !r.held) || t.draining || left || r.file.final(),
		inactive: !r.gone && !r.held && idle >= r.in.CloseInactive && !r.unfinished(),
		late:     waits && !deadline.After(now),
	}
}

// rest decides what becomes of a reader whose file has no more for now.
func (t *Tailer) rest(ctx context.Context, r *reader) error {
	now := time.Now()
	is := t.judge(r, now)
	if t.movesOn(r, now) {
		return nil
	}
	if t.tooSoon(r, is) {
		t.enqueue(r)
		return nil
	}
	if is.closing || is.late {
		if err := t.finishEvent(ctx, r, is.closing && t.isLast(r), now); err != nil {
			return err
		}
	}
	if is.closing || is.inactive {
		t.missEnd(r)
	}
	switch {
	case r.gone && is.closing && !t.draining && r.cursor.Pending() > 0:
		// Nobody else can read it again, should what was sent be given up.
		t.park(r, t.next(r, now))
	case t.draining || (r.gone && is.closing):
		t.bury(r)
	case is.closing || is.inactive:
		t.retire(r) // the finder notices when it grows
	default:
		t.park(r, t.next(r, now))
	}
	return nil
}

// tooSoon says that nothing is to be concluded before another look: the time may
// have passed in Send, and there may be more by now, or a path that leads to a file
// that had gone.
func (t *Tailer) tooSoon(r *reader, is state) bool {
	if r.gone && is.closing && !t.draining && t.inbox.holds() {
		return true
	}
	final := is.closing && (r.gone || !t.draining)
	return r.empty == 0 && (final || is.inactive || is.late)
}

// isLast says that a line without an end is delivered when the file is let go.
func (t *Tailer) isLast(r *reader) bool {
	return r.gone || r.file.final() || t.draining && (t.opts.Unterminated || t.announced.Load())
}

// movesOn turns to where the text goes on, when what is open is read to its end.
func (t *Tailer) movesOn(r *reader, now time.Time) bool {
	if !r.elsewhere || !t.draining && (r.empty == 0 || now.Sub(r.active) < goneLook) {
		return false
	}
	t.shut(r)
	t.enqueue(r)
	return true
}

// missEnd says that a compressed file ends too early, which is what one that is
// still being written does, for a while.
func (t *Tailer) missEnd(r *reader) {
	if r.file.endsEarly() && !r.troubled {
		t.stats.corrupt.Add(1)
		t.log.Error("compressed file ends too early, waiting for the rest", zap.String("path", r.path), zap.Int64("offset", r.offset))
		r.troubled = true
	}
}

// next is when a file is to be looked at again, unless something is heard of it.
func (t *Tailer) next(r *reader, now time.Time) time.Time {
	due := now.Add(t.pause(r))
	if r.elsewhere && now.Add(goneLook).Before(due) {
		due = now.Add(goneLook)
	}
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
	if last && r.file != nil && r.file.final() {
		// Nobody will ever complete it.
		defer func() { r.rewind(r.offset) }()
	}
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
		end = r.confirms(end)
	} else {
		t.events = c.flush(t.events[:0])
		end = c.settled()
	}
	err := t.send(ctx, r, event.Batch{Time: at, Data: c.buf, Events: t.events}, end)
	c.compact()
	return err
}

// confirms is how far a file's last events confirm it, of which end was complete.
func (r *reader) confirms(end int64) int64 {
	if r.file != nil && r.file.final() {
		return r.offset
	}
	return end
}

// pause is how long to wait before looking at the file again unless something
// is heard of it: doubling from Backoff to MaxBackoff.
func (t *Tailer) pause(r *reader) time.Duration {
	d := r.in.Backoff
	if t.hurrying {
		return min(d, hurry)
	}
	for range min(r.empty, 20) {
		if d *= 2; d >= r.in.MaxBackoff {
			return r.in.MaxBackoff
		}
	}
	return d
}
