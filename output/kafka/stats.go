package kafka

import (
	"sync/atomic"
	"time"
)

// counters are the sink's numbers; they only grow.
type counters struct {
	events, logs, wire, requests, errors, truncated, dropped, reconnects, lettersTooLarge, lettersRefused atomic.Uint64

	nowhere [reasons]atomic.Uint64
}

// Stats are numbers since the start.
type Stats struct {
	Events     uint64 // delivered
	LogBytes   uint64 // bytes of log files that are dealt with, dropped events included
	WireBytes  uint64 // bytes of record batches that were confirmed
	Requests   uint64 // produce requests, failed ones included
	Errors     uint64 // failed requests
	Truncated  uint64 // events whose text was cut to fit the broker's limit
	Dropped    uint64 // events that did not fit even so, or were not to be cut
	Reconnects uint64 // times that the watchdog has closed all connections

	// Events that were dropped because no topic was selected for them or none can
	// have such a name; because the topic cannot be had (see TopicPatience); and
	// because a field that decides on the partition is missing (see Strict).
	NoTopic, LostTopic, NoPartition uint64

	// Events in the dead letter: too large, and refused by the broker for good.
	LettersTooLarge, LettersRefused uint64

	InFlight int // batches that are sealed and not confirmed
	Failing  int // partitions whose last request has failed
	Waiting  int // events in these batches that wait for their topic to be known

	// Stalled is why nothing is confirmed, once that has lasted for 30 s with
	// something to send, and StallCause the same in one word that never changes,
	// for alerts. Both are empty while anything gets through.
	Stalled, StallCause string
	// Unconfirmed is how long ago the last confirmation was; 0 while there is
	// nothing to send.
	Unconfirmed time.Duration
}

// Stats returns the sink's numbers.
func (s *Sink) Stats() Stats {
	c := &s.stats
	s.mu.Lock()
	inFlight, waiting := s.inFlight, 0
	for _, t := range s.targets {
		for _, b := range t.waiting {
			waiting += int(b.count)
		}
	}
	s.mu.Unlock()
	st := Stats{
		Events: c.events.Load(), LogBytes: c.logs.Load(), WireBytes: c.wire.Load(), Requests: c.requests.Load(),
		Errors: c.errors.Load(), Truncated: c.truncated.Load(), Dropped: c.dropped.Load(), Reconnects: c.reconnects.Load(),
		LettersTooLarge: c.lettersTooLarge.Load(), LettersRefused: c.lettersRefused.Load(), InFlight: inFlight,
		NoTopic: c.nowhere[noTopic].Load() + c.nowhere[badTopic].Load(), LostTopic: c.nowhere[lostTopic].Load(),
		NoPartition: c.nowhere[noHash].Load(), Waiting: waiting,
	}
	stalled, failing := s.outage.state()
	st.Failing = failing
	if inFlight > 0 {
		st.Unconfirmed = s.outage.quiet()
		if stalled != nil {
			st.Stalled, st.StallCause = stalled.what, stalled.name
		}
	}
	return st
}
