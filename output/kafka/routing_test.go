package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
)

// A switchyard is a sink whose events go different ways, and what it says.
type switchyard struct {
	*Sink
	ledger
	t       testing.TB
	log     *observer.ObservedLogs
	sources map[string]*event.Source
	at      int64
}

func newSwitchyard(t testing.TB, cfg Config, opts output.Options) *switchyard {
	t.Helper()
	core, log := observer.New(zapcore.DebugLevel)
	s, err := New(cfg, output.NewEncoder(output.Shape8, output.Agent{Name: "pod-1", Hostname: "pod-1"}, opts), zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	y := &switchyard{Sink: s, t: t, log: log, sources: map[string]*event.Source{}}
	t.Cleanup(func() { _ = s.Close(ended()) }) // for tests that fail half-way
	return y
}

// batch has an event for each text, from the file of an application.
func (y *switchyard) batch(app string, texts ...string) *event.Batch {
	src := y.sources[app]
	if src == nil {
		src = &event.Source{Path: "/var/log/" + app + ".log", Input: &event.Input{Type: "log", Fields: map[string]any{"app": app}}}
		y.sources[app] = src
	}
	b := &event.Batch{Source: src, Time: time.Now(), Token: y.token()}
	for _, text := range texts {
		start := len(b.Data)
		b.Data = append(b.Data, text...)
		b.Events = append(b.Events, event.Event{Start: uint32(start), End: uint32(len(b.Data)), From: y.at, To: y.at + int64(len(text))})
		y.at += int64(len(text))
	}
	return b
}

func (y *switchyard) send(app string, texts ...string) {
	y.t.Helper()
	if err := y.trySend(patience, app, texts...); err != nil {
		y.t.Fatal(err)
	}
}

func (y *switchyard) trySend(d time.Duration, app string, texts ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return y.Send(ctx, y.batch(app, texts...))
}

// finish closes the sink, which must have dealt with everything.
func (y *switchyard) finish() {
	y.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := y.Close(ctx); err != nil {
		y.t.Fatal(err)
	}
	eventually(y.t, "all batches are done", func() bool { return y.done() == y.issued() })
	y.ledger.check(y.t)
	if n := y.compression.inUse + y.filled + len(y.opened); n != 0 {
		y.t.Errorf("%d bytes of raw buffers, %d open bytes and %d open batches are left", y.compression.inUse, y.filled, len(y.opened))
	}
}

// messages are the texts that a topic holds, by partition.
func messages(t *testing.T, c *kfake.Cluster, topic string) map[int32][]string {
	t.Helper()
	got := map[int32][]string{}
	for p, records := range readTopic(t, c, topic) {
		for _, d := range documents(t, map[int32][]*kgo.Record{0: records}) {
			got[p] = append(got[p], d.Message)
		}
	}
	return got
}

func all(byPartition map[int32][]string) (list []string) {
	for _, texts := range byPartition {
		list = append(list, texts...)
	}
	slices.Sort(list)
	return list
}

// What depends on the source is worked out for a batch, what depends on the text for
// each event: both arrive where they belong.
func TestEventsGoToTheirTopics(t *testing.T) {
	for name, rules := range map[string][]Rule{
		"by source": nil,
		"by text":   {{Topic: "errors", When: condition(t, "message", "ERROR")}},
	} {
		t.Run(name, func(t *testing.T) {
			c := startCluster(t, 0, kfake.SeedTopics(3, "order", "stock", "errors"))
			cfg := testConfig(c.ListenAddrs()...)
			cfg.Topics, cfg.Topic, cfg.BulkMaxSize = rules, "%{[fields.app]}", 50
			y := newSwitchyard(t, cfg, output.Options{})
			want := map[string][]string{}
			for n := range 40 {
				for _, app := range []string{"order", "stock"} {
					var texts []string
					for i := range 1 + rand.IntN(20) {
						text, to := fmt.Sprintf("%s %d %d INFO", app, n, i), app
						if rand.IntN(3) == 0 && rules != nil {
							text, to = fmt.Sprintf("%s %d %d ERROR", app, n, i), "errors"
						}
						texts = append(texts, text)
						want[to] = append(want[to], text)
					}
					y.send(app, texts...)
				}
			}
			y.finish()
			for to, texts := range want {
				slices.Sort(texts)
				if got := all(messages(t, c, to)); !slices.Equal(got, texts) {
					t.Errorf("topic %s has %d events, want %d", to, len(got), len(texts))
				}
			}
			if s := y.Stats(); s.NoTopic+s.LostTopic+s.Dropped+s.Errors != 0 || s.LogBytes != uint64(y.at) {
				t.Errorf("%+v, want %d bytes and no trouble", s, y.at)
			}
			if l := y.log.Len(); l != 0 {
				t.Errorf("%d lines in the log: %v", l, y.log.All())
			}
		})
	}
}

// Events with one key are in one partition, the one where Filebeat would put them,
// and there in their order; also when requests fail.
func TestKeysHoldOrder(t *testing.T) {
	const partitions, keys, rounds = 7, 40, 30
	c := startCluster(t, partitions)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: -1, When: func(kmsg.Request) bool { return rand.IntN(20) == 0 }})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Key = "%{[fields.app]}"
	y := newSwitchyard(t, cfg, output.Options{})
	for n := range rounds {
		for k := range keys {
			y.send(fmt.Sprintf("app-%d", k), fmt.Sprintf("%d", 2*n), fmt.Sprintf("%d", 2*n+1))
		}
	}
	y.finish()
	next := map[string]int{}
	for p, records := range readTopic(t, c, topic) {
		for i, d := range documents(t, map[int32][]*kgo.Record{p: records}) {
			key := string(records[i].Key)
			if want := int32(hashBytes(hashSeed, key)) & 0x7fffffff % partitions; p != want {
				t.Fatalf("key %s is in partition %d, want %d", key, p, want)
			}
			if want := fmt.Sprint(next[key]); d.Message != want {
				t.Fatalf("key %s: event %s where %s was expected", key, d.Message, want)
			}
			next[key]++
		}
	}
	for k := range keys {
		if n := next[fmt.Sprintf("app-%d", k)]; n != 2*rounds {
			t.Errorf("%d events of key %d, want %d", n, k, 2*rounds)
		}
	}
	if n := y.Stats().Requests; n >= keys*rounds {
		t.Errorf("%d requests for %d events: open batches gather nothing", n, 2*keys*rounds)
	}
}

// However many ways events go, the open batches together hold no more than a lone
// one, and there are not more of them than there may be.
func TestOpenBatchesAreBounded(t *testing.T) {
	const partitions = 3 * maxOpen
	var g gate
	c := startCluster(t, partitions, kfake.NumBrokers(1), gated(&g))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Key, cfg.FlushFrequency = "%{[message]}", time.Hour
	y := newSwitchyard(t, cfg, output.Options{})
	pad := strings.Repeat("x", 2000)
	held, most, filled := 0, 0, 0
	for n := range 3000 {
		y.send("app", fmt.Sprintf("%d %s", n, pad))
		y.Sink.mu.Lock()
		sum := y.compression.rest + y.compression.inUse
		for _, b := range y.opened {
			sum += cap(b.raw)
		}
		held, most, filled = max(held, sum), max(most, len(y.opened)), max(filled, y.filled)
		y.Sink.mu.Unlock()
	}
	if most > maxOpen || filled > targetSize+5000 {
		t.Errorf("%d batches were open with %d bytes, want at most %d with %d", most, filled, maxOpen, targetSize)
	}
	if limit := 3 * (y.compression.workers + 1) * rawSize; held > limit {
		t.Errorf("raw buffers of %d bytes, want at most %d", held, limit)
	}
	y.finish()
	if n := stored(c); n != 3000 {
		t.Errorf("%d events stored", n)
	}
}

// A topic that appears late is waited for, and others flow meanwhile.
func TestLateTopicHoldsNobodyUp(t *testing.T) {
	for _, key := range []string{"", "%{[fields.app]}"} {
		c := startCluster(t, 0, kfake.SeedTopics(2, "early"))
		cfg := testConfig(c.ListenAddrs()...)
		cfg.Topic, cfg.Key = "%{[fields.app]}", key
		y := newSwitchyard(t, cfg, output.Options{})
		y.send("early", "one")
		if key == "" { // with a key its partition must be known first
			y.send("late", "two")
			for n := range 20 {
				y.send("early", fmt.Sprint(n))
			}
			eventually(t, "the others are there", func() bool { return storedIn(c, "early") == 21 })
			eventually(t, "it is said how many wait", func() bool { return y.Stats().Waiting == 1 })
			if err := c.CreateTopic("late", 2, nil); err != nil {
				t.Fatal(err)
			}
		} else {
			go func() {
				eventually(t, "the topic is missed", func() bool { return y.Stats().Errors > 2 })
				if err := c.CreateTopic("late", 2, nil); err != nil {
					t.Error(err)
				}
			}()
			y.send("late", "two")
		}
		y.finish()
		if got := all(messages(t, c, "late")); !slices.Equal(got, []string{"two"}) {
			t.Errorf("key %q: %q came late", key, got)
		}
		if s := y.Stats(); s.LostTopic != 0 || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
	}
}

// A topic that does not come is given up in the end: what waited for it is dropped
// and counted, what comes for it later too, until it is there.
func TestTopicIsGivenUp(t *testing.T) {
	for _, key := range []string{"", "%{[fields.app]}"} {
		t.Run(key, func(t *testing.T) {
			c := startCluster(t, 0, kfake.SeedTopics(2, "good"))
			cfg := testConfig(c.ListenAddrs()...)
			cfg.Topic, cfg.Key, cfg.TopicPatience, cfg.BulkMaxSize = "%{[fields.app]}", key, 300*time.Millisecond, 2
			y := newSwitchyard(t, cfg, output.Options{})
			y.send("good", "first")
			eventually(t, "one topic works", func() bool { return y.done() == 1 })
			const bad = 100 // more than may be in flight: Send has to wait for the end of patience
			for n := range bad {
				y.send("bad", fmt.Sprint(n))
				if n%10 == 0 {
					y.send("good", fmt.Sprint(n))
				}
			}
			eventually(t, "all that waited is dropped", func() bool { return y.Stats().LostTopic == bad && y.done() == y.issued() })
			if got := len(all(messages(t, c, "good"))); got != 11 {
				t.Errorf("%d events in the other topic, want 11", got)
			}
			if y.Stats().Stalled != "" {
				t.Error("a topic that was given up is still said to stall")
			}
			if err := c.CreateTopic("bad", 1, nil); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it is there", func() bool { return y.log.FilterMessageSnippet("can be had, events go there again").Len() == 1 })
			y.send("bad", "last")
			y.finish()
			if got := all(messages(t, c, "bad")); !slices.Equal(got, []string{"last"}) {
				t.Errorf("%q in the late topic", got)
			}
			if n := y.log.FilterMessageSnippet("dropping its events until it can").Len(); n != 1 {
				t.Errorf("said %d times that the topic was given up", n)
			}
		})
	}
}

// A topic that is deleted under way is given up as well, with what its lanes hold.
func TestDeletedTopicIsGivenUp(t *testing.T) {
	c := startCluster(t, 0, kfake.SeedTopics(2, "good", "bad"))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Topic, cfg.TopicPatience = "%{[fields.app]}", 200*time.Millisecond
	y := newSwitchyard(t, cfg, output.Options{})
	y.send("good", "1")
	y.send("bad", "1")
	eventually(t, "both topics work", func() bool { return y.done() == 2 })
	if err := c.DeleteTopic("bad"); err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		y.send("bad", fmt.Sprint(n))
		y.send("good", fmt.Sprint(n))
	}
	eventually(t, "all are dealt with", func() bool { return y.done() == y.issued() })
	y.finish()
	if s := y.Stats(); s.LostTopic != 10 || s.Events != 12 || s.InFlight != 0 {
		t.Errorf("%+v, want 10 events lost and 12 delivered", s)
	}
}

// With a single topic there is no end of patience.
func TestTheOnlyTopicIsNotGivenUp(t *testing.T) {
	c := startCluster(t, 0)
	cfg := testConfig(c.ListenAddrs()...)
	cfg.TopicPatience = time.Millisecond
	y := newSwitchyard(t, cfg, output.Options{})
	y.send("app", "one")
	eventually(t, "it was asked for", func() bool { return y.Stats().Errors >= 10 })
	if s := y.Stats(); s.LostTopic != 0 || y.done() != 0 {
		t.Errorf("%+v with %d done", s, y.done())
	}
	_ = y.Close(ended())
}

// While no topic at all can be had it takes longer to give one up: but it ends, since
// the first may keep the others from being seen.
func TestFirstTopicIsGivenUpLate(t *testing.T) {
	c := startCluster(t, 0, kfake.SeedTopics(1, "good"))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Topic, cfg.Key, cfg.TopicPatience = "%{[fields.app]}", "%{[fields.app]}", 20*time.Millisecond
	y := newSwitchyard(t, cfg, output.Options{})
	start := time.Now()
	y.send("bad", "one")
	if d := time.Since(start); d < aloneFactor*cfg.TopicPatience {
		t.Errorf("given up after %v", d)
	}
	y.send("good", "two")
	y.finish()
	if s := y.Stats(); s.LostTopic != 1 || s.Events != 1 {
		t.Errorf("%+v", s)
	}
}

// One topic whose broker does not confirm leaves room for the others.
func TestUnreachableTopicHoldsNobodyUp(t *testing.T) {
	c := startCluster(t, 0, kfake.SeedTopics(2, "good", "bad"))
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "bad", Err: kerr.NotEnoughReplicas, Count: -1})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Topic, cfg.BulkMaxSize = "%{[fields.app]}", 1
	y := newSwitchyard(t, cfg, output.Options{})
	y.send("good", "first")
	y.send("bad", "0")
	eventually(t, "one works and one fails", func() bool { return y.done() == 1 && y.Stats().Errors > 0 })
	const many = 3 * maxInFlight // each a batch
	for n := range many {
		y.send("bad", fmt.Sprint(n+1))
	}
	for n := range 200 {
		y.send("good", fmt.Sprint(n))
	}
	eventually(t, "the others are there", func() bool { return storedIn(c, "good") == 201 })
	if n := storedIn(c, "bad"); n != 0 {
		t.Errorf("%d events were stored that were refused", n)
	}
	fault.Remove()
	y.finish()
	if got, want := len(all(messages(t, c, "bad"))), 1+many; got != want {
		t.Errorf("%d events are there in the end, want %d", got, want)
	}
}

// Events without a way are dropped and counted, and the log says so once.
func TestEventsWithoutAWay(t *testing.T) {
	c := startCluster(t, 0, kfake.SeedTopics(1, "good"))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Topic, cfg.Topics = "", []Rule{{Topic: "%{[fields.app]}", When: condition(t, "message", "+")}}
	cfg.Partition = Partition{Fields: []string{"fields.n"}, Strict: true}
	y := newSwitchyard(t, cfg, output.Options{})
	y.sources["good"] = &event.Source{Path: "/good", Input: &event.Input{Fields: map[string]any{"app": "good", "n": 7}}}
	y.send("good", "+ 1", "-", "-", "+ 2", "-")
	y.send("good", "-", "-")
	y.send("no name", "+", "+", "-")
	y.send("without-n", "+")
	y.finish()
	if got := all(messages(t, c, "good")); !slices.Equal(got, []string{"+ 1", "+ 2"}) {
		t.Errorf("stored %q", got)
	}
	if s := y.Stats(); s.NoTopic != 8 || s.NoPartition != 1 || s.Events != 2 || s.LogBytes != uint64(y.at) {
		t.Errorf("%+v, want 8 and 1 dropped and 2 delivered, of %d bytes", s, y.at)
	}
	var said []string
	for _, e := range y.log.All() {
		said = append(said, e.Message)
	}
	slices.Sort(said)
	if want := []string{"dropping events: a field that decides on the partition is missing", "dropping events: no topic can have that name", "dropping events: no topic could be selected"}; !slices.Equal(said, want) {
		t.Errorf("log: %q", said)
	}
}

// Topics come, go and fail, leaders move, keys and none: what is not counted as lost
// arrives, and in the order of its key as long as its topic stays what it is.
func TestRoutesInAStorm(t *testing.T) {
	for _, key := range []string{"", "%{[fields.app]}", "%{[message]}"} {
		t.Run(key, func(t *testing.T) {
			c := startCluster(t, 0, kfake.SeedTopics(3, "a", "b", "c"), kfake.SeedTopics(5, "shrinks"))
			for _, e := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend} {
				c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: -1, When: func(kmsg.Request) bool { return rand.IntN(40) == 0 }})
			}
			cfg := testConfig(c.ListenAddrs()...)
			cfg.Topic, cfg.Key, cfg.TopicPatience, cfg.BulkMaxSize = "%{[fields.app]}", key, 50*time.Millisecond, 20
			y := newSwitchyard(t, cfg, output.Options{})
			sent := 0
			for n := range 600 {
				app := []string{"a", "b", "c", "shrinks", "late", "no name"}[rand.IntN(6)]
				var texts []string
				for range 1 + rand.IntN(8) {
					texts = append(texts, fmt.Sprintf("%06d", sent))
					sent++
				}
				y.send(app, texts...)
				switch n {
				case 100, 300:
					c.ShufflePartitionLeaders()
				case 200:
					if err := c.DeleteTopic("shrinks"); err != nil {
						t.Fatal(err)
					}
				case 400:
					if err := errors.Join(c.CreateTopic("late", 2, nil), c.CreateTopic("shrinks", 2, nil)); err != nil {
						t.Fatal(err)
					}
				}
			}
			y.finish()
			s := y.Stats()
			if n := s.Events + s.NoTopic + s.LostTopic; n != uint64(sent) {
				t.Errorf("%d events are accounted for, %d were sent: %+v", n, sent, s)
			}
			for _, to := range []string{"a", "b", "c", "late"} {
				seen := map[string]bool{}
				for p, texts := range messages(t, c, to) {
					for _, text := range texts {
						if seen[text] {
							t.Errorf("topic %s has event %s twice", to, text)
						}
						seen[text] = true
					}
					if !slices.IsSorted(texts) {
						t.Errorf("partition %d of topic %s is out of order", p, to)
					}
				}
			}
		})
	}
}

// Headers of the configuration are in each record, and the event's id if it has one.
func TestHeadersOfRecords(t *testing.T) {
	for _, ids := range []bool{false, true} {
		c := startCluster(t, 1)
		cfg := testConfig(c.ListenAddrs()...)
		cfg.Headers = []Header{{"a", "1"}, {"", "left out"}, {"b", ""}}
		y := newSwitchyard(t, cfg, output.Options{EventID: ids})
		b := y.batch("app", "one", "two", "three")
		b.Extras = []event.Extra{{}, {Meta: map[string]any{"_id": "own"}}, {}}
		if err := y.Send(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		y.finish()
		for i, r := range readTopic(t, c, topic)[0] {
			var got string
			for _, h := range r.Headers {
				got += h.Key + "=" + string(h.Value) + " "
			}
			want := "a=1 b= "
			if ids {
				_, id, _ := strings.Cut(string(r.Value), `"_id":"`)
				id, _, _ = strings.Cut(id, `"`)
				if len(id) != 20 && (i != 1 || id != "own") {
					t.Errorf("id %q in %s", id, r.Value)
				}
				want += "logcar-id=" + id + " "
			}
			if got != want {
				t.Errorf("record %d has the headers %q, want %q", i, got, want)
			}
		}
	}
}

// Topics that come and go with the day are forgotten; those in use are not.
func TestTopicsAreForgotten(t *testing.T) {
	c := startCluster(t, 0, kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(1))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Topic = "%{[message]}"
	y := newSwitchyard(t, cfg, output.Options{})
	const topics = maxTargets + 5
	for n := range topics {
		y.send("app", fmt.Sprintf("t%03d", n))
		eventually(t, "it is there", func() bool { return y.done() == n+1 && y.Stats().InFlight == 0 })
	}
	y.Sink.mu.Lock()
	n, last := len(y.targets), y.targets[fmt.Sprintf("t%03d", topics-1)]
	for _, to := range y.targets {
		to.used = time.Time{}
	}
	y.Sink.mu.Unlock()
	if n != maxTargets || last == nil {
		t.Errorf("%d topics are kept", n)
	}
	y.send("app", "t000")
	y.finish()
	if n := len(y.targets); n != 1 {
		t.Errorf("%d topics are kept of which all but one are idle", n)
	}
	if n := storedIn(c, "t000"); n != 2 {
		t.Errorf("%d events in the first topic", n)
	}
}

// Topics that were given up are forgotten like others, and no longer asked for:
// events may name any number.
func TestTopicsThatNeverAre(t *testing.T) {
	c := startCluster(t, 0, kfake.SeedTopics(1, "good"))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Topic, cfg.TopicPatience, cfg.BulkMaxSize = "%{[message]}", time.Millisecond, 1
	cfg.MetadataBackoff, cfg.BackoffInit, cfg.BackoffMax = time.Millisecond, time.Millisecond, time.Minute
	y := newSwitchyard(t, cfg, output.Options{})
	y.send("app", "good")
	eventually(t, "one topic works", func() bool { return y.done() == 1 })
	const topics = maxTargets + 20
	for n := range topics {
		y.send("app", fmt.Sprintf("t%d", n))
	}
	eventually(t, "all are given up", func() bool { return y.done() == topics+1 })
	y.Sink.mu.Lock()
	n := len(y.targets)
	y.Sink.mu.Unlock()
	if n > maxTargets {
		t.Errorf("%d topics are kept", n)
	}
	if n := len(y.log.FilterMessageSnippet("dropping its events").All()); n != topics {
		t.Errorf("it is said of %d topics that they are given up, want %d", n, topics)
	}
	y.send("app", "good")
	eventually(t, "the good one works", func() bool { return storedIn(c, "good") == 2 })
	y.finish()
	if s := y.Stats(); s.LostTopic != topics {
		t.Errorf("%+v, want %d events lost", s, topics)
	}
}

// An acker may call back: it is never told with the sink's lock held.
func TestAckerMayCallTheSink(t *testing.T) {
	c := startCluster(t, 1)
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = 2
	s, err := New(cfg, droppingEncoder(t), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	back := make(chan uint64, 10)
	tell := ackFunc(func() { back <- s.Stats().LogBytes })
	for _, text := range []string{"-", "---", "+-", "+++-", "-+++-"} {
		b := &event.Batch{Source: &event.Source{Path: "/a"}, Time: time.Now(), Data: []byte(text), Token: event.NewToken(tell, 0)}
		for i := range text {
			b.Events = append(b.Events, event.Event{Start: uint32(i), End: uint32(i + 1), From: int64(i), To: int64(i + 1)})
		}
		if err := s.Send(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		await(t, "the acker's call", back)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := s.Stats().LogBytes; n != 1+3+2+4+5 {
		t.Errorf("%d bytes of log are counted, want 15: dropped ones are dealt with, too", n)
	}
}

type ackFunc func()

// Ack implements event.Acker.
func (f ackFunc) Ack(uint64) { f() }
