package kafka

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// The levels that compression_level: auto chooses from.
const (
	fastLevel   = 1
	usualLevel  = 3
	denseLevel  = 6
	throttleAge = time.Second
)

// AutoLevel is the Level that leaves the choice to logcar: fast while batches
// queue for compression or the cgroup is throttled, dense for what is small, since
// nothing is cheaper than a small batch, usual otherwise.
const AutoLevel = 100

// levelOf chooses the level for a batch. It is called with the lock held.
func (s *Sink) levelOf(b *batch) int {
	switch {
	case s.cfg.Level != AutoLevel:
		return s.cfg.Level
	case len(s.compression.queue) > 0 || s.throttle.looks(time.Now()):
		return fastLevel
	case len(b.raw) <= smallBatch:
		return denseLevel
	}
	return usualLevel
}

// throttle tells whether the cgroup has been denied CPU lately.
type throttle struct {
	path  string // cpu.stat of the own cgroup
	asked time.Time
	count uint64
	now   bool
}

// looks reads the file at most once a second.
func (t *throttle) looks(now time.Time) bool {
	if now.Sub(t.asked) < throttleAge {
		return t.now
	}
	first := t.asked.IsZero()
	t.asked = now
	stat, err := os.ReadFile(t.path)
	if err != nil {
		return false // no limit that could be seen
	}
	n := throttled(stat)
	t.now, t.count = !first && n > t.count, n
	return t.now
}

// throttled reads nr_throttled out of cpu.stat.
func throttled(stat []byte) uint64 {
	_, rest, ok := bytes.Cut(stat, []byte("nr_throttled "))
	if !ok {
		return 0
	}
	number, _, _ := bytes.Cut(rest, []byte{'\n'})
	n, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
