package tailer

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/multiline"
)

// discard is a sink that is always ready and delivers at once.
type discard struct{ events int }

func (d *discard) Send(_ context.Context, b *event.Batch) error {
	d.events += len(b.Events)
	b.Token.Done()
	return nil
}

func (*discard) Close(context.Context) error { return nil }

// BenchmarkTailer reads a file of 32 MiB from its beginning to its end, as a
// Java service writes it, and everything else that a start and a stop are.
func BenchmarkTailer(b *testing.B) {
	const size = 32 << 20
	unit := strings.Repeat("2026-03-01 08:00:00.123  INFO 1 --- [nio-9090-exec-3] c.d.c.s.ConfigService : refreshed 42 keys of dac-api-center in 1204 ms\n", 40) +
		"2026-03-01 08:00:00.123 ERROR 1 --- [nio-9090-exec-3] c.d.c.s.ConfigService : failed\n" +
		strings.Repeat("\tat org.springframework.cloud.netflix.ribbon.RibbonClient.execute(RibbonClient.java:82)\n", 30)
	path := filepath.Join(b.TempDir(), "a.log")
	if err := os.WriteFile(path, []byte(strings.Repeat(unit, size/len(unit)+1)[:size-1]+"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	in := DefaultInput()
	in.Paths = []string{path}
	in.Cut.Rule = rule(b, multiline.Config{Pattern: anchor, Negate: true, Match: "after"})
	in.Cut.MaxLines, in.Cut.Timeout = multiline.DefaultMaxLines, multiline.DefaultTimeout
	finish := make(chan struct{})
	close(finish)
	b.SetBytes(size)
	b.ReportAllocs()
	events := 0
	for b.Loop() {
		sink := &discard{}
		tl := newTailer(b, notified, []*Input{&in}, Options{}, openRegistry(b, b.TempDir()), sink, zap.NewNop())
		if err := tl.Run(b.Context(), finish); err != nil {
			b.Fatal(err)
		}
		if tl.Stats().Bytes != size || sink.events == 0 {
			b.Fatalf("read %d bytes, sent %d events", tl.Stats().Bytes, sink.events)
		}
		events += sink.events
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
}
