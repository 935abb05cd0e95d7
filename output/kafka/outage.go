package kafka

import (
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// outage keeps the log readable while brokers fail: one line when it begins, one
// when its cause changes, one every half minute, and one when it is over,
// however many lanes and attempts there are.
type outage struct {
	log *zap.Logger

	mu      sync.Mutex
	since   time.Time
	cause   string
	told    time.Time
	errors  int
	failing map[int]bool
}

const (
	reminder    = 30 * time.Second
	causeSettle = 5 * time.Second
)

func newOutage(log *zap.Logger) *outage {
	return &outage{log: log, failing: map[int]bool{}}
}

func (o *outage) failed(lane int, cause string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	begins := len(o.failing) == 0
	if begins {
		o.since, o.errors = now, 0
	}
	o.failing[lane] = true
	o.errors++
	age := now.Sub(o.told)
	if !begins && age < reminder && (cause == o.cause || age < causeSettle) {
		return
	}
	if begins && cause == o.cause && age < causeSettle {
		return // flapping
	}
	o.cause, o.told = cause, now
	o.log.Warn("kafka does not take events, trying again: "+cause,
		zap.Error(err), zap.Int("partition", lane), zap.Int("errors", o.errors), zap.Duration("for", now.Sub(o.since).Round(time.Millisecond)))
}

func (o *outage) ok(lane int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.failing[lane] {
		return
	}
	delete(o.failing, lane)
	if len(o.failing) == 0 && !o.told.Before(o.since) { // who was not told of it need not hear of its end
		o.log.Info("kafka takes events again", zap.Int("errors", o.errors), zap.Duration("after", time.Since(o.since).Round(time.Millisecond)))
	}
}

// stalled is why nothing is confirmed, once that has lasted; empty before, and
// while all is well.
func (o *outage) stalled() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.failing) == 0 || time.Since(o.since) < reminder {
		return ""
	}
	return o.cause
}

// counters are the sink's numbers; they only grow.
type counters struct {
	events, logs, wire, requests, errors, truncated, dropped atomic.Uint64
}

// Stats are numbers since the start.
type Stats struct {
	Events    uint64 // delivered
	LogBytes  uint64 // bytes of log files that are dealt with, dropped events included
	WireBytes uint64 // bytes of record batches that were confirmed
	Requests  uint64 // produce requests, failed ones included
	Errors    uint64 // failed requests
	Truncated uint64 // times that an event's text was cut to fit the broker's limit
	Dropped   uint64 // events that did not fit even so
	InFlight  int    // batches that are sealed and not confirmed
	Stalled   string // why partitions have taken nothing for 30 s; empty while all is well
}

// Stats returns the sink's numbers.
func (s *Sink) Stats() Stats {
	c := &s.stats
	s.mu.Lock()
	inFlight := s.inFlight
	s.mu.Unlock()
	return Stats{
		Events: c.events.Load(), LogBytes: c.logs.Load(), WireBytes: c.wire.Load(), Requests: c.requests.Load(),
		Errors: c.errors.Load(), Truncated: c.truncated.Load(), Dropped: c.dropped.Load(), InFlight: inFlight, Stalled: s.outage.stalled(),
	}
}
