package processor

import (
	"sync"
	"time"
)

// watched counts how often a text has become another one.
type watched struct {
	mu   sync.Mutex
	last string
	n    uint64
}

func (w *watched) count(text string) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if text != w.last {
		w.last = text
		w.n++
	}
	return w.n
}

// cached is what was read from the surroundings of the events, to be read again
// after a while.
type cached struct {
	mu    sync.Mutex
	every time.Duration
	// read returns the fields and whether they are others than those it returned
	// before.
	read   func() (fields map[string]any, changed bool)
	next   time.Time
	fields map[string]any
	n      uint64
}

// get returns the fields, which nobody may change, and a number that differs when
// they do.
func (c *cached) get() (fields map[string]any, version uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); !now.Before(c.next) {
		c.next = now.Add(c.every)
		if fields, changed := c.read(); changed {
			c.fields = fields
			c.n++
		}
	}
	return c.fields, c.n
}
