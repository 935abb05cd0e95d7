package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
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
	// maxStuckBytes bounds what waits, besides, for partitions that cannot be
	// written while others can.
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

// Sink delivers batches to one topic. It implements event.Sink.
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

	mu       sync.Mutex
	open     *batch
	sealed   time.Time // when the batch before it was sealed
	linger   *time.Timer
	slack    *time.Timer // rings when the sink has had nothing to do for a while
	watchdog *time.Timer // runs while something is in flight
	relaxed  bool        // it has rung before
	closed   bool
	inFlight int
	bytes    int // compressed and not confirmed

	compression compression
	throttle    throttle

	stallLimit, slowLimit time.Duration // constants but for tests

	parts     []partition
	partsAt   time.Time
	next      int
	resolving bool
	homeless  []*batch // sealed before the partitions were known
	lanes     map[int32]*lane
	limit     int // the largest batch that the broker is thought to take
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
		lanes: map[int32]*lane{}, limit: cfg.MaxMessageBytes,
		next:        rand.IntN(1 << 16), // sidecars must not all begin with partition 0
		compression: compression{workers: cfg.workers()},
		throttle:    throttle{path: "/sys/fs/cgroup/cpu.stat"},
		stallLimit:  stallLimit, slowLimit: slowLimit,
	}
	var err error
	if s.cluster, err = newCluster(&s.cfg); err != nil {
		return nil, err
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

// Send appends b's events to the open record batch, and seals it each time that
// it is full.
func (s *Sink) Send(ctx context.Context, b *event.Batch) error {
	if len(b.Events) == 0 {
		b.Token.Done()
		return nil
	}
	if err := s.encoder.Start(b); err != nil {
		return err
	}
	token := b.Token
	var parts *share // set when b does not fit into one record batch
	at := b.Time.UnixMilli()

	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Events {
		if s.open == nil {
			if err := s.begin(ctx, at); err != nil {
				return err
			}
		}
		s.open.add(s.encoder, b, i)
		if s.open.full(s.cfg.BulkMaxSize) && i < len(b.Events)-1 {
			if parts == nil {
				parts = newShare(token)
				token = event.NewToken(parts, 0)
			}
			parts.add()
			s.open.tokens = append(s.open.tokens, token)
			s.seal()
		}
	}
	if parts != nil {
		parts.add()
		defer parts.Ack(0) // the share that kept the token from being done too early
	}
	if s.open.count == 0 {
		// Processors have dropped all that would be in it.
		s.compression.release(s.open.raw)
		s.open = nil
		s.linger.Stop()
		token.Done()
		return nil
	}
	s.open.tokens = append(s.open.tokens, token)
	if s.open.full(s.cfg.BulkMaxSize) {
		s.seal()
	}
	return nil
}

// begin opens a batch, waiting for room. It is called with the lock held, and
// gives it away while it waits.
func (s *Sink) begin(ctx context.Context, at int64) error {
	for {
		if s.closed {
			return fmt.Errorf("kafka: send after close")
		}
		if s.hasRoom() {
			break
		}
		s.mu.Unlock()
		var err error
		select {
		case <-s.room:
		case <-ctx.Done():
			err = ctx.Err()
		}
		s.mu.Lock()
		if err != nil {
			return err
		}
	}
	s.open = newBatch(s.compression.buffer(), at)
	if d := s.cfg.FlushFrequency; d > 0 {
		s.linger.Reset(d)
	} else {
		s.linger.Reset(shortLinger)
	}
	return nil
}

// lingered is called by the timer of the open batch.
func (s *Sink) lingered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.consider()
}

// consider seals the open batch when it has waited long enough. It is called
// when its timer rings and when something in flight has come home.
func (s *Sink) consider() {
	b := s.open
	if b == nil || len(b.tokens) == 0 {
		return // the rest of the Send that opened it will see to it
	}
	patience := longLinger
	if d := s.cfg.FlushFrequency; d > 0 {
		patience = d
	} else if b.count <= fewEvents || b.opened.Sub(s.sealed) > longLinger {
		patience = shortLinger
	}
	if wait := patience - time.Since(b.opened); wait > 0 {
		s.linger.Reset(wait)
		return
	}
	if batches, _ := s.stuck(); s.closed || s.inFlight-batches < trickle {
		s.seal()
	}
}

// seal closes the open batch and sends it on its way: to a compressor, and into
// the lane of its partition, where it waits for its turn. A small one whose turn
// comes at once is compressed there, which saves waking another goroutine.
func (s *Sink) seal() {
	b := s.open
	s.open, s.sealed = nil, time.Now()
	s.linger.Stop()
	if s.inFlight == 0 {
		s.wind()
	}
	s.inFlight++
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
	s.bytes -= b.size
	s.compression.recycle(b)
	s.consider()
	poke(s.room)
	if s.inFlight == 0 {
		s.watchdog.Stop()
	}
	if s.inFlight == 0 && s.open == nil {
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
	quiet := s.inFlight == 0 && s.open == nil
	if quiet {
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
	if s.open != nil && len(s.open.tokens) > 0 {
		s.seal()
	}
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
	s.cluster.transport.CloseIdleConnections()
	return err
}

// poke leaves a message unless there is one already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
