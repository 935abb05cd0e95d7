package kafka

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
)

// maxOpen bounds the batches that are open at once. Together they hold no more
// than a single one may.
const maxOpen = 64

// Send appends b's events to the open record batches of where they go, and seals
// each that is full.
func (s *Sink) Send(ctx context.Context, b *event.Batch) error {
	if len(b.Events) == 0 {
		b.Token.Done()
		return nil
	}
	if err := s.encoder.Start(b); err != nil {
		return err
	}
	s.router.start(s.encoder, b)
	s.mu.Lock()
	s.sends++
	in := spread{token: b.Token, send: s.sends}
	err := s.take(ctx, b, &in)
	s.mu.Unlock()
	s.stats.logs.Add(in.dropped)
	if err == nil {
		in.end()
	}
	return err
}

// take is Send with the lock held.
func (s *Sink) take(ctx context.Context, b *event.Batch, in *spread) error {
	var open *batch // where the events go, or the last one went; nil: to be found
	for i := range b.Events {
		if s.router.each || open == nil {
			var err error
			if open, err = s.direct(ctx, b, i, in); err != nil {
				return err
			}
		}
		if open == nil || !s.add(open, b, i) {
			in.dropped += uint64(b.Events[i].To - b.Events[i].From)
			if s.router.each && open != nil {
				s.tidy(open)
			}
			continue
		}
		in.touch(open)
		if i == len(b.Events)-1 {
			break // what is full is sealed below, with the token itself if it is the only one
		}
		if full := s.fullest(open); full != nil {
			in.divide()
			s.seal(full)
			if full == open {
				open = nil
			}
		}
	}
	in.settle()
	if open == nil {
		return nil
	}
	s.tidy(open)
	if full := s.fullest(open); full != nil {
		s.seal(full)
	}
	return nil
}

// add appends an event to an open batch; it says false when that is dropped.
func (s *Sink) add(open *batch, b *event.Batch, i int) bool {
	before := len(open.raw)
	kept := open.add(s.encoder, b, i, s.router.way.key, &s.headers)
	s.filled += len(open.raw) - before
	return kept
}

// fullest is the batch to seal after something was added to open; nil when there is
// room for more.
func (s *Sink) fullest(open *batch) *batch {
	if open.count > 0 && open.full(s.cfg.BulkMaxSize) {
		return open
	}
	if len(s.opened) < 2 || s.filled < targetSize {
		return nil
	}
	return slices.MaxFunc(s.opened, func(a, b *batch) int { return len(a.raw) - len(b.raw) })
}

// tidy takes back an open batch that nothing came into.
func (s *Sink) tidy(open *batch) {
	if open.count == 0 {
		s.close(open)
		s.compression.keep(open.raw)
	}
}

// direct finds the open batch for an event, or for all of b's if they go the same
// way; nil when it goes nowhere.
func (s *Sink) direct(ctx context.Context, b *event.Batch, i int, in *spread) (*batch, error) {
	if s.router.each {
		d, kept := s.encoder.Document(b, i)
		if !kept {
			return nil, nil
		}
		if why := s.router.find(d); why != somewhere {
			s.lose(why, b.Source)
			return nil, nil
		}
	}
	open, err := s.place(ctx, in, b.Time.UnixMilli())
	if open == nil && err == nil {
		s.lose(lostTopic, b.Source)
	}
	return open, err
}

// place finds or opens the batch for the router's way; nil when the topic was given
// up. It gives the lock away while it waits for room.
func (s *Sink) place(ctx context.Context, in *spread, at int64) (*batch, error) {
	for {
		if s.closed {
			return nil, errors.New("kafka: send after close")
		}
		t := s.only
		if t == nil {
			t = s.target(s.router.way.topic)
		}
		if t != nil {
			if t.lost {
				return nil, nil
			}
			l, known := s.laneFor(t)
			open := t.open
			if l != nil {
				open = l.open
			}
			switch {
			case !known:
			case open != nil:
				return open, nil
			case s.hasRoom():
				in.divide()
				return s.begin(t, l, at), nil
			}
		}
		in.divide() // so that what is open can go
		s.mu.Unlock()
		var err error
		select {
		case <-s.room:
		case <-ctx.Done():
			err = ctx.Err()
		}
		s.mu.Lock()
		if err != nil {
			return nil, err
		}
	}
}

// laneFor is the lane that the router's way leads to, nil where any of t will do.
// It is not known before the partitions are.
func (s *Sink) laneFor(t *target) (l *lane, known bool) {
	if !s.router.way.bound {
		return nil, true
	}
	if len(t.parts) == 0 {
		s.resolve(t)
		return nil, false
	}
	return t.lane(t.partitionOf(s.router.way.hash, s.cfg.Partition.ReachableOnly)), true
}

// begin opens a batch.
func (s *Sink) begin(t *target, l *lane, at int64) *batch {
	if len(s.opened) == maxOpen {
		s.seal(s.opened[0])
	}
	held := 0
	for _, b := range s.opened {
		held += cap(b.raw)
	}
	b := newBatch(s.compression.buffer(s.router.constant, held), at)
	b.to, b.lane = t, l
	if l != nil {
		l.open = b
	} else {
		t.open = b
	}
	t.opened++
	t.used = b.opened
	s.opened = append(s.opened, b)
	if d := s.cfg.FlushFrequency; d > 0 {
		s.ring(b.opened, d)
	} else {
		s.ring(b.opened, shortLinger)
	}
	return b
}

// close takes a batch out of the open ones.
func (s *Sink) close(b *batch) {
	i := slices.Index(s.opened, b)
	s.opened = slices.Delete(s.opened, i, i+1)
	if b.lane != nil {
		b.lane.open = nil
	} else {
		b.to.open = nil
	}
	b.to.opened--
	s.filled -= len(b.raw)
	if len(s.opened) == 0 {
		s.linger.Stop()
		s.due = time.Time{}
	}
}

// lose counts an event that goes nowhere, and tells of it now and then.
func (s *Sink) lose(why nowhere, from *event.Source) {
	n := s.stats.nowhere[why].Add(1)
	if now := time.Now(); now.Sub(s.told[why]) >= reminder {
		s.told[why] = now
		s.log.Error("dropping events: "+why.String(), zap.String("source", from.Path), zap.Uint64("events", n),
			zap.ByteString("topic", s.router.way.topic))
	}
}
