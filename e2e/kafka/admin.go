//go:build unix

package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// newClient returns a client that asks one broker and no other, so that each
// answer is that broker's own view.
func newClient(addr string) (*kgo.Client, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(addr),
		kgo.ClientID("e2e"),
		kgo.DialTimeout(2*time.Second),
		kgo.RequestTimeoutOverhead(5*time.Second),
	)
	if err != nil {
		return nil, fmt.Errorf("make client for %s: %w", addr, err)
	}
	return client, nil
}

func ask[R kmsg.Response](ctx context.Context, client *kgo.Client, request kmsg.Request) (R, error) {
	var none R
	response, err := client.SeedBrokers()[0].Request(ctx, request)
	if err != nil {
		return none, err
	}
	return response.(R), nil
}

// metadata asks for the brokers and, when it is not empty, for one topic. The
// answer's Topics are empty when the topic is not known.
func metadata(ctx context.Context, client *kgo.Client, topic string) (*kmsg.MetadataResponse, error) {
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{} // none, where nil would be all
	if topic != "" {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(topic)
		request.Topics = append(request.Topics, t)
	}
	meta, err := ask[*kmsg.MetadataResponse](ctx, client, request)
	if err != nil {
		return nil, err
	}
	for _, t := range meta.Topics {
		switch err := kerr.ErrorForCode(t.ErrorCode); {
		case errors.Is(err, kerr.UnknownTopicOrPartition):
			meta.Topics = nil
			return meta, nil
		case err != nil:
			return nil, err
		}
	}
	return meta, nil
}

// CreateTopic makes a topic and returns when every running broker knows it and
// each partition has a leader.
func (c *Cluster) CreateTopic(ctx context.Context, name string, partitions, replication int, configs map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, adminLimit)
	defer cancel()
	request := kmsg.NewPtrCreateTopicsRequest()
	request.TimeoutMillis = int32(adminLimit.Milliseconds())
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic = name
	topic.NumPartitions = int32(partitions)
	topic.ReplicationFactor = int16(replication)
	for key, value := range configs {
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		config.Name = key
		config.Value = kmsg.StringPtr(value)
		topic.Configs = append(topic.Configs, config)
	}
	request.Topics = append(request.Topics, topic)
	err := c.anyNode(ctx, func(n *node) error {
		response, err := ask[*kmsg.CreateTopicsResponse](ctx, n.client, request)
		if err != nil {
			return err
		}
		return topicCreated(response)
	})
	if err == nil {
		err = c.topicKnown(ctx, name, partitions)
	}
	if err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	return nil
}

func topicCreated(response *kmsg.CreateTopicsResponse) error {
	for _, t := range response.Topics {
		err := kerr.ErrorForCode(t.ErrorCode)
		switch {
		case err == nil || kerr.IsRetriable(err):
			return err
		case t.ErrorMessage != nil:
			return fatalError{fmt.Errorf("%w: %s", err, *t.ErrorMessage)}
		default:
			return fatalError{err}
		}
	}
	return nil
}

func (c *Cluster) topicKnown(ctx context.Context, name string, partitions int) error {
	for _, n := range c.nodes {
		if !n.running() || n.paused {
			continue
		}
		err := poll(ctx, func() error {
			meta, err := metadata(ctx, n.client, name)
			if err != nil {
				return err
			}
			if len(meta.Topics) == 0 || len(meta.Topics[0].Partitions) < partitions {
				return fmt.Errorf("broker %d does not know it yet", n.id)
			}
			for _, p := range meta.Topics[0].Partitions {
				if p.Leader < 0 {
					return fmt.Errorf("partition %d has no leader yet", p.Partition)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Partition is the state of one partition as a running broker sees it.
type Partition struct {
	Leader int   // the broker, or -1
	ISR    []int // the in-sync replicas
}

// Partitions returns the state of a topic's partitions, none for a topic that
// does not exist.
func (c *Cluster) Partitions(ctx context.Context, topic string) ([]Partition, error) {
	ctx, cancel := context.WithTimeout(ctx, adminLimit)
	defer cancel()
	var all []Partition
	err := c.anyNode(ctx, func(n *node) error {
		meta, err := metadata(ctx, n.client, topic)
		if err != nil || len(meta.Topics) == 0 {
			return err
		}
		all = make([]Partition, len(meta.Topics[0].Partitions))
		for _, p := range meta.Topics[0].Partitions {
			state := Partition{Leader: int(p.Leader)}
			for _, id := range p.ISR {
				state.ISR = append(state.ISR, int(id))
			}
			all[p.Partition] = state
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("describe topic %s: %w", topic, err)
	}
	return all, nil
}

// Leader returns the broker that leads a partition, or -1 when none does.
func (c *Cluster) Leader(ctx context.Context, topic string, partition int) (int, error) {
	all, err := c.Partitions(ctx, topic)
	if err != nil {
		return -1, err
	}
	if partition >= len(all) {
		return -1, fmt.Errorf("describe topic %s: no partition %d", topic, partition)
	}
	return all[partition].Leader, nil
}

// EndOffsets returns the offset after the last record of each partition; none
// for a topic that does not exist.
func (c *Cluster) EndOffsets(ctx context.Context, topic string) ([]int64, error) {
	const latest = -1 // as ListOffsets spells it
	return c.offsets(ctx, topic, latest)
}

// offsets asks each partition's leader. While one is being elected, it waits.
func (c *Cluster) offsets(ctx context.Context, topic string, timestamp int64) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, adminLimit)
	defer cancel()
	var offsets []int64
	err := poll(ctx, func() error {
		all, err := c.Partitions(ctx, topic)
		if err != nil || len(all) == 0 {
			return err
		}
		offsets = make([]int64, len(all))
		for p, state := range all {
			if state.Leader < 0 || !c.nodes[state.Leader].running() {
				return fmt.Errorf("partition %d has no leader", p)
			}
			if offsets[p], err = c.nodes[state.Leader].offset(ctx, topic, p, timestamp); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	return offsets, nil
}

func (n *node) offset(ctx context.Context, topic string, partition int, timestamp int64) (int64, error) {
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID = -1
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition = int32(partition)
	p.Timestamp = timestamp
	t.Partitions = append(t.Partitions, p)
	request.Topics = append(request.Topics, t)
	response, err := ask[*kmsg.ListOffsetsResponse](ctx, n.client, request)
	if err != nil {
		return 0, err
	}
	if len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 {
		return 0, errors.New("an answer without the partition")
	}
	answer := response.Topics[0].Partitions[0]
	return answer.Offset, kerr.ErrorForCode(answer.ErrorCode)
}

// anyNode tries the running brokers in turn until one of them gives an answer.
func (c *Cluster) anyNode(ctx context.Context, try func(*node) error) error {
	return poll(ctx, func() error {
		last := errors.New("no broker is running")
		for _, n := range c.nodes {
			if !n.running() || n.paused {
				continue
			}
			if last = try(n); last == nil || errors.As(last, new(fatalError)) {
				return last
			}
		}
		return last
	})
}
