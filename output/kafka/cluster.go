package kafka

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/sasl"
)

// cluster is kafka-go's transport with what it lacks: metadata for our topics
// alone, a way to have it refreshed at once, and errors with a name.
type cluster struct {
	cfg    *Config
	addr   net.Addr
	dialer *dialer
	login  sasl.Mechanism // nil: none

	throttled atomic.Int64 // until when a broker last said that it would not listen to us, in Unix nanoseconds

	mu         sync.Mutex
	link       *link // for the topics that are known
	generation int   // counts resets; who saw an error of an older one need not reset again
}

func newCluster(cfg *Config) (*cluster, error) {
	login, err := cfg.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	c := &cluster{cfg: cfg, addr: kafkago.TCP(cfg.Hosts...), dialer: newDialer(cfg)}
	if login != nil {
		c.login = watchedLogin{login, c.dialer}
	}
	return c, nil
}

// partition is one partition of a topic as the metadata has it.
type partition struct {
	id     int32
	leader bool   // whether it has one
	broker string // the leader's host:port
}

// partitions asks for a topic's partitions, in the order of their ids, creating the
// topic where the cluster allows that. Answers come from kafka-go's cache, but for
// a topic that it does not know.
func (c *cluster) partitions(ctx context.Context, topic string) ([]partition, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	gen, began, link := c.seen(), time.Now(), c.use()
	defer c.done(link)
	ask := func(create bool) (*metadata.Response, error) {
		r, err := link.transport.RoundTrip(ctx, c.addr, &metadata.Request{TopicNames: []string{topic}, AllowAutoTopicCreation: create})
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
		if !errors.Is(err, kafkago.UnknownTopicOrPartition) {
			// kafka-go keeps its first error until the next refresh: start afresh.
			c.reset(gen)
		}
		return nil, fmt.Errorf("metadata of topic %s: %w", topic, c.dialer.explain(err, began))
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
	slices.SortFunc(parts, func(a, b partition) int { return cmp.Compare(a.id, b.id) })
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

// produce sends wire, length prefix included, and waits for the confirmation.
func (c *cluster) produce(ctx context.Context, topic string, partition int32, wire []byte) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	link := c.use()
	defer c.done(link)
	res, err := link.client.RawProduce(ctx, &kafkago.RawProduceRequest{
		Topic:        topic,
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
