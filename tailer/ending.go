package tailer

import (
	"context"
	"errors"
	"time"
)

// ending is how Run comes to its end: finish says that it shall, last tells the
// finder to look a last time, and found says that it has.
type ending struct {
	finish <-chan struct{}
	last   chan<- struct{}
	found  <-chan struct{}
	since  time.Time       // when finish was heard
	done   <-chan struct{} // the same as found, which is forgotten once it was heard
	begin  <-chan struct{} // of the Handover; nil once finish was heard
}

// hear notes that Run shall finish.
func (e *ending) hear(now time.Time) { e.finish, e.begin, e.since = nil, nil, now }

// handsOver says that Run has ended for a handover. When that took too long ctx
// has ended, too.
func (e *ending) handsOver(ctx context.Context, err error) bool {
	select {
	case <-e.begin:
		return errors.Is(err, ErrHandedOver) || ctx.Err() != nil
	default:
		return false
	}
}

// quiet is when the files will have been quiet for long enough; zero while
// nobody wants to know.
func (e *ending) quiet(t *Tailer) time.Time {
	if e.since.IsZero() || e.last == nil {
		return time.Time{}
	}
	from := e.since
	if r := time.Unix(0, t.lastRead.Load()); r.After(from) {
		from = r
	}
	at := from.Add(t.opts.Quiet)
	if last := e.since.Add(t.opts.MaxQuiet); t.opts.MaxQuiet > 0 && last.Before(at) {
		return last
	}
	return at
}

// step moves on towards the end, as far as it goes without waiting.
func (e *ending) step(t *Tailer, now time.Time) {
	select {
	case <-e.finish:
		e.hear(now)
		t.hasten() // or the time to be quiet could pass without a look
	case <-e.found:
		e.found = nil
		t.drain()
	default:
	}
	q := e.quiet(t)
	if q.IsZero() || q.After(now) {
		return
	}
	// What is ready may be more of the same; only the limit does not wait for it.
	if limit := e.since.Add(t.opts.MaxQuiet); t.ready.empty() || (t.opts.MaxQuiet > 0 && !limit.After(now)) {
		close(e.last)
		e.last = nil
	}
}
