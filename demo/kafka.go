package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	topic      = "applog"
	brokers    = 3
	partitions = 3
)

// A kafka is a cluster in this process: real protocol on loopback ports, no
// disk. It keeps every batch in memory, compressed as it came.
type kafka struct{ cluster *kfake.Cluster }

func startKafka() (*kafka, error) {
	c, err := kfake.NewCluster(kfake.NumBrokers(brokers), kfake.SeedTopics(partitions, topic))
	if err != nil {
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	return &kafka{c}, nil
}

func (k *kafka) close() { k.cluster.Close() }

// hosts returns the brokers' addresses, separated by commas.
func (k *kafka) hosts() string { return strings.Join(k.cluster.ListenAddrs(), ",") }

// stored returns the size of the topic's batches, compressed as they were sent,
// and the offset behind each partition's last record.
func (k *kafka) stored() (bytes int64, ends [partitions]int64) {
	for _, p := range k.cluster.PartitionInfos(topic) {
		bytes += p.NumBytes
		ends[p.Partition] = p.HighWatermark
	}
	return bytes, ends
}

// A reader reads the topic from its beginning and hands on what it reads.
type reader struct {
	client *kgo.Client
	each   func(value []byte, partition int32, at time.Time)
	codec  uint8             // of the latest record, as in the batch header's attributes
	next   [partitions]int64 // the offset behind the latest record read
}

func newReader(k *kafka, each func(value []byte, partition int32, at time.Time)) (*reader, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(k.cluster.ListenAddrs()...),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(500*time.Millisecond),
	)
	if err != nil {
		return nil, fmt.Errorf("read topic %s: %w", topic, err)
	}
	return &reader{client: client, each: each}, nil
}

func (r *reader) close() { r.client.Close() }

// follow reads until ctx ends.
func (r *reader) follow(ctx context.Context) {
	for ctx.Err() == nil {
		r.poll(ctx)
	}
}

// finish reads on to the partitions' ends.
func (r *reader) finish(ctx context.Context, ends [partitions]int64) error {
	for r.next != ends {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read topic %s to its end: %w", topic, err)
		}
		r.poll(ctx)
	}
	return nil
}

// poll leaves errors to the client, which tries again: a run that gets nowhere
// ends by its deadline.
func (r *reader) poll(ctx context.Context) {
	fetches := r.client.PollFetches(ctx)
	at := time.Now()
	fetches.EachRecord(func(record *kgo.Record) {
		r.next[record.Partition] = record.Offset + 1
		r.codec = record.Attrs.CompressionType()
		r.each(record.Value, record.Partition, at)
	})
}

// codecName returns a compression's name as the Kafka protocol numbers it.
func codecName(codec uint8) string {
	names := []string{"no compression", "gzip", "snappy", "lz4", "zstd"}
	if int(codec) < len(names) {
		return names[codec]
	}
	return fmt.Sprintf("compression %d", codec)
}
