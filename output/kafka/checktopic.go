package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/describeconfigs"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// checkTopics checks the topics that are known without an event, and tells which are
// not.
func (c *checker) checkTopics(ctx context.Context, v *visit) {
	known, formats := c.router.names()
	for _, name := range known {
		c.checkTopic(ctx, v, name)
	}
	for _, f := range formats {
		c.steps = append(c.steps, Step{Subject: "topic " + f, Name: "exists", Detail: "not tried: events decide on the name"})
	}
}

// checkTopic asks one broker for a topic, and goes to the brokers that it
// names. That they can't be reached by those addresses (advertised.listeners) is
// what most often stands between a pod and a cluster that it can dial.
func (c *checker) checkTopic(ctx context.Context, v *visit, name string) {
	topic := visit{subject: "topic " + name}
	defer func() { c.steps = append(c.steps, topic.steps...) }()

	res, err := ask[*metadata.Response](ctx, v.conn, &metadata.Request{TopicNames: []string{name}})
	if err == nil {
		err = topicError(res)
	}
	if errors.Is(err, kafkago.UnknownTopicOrPartition) && len(res.Brokers) > 0 {
		one := res.Brokers[:1]
		c.visit(ctx, addresses(one), " (as the cluster names it)")
		topic.try("exists", func() (string, error) { return c.creatable(ctx, one[0]) })
		return
	}
	if !topic.try("exists", func() (string, error) { return "", err }) {
		return
	}
	leaders, leaderless := leadersOf(res)
	c.visit(ctx, addresses(leaders), " (as the cluster names it)")
	topic.try("leaders", func() (string, error) {
		n := len(res.Topics[0].Partitions)
		if len(leaderless) > 0 {
			return "", fmt.Errorf("%d of %d partitions have no leader: %s", len(leaderless), n, strings.Join(leaderless, ", "))
		}
		return fmt.Sprintf("%d partitions on %d brokers", n, len(leaders)), nil
	})
	topic.try("message size limit", func() (string, error) { return c.sizeLimit(ctx, v.conn, name), nil })
}

// leadersOf returns the brokers that lead partitions of the topic, and the
// partitions that nobody leads.
func leadersOf(res *metadata.Response) (leaders []metadata.ResponseBroker, leaderless []string) {
	leads := map[int32]bool{}
	for _, p := range res.Topics[0].Partitions {
		if !slices.ContainsFunc(res.Brokers, func(b metadata.ResponseBroker) bool { return b.NodeID == p.LeaderID }) {
			leaderless = append(leaderless, strconv.Itoa(int(p.PartitionIndex)))
		}
		leads[p.LeaderID] = true
	}
	for _, b := range res.Brokers {
		if leads[b.NodeID] {
			leaders = append(leaders, b)
		}
	}
	return leaders, leaderless
}

func addresses(brokers []metadata.ResponseBroker) []string {
	list := make([]string, len(brokers))
	for i, b := range brokers {
		list[i] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	return list
}

// The kinds of what has a configuration, in Kafka's numbers.
const (
	topicResource  = 2
	brokerResource = 4
)

// creatable tells whether the cluster would create the topic. It asks for the
// setting, since to try would be to create it.
func (c *checker) creatable(ctx context.Context, b metadata.ResponseBroker) (string, error) {
	missing := error(kafkago.UnknownTopicOrPartition)
	v := c.met[addresses([]metadata.ResponseBroker{b})[0]]
	if v.conn == nil {
		return "", missing
	}
	value, err := setting(ctx, v.conn, brokerResource, strconv.Itoa(int(b.NodeID)), "auto.create.topics.enable")
	switch {
	case err != nil:
		return "", fmt.Errorf("%w; whether the cluster would create it is not told: %w", missing, err)
	case value != "true":
		return "", fmt.Errorf("%w; the cluster does not create topics (auto.create.topics.enable is %s)", missing, value)
	}
	return "not yet; the cluster creates it when it is written to", nil
}

// sizeLimit asks how large a batch may be. A broker that does not say so is fine:
// batches that are too large are split.
func (c *checker) sizeLimit(ctx context.Context, conn *protocol.Conn, topic string) string {
	value, err := setting(ctx, conn, topicResource, topic, "max.message.bytes")
	if err != nil {
		return fmt.Sprintf("skipped: %v", err)
	}
	limit, err := strconv.Atoi(value)
	if err != nil {
		return fmt.Sprintf("skipped: %q is no number", value)
	}
	if limit < c.cfg.MaxMessageBytes {
		return fmt.Sprintf("%d bytes, less than max_message_bytes %d: larger batches are split", limit, c.cfg.MaxMessageBytes)
	}
	return fmt.Sprintf("%d bytes, batches have up to %d", limit, c.cfg.MaxMessageBytes)
}

// setting asks for the value of one setting.
func setting(ctx context.Context, conn *protocol.Conn, kind int8, name, key string) (string, error) {
	res, err := ask[*describeconfigs.Response](ctx, conn, &describeconfigs.Request{
		Resources: []describeconfigs.RequestResource{{ResourceType: kind, ResourceName: name, ConfigNames: []string{key}}},
	})
	if err != nil {
		return "", explain(err)
	}
	for _, r := range res.Resources {
		switch code := kafkago.Error(r.ErrorCode); code {
		case 0:
		case kafkago.TopicAuthorizationFailed, kafkago.ClusterAuthorizationFailed:
			return "", fmt.Errorf("not allowed to ask for %s: %w", key, code)
		default:
			return "", code
		}
		for _, e := range r.ConfigEntries {
			if e.ConfigName == key {
				return e.ConfigValue, nil
			}
		}
	}
	return "", fmt.Errorf("the broker does not tell %s", key)
}
