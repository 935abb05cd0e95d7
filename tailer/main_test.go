package tailer

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A mode is how a tailer hears of changes.
type mode string

const (
	// polling runs in a synctest bubble: hours pass at once, and with Filebeat's
	// own intervals a test sees what a user would see.
	polling mode = "polling"
	// notified runs in real time. inotify cannot be in a bubble.
	notified mode = "notified"
)

// noWatcher is newWatcher where there are no notifications.
func noWatcher(log *zap.Logger) *watcher {
	return &watcher{log: log, dirs: map[string]bool{}}
}

// openRegistry opens the registry of a directory.
func openRegistry(tb testing.TB, dir string) *registry.Registry {
	tb.Helper()
	reg, err := registry.Open(filepath.Join(dir, "registry.json"), registry.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return reg
}

// newTailer returns a tailer of the mode.
func newTailer(tb testing.TB, m mode, inputs []*Input, opts Options, reg *registry.Registry, sink event.Sink, log *zap.Logger) *Tailer {
	tb.Helper()
	tl, err := New(inputs, opts, reg, sink, log)
	if err != nil {
		tb.Fatal(err)
	}
	if m == polling {
		tl.watch = noWatcher
	}
	return tl
}
