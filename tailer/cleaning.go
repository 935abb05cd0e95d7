package tailer

import (
	"slices"
	"time"

	"github.com/logcar/logcar/registry"
)

// clean forgets the positions of files that did not change for clean_inactive, so
// that those that are gone or old do not pile up.
func (f *finder) clean(now time.Time) {
	if now.Sub(f.cleaned) < f.every || !slices.ContainsFunc(f.t.inputs, func(in *Input) bool { return in.CleanInactive > 0 }) {
		return
	}
	f.cleaned = now
	for _, st := range f.t.reg.States() {
		e := f.entries[st.ID]
		in := f.inputOf(st.Path)
		if e != nil {
			in = e.r.in
		}
		switch {
		case in == nil || in.CleanInactive <= 0 || now.Sub(st.Updated) < in.CleanInactive:
		case e == nil:
			f.t.reg.Remove(st.ID)
		case now.Sub(e.mtime) >= in.CleanInactive:
			f.t.inbox.put(message{kind: isStale, r: e.r})
		}
	}
}

// forget drops the position of a file of which everything is confirmed. The
// reader still knows it, should the file grow after all.
func (t *Tailer) forget(r *reader) {
	if r.forgotten || r.dead.Load() || r.queued || r.unfinished() || r.cursor.Position() < r.offset {
		return
	}
	t.reg.Remove(r.id)
	r.forgotten = true
}

// remember has the registry follow a file again that it was to forget.
func (t *Tailer) remember(r *reader) {
	r.forgotten = false
	t.files.follow(r, t.reg.Cursor(registry.State{ID: r.id, Born: r.born, Head: r.head, Path: r.path, Position: r.issued}))
}
