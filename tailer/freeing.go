package tailer

import "time"

// stuck is what is known of a deleted file of which nothing more is delivered.
type stuck struct {
	since               time.Time // zero: the file has a name
	position, confirmed int64
}

// free closes deleted files of which nothing was read or confirmed for
// Options.DeletedTimeout: while somebody has them open, the disk is not freed of
// them. What is not read of them by then is lost, and counted; what is in flight
// stays there. The finder calls it, since the loop may wait for the sink.
func (t *Tailer) free(now time.Time) {
	if t.opts.DeletedTimeout <= 0 {
		return
	}
	t.own.Lock()
	defer t.own.Unlock()
	waits := !t.sending.IsZero() && now.Sub(t.sending) >= t.opts.DeletedTimeout
	for _, r := range t.files.all() {
		at := stuck{since: now, position: r.offset, confirmed: r.cursor.Position()}
		switch was := r.stuck; {
		case !r.deleted():
			r.stuck = stuck{}
			continue
		case was.since.IsZero(), was.position != at.position, was.confirmed != at.confirmed:
			r.stuck = at
			continue
		case now.Sub(was.since) < t.opts.DeletedTimeout:
			continue
		}
		fi, err := r.file.Stat()
		if err != nil || fi.Size() == r.offset && r.cursor.Pending() == 0 && !waits {
			continue // nothing of it is missing, and it is kept for what may come
		}
		t.lose(r, &t.stats.lostDeleted, "deleted file is given up, since nothing of it could be delivered for too long", fi.Size()-r.offset)
		r.most.Store(0) // it is counted
		t.shut(r)
		t.inbox.put(message{kind: wasWritten, r: r}) // the reader sees that it has gone
	}
}

// handing is around a call of the sink: meanwhile others may look after files.
func (t *Tailer) handing(send func() error) error {
	t.sending = time.Now()
	t.own.Unlock()
	err := send()
	t.own.Lock()
	t.sending = time.Time{}
	return err
}
