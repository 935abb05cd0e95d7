package kafka

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/processor"
)

// Processors drop events on their way into the record batch: wherever those stand
// among the others, the batch's token is done when the others are delivered, and
// no batch goes out empty.
func TestEventsDroppedByProcessors(t *testing.T) {
	const bulk = 3
	for _, batches := range [][]string{
		{"-"}, {"---------"}, {"+", "-", "+"}, {"-", "+"}, {"+-+-+-+-+-"},
		{"+++"}, {"+++-"}, {"+++---"}, {"---+++"}, {"++++++-"}, {"+++-+++-"}, {"-+++-"},
		{"++", "----", "+"}, {"++", "-", "-", "+---"}, {"+++---", "---+++", "-"},
	} {
		t.Run(strings.Join(batches, " "), func(t *testing.T) {
			c := startCluster(t, 1)
			cfg := testConfig(c.ListenAddrs()...)
			cfg.BulkMaxSize, cfg.FlushFrequency = bulk, time.Hour
			s, err := New(cfg, droppingEncoder(t), zap.NewNop())
			if err != nil {
				t.Fatal(err)
			}
			var l ledger
			var want []string
			src := &event.Source{Path: "/a.log"}
			at := int64(0)
			for _, texts := range batches {
				b := &event.Batch{Source: src, Time: time.Now(), Data: []byte(texts), Token: l.token()}
				for i, kept := range texts {
					b.Events = append(b.Events, event.Event{Start: uint32(i), End: uint32(i + 1), From: at, To: at + 2})
					if at += 2; kept == '+' {
						want = append(want, string(kept))
					}
				}
				if err := s.Send(context.Background(), b); err != nil {
					t.Fatal(err)
				}
			}
			if len(want) == 0 && l.done() != len(batches) {
				t.Errorf("%d of %d batches of which nothing is left are done", l.done(), len(batches))
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := s.Close(ctx); err != nil {
				t.Fatal(err)
			}
			if l.done() != len(batches) {
				t.Errorf("%d of %d batches are done", l.done(), len(batches))
			}
			l.check(t)
			var got []string
			for _, d := range documents(t, readBack(t, c)) {
				got = append(got, d.Message)
			}
			if !slices.Equal(got, want) {
				t.Errorf("stored %q, want %q", got, want)
			}
			if st := s.Stats(); int(st.Events) != len(want) || st.Errors != 0 || st.InFlight != 0 {
				t.Errorf("%+v, want %d events", st, len(want))
			}
			if inUse := s.compression.inUse; inUse != 0 {
				t.Errorf("%d bytes of raw buffers are still in use", inUse)
			}
		})
	}
}

// droppingEncoder drops events whose text has a minus.
func droppingEncoder(t *testing.T) *output.Encoder {
	t.Helper()
	chain, err := processor.New([]any{map[string]any{"drop_event": map[string]any{
		"when": map[string]any{"contains": map[string]any{"message": "-"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return output.NewEncoder(output.Shape8, output.Agent{Name: "pod-1"}, output.Options{Global: chain})
}
