// Package watch tells when files of a configuration may have changed.
//
// It looks at them now and then: kubelet takes a minute to bring a ConfigMap up to
// date, so that notifications would gain little, and they would cost a second
// inotify instance per pod, of which a node may have 128 for all its pods.
// The package must never know what stands in the files, or whether it is another
// thing than before.
package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Target is a file, or a pattern of files as of filepath.Match. It need not be
// there.
type Target struct {
	Path    string // absolute
	Pattern bool   // Path is a pattern
}

const (
	// Every is how often it is worth to look.
	Every = 10 * time.Second
	// Fastest is how often one may look.
	Fastest = 100 * time.Millisecond
	// settle is how long nothing must have happened before a change is told of:
	// whoever writes a file in place has done by then.
	settle = 100 * time.Millisecond
	// attempts is how often that is waited for.
	attempts = 20
)

// Run calls changed once when it has begun, so that nothing is missed since the
// files were read, and again when it finds that any of the targets is another file
// or was written to, until ctx ends. It looks each period.
func Run(ctx context.Context, targets []Target, period time.Duration, changed func()) {
	timer := time.NewTimer(period)
	defer timer.Stop()
	seen := look(targets)
	changed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := look(targets)
		for range attempts {
			if now == seen {
				break
			}
			timer.Reset(settle)
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			before := now
			if now = look(targets); now == before {
				seen = now
				changed()
			}
		}
		timer.Reset(period)
	}
}

// look describes the files as they are: which ones there are, which file each of
// them is behind all links, and when it was changed.
func look(targets []Target) string {
	var all []byte
	for _, t := range targets {
		paths := []string{t.Path}
		if t.Pattern {
			paths, _ = filepath.Glob(t.Path) // the pattern was checked
		}
		for _, path := range paths {
			all = append(all, path...)
			if info, err := os.Stat(path); err == nil {
				all = fmt.Appendf(all, " %d %d", info.Size(), info.ModTime().UnixNano())
				if s, ok := info.Sys().(*syscall.Stat_t); ok {
					all = fmt.Appendf(all, " %d %d %d", s.Dev, s.Ino, s.Ctim.Nano())
				}
			}
			all = append(all, '\n')
		}
	}
	return string(all)
}
