package kafka

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"
)

// A lane is one partition of a topic in use. It has one request in flight, so that
// order holds through every retry. Its goroutine lives while there is something in
// it.
type lane struct {
	to      *target
	id      int32
	open    *batch // of events that have to go there
	queue   []*batch
	running bool
	broker  string // that leads the partition
	attempt int    // counts requests that have ended
	failing bool   // the last request failed, or lasts: other lanes are preferred
	mute    string // the broker that has not answered it: lanes of others are preferred
	gone    bool   // the topic has no such partition any more

	producer producer // its goroutine's alone
}

// place names the lane.
func (l *lane) place() place { return place{l.to.name, int(l.id)} }

// assign gives a sealed batch to a partition. It is called with the lock held.
func (s *Sink) assign(b *batch) {
	t := b.to
	if len(t.parts) == 0 || time.Since(t.partsAt) > partitionsAge {
		s.resolve(t)
	}
	if len(t.parts) == 0 {
		t.waiting = append(t.waiting, b)
		s.compress(b)
		return
	}
	l := b.lane
	if l != nil && l.gone {
		l = nil
		if p, ok := t.find(b.lane.id); ok { // it has come back
			l = t.lane(p)
		}
	}
	if l == nil {
		l = s.pick(t, b.count)
	}
	l.queue = append(l.queue, b)
	if l.running {
		// It may have to wait for long, and must not keep its raw buffer.
		s.compress(b)
		return
	}
	l.running = true
	s.work.Add(1)
	go s.drive(l)
}

// drive sends a lane's batches, one after the other, until none is left.
func (s *Sink) drive(l *lane) {
	defer s.work.Done()
	for {
		s.mu.Lock()
		if len(l.queue) == 0 {
			l.running = false
			s.mu.Unlock()
			return
		}
		b := l.queue[0]
		if !b.handed {
			b.handed = true
			s.press(b)
		}
		s.mu.Unlock()
		select {
		case <-b.ready:
		case <-s.life.Done():
			return
		}
		for i := 0; i < len(b.pieces); {
			if more := s.deliver(l, b, b.pieces[i]); more == nil {
				i++
			} else if s.life.Err() != nil {
				return
			} else if s.leaves(l, i) {
				return
			} else {
				b.pieces = append(b.pieces[:i:i], append(more, b.pieces[i+1:]...)...)
			}
		}
		s.mu.Lock()
		l.queue = l.queue[1:]
		s.mu.Unlock()
		s.settle(b)
	}
}

// leaves moves the batches of a lane whose partition is gone to others, the first
// one without its pieces that are delivered. When the topic as a whole was given
// up they go nowhere. It says whether it did.
func (s *Sink) leaves(l *lane, delivered int) bool {
	s.mu.Lock()
	if !l.gone {
		s.mu.Unlock()
		return false
	}
	left := l.queue
	l.queue = nil
	left[0].pieces = left[0].pieces[delivered:]
	lost := l.to.lost
	for _, b := range left {
		if !lost {
			s.assign(b)
		}
	}
	s.mu.Unlock()
	s.outage.ok(l.place())
	if lost {
		for _, b := range left {
			s.abandon(b)
		}
	}
	return true
}

// isGone says that l's partition is no more.
func (s *Sink) isGone(l *lane) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.gone
}

// deliver sends one piece until it is confirmed, or until nothing of it is left
// that could be; then it returns nil. When the
// piece must be cut, the partition is gone or the sink's life has ended, it
// returns what is to be sent in its place.
func (s *Sink) deliver(l *lane, b *batch, p piece) []piece {
	for attempt := 0; ; attempt++ {
		if attempt > 0 && s.isGone(l) {
			return []piece{p}
		}
		gen := s.cluster.seen()
		var err error
		if p, err = s.ask(l, b, p); err == nil {
			return nil
		}
		if s.life.Err() != nil {
			return []piece{p}
		}
		b.stale = true
		s.stats.errors.Add(1)
		if losesProducer(err) {
			s.log.Info("the broker has forgotten the producer, going on under a new id", zap.String("topic", l.to.name), zap.Int32("partition", l.id), zap.Error(err))
			l.producer.known = false
			if attempt == 0 {
				continue // nothing to wait for
			}
		}
		f := classify(err)
		if f.split {
			more, cutErr := s.split(p, b)
			if cutErr == nil {
				s.log.Warn("batch is larger than the broker allows, cutting it", zap.Int("bytes", len(p.wire)), zap.Int32("events", p.count))
				return more
			}
			err = cutErr
		}
		if f.final && s.cfg.DeadLetter != nil {
			rest, siftErr := s.sift(p, b, err)
			if siftErr == nil {
				s.advances(l)
				return rest
			}
			err = errors.Join(siftErr, err)
		}
		s.fails(l, f, err)
		if f.refresh {
			s.cluster.reset(gen)
		}
		if !s.pause(s.backoff(attempt, f.refresh)) {
			return []piece{p}
		}
		if f.refresh {
			s.mu.Lock()
			s.resolve(l.to)
			s.mu.Unlock()
		}
	}
}

// ask sends a piece once and waits for the confirmation. It returns the piece as
// it was signed.
func (s *Sink) ask(l *lane, b *batch, p piece) (piece, error) {
	defer s.impatience(l).Stop()
	err := s.identify(l)
	if err == nil {
		p = l.sign(p, b.stale)
		err = s.cluster.produce(s.life, l.to.name, l.id, p.wire)
		s.stats.requests.Add(1)
	}
	if stored := err == nil || l.producer.known && isDuplicate(err); !stored {
		return p, err
	}
	l.confirm(p)
	s.stats.wire.Add(uint64(len(p.wire)))
	s.stats.events.Add(uint64(p.count))
	s.advances(l)
	return p, nil
}

// advances notes that something of a lane was confirmed, or set aside.
func (s *Sink) advances(l *lane) {
	healed := s.outage.advanced(l.place())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends(l, false, false)
	if healed {
		s.watchdog.Reset(s.stallLimit)
	}
}

// fails notes that a lane's request has failed.
func (s *Sink) fails(l *lane, f failure, err error) {
	s.mu.Lock()
	s.ends(l, true, f.mute)
	broker := l.broker
	s.mu.Unlock()
	s.outage.failed(s.located(incident{cause: f.cause, err: err, broker: broker, place: l.place()}))
}

// ends notes how a lane's request has ended. It is called with the lock held.
func (s *Sink) ends(l *lane, failing, mute bool) {
	l.attempt++
	s.avoid(l, failing, mute)
}

// backoff is the pause after the given number of failures: from
// metadata.retry.backoff on where the leader may have moved, which is over in a
// moment, from backoff.init on otherwise; doubling up to backoff.max, and drawn
// from the upper half, so that a thousand sidecars do not come back at once.
func (s *Sink) backoff(attempt int, moving bool) time.Duration {
	d := s.cfg.BackoffInit
	if moving {
		d = min(d, s.cfg.MetadataBackoff)
	}
	d = max(d, time.Millisecond) // doubling nothing would be nothing
	for range min(attempt, 30) {
		if d = 2 * d; d >= s.cfg.BackoffMax {
			break
		}
	}
	d = max(min(d, s.cfg.BackoffMax), time.Millisecond)
	return d/2 + rand.N(d/2+1)
}

// pause waits; it says whether the sink still lives.
func (s *Sink) pause(d time.Duration) bool {
	ctx, cancel := context.WithTimeout(s.life, d)
	defer cancel()
	<-ctx.Done()
	return s.life.Err() == nil
}
