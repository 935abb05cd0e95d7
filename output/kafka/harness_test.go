package kafka

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	topic = "logs"
	// patience is how long a test waits for what must happen.
	patience = 20 * time.Second
)

// startCluster starts an in-process cluster that ends with the test.
func startCluster(t testing.TB, partitions int32, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	if partitions > 0 {
		opts = append(opts, kfake.SeedTopics(partitions, topic))
	}
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// testConfig is Filebeat's defaults with short pauses.
func testConfig(hosts ...string) Config {
	cfg := Defaults()
	cfg.Hosts, cfg.Topic = hosts, topic
	cfg.BackoffInit, cfg.BackoffMax, cfg.MetadataBackoff = 10*time.Millisecond, 50*time.Millisecond, 10*time.Millisecond
	return cfg
}

// A rig is a sink with what it is given and what it says.
type rig struct {
	*Sink
	*feed
	t   testing.TB
	log *observer.ObservedLogs
}

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	core, log := observer.New(zapcore.DebugLevel)
	s, err := New(cfg, newEncoder(), zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Sink: s, feed: newFeed(), t: t, log: log}
	t.Cleanup(func() { // for tests that fail half-way; a second Close does nothing
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.Close(ctx)
	})
	return r
}

// send sends n new events of the given size from a source.
func (r *rig) send(source, n, size int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.Send(ctx, r.batch(source, n, size)); err != nil {
		r.t.Fatal(err)
	}
}

// trySend is send where Send may have to wait for longer than d.
func (r *rig) trySend(d time.Duration, source, n, size int) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return r.Send(ctx, r.batch(source, n, size))
}

// finish closes the sink, which must deliver everything, and checks that each
// token was done once.
func (r *rig) finish() {
	r.t.Helper()
	if err := r.closeWithin(patience); err != nil {
		r.t.Fatal(err)
	}
	r.waitDone(r.issued())
}

func (r *rig) closeWithin(d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return r.Close(ctx)
}

// waitDone waits until n batches are done.
func (r *rig) waitDone(n int) {
	r.t.Helper()
	eventually(r.t, fmt.Sprintf("%d batches are done", n), func() bool { return r.done() >= n })
	r.ledger.check(r.t)
}

// lines are the log's messages of at least the given level.
func (r *rig) lines(level zapcore.Level) []string {
	var l []string
	for _, e := range r.log.All() {
		if e.Level >= level {
			l = append(l, e.Message)
		}
	}
	return l
}

// eventually polls for what has no channel to wait on.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(patience); !cond(); <-tick.C {
		if time.Now().After(limit) {
			t.Fatalf("waited %v in vain until %s", patience, what)
		}
	}
}

// await waits for something to come out of a channel.
func await[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v := <-c:
		return v
	case <-timer.C:
		t.Fatalf("waited %v in vain for %s", patience, what)
		panic("unreachable")
	}
}

// stored is how many records the topic holds.
func stored(c *kfake.Cluster) int { return storedIn(c, topic) }

func storedIn(c *kfake.Cluster, topic string) (n int) {
	for _, p := range c.PartitionInfos(topic) {
		n += int(p.HighWatermark)
	}
	return n
}

// readBack reads all that the topic holds, by partition. It may be called by any
// goroutine.
func readBack(t testing.TB, c *kfake.Cluster, opts ...kgo.Opt) map[int32][]*kgo.Record {
	t.Helper()
	return readTopic(t, c, topic, opts...)
}

func readTopic(t testing.TB, c *kfake.Cluster, topic string, opts ...kgo.Opt) map[int32][]*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(50*time.Millisecond))...)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got := map[int32][]*kgo.Record{}
	for left := storedIn(c, topic); left > 0; {
		f := client.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Errorf("%d records are not read back: %v", left, err)
			return got
		}
		f.EachRecord(func(r *kgo.Record) { got[r.Partition] = append(got[r.Partition], r); left-- })
	}
	return got
}

// How often each document may arrive.
type times int

const (
	once times = iota
	atLeastOnce
)

// checkStored compares what the topic holds with what was sent: nothing lost,
// nothing changed, and each source's events in order within each partition.
// A repeated run of events is where a batch was sent again.
func (r *rig) checkStored(c *kfake.Cluster, allowed times, opts ...kgo.Opt) map[int32][]*kgo.Record {
	r.t.Helper()
	got := readBack(r.t, c, opts...)
	seen := map[origin]int{}
	for p, records := range got {
		last := map[int]int{}
		for _, rec := range records {
			o, ok := r.want[string(rec.Value)]
			if !ok {
				r.t.Fatalf("partition %d has a document that was not sent: %.300s", p, rec.Value)
			}
			if at := rec.Timestamp.UnixMilli(); at != o.time {
				r.t.Errorf("event %d of source %d has the timestamp %d, want %d", o.number, o.source, at, o.time)
			}
			if prev, ok := last[o.source]; ok && o.number <= prev && seen[o] == 0 {
				r.t.Errorf("partition %d: event %d of source %d follows event %d", p, o.number, o.source, prev)
			}
			seen[o]++
			last[o.source] = o.number
		}
	}
	for _, o := range r.want {
		if n := seen[o]; n == 0 {
			r.t.Errorf("event %d of source %d is lost", o.number, o.source)
		} else if n > 1 && allowed == once {
			r.t.Errorf("event %d of source %d arrived %d times", o.number, o.source, n)
		}
	}
	return got
}
