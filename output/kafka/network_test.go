package kafka

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A gate stands between brokers and the connections of their clients: it can
// hold back what clients say, and cut connections at a chosen place.
type gate struct {
	mu       sync.Mutex
	open     chan struct{} // nil, or closed when the gate opens again
	conns    map[*gatedConn]bool
	accepted int

	cutReading int  // cut after so many more bytes of requests, when positive
	cutReply   bool // cut instead of sending the next reply
}

// gated makes a cluster listen behind g.
func gated(g *gate) kfake.Opt {
	return kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err != nil {
			return nil, err
		}
		return gatedListener{l, g}, nil
	})
}

// hold makes clients wait; nothing that they send from now on arrives.
func (g *gate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		g.open = make(chan struct{})
	}
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open != nil {
		close(g.open)
		g.open = nil
	}
}

// A direction of a connection.
type direction int

const (
	requests direction = 1 << iota
	replies
)

// swallow makes what goes over the present connections vanish without a word, as
// it does behind a firewall that has forgotten them. New connections work.
func (g *gate) swallow(lost direction) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		c.lost = lost
	}
}

// cut closes all connections.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		c.Conn.Close()
	}
}

func (g *gate) cutAfter(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cutReading = n
}

func (g *gate) cutNextReply() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cutReply = true
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.accepted
}

type gatedListener struct {
	net.Listener
	gate *gate
}

func (l gatedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &gatedConn{Conn: conn, gate: l.gate, closed: make(chan struct{})}
	l.gate.mu.Lock()
	defer l.gate.mu.Unlock()
	if l.gate.conns == nil {
		l.gate.conns = map[*gatedConn]bool{}
	}
	l.gate.conns[c] = true
	l.gate.accepted++
	return c, nil
}

type gatedConn struct {
	net.Conn
	gate   *gate
	once   sync.Once
	closed chan struct{}
	lost   direction // guarded by the gate's lock
}

func (c *gatedConn) Read(p []byte) (int, error) {
	c.gate.mu.Lock()
	if c.gate.cutReading > 0 {
		p = p[:min(len(p), c.gate.cutReading)]
	}
	c.gate.mu.Unlock()
	n, err := c.Conn.Read(p)
	c.gate.mu.Lock()
	open := c.gate.open
	if c.lost&requests != 0 && n > 0 {
		open = make(chan struct{})
	}
	if c.gate.cutReading > 0 {
		if c.gate.cutReading -= n; c.gate.cutReading <= 0 {
			err = c.Conn.Close()
		}
	}
	c.gate.mu.Unlock()
	if open != nil {
		select {
		case <-open:
		case <-c.closed:
		}
	}
	return n, err
}

func (c *gatedConn) Write(p []byte) (int, error) {
	c.gate.mu.Lock()
	cut, lost := c.gate.cutReply, c.lost&replies != 0
	c.gate.cutReply = false
	c.gate.mu.Unlock()
	if lost {
		return len(p), nil
	}
	if cut {
		c.Conn.Close()
	}
	return c.Conn.Write(p)
}

func (c *gatedConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.gate.mu.Lock()
		delete(c.gate.conns, c)
		c.gate.mu.Unlock()
	})
	return c.Conn.Close()
}

// A port is an address that is taken and where nobody listens: connections to it
// are refused until listen is called.
type port struct {
	fd   int
	addr string
}

func refusedPort(t testing.TB) *port {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &port{fd: fd}
	t.Cleanup(func() {
		if p.fd >= 0 {
			_ = unix.Close(p.fd)
		}
	})
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	p.addr = fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
	return p
}

func (p *port) listen() (net.Listener, error) {
	if err := unix.Listen(p.fd, 16); err != nil {
		return nil, os.NewSyscallError("listen", err)
	}
	f := os.NewFile(uintptr(p.fd), p.addr)
	p.fd = -1
	defer f.Close()
	return net.FileListener(f)
}

// silentListener takes connections and never says a word. It tells of each.
func silentListener(t testing.TB) (addr string, accepted <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := make(chan struct{}, 1<<16)
	var conns []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			c <- struct{}{}
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		for _, conn := range conns {
			conn.Close()
		}
	})
	return l.Addr().String(), c
}

// ourGoroutines counts the goroutines of this package and of kafka-go, those of
// tests left out.
func ourGoroutines() (n int) {
	buf := make([]byte, 4<<20)
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "segmentio/kafka-go") || strings.Contains(g, "output/kafka.(*Sink)") && !strings.Contains(g, "testing.tRunner") {
			n++
		}
	}
	return n
}

// onProduce has f see each produce request before the broker does. What f
// returns is answered for all partitions; 0 lets the broker answer.
func onProduce(c *kfake.Cluster, f func(*kmsg.ProduceRequest) int16) {
	c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		req := r.(*kmsg.ProduceRequest)
		code := f(req)
		if code == 0 {
			return nil, nil, false
		}
		return answer(req, code), nil, true
	})
}

func answer(req *kmsg.ProduceRequest, code int16) kmsg.Response {
	res := req.ResponseKind().(*kmsg.ProduceResponse)
	for _, t := range req.Topics {
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic = t.Topic
		for _, p := range t.Partitions {
			rp := kmsg.NewProduceResponseTopicPartition()
			rp.Partition, rp.ErrorCode = p.Partition, code
			rt.Partitions = append(rt.Partitions, rp)
		}
		res.Topics = append(res.Topics, rt)
	}
	return res
}

// onMetadata has f see each metadata request.
func onMetadata(c *kfake.Cluster, f func(*kmsg.MetadataRequest)) {
	c.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		f(r.(*kmsg.MetadataRequest))
		return nil, nil, false
	})
}

// ended is a context that is over.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// onListener makes a cluster of one broker listen on l.
func onListener(l net.Listener) kfake.Opt {
	return kfake.ListenFn(func(string, string) (net.Listener, error) { return l, nil })
}
