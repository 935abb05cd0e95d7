package kafka

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// kafka-go's queue is without bounds when nobody waits for the answers.
func TestTrapMemoryWithoutBounds(t *testing.T) {
	for _, c := range []struct {
		name       string
		size, bulk int
	}{
		{"small batches", 100, 1},
		{"large batches", 50_000, 2048},
	} {
		t.Run(c.name, func(t *testing.T) {
			const partitions = 20
			var g gate
			cluster := startCluster(t, partitions, gated(&g))
			cfg := testConfig(cluster.ListenAddrs()...)
			cfg.BulkMaxSize, cfg.Codec, cfg.MaxMessageBytes = c.bulk, None, 2<<20
			r := newRig(t, cfg)
			r.send(0, 1, 100)
			r.waitDone(1)
			g.hold()
			var err error
			accepted := 0
			for err == nil && accepted < 1000 {
				if err = r.trySend(500*time.Millisecond, 0, 1, c.size); err == nil {
					accepted++
				}
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Send took %d batches that nobody confirms, then: %v", accepted, err)
			}
			r.Sink.mu.Lock()
			inFlight, bytes, inUse := r.inFlight, r.bytes, r.compression.inUse
			r.Sink.mu.Unlock()
			// Batches that were being compressed when the window was full
			// come on top.
			spare := r.compression.workers + 1
			if inFlight > maxInFlight+spare || bytes > maxInFlightBytes+spare*(targetSize+targetSize/8) || inUse > spare*rawSize {
				t.Errorf("%d batches with %d bytes in flight, %d bytes of raw buffers in use", inFlight, bytes, inUse)
			}
			if n := ourGoroutines(); n > 5*maxInFlight {
				t.Errorf("%d goroutines", n)
			}
			issued := r.issued()
			g.release()
			r.waitDone(issued - 1) // all but the one that Send refused
			if err := r.closeWithin(patience); err != nil {
				t.Error(err)
			}
			if got := stored(cluster); got != accepted+1 {
				t.Errorf("%d events stored, %d were accepted", got, accepted+1)
			}
		})
	}
}

// When compressing is slower than reading, Send waits for it, too.
func TestRawBuffersAreBounded(t *testing.T) {
	c := startCluster(t, 4, kfake.BlackholeProduce())
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Level = 9
	r := newRig(t, cfg)
	most := 0
	for range 3 * maxInFlight {
		r.send(0, 10, targetSize/10) // a batch
		r.Sink.mu.Lock()
		most = max(most, r.compression.inUse)
		r.Sink.mu.Unlock()
	}
	r.finish()
	if limit := (r.compression.workers + 1) * rawSize; most > limit {
		t.Errorf("raw buffers of %d bytes in use, want at most %d", most, limit)
	}
}

// Batches that wait, for their turn or for the partitions, have given their raw
// buffers back.
func TestWaitingBatchesKeepNoRawBuffers(t *testing.T) {
	for _, partitions := range []int32{0, 1, 2} { // 0: the topic is unknown
		c := startCluster(t, partitions)
		never(c, kmsg.Produce)
		cfg := testConfig(c.ListenAddrs()...)
		cfg.BulkMaxSize = 1
		r := newRig(t, cfg)
		for range maxInFlight {
			r.send(0, 1, 100)
		}
		eventually(t, "all raw buffers are back", func() bool {
			r.Sink.mu.Lock()
			defer r.Sink.mu.Unlock()
			return r.compression.inUse == 0
		})
		_ = r.Close(ended())
	}
}

// While the broker is slow, small batches do not fill the window: they gather in
// the open one, and go out together.
func TestTrickleGathersWhileTheBrokerIsSlow(t *testing.T) {
	var g gate
	c := startCluster(t, 1, kfake.NumBrokers(1), gated(&g))
	r := newRig(t, testConfig(c.ListenAddrs()...))
	r.send(0, 1, 100)
	r.waitDone(1)
	before := r.Stats().Requests
	g.hold()
	sent := 1
	eventually(t, "as much is in flight as there may be", func() bool {
		r.send(0, 1, 100)
		sent++
		return r.Stats().InFlight == trickle
	})
	for range 500 {
		r.send(0, 1, 100)
	}
	<-time.After(2 * longLinger) // they have waited long enough, and wait on
	if n := r.Stats().InFlight; n != trickle {
		t.Errorf("%d batches in flight, want %d", n, trickle)
	}
	g.release()
	r.waitDone(sent + 500)
	if n := r.Stats().Requests - before; n != trickle+1 {
		t.Errorf("%d requests, want %d: all that had to wait goes out together", n, trickle+1)
	}
	r.finish()
	r.checkStored(c, once)
}

// An event of many megabytes that compresses well goes out like any other, and
// the buffer that it needed is not kept.
func TestHugeEventLeavesNoHugeBuffer(t *testing.T) {
	c := startCluster(t, 1)
	r := newRig(t, testConfig(c.ListenAddrs()...))
	b := r.batch(0, 1, 100)
	text := bytes.Repeat([]byte("a stack trace that does not end\n\tat a.B.c(B.java:1)\n"), 200_000)
	b.Data, b.Events[0].End = text, uint32(len(text))
	if err := r.Send(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	r.send(0, 10, 100)
	r.finish()
	if docs := documents(t, readBack(t, c)); len(docs) != 11 || docs[0].Message != string(text) || r.Stats().Truncated != 0 {
		t.Errorf("%d documents, the first of %d bytes, want 11 and %d", len(docs), len(docs[0].Message), len(text))
	}
	for _, raw := range r.compression.raws {
		if cap(raw) > 2*targetSize {
			t.Errorf("a raw buffer of %d bytes is kept", cap(raw))
		}
	}
}

// The bytes of a request that was given up may still be read by kafka-go: its
// buffer must not be filled again.
func TestBufferOfAFailedRequestIsLeftAlone(t *testing.T) {
	c := startCluster(t, 1)
	r := newRig(t, testConfig(c.ListenAddrs()...))
	wires := func() int {
		r.Sink.mu.Lock()
		defer r.Sink.mu.Unlock()
		return len(r.compression.wires)
	}
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas})
	r.send(0, 10, 100)
	eventually(t, "the batch is settled", func() bool { return r.done() == 1 && r.Stats().InFlight == 0 })
	if n := wires(); n != 0 {
		t.Errorf("%d buffers are kept after a failure", n)
	}
	r.send(0, 10, 100)
	eventually(t, "the batch is settled", func() bool { return r.done() == 2 && r.Stats().InFlight == 0 })
	if n := wires(); n != 1 {
		t.Errorf("%d buffers are kept after a success, want 1", n)
	}
	r.finish()
}

// Batches that come faster than they are compressed ask for more processors, and
// one after the other does not.
func TestBacklogHurries(t *testing.T) {
	c := startCluster(t, 4, kfake.BlackholeProduce())
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Level, cfg.Workers = 9, 1
	hurried := 0
	cfg.Hurry = func() { hurried++ } // under the sink's lock
	r := newRig(t, cfg)
	for i := range 3 {
		r.send(0, 10, targetSize/10) // a batch
		r.waitDone(i + 1)
	}
	if hurried > 0 {
		t.Errorf("hurried %d times for one batch after the other", hurried)
	}
	for range 3 * maxInFlight {
		r.send(0, 10, targetSize/10)
	}
	r.finish()
	if hurried == 0 {
		t.Error("never hurried for batches that come at once")
	}
}
