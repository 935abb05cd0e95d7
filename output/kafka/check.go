package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
	"github.com/segmentio/kafka-go/sasl"
)

// checkLimit is the longest that one step of Check takes.
const checkLimit = 10 * time.Second

// Step is one thing that Check tried.
type Step struct {
	Subject string // what was tried: "kafka: host:port" or "topic name"
	Name    string
	Detail  string // what there is to know of it; may be empty
	Err     error  // nil: it works
}

// Check tries whether events could be delivered: whether each host can be
// reached and lets us in, and the topics' leaders under the addresses by which
// the cluster names them; whether the topics exist or would be created. Of those
// that events decide on it names the format. It writes nothing and creates nothing. It ends with ctx, and takes no longer than
// some ten seconds for each thing that does not answer.
func Check(ctx context.Context, cfg Config) []Step {
	c := &checker{cfg: &cfg, met: map[string]*visit{}}
	err := cfg.check()
	if err == nil {
		c.cluster, err = newCluster(&cfg)
	}
	if err == nil {
		c.router, err = newRouter(&cfg)
	}
	if err == nil {
		c.login, err = cfg.SASL.mechanism()
	}
	if err != nil {
		return []Step{{Subject: "kafka", Name: "configuration", Err: err}}
	}
	defer c.leave()
	c.visit(ctx, cfg.Hosts, "")
	for _, host := range cfg.Hosts {
		if v := c.met[host]; v.conn != nil {
			c.checkTopics(ctx, v)
			break
		}
	}
	return c.steps
}

// A checker goes from broker to broker.
type checker struct {
	cfg     *Config
	cluster *cluster
	router  *router
	login   sasl.Mechanism // nil: none
	met     map[string]*visit
	steps   []Step
}

// A visit is a connection to a broker and what was tried to get it.
type visit struct {
	subject string
	address string
	conn    *protocol.Conn // nil: there is none
	steps   []Step
}

// try adds a step; it says whether that succeeded.
func (v *visit) try(name string, step func() (detail string, err error)) bool {
	detail, err := step()
	v.steps = append(v.steps, Step{Subject: v.subject, Name: name, Detail: detail, Err: explain(err)})
	return err == nil
}

// visit connects to all of the addresses at once: each one that is down takes
// its time.
func (c *checker) visit(ctx context.Context, addresses []string, note string) {
	var all sync.WaitGroup
	var visits []*visit
	for _, a := range addresses {
		if c.met[a] != nil {
			continue
		}
		v := &visit{address: a, subject: "kafka: " + a + note}
		c.met[a] = v
		visits = append(visits, v)
		all.Go(func() { c.connect(ctx, v) })
	}
	all.Wait()
	for _, v := range visits {
		c.steps = append(c.steps, v.steps...)
	}
}

func (c *checker) leave() {
	for _, v := range c.met {
		if v.conn != nil {
			_ = v.conn.Close() // nothing was written that matters
		}
	}
}

// connect goes the way of a connection up to the login.
func (c *checker) connect(ctx context.Context, v *visit) {
	var host string
	var conn net.Conn
	ok := v.try("parse host", func() (_ string, err error) {
		host, _, err = net.SplitHostPort(v.address)
		return "", err
	}) && v.try("dns lookup", func() (string, error) {
		ctx, cancel := context.WithTimeout(ctx, checkLimit)
		defer cancel()
		addresses, err := net.DefaultResolver.LookupHost(ctx, host)
		return strings.Join(addresses, ", "), err
	}) && v.try("dial up", func() (_ string, err error) {
		conn, err = c.cluster.dialer.dial(ctx, "tcp", v.address)
		return "", err
	})
	if !ok {
		return
	}
	raw := conn
	if c.cfg.TLS != nil {
		ok = v.try("TLS handshake", func() (detail string, err error) {
			conn, detail, err = c.handshake(ctx, raw, host)
			return detail, err
		})
	}
	broker := protocol.NewConn(conn, c.cfg.ClientID)
	ok = ok && v.try("API versions", func() (string, error) {
		err := negotiate(ctx, broker)
		if c.cfg.TLS == nil && isClosed(err) {
			err = fmt.Errorf("%w (does it expect TLS? see ssl)", err)
		}
		return "", err
	})
	if c.login != nil {
		ok = ok && v.try("login", func() (string, error) {
			return c.login.Name(), c.authenticate(ctx, broker, v.address)
		})
	}
	if !ok {
		_ = raw.Close() // it is of no use
		return
	}
	v.conn = broker
}

func (c *checker) handshake(ctx context.Context, raw net.Conn, host string) (net.Conn, string, error) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	cfg := c.cfg.TLS
	if cfg.ServerName == "" {
		cfg = cfg.Clone()
		cfg.ServerName = host
	}
	conn := tls.Client(raw, cfg)
	err := conn.HandshakeContext(ctx)
	if isClosed(err) || errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w (does it speak TLS? see ssl)", err)
	}
	if err != nil {
		return nil, "", err
	}
	return conn, tls.VersionName(conn.ConnectionState().Version), nil
}

// ask sends a request and waits for the answer.
func ask[T protocol.Message](ctx context.Context, conn *protocol.Conn, request protocol.Message) (answer T, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	expire := func() { _ = conn.SetDeadline(time.Unix(1, 0)) } // it only fails on a closed connection
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return answer, err
	}
	defer context.AfterFunc(ctx, expire)()
	m, err := conn.RoundTrip(request)
	if err != nil {
		return answer, err
	}
	answer, ok := m.(T)
	if !ok {
		return answer, fmt.Errorf("answer of type %T: %w", m, io.ErrUnexpectedEOF)
	}
	return answer, nil
}

// negotiate finds out which versions of the requests the broker knows.
func negotiate(ctx context.Context, conn *protocol.Conn) error {
	res, err := ask[*apiversions.Response](ctx, conn, &apiversions.Request{})
	if err != nil {
		return err
	}
	if res.ErrorCode != 0 {
		return kafkago.Error(res.ErrorCode)
	}
	versions := make(map[protocol.ApiKey]int16, len(res.ApiKeys))
	for _, k := range res.ApiKeys {
		key := protocol.ApiKey(k.ApiKey)
		versions[key] = key.SelectVersion(k.MinVersion, k.MaxVersion)
	}
	conn.SetVersions(versions)
	return nil
}

func (c *checker) authenticate(ctx context.Context, conn *protocol.Conn, address string) error {
	greeting, err := ask[*saslhandshake.Response](ctx, conn, &saslhandshake.Request{Mechanism: c.login.Name()})
	if err != nil {
		return err
	}
	if greeting.ErrorCode != 0 {
		return fmt.Errorf("%w; the broker knows %s", kafkago.Error(greeting.ErrorCode), strings.Join(greeting.Mechanisms, ", "))
	}
	host, port, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(port)
	session, say, err := c.login.Start(sasl.WithMetadata(ctx, &sasl.Metadata{Host: host, Port: n}))
	for done := false; err == nil && !done; {
		var res *saslauthenticate.Response
		if res, err = ask[*saslauthenticate.Response](ctx, conn, &saslauthenticate.Request{AuthBytes: say}); err != nil {
			break
		}
		if res.ErrorCode != 0 {
			return fmt.Errorf("%w: %s", kafkago.Error(res.ErrorCode), res.ErrorMessage)
		}
		done, say, err = session.Next(ctx, res.AuthBytes)
	}
	if isClosed(err) { // how brokers before 1.0 say no
		return fmt.Errorf("%w: %w", kafkago.SASLAuthenticationFailed, err)
	}
	return err
}

// explain puts what is wrong before the words of the system.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if _, isCode := errors.AsType[kafkago.Error](err); isCode {
		return err
	}
	if cause := classify(err).cause; cause != causeOther && cause != causeTLS { // whose errors say it themselves
		return fmt.Errorf("%s: %w", cause.what, err)
	}
	return err
}
