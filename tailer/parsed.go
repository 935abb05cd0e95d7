package tailer

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
)

// turnParsed is turn for inputs whose bytes are more than lines in UTF-8.
func (t *Tailer) turnParsed(ctx context.Context, r *reader) (more bool, err error) {
	if err := t.lookAtHead(r); err != nil {
		return false, err
	}
	room := t.scratch[:readSize]
	n, err := t.readOn(r, room)
	if err != nil || n == 0 {
		return t.atEnd(ctx, r, err)
	}
	goesOn := n == readSize || r.file.foreign() || r.heir != nil
	now := time.Now()
	if err := r.parse.Feed(room[:n], now); err != nil {
		return false, t.unreadable(r, err)
	}
	t.progress(r, room[:n])
	for more := true; more; {
		t.out.Reset()
		more = r.parse.Take(&t.out, maxEvents)
		if err := t.sendParsed(ctx, r, now, r.parse.Settled()); err != nil {
			return false, err
		}
	}
	return goesOn, nil
}

// lookAtHead tells the parser the byte order of a file that is not read from its
// beginning.
func (t *Tailer) lookAtHead(r *reader) error {
	if r.offset == 0 || r.headed || !r.in.Parse.NeedsHead() {
		return nil
	}
	var head [4]byte
	n, _, err := r.file.head(head[:])
	if err != nil {
		return err
	}
	if err := r.parse.Head(head[:n]); err != nil {
		return t.unreadable(r, err)
	}
	r.headed = true
	return nil
}

// unreadable deals with a file that is not in its encoding: it may be written anew,
// and must not stay open when it is deleted.
func (t *Tailer) unreadable(r *reader, err error) error {
	r.rewind(r.issued) // nothing since then was understood
	r.doubt.Store(true)
	r.read.Store(r.offset)
	r.empty++ // the next look is later than this one was
	t.shut(r)
	return fmt.Errorf("read %s: %w", r.path, err)
}

// sendParsed hands over what is in t.out.
func (t *Tailer) sendParsed(ctx context.Context, r *reader, at time.Time, end int64) error {
	o := &t.out
	t.stats.filtered.Add(o.Filtered)
	t.stats.skipped.Add(o.Skipped)
	t.stats.unparsed.Add(o.Failed)
	for _, e := range o.Events {
		if e.Flags&event.Truncated != 0 {
			t.stats.shortened.Add(1)
		}
	}
	if o.Err != nil {
		t.log.Warn("line is not in the format that is expected", zap.String("path", r.path), zap.Error(o.Err))
	}
	return t.send(ctx, r, event.Batch{Time: at, Data: o.Data, Events: o.Events, Extras: o.Extras}, end)
}

// finishParsed is finishEvent.
func (t *Tailer) finishParsed(ctx context.Context, r *reader, last bool, now time.Time) error {
	t.out.Reset()
	var end int64
	if last {
		end = r.confirms(r.parse.Close(&t.out, now))
	} else {
		r.parse.Flush(&t.out, now)
		end = r.parse.Settled()
	}
	return t.sendParsed(ctx, r, now, end)
}
