package kafka

import (
	"math/rand/v2"
	"time"
)

// Which partition a batch goes to, and how much may wait for those that cannot be
// written: neither many partitions that fail nor a broker that hangs may hold back
// what others take.

// pick chooses the partition of a batch of events that may go to any: each its
// turn, but for those that have more to send than others; then those whose broker
// leaves other requests without an answer, and at last those that have no leader or
// fail just now. One whose broker is stuck would collect the whole window otherwise.
func (s *Sink) pick(t *target, events int32) *lane {
	how := &s.cfg.Partition
	if l := t.group; t.groupLeft > 0 && !l.failing && !l.gone {
		t.groupLeft -= int(events)
		return l
	}
	if how.Strategy == Random {
		t.next = rand.IntN(len(t.parts))
	}
	mute := s.muteBrokers()
	var best *lane
	var least, at int
	for i := range t.parts {
		p := t.parts[(t.next+i)%len(t.parts)]
		l := t.lane(p)
		load := len(l.queue)
		switch {
		case !p.leader || l.failing:
			load += 2 * maxInFlight
		case mute[p.broker]:
			load += maxInFlight
		}
		if best == nil || load < least {
			best, least, at = l, load, i
		}
		if least == 0 {
			break
		}
	}
	t.next += at + 1
	t.group, t.groupLeft = best, how.GroupEvents-int(events)
	return best
}

// muteBrokers returns the brokers that leave requests without an answer.
func (s *Sink) muteBrokers() (mute map[string]bool) {
	for _, t := range s.targets {
		for _, l := range t.lanes {
			if l.mute != "" {
				if mute == nil {
					mute = map[string]bool{}
				}
				mute[l.mute] = true
			}
		}
	}
	return mute
}

// impatience is a timer that counts a request as failing when its broker takes
// long. It may answer yet; but if it does not, what is sealed until the request
// is given up would all have to wait for that.
func (s *Sink) impatience(l *lane) *time.Timer {
	attempt := l.attempt
	return time.AfterFunc(s.slowLimit, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if l.attempt == attempt {
			s.avoid(l, true, true)
		}
	})
}

// avoid says whether other lanes are to be preferred to this one. It is called
// with the lock held.
func (s *Sink) avoid(l *lane, failing, mute bool) {
	changed := l.failing != failing
	l.failing, l.mute = failing, ""
	if mute {
		l.mute = l.broker
	}
	if changed {
		s.consider() // what waits may now go past this lane
		poke(s.room)
	}
}

// works says whether some partition of the topic can be written.
func (t *target) works() bool {
	for _, p := range t.parts {
		if l := t.lanes[p.id]; p.leader && (l == nil || !l.failing) {
			return true
		}
	}
	return false
}

// held is what lies in failing lanes, and what waits for the partitions to be known,
// in batches and in compressed bytes.
func (t *target) held() (batches, bytes int) {
	for _, b := range t.waiting {
		batches, bytes = batches+1, bytes+b.size
	}
	for _, l := range t.lanes {
		if l.failing {
			for _, b := range l.queue {
				batches, bytes = batches+1, bytes+b.size
			}
		}
	}
	return batches, bytes
}

// stuck is what is held anywhere while something else works, in batches and in
// compressed bytes. It is called with the lock held.
func (s *Sink) stuck() (batches, bytes int) {
	works := false
	for _, t := range s.targets {
		n, size := t.held()
		batches, bytes = batches+n, bytes+size
		works = works || t.works()
	}
	if !works {
		return 0, 0
	}
	return batches, bytes
}

// hasRoom says whether another batch may be opened. What partitions and topics hold
// that cannot be written is not counted, within a bound of its own, while others
// can: twelve of them would stop them all.
func (s *Sink) hasRoom() bool {
	batches, bytes := s.stuck()
	return s.inFlight-batches < maxInFlight && s.bytes-bytes < maxInFlightBytes && bytes < maxStuckBytes && s.compression.room(s.filled)
}
