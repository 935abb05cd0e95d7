package kafka

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/output"
)

const (
	// targetSize is the size of a full batch before compression. Deflate looks
	// back 32 KB, so that more buys little but memory: 1 MiB is no faster.
	targetSize = 640 << 10
	// maxInFlight and maxInFlightBytes bound what is sealed and not yet
	// confirmed. When they are reached Send blocks: the files are the buffer.
	maxInFlight      = 12
	maxInFlightBytes = 2 << 20
	// maxStuckBytes bounds what waits, besides, for partitions and topics that
	// cannot be written while others can.
	maxStuckBytes = 4 << 20

	// A batch of few events, or one that comes after a pause, is sent after the
	// short linger; one that has more by then belongs to a busy stream, and waits
	// up to the long one to become worth its request.
	shortLinger = 4 * time.Millisecond
	longLinger  = 50 * time.Millisecond
	fewEvents   = 4
	// trickle is how many batches may be in flight for a small one to join them,
	// those left aside that only some partitions cannot take. With an unreachable
	// broker small batches would fill the window; waiting in the open batch they
	// cost nothing.
	trickle = 2

	// slowLimit is how long a request may take until other partitions are
	// preferred to its own.
	slowLimit = time.Second

	// afterwards is how long after a busy time its buffers are given back.
	afterwards = 3 * time.Second

	// partitionsAge is how often the partitions are read again from the cache of
	// metadata, to see those that were added.
	partitionsAge = time.Minute
)

// Sink delivers batches to topics. It implements event.Sink.
type Sink struct {
	cfg         Config
	encoder     *output.Encoder
	log         *zap.Logger
	cluster     *cluster
	outage      *outage
	stats       counters
	toldLetters atomic.Int64 // when a line last spoke of the dead letter, in Unix seconds
	plain       atomic.Bool  // the cluster grants no producer ids: repeat rather than lose

	// life ends when nothing is to be sent any more. Requests run under it and
	// never under Send's context: a reader that stops must not throw away what
	// it has handed over.
	life context.Context
	end  context.CancelFunc
	work sync.WaitGroup

	room chan struct{} // told when Send may look again
	idle chan struct{} // told when nothing is in flight

	// Those of Send alone.
	router  *router
	headers headers
	sends   uint64
	told    [reasons]time.Time // when the log had a line of events that were dropped

	mu       sync.Mutex
	opened   []*batch  // those that are open, oldest first
	filled   int       // their bytes
	sealed   time.Time // when the last one was sealed
	linger   *time.Timer
	due      time.Time   // when linger rings; zero: it does not
	slack    *time.Timer // rings when the sink has had nothing to do for a while
	watchdog *time.Timer // runs while something is in flight
	relaxed  bool        // it has rung before
	closed   bool
	inFlight int
	bytes    int // compressed and not confirmed

	compression compression
	throttle    throttle

	stallLimit, slowLimit time.Duration // constants but for tests

	targets map[string]*target
	only    *target // the one topic; nil: events decide
	limit   int     // the largest batch that the broker is thought to take
}

// New returns a sink that writes encoder's documents. It connects when there is
// something to send.
func New(cfg Config, encoder *output.Encoder, log *zap.Logger) (*Sink, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Sink{
		cfg: cfg, encoder: encoder, log: log, outage: newOutage(log),
		room: make(chan struct{}, 1), idle: make(chan struct{}, 1),
		headers: newHeaders(cfg.Headers, encoder.HasIDs()),
		targets: map[string]*target{}, limit: cfg.MaxMessageBytes,
		compression: compression{workers: cfg.workers()},
		throttle:    throttle{path: "/sys/fs/cgroup/cpu.stat"},
		stallLimit:  stallLimit, slowLimit: slowLimit,
	}
	var err error
	if s.router, err = newRouter(&s.cfg); err != nil {
		return nil, err
	}
	if s.cluster, err = newCluster(&s.cfg); err != nil {
		return nil, err
	}
	if name := s.router.topicOfAll(); name != "" {
		s.only = s.target([]byte(name))
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.linger = time.AfterFunc(time.Hour, s.lingered)
	s.linger.Stop()
	s.slack = time.AfterFunc(time.Hour, s.relax)
	s.slack.Stop()
	s.watchdog = time.AfterFunc(time.Hour, s.watch)
	s.watchdog.Stop()
	return s, nil
}

// ring has the open batches looked at d after now, or earlier.
func (s *Sink) ring(now time.Time, d time.Duration) {
	if at := now.Add(d); s.due.IsZero() || at.Before(s.due) {
		s.due = at
		s.linger.Reset(d)
	}
}

// lingered is called by the timer of the open batches.
func (s *Sink) lingered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = time.Time{}
	s.consider()
}

// consider seals the open batches that have waited long enough. It is called when
// their timer rings and when something in flight has come home.
func (s *Sink) consider() {
	now := time.Now()
	for i := 0; i < len(s.opened); {
		b := s.opened[i]
		if len(b.tokens) == 0 {
			i++ // the rest of the Send that opened it will see to it
		} else if wait := s.patience(b) - now.Sub(b.opened); wait > 0 && !s.closed {
			s.ring(now, wait)
			i++
		} else if s.mayGo(b) {
			s.seal(b) // the next one takes its place
		} else {
			i++
		}
	}
}

// patience is how long an open batch waits for more.
func (s *Sink) patience(b *batch) time.Duration {
	switch {
	case s.cfg.FlushFrequency > 0:
		return s.cfg.FlushFrequency
	case b.count <= fewEvents || b.opened.Sub(s.sealed) > longLinger:
		return shortLinger
	}
	return longLinger
}

// mayGo says whether a batch that is not full would be on its way at once, or
// nearly so.
func (s *Sink) mayGo(b *batch) bool {
	if s.closed {
		return true
	}
	if stuck, _ := s.stuck(); s.only == nil && s.inFlight-stuck >= maxInFlight {
		return false
	}
	if b.lane != nil {
		return len(b.lane.queue) == 0
	}
	held := 0
	if b.to.works() {
		held, _ = b.to.held()
	}
	return b.to.inFlight-held < trickle
}

// seal closes an open batch and sends it on its way: to a compressor, and into
// the lane of its partition, where it waits for its turn. A small one whose turn
// comes at once is compressed there, which saves waking another goroutine.
func (s *Sink) seal(b *batch) {
	s.close(b)
	s.sealed = time.Now()
	if s.inFlight == 0 {
		s.wind()
	}
	s.inFlight++
	b.to.inFlight++
	s.compression.inUse += cap(b.raw)
	if len(b.raw) > smallBatch {
		s.compress(b)
	}
	s.assign(b)
}

// settle takes back what a delivered batch has held.
func (s *Sink) settle(b *batch) {
	for _, t := range b.tokens {
		t.Done()
	}
	s.stats.logs.Add(uint64(b.logs))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	b.to.inFlight--
	s.bytes -= b.size
	s.compression.recycle(b)
	s.consider()
	poke(s.room)
	if s.inFlight == 0 {
		s.watchdog.Stop()
	}
	if s.inFlight == 0 && len(s.opened) == 0 {
		poke(s.idle)
		if s.compression.bloated() || !s.relaxed {
			s.slack.Reset(afterwards)
		}
	}
}

// relax gives back the memory of a busy time. A sidecar has nothing to do most of
// the time, and a node has many sidecars.
func (s *Sink) relax() {
	s.mu.Lock()
	quiet := s.inFlight == 0 && len(s.opened) == 0
	if quiet {
		s.compression.rest = 0
		s.compression.raws, s.compression.wires, s.compression.idle = nil, nil, nil
		s.relaxed = true
	}
	s.mu.Unlock()
	if quiet && s.cfg.Relax != nil {
		s.cfg.Relax()
	}
}

// Close sends what is there and waits for the confirmations until ctx ends.
func (s *Sink) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.consider()
	left := s.inFlight
	s.mu.Unlock()

	var err error
	for left > 0 && err == nil {
		select {
		case <-s.idle:
		case <-ctx.Done():
			err = fmt.Errorf("kafka: %d batches are not confirmed: %w", left, context.Cause(ctx))
		}
		s.mu.Lock()
		left = s.inFlight
		s.mu.Unlock()
		if left == 0 {
			err = nil
		}
	}
	s.linger.Stop()
	s.slack.Stop()
	s.mu.Lock()
	s.watchdog.Stop()
	s.end() // with the lock held: no work begins after it
	s.mu.Unlock()
	s.work.Wait()
	s.cluster.close()
	return err
}

// poke leaves a message unless there is one already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
