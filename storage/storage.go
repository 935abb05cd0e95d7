// Package storage looks after the volume that the application and logcar share:
// how full it is, a warning before kubelet evicts the pod for it, and, if asked
// to, the deletion of rotated files that nobody needs any more.
//
// It knows directories, names, sizes and times. It must never know what is in the
// files, who reads them or where their lines go: whether a file is done with, and
// may go, it asks whoever reads it.
package storage

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// every is the default of Config.Every: kubelet itself looks every ten seconds
	// to a minute.
	every = 10 * time.Second
	// Many files must not cost more than few: the pause is so many times as long
	// as the look took, but not longer than seldom for that.
	pauses = 200
	seldom = time.Minute
)

// Config says what is too full.
type Config struct {
	// MaxBytes is how much the directories of the logs may hold together: the
	// sizeLimit of their emptyDir. 0: unknown; only volumes are looked at then.
	MaxBytes int64
	Warn     int           // percent of MaxBytes, and of each volume, at which to warn; 0: never
	Delete   int           // percent of MaxBytes, or of a volume without it, at which rotated files are deleted; 0: never
	Every    time.Duration // between two looks; 0: ten seconds
}

// Logs is what a Guard must be told of the log files, by functions that may be
// called at any time.
type Logs struct {
	// Directories lists the directories that the logs are in, by absolute paths.
	Directories func() []string
	// Delete removes the file at path when nothing in it is needed any more, and
	// returns how many bytes come free by it. The error says why it stays.
	Delete func(path string) (freed int64, err error)
}

// Guard looks after the volumes of the logs.
type Guard struct {
	cfg    Config
	logs   Logs
	log    *zap.Logger
	statfs func(dir string) (Volume, error) // of the system, but in tests

	together alarms             // of the directories together
	alone    map[uint64]*alarms // of volumes, by device
	blind    bool               // that a directory cannot be looked into was logged

	mu    sync.Mutex
	stats Stats
}

// Stats are a Guard's numbers.
type Stats struct {
	Limit        int64 // MaxBytes
	Used         int64 // bytes in the directories; 0 without a limit, when nobody counts them
	Volumes      []Volume
	Deleted      uint64 // files
	DeletedBytes uint64
}

// Volume is a file system that logs are on.
type Volume struct {
	Path string // the first directory of logs on it
	Size int64  // bytes that may be used, by whomever
	Free int64  // of these, how many are not
}

// New returns a Guard. Nothing is looked at before Run.
func New(cfg Config, logs Logs, log *zap.Logger) *Guard {
	if cfg.Every <= 0 {
		cfg.Every = every
	}
	return &Guard{cfg: cfg, logs: logs, log: log, statfs: statfs, alone: map[uint64]*alarms{}, stats: Stats{Limit: cfg.MaxBytes}}
}

// Stats returns the numbers of the last look. It may be called by any goroutine.
func (g *Guard) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stats
}

// Run looks at once, and then now and then until ctx ends.
func (g *Guard) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			timer.Reset(max(g.cfg.Every, min(pauses*g.look(), seldom)))
		}
	}
}

// look measures, warns and deletes. It returns how long measuring took.
func (g *Guard) look() (took time.Duration) {
	began := time.Now()
	spaces := g.measure()
	took = time.Since(began)
	g.publish(spaces)
	for i := range spaces {
		g.warn(&spaces[i])
	}
	for i := range spaces {
		if s := &spaces[i]; s.together() == (g.cfg.MaxBytes > 0) {
			g.relieve(s)
		}
	}
	return took
}

// publish makes the numbers those that Stats returns.
func (g *Guard) publish(spaces []space) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stats.Used, g.stats.Volumes = 0, nil // not the slice that somebody may have got
	for _, s := range spaces {
		if s.together() {
			g.stats.Used = s.used
		} else {
			g.stats.Volumes = append(g.stats.Volumes, Volume{Path: s.volume, Size: s.size, Free: s.size - s.used})
		}
	}
}
