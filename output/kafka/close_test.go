package kafka

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// states are those in which a sink holds something that it cannot deliver.
var states = []struct {
	name string
	// start makes the cluster and returns its hosts, and how to wait until
	// the state is reached.
	start func(t *testing.T, cfg *Config) func(*rig)
}{
	{"broker refuses", func(t *testing.T, cfg *Config) func(*rig) {
		cfg.Hosts = []string{refusedPort(t).addr}
		return failed
	}},
	{"in a long pause", func(t *testing.T, cfg *Config) func(*rig) {
		cfg.Hosts = []string{refusedPort(t).addr}
		cfg.BackoffInit, cfg.BackoffMax, cfg.MetadataBackoff = time.Hour, time.Hour, time.Hour
		return failed
	}},
	{"broker takes connections and says nothing", func(t *testing.T, cfg *Config) func(*rig) {
		addr, accepted := silentListener(t)
		cfg.Hosts = []string{addr}
		return func(*rig) { await(t, "a connection", accepted) }
	}},
	{"one of the hosts says nothing, the other refuses", func(t *testing.T, cfg *Config) func(*rig) {
		addr, accepted := silentListener(t)
		cfg.Hosts = []string{refusedPort(t).addr, addr}
		return func(*rig) { await(t, "a connection", accepted) }
	}},
	{"login hangs", func(t *testing.T, cfg *Config) func(*rig) {
		c := startCluster(t, 1, kfake.EnableSASL())
		asked := never(c, kmsg.SASLHandshake)
		cfg.Hosts, cfg.SASL = c.ListenAddrs(), SASL{Mechanism: "PLAIN", Username: "u", Password: "p"}
		return func(*rig) { await(t, "the login", asked) }
	}},
	{"metadata hangs", func(t *testing.T, cfg *Config) func(*rig) {
		c := startCluster(t, 1)
		asked := never(c, kmsg.Metadata)
		cfg.Hosts = c.ListenAddrs()
		return func(*rig) { await(t, "the metadata request", asked) }
	}},
	{"producer id hangs", func(t *testing.T, cfg *Config) func(*rig) {
		c := startCluster(t, 1)
		asked := never(c, kmsg.InitProducerID)
		cfg.Hosts = c.ListenAddrs()
		return func(*rig) { await(t, "the request for a producer id", asked) }
	}},
	{"produce hangs", func(t *testing.T, cfg *Config) func(*rig) {
		c := startCluster(t, 1)
		asked := never(c, kmsg.Produce)
		cfg.Hosts = c.ListenAddrs()
		return func(*rig) { await(t, "the produce request", asked) }
	}},
	{"topic is unknown", func(t *testing.T, cfg *Config) func(*rig) {
		c := startCluster(t, 0)
		cfg.Hosts = c.ListenAddrs()
		return failed
	}},
	{"many batches wait", func(t *testing.T, cfg *Config) func(*rig) {
		c := startCluster(t, 4)
		asked := never(c, kmsg.Produce)
		cfg.Hosts, cfg.BulkMaxSize = c.ListenAddrs(), 1
		return func(r *rig) {
			for range maxInFlight - 1 {
				r.send(0, 1, 100)
			}
			await(t, "the produce request", asked)
		}
	}},
}

// never has the cluster take requests of a kind and never answer. It tells of each.
func never(c *kfake.Cluster, key kmsg.Key) <-chan struct{} {
	asked := make(chan struct{}, 1000)
	c.ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		asked <- struct{}{}
		return nil, nil, true // handled, without an answer
	})
	return asked
}

func failed(r *rig) {
	eventually(r.t, "an attempt has failed", func() bool { return r.Stats().Errors > 0 })
}

// kafka-go's Close waits for whole cycles of retries. Here it ends with its
// context, in whatever state the sink is, and leaves nothing behind for longer
// than a request may take.
func TestTrapCloseHangs(t *testing.T) {
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Timeout = 500 * time.Millisecond
			reached := s.start(t, &cfg)
			r := newRig(t, cfg)
			r.send(0, 1, 100)
			reached(r)
			start := time.Now()
			err := r.closeWithin(20 * time.Millisecond)
			if d := time.Since(start); d > 3*time.Second {
				t.Errorf("Close took %v with a deadline of 20ms", d)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Close: %v, want its context's error", err)
			}
			if r.done() != 0 {
				t.Error("a batch is done")
			}
			start = time.Now()
			eventually(t, "the goroutines are gone", func() bool { return ourGoroutines() == 0 })
			if d := time.Since(start); d > cfg.Timeout+2*time.Second {
				t.Errorf("goroutines stayed for %v, a request may take %v", d, cfg.Timeout)
			}
		})
	}
}

// What is idle, or waits for nothing, closes at once even where no broker is.
func TestCloseOfAnIdleSink(t *testing.T) {
	for _, send := range []bool{false, true} {
		c := startCluster(t, 1)
		r := newRig(t, testConfig(c.ListenAddrs()...))
		if send {
			r.send(0, 1, 100)
			r.waitDone(1)
		}
		if err := r.Close(ended()); err != nil {
			t.Errorf("send %v: %v", send, err)
		}
		eventually(t, "the goroutines are gone", func() bool { return ourGoroutines() == 0 })
	}
}

// Close waits for confirmations that come within its time.
func TestCloseWaitsForConfirmations(t *testing.T) {
	c := startCluster(t, 2)
	var requests atomic.Int32
	release := make(chan struct{})
	arrived := make(chan struct{}, 100)
	onProduce(c, func(*kmsg.ProduceRequest) int16 {
		requests.Add(1)
		arrived <- struct{}{}
		c.SleepControl(func() { <-release })
		return 0
	})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = 10
	r := newRig(t, cfg)
	r.send(0, 75, 100)
	await(t, "a request", arrived)
	closed := make(chan error)
	go func() { closed <- r.closeWithin(patience) }()
	eventually(t, "Close has begun", func() bool {
		r.Sink.mu.Lock()
		defer r.Sink.mu.Unlock()
		return r.closed
	})
	select {
	case err := <-closed:
		t.Fatalf("Close returned %v with batches in flight", err)
	default:
	}
	close(release)
	if err := await(t, "Close", closed); err != nil {
		t.Error(err)
	}
	r.waitDone(1)
	r.checkStored(c, once)
}
