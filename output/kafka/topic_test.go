package kafka

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap/zapcore"
)

func TestTopicIsCreatedWhereTheClusterAllowsIt(t *testing.T) {
	c := startCluster(t, 0, kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(3))
	r := newRig(t, testConfig(c.ListenAddrs()...))
	for range 10 {
		r.send(0, 10, 100)
	}
	r.finish()
	r.checkStored(c, once)
	if n := len(c.PartitionInfos(topic)); n != 3 {
		t.Errorf("%d partitions", n)
	}
}

// Brokers answer the request that creates a topic with an error, since no
// leader is there yet.
func TestCreatedTopicHasNoLeaderAtFirst(t *testing.T) {
	c := startCluster(t, 0, kfake.AllowAutoTopicCreation())
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Err: kerr.LeaderNotAvailable, Count: 1,
		When: func(r kmsg.Request) bool { return r.(*kmsg.MetadataRequest).AllowAutoTopicCreation }})
	r := newRig(t, testConfig(c.ListenAddrs()...))
	r.send(0, 10, 100)
	r.finish()
	r.checkStored(c, once)
}

// Where it does not, logcar waits, says once what it waits for, and goes on when
// the topic is there.
func TestUnknownTopicIsWaitedFor(t *testing.T) {
	c := startCluster(t, 0)
	r := newRig(t, testConfig(c.ListenAddrs()...))
	r.send(0, 10, 100)
	r.send(1, 10, 100)
	eventually(t, "it was asked for a few times", func() bool { return r.Stats().Errors >= 10 })
	if l := r.lines(zapcore.DebugLevel); len(l) != 1 || l[0] != "kafka does not take events, trying again: the topic does not exist" {
		t.Errorf("log: %q", l)
	}
	if r.done() != 0 {
		t.Error("delivered to a topic that does not exist")
	}
	if err := c.CreateTopic(topic, 2, nil); err != nil {
		t.Fatal(err)
	}
	r.waitDone(2)
	r.finish()
	r.checkStored(c, once)
	if l := r.lines(zapcore.DebugLevel); len(l) != 2 || l[1] != "kafka takes events again" {
		t.Errorf("log: %q", l)
	}
}

// A topic that is deleted and made again under way: what was not confirmed goes
// into the new one.
func TestTopicIsMadeAgain(t *testing.T) {
	c := startCluster(t, 2)
	r := newRig(t, testConfig(c.ListenAddrs()...))
	r.send(0, 10, 100)
	r.waitDone(1)
	if err := c.DeleteTopic(topic); err != nil {
		t.Fatal(err)
	}
	clear(r.want)
	r.send(0, 10, 100)
	eventually(t, "it is missed", func() bool { return r.Stats().Errors >= 3 })
	if err := c.CreateTopic(topic, 2, nil); err != nil {
		t.Fatal(err)
	}
	r.finish()
	r.checkStored(c, once)
}

// A topic that is made again with fewer partitions: what waited for those that are
// gone goes into those that are left.
func TestTopicShrinks(t *testing.T) {
	c := startCluster(t, 6)
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = 1
	r := newRig(t, cfg)
	r.send(0, 12, 100)
	r.waitDone(1)
	if err := c.DeleteTopic(topic); err != nil {
		t.Fatal(err)
	}
	clear(r.want)
	r.send(0, 8, 100)
	eventually(t, "all partitions are missed", func() bool { return r.Stats().Errors >= 8 })
	if err := c.CreateTopic(topic, 1, nil); err != nil {
		t.Fatal(err)
	}
	r.finish()
	got := readBack(t, c)
	if n := len(got[0]); n != 8 {
		t.Errorf("%d events in the only partition, want 8", n)
	}
}

// Without the right to describe the topic metadata is an error, and is waited
// for as well.
func TestMetadataIsForbidden(t *testing.T) {
	c := startCluster(t, 2)
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
	r := newRig(t, testConfig(c.ListenAddrs()...))
	r.send(0, 10, 100)
	eventually(t, "it was refused a few times", func() bool { return r.Stats().Errors >= 5 })
	if l := r.lines(zapcore.DebugLevel); len(l) != 1 || l[0] != "kafka does not take events, trying again: not allowed to write to the topic" {
		t.Errorf("log: %q", l)
	}
	fault.Remove()
	r.finish()
	r.checkStored(c, once)
}

// Partitions that are added while logcar runs come into use.
func TestNewPartitionsAreFound(t *testing.T) {
	c := startCluster(t, 1)
	r := newRig(t, testConfig(c.ListenAddrs()...))
	r.send(0, 1, 100)
	r.waitDone(1)
	if err := c.DeleteTopic(topic); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateTopic(topic, 4, nil); err != nil {
		t.Fatal(err)
	}
	// kafka-go's metadata is fetched anew after its time; here, a lost
	// connection makes it old at once.
	r.cluster.reset(r.cluster.seen())
	r.Sink.mu.Lock()
	r.only.partsAt = time.Time{}
	r.Sink.mu.Unlock()
	r.send(0, 1, 100)
	r.waitDone(2)
	eventually(t, "the partitions are read again", func() bool {
		r.Sink.mu.Lock()
		defer r.Sink.mu.Unlock()
		return len(r.only.parts) == 4
	})
	for n := range 8 {
		r.send(0, 1, 100)
		r.waitDone(3 + n)
	}
	r.finish()
	for _, p := range c.PartitionInfos(topic) {
		if p.HighWatermark == 0 {
			t.Errorf("partition %d was never used", p.Partition)
		}
	}
}
