package kafka

import (
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// A link is kafka-go's transport for some topics. An old one has been replaced, and
// is closed when its last user is done: one more request would open it again.
type link struct {
	transport *kafkago.Transport
	client    *kafkago.Client
	users     int
	old       bool
}

// know says which topics there will be requests for. kafka-go's transport has the
// metadata of those that it was told of when it was made, so that this makes
// another one, with connections of its own; requests that are under way end on
// the old ones.
func (c *cluster) know(topics []string) {
	transport := &kafkago.Transport{
		Dial:        c.dialer.dial,
		DialTimeout: c.cfg.Timeout,
		// Brokers close idle connections after ten minutes; being first means
		// never to write into a connection that is already gone.
		IdleTimeout: 9 * time.Minute,
		MetadataTTL: c.cfg.MetadataRefresh,
		// Without this every refresh asks for all topics of the cluster.
		MetadataTopics: topics,
		ClientID:       c.cfg.ClientID,
		TLS:            c.cfg.TLS,
		SASL:           c.login,
	}
	client := &kafkago.Client{
		Addr:      c.addr,
		Transport: transport,
		// RawProduce gives the broker half of this to gather its replicas'
		// confirmations; left at zero the broker would get half a second.
		Timeout: 2 * c.cfg.BrokerTimeout,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	if c.link != nil {
		c.link.old = true
		c.link.transport.CloseIdleConnections()
	}
	c.link = &link{transport: transport, client: client}
}

// use is for one request; done must follow.
func (c *cluster) use() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link.users++
	return c.link
}

func (c *cluster) done(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.users--; l.users == 0 && l.old {
		l.transport.CloseIdleConnections()
	}
}

// close lets go of the connections, when all requests have ended.
func (c *cluster) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != nil {
		c.link.transport.CloseIdleConnections()
	}
}

// seen is what reset wants to hear after an error.
func (c *cluster) seen() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation
}

// reset forgets connections and metadata, unless somebody did so since
// generation was seen. The next request asks anew.
func (c *cluster) reset(generation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation {
		c.generation++
		c.link.transport.CloseIdleConnections()
	}
}

// reconnect closes all connections, those in use as well, and forgets the
// metadata. Requests that are under way end with net.ErrClosed.
func (c *cluster) reconnect() {
	c.mu.Lock()
	c.generation++
	c.link.transport.CloseIdleConnections()
	c.mu.Unlock()
	c.dialer.cut()
}
