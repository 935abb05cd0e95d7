package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"golang.org/x/sys/unix"
)

// A dialer makes the connections that kafka-go asks for, and keeps them in view:
// kafka-go closes only those that are idle, and an error of its own that says that
// time is up does not tell what used it up.
type dialer struct {
	cfg *Config

	mu      sync.Mutex
	open    map[*guardedConn]struct{}
	reached map[string]bool // addresses to which there has been a connection
	last    *dialError      // nil: the last attempt has succeeded
	lastAt  time.Time
	barred  bool // the last login that was begun did not come to its end
}

func newDialer(cfg *Config) *dialer {
	return &dialer{cfg: cfg, open: map[*guardedConn]struct{}{}, reached: map[string]bool{}}
}

// A dialError is why there is no connection to a broker.
type dialError struct {
	broker string // host:port
	// foreign says that the address is the cluster's word alone: it is none of
	// the configuration's, and nobody was ever found there.
	foreign bool
	err     error
}

func (e *dialError) Error() string { return e.err.Error() } // which says to dial what
func (e *dialError) Unwrap() error { return e.err }

// dial connects to address, host:port, resolving its name anew.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	// Half of a request's time at most, so that dialling in vain ends before the
	// request does, and is known to be what failed.
	n := net.Dialer{Timeout: min(d.cfg.Timeout/2, 5*time.Second), KeepAlive: d.cfg.KeepAlive}
	conn, err := n.DialContext(ctx, network, address)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		failed := &dialError{broker: address, foreign: !d.reached[address] && !slices.Contains(d.cfg.Hosts, address), err: err}
		if !errors.Is(err, context.Canceled) {
			d.last, d.lastAt = failed, time.Now()
		}
		return nil, failed
	}
	d.last, d.reached[address] = nil, true
	// A peer that vanished without a word is noticed after this long, not after
	// the kernel's quarter of an hour.
	if tcp, ok := conn.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) {
				_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.cfg.Timeout.Milliseconds()))
			})
		}
	}
	c := &guardedConn{Conn: conn, dialer: d, broker: address}
	d.open[c] = struct{}{}
	return c, nil
}

// explain returns what is behind an error of a request that began at the given
// time: kafka-go says no more than that time is up when dialling has used it up,
// and that a connection was closed when a broker's way to refuse a login is that.
func (d *dialer) explain(err error, began time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch _, dialled := errors.AsType[*dialError](err); {
	case !dialled && isTimeout(err) && d.last != nil && !d.lastAt.Before(began):
		return d.last
	case d.barred && isClosed(err):
		return fmt.Errorf("%w: %w", kafkago.SASLAuthenticationFailed, err)
	}
	return err
}

// watchedLogin tells the dialer how logins go.
type watchedLogin struct {
	sasl.Mechanism
	dialer *dialer
}

// Start implements sasl.Mechanism.
func (l watchedLogin) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	l.dialer.login(true)
	session, say, err := l.Mechanism.Start(ctx)
	return watchedSession{session, l.dialer}, say, err
}

type watchedSession struct {
	sasl.StateMachine
	dialer *dialer
}

// Next implements sasl.StateMachine.
func (s watchedSession) Next(ctx context.Context, challenge []byte) (done bool, say []byte, err error) {
	done, say, err = s.StateMachine.Next(ctx, challenge)
	if done && err == nil {
		s.dialer.login(false)
	}
	return done, say, err
}

func (d *dialer) login(under bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.barred = under
}

// cut closes all connections, those in use as well.
func (d *dialer) cut() {
	d.mu.Lock()
	conns := d.open
	d.open = map[*guardedConn]struct{}{}
	d.mu.Unlock()
	for c := range conns {
		_ = c.Conn.Close() // whoever uses it hears of it
	}
}

// silent returns the broker that has owed an answer for the longest time, and
// since when; nobody's name when none does.
func (d *dialer) silent() (broker string, since time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.open {
		if at := c.asked.Load(); at != 0 && (broker == "" || at < since.UnixNano()) {
			broker, since = c.broker, time.Unix(0, at)
		}
	}
	return broker, since
}

// guardedConn keeps kafka-go from waiting for ever, and from believing anything.
type guardedConn struct {
	net.Conn
	dialer *dialer
	broker string
	heard  bool         // the first bytes were looked at
	asked  atomic.Int64 // when the oldest request was written that is not answered, in Unix nanoseconds; 0: there is none
}

// SetDeadline implements net.Conn. kafka-go sets no deadline at all while it logs
// in, and one of MetadataTTL when it asks for metadata: each attempt would leave a
// connection behind. That of an idle connection may pass, since each request sets
// its own before it writes.
func (c *guardedConn) SetDeadline(t time.Time) error {
	if latest := time.Now().Add(c.dialer.cfg.Timeout); t.IsZero() || t.After(latest) {
		t = latest
	}
	return c.Conn.SetDeadline(t)
}

var (
	errNotKafka = errors.New("the answer is text")
	errIsTLS    = errors.New("the answer is in TLS")
	errHungUp   = errors.New("connection closed before the first answer") // no io.EOF, which kafka-go would replace
)

// Read implements net.Conn. kafka-go makes room for whatever lengths a peer sends,
// gigabytes when it is a web server. Kafka's answers begin with their length, so
// that one of 16 MB still begins with a zero, and TLS with its record type.
func (c *guardedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.asked.Store(0)
	}
	if n > 0 && !c.heard {
		c.heard = true
		switch {
		case p[0] >= ' ':
			return 0, errNotKafka
		case p[0] != 0 && c.dialer.cfg.TLS == nil:
			return 0, errIsTLS
		}
	}
	if !c.heard && isClosed(err) {
		err = errHungUp
	}
	return n, err
}

// Write implements net.Conn.
func (c *guardedConn) Write(p []byte) (int, error) {
	if c.dialer.cfg.Acks != AcksNone { // else nobody waits for an answer
		c.asked.CompareAndSwap(0, time.Now().UnixNano())
	}
	return c.Conn.Write(p)
}

// Close implements net.Conn.
func (c *guardedConn) Close() error {
	c.dialer.mu.Lock()
	delete(c.dialer.open, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}
