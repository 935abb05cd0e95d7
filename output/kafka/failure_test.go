package kafka

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap/zapcore"
)

// Whatever a broker answers, known or unknown, passing or for good: the batch is
// sent again, until somebody has put right what is wrong.
func TestEveryErrorCodeIsSentAgain(t *testing.T) {
	c := startCluster(t, 1)
	var code, left atomic.Int32
	onProduce(c, func(*kmsg.ProduceRequest) int16 {
		if left.Add(-1) >= 0 {
			return int16(code.Load())
		}
		return 0
	})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BackoffInit, cfg.MetadataBackoff = time.Millisecond, time.Millisecond
	r := newRig(t, cfg)
	n := 0
	for k := int32(-1); k <= 130; k++ {
		switch int16(k) {
		case 0, kerr.MessageTooLarge.Code, kerr.RecordListTooLarge.Code:
			continue // those are cut
		case kerr.DuplicateSequenceNumber.Code:
			continue // the broker has the batch already
		}
		code.Store(k)
		left.Store(2)
		before := r.Stats()
		r.send(0, 1, 50)
		n++
		r.waitDone(n)
		s := r.Stats()
		if errs, requests := s.Errors-before.Errors, s.Requests-before.Requests; errs != 2 || requests != 3 {
			t.Errorf("code %d: %d errors in %d requests, want 2 in 3", k, errs, requests)
		}
	}
	r.finish()
	r.checkStored(c, once)
	if s := r.Stats(); s.Dropped != 0 || s.Truncated != 0 {
		t.Errorf("%+v", s)
	}
}

// Requests fail at random, some before and some after the broker has stored the
// batch, and leaders move: nothing is lost, and order holds.
func TestStorm(t *testing.T) {
	codes := []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.RequestTimedOut, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend,
		kerr.UnknownTopicOrPartition, kerr.KafkaStorageError, kerr.CorruptMessage, kerr.TopicAuthorizationFailed, kerr.UnknownServerError,
		kerr.ThrottlingQuotaExceeded, kerr.InvalidRecord,
	}
	var g gate
	c := startCluster(t, 5, gated(&g))
	for _, e := range codes {
		c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: -1, When: func(kmsg.Request) bool { return rand.IntN(40) == 0 }})
	}
	r := newRig(t, testConfig(c.ListenAddrs()...))
	for n := range 300 {
		r.send(n%3, 1+rand.IntN(40), 100+rand.IntN(400))
		switch {
		case n%60 == 20:
			c.ShufflePartitionLeaders()
		case n%60 == 40:
			g.cut()
		case n%60 == 50:
			g.cutNextReply()
		}
		if n%10 == 0 { // many small batches rather than few large ones
			r.waitDone(n / 2)
		}
	}
	r.finish()
	r.checkStored(c, once)
	if s := r.Stats(); s.Errors == 0 || s.Dropped != 0 || int(s.Events) != len(r.want) {
		t.Errorf("%+v, want %d events and some errors", s, len(r.want))
	}
}

// Partitions that cannot be written hold back what was given to them, and
// nothing else.
func TestFailingPartitionsDoNotHoldBackOthers(t *testing.T) {
	const partitions, failing = 6, 4
	c := startCluster(t, partitions)
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Partitions: []int32{0, 1, 2, 3}, Err: kerr.NotEnoughReplicas, Count: -1})
	r := newRig(t, testConfig(c.ListenAddrs()...))
	// Single events, each on its way before the next comes.
	const events = 30
	for n := range events {
		r.send(0, 1, 100)
		eventually(t, fmt.Sprintf("event %d is on its way", n), func() bool { return r.done()+r.Stats().InFlight == n+1 })
	}
	eventually(t, "only what failing partitions have is left", func() bool { return r.done() >= events-failing })
	fault.Remove()
	r.finish()
	r.checkStored(c, once)
}

func TestPartitionWithoutLeaderIsLeftOut(t *testing.T) {
	const leaderless = 1
	c := startCluster(t, 3)
	c.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		return metadataWithout(c, r.(*kmsg.MetadataRequest), leaderless), nil, true
	})
	r := newRig(t, testConfig(c.ListenAddrs()...))
	for n := range 12 {
		r.send(0, 1, 100)
		r.waitDone(n + 1)
	}
	r.finish()
	for _, p := range c.PartitionInfos(topic) {
		if used := p.HighWatermark > 0; used != (p.Partition != leaderless) {
			t.Errorf("partition %d has %d records", p.Partition, p.HighWatermark)
		}
	}
}

// metadataWithout is the cluster's metadata with one partition that has no
// leader.
func metadataWithout(c *kfake.Cluster, req *kmsg.MetadataRequest, leaderless int32) kmsg.Response {
	res := req.ResponseKind().(*kmsg.MetadataResponse)
	for id, addr := range c.ListenAddrs() {
		b := kmsg.NewMetadataResponseBroker()
		a := netip.MustParseAddrPort(addr)
		b.NodeID, b.Host, b.Port = int32(id), a.Addr().String(), int32(a.Port())
		res.Brokers = append(res.Brokers, b)
	}
	t := kmsg.NewMetadataResponseTopic()
	t.Topic = kmsg.StringPtr(topic)
	for _, info := range c.PartitionInfos(topic) {
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Partition, p.Leader = info.Partition, info.Leader
		if p.Partition == leaderless {
			p.Leader, p.ErrorCode = -1, kerr.LeaderNotAvailable.Code
		}
		t.Partitions = append(t.Partitions, p)
	}
	res.Topics = append(res.Topics, t)
	return res
}

func TestClassify(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("kafka.(*Client).RawProduce: %w", err) }
	for _, c := range []struct {
		err     error
		cause   string
		refresh bool
		split   bool
	}{
		{protocol.NewErrNoTopic("x"), "no leader is known for the partition", true, false},
		{protocol.NewErrNoPartition("x", 1), "no leader is known for the partition", true, false},
		{protocol.NewErrNoLeader("x", 1), "no leader is known for the partition", true, false},
		{kafkago.MessageSizeTooLarge, "the batch is larger than the broker allows", false, true},
		{kafkago.RecordListTooLarge, "the batch is larger than the broker allows", false, true},
		{kafkago.UnknownTopicOrPartition, "the topic does not exist", true, false},
		{kafkago.NotLeaderForPartition, "the partition's leader is moving", true, false},
		{kafkago.NotEnoughReplicas, "too few replicas are in sync for required_acks", true, false},
		{kafkago.RequestTimedOut, "the replicas did not confirm in time", false, false},
		{kafkago.TopicAuthorizationFailed, "not allowed to write to the topic", false, false},
		{kafkago.SASLAuthenticationFailed, "the login failed", false, false},
		{kafkago.InvalidRecord, "the broker refuses events for good", false, false},
		{kafkago.InvalidMessage, "the broker refuses the batch", false, false},
		{kafkago.Error(12345), "the broker refuses the batch", false, false},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "the broker refuses connections", true, false},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "the broker closed the connection", true, false},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, "the broker does not answer in time", true, false},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}, "the broker does not answer in time", true, false},
		{io.EOF, "the broker closed the connection", true, false},
		{io.ErrUnexpectedEOF, "the broker closed the connection", true, false},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "kafka"}}, "the broker's name cannot be resolved", true, false},
		{errors.New("never heard of"), "the request failed", true, false},
	} {
		if f := classify(wrap(c.err)); f.what != c.cause || f.refresh != c.refresh || f.split != c.split {
			t.Errorf("%v: %s, %+v", c.err, f.what, f)
		}
	}
}

func TestBackoff(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		init, most, metadata time.Duration
		attempt              int
		moving               bool
		want                 time.Duration // the pause is from half of it to all of it
	}{
		{1000 * ms, 60_000 * ms, 250 * ms, 0, false, 1000 * ms},
		{1000 * ms, 60_000 * ms, 250 * ms, 0, true, 250 * ms},
		{1000 * ms, 60_000 * ms, 250 * ms, 3, true, 2000 * ms},
		{1000 * ms, 60_000 * ms, 250 * ms, 3, false, 8000 * ms},
		{1000 * ms, 60_000 * ms, 250 * ms, 6, false, 60_000 * ms},
		{1000 * ms, 60_000 * ms, 250 * ms, 1 << 40, false, 60_000 * ms},
		{1000 * ms, 60_000 * ms, 250 * ms, 1 << 40, true, 60_000 * ms},
		{100 * ms, 50 * ms, 250 * ms, 0, false, 50 * ms},
		// Nothing configured must not mean to try without a pause.
		{0, 60_000 * ms, 0, 0, false, 1 * ms},
		{0, 60_000 * ms, 0, 10, false, 1024 * ms},
		{1000 * ms, 60_000 * ms, 0, 10, true, 1024 * ms},
		{1000 * ms, 60_000 * ms, 0, 100, true, 60_000 * ms},
	} {
		s := &Sink{cfg: Config{BackoffInit: c.init, BackoffMax: c.most, MetadataBackoff: c.metadata}}
		for range 100 {
			if d := s.backoff(c.attempt, c.moving); d < c.want/2 || d > c.want {
				t.Errorf("%+v: pause of %v", c, d)
				break
			}
		}
	}
}

// An operator sees a line when events do not go out, not for each attempt.
func TestAuthorizationIsWaitedFor(t *testing.T) {
	c := startCluster(t, 2)
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	r := newRig(t, testConfig(c.ListenAddrs()...))
	r.send(0, 10, 100)
	eventually(t, "it was refused a few times", func() bool { return r.Stats().Errors >= 10 })
	if l := r.lines(zapcore.WarnLevel); len(l) != 1 || l[0] != "kafka does not take events, trying again: not allowed to write to the topic" {
		t.Errorf("log: %q", l)
	}
	fault.Remove()
	r.finish()
	r.checkStored(c, once)
}

// A broker that takes requests and never answers costs its share of the window at
// most, and none of the raw buffers.
func TestHungPartitionDoesNotHoldBackOthers(t *testing.T) {
	const partitions, hung = 3, 0
	c := startCluster(t, partitions)
	c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		return nil, nil, r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Partition == hung
	})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = 1 // each event its batch
	r := newRig(t, cfg)
	r.compression.workers = 1 // as on one processor
	const events = 10 * maxInFlight
	for range events {
		r.send(0, 1, 100)
	}
	const share = maxInFlight/partitions + 1
	r.waitDone(events - share)
	for n := range 20 { // and still all goes on
		done := r.done()
		r.send(0, 1, 100)
		eventually(t, fmt.Sprintf("event %d is done", n), func() bool { return r.done() > done })
	}
	_ = r.Close(ended())
}
