package tailer

import (
	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// watcher is fsnotify on the directories of the inputs. Without it, when inotify
// instances have run out or the file system does not notify, polling alone
// finds everything, later.
type watcher struct {
	log  *zap.Logger
	fs   *fsnotify.Watcher // nil: polling alone
	dirs map[string]bool
	told bool
}

// buffered is how many notifications wait while the finder is busy or calm.
const buffered = 64

func newWatcher(log *zap.Logger) *watcher {
	w := &watcher{log: log, dirs: map[string]bool{}}
	fs, err := fsnotify.NewBufferedWatcher(buffered)
	if err != nil {
		log.Warn("no file notifications, polling instead", zap.Error(err))
		return w
	}
	w.fs = fs
	return w
}

// events is a channel that never has anything when there are no notifications.
func (w *watcher) events() <-chan fsnotify.Event {
	if w.fs == nil {
		return nil
	}
	return w.fs.Events
}

func (w *watcher) errors() <-chan error {
	if w.fs == nil {
		return nil
	}
	return w.fs.Errors
}

func (w *watcher) close() {
	if w.fs != nil {
		_ = w.fs.Close() // nothing is lost with it
	}
}

// set watches dirs and no others. It says whether there are new ones among them.
func (w *watcher) set(dirs []string) (fresh bool) {
	if w.fs == nil {
		return false
	}
	wanted := make(map[string]bool, len(dirs))
	for _, d := range dirs {
		wanted[d] = true
	}
	for d := range w.dirs {
		if !wanted[d] {
			_ = w.fs.Remove(d) // it may have gone by itself
			delete(w.dirs, d)
		}
	}
	for d := range wanted {
		if err := w.fs.Add(d); err == nil {
			fresh = fresh || !w.dirs[d]
			w.dirs[d] = true
		} else if !w.told {
			w.told = true
			w.log.Warn("cannot watch a directory, polling instead", zap.String("path", d), zap.Error(err))
		}
	}
	return fresh
}
