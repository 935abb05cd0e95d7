package pipeline

import (
	"net"
	"sync"
)

// A wire is what lies between brokers and their clients: answers can be held back
// or lost on it, and it can be cut.
type wire struct {
	mu    sync.Mutex
	conns map[*wired]struct{}
	open  chan struct{} // nil, or closed when answers go on
	lose  bool          // the next answer, and the connection with it
}

func newWire() *wire { return &wire{conns: map[*wired]struct{}{}} }

func (w *wire) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	return wiredListener{l, w}, err
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		c.Conn.Close()
	}
}

func (w *wire) loseAnswer() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lose = true
}

func (w *wire) held() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open != nil
}

func (w *wire) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = make(chan struct{})
}

func (w *wire) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open != nil {
		close(w.open)
		w.open = nil
	}
}

type wiredListener struct {
	net.Listener
	wire *wire
}

func (l wiredListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &wired{Conn: conn, wire: l.wire}
	l.wire.mu.Lock()
	defer l.wire.mu.Unlock()
	l.wire.conns[c] = struct{}{}
	return c, nil
}

type wired struct {
	net.Conn
	wire *wire
}

func (c *wired) Write(b []byte) (int, error) {
	c.wire.mu.Lock()
	open, lose := c.wire.open, c.wire.lose
	c.wire.lose = false
	c.wire.mu.Unlock()
	if open != nil {
		<-open
	}
	if lose {
		c.Conn.Close()
	}
	return c.Conn.Write(b)
}

func (c *wired) Close() error {
	c.wire.mu.Lock()
	delete(c.wire.conns, c)
	c.wire.mu.Unlock()
	return c.Conn.Close()
}
