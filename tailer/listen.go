package tailer

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// calm is how long the finder pauses after it has heard something. Meanwhile the
// kernel merges what is alike, so that a file that is written ten thousand times
// a second costs no more than one that is written two hundred times.
const calm = 4 * time.Millisecond

// listen hears notifications until it is time to scan again: at the latest when
// next has come, at the earliest at soonest. It returns false when the time has
// come to stop.
func (f *finder) listen(ctx context.Context, finish <-chan struct{}, next, soonest time.Time) bool {
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	for {
		dirty := false
		select {
		case <-ctx.Done():
			return false
		case <-finish:
			return false
		case <-timer.C:
			return true
		case ev := <-f.watch.events():
			dirty = f.hear(ev)
		case err := <-f.watch.errors():
			f.t.log.Warn("file notifications were lost, looking at all files", zap.Error(err))
			f.wakeAll()
			dirty = true
		case <-f.t.look:
			dirty = true
		}
		dirty = f.hearRest() || dirty
		if dirty {
			return rest(ctx, finish, time.Until(soonest))
		}
		if !rest(ctx, finish, calm) {
			return false
		}
	}
}

// rest waits; it says whether nothing was to end the wait.
func rest(ctx context.Context, finish <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-finish:
		return false
	case <-timer.C:
		return true
	}
}

// hearRest hears what has piled up; it says whether to scan.
func (f *finder) hearRest() (dirty bool) {
	for range buffered {
		select {
		case ev := <-f.watch.events():
			dirty = f.hear(ev) || dirty
		default:
			return dirty
		}
	}
	return dirty
}

// hear takes a notification; it says whether directories have changed. A write
// only wakes its reader, and one into a file that no pattern matches nobody.
func (f *finder) hear(ev fsnotify.Event) (dirty bool) {
	if ev.Has(fsnotify.Create | fsnotify.Remove | fsnotify.Rename) {
		// Until the next scan the path may lead to another file, whose writes
		// must not be taken for this one's.
		delete(f.paths, ev.Name)
		return true
	}
	if e := f.paths[ev.Name]; e != nil && !e.gone && ev.Has(fsnotify.Write) {
		f.t.inbox.put(message{kind: wasWritten, r: e.r})
	}
	return f.short[ev.Name] // it may be long enough now
}

func (f *finder) wakeAll() {
	for _, e := range f.entries {
		f.t.inbox.put(message{kind: wasWritten, r: e.r})
	}
}
