package deflate

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	kgzip "github.com/klauspost/compress/gzip"

	"github.com/logcar/logcar/internal/javalog"
	"github.com/logcar/logcar/output"
)

var efforts = map[string]Effort{"fast": Fast, "dense": Dense}

// expand is the standard library's opinion.
func expand(t testing.TB, compressed []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	r.Multistream(false)
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("after %d bytes: %v", len(out), err)
	}
	return out
}

// roundTrip compresses in with e behind something else, and compares.
func roundTrip(t testing.TB, e *Encoder, in []byte) (size int) {
	t.Helper()
	before := []byte("before")
	out := e.AppendGzip(before, in)
	if !bytes.HasPrefix(out, []byte("before")) {
		t.Fatal("what was there before has changed")
	}
	if got := expand(t, out[len(before):]); !bytes.Equal(got, in) {
		t.Fatalf("%d bytes came back as %d others", len(in), len(got))
	}
	return len(out) - len(before)
}

func random(seed uint64, n, symbols int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(symbols))
	}
	return b
}

// logs are n bytes of a Java service's log at least, as the messages of documents.
func logs(seed uint64, n int) []byte {
	b, _, _ := documents(seed, n)
	return b
}

// documents makes n bytes of documents at least. varying is what is left of them
// without their constant parts, and log how many bytes of a log they stand for.
func documents(seed uint64, n int) (all, varying []byte, log int) {
	const (
		head = `{"@timestamp":"2026-03-01T08:00:00.000Z","@metadata":{"beat":"filebeat","type":"doc","version":"6.0.0"},"beat":{"hostname":"dac-config-server-7d9c5","name":"dac-config-server-7d9c5","version":"6.0.0"},"fields":{"namespace":"dac-prod","service-name":"dac-config-server"},"source":"/logs/app.log","offset":`
		next = `,"message":"`
	)
	g := javalog.New(seed, time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC))
	for len(all) < n {
		event := g.Append(nil)
		log += len(event)
		text, _ := output.AppendEscaped(nil, event)
		offset := strconv.Itoa(log)
		all = append(append(append(append(append(all, head...), offset...), next...), text...), `"}`...)
		varying = append(append(append(varying, offset...), text...), '"')
	}
	return all, varying, log
}

func TestRoundTrip(t *testing.T) {
	far := append(random(1, 32<<10, 256), random(1, 32<<10, 256)...)
	tooFar := append(append(random(1, 100, 256), random(2, 32<<10, 256)...), random(1, 100, 256)...)
	inputs := map[string][]byte{
		"nothing":         {},
		"a byte":          []byte("a"),
		"less than looks": []byte("abcabcabcab"),
		"a run":           bytes.Repeat([]byte{'x'}, 100_000),
		"a long period":   bytes.Repeat([]byte("0123456789abcdef"), 100_000),
		"random":          random(3, 200_000, 256),
		"random digits":   random(4, 200_000, 10),
		"two symbols":     random(5, 300_000, 2),
		"at the distance": far,
		"beyond it":       tooFar,
		"stored exactly":  random(6, 3*(1<<16-1), 256),
		"logs":            logs(7, 2<<20),
		"logs and noise":  append(append(logs(8, 300<<10), random(9, 300<<10, 256)...), logs(10, 300<<10)...),
	}
	for n := range 600 { // all lengths of repetitions, and what is left of the longest
		inputs[fmt.Sprintf("repetition of %d", n)] = append(append(random(11, n, 256), "-----?"...), random(11, n, 256)...)
	}
	for name, effort := range efforts {
		e := NewEncoder(effort)
		for what, in := range inputs {
			t.Run(name+"/"+what, func(t *testing.T) {
				if size := roundTrip(t, e, in); size > len(in)+18+5+5*(len(in)>>15) {
					t.Errorf("%d bytes have become %d", len(in), size)
				}
			})
		}
	}
}

// What earlier inputs have left in the tables must never be taken for a part of
// this one, whatever the base has come to.
func TestInputsAreApart(t *testing.T) {
	for name, effort := range efforts {
		t.Run(name, func(t *testing.T) {
			e := NewEncoder(effort)
			text := logs(1, 64<<10)
			want := len(NewEncoder(effort).AppendGzip(nil, text))
			for _, base := range []uint32{e.base, 1<<31 - 1, 1 << 31, 1<<31 + 1, e.base} {
				e.base = base
				for range 3 {
					if size := roundTrip(t, e, text); size != want {
						t.Fatalf("base %d: %d bytes, by a new encoder %d", base, size, want)
					}
				}
			}
		})
	}
}

// The promise for which the package exists; time is for the benchmarks.
func TestSize(t *testing.T) {
	text := logs(1, 640<<10)
	for _, tt := range []struct {
		effort Effort
		level  int
		atMost float64
	}{{Fast, 1, 1}, {Dense, 3, 1.02}} {
		var other bytes.Buffer
		w, err := kgzip.NewWriterLevel(&other, tt.level)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		size := roundTrip(t, NewEncoder(tt.effort), text)
		t.Logf("effort %d: %d bytes, level %d: %d", tt.effort, size, tt.level, other.Len())
		if float64(size) > tt.atMost*float64(other.Len()) {
			t.Errorf("effort %d: %d bytes, %d at level %d of the general encoder", tt.effort, size, other.Len(), tt.level)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	text := logs(1, 640<<10)
	for name, effort := range efforts {
		e := NewEncoder(effort)
		out := e.AppendGzip(nil, text)
		if n := testing.AllocsPerRun(10, func() { out = e.AppendGzip(out[:0], text) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// FuzzRoundTrip makes of each input also a longer one that repeats parts of it.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("abcabcabcabcabcabcabcabc"), uint64(1), uint16(300))
	f.Add(logs(1, 4<<10), uint64(2), uint16(40))
	f.Add(random(1, 1000, 256), uint64(3), uint16(5000))
	encoders := []*Encoder{NewEncoder(Fast), NewEncoder(Dense)}
	f.Fuzz(func(t *testing.T, in []byte, seed uint64, parts uint16) {
		r := rand.New(rand.NewPCG(seed, 1))
		longer := append([]byte(nil), in...)
		for i := 0; i < int(parts) && len(longer) < 1<<20; i++ {
			from := r.IntN(len(longer) + 1)
			part := longer[from:min(len(longer), from+r.IntN(1<<r.IntN(12)))]
			longer = append(longer, part...)
			if r.IntN(4) == 0 {
				longer = append(longer, byte(r.Uint32()))
			}
		}
		for _, e := range encoders {
			roundTrip(t, e, in)
			roundTrip(t, e, longer)
		}
	})
}

func BenchmarkGzip(b *testing.B) {
	text := logs(1, 640<<10)
	var out []byte
	for _, name := range []string{"fast", "dense"} {
		b.Run(name, func(b *testing.B) {
			e := NewEncoder(efforts[name])
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				out = e.AppendGzip(out[:0], text)
			}
		})
	}
	for _, level := range []int{1, 3} {
		b.Run(fmt.Sprintf("klauspost-%d", level), func(b *testing.B) {
			w, err := kgzip.NewWriterLevel(io.Discard, level)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				w.Reset(io.Discard)
				if _, err := w.Write(text); err != nil {
					b.Fatal(err)
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkConstantParts shows what could be gained at most by an encoder that is
// told of the constant parts of documents: the difference between all and varying.
func BenchmarkConstantParts(b *testing.B) {
	all, varying, log := documents(1, 640<<10)
	var out []byte
	for _, part := range []struct {
		name string
		text []byte
	}{{"all", all}, {"varying", varying}} {
		b.Run(part.name, func(b *testing.B) {
			e := NewEncoder(Dense)
			for b.Loop() {
				out = e.AppendGzip(out[:0], part.text)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(log), "s/GB-of-log")
		})
	}
}
