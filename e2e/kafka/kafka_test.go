//go:build e2e && unix

package kafka

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, brokers int) *Cluster {
	t.Helper()
	began := time.Now()
	c, err := Start(t.Context(), Options{Brokers: brokers, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%d brokers started in %v", brokers, time.Since(began).Round(time.Millisecond))
	return c
}

// produce writes records that are numbered from first, and returns when the
// cluster has confirmed them.
func produce(t *testing.T, c *Cluster, topic string, first, count int, opts ...kgo.Opt) {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.Bootstrap()...), kgo.MetadataMinAge(100*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var records []*kgo.Record
	for i := range count {
		records = append(records, &kgo.Record{
			Topic: topic, Key: fmt.Appendf(nil, "k%d", first+i), Value: fmt.Appendf(nil, "value\t%d", first+i),
		})
	}
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// checkOrder wants values first … first+count-1 once each, in order in every
// partition.
func checkOrder(t *testing.T, records []Record, count int) {
	t.Helper()
	seen := map[int]bool{}
	last := map[int]int{}
	offset := map[int]int64{}
	for _, r := range records {
		var n int
		if _, err := fmt.Sscanf(string(r.Value), "value\t%d", &n); err != nil || string(r.Key) != fmt.Sprintf("k%d", n) {
			t.Fatalf("record %+v: %v", r, err)
		}
		if r.Offset != offset[r.Partition] {
			t.Errorf("partition %d: offset %d, want %d", r.Partition, r.Offset, offset[r.Partition])
		}
		if prev, ok := last[r.Partition]; ok && n <= prev {
			t.Errorf("partition %d: value %d after %d", r.Partition, n, prev)
		}
		seen[n], last[r.Partition], offset[r.Partition] = true, n, r.Offset+1
	}
	if len(seen) != count || len(records) != count {
		t.Errorf("got %d records, %d different, want %d", len(records), len(seen), count)
	}
}

func TestProduceAndConsume(t *testing.T) {
	c := start(t, 1)
	ctx := t.Context()
	if err := c.CreateTopic(ctx, "three", 3, 1, map[string]string{"max.message.bytes": "100000"}); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateTopic(ctx, "three", 3, 1, nil); err == nil {
		t.Error("the topic was created twice")
	}
	if records, err := c.Consume(ctx, "three"); err != nil || len(records) != 0 {
		t.Errorf("empty topic: %v, %v", records, err)
	}
	if ends, err := c.EndOffsets(ctx, "absent"); err != nil || ends != nil {
		t.Errorf("absent topic: %v, %v", ends, err)
	}
	produce(t, c, "three", 0, 1000, kgo.ProducerBatchCompression(kgo.GzipCompression()),
		kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	ends, err := c.EndOffsets(ctx, "three")
	if err != nil || len(ends) != 3 || ends[0]+ends[1]+ends[2] != 1000 {
		t.Errorf("end offsets %v, %v", ends, err)
	}
	began := time.Now()
	records, err := c.Consume(ctx, "three")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("consumed in %v", time.Since(began).Round(time.Millisecond))
	checkOrder(t, records, 1000)
	if age := time.Since(records[0].Timestamp); age < 0 || age > time.Hour {
		t.Errorf("timestamp %v", records[0].Timestamp)
	}
	began = time.Now()
	batches, err := c.Batches(ctx, "three")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("dumped in %v", time.Since(began).Round(time.Millisecond))
	count := 0
	for _, b := range batches {
		count += b.Count
		if b.Codec != "gzip" || !b.Valid || b.ProducerID < 0 {
			t.Errorf("batch %+v", b)
		}
	}
	if count != 1000 {
		t.Errorf("batches hold %d records, want 1000", count)
	}
}

func TestStopRestartPauseResume(t *testing.T) {
	c := start(t, 1)
	ctx := t.Context()
	produceAuto := kgo.AllowAutoTopicCreation()
	produce(t, c, "auto", 0, 10, produceAuto)
	began := time.Now()
	if err := c.Stop(ctx, 0); err != nil {
		t.Fatal(err)
	}
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
	if err := c.Kill(0); err == nil {
		t.Error("a stopped broker was killed")
	}
	began = time.Now()
	if err := c.Restart(ctx, 0); err != nil {
		t.Fatal(err)
	}
	t.Logf("restarted in %v", time.Since(began).Round(time.Millisecond))
	produce(t, c, "auto", 10, 10)
	if err := c.Pause(0); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if ends, err := c.EndOffsets(short, "auto"); err == nil {
		t.Errorf("a paused broker answered %v", ends)
	}
	if err := c.Resume(0); err != nil {
		t.Fatal(err)
	}
	records, err := c.Consume(ctx, "auto")
	if err != nil {
		t.Fatal(err)
	}
	checkOrder(t, records, 20)
}

func TestLeaderFailover(t *testing.T) {
	c := start(t, 3)
	ctx := t.Context()
	if err := c.CreateTopic(ctx, "replicated", 1, 3, map[string]string{"min.insync.replicas": "2"}); err != nil {
		t.Fatal(err)
	}
	produce(t, c, "replicated", 0, 100)
	leader, err := c.Leader(ctx, "replicated", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(leader); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	produce(t, c, "replicated", 100, 100)
	t.Logf("produced %v after the leader's end", time.Since(began).Round(time.Millisecond))
	next, err := c.Leader(ctx, "replicated", 0)
	if err != nil || next == leader || next < 0 {
		t.Errorf("leader %d after %d was killed: %v", next, leader, err)
	}
	began = time.Now()
	if err := c.Restart(ctx, leader); err != nil {
		t.Fatal(err)
	}
	wait, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = poll(wait, func() error {
		state, err := c.Partitions(wait, "replicated")
		if err == nil && len(state[0].ISR) != 3 {
			err = fmt.Errorf("in sync: %v", state[0].ISR)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("back in sync after %v", time.Since(began).Round(time.Millisecond))
	records, err := c.Consume(ctx, "replicated")
	if err != nil {
		t.Fatal(err)
	}
	checkOrder(t, records, 200)
}

func TestStartTellsWhatFailed(t *testing.T) {
	tests := []struct{ name, key, value string }{
		{"configuration", "num.io.threads", "none"},
		{"broker", "authorizer.class.name", "no.such.Authorizer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			opts := Options{Dir: t.TempDir(), Config: map[string]string{test.key: test.value}}
			_, err := Start(t.Context(), opts)
			if err == nil || !strings.Contains(err.Error(), test.value) {
				t.Errorf("got %v, want an error with %s", err, test.value)
			}
		})
	}
}

func TestJarsNeedsMaven(t *testing.T) {
	t.Setenv("LOGCAR_CACHE", t.TempDir())
	t.Setenv("PATH", "/nowhere")
	if _, err := Jars(t.Context()); err == nil || !strings.Contains(err.Error(), "install Apache Maven") {
		t.Errorf("got %v", err)
	}
}

func TestStartNeedsJava(t *testing.T) {
	t.Setenv("JAVA_HOME", "/nowhere")
	_, err := Start(t.Context(), Options{Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "install a Java runtime") {
		t.Errorf("got %v", err)
	}
}
