//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logcar/logcar/e2e/kafka"
)

// A reader reads the topic while it is written, so that the brokers need not keep
// it, and enters each record in the ledger once.
type reader struct {
	client  *kgo.Client
	ledger  *ledger
	cancel  context.CancelFunc
	polling sync.WaitGroup
	failed  chan struct{} // closed when err is set
	err     error
	next    [partitions]atomic.Int64 // offset of the next record
}

func newReader(hosts []string, l *ledger) (*reader, error) {
	from := map[int32]kgo.Offset{}
	for p := range int32(partitions) {
		from[p] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(hosts...), kgo.ClientID("chaos"),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchMaxWait(500*time.Millisecond), kgo.DialTimeout(2*time.Second), kgo.RequestTimeoutOverhead(5*time.Second),
	)
	if err != nil {
		return nil, fmt.Errorf("read topic %s: %w", topic, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &reader{client: client, ledger: l, cancel: cancel, failed: make(chan struct{})}
	r.polling.Go(func() { r.run(ctx) })
	return r, nil
}

func (r *reader) run(ctx context.Context) {
	for ctx.Err() == nil {
		// Errors are brokers that fail, which is what is wanted; the client goes on.
		r.client.PollFetches(ctx).EachRecord(func(record *kgo.Record) {
			if err := r.enter(record); err != nil && r.err == nil {
				r.err = err
				close(r.failed)
			}
		})
	}
}

// enter takes a record that is the next one. After a change of leaders a client
// may read some again.
func (r *reader) enter(record *kgo.Record) error {
	next := &r.next[record.Partition]
	if record.Offset < next.Load() {
		return nil
	}
	if record.Offset > next.Load() {
		return fmt.Errorf("partition %d: offset %d follows %d: the brokers have lost records, or deleted them before they were read",
			record.Partition, record.Offset, next.Load()-1)
	}
	var document struct {
		Message string
		Agent   struct {
			Process string `json:"ephemeral_id"`
		}
		Log struct {
			File struct{ Path string }
		}
	}
	if err := json.Unmarshal(record.Value, &document); err != nil {
		return fmt.Errorf("partition %d offset %d is no document: %w: %.300q", record.Partition, record.Offset, err, record.Value)
	}
	app := filepath.Base(filepath.Dir(document.Log.File.Path))
	r.ledger.deliver(app, document.Message, document.Agent.Process, record.Partition, record.Offset)
	next.Store(record.Offset + 1)
	return nil
}

// finish waits until all that the topic holds now is read.
func (r *reader) finish(ctx context.Context, cluster *kafka.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, catchUp)
	defer cancel()
	ends, err := cluster.EndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	if len(ends) != partitions {
		return fmt.Errorf("topic %s has %d partitions, want %d", topic, len(ends), partitions)
	}
	for p := range ends {
		for r.next[p].Load() < ends[p] {
			select {
			case <-r.failed:
				return r.err
			default:
			}
			if !nap(ctx, 20*time.Millisecond) {
				return fmt.Errorf("read partition %d to its end: offset %d of %d: %w", p, r.next[p].Load(), ends[p], ctx.Err())
			}
		}
	}
	return nil
}

func (r *reader) close() {
	r.cancel()
	r.polling.Wait()
	r.client.Close()
}
