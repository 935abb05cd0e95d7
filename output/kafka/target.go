package kafka

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

const (
	// maxTargets bounds the topics in use, where events name them. Each has
	// metadata, and some hundred bytes for each partition that was written to.
	maxTargets = 100
	// idleTarget is how long a topic with nothing to do is kept: yesterday's.
	idleTarget = time.Hour
	// aloneFactor lengthens the patience while there is no other topic to be had,
	// which more likely is a cluster that is not set up yet.
	aloneFactor = 12
)

// A target is one topic in use: its partitions as they were last seen, and what is
// on its way there. The sink's lock guards it.
type target struct {
	name string

	parts     []partition
	partsAt   time.Time
	resolving bool
	next      int   // whose turn it is
	group     *lane // who had the last turn, and how many events
	groupLeft int   // of it may still follow

	open     *batch   // of events that any partition may take
	waiting  []*batch // sealed before the partitions were known
	lanes    map[int32]*lane
	inFlight int
	opened   int // batches that are open, those of lanes included
	used     time.Time

	missing time.Time // since when it cannot be had; zero while it can
	lost    bool      // it was given up: events for it are dropped until it can
	gone    bool      // it has had nothing to do, and is forgotten
}

func newTarget(name string) *target {
	// Sidecars must not all begin with partition 0.
	return &target{name: name, lanes: map[int32]*lane{}, next: rand.IntN(1 << 16), used: time.Now()}
}

// whole is the place of what concerns no single partition.
func (t *target) whole() place { return place{t.name, noLane} }

func (t *target) lane(p partition) *lane {
	l := t.lanes[p.id]
	if l == nil {
		l = &lane{to: t, id: p.id}
		t.lanes[p.id] = l
	}
	l.broker = p.broker
	return l
}

// find returns the partition of that id.
func (t *target) find(id int32) (p partition, ok bool) {
	i := slices.IndexFunc(t.parts, func(p partition) bool { return p.id == id })
	if i < 0 {
		return p, false
	}
	return t.parts[i], true
}

// target returns the topic of that name, as one in use from now on; nil while there
// are too many that have something to do.
func (s *Sink) target(name []byte) *target {
	if t := s.targets[string(name)]; t != nil {
		return t
	}
	s.forget()
	if len(s.targets) >= maxTargets {
		return nil
	}
	t := newTarget(string(name))
	s.targets[t.name] = t
	s.cluster.know(slices.Sorted(maps.Keys(s.targets)))
	return t
}

// forget makes room for a topic: those go that have had nothing to do for long, or
// else one that was given up, or else the one that has had nothing for longest.
func (s *Sink) forget() {
	var least *target
	for _, t := range s.targets {
		switch {
		case t.inFlight > 0 || t.opened > 0:
		case time.Since(t.used) > idleTarget:
			s.retire(t)
		case least == nil || t.lost && !least.lost || t.lost == least.lost && t.used.Before(least.used):
			least = t
		}
	}
	if len(s.targets) >= maxTargets && least != nil {
		s.retire(least)
	}
}

func (s *Sink) retire(t *target) {
	t.gone = true
	delete(s.targets, t.name)
}

// resolve has a topic's partitions read (again). It is called with the lock held.
func (s *Sink) resolve(t *target) {
	if t.resolving {
		return
	}
	t.resolving = true
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		for attempt := 0; ; attempt++ {
			parts, err := s.cluster.partitions(s.life, t.name)
			if err == nil {
				s.outage.ok(t.whole())
				s.resolved(t, parts)
				return
			}
			if s.life.Err() != nil {
				return
			}
			s.stats.errors.Add(1)
			if !s.unresolved(t, err) || !s.pause(s.backoff(attempt, classify(err).refresh)) {
				return
			}
		}
	}()
}

func (s *Sink) resolved(t *target, parts []partition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.parts, t.partsAt, t.resolving = parts, time.Now(), false
	if t.lost {
		s.log.Info("the topic can be had, events go there again", zap.String("topic", t.name))
	}
	t.missing, t.lost = time.Time{}, false
	for id, l := range t.lanes {
		if _, ok := t.find(id); !ok {
			// The topic was made anew, with fewer partitions. The lane's
			// goroutine finds its batches another one.
			l.gone = true
			delete(t.lanes, id)
			if l.open != nil {
				s.seal(l.open)
			}
		}
	}
	waiting := t.waiting
	t.waiting = nil
	for _, b := range waiting {
		s.assign(b)
	}
	poke(s.room)
}

// unresolved is told of each attempt that has failed. A topic that cannot be had
// is waited for. But where events decide on topics, a misspelt one would hold up
// all others for ever, so that patience ends. It says whether the topic still
// matters.
func (s *Sink) unresolved(t *target, err error) bool {
	s.mu.Lock()
	switch {
	case !isMissing(err):
		t.missing = time.Time{} // the cluster is away, which says nothing of the topic
	case t.missing.IsZero():
		t.missing = time.Now()
	}
	var left []*batch
	if !t.lost && !t.missing.IsZero() && s.overdue(t) {
		left = s.giveUp(t)
		s.log.Error("the topic cannot be had, dropping its events until it can", zap.String("topic", t.name),
			zap.Error(err), zap.Duration("after", time.Since(t.missing).Round(time.Millisecond)))
	}
	lost, gone := t.lost, t.gone
	s.mu.Unlock()
	if lost || gone {
		s.outage.ok(t.whole())
	} else {
		s.outage.failed(s.located(incident{cause: classify(err).cause, err: err, place: t.whole()}))
	}
	for _, b := range left {
		s.abandon(b)
	}
	return !gone
}

// isMissing tells errors that say of a topic that it cannot be had.
func isMissing(err error) bool {
	return errors.Is(err, kafkago.UnknownTopicOrPartition) || errors.Is(err, kafkago.InvalidTopic) ||
		errors.Is(err, kafkago.TopicAuthorizationFailed)
}

// overdue says whether patience with a missing topic is over.
func (s *Sink) overdue(t *target) bool {
	limit := aloneFactor * s.cfg.TopicPatience
	for _, other := range s.targets {
		if other != t && len(other.parts) > 0 {
			limit = s.cfg.TopicPatience
		}
	}
	return s.only == nil && limit > 0 && time.Since(t.missing) >= limit
}

// giveUp takes all from t that nobody is at work on. Its lanes leave the rest
// themselves.
func (s *Sink) giveUp(t *target) (left []*batch) {
	t.lost, t.parts = true, nil
	left, t.waiting = t.waiting, nil
	for _, b := range slices.Clone(s.opened) {
		if b.to == t && len(b.tokens) > 0 {
			s.close(b)
			s.inFlight++
			t.inFlight++
			s.compression.keep(b.raw)
			left = append(left, b)
		}
	}
	for id, l := range t.lanes {
		l.gone = true
		delete(t.lanes, id)
	}
	poke(s.room)
	return left
}

// abandon drops a batch whose topic was given up, and counts its events. It is
// called without the lock.
func (s *Sink) abandon(b *batch) {
	n := b.count
	if b.handed {
		select {
		case <-b.ready:
		case <-s.life.Done():
			return
		}
		n = 0
		for _, p := range b.pieces {
			n += p.count
		}
	}
	s.stats.nowhere[lostTopic].Add(uint64(n))
	s.settle(b)
}
