package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap/zapcore"

	"github.com/logcar/logcar/event"
)

func TestEveryEventArrivesOnce(t *testing.T) {
	const partitions = 6
	c := startCluster(t, partitions)
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = 200
	r := newRig(t, cfg)
	var text uint64
	for range 200 {
		b := r.batch(rand.IntN(5), rand.IntN(60), 100+rand.IntN(200))
		text += uint64(len(b.Data))
		if err := r.Send(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	r.finish()
	got := r.checkStored(c, once)
	if len(got) != partitions {
		t.Errorf("%d of %d partitions were used", len(got), partitions)
	}
	s := r.Stats()
	if int(s.Events) != len(r.want) || s.LogBytes != text || s.InFlight != 0 || s.Errors != 0 || s.Dropped != 0 || s.Truncated != 0 {
		t.Errorf("%+v, want %d events of %d bytes and no trouble", s, len(r.want), text)
	}
	if s.WireBytes == 0 || s.WireBytes >= text {
		t.Errorf("%d bytes on the wire for %d of text", s.WireBytes, text)
	}
	if l := r.lines(zapcore.DebugLevel); len(l) != 0 {
		t.Errorf("all is well, and still the log says %q", l)
	}
}

// Brokers confirm; until they have, nothing is done.
func TestTokenIsDoneOnlyAfterTheConfirmation(t *testing.T) {
	for _, acks := range []Acks{AcksAll, AcksLeader} {
		c := startCluster(t, 1)
		cfg := testConfig(c.ListenAddrs()...)
		cfg.Acks = acks
		r := newRig(t, cfg)
		arrived, answer := make(chan struct{}), make(chan struct{})
		onProduce(c, func(*kmsg.ProduceRequest) int16 {
			close(arrived)
			c.DropControl()
			c.SleepControl(func() { <-answer })
			return 0
		})
		r.send(0, 10, 100)
		await(t, "the request", arrived)
		if n := r.done(); n != 0 {
			t.Fatalf("acks %d: %d tokens are done before the broker's answer", acks, n)
		}
		if s := r.Stats(); s.Events != 0 || s.InFlight != 1 {
			t.Errorf("acks %d: %+v before the answer", acks, s)
		}
		close(answer)
		r.waitDone(1)
		r.finish()
		r.checkStored(c, once)
	}
}

// A record batch goes to one partition, and the next one to the next: compressed
// batches stay large, and no partition is left out.
func TestPartitionsTakeTurns(t *testing.T) {
	const partitions = 4
	c := startCluster(t, partitions)
	var mu sync.Mutex
	perPartition := map[int32]int{}
	onProduce(c, func(r *kmsg.ProduceRequest) int16 {
		mu.Lock()
		defer mu.Unlock()
		if len(r.Topics) != 1 || len(r.Topics[0].Partitions) != 1 {
			t.Errorf("a request for %d topics", len(r.Topics))
		}
		perPartition[r.Topics[0].Partitions[0].Partition]++
		return 0
	})
	r := newRig(t, testConfig(c.ListenAddrs()...))
	for n := range 3 * partitions {
		r.send(0, 20, 100)
		r.waitDone(n + 1)
	}
	r.finish()
	for p, records := range r.checkStored(c, once) {
		if perPartition[p] != 3 || len(records) != 60 {
			t.Errorf("partition %d: %d batches with %d records, want 3 with 60", p, perPartition[p], len(records))
		}
	}
}

func TestBulkMaxSize(t *testing.T) {
	const limit = 7
	c := startCluster(t, 2)
	var largest, batches atomic.Int32
	onProduce(c, func(r *kmsg.ProduceRequest) int16 {
		var b kmsg.RecordBatch
		if err := b.ReadFrom(r.Topics[0].Partitions[0].Records); err != nil {
			t.Error(err)
		}
		batches.Add(1)
		largest.Store(max(largest.Load(), b.NumRecords))
		return 0
	})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = limit
	r := newRig(t, cfg)
	for range 10 {
		r.send(0, 3*limit+2, 50)
	}
	r.finish()
	r.checkStored(c, once)
	if largest.Load() != limit {
		t.Errorf("the largest batch had %d events, want %d", largest.Load(), limit)
	}
	if least := int32(10 * (3*limit + 2) / limit); batches.Load() < least {
		t.Errorf("%d batches, want at least %d", batches.Load(), least)
	}
}

// The token of an event batch that lies in several record batches is done with
// the last of them.
func TestEventBatchOverSeveralRecordBatches(t *testing.T) {
	const limit, events = 5, 23 // five record batches
	c := startCluster(t, 5)
	var n atomic.Int32
	arrived, answer := make(chan struct{}), make(chan struct{})
	onProduce(c, func(*kmsg.ProduceRequest) int16 {
		if n.Add(1) == 2 { // one in the middle, confirmed last
			close(arrived)
			c.SleepControl(func() { <-answer })
		}
		return 0
	})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = limit
	r := newRig(t, cfg)
	r.send(0, events, 50)
	await(t, "the second request", arrived)
	eventually(t, "all others are confirmed", func() bool { return r.Stats().Events >= events-limit })
	if n := r.done(); n != 0 {
		t.Error("done with a part of it in flight")
	}
	close(answer)
	r.waitDone(1)
	r.send(0, 1, 50)
	r.finish()
	r.checkStored(c, once)
}

// An event batch that ends where a record batch ends leaves no share behind.
func TestEventBatchOfExactlySeveralRecordBatches(t *testing.T) {
	c := startCluster(t, 3)
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = 5
	r := newRig(t, cfg)
	for _, n := range []int{5, 10, 1, 4, 15, 5} {
		r.send(0, n, 50)
	}
	r.finish()
	r.checkStored(c, once)
}

func TestSendKeepsNoBytes(t *testing.T) {
	c := startCluster(t, 1)
	r := newRig(t, testConfig(c.ListenAddrs()...))
	for range 20 {
		b := r.batch(0, 30, 200)
		if err := r.Send(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		for i := range b.Data {
			b.Data[i] = '!'
		}
		clear(b.Events)
	}
	r.finish()
	r.checkStored(c, once)
}

func TestEmptyBatchIsDoneAtOnce(t *testing.T) {
	r := newRig(t, testConfig(refusedPort(t).addr))
	r.send(0, 0, 0)
	if r.done() != 1 {
		t.Error("a batch without events is not done")
	}
	if err := r.closeWithin(patience); err != nil {
		t.Error(err)
	}
}

func TestUnencodableFieldIsAnError(t *testing.T) {
	c := startCluster(t, 1)
	r := newRig(t, testConfig(c.ListenAddrs()...))
	bad := &event.Source{Path: "/bad.log", Input: &event.Input{Fields: map[string]any{"x": make(chan int)}}}
	err := r.Send(context.Background(), &event.Batch{Source: bad, Data: []byte("text"), Events: []event.Event{{End: 4}}, Token: r.token()})
	if err == nil {
		t.Error("no error")
	}
	r.send(0, 10, 100)
	eventually(t, "the good batch is done", func() bool { return r.done() == 1 })
	if err := r.closeWithin(patience); err != nil {
		t.Error(err)
	}
	r.checkStored(c, once)
	if r.done() != 1 {
		t.Error("the bad batch is done")
	}
}

func TestFlushFrequencyGathersEvents(t *testing.T) {
	c := startCluster(t, 1)
	cfg := testConfig(c.ListenAddrs()...)
	cfg.FlushFrequency = 500 * time.Millisecond
	r := newRig(t, cfg)
	start := time.Now()
	for range 30 {
		r.send(0, 1, 100)
	}
	r.waitDone(30)
	if d := time.Since(start); d < cfg.FlushFrequency {
		t.Errorf("delivered after %v, before flush_frequency was over", d)
	}
	if n := r.Stats().Requests; n != 1 {
		t.Errorf("%d requests for 30 events within flush_frequency, want 1", n)
	}
	r.finish()
}

// Batches that were read at different times share a record batch, whose header
// bounds them.
func TestBatchTimes(t *testing.T) {
	c := startCluster(t, 1)
	var header kmsg.RecordBatch
	onProduce(c, func(r *kmsg.ProduceRequest) int16 {
		if err := header.ReadFrom(r.Topics[0].Partitions[0].Records); err != nil {
			t.Error(err)
		}
		return 0
	})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.FlushFrequency = time.Hour
	r := newRig(t, cfg)
	const at = 1_772_323_200_123
	for i, ms := range []int64{0, 5000, -3000, 70} {
		text := fmt.Sprintf("text %d", i)
		b := &event.Batch{Source: &event.Source{Path: "/a.log"}, Time: time.UnixMilli(at + ms), Data: []byte(text), Token: r.token(),
			Events: []event.Event{{End: uint32(len(text)), From: int64(i), To: int64(i) + 1}}}
		if err := r.Send(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	r.finish()
	if header.FirstTimestamp != at || header.MaxTimestamp != at+5000 || header.NumRecords != 4 {
		t.Errorf("%d records from %d to %d, want 4 from %d to %d", header.NumRecords, header.FirstTimestamp, header.MaxTimestamp, at, at+5000)
	}
	for i, rec := range readBack(t, c)[0] {
		if ms := rec.Timestamp.UnixMilli() - at; ms != []int64{0, 5000, -3000, 70}[i] {
			t.Errorf("record %d is at %d ms", i, ms)
		}
	}
}

// Close does not wait for a linger, and leaves nothing behind.
func TestCloseSendsTheOpenBatch(t *testing.T) {
	c := startCluster(t, 1)
	cfg := testConfig(c.ListenAddrs()...)
	cfg.FlushFrequency = time.Hour
	r := newRig(t, cfg)
	r.send(0, 3, 100)
	r.finish()
	r.checkStored(c, once)
}

func TestSendAfterClose(t *testing.T) {
	c := startCluster(t, 1)
	r := newRig(t, testConfig(c.ListenAddrs()...))
	r.finish()
	if err := r.Send(context.Background(), r.batch(0, 1, 10)); err == nil {
		t.Error("no error")
	}
	if r.done() != 0 {
		t.Error("the batch is done")
	}
}
