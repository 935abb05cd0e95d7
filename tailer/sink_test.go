package tailer

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
)

// sent is an event as a sink got it, with bytes of its own.
type sent struct {
	source *event.Source
	from   int64
	to     int64
	flags  event.Flags
	text   string
	at     time.Time
}

func (s sent) String() string {
	return fmt.Sprintf("%d%s:%q", s.from, flagLetters(s.flags), s.text)
}

// collector is a sink that keeps everything, and does with tokens and callers as
// it is told.
type collector struct {
	tb   testing.TB
	news chan struct{} // holds one when something has come

	mu      sync.Mutex
	events  []sent
	sends   int
	tokens  []event.Token // not yet Done, while hold is set
	hold    bool
	gate    chan struct{} // Send waits until it is closed; nil: it does not
	waiting bool          // a Send waits
	err     error         // what Send returns
	seen    func()        // called at each Send
}

func newCollector(tb testing.TB) *collector {
	return &collector{tb: tb, news: make(chan struct{}, 1)}
}

func (c *collector) Send(ctx context.Context, b *event.Batch) error {
	if err := c.pass(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.tell()
	if c.err != nil {
		return c.err
	}
	if c.seen != nil {
		c.seen()
	}
	c.sends++
	c.check(b)
	for _, e := range b.Events {
		c.events = append(c.events, sent{
			source: b.Source, from: e.From, to: e.To, flags: e.Flags,
			text: string(b.Data[e.Start:e.End]), at: b.Time,
		})
	}
	if c.hold {
		c.tokens = append(c.tokens, b.Token)
	} else {
		b.Token.Done()
	}
	return nil
}

// pass waits at the gate.
func (c *collector) pass(ctx context.Context) error {
	c.mu.Lock()
	gate := c.gate
	c.waiting = gate != nil
	c.tell()
	c.mu.Unlock()
	if gate == nil {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-gate:
		return nil
	}
}

// check tests what every batch must be.
func (c *collector) check(b *event.Batch) {
	if len(b.Events) == 0 || len(b.Events) > maxEvents || b.Source == nil || (b.Source.Path == "") != b.Source.Stream || b.Time.IsZero() {
		c.tb.Errorf("batch of %d events, source %+v, time %v", len(b.Events), b.Source, b.Time)
	}
	for i, e := range b.Events {
		if e.Start > e.End || int(e.End) > len(b.Data) || e.From >= e.To || e.To-e.From < int64(e.End-e.Start) {
			c.tb.Errorf("event %d: %+v of %d bytes", i, e, len(b.Data))
		}
		if i > 0 && (e.From < b.Events[i-1].To || e.Start < b.Events[i-1].End) {
			c.tb.Errorf("event %d: %+v after %+v", i, e, b.Events[i-1])
		}
	}
}

func (*collector) Close(context.Context) error { return nil }

// tell is called with mu held.
func (c *collector) tell() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// wait waits until ok, but not for longer than limit. It asks again when something
// has come. One goroutine at a time may wait.
func (c *collector) wait(limit time.Duration, ok func() bool) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		if ok() {
			return true
		}
		select {
		case <-c.news:
		case <-timer.C:
			return false
		}
	}
}

// block makes Sends wait until unblock.
func (c *collector) block() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gate == nil {
		c.gate = make(chan struct{})
	}
}

// isWaiting says whether a Send waits.
func (c *collector) isWaiting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting
}

func (c *collector) unblock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gate != nil {
		close(c.gate)
		c.gate, c.waiting = nil, false
	}
}

// ack lets the n oldest held tokens go; n < 0: all.
func (c *collector) ack(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n < 0 {
		n = len(c.tokens)
	}
	for _, t := range c.tokens[:n] {
		t.Done()
	}
	c.tokens = c.tokens[n:]
}

// drop forgets held tokens, as a sink does that is killed.
func (c *collector) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens = nil
}
