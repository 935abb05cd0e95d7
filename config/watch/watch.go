// Package watch tells when files of a configuration may have changed.
//
// It hears of it by notifications of the directories on the way to each file, those
// of symbolic links included: a ConfigMap's files are links into a directory that is
// a link itself, which kubelet exchanges. Nothing wakes up while nothing happens.
// The package must never know what stands in the files, or whether it is another
// thing than before: it may call once too often, and never once too few.
package watch

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// Target is a file, or a pattern of files as of filepath.Match. It need not be
// there.
type Target struct {
	Path    string // absolute
	Pattern bool   // Path is a pattern
}

const (
	// settle is how long nothing must have happened before a change is told of:
	// whoever writes a file in place has done by then.
	settle = 100 * time.Millisecond
	// patience is how long that is waited for.
	patience = 2 * time.Second
	// buffered is how many notifications wait while changes are told of.
	buffered = 64
)

// Run calls changed once when it has begun to listen, so that nothing is missed
// since the files were read, and again when any of the targets may have changed,
// until ctx ends. It also calls it each period, unless that is 0: some volumes do
// not notify. When there are no notifications to be had it logs so, once.
func Run(ctx context.Context, targets []Target, period time.Duration, log *zap.Logger, changed func()) {
	w := watcher{targets: targets, log: log}
	if len(targets) > 0 {
		w.open()
		defer w.close()
	}
	var ticks <-chan time.Time
	if period > 0 {
		t := time.NewTicker(period)
		defer t.Stop()
		ticks = t.C
	}
	for {
		w.set() // before changed: what comes after it is heard of
		changed()
		if !w.listen(ctx, ticks) {
			return
		}
	}
}

// watcher is fsnotify on the directories where something of interest may happen.
type watcher struct {
	targets []Target
	log     *zap.Logger
	fs      *fsnotify.Watcher // nil: there are no notifications
	dirs    map[string]bool
	places  places
	told    bool
}

func (w *watcher) open() {
	fs, err := fsnotify.NewBufferedWatcher(buffered)
	if err != nil {
		w.tell("", err)
		return
	}
	w.fs, w.dirs = fs, map[string]bool{}
}

func (w *watcher) close() {
	if w.fs != nil {
		_ = w.fs.Close() // nothing is lost with it
	}
}

func (w *watcher) tell(dir string, err error) {
	if !w.told {
		w.told = true
		w.log.Warn("changes of the configuration are not noticed by themselves; SIGHUP applies them, or filebeat.config.inputs.reload.period",
			zap.String("path", dir), zap.Error(err))
	}
}

// set finds out where the targets are by now, and watches there.
func (w *watcher) set() {
	if w.fs == nil {
		return
	}
	w.places = find(w.targets)
	for dir := range w.dirs {
		if !w.places.dirs[dir] {
			_ = w.fs.Remove(dir) // it may have gone by itself
			delete(w.dirs, dir)
		}
	}
	for dir := range w.places.dirs {
		if err := w.fs.Add(dir); err != nil { // also one that is known: its name may be another's now
			w.tell(dir, err)
			continue
		}
		w.dirs[dir] = true
	}
}

// listen waits until something may have changed; it returns false when ctx has
// ended.
func (w *watcher) listen(ctx context.Context, ticks <-chan time.Time) bool {
	var events <-chan fsnotify.Event
	var errs <-chan error
	if w.fs != nil {
		events, errs = w.fs.Events, w.fs.Errors
	}
	var quiet <-chan time.Time // nil until something has happened
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return false
		case <-ticks:
			return true
		case <-quiet:
			return true
		case ev := <-events:
			if !w.places.concern(ev.Name) {
				continue
			}
		case err := <-errs:
			w.log.Debug("notifications of the configuration's directories were lost", zap.Error(err))
		}
		if last.IsZero() {
			last = time.Now().Add(patience)
		}
		quiet = time.After(min(settle, time.Until(last)))
	}
}
