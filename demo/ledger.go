package main

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/logcar/logcar/internal/javalog"
)

// A ledger holds every event that was written and strikes off what arrives. It
// keeps hashes, not texts, so that its memory stays small. Its methods may be
// called by several goroutines.
type ledger struct {
	mu      sync.Mutex
	seed    maphash.Seed
	written []entry // event number n is written[n-1]
	bytes   int64
	order   map[stream]uint64 // the latest event that arrived first time
	tally   tally
	latency []time.Duration
}

type entry struct {
	sum     uint64
	at      time.Time
	file    int // counts up with each rotation
	traced  bool
	arrived bool
}

// A stream is what must keep its order: the events of one file that were put
// into one partition.
type stream struct {
	file      int
	partition int32
}

// An arrival is one document as it was read back.
type arrival struct {
	document
	partition int32
	at        time.Time
}

// A tally counts events, except for those of its fields that say otherwise.
type tally struct {
	written, delivered, missing int
	traces, tracesDelivered     int

	repeated   int // documents beyond an event's first
	torn       int // documents whose text is not that of an event as it was written
	disordered int // events that came before an earlier one of their file, in the same partition
	mislabeled int // documents with other fields than the pod's
}

// complete reports whether all that logcar promises was kept. A repeated
// document is none of it: delivery is at least once.
func (t tally) complete() bool {
	return t.missing == 0 && t.torn == 0 && t.disordered == 0 && t.mislabeled == 0
}

func newLedger() *ledger {
	return &ledger{seed: maphash.MakeSeed(), order: make(map[stream]uint64)}
}

// write enters the next event, with its line ends, before it is written to the
// file: logcar may be quicker than the writer's next statement.
func (l *ledger) write(event []byte, file int, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := event[:len(event)-1] // a document's message ends without a line feed
	traced := slices.Contains(text, '\n')
	l.written = append(l.written, entry{sum: maphash.Bytes(l.seed, text), at: at, file: file, traced: traced})
	l.bytes += int64(len(event))
	l.tally.written++
	if traced {
		l.tally.traces++
	}
}

// arrive strikes off the event that a document holds.
func (l *ledger) arrive(a arrival) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.Fields != podFields {
		l.tally.mislabeled++
	}
	n, ok := javalog.Sequence(a.Message)
	if !ok || n < 1 || n > uint64(len(l.written)) {
		l.tally.torn++
		return
	}
	e := &l.written[n-1]
	if maphash.String(l.seed, a.Message) != e.sum {
		l.tally.torn++
		return
	}
	if e.arrived {
		l.tally.repeated++
		return
	}
	e.arrived = true
	l.tally.delivered++
	if e.traced {
		l.tally.tracesDelivered++
	}
	l.latency = append(l.latency, a.at.Sub(e.at))
	s := stream{e.file, a.partition}
	if n < l.order[s] {
		l.tally.disordered++
	} else {
		l.order[s] = n
	}
}

// balance returns the counts so far, and how many bytes were written.
func (l *ledger) balance() (t tally, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t = l.tally
	t.missing = t.written - t.delivered
	return t, l.bytes
}

// latencies returns the median and the 99th percentile of the time from an
// event's writing to its document's reading, over the events that arrived.
func (l *ledger) latencies() (p50, p99 time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.latency) == 0 {
		return 0, 0
	}
	slices.Sort(l.latency)
	at := func(percent int) time.Duration { return l.latency[(len(l.latency)-1)*percent/100] }
	return at(50), at(99)
}

// continuationLines counts the lines below an event's first.
func continuationLines(message string) int { return strings.Count(message, "\n") }
