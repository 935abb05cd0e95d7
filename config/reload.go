package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"time"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/config/watch"
)

// Reload says how changes of the configuration are noticed while logcar runs.
type Reload struct {
	Enabled bool // otherwise a change waits for the next start
	// Watch has the files, and the patterns of files, whose changes shall be
	// noticed. Others count when something else is noticed.
	Watch  []watch.Target
	Period time.Duration // how often to look at them
}

func (r *Reload) watch(on bool, pattern string) {
	if on {
		r.Enabled = true
		r.Watch = append(r.Watch, watch.Target{Path: absolute(pattern), Pattern: true})
	}
}

// watchSources is for the main file, and what its options name.
func (r *Reload) watchSources(sources []tree.Source) {
	for _, s := range sources {
		if s.Regular { // a pipe gives nothing a second time
			r.Watch = append(r.Watch, watch.Target{Path: absolute(s.Path)})
		}
	}
}

// digest is what sha256sum prints of a single file; of several it is the same of
// what sha256sum prints of them, so that both can be compared with what is meant
// to be there.
func digest(sources []tree.Source) string {
	if len(sources) == 1 {
		return hex.EncodeToString(sources[0].Sum[:])
	}
	h := sha256.New()
	for _, s := range sources {
		fmt.Fprintf(h, "%x  %s\n", s.Sum, s.Path)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// absolute leaves a path as it is where the working directory is gone.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
