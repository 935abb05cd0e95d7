package kafka

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// cluster is kafka-go's transport with what it lacks: metadata for our topic
// alone, a way to have it refreshed at once, and errors with a name.
type cluster struct {
	cfg       *Config
	addr      net.Addr
	dialer    *dialer
	transport *kafkago.Transport
	client    *kafkago.Client

	throttled atomic.Int64 // until when a broker last said that it would not listen to us, in Unix nanoseconds

	mu         sync.Mutex
	generation int // counts resets; who saw an error of an older one need not reset again
}

func newCluster(cfg *Config) (*cluster, error) {
	login, err := cfg.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	c := &cluster{cfg: cfg, addr: kafkago.TCP(cfg.Hosts...), dialer: newDialer(cfg)}
	c.transport = &kafkago.Transport{
		Dial:        c.dialer.dial,
		DialTimeout: cfg.Timeout,
		// Brokers close idle connections after ten minutes; being first means
		// never to write into a connection that is already gone.
		IdleTimeout: 9 * time.Minute,
		MetadataTTL: cfg.MetadataRefresh,
		// Without this every refresh asks for all topics of the cluster.
		MetadataTopics: []string{cfg.Topic},
		ClientID:       cfg.ClientID,
		TLS:            cfg.TLS,
	}
	if login != nil {
		c.transport.SASL = watchedLogin{login, c.dialer}
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

// partition is one partition of the topic as the metadata has it.
type partition struct {
	id     int32
	leader bool   // whether it has one
	broker string // the leader's host:port
}

// partitions asks for the topic's partitions, creating the topic where the
// cluster allows that. Answers come from kafka-go's cache.
func (c *cluster) partitions(ctx context.Context) ([]partition, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	gen, began := c.seen(), time.Now()
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
		return nil, fmt.Errorf("metadata of topic %s: %w", c.cfg.Topic, c.dialer.explain(err, began))
	}
	parts := make([]partition, len(res.Topics[0].Partitions))
	brokers := map[int32]string{}
	for _, b := range res.Brokers {
		brokers[b.NodeID] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	for i, p := range res.Topics[0].Partitions {
		broker, leader := brokers[p.LeaderID]
		parts[i] = partition{id: p.PartitionIndex, leader: leader, broker: broker}
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

// reconnect closes all connections, those in use as well, and forgets the
// metadata. Requests that are under way end with net.ErrClosed.
func (c *cluster) reconnect() {
	c.mu.Lock()
	c.generation++
	c.transport.CloseIdleConnections()
	c.mu.Unlock()
	c.dialer.cut()
}

// produce sends wire, length prefix included, and waits for the confirmation.
func (c *cluster) produce(ctx context.Context, partition int32, wire []byte) error {
	began := time.Now()
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
		return c.dialer.explain(err, began)
	case res == nil && c.cfg.Acks != AcksNone:
		return fmt.Errorf("produce: %w", io.ErrUnexpectedEOF)
	case res == nil:
		return nil
	}
	if res.Throttle > 0 {
		c.throttled.Store(time.Now().Add(res.Throttle).UnixNano())
	}
	if len(res.RecordErrors) > 0 {
		return &refusal{res.Error, res.RecordErrors}
	}
	return res.Error
}
