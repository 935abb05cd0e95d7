package tailer

import "sync/atomic"

type counters struct {
	bytes, events, filtered, truncations atomic.Uint64
}

// Stats are numbers since the start.
type Stats struct {
	Bytes       uint64 // read
	Events      uint64 // handed to the sink
	Filtered    uint64 // left out by include_lines and exclude_lines
	Truncations uint64 // times that a file became shorter than what was read of it
	Open        int    // files that are open now
}

// Stats returns the tailer's numbers.
func (t *Tailer) Stats() Stats {
	c := &t.stats
	return Stats{
		Bytes: c.bytes.Load(), Events: c.events.Load(), Filtered: c.filtered.Load(),
		Truncations: c.truncations.Load(), Open: int(t.open.Load()),
	}
}
