package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
)

// javaLog is a batch of n lines as a Java service writes them.
func javaLog(n int) *event.Batch {
	rng := rand.New(rand.NewPCG(1, 2))
	levels := []string{"INFO ", "INFO ", "INFO ", "DEBUG", "WARN "}
	classes := []string{"c.d.c.s.ConfigService", "o.s.w.s.DispatcherServlet", "c.n.d.DiscoveryClient", "c.d.a.OrderController", "c.z.h.p.HikariPool"}
	texts := []string{
		"refreshed %d keys of dac-api-center in %d ms", "request /api/v1/orders/%d took %d ms", "resolving eureka endpoints via configuration, round %d of %d",
		"Pool stats (total=%d, active=%d, idle=10, waiting=0)", "order %d of customer %d was accepted and sent to the warehouse",
	}
	b := &event.Batch{Source: &event.Source{Path: "/mnt/logs/app.log", Input: &event.Input{Type: "log", Fields: map[string]any{"namespace": "dac-prod", "service": "order"}}}, Time: time.Now()}
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for range n {
		at = at.Add(time.Duration(rng.IntN(50)) * time.Millisecond)
		start := len(b.Data)
		b.Data = at.AppendFormat(b.Data, "2006-01-02 15:04:05.000")
		b.Data = fmt.Appendf(b.Data, " %s 1 --- [nio-9090-exec-%d] %-40s : ", levels[rng.IntN(len(levels))], rng.IntN(20), classes[rng.IntN(len(classes))])
		b.Data = fmt.Appendf(b.Data, texts[rng.IntN(len(texts))], rng.IntN(1_000_000), rng.IntN(5000))
		b.Events = append(b.Events, event.Event{Start: uint32(start), End: uint32(len(b.Data)), From: int64(start), To: int64(len(b.Data) + 1)})
		b.Data = append(b.Data, '\n')
	}
	return b
}

// signal is an acker that tells of each confirmation.
type signal chan struct{}

// Ack implements event.Acker.
func (s signal) Ack(uint64) { s <- struct{}{} }

// startBlackhole starts a broker that confirms and keeps nothing, and a sink for
// it that has its connections and buffers.
func startBlackhole(t testing.TB, codec Codec, level int, change func(*Config)) *Sink {
	t.Helper()
	c := startCluster(t, 1, kfake.NumBrokers(1), kfake.BlackholeProduce())
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Codec, cfg.Level, cfg.FlushFrequency = codec, level, time.Millisecond
	change(&cfg)
	s, err := New(cfg, newEncoder(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A batch costs some allocations, the broker's in this process and kafka-go's
// among them; an event costs none. Buffers and compressors are used again. So it is
// also where the way of events depends on what all of a batch have in common.
func TestEventsAllocateNothing(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"one topic":        unchanged,
		"topic of a field": func(cfg *Config) { cfg.Topic = "%{[fields.nope]:logs}" },
		"key of a field": func(cfg *Config) {
			cfg.Topic, cfg.Key, cfg.Headers = "%{[fields.nope]:logs}", "%{[fields.service]}", []Header{{"a", "b"}}
		},
	} {
		t.Run(name, func(t *testing.T) { allocateNothing(t, change) })
	}
}

func unchanged(*Config) {}

func allocateNothing(t *testing.T, change func(*Config)) {
	const perBatch, bytesPerBatch = 150, 400_000
	s := startBlackhole(t, Gzip, 3, change)
	done := make(signal, 1)
	send := func(b *event.Batch) {
		b.Token = event.NewToken(done, 0)
		if err := s.Send(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		<-done
	}
	measure := func(n int) float64 {
		b := javaLog(n)
		for range 5 {
			send(b)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const runs = 20
		allocs := testing.AllocsPerRun(runs, func() { send(b) })
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > bytesPerBatch {
			t.Errorf("%d bytes are allocated for a batch of %d events, want at most %d", n, n, bytesPerBatch)
		}
		return allocs
	}
	few, many := measure(300), measure(900) // both fit into one record batch
	if many > perBatch {
		t.Errorf("%v allocations for a batch of 900 events, want at most %d", many, perBatch)
	}
	if many-few > 30 {
		t.Errorf("%v allocations more for 600 events more", many-few)
	}
}

// The numbers are bytes of log text per second, from Send to the confirmation of
// a broker in the same process.
func BenchmarkSend(b *testing.B) {
	for _, c := range []struct {
		codec Codec
		level int
	}{{None, 0}, {Snappy, 0}, {LZ4, 0}, {Zstd, 0}, {Gzip, 1}, {Gzip, 3}, {Gzip, 6}} {
		name := c.codec.String()
		if c.codec == Gzip {
			name = fmt.Sprintf("gzip-%d", c.level)
		}
		b.Run(name, func(b *testing.B) {
			s := startBlackhole(b, c.codec, c.level, unchanged)
			batch := javaLog(1000)
			done := make(signal, 1024)
			batch.Token = event.NewToken(done, 0)
			b.SetBytes(int64(len(batch.Data)))
			b.ReportAllocs()
			sent, back := 0, 0
			for b.Loop() {
				if err := s.Send(context.Background(), batch); err != nil {
					b.Fatal(err)
				}
				for sent++; sent-back > cap(done)/2; back++ {
					<-done
				}
			}
			for ; back < sent; back++ {
				<-done
			}
		})
	}
}

// BenchmarkRoutes is BenchmarkSend without compression, for ways that are worked
// out once, for each batch, and for each event.
func BenchmarkRoutes(b *testing.B) {
	for _, c := range []struct {
		name   string
		change func(*Config)
	}{
		{"one", unchanged},
		{"batch", func(cfg *Config) { cfg.Topic = "%{[fields.nope]:logs}" }},
		{"event", func(cfg *Config) { cfg.Key = "%{[message]}" }},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := startBlackhole(b, None, 0, c.change)
			batch := javaLog(1000)
			done := make(signal, 1)
			batch.Token = event.NewToken(done, 0)
			b.SetBytes(int64(len(batch.Data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Send(context.Background(), batch); err != nil {
					b.Fatal(err)
				}
				<-done
			}
		})
	}
}

// BenchmarkCompress is the floor: the same records through the compressor alone.
func BenchmarkCompress(b *testing.B) {
	log := javaLog(1000)
	enc := newEncoder()
	open := newBatch(nil, log.Time.UnixMilli())
	if err := enc.Start(log); err != nil {
		b.Fatal(err)
	}
	for i := range log.Events {
		open.add(enc, log, i, nil, &headers{})
	}
	for _, level := range []int{1, 3, 6} {
		b.Run(fmt.Sprintf("gzip-%d", level), func(b *testing.B) {
			with, err := newCompressor(Gzip, level)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(log.Data)))
			var wire []byte
			for b.Loop() {
				if wire, err = with.appendTo(wire[:0], open.raw); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(open.raw))/float64(len(wire)), "ratio")
		})
	}
}
