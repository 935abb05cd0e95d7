package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/output/outputtest"
)

func TestMain(m *testing.M) {
	signal.Ignore(syscall.SIGXFSZ) // a write beyond limitFileSize is an error, not the end
	goleak.VerifyTestMain(m)
}

func newEncoder() *output.Encoder {
	return output.NewEncoder(output.Shape8, output.Agent{Name: "pod-1"}, output.Options{})
}

func newSink(t testing.TB, cfg Config) *Sink {
	t.Helper()
	s, err := New(cfg, newEncoder(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func configIn(dir string) Config {
	cfg := Defaults()
	cfg.Path = dir
	return cfg
}

// content returns the files of a directory, each with what is in it.
func content(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}

// documents returns the documents of all files of the series in dir, as they
// were written.
func documents(t testing.TB, cfg Config) []string {
	t.Helper()
	s := newSeries(cfg.Path, cfg.Filename)
	files, err := s.list()
	if err != nil {
		return nil // not even the directory is there yet
	}
	var docs []string
	for _, n := range files {
		b, err := os.ReadFile(s.path(n))
		if err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(string(b)) {
			docs = append(docs, strings.TrimSuffix(line, "\n"))
		}
	}
	return docs
}

func TestContract(t *testing.T) {
	for _, c := range []struct {
		name string
		kb   int
	}{{"one file", 10 << 10}, {"many files", 100}} {
		t.Run(c.name, func(t *testing.T) {
			build := func(t *testing.T) (Config, *Sink) {
				cfg := configIn(filepath.Join(t.TempDir(), "a", "b"))
				cfg.RotateEveryKB, cfg.NumberOfFiles = c.kb, 1024
				return cfg, newSink(t, cfg)
			}
			outputtest.Run(t, outputtest.Harness{
				New: func(t *testing.T) (event.Sink, func() []string) {
					cfg, s := build(t)
					return s, func() []string { return documents(t, cfg) }
				},
				// A file where a directory must be stops every user, root too.
				Blocked: func(t *testing.T) (event.Sink, func() []string, func()) {
					cfg, s := build(t)
					obstacle := filepath.Dir(cfg.Path)
					if err := os.WriteFile(obstacle, nil, 0o600); err != nil {
						t.Fatal(err)
					}
					return s, func() []string { return documents(t, cfg) }, func() {
						if err := os.Remove(obstacle); err != nil {
							t.Error(err)
						}
					}
				},
			})
		})
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string // in the error; empty: none
	}{
		{"defaults", func(*Config) {}, ""},
		{"least", func(c *Config) { c.RotateEveryKB, c.NumberOfFiles, c.Permissions = 1, 2, 0 }, ""},
		{"most", func(c *Config) { c.NumberOfFiles, c.Permissions = 1024, 0o777 }, ""},
		{"no path", func(c *Config) { c.Path = "" }, "no path"},
		{"no filename", func(c *Config) { c.Filename = "" }, "no filename"},
		{"no size", func(c *Config) { c.RotateEveryKB = 0 }, "rotation size of 0 KB"},
		{"size overflows", func(c *Config) { c.RotateEveryKB = 1<<54 + 1 }, "out of range"},
		{"too few files", func(c *Config) { c.NumberOfFiles = 1 }, "number of files 1"},
		{"too many files", func(c *Config) { c.NumberOfFiles = 1025 }, "number of files 1025"},
		{"strange permissions", func(c *Config) { c.Permissions = 0o600 | os.ModeSetuid }, "no file permissions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := configIn(t.TempDir())
			c.change(&cfg)
			_, err := New(cfg, newEncoder(), zap.NewNop())
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if files := content(t, cfg.Path); len(files) != 0 {
				t.Errorf("New made %v", files)
			}
		})
	}
}

// acks counts calls of tokens.
type acks struct{ atomic.Int64 }

func (a *acks) Ack(uint64) { a.Add(1) }

var source = &event.Source{Path: "/var/log/app.log", Input: &event.Input{Type: "log"}}

func batch(texts ...string) *event.Batch {
	b := &event.Batch{Source: source, Time: time.Unix(1_700_000_000, 0)}
	for _, text := range texts {
		at := len(b.Data)
		b.Data = append(b.Data, text...)
		b.Data = append(b.Data, '\n')
		b.Events = append(b.Events, event.Event{Start: uint32(at), End: uint32(len(b.Data) - 1), From: int64(at), To: int64(len(b.Data))})
	}
	return b
}

func send(t testing.TB, s *Sink, texts ...string) {
	t.Helper()
	if err := s.Send(context.Background(), batch(texts...)); err != nil {
		t.Fatal(err)
	}
}

// text returns a text that makes the document, line end included, n bytes long,
// if it is the first of its batch.
func text(t testing.TB, n int) string {
	t.Helper()
	return strings.Repeat("x", n-len(line(t, "")))
}

// line returns the line that a batch of one text comes to.
func line(t testing.TB, text string) string {
	t.Helper()
	e, b := newEncoder(), batch(text)
	if err := e.Start(b); err != nil {
		t.Fatal(err)
	}
	doc, _ := e.Append(nil, b, 0)
	return string(doc) + "\n"
}

func TestUnencodableField(t *testing.T) {
	s := newSink(t, configIn(t.TempDir()))
	var done acks
	b := batch("a")
	b.Source = &event.Source{Path: "/a", Input: &event.Input{Fields: map[string]any{"f": make(chan int)}}}
	b.Token = event.NewToken(&done, 0)
	if err := s.Send(context.Background(), b); err == nil || done.Load() != 0 {
		t.Errorf("error %v, token Done %d times; want an error and never", err, done.Load())
	}
}

func TestSendAllocatesNothing(t *testing.T) {
	s := newSink(t, configIn(t.TempDir()))
	texts := make([]string, 100)
	for i := range texts {
		texts[i] = fmt.Sprintf("2026-03-01 08:00:00.%03d  INFO 1 --- [main] c.d.c.s.ConfigService : refreshed \"%d\" keys", i, i)
	}
	b := batch(texts...)
	if n := testing.AllocsPerRun(100, func() {
		if err := s.Send(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per batch, want 0", n)
	}
}

func TestLargeBuffersAreNotKept(t *testing.T) {
	s := newSink(t, configIn(t.TempDir()))
	send(t, s, strings.Repeat("x", 3<<20))
	if cap(s.buf) > keepSize {
		t.Errorf("%d bytes are kept", cap(s.buf))
	}
	send(t, s, make([]string, 5_000)...)
	if cap(s.buf) == 0 || cap(s.buf) > keepSize {
		t.Errorf("%d bytes are kept after a batch of many small events", cap(s.buf))
	}
}

func BenchmarkSend(b *testing.B) {
	s := newSink(b, configIn(b.TempDir()))
	texts := make([]string, 500)
	for i := range texts {
		texts[i] = fmt.Sprintf("2026-03-01 08:00:00.%03d  INFO 1 --- [main] c.d.c.s.ConfigService : refreshed \"%d\" keys", i, i)
	}
	batch := batch(texts...)
	b.SetBytes(int64(len(batch.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Send(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
