package kafka

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"
)

// Letters is a dead letter that is a topic, of the same cluster.
type Letters struct {
	cluster *cluster
	topic   string

	mu   sync.Mutex
	next int // the partition that is next in turn
}

// NewLetters returns a writer to the topic. It connects when there is something to
// write.
func NewLetters(cfg Config, topic string) (*Letters, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.Acks = AcksAll // what is here is nowhere else
	c, err := newCluster(&cfg)
	if err != nil {
		return nil, err
	}
	c.know([]string{topic})
	return &Letters{cluster: c, topic: topic}, nil
}

// Write implements io.Writer: each line becomes the value of a record. It returns
// when all replicas have them, or with an error, with which they may be there all
// the same.
func (l *Letters) Write(lines []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	parts, err := l.cluster.partitions(context.Background(), l.topic)
	if err != nil {
		return 0, err
	}
	// Letters are rare, and a compressor is large: none is kept for them.
	with, err := newCompressor(l.cluster.cfg.Codec, l.cluster.cfg.fixedLevel())
	if err != nil {
		return 0, err
	}
	to := parts[l.next%len(parts)]
	l.next++
	wire := make([]byte, lengthPrefix+headerSize)
	var records []byte
	var count int32
	for line := range bytes.Lines(lines) {
		records = encodeRecord(records, record{value: bytes.TrimSuffix(line, []byte{'\n'})}, int64(count))
		count++
	}
	if wire, err = with.appendTo(wire, records); err != nil {
		return 0, err
	}
	now := time.Now().UnixMilli()
	stamp(wire, with.codec, count, now, now)
	gen := l.cluster.seen()
	if err := l.cluster.produce(context.Background(), l.topic, to.id, wire); err != nil {
		l.cluster.reset(gen) // the leader may have moved
		return 0, fmt.Errorf("topic %s: %w", l.topic, err)
	}
	return len(lines), nil
}

// Close lets go of the connections, when nobody writes any more.
func (l *Letters) Close() { l.cluster.close() }
