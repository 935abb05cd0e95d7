package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"golang.org/x/sys/unix"
)

// cluster is kafka-go's transport with what it lacks: metadata for our topic
// alone, a way to have it refreshed at once, and errors with a name.
type cluster struct {
	cfg       *Config
	addr      net.Addr
	transport *kafkago.Transport
	client    *kafkago.Client

	mu         sync.Mutex
	generation int // counts resets; who saw an error of an older one need not reset again
}

func newCluster(cfg *Config) (*cluster, error) {
	login, err := cfg.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	c := &cluster{cfg: cfg, addr: kafkago.TCP(cfg.Hosts...)}
	c.transport = &kafkago.Transport{
		Dial:        c.dial,
		DialTimeout: cfg.Timeout,
		// Brokers close idle connections after ten minutes; being first means
		// never to write into a connection that is already gone.
		IdleTimeout: 9 * time.Minute,
		MetadataTTL: cfg.MetadataRefresh,
		// Without this every refresh asks for all topics of the cluster.
		MetadataTopics: []string{cfg.Topic},
		ClientID:       cfg.ClientID,
		TLS:            cfg.TLS,
		SASL:           login,
	}
	c.client = &kafkago.Client{
		Addr:      c.addr,
		Transport: c.transport,
		// RawProduce gives the broker half of this to gather its replicas'
		// confirmations; left at zero the broker would get half a second.
		Timeout: 2 * cfg.BrokerTimeout,
	}
	return c, nil
}

func (c *cluster) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: min(c.cfg.Timeout, 5*time.Second), KeepAlive: c.cfg.KeepAlive}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	// A peer that vanished without a word is noticed after this long, not after
	// the kernel's quarter of an hour.
	if tcp, ok := conn.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) {
				_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(c.cfg.Timeout.Milliseconds()))
			})
		}
	}
	return &guardedConn{Conn: conn, limit: c.cfg.Timeout}, nil
}

// guardedConn keeps kafka-go from waiting for ever, and from believing anything.
type guardedConn struct {
	net.Conn
	limit time.Duration
	heard bool // the first bytes were looked at
}

// SetDeadline implements net.Conn. kafka-go sets no deadline at all while it logs
// in, and one of MetadataTTL when it asks for metadata: each attempt would leave a
// connection behind. That of an idle connection may pass, since each request sets
// its own before it writes.
func (c *guardedConn) SetDeadline(t time.Time) error {
	if latest := time.Now().Add(c.limit); t.IsZero() || t.After(latest) {
		t = latest
	}
	return c.Conn.SetDeadline(t)
}

var errNotKafka = errors.New("the answer is text")

// Read implements net.Conn. kafka-go makes room for whatever lengths a peer sends,
// gigabytes when it is a web server. Kafka's answers begin with their length, so
// that one of 16 MB still begins with a zero, and TLS with its record type.
func (c *guardedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.heard {
		c.heard = true
		if p[0] >= ' ' {
			return 0, errNotKafka
		}
	}
	return n, err
}

// partition is one partition of the topic as the metadata has it.
type partition struct {
	id     int32
	leader bool // whether it has one
}

// partitions asks for the topic's partitions, creating the topic where the
// cluster allows that. Answers come from kafka-go's cache.
func (c *cluster) partitions(ctx context.Context) ([]partition, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	gen := c.seen()
	ask := func(create bool) (*metadata.Response, error) {
		r, err := c.transport.RoundTrip(ctx, c.addr, &metadata.Request{TopicNames: []string{c.cfg.Topic}, AllowAutoTopicCreation: create})
		if err != nil {
			return nil, err
		}
		return r.(*metadata.Response), nil
	}
	res, err := ask(false)
	if err == nil && len(res.Topics) == 1 && kafkago.Error(res.Topics[0].ErrorCode) == kafkago.UnknownTopicOrPartition {
		res, err = ask(true)
	}
	if err == nil {
		err = topicError(res)
	}
	if err != nil {
		// kafka-go keeps its first error until the next refresh: start afresh.
		c.reset(gen)
		return nil, fmt.Errorf("metadata of topic %s: %w", c.cfg.Topic, err)
	}
	parts := make([]partition, len(res.Topics[0].Partitions))
	brokers := map[int32]bool{}
	for _, b := range res.Brokers {
		brokers[b.NodeID] = true
	}
	for i, p := range res.Topics[0].Partitions {
		parts[i] = partition{id: p.PartitionIndex, leader: brokers[p.LeaderID]}
	}
	return parts, nil
}

func topicError(res *metadata.Response) error {
	if len(res.Topics) != 1 {
		return fmt.Errorf("answer has %d topics: %w", len(res.Topics), io.ErrUnexpectedEOF)
	}
	t := &res.Topics[0]
	if t.ErrorCode != 0 {
		return kafkago.Error(t.ErrorCode)
	}
	if len(t.Partitions) == 0 {
		return kafkago.LeaderNotAvailable
	}
	return nil
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
		c.transport.CloseIdleConnections()
	}
}

// produce sends wire, length prefix included, and waits for the confirmation.
func (c *cluster) produce(ctx context.Context, partition int32, wire []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	res, err := c.client.RawProduce(ctx, &kafkago.RawProduceRequest{
		Topic:        c.cfg.Topic,
		Partition:    int(partition),
		RequiredAcks: kafkago.RequiredAcks(c.cfg.Acks),
		RawRecords:   protocol.RawRecordSet{Reader: bytes.NewReader(wire)},
	})
	switch {
	case err != nil:
		return err
	case res == nil && c.cfg.Acks != AcksNone:
		return fmt.Errorf("produce: %w", io.ErrUnexpectedEOF)
	case res == nil:
		return nil
	}
	return res.Error
}

// failure is what follows from an error of a produce request.
type failure struct {
	cause   string // for people: what to look at
	refresh bool   // the leader may have moved: ask, and soon
	split   bool   // the batch is too large
}

// classify names an error. Nothing that a broker answers makes logcar drop an
// event: what cannot be helped by waiting is helped by an operator.
func classify(err error) failure {
	var code kafkago.Error
	var dns *net.DNSError
	switch {
	case errors.Is(err, protocol.ErrNoTopic), errors.Is(err, protocol.ErrNoPartition), errors.Is(err, protocol.ErrNoLeader):
		return failure{cause: "no leader is known for the partition", refresh: true}
	case errors.As(err, &code):
		return classifyCode(code)
	case errors.As(err, &dns):
		return failure{cause: "the broker's name cannot be resolved", refresh: true}
	case errors.Is(err, errNotKafka):
		return failure{cause: "what answers is not a Kafka broker", refresh: true}
	case errors.Is(err, syscall.ECONNREFUSED):
		return failure{cause: "the broker refuses connections", refresh: true}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT), isTimeout(err):
		return failure{cause: "the broker does not answer in time", refresh: true}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return failure{cause: "the broker closed the connection", refresh: true}
	}
	return failure{cause: "the request failed", refresh: true}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

func classifyCode(code kafkago.Error) failure {
	switch code {
	case kafkago.MessageSizeTooLarge, kafkago.RecordListTooLarge:
		return failure{cause: "the batch is larger than the broker allows", split: true}
	case kafkago.UnknownTopicOrPartition:
		return failure{cause: "the topic does not exist", refresh: true}
	case kafkago.NotLeaderForPartition, kafkago.LeaderNotAvailable, kafkago.FencedLeaderEpoch, kafkago.UnknownLeaderEpoch,
		kafkago.KafkaStorageError, kafkago.ListenerNotFound, kafkago.BrokerNotAvailable, kafkago.ReplicaNotAvailable,
		kafkago.PreferredLeaderNotAvailable, kafkago.EligibleLeadersNotAvailable, kafkago.NetworkException:
		return failure{cause: "the partition's leader is moving", refresh: true}
	case kafkago.NotEnoughReplicas, kafkago.NotEnoughReplicasAfterAppend:
		return failure{cause: "too few replicas are in sync for required_acks", refresh: true}
	case kafkago.RequestTimedOut:
		return failure{cause: "the replicas did not confirm in time"}
	case kafkago.TopicAuthorizationFailed, kafkago.ClusterAuthorizationFailed:
		return failure{cause: "not allowed to write to the topic"}
	case kafkago.SASLAuthenticationFailed, kafkago.UnsupportedSASLMechanism, kafkago.IllegalSASLState:
		return failure{cause: "the login failed"}
	}
	return failure{cause: "the broker refuses the batch"}
}
