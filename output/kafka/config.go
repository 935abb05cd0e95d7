// Package kafka delivers events to Kafka: it encodes them straight into record
// batches, compresses each batch once, and sends the same bytes until the broker
// has confirmed them.
//
// It owns everything that is Kafka's: batching, partitions, retries, leaders,
// limits. It must never know of files being read, of positions beyond the tokens
// that it gives back, or of configuration syntax.
package kafka

import (
	"crypto/tls"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// Codec is a compression codec; its value is Kafka's attribute.
type Codec int16

// The codecs that Kafka knows.
const (
	None Codec = iota
	Gzip
	Snappy
	LZ4
	Zstd
)

func (c Codec) String() string {
	return [...]string{"none", "gzip", "snappy", "lz4", "zstd"}[c]
}

// Acks is what a broker must have done before it confirms.
type Acks int16

// The values of required_acks.
const (
	AcksAll    Acks = -1 // all replicas in sync
	AcksNone   Acks = 0  // nothing is confirmed: written to the socket counts as delivered
	AcksLeader Acks = 1
)

// Config is output.kafka.
type Config struct {
	Hosts    []string // host:port, to find the cluster by
	Acks     Acks
	Codec    Codec
	Level    int // gzip: -3 (stateless) to 9, or AutoLevel
	ClientID string

	// Topics are asked one after the other for the topic of an event, then Topic, a
	// name or a format string. An event for which none has a name is dropped.
	Topics []Rule
	Topic  string
	// TopicPatience is how long events wait for a topic that does not exist, or that
	// may not be written to, while others can be had, and twelve times that while
	// none can; then they are dropped until it can. 0 is for ever, as it is with a
	// single topic.
	TopicPatience time.Duration
	Key           string // a format string; empty: records have no keys
	Partition     Partition
	Headers       []Header

	// BulkMaxSize is the greatest number of events in a record batch.
	BulkMaxSize int
	// FlushFrequency is the longest that an event waits for its batch to fill
	// when more is coming; 0 leaves it to logcar.
	FlushFrequency time.Duration
	// MaxMessageBytes is the greatest size of a record batch as it is sent,
	// that is, after compression.
	MaxMessageBytes int
	// TooLarge is what becomes of an event that is larger than that by itself, or
	// than the broker allows.
	TooLarge TooLarge
	// DeadLetter gets the events that no broker will take, as lines of JSON, whole
	// ones at each Write. What a Write that failed has written is written again.
	// Several goroutines use it. Nil: there is none, and what the broker refuses
	// for other reasons than its size is sent again until somebody has helped.
	DeadLetter io.Writer

	Timeout       time.Duration // of one request, dialling included
	BrokerTimeout time.Duration // how long the broker may wait for its replicas
	BackoffInit   time.Duration // first pause after an error
	BackoffMax    time.Duration

	MetadataRefresh time.Duration // greatest age of what is known of the cluster
	MetadataBackoff time.Duration // pause before asking again after a leader has gone
	KeepAlive       time.Duration // TCP keep-alive; 0 leaves it to the system

	// Workers is how many batches may be compressed at once, maxWorkers at most;
	// 0: as many as there are processors.
	Workers int
	// Hurry is called, while the sink's lock is held, when a batch is full before
	// the one before it is compressed: the moment to use more processors. It may be
	// nil.
	Hurry func()
	// Relax is called after a busy time, when the sink has dropped its buffers:
	// the moment to give memory back to the system. It may be nil.
	Relax func()

	TLS  *tls.Config // nil: plain text
	SASL SASL
}

// A Header stands in every record.
type Header struct{ Key, Value string }

// SASL is the login; without a user name there is none.
type SASL struct {
	Mechanism          string // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	Username, Password string
}

func (s SASL) mechanism() (sasl.Mechanism, error) {
	switch {
	case s.Username == "":
		return nil, nil
	case s.Mechanism == "" || s.Mechanism == "PLAIN":
		return plain.Mechanism{Username: s.Username, Password: s.Password}, nil
	case s.Mechanism == "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, s.Username, s.Password)
	case s.Mechanism == "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, s.Username, s.Password)
	}
	return nil, fmt.Errorf("kafka: SASL mechanism %q is unknown", s.Mechanism)
}

// Defaults returns Filebeat's defaults, but for Acks: nothing is lost when a
// leader dies unless the configuration allows it.
func Defaults() Config {
	return Config{
		Acks: AcksAll, Codec: Gzip, Level: 3, ClientID: "beats",
		BulkMaxSize: 2048, MaxMessageBytes: 1_000_000,
		Timeout: 30 * time.Second, BrokerTimeout: 10 * time.Second,
		BackoffInit: time.Second, BackoffMax: time.Minute,
		TopicPatience:   5 * time.Minute,
		MetadataRefresh: 10 * time.Minute, MetadataBackoff: 250 * time.Millisecond,
	}
}

func (c *Config) check() error {
	switch {
	case len(c.Hosts) == 0:
		return fmt.Errorf("kafka: no hosts")
	case c.BulkMaxSize < 1:
		return fmt.Errorf("kafka: bulk size %d is not positive", c.BulkMaxSize)
	case c.TooLarge == SetAside && c.DeadLetter == nil:
		return fmt.Errorf("kafka: no dead letter for events that are too large")
	case c.MaxMessageBytes < 1024:
		return fmt.Errorf("kafka: batch limit of %d bytes is below 1024", c.MaxMessageBytes)
	}
	_, err := newCompressor(c.Codec, c.fixedLevel())
	return err
}

// maxWorkers bounds the batches that are compressed at once, each with a raw
// buffer: a node may have a hundred cores, and a sidecar has 24 MB.
const maxWorkers = 2

func (c *Config) workers() int {
	n := c.Workers
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return min(n, maxWorkers)
}

// fixedLevel is the level for what is not on the usual way.
func (c *Config) fixedLevel() int {
	if c.Level == AutoLevel {
		return usualLevel
	}
	return c.Level
}
