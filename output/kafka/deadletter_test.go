package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
)

// A drawer is a dead letter in memory. It may be locked.
type drawer struct {
	mu     sync.Mutex
	text   bytes.Buffer
	locked int // so many attempts to write fail
}

func (d *drawer) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked > 0 {
		d.locked--
		return 0, errors.New("locked")
	}
	return d.text.Write(p)
}

func (d *drawer) letters(t testing.TB) (letters []letter) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for line := range strings.Lines(d.text.String()) {
		var l letter
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Topic != topic || l.Time.IsZero() || l.Error == "" || !strings.HasSuffix(line, "\n") {
			t.Errorf("%.200s: %v", line, err)
		}
		letters = append(letters, l)
	}
	return letters
}

// settleWith is finish where some events are not to arrive: what the dead letter has
// is taken off the list, and must be what was sent.
func (r *rig) settleWith(c *kfake.Cluster, d *drawer, reason string, want int) {
	r.t.Helper()
	r.finish()
	letters := d.letters(r.t)
	for _, l := range letters {
		if _, sent := r.want[string(l.Document)]; !sent {
			r.t.Errorf("a letter was not sent, or twice set aside: %.200s", l.Document)
		}
		delete(r.want, string(l.Document))
		if l.Reason != reason {
			r.t.Errorf("reason %s, want %s", l.Reason, reason)
		}
	}
	if len(letters) != want {
		r.t.Errorf("%d letters, want %d", len(letters), want)
	}
	r.checkStored(c, once)
	s := r.Stats()
	if int(s.LettersTooLarge+s.LettersRefused) != want || int(s.Events) != len(r.want) || s.Dropped != 0 || s.InFlight != 0 {
		r.t.Errorf("%+v, want %d letters and %d events", s, want, len(r.want))
	}
}

// What does not fit is set aside whole, and everything else is delivered.
func TestTooLargeIsSetAside(t *testing.T) {
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
			cluster := startCluster(t, 2, kfake.BrokerConfigs(map[string]string{"message.max.bytes": c.broker}))
			var d drawer
			cfg := testConfig(cluster.ListenAddrs()...)
			cfg.Codec, cfg.MaxMessageBytes, cfg.TooLarge, cfg.DeadLetter = None, c.client, SetAside, &d
			r := newRig(t, cfg)
			want := 0
			for n := range 30 {
				size := 100
				if n%10 == 5 {
					size, want = 20_000, want+1
				}
				r.send(0, 1, size)
			}
			r.settleWith(cluster, &d, tooLarge, want)
		})
	}
}

// A dead letter that cannot be written makes no event wait or vanish: it is cut.
func TestTooLargeIsCutWhenItCannotBeSetAside(t *testing.T) {
	c := startCluster(t, 1)
	d := drawer{locked: 1000}
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Codec, cfg.MaxMessageBytes, cfg.TooLarge, cfg.DeadLetter = None, 6_000, SetAside, &d
	r := newRig(t, cfg)
	r.send(0, 1, 20_000)
	r.finish()
	docs := documents(t, readBack(t, c))
	if len(docs) != 1 || len(docs[0].Log.Flags) != 1 || docs[0].Log.Flags[0] != "truncated" {
		t.Errorf("%+v", docs)
	}
	if s := r.Stats(); s.Truncated == 0 || s.LettersTooLarge != 0 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

func TestTooLargeIsDropped(t *testing.T) {
	c := startCluster(t, 1)
	var d drawer
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Codec, cfg.MaxMessageBytes, cfg.TooLarge, cfg.DeadLetter = None, 6_000, Drop, &d
	r := newRig(t, cfg)
	r.send(0, 10, 100)
	r.send(0, 1, 20_000)
	r.finish()
	if s := r.Stats(); s.Dropped != 1 || s.Truncated != 0 || s.Events != 10 || stored(c) != 10 || len(d.letters(t)) != 0 {
		t.Errorf("%+v, %d events stored", s, stored(c))
	}
}

// What does not fit even without its text is the dead letter's, if there is one,
// also where events are cut.
func TestWhatCannotBeCutIsSetAside(t *testing.T) {
	c := startCluster(t, 1)
	var d drawer
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Codec, cfg.MaxMessageBytes, cfg.DeadLetter = None, 3000, &d
	r := newRig(t, cfg)
	huge := &event.Source{Path: "/huge.log", Input: &event.Input{Fields: map[string]any{"ballast": strings.Repeat("x", 5000)}}}
	if err := r.Send(context.Background(), &event.Batch{Source: huge, Data: []byte("text"), Token: r.token(), Events: []event.Event{{End: 4, To: 4}}}); err != nil {
		t.Fatal(err)
	}
	r.finish()
	if l := d.letters(t); len(l) != 1 || !strings.Contains(string(l[0].Document), "ballast") {
		t.Errorf("%v", l)
	}
	if s := r.Stats(); s.LettersTooLarge != 1 || s.Dropped != 0 || stored(c) != 0 {
		t.Errorf("%+v", s)
	}
}

// judge refuses each record that has a mark in its text, with its whole batch, and
// names them if it may.
func judge(t *testing.T, c *kfake.Cluster, code int16, mark string, names bool) {
	c.ControlKey(int16(kmsg.Produce), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		req := kreq.(*kmsg.ProduceRequest)
		wire := req.Topics[0].Partitions[0].Records
		records, err := expand(codecOf(append(make([]byte, lengthPrefix), wire...)), wire[headerSize:])
		if err != nil {
			t.Error(err)
		}
		var bad []kmsg.ProduceResponseTopicPartitionErrorRecord
		for i := int32(0); len(records) > 0; i++ {
			r, rest, ok := nextRecord(records)
			if !ok {
				t.Error("a record cannot be read")
				break
			}
			if records = rest; strings.Contains(string(r.value), mark) {
				e := kmsg.NewProduceResponseTopicPartitionErrorRecord()
				e.RelativeOffset, e.ErrorMessage = i, kmsg.StringPtr("it has a mark")
				bad = append(bad, e)
			}
		}
		if len(bad) == 0 {
			return nil, nil, false
		}
		res := answer(req, code).(*kmsg.ProduceResponse)
		if names {
			res.Topics[0].Partitions[0].ErrorRecords = bad
		}
		return res, nil, true
	})
}

// The broker refuses some events of a batch, and with them the batch: those alone
// are set aside.
func TestRefusedIsSetAside(t *testing.T) {
	for _, code := range []*kerr.Error{kerr.InvalidRecord, kerr.InvalidTimestamp, kerr.PolicyViolation} {
		for _, names := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, records named: %t", code.Message, names), func(t *testing.T) {
				c := startCluster(t, 2)
				judge(t, c, code.Code, `"offset":7`, names)
				var d drawer
				cfg := testConfig(c.ListenAddrs()...)
				cfg.DeadLetter = &d
				r := newRig(t, cfg)
				for range 5 {
					r.send(0, 100, 100)
				}
				want := 0
				for doc := range r.want {
					if strings.Contains(doc, `"offset":7`) {
						want++
					}
				}
				if want == 0 || want == len(r.want) {
					t.Fatalf("%d of %d are marked", want, len(r.want))
				}
				r.settleWith(c, &d, refused, want)
			})
		}
	}
}

// All of them are, and nothing waits.
func TestEverythingIsRefused(t *testing.T) {
	c := startCluster(t, 2)
	judge(t, c, kerr.InvalidRecord.Code, "", true)
	var d drawer
	cfg := testConfig(c.ListenAddrs()...)
	cfg.DeadLetter = &d
	r := newRig(t, cfg)
	r.send(0, 100, 100)
	r.send(0, 100, 100)
	r.settleWith(c, &d, refused, 200)
}

// A dead letter that cannot be written is waited for; no event is lost or set
// aside twice.
func TestRefusedWaitsForTheDeadLetter(t *testing.T) {
	c := startCluster(t, 1)
	judge(t, c, kerr.InvalidRecord.Code, `"offset":7`, true)
	d := drawer{locked: 5}
	cfg := testConfig(c.ListenAddrs()...)
	cfg.DeadLetter = &d
	r := newRig(t, cfg)
	r.send(0, 100, 100)
	want := 0
	for doc := range r.want {
		if strings.Contains(doc, `"offset":7`) {
			want++
		}
	}
	r.settleWith(c, &d, refused, want)
	if n := r.Stats().Errors; n != 6 {
		t.Errorf("%d errors, want 6", n)
	}
}

func TestSetAsideNeedsADeadLetter(t *testing.T) {
	cfg := testConfig("localhost:9092")
	cfg.TooLarge = SetAside
	if _, err := New(cfg, newEncoder(), nil); err == nil {
		t.Error("no error")
	}
}

// A document that codec.format has made is a text.
func TestLetterOfText(t *testing.T) {
	var d drawer
	s := &Sink{cfg: Config{Topic: topic, DeadLetter: &d}, log: zap.NewNop()}
	texts := []string{"2026-01-01 <b>\n\"x\"", `{"a": 1`, ""}
	for _, text := range texts {
		if err := s.setAside(refused, errors.New("no"), topic, [][]byte{[]byte(text)}); err != nil {
			t.Fatal(err)
		}
	}
	for i, l := range d.letters(t) {
		var text string
		if err := json.Unmarshal(l.Document, &text); err != nil || text != texts[i] {
			t.Errorf("%s, want %q", l.Document, texts[i])
		}
	}
	if n := s.stats.lettersRefused.Load(); n != 3 {
		t.Errorf("%d letters", n)
	}
}
