package kafka

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/processor"
)

// TestTextTooLargeByItselfIsTruncated: what a format has made of an event is cut
// like JSON is, though it is none.
func TestTextTooLargeByItselfIsTruncated(t *testing.T) {
	format, err := processor.ParseFormat(`%{[log.offset]} %{[message]}`)
	if err != nil {
		t.Fatal(err)
	}
	cluster := startCluster(t, 1)
	cfg := testConfig(cluster.ListenAddrs()...)
	cfg.Codec, cfg.MaxMessageBytes = None, 3000
	s, err := New(cfg, output.NewEncoder(output.Shape8, output.Agent{}, output.Options{Codec: output.Codec{Format: format}}), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	src := &event.Source{Path: "/a.log", Input: &event.Input{}}
	texts := []string{"short", "long " + strings.Repeat(`{"`, 4000), "日本"}
	for i, text := range texts {
		if err := s.Send(context.Background(), &event.Batch{Source: src, Data: []byte(text),
			Events: []event.Event{{End: uint32(len(text)), From: int64(i), To: int64(i) + 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	records := readBack(t, cluster)[0]
	if len(records) != len(texts) {
		t.Fatalf("%d records, want %d", len(records), len(texts))
	}
	for i, want := range []string{"0 short", "1 long {\"", "2 日本"} {
		got := string(records[i].Value)
		if cut := i == 1; !strings.HasPrefix(got, want) || cut == (got == want) || len(got) > 3000 {
			t.Errorf("record %d: %d bytes: %.20q", i, len(got), got)
		}
	}
	if st := s.Stats(); st.Truncated != 1 || st.Dropped != 0 || st.Events != 3 {
		t.Errorf("%+v", st)
	}
}
