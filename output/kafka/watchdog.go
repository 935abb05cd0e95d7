package kafka

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"
)

const (
	// stallLimit is how long nothing may be confirmed, with something to send,
	// until the watchdog speaks up.
	stallLimit = 30 * time.Second
	// stallDoublings is how often the pause after that doubles: to eight minutes.
	stallDoublings = 4
)

// watch is called by the watchdog's timer, which runs while something is in
// flight. When nothing was confirmed for too long it says why, as far as that can
// be known, and starts afresh: with all connections closed, whatever state they
// are in, names are resolved, metadata asked for and logins done anew. No state
// of a connection can then last for longer than the watchdog's pause.
func (s *Sink) watch() {
	s.mu.Lock()
	if s.inFlight == 0 || s.life.Err() != nil {
		s.mu.Unlock()
		return
	}
	if wait := s.stallLimit - s.outage.quiet(); wait > 0 {
		s.watchdog.Reset(wait)
		s.mu.Unlock()
		return
	}
	s.work.Add(1) // Close waits for it
	s.mu.Unlock()
	defer s.work.Done()

	i := s.diagnose(time.Now())
	barks := s.outage.bark(i, s.stallLimit)
	// A broker that throttles is neither wedged nor forgotten, and a new
	// connection would only dodge what it has asked for.
	fresh := barks > 0 && i.cause != causeThrottled
	if fresh {
		s.stats.reconnects.Add(1)
		s.cluster.reconnect()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if fresh && s.life.Err() == nil {
		for _, t := range s.targets {
			if t.inFlight > 0 {
				s.resolve(t)
			}
		}
	}
	if s.inFlight > 0 {
		// Drawn from the upper half: when a cluster comes back, a thousand
		// sidecars must not all reconnect at once.
		pause := s.stallLimit << min(barks, stallDoublings)
		s.watchdog.Reset(pause/2 + rand.N(pause/2+1))
	}
}

// wind sets the watchdog when there is something to send again. It is called with
// the lock held.
func (s *Sink) wind() {
	s.outage.busy()
	s.watchdog.Reset(s.stallLimit)
}

// diagnose finds out why nothing is confirmed.
func (s *Sink) diagnose(now time.Time) incident {
	i := s.outage.latest()
	recently := now.Add(-s.stallLimit / 2)
	if until := time.Unix(0, s.cluster.throttled.Load()); until.After(recently) {
		i.cause = causeThrottled
		return s.located(i)
	}
	// A request that is still under way has not failed, and is the worse for it.
	if broker, since := s.cluster.dialer.silent(); broker != "" && since.Before(recently) {
		return s.located(incident{cause: causeSilent, broker: broker, place: s.waiting(broker), err: errUnanswered})
	}
	if i.cause == nil {
		i = incident{cause: causeOther, err: errUnknown, place: s.anywhere()}
	}
	return s.located(i)
}

var (
	errUnanswered = errors.New("a request is not answered")
	errUnknown    = errors.New("no request has ended")
)

// located completes an incident by what is known of its place.
func (s *Sink) located(i incident) incident {
	if failed, ok := errors.AsType[*dialError](i.err); ok {
		i.broker = failed.broker
	}
	if i.broker == "" {
		i.broker = strings.Join(s.cfg.Hosts, ",")
	}
	return i
}

// anywhere is the place of what concerns the cluster.
func (s *Sink) anywhere() place {
	if s.only != nil {
		return s.only.whole()
	}
	return place{partition: noLane}
}

// waiting returns a partition of the broker that has a request under way, if there
// is one.
func (s *Sink) waiting(broker string) place {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.targets {
		for _, l := range t.lanes {
			if l.running && l.broker == broker {
				return l.place()
			}
		}
	}
	return s.anywhere()
}
