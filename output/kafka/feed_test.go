package kafka

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
)

func newEncoder() *output.Encoder {
	return output.NewEncoder(output.Shape8, output.Agent{Name: "pod-1", Hostname: "pod-1", ID: "id", EphemeralID: "eph", Build: "test"}, output.Options{})
}

// A feed makes batches of events that can be told apart, and knows the documents
// that they must arrive as.
type feed struct {
	ledger
	encoder *output.Encoder
	sources []*event.Source
	offsets []int64
	events  []int
	want    map[string]origin
}

// An origin is where a document comes from, and the time that it bears.
type origin struct {
	source, number int
	time           int64 // ms
}

func newFeed() *feed {
	return &feed{encoder: newEncoder(), want: map[string]origin{}}
}

// noise is text that does not compress to nothing.
var noise = func() []byte {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-"
	b := make([]byte, 1<<20)
	for i := range b {
		b[i] = letters[rand.IntN(len(letters))]
	}
	return b
}()

// batch makes n events with texts of the given size.
func (f *feed) batch(source, n, size int) *event.Batch {
	for len(f.sources) <= source {
		f.sources = append(f.sources, &event.Source{Path: fmt.Sprintf("/var/log/app-%d.log", len(f.sources)), Input: &event.Input{Type: "log"}})
		f.offsets, f.events = append(f.offsets, 0), append(f.events, 0)
	}
	base := f.offsets[source]
	b := &event.Batch{Source: f.sources[source], Time: time.UnixMilli(time.Now().UnixMilli()), Token: f.token()}
	for range n {
		start := len(b.Data)
		b.Data = fmt.Appendf(b.Data, "line %07d ", f.events[source])
		if pad := size - (len(b.Data) - start); pad > 0 {
			at := rand.IntN(len(noise) - pad)
			b.Data = append(b.Data, noise[at:at+pad]...)
		}
		b.Events = append(b.Events, event.Event{Start: uint32(start), End: uint32(len(b.Data)), From: base + int64(start), To: base + int64(len(b.Data))})
		f.events[source]++
	}
	if err := f.encoder.Start(b); err != nil {
		panic(err)
	}
	for i := range b.Events {
		doc, _ := f.encoder.Append(nil, b, i)
		f.want[string(doc)] = origin{source, f.events[source] - n + i, b.Time.UnixMilli()}
	}
	f.offsets[source] += int64(len(b.Data))
	return b
}

// A ledger issues tokens and counts how often each comes back.
type ledger struct {
	mu    sync.Mutex
	times []int
	back  int
}

func (l *ledger) token() event.Token {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times = append(l.times, 0)
	return event.NewToken(l, uint64(len(l.times)-1))
}

// Ack implements event.Acker.
func (l *ledger) Ack(n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.times[n]++; l.times[n] == 1 {
		l.back++
	}
}

func (l *ledger) issued() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.times)
}

func (l *ledger) done() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.back
}

func (l *ledger) check(t testing.TB) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for n, times := range l.times {
		if times > 1 {
			t.Errorf("token %d was done %d times", n, times)
		}
	}
}
