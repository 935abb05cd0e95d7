package kafka

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The tests of this file are named for what kafka-go does when it is used as it
// comes; each pins that logcar does not.

// kafka-go asks for the metadata of all topics, every three seconds on average:
// in a large cluster that is more traffic than the logs.
func TestTrapMetadataOfAllTopics(t *testing.T) {
	c := startCluster(t, 3, kfake.SeedTopics(5, "others", "more", "many"))
	var mu sync.Mutex
	requests := 0
	onMetadata(c, func(r *kmsg.MetadataRequest) {
		mu.Lock()
		defer mu.Unlock()
		requests++
		if len(r.Topics) != 1 || *r.Topics[0].Topic != topic {
			t.Errorf("metadata was asked of %d topics, want %s alone", len(r.Topics), topic)
		}
	})
	r := newRig(t, testConfig(c.ListenAddrs()...))
	for n := range 100 {
		r.send(0, 1, 100)
		r.waitDone(n + 1)
	}
	mu.Lock()
	if requests > 2 { // the second by the chance of a refresh
		t.Errorf("%d metadata requests for 100 batches", requests)
	}
	mu.Unlock()
	// A leader that moves is asked for in the same narrow way.
	c.ShufflePartitionLeaders()
	for range 20 {
		r.send(0, 5, 100)
	}
	r.finish()
	r.checkStored(c, once)
}

// kafka-go cannot be told to refresh its metadata: after NOT_LEADER it would send
// to the old leader until the metadata is old, here for ten minutes.
func TestTrapNoForcedRefresh(t *testing.T) {
	c := startCluster(t, 1, kfake.NumBrokers(3))
	cfg := Defaults() // with its pauses, as they come
	cfg.Hosts, cfg.Topic = c.ListenAddrs(), topic
	r := newRig(t, cfg)
	r.send(0, 1, 100)
	r.waitDone(1)
	for n := range 2 {
		if err := c.MoveTopicPartition(topic, 0, (c.LeaderFor(topic, 0)+1)%3); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		r.send(0, 1, 100)
		r.waitDone(2 + n)
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("delivered to the new leader after %v", d)
		}
	}
	if n := r.Stats().Errors; n != 2 {
		t.Errorf("%d errors, want one for each move", n)
	}
	r.finish()
	r.checkStored(c, once)
}

// kafka-go keeps the error of its first metadata request until the next refresh,
// and calls a topic unknown meanwhile.
func TestTrapFirstMetadataErrorSticks(t *testing.T) {
	t.Run("broker starts late", func(t *testing.T) {
		p := refusedPort(t)
		r := newRig(t, testConfig(p.addr))
		r.send(0, 3, 100)
		eventually(t, "a few attempts have failed", func() bool { return r.Stats().Errors >= 3 })
		l, err := p.listen()
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		c := startCluster(t, 1, kfake.NumBrokers(1), onListener(l))
		r.waitDone(1)
		if d := time.Since(started); d > 2*time.Second {
			t.Errorf("delivered %v after the broker's start", d)
		}
		r.finish()
		r.checkStored(c, once)
	})
	t.Run("connection lost while asking", func(t *testing.T) {
		c := startCluster(t, 1)
		for range 3 {
			c.ControlKey(int16(kmsg.Metadata), func(kmsg.Request) (kmsg.Response, error, bool) {
				return nil, errors.New("cut"), true
			})
		}
		r := newRig(t, testConfig(c.ListenAddrs()...))
		r.send(0, 3, 100)
		r.finish()
		r.checkStored(c, once)
	})
	t.Run("error in the answer", func(t *testing.T) {
		c := startCluster(t, 2)
		c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Err: kerr.LeaderNotAvailable, Count: 3})
		r := newRig(t, testConfig(c.ListenAddrs()...))
		r.send(0, 3, 100)
		r.finish()
		r.checkStored(c, once)
	})
}

// kafka-go lets the broker wait half a second for its replicas, unless a client
// timeout is set; then it is half of that. A broker whose replicas are slow would
// answer REQUEST_TIMED_OUT for batches that it has appended.
func TestTrapBrokerTimeoutOfHalfASecond(t *testing.T) {
	for _, want := range []time.Duration{10 * time.Second, 3 * time.Second} {
		c := startCluster(t, 1)
		asked := make(chan int32, 1)
		onProduce(c, func(r *kmsg.ProduceRequest) int16 {
			asked <- r.TimeoutMillis
			return 0
		})
		cfg := testConfig(c.ListenAddrs()...)
		if cfg.BrokerTimeout != 10*time.Second {
			t.Errorf("broker_timeout is %v by default, want Filebeat's 10s", cfg.BrokerTimeout)
		}
		cfg.BrokerTimeout = want
		r := newRig(t, cfg)
		r.send(0, 1, 100)
		if got := await(t, "the request", asked); int64(got) != want.Milliseconds() {
			t.Errorf("the broker may wait %d ms, want %v", got, want)
		}
		r.finish()
	}
}

// cutAfterStoring cuts the connection before the broker's next confirmation.
func cutAfterStoring(c *kfake.Cluster, g *gate) {
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		g.cutNextReply()
		c.DropControl()
		return nil, nil, false
	})
}

// kafka-go's writer does not send again after a clean end of the connection,
// which is what a broker that restarts leaves behind.
func TestTrapEOFIsFinal(t *testing.T) {
	const size = 100_000
	for _, c := range []struct {
		name    string
		allowed times
		harm    func(*kfake.Cluster, *gate)
	}{
		{"instead of an answer", once, func(c *kfake.Cluster, _ *gate) {
			for range 3 {
				c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
					return nil, errors.New("cut"), true
				})
			}
		}},
		{"in the middle of a request", once, func(_ *kfake.Cluster, g *gate) { g.cutAfter(size / 2) }},
		{"in its first bytes", once, func(_ *kfake.Cluster, g *gate) { g.cutAfter(1) }},
		{"after the batch was stored", once, cutAfterStoring},
		{"after the leader has stored the batch", atLeastOnce, cutAfterStoring},
	} {
		t.Run(c.name, func(t *testing.T) {
			var g gate
			cluster := startCluster(t, 1, kfake.NumBrokers(1), gated(&g))
			cfg := testConfig(cluster.ListenAddrs()...)
			cfg.Codec = None
			if c.allowed == atLeastOnce {
				cfg.Acks = AcksLeader // with which a batch may be repeated
			}
			r := newRig(t, cfg)
			r.send(0, 1, 100)
			r.waitDone(1)
			c.harm(cluster, &g)
			r.send(0, 5, size/5)
			r.waitDone(2)
			if r.Stats().Errors == 0 {
				t.Error("nothing went wrong")
			}
			r.finish()
			r.checkStored(cluster, c.allowed)
		})
	}
}

// Brokers and firewalls close connections that are idle; kafka-go notices only
// when it uses one again.
func TestTrapIdleConnectionWasClosed(t *testing.T) {
	var g gate
	c := startCluster(t, 1, kfake.NumBrokers(1), gated(&g))
	r := newRig(t, testConfig(c.ListenAddrs()...))
	for n := range 3 {
		r.send(0, 10, 100)
		start := time.Now()
		r.waitDone(n + 1)
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%v after the connection was closed", d)
		}
		g.cut()
	}
	if n := r.Stats().Errors; n == 0 || n > 4 {
		t.Errorf("%d errors, want one or two for each lost connection", n)
	}
	r.finish()
	r.checkStored(c, once)
}

// A context that ends tells nothing of what became of the request.
func TestTrapCancelledIsNotDelivered(t *testing.T) {
	t.Run("Send's context ends when Send is over", func(t *testing.T) {
		c := startCluster(t, 1)
		r := newRig(t, testConfig(c.ListenAddrs()...))
		ctx, cancel := context.WithCancel(context.Background())
		if err := r.Send(ctx, r.batch(0, 5, 100)); err != nil {
			t.Fatal(err)
		}
		cancel()
		r.finish()
		r.checkStored(c, once)
	})
	t.Run("the request takes too long", func(t *testing.T) {
		c := startCluster(t, 1)
		release := make(chan struct{})
		var requests atomic.Int32
		onProduce(c, func(*kmsg.ProduceRequest) int16 {
			if requests.Add(1) == 1 {
				c.SleepControl(func() { <-release })
			}
			return 0
		})
		cfg := testConfig(c.ListenAddrs()...)
		cfg.Timeout = 300 * time.Millisecond
		r := newRig(t, cfg)
		r.send(0, 5, 100)
		r.waitDone(1)
		if n := r.Stats().Errors; n == 0 {
			t.Error("the first request was not given up")
		}
		close(release)
		r.finish()
		r.checkStored(c, once)
	})
	t.Run("Close's context ends while the request is on its way", func(t *testing.T) {
		c := startCluster(t, 1)
		arrived, release := make(chan struct{}), make(chan struct{})
		onProduce(c, func(*kmsg.ProduceRequest) int16 {
			close(arrived)
			c.SleepControl(func() { <-release })
			return 0
		})
		r := newRig(t, testConfig(c.ListenAddrs()...))
		r.send(0, 5, 100)
		await(t, "the request", arrived)
		if err := r.Close(ended()); !errors.Is(err, context.Canceled) {
			t.Errorf("Close: %v, want its context's error", err)
		}
		close(release)
		eventually(t, "the broker has stored the batch", func() bool { return stored(c) == 5 })
		if r.done() != 0 {
			t.Error("the batch is done, and nobody has heard its confirmation")
		}
	})
}

// kafka-go's writer waits a second for a batch to fill.
func TestTrapBatchTimeout(t *testing.T) {
	c := startCluster(t, 3)
	cfg := Defaults()
	cfg.Hosts, cfg.Topic = c.ListenAddrs(), topic
	r := newRig(t, cfg)
	r.send(0, 1, 100)
	r.waitDone(1) // with the connection
	var latencies []time.Duration
	for n := range 30 {
		start := time.Now()
		r.send(0, 1, 100)
		r.waitDone(n + 2)
		latencies = append(latencies, time.Since(start))
	}
	slices.Sort(latencies)
	if median := latencies[len(latencies)/2]; median > 100*time.Millisecond {
		t.Errorf("a single event takes %v in the median", median)
	}
	r.finish()
}

// acks is 0 in kafka-go's zero value. Here it is what the configuration says,
// and confirmation means what it says.
func TestTrapAcks(t *testing.T) {
	if a := Defaults().Acks; a != AcksAll {
		t.Errorf("acks is %d by default, want all", a)
	}
	for _, acks := range []Acks{AcksNone, AcksLeader, AcksAll} {
		c := startCluster(t, 1)
		var silent atomic.Bool
		asked := make(chan int16, 100)
		c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
			c.KeepControl()
			asked <- r.(*kmsg.ProduceRequest).Acks
			return nil, nil, silent.Load() // handled without an answer: the client waits
		})
		cfg := testConfig(c.ListenAddrs()...)
		cfg.Acks = acks
		r := newRig(t, cfg)
		r.send(0, 10, 100)
		if got := await(t, "the request", asked); got != int16(acks) {
			t.Errorf("acks %d on the wire, want %d", got, acks)
		}
		r.waitDone(1)
		eventually(t, "the batch is stored", func() bool { return stored(c) == 10 })

		silent.Store(true)
		r.send(0, 1, 100)
		await(t, "the second request", asked)
		if acks == AcksNone {
			r.waitDone(2) // what is written is delivered
		} else if r.done() != 1 {
			t.Errorf("acks %d: done without an answer", acks)
		}
		_ = r.Close(ended())
	}
}

// A connection is not thrown away because it was idle for longer than a request
// may take.
func TestIdleConnectionOutlivesTheRequestTimeout(t *testing.T) {
	var g gate
	c := startCluster(t, 1, kfake.NumBrokers(1), gated(&g))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Timeout = time.Second
	r := newRig(t, cfg)
	r.send(0, 1, 100)
	r.waitDone(1)
	connections, errs := g.count(), r.Stats().Errors
	<-time.After(cfg.Timeout + 10*time.Millisecond)
	r.send(0, 1, 100)
	r.waitDone(2)
	if n, errs := g.count()-connections, r.Stats().Errors-errs; n != 0 || errs != 0 {
		t.Errorf("%d new connections, %d errors", n, errs)
	}
	r.finish()
}
