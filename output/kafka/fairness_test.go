package kafka

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// More partitions fail than the window has room for: those that do not fail take
// everything else.
func TestManyFailingPartitionsDoNotHoldBackOthers(t *testing.T) {
	const partitions, failing = 40, 3 * maxInFlight
	c := startCluster(t, partitions)
	numbers := make([]int32, failing)
	for i := range numbers {
		numbers[i] = int32(i)
	}
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Partitions: numbers, Err: kerr.NotEnoughReplicas, Count: -1})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = 1
	r := newRig(t, cfg)
	const events = 20 * maxInFlight
	for n := range events {
		r.send(0, 1, 100)
		eventually(t, fmt.Sprintf("event %d is done or on its way", n), func() bool { return r.done()+r.Stats().InFlight == n+1 })
	}
	eventually(t, "all bad partitions are known", func() bool { return r.Stats().Failing == failing })
	eventually(t, "only they hold something", func() bool {
		r.Sink.mu.Lock()
		defer r.Sink.mu.Unlock()
		stuck, _ := r.stuck()
		return r.inFlight == stuck
	})
	for n := range 20 { // and still all goes on, at once
		start, done := time.Now(), r.done()
		r.send(0, 1, 100)
		r.waitDone(done + 1)
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("event %d took %v", n, d)
		}
	}
	fault.Remove()
	r.finish()
	r.checkStored(c, once)
}

// One broker of three takes requests and never answers. It costs no more than what
// was on its way to it when that was noticed, and nobody waits until its requests
// are given up.
func TestHungBrokerDoesNotHoldBackOthers(t *testing.T) {
	const partitions, hung = 60, 1
	c := startCluster(t, partitions, kfake.NumBrokers(3))
	var healthy atomic.Bool
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		return nil, nil, c.CurrentNode() == hung && !healthy.Load()
	})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Timeout, cfg.BrokerTimeout = time.Hour, time.Hour // nothing is given up
	r := newRig(t, cfg)
	r.slowLimit = 50 * time.Millisecond
	sent := 0
	for range 200 { // single events as they come
		r.send(0, 1, 100)
		sent++
		n := sent
		eventually(t, fmt.Sprintf("event %d is done, or its batch is under way", n), func() bool {
			return r.done()+r.Stats().InFlight >= n
		})
	}
	stuck := func() int { return sent - r.done() }
	eventually(t, "no more is left than the hung broker has", func() bool { return stuck() <= maxInFlight })
	for range 5 { // and a busy stream, with its full batches
		r.send(0, 5000, 200)
		sent++
	}
	eventually(t, "the busy stream is done", func() bool { return stuck() <= maxInFlight })

	healthy.Store(true)
	r.Sink.cluster.reconnect() // as the watchdog would, or the time-out
	r.finish()
	got := r.checkStored(c, once)
	used := map[int32]bool{}
	for p := range got {
		used[c.LeaderFor(topic, p)] = true
	}
	if len(used) != 3 {
		t.Errorf("leaders in use: %v", used)
	}
}

// What waits for partitions that fail is bounded in bytes, and order holds when
// they work again.
func TestStuckBatchesAreBounded(t *testing.T) {
	const partitions = 60
	c := startCluster(t, partitions, kfake.NumBrokers(1))
	var numbers []int32
	for i := range int32(partitions - 1) {
		numbers = append(numbers, i)
	}
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Partitions: numbers, Err: kerr.NotEnoughReplicas, Count: -1})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Codec = None
	cfg.BackoffInit, cfg.BackoffMax, cfg.MetadataBackoff = 100*time.Millisecond, time.Second, 100*time.Millisecond
	r := newRig(t, cfg)
	const size, batches = 300_000, 2 * maxStuckBytes / 300_000
	blocked := false
	for range batches {
		if err := r.trySend(2*time.Second, 0, 3, size/3); err != nil {
			blocked = true
			break
		}
		eventually(t, "the batch has its size", func() bool {
			r.Sink.mu.Lock()
			defer r.Sink.mu.Unlock()
			return len(r.compression.queue) == 0
		})
	}
	r.Sink.mu.Lock()
	if most := maxStuckBytes + maxInFlightBytes + 2*targetSize; r.bytes > most {
		t.Errorf("%d bytes are held, want at most %d", r.bytes, most)
	}
	if _, bytes := r.stuck(); blocked && bytes < maxStuckBytes/2 {
		t.Errorf("blocked with %d bytes stuck", bytes)
	}
	r.Sink.mu.Unlock()
	if !blocked {
		t.Error("nothing bounds what is stuck")
	}
	fault.Remove()
	if err := r.closeWithin(patience); err != nil {
		t.Fatal(err)
	}
}

// Batches pass by a broker that does not answer even where its other partitions
// were never tried; one error of a partition is no reason to.
func TestPick(t *testing.T) {
	parts := []partition{{0, true, "a"}, {1, true, "a"}, {2, true, "b"}, {3, false, ""}}
	for _, c := range []struct {
		name  string
		lanes map[int32]*lane
		want  []int32 // the partitions of the next batches
	}{
		{"all are well", nil, []int32{0, 1, 2, 0, 1, 2}},
		{"one fails", map[int32]*lane{1: {id: 1, failing: true}}, []int32{0, 2, 0, 2}},
		{"one broker is mute", map[int32]*lane{1: {id: 1, failing: true, mute: "a"}}, []int32{2, 2, 2, 2}},
		{"all brokers are mute", map[int32]*lane{1: {id: 1, failing: true, mute: "a"}, 2: {id: 2, failing: true, mute: "b"}}, []int32{0, 0, 0}},
		{"all fail", map[int32]*lane{0: {id: 0, failing: true}, 1: {id: 1, failing: true}, 2: {id: 2, failing: true}}, []int32{0, 1, 2, 3}},
	} {
		to := &target{name: topic, parts: parts, lanes: map[int32]*lane{}}
		s := &Sink{targets: map[string]*target{topic: to}}
		for id, l := range c.lanes {
			to.lanes[id] = l
		}
		var got []int32
		for range c.want {
			l := s.pick(to, 1)
			l.queue = append(l.queue, &batch{})
			got = append(got, l.id)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: partitions %v, want %v", c.name, got, c.want)
		}
	}
}
