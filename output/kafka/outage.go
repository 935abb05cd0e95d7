package kafka

import (
	"errors"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"
)

// outage knows what fails and since when, and keeps the log readable meanwhile:
// one line when it begins, one when its cause changes, one every half minute, and
// one when it is over, however many lanes and attempts there are. While nothing at
// all gets through, the watchdog's lines stand for those of every half minute.
type outage struct {
	log *zap.Logger

	mu      sync.Mutex
	since   time.Time
	told    time.Time
	errors  int
	failing map[place]bool
	last    incident
	cause   *cause // that was told

	progress time.Time // the last confirmation; or when there was something to send again
	stall    stall
}

// A place is what fails by itself: a partition of a topic, or its metadata.
type place struct {
	topic     string
	partition int // or noLane: the topic as a whole
}

// noLane is in the place of a partition where there is none.
const noLane = -1

// An incident is a failure, and where it was.
type incident struct {
	*cause
	place
	err    error
	broker string // host:port, as far as it is known
}

func (i *incident) fields() []zap.Field {
	fields := []zap.Field{zap.Error(i.err), zap.String("broker", i.broker), zap.String("topic", i.topic)}
	if i.partition != noLane {
		fields = append(fields, zap.Int("partition", i.partition))
	}
	return fields
}

// A stall is a time in which nothing is confirmed although there is something to
// send. Its zero value is none.
type stall struct {
	incident
	barks int // how often the watchdog has spoken of it
}

const (
	reminder    = 30 * time.Second
	causeSettle = 5 * time.Second
)

func newOutage(log *zap.Logger) *outage {
	return &outage{log: log, failing: map[place]bool{}}
}

// failed is told of each failure.
func (o *outage) failed(i incident) {
	if errors.Is(i.err, net.ErrClosed) {
		return // the watchdog's doing
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	begins := len(o.failing) == 0
	if begins {
		o.since, o.errors = now, 0
	}
	o.failing[i.place] = true
	o.errors++
	o.last = i
	age, news := now.Sub(o.told), o.cause != i.cause
	switch {
	case begins && !news && age < causeSettle: // flapping
		return
	case !begins && news && age < causeSettle:
		return
	case !begins && !news && (age < reminder || o.stall.barks > 0):
		return
	}
	o.cause, o.told = i.cause, now
	o.log.Warn("kafka does not take events, trying again: "+i.what, append(i.fields(),
		zap.Int("errors", o.errors), zap.Duration("for", now.Sub(o.since).Round(time.Millisecond)))...)
}

// ok is told that a lane does not fail any more.
func (o *outage) ok(at place) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mend(at, false)
}

// advanced is told of each confirmation, and of what was set aside. It says
// whether that has ended a stall.
func (o *outage) advanced(at place) (healed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	healed = o.stall.barks > 0
	o.progress, o.stall = time.Now(), stall{}
	o.mend(at, healed)
	return healed
}

func (o *outage) mend(at place, healed bool) {
	ended := o.failing[at] && len(o.failing) == 1
	delete(o.failing, at)
	if healed || ended && !o.told.Before(o.since) { // who was not told of it need not hear of its end
		o.log.Info("kafka takes events again", zap.Int("errors", o.errors), zap.Int("still_failing", len(o.failing)),
			zap.Duration("after", time.Since(o.since).Round(time.Millisecond)))
	}
}

// busy says that there is something to send, after a time in which there was not.
func (o *outage) busy() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.progress = time.Now()
}

// quiet is how long nothing was confirmed. It means little while there is nothing
// to send.
func (o *outage) quiet() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Since(o.progress)
}

// latest returns the last failure of an outage that is not over; its cause is nil
// when there is none.
func (o *outage) latest() incident {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.failing) == 0 {
		return incident{}
	}
	return o.last
}

// bark says aloud that nothing gets through, and why. It returns how often it did
// so in this stall; 0 when something got through meanwhile.
func (o *outage) bark(i incident, limit time.Duration) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	quiet := now.Sub(o.progress)
	if quiet < limit {
		return 0
	}
	if len(o.failing) == 0 {
		o.since, o.errors = o.progress, 0
	}
	o.told = now
	o.stall = stall{incident: i, barks: o.stall.barks + 1}
	o.log.Error("kafka has confirmed nothing for long: "+i.what, append(i.fields(),
		zap.String("cause", i.name), zap.String("remedy", i.remedy), zap.Duration("for", quiet.Round(time.Millisecond)))...)
	return o.stall.barks
}

// state is what Stats tells of it.
func (o *outage) state() (stalled *cause, failing int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for at := range o.failing {
		if at.partition != noLane {
			failing++
		}
	}
	return o.stall.cause, failing
}
