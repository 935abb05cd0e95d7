package outputtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
)

// sent is a batch as the driver remembers it.
type sent struct {
	source   int
	texts    []string
	accepted bool // Send returned nil
	done     int  // how often its token was Done
}

// driver is the tailer's part: it sends from one buffer, which it overwrites
// after every Send, and keeps book of what must come of it.
type driver struct {
	t    *testing.T
	h    Harness
	sink event.Sink
	read func() []string

	sources [4]*event.Source
	next    [4]int // number of each source's next event
	batch   event.Batch

	// atDone, if set, is called inside Token.Done with the batch's texts.
	atDone func(texts []string)

	mu     sync.Mutex
	sent   []*sent
	closed []int // how often each token was Done when Close returned
}

func newDriver(t *testing.T, h Harness) *driver {
	d := &driver{t: t, h: h}
	for i := range d.sources {
		d.sources[i] = &event.Source{
			ID: event.FileID{Device: 1, Inode: uint64(i)}, Path: fmt.Sprintf("/var/log/app-%d.log", i), Input: &event.Input{Type: "log"},
		}
	}
	return d
}

// texts returns the texts of a source's next n events, each of about the given
// size in bytes. They say who they are, and hold what JSON has to escape.
func (d *driver) texts(source, n, size int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("%d/%d \"日本\"\n\tat a.B.c(B.java:1) ", source, d.next[source])
		if pad := size - len(texts[i]); pad > 0 {
			texts[i] += strings.Repeat("x", pad)
		}
		d.next[source]++
	}
	return texts
}

// send sends one batch and returns what Send returned.
func (d *driver) send(ctx context.Context, source int, texts []string) error {
	d.t.Helper()
	d.mu.Lock()
	n := len(d.sent)
	d.sent = append(d.sent, &sent{source: source, texts: texts})
	d.mu.Unlock()

	b := &d.batch
	*b = event.Batch{
		Source: d.sources[source], Time: time.Now(), Data: b.Data[:0], Events: b.Events[:0], Token: event.NewToken(d, uint64(n)),
	}
	base := int64(n) << 20 // file offsets
	for _, text := range texts {
		at := uint32(len(b.Data))
		b.Data = append(b.Data, text...)
		end := uint32(len(b.Data))
		b.Data = append(b.Data, '\n')
		b.Events = append(b.Events, event.Event{Start: at, End: end, From: base + int64(at), To: base + int64(end) + 1, Flags: event.Multiline})
	}
	var err error
	d.within("Send", func() { err = d.sink.Send(ctx, b) })
	for i := range b.Data {
		b.Data[i] = '!'
	}
	clear(b.Events)
	b.Source, b.Time, b.Token = d.sources[(source+1)%len(d.sources)], time.Time{}, event.Token{}

	d.mu.Lock()
	d.sent[n].accepted = err == nil
	d.mu.Unlock()
	return err
}

// must sends a batch that has to be accepted.
func (d *driver) must(source int, texts []string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d.h.Patience)
	defer cancel()
	if err := d.send(ctx, source, texts); err != nil {
		d.t.Fatalf("Send: %v", err)
	}
}

// Ack implements event.Acker.
func (d *driver) Ack(n uint64) {
	d.mu.Lock()
	s := d.sent[n]
	s.done++
	d.mu.Unlock()
	if d.atDone != nil {
		d.atDone(s.texts)
	}
}

// within runs f, and fails the test if it hangs.
func (d *driver) within(what string, f func()) {
	d.t.Helper()
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		f()
	}()
	timer := time.NewTimer(d.h.Patience)
	defer timer.Stop()
	select {
	case <-returned:
	case <-timer.C:
		d.t.Fatalf("%s hangs for %v", what, d.h.Patience)
	}
}

// close closes the sink and returns what Close returned.
func (d *driver) close(ctx context.Context) (err error) {
	d.t.Helper()
	d.within("Close", func() { err = d.sink.Close(ctx) })
	d.closed = d.counts()
	return err
}

// checkQuiet checks that no token was Done since Close returned. What could
// still do that is a goroutine, so it is called when none is left.
func (d *driver) checkQuiet() {
	if d.closed != nil && !slices.Equal(d.counts(), d.closed) {
		d.t.Errorf("a token was Done after Close had returned")
	}
}

// finish closes the sink, which has to deliver what is left.
func (d *driver) finish() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d.h.Patience)
	defer cancel()
	if err := d.close(ctx); err != nil {
		d.t.Fatalf("Close: %v", err)
	}
}

// counts returns how often each token was Done.
func (d *driver) counts() []int {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := make([]int, len(d.sent))
	for i, s := range d.sent {
		counts[i] = s.done
	}
	return counts
}

// checkTokens checks that the tokens of accepted batches were Done once and
// those of the others never.
func (d *driver) checkTokens() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for n, s := range d.sent {
		want := 0
		if s.accepted {
			want = 1
		}
		if s.done != want {
			d.t.Fatalf("the token of batch %d of %d (accepted: %v) was Done %d times, want %d", n, len(d.sent), s.accepted, s.done, want)
		}
	}
}

// checkDocuments checks that what was accepted, and nothing else, arrived once
// and in order.
func (d *driver) checkDocuments() {
	d.t.Helper()
	d.compare(d.mustRead())
}

// checkAtLeastOnce is checkDocuments for a destination that was troubled: a
// document may have arrived again, also one of a batch that was not accepted.
func (d *driver) checkAtLeastOnce() {
	d.t.Helper()
	accepted := map[string]bool{}
	for _, s := range d.sent {
		for _, text := range s.texts {
			accepted[text] = accepted[text] || s.accepted
		}
	}
	var once []string
	for _, m := range d.mustRead() {
		if want, known := accepted[m]; want || !known {
			once = append(once, m)
			accepted[m] = false
		}
	}
	d.compare(once)
}

func (d *driver) compare(messages []string) {
	d.t.Helper()
	var want, got [len(d.sources)][]string
	for _, s := range d.sent {
		if s.accepted {
			want[s.source] = append(want[s.source], s.texts...)
		}
	}
	for _, m := range messages {
		source := -1
		if _, err := fmt.Sscanf(m, "%d/", &source); err != nil || source < 0 || source >= len(got) {
			d.t.Fatalf("the document %.80q was never sent", m)
		}
		got[source] = append(got[source], m)
	}
	for source := range want {
		for i := range min(len(want[source]), len(got[source])) {
			if got[source][i] != want[source][i] {
				d.t.Fatalf("document %d of source %d is %.80q, want %.80q", i, source, got[source][i], want[source][i])
			}
		}
		if len(got[source]) != len(want[source]) {
			d.t.Fatalf("source %d has %d documents, want %d", source, len(got[source]), len(want[source]))
		}
	}
}

func (d *driver) mustRead() []string {
	d.t.Helper()
	messages, err := d.messages()
	if err != nil {
		d.t.Fatal(err)
	}
	return messages
}

// messages returns the texts of the documents that arrived.
func (d *driver) messages() ([]string, error) {
	docs := d.read()
	messages := make([]string, len(docs))
	for i, raw := range docs {
		var doc struct {
			Message *string `json:"message"`
		}
		if err := json.Unmarshal([]byte(raw), &doc); err != nil {
			return nil, fmt.Errorf("document %.200q: %w", raw, err)
		}
		if doc.Message == nil {
			return nil, fmt.Errorf("document %.200q has no message", raw)
		}
		messages[i] = *doc.Message
	}
	return messages, nil
}
