package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestReaderReadsTheWholeTopic(t *testing.T) {
	kafka, err := startKafka()
	if err != nil {
		t.Fatal(err)
	}
	defer kafka.close()

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got := map[string]int{}
	followed, stopFollowing := context.WithCancel(ctx)
	reader, err := newReader(kafka, func(value []byte, partition int32, at time.Time) {
		got[fmt.Sprintf("%d/%s", partition, value)]++
		// One is enough to know that following works; finish reads the rest.
		stopFollowing()
	})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.close()

	client, err := kgo.NewClient(
		kgo.SeedBrokers(kafka.cluster.ListenAddrs()...),
		kgo.DefaultProduceTopic(topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.GzipCompression()),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var records []*kgo.Record
	for i := range 999 {
		records = append(records, &kgo.Record{Partition: int32(i % partitions), Value: fmt.Appendf(nil, "event %d", i)})
	}
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}

	reader.follow(followed)
	bytes, ends := kafka.stored()
	if ends != [partitions]int64{333, 333, 333} {
		t.Errorf("ends: got %v", ends)
	}
	if bytes < 1000 || bytes > 999*30 {
		t.Errorf("stored: got %d bytes, want some, and fewer than without compression", bytes)
	}
	if err := reader.finish(ctx, ends); err != nil {
		t.Fatal(err)
	}
	for i := range 999 {
		if key := fmt.Sprintf("%d/event %d", i%partitions, i); got[key] != 1 {
			t.Errorf("%s: got it %d times", key, got[key])
		}
	}
	if name := codecName(reader.codec); name != "gzip" {
		t.Errorf("codec: got %s, want gzip", name)
	}

	// An end that never comes: the deadline is an error, not a hang.
	ended, end := context.WithCancel(ctx)
	end()
	ends[0]++
	if err := reader.finish(ended, ends); !errors.Is(err, context.Canceled) {
		t.Errorf("finish after its deadline: got %v", err)
	}
}

func TestCodecName(t *testing.T) {
	for codec, want := range map[uint8]string{0: "no compression", 1: "gzip", 4: "zstd", 7: "compression 7"} {
		if got := codecName(codec); got != want {
			t.Errorf("codec %d: got %q, want %q", codec, got, want)
		}
	}
}
