package kafka

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/logcar/logcar/event"
)

// watchSizes tells the size of the largest batch and the number of requests.
func watchSizes(c *kfake.Cluster) (largest, requests *atomic.Int64) {
	largest, requests = new(atomic.Int64), new(atomic.Int64)
	onProduce(c, func(r *kmsg.ProduceRequest) int16 {
		requests.Add(1)
		largest.Store(max(largest.Load(), int64(len(r.Topics[0].Partitions[0].Records))))
		return 0
	})
	return largest, requests
}

// What counts is the size after compression.
func TestBatchAboveMaxMessageBytesIsCut(t *testing.T) {
	for _, codec := range []Codec{None, Gzip, Zstd} {
		const limit = 20_000
		c := startCluster(t, 2)
		largest, requests := watchSizes(c)
		cfg := testConfig(c.ListenAddrs()...)
		cfg.Codec, cfg.MaxMessageBytes = codec, limit
		r := newRig(t, cfg)
		for n := range 4 {
			r.send(n%2, 300, 300)
		}
		r.finish()
		r.checkStored(c, once)
		if n := largest.Load(); n > limit || n < limit/4 {
			t.Errorf("%s: the largest batch had %d bytes, want at most %d, and not far below", codec, n, limit)
		}
		if s := r.Stats(); s.Errors != 0 || int64(s.Requests) != requests.Load() || s.Truncated != 0 || s.Dropped != 0 {
			t.Errorf("%s: %+v, the broker saw %d requests", codec, s, requests.Load())
		}
	}
}

func TestBatchThatJustFitsIsNotCut(t *testing.T) {
	c := startCluster(t, 1)
	var sizes []int
	onProduce(c, func(r *kmsg.ProduceRequest) int16 {
		sizes = append(sizes, len(r.Topics[0].Partitions[0].Records))
		return 0
	})
	send := func(limit int) {
		cfg := testConfig(c.ListenAddrs()...)
		cfg.Codec, cfg.MaxMessageBytes = None, limit
		r := newRig(t, cfg)
		r.send(0, 10, 1000) // documents of one size
		r.finish()
	}
	send(1 << 20)
	whole := sizes[0]
	send(whole)
	send(whole - 1)
	if len(sizes) != 4 || sizes[1] != whole || sizes[2]+sizes[3] <= whole-1 {
		t.Errorf("sizes %d, want one batch of %d at that limit and two below it", sizes, whole)
	}
}

// The broker may allow less than logcar was told. What it refuses is cut until
// it fits, and what follows is cut before.
func TestBrokerRefusesLargeBatches(t *testing.T) {
	const limit = 6_000
	for _, codec := range []Codec{None, Gzip, Snappy, LZ4, Zstd} {
		c := startCluster(t, 1, kfake.BrokerConfigs(map[string]string{"message.max.bytes": "6000"}))
		cfg := testConfig(c.ListenAddrs()...)
		cfg.Codec = codec
		r := newRig(t, cfg)
		r.send(0, 200, 300)
		r.waitDone(1)
		first := r.Stats()
		if first.Errors == 0 {
			t.Fatalf("%s: the broker took everything", codec)
		}
		r.send(1, 200, 300)
		r.send(0, 1, 300)
		r.finish()
		r.checkStored(c, once)
		s := r.Stats()
		if s.Truncated != 0 || s.Dropped != 0 {
			t.Errorf("%s: %+v, but each event fits", codec, s)
		}
		if again := s.Errors - first.Errors; again >= first.Errors {
			t.Errorf("%s: %d refusals for the first batch, %d for the second: nothing was learnt", codec, first.Errors, again)
		}
		r.Sink.mu.Lock()
		if r.limit >= cfg.MaxMessageBytes || r.limit < limit {
			t.Errorf("%s: the limit is now %d, the broker's is %d", codec, r.limit, limit)
		}
		r.Sink.mu.Unlock()
	}
}

// RECORD_LIST_TOO_LARGE is the same in other words.
func TestRecordListTooLargeIsCut(t *testing.T) {
	c := startCluster(t, 1)
	onProduce(c, func(r *kmsg.ProduceRequest) int16 {
		if len(r.Topics[0].Partitions[0].Records) > 5000 {
			return kerr.RecordListTooLarge.Code
		}
		return 0
	})
	r := newRig(t, testConfig(c.ListenAddrs()...))
	r.send(0, 100, 300)
	r.send(0, 100, 300)
	r.finish()
	r.checkStored(c, once)
}

// A cut batch is retried like any other, piece by piece.
func TestPiecesAreSentAgain(t *testing.T) {
	c := startCluster(t, 1)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: 7})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.MaxMessageBytes = 5000
	r := newRig(t, cfg)
	for range 3 {
		r.send(0, 100, 300)
	}
	r.finish()
	r.checkStored(c, once)
	if n := r.Stats().Errors; n != 7 {
		t.Errorf("%d errors, want 7", n)
	}
}

// document is what the tests look at in a document.
type document struct {
	Message string
	Log     struct {
		Flags  []string
		Offset int64
		File   struct{ Path string }
	}
}

func documents(t *testing.T, got map[int32][]*kgo.Record) (docs []document) {
	t.Helper()
	for _, records := range got {
		for _, r := range records {
			var d document
			if err := json.Unmarshal(r.Value, &d); err != nil {
				t.Fatalf("%.200s: %v", r.Value, err)
			}
			docs = append(docs, d)
		}
	}
	slices.SortFunc(docs, func(a, b document) int { return int(a.Log.Offset - b.Log.Offset) })
	return docs
}

// An event that is too large by itself arrives with half of its text, or half of
// that, and says so.
func TestEventTooLargeByItselfIsTruncated(t *testing.T) {
	const limit = 6_000
	for _, c := range []struct {
		name   string
		client int
		broker string
	}{
		{"for max_message_bytes", limit, "1048588"},
		{"for the broker", 1_000_000, "6000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster := startCluster(t, 1, kfake.BrokerConfigs(map[string]string{"message.max.bytes": c.broker}))
			cfg := testConfig(cluster.ListenAddrs()...)
			cfg.Codec, cfg.MaxMessageBytes = None, c.client
			r := newRig(t, cfg)
			sizes := []int{100, 20_000, 100, 100, 9_000, 100}
			texts := make([]string, len(sizes))
			for i, size := range sizes {
				b := r.batch(0, 1, size)
				b.Events[0].Flags = event.Multiline
				texts[i] = string(b.Data)
				if err := r.Send(context.Background(), b); err != nil {
					t.Fatal(err)
				}
			}
			r.finish()
			docs := documents(t, readBack(t, cluster))
			if len(docs) != len(sizes) {
				t.Fatalf("%d documents, want %d", len(docs), len(sizes))
			}
			for i, d := range docs {
				flags, most := []string{"multiline"}, sizes[i]
				if sizes[i] > limit {
					flags, most = []string{"truncated", "multiline"}, limit
				}
				if !strings.HasPrefix(texts[i], d.Message) || len(d.Message) > most || len(d.Message) < min(most, limit/4) {
					t.Errorf("event %d: %d bytes of text, which had %d", i, len(d.Message), sizes[i])
				}
				if !slices.Equal(d.Log.Flags, flags) {
					t.Errorf("event %d: flags %q, want %q", i, d.Log.Flags, flags)
				}
			}
			if s := r.Stats(); s.Truncated < 2 || s.Dropped != 0 || s.Events != uint64(len(sizes)) {
				t.Errorf("%+v", s)
			}
		})
	}
}

// An event that does not fit even without its text is dropped, counted, and
// done: waiting for it would stop everything behind it.
func TestEventThatCannotFitIsDropped(t *testing.T) {
	for _, c := range []struct {
		name   string
		client int
		broker string
	}{
		{"for max_message_bytes", 3000, "1048588"},
		{"for the broker", 1_000_000, "3000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster := startCluster(t, 1, kfake.BrokerConfigs(map[string]string{"message.max.bytes": c.broker}))
			cfg := testConfig(cluster.ListenAddrs()...)
			cfg.Codec, cfg.MaxMessageBytes = None, c.client
			r := newRig(t, cfg)
			huge := &event.Source{Path: "/huge.log", Input: &event.Input{Fields: map[string]any{"ballast": strings.Repeat("x", 5000)}}}
			const dropped, good = 3, 40
			for n := range dropped {
				r.send(0, good/4, 100)
				if err := r.Send(context.Background(), &event.Batch{Source: huge, Data: []byte("text"), Token: r.token(),
					Events: []event.Event{{End: 4, From: int64(n), To: int64(n) + 4}}}); err != nil {
					t.Fatal(err)
				}
			}
			r.send(0, good/4, 100)
			r.finish()
			docs := documents(t, readBack(t, cluster))
			if len(docs) != good {
				t.Errorf("%d documents, want the %d that fit", len(docs), good)
			}
			for _, d := range docs {
				if d.Log.File.Path == huge.Path {
					t.Error("a document arrived that does not fit")
				}
			}
			if s := r.Stats(); s.Dropped != dropped || s.Events != good || s.InFlight != 0 {
				t.Errorf("%+v, want %d events delivered and %d dropped", s, good, dropped)
			}
		})
	}
}

// A batch of which nothing fits is done, too.
func TestBatchOfWhichNothingFits(t *testing.T) {
	c := startCluster(t, 1, kfake.BrokerConfigs(map[string]string{"message.max.bytes": "100"}))
	r := newRig(t, testConfig(c.ListenAddrs()...))
	r.send(0, 20, 100)
	r.send(0, 1, 100)
	r.finish()
	if s := r.Stats(); s.Dropped != 21 || s.Events != 0 || s.InFlight != 0 {
		t.Errorf("%+v, want all 21 events dropped", s)
	}
	if n := stored(c); n != 0 {
		t.Errorf("%d events stored", n)
	}
}

func TestHalves(t *testing.T) {
	for _, count := range []int32{2, 3, 4, 7, 1000} {
		var records []byte
		var want []decoded
		for i := range count {
			value := strings.Repeat("v", int(i*37%9000))
			records = encodeRecord(records, record{value: []byte(value), timeDelta: int64(i) - 5, key: []byte("key"), headers: encodeHeaders(1, Header{"a", "b"})}, int64(i))
			want = append(want, decoded{int64(i), int64(i) - 5, value, "key", " a=b"})
		}
		first, second := halves(records, count)
		n := count / 2
		wire := func(records []byte, count int32) []byte {
			w := append(make([]byte, lengthPrefix+headerSize), records...)
			stamp(w, None, count, 0, 0)
			return w
		}
		got := decodeKgo(t, wire(first, n))
		for _, d := range decodeKgo(t, wire(second, count-n)) {
			d.offset += int64(n)
			got = append(got, d)
		}
		compare(t, "halves", got, want)
	}
}
