package kafka

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The broker stores a batch and its answer is lost, again and again: with
// confirmations by all replicas nothing is repeated.
func TestLostAnswersRepeatNothing(t *testing.T) {
	var g gate
	c := startCluster(t, 3, gated(&g))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = 20
	r := newRig(t, cfg)
	n := 0
	for range 60 {
		if rand.IntN(3) == 0 {
			g.cutNextReply()
		}
		r.send(0, 20, 100)
		n += 20
		r.waitDone(n / 20)
	}
	if r.Stats().Errors == 0 {
		t.Error("no answer was lost: nothing is shown")
	}
	r.finish()
	r.checkStored(c, once)
}

// A broker that has forgotten the producer, for whatever reason, gets the batch
// under a new id, at once.
func TestForgottenProducer(t *testing.T) {
	for _, e := range []*kerr.Error{kerr.OutOfOrderSequenceNumber, kerr.UnknownProducerID, kerr.InvalidProducerEpoch, kerr.InvalidProducerIDMapping, kerr.ProducerFenced} {
		t.Run(e.Message, func(t *testing.T) {
			c := startCluster(t, 1)
			var ids atomic.Int32
			c.ControlKey(int16(kmsg.InitProducerID), func(kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				ids.Add(1)
				return nil, nil, false
			})
			r := newRig(t, testConfig(c.ListenAddrs()...))
			r.send(0, 3, 100)
			r.waitDone(1)
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e})
			r.send(0, 3, 100)
			r.waitDone(2)
			r.send(0, 3, 100)
			r.waitDone(3)
			r.finish()
			r.checkStored(c, once)
			if n := ids.Load(); n != 2 {
				t.Errorf("%d producer ids were asked for, want 2", n)
			}
		})
	}
}

// A duplicate that is older than the broker can place is a success as well.
func TestDuplicateIsDelivered(t *testing.T) {
	c := startCluster(t, 1)
	r := newRig(t, testConfig(c.ListenAddrs()...))
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.DuplicateSequenceNumber})
	r.send(0, 1, 100)
	r.waitDone(1)
	if s := r.Stats(); s.Requests != 1 {
		t.Errorf("%d requests, want 1", s.Requests)
	}
	r.finish()
}

// A cluster that grants no ids is written to all the same, and the log says once
// what that means.
func TestProducersRefused(t *testing.T) {
	c := startCluster(t, 1)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.ClusterAuthorizationFailed, TopLevel: true, Count: -1})
	r := newRig(t, testConfig(c.ListenAddrs()...))
	for i := range 3 {
		r.send(0, 3, 100)
		r.waitDone(i + 1)
	}
	r.finish()
	for _, records := range r.checkStored(c, once) {
		for _, rec := range records {
			if rec.ProducerID != -1 {
				t.Errorf("record bears producer id %d", rec.ProducerID)
			}
		}
	}
	if n := r.log.FilterMessageSnippet("gives no producer ids").Len(); n != 1 {
		t.Errorf("said %d times, want once", n)
	}
}

// With fewer confirmations there is nothing that an id could keep.
func TestNoProducerWithoutAllReplicas(t *testing.T) {
	for _, acks := range []Acks{AcksLeader, AcksNone} {
		c := startCluster(t, 1)
		c.ControlKey(int16(kmsg.InitProducerID), func(kmsg.Request) (kmsg.Response, error, bool) {
			t.Error("a producer id was asked for")
			return nil, nil, false
		})
		cfg := testConfig(c.ListenAddrs()...)
		cfg.Acks = acks
		r := newRig(t, cfg)
		r.send(0, 1, 100)
		r.waitDone(1)
		r.finish()
	}
}

func TestSequenceWraps(t *testing.T) {
	l := &lane{producer: producer{known: true, next: math.MaxInt32 - 1}}
	l.confirm(piece{count: 2})
	if l.producer.next != 0 {
		t.Errorf("next is %d, want 0", l.producer.next)
	}
	l.confirm(piece{count: 3})
	if l.producer.next != 3 {
		t.Errorf("next is %d, want 3", l.producer.next)
	}
}

// A piece that a request may still be reading is not written to.
func TestSignLeavesSentBytesAlone(t *testing.T) {
	wire := make([]byte, lengthPrefix+headerSize)
	stamp(wire, Gzip, 1, 0, 0)
	l := &lane{producer: producer{known: true, id: 7}}
	p := l.sign(piece{wire: wire, count: 1}, false)
	if again := l.sign(p, true); &again.wire[0] != &p.wire[0] {
		t.Error("a piece that bears the producer was copied")
	}
	l.producer.id = 8
	before := string(p.wire)
	if other := l.sign(p, true); &other.wire[0] == &p.wire[0] || string(p.wire) != before {
		t.Error("a piece that was sent was written to")
	}
}
