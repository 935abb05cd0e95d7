package kafka

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	kafkacompress "github.com/segmentio/kafka-go/compress"
	"go.uber.org/zap"
)

// codecs are all codecs and levels that a configuration can ask for.
func codecs() map[string]Config {
	m := map[string]Config{}
	for _, c := range []Codec{None, Snappy, LZ4, Zstd} {
		m[c.String()] = Config{Codec: c}
	}
	for level := -3; level <= 9; level++ {
		m[fmt.Sprintf("gzip level %d", level)] = Config{Codec: Gzip, Level: level}
	}
	return m
}

func TestEveryCodecIsReadByOtherClients(t *testing.T) {
	values := []string{"", "x", strings.Repeat("a line that repeats itself\n", 5_000)}
	f := newFeed()
	b := f.batch(0, 500, 300)
	for _, e := range b.Events {
		values = append(values, string(b.Data[e.Start:e.End]))
	}
	times := make([]int64, len(values))
	want := expected(values, times)
	for name, cfg := range codecs() {
		t.Run(name, func(t *testing.T) {
			wire := assemble(t, cfg.Codec, cfg.Level, values, times)
			compare(t, "kgo", decodeKgo(t, wire), want)
			compare(t, "kafka-go", decodeKafkaGo(t, wire), want)
			records, err := expand(cfg.Codec, wire[lengthPrefix+headerSize:])
			if err != nil {
				t.Fatal(err)
			}
			var got []decoded
			for i := int64(0); len(records) > 0; i++ {
				r, rest, ok := nextRecord(records)
				if !ok {
					t.Fatalf("record %d cannot be read back", i)
				}
				got = append(got, decoded{offset: i, time: r.timeDelta, value: string(r.value)})
				records = rest
			}
			compare(t, "expand", got, want)
		})
	}
}

// A compressor is used for batch after batch; nothing of one may be left in the
// next.
func TestCompressorsAreUsedAgain(t *testing.T) {
	for name, cfg := range codecs() {
		t.Run(name, func(t *testing.T) {
			c, err := newCompressor(cfg.Codec, cfg.Level)
			if err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 0, 64)
			for _, text := range []string{strings.Repeat("long ", 100_000), "short", "", strings.Repeat("again ", 1000)} {
				if buf, err = c.appendTo(append(buf[:0], "head"...), []byte(text)); err != nil {
					t.Fatal(err)
				}
				if string(buf[:4]) != "head" {
					t.Fatalf("the head was overwritten: %q", buf[:4])
				}
				got, err := expand(cfg.Codec, buf[4:])
				if err != nil || string(got) != text {
					t.Fatalf("%d bytes came back as %d, error %v", len(text), len(got), err)
				}
			}
		})
	}
}

func TestUnknownCodecsAndLevels(t *testing.T) {
	for _, cfg := range []Config{{Codec: 5}, {Codec: -1}, {Codec: Gzip, Level: 10}, {Codec: Gzip, Level: -4}} {
		if _, err := newCompressor(cfg.Codec, cfg.Level); err == nil {
			t.Errorf("codec %d with level %d was accepted", cfg.Codec, cfg.Level)
		}
		full := testConfig("localhost:9092")
		full.Codec, full.Level = cfg.Codec, cfg.Level
		if _, err := New(full, newEncoder(), zap.NewNop()); err == nil {
			t.Errorf("a sink with codec %d and level %d was made", cfg.Codec, cfg.Level)
		}
	}
}

func TestExpandRefusesGarbage(t *testing.T) {
	for _, c := range []Codec{Gzip, Snappy, LZ4, Zstd} {
		if b, err := expand(c, []byte("\xffnot compressed at all, but long enough for a header")); err == nil {
			t.Errorf("%s: garbage was expanded to %q", c, b)
		}
	}
}

// brokenCodec fails as soon as it is written to.
type brokenCodec struct{ kafkacompress.Codec }

func (brokenCodec) NewWriter(io.Writer) io.WriteCloser { return brokenWriter{} }

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }
func (brokenWriter) Close() error              { return nil }

// Should a compressor ever fail, the events go out uncompressed, and can still
// be cut when they are too large.
func TestBrokenCompressorSendsTheBatchAsItIs(t *testing.T) {
	r := newRig(t, testConfig("localhost:9092"))
	ev := r.batch(0, 100, 100)
	b := newBatch(nil, 0)
	if err := r.feed.encoder.Start(ev); err != nil {
		t.Fatal(err)
	}
	for i := range ev.Events {
		b.add(r.feed.encoder, ev, i, nil, &headers{})
	}
	broken := &compressor{codec: Zstd, other: brokenCodec{}}
	pieces := r.build(broken, make([]byte, 0, 10), b.raw, b, b.count, 1<<20)
	if len(pieces) != 1 {
		t.Fatalf("%d pieces", len(pieces))
	}
	if got := decodeKgo(t, pieces[0].wire); len(got) != 100 {
		t.Errorf("%d of 100 records", len(got))
	}
	halves, err := r.split(pieces[0], b)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range halves {
		n += len(decodeKgo(t, p.wire))
	}
	if n != 100 {
		t.Errorf("%d of 100 records after the split", n)
	}
}
