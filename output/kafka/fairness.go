package kafka

import "time"

// Which partition a batch goes to, and how much may wait for those that cannot be
// written: neither many partitions that fail nor a broker that hangs may hold back
// what others take.

// pick chooses the partition of a batch: each its turn, but for those that have
// more to send than others; then those whose broker leaves other requests without
// an answer, and at last those that have no leader or fail just now. One whose
// broker is stuck would collect the whole window otherwise.
func (s *Sink) pick() *lane {
	mute := s.muteBrokers()
	var best *lane
	var least, at int
	for i := range s.parts {
		p := s.parts[(s.next+i)%len(s.parts)]
		l := s.lanes[p.id]
		if l == nil {
			l = &lane{id: p.id}
			s.lanes[p.id] = l
		}
		l.broker = p.broker
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
	s.next += at + 1
	return best
}

// muteBrokers returns the brokers that leave requests without an answer.
func (s *Sink) muteBrokers() (mute map[string]bool) {
	for _, l := range s.lanes {
		if l.mute != "" {
			if mute == nil {
				mute = map[string]bool{}
			}
			mute[l.mute] = true
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

// stuck is what failing lanes hold while other partitions work, in batches and in
// compressed bytes. It is called with the lock held.
func (s *Sink) stuck() (batches, bytes int) {
	for _, l := range s.lanes {
		if l.failing {
			batches += len(l.queue)
			for _, b := range l.queue {
				bytes += b.size
			}
		}
	}
	if batches == 0 {
		return 0, 0
	}
	for _, p := range s.parts {
		if l := s.lanes[p.id]; p.leader && (l == nil || !l.failing) {
			return batches, bytes
		}
	}
	return 0, 0
}

// hasRoom says whether another batch may be opened. What partitions hold that
// cannot be written is not counted, within a bound of its own, while others can:
// twelve of them would stop them all.
func (s *Sink) hasRoom() bool {
	batches, bytes := s.stuck()
	return s.inFlight-batches < maxInFlight && s.bytes-bytes < maxInFlightBytes && bytes < maxStuckBytes && s.compression.room()
}
