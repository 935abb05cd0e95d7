package applog

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/logcar/logcar/internal/javalog"
)

func TestSize(t *testing.T) {
	tests := []struct {
		text  string
		want  Size
		shown string
	}{
		{"0", 0, "0B"},
		{"4096", 4096, "4KiB"},
		{"4097b", 4097, "4097B"},
		{"500kB", 500_000, "500000B"},
		{"128MiB", 128 << 20, "128MiB"},
		{"128m", 128 << 20, "128MiB"},
		{"1.5GB", 1_500_000_000, "1500MB"},
		{"2GB", 2_000_000_000, "2GB"},
		{"2 GiB", 2 << 30, "2GiB"},
		{"3TiB", 3 << 40, "3TiB"},
	}
	for _, test := range tests {
		var s Size
		if err := s.Set(test.text); err != nil || s != test.want || s.String() != test.shown {
			t.Errorf("%q: got %d, shown as %s, %v; want %d, shown as %s", test.text, s, s, err, test.want, test.shown)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1XB", "1.2.3", "ten", "9999999TB", "NaN", "1e3q", "0x10"} {
		var s Size
		if err := s.Set(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, s)
		}
	}
}

func TestWritesWholeEventsUpToTheSize(t *testing.T) {
	for _, size := range []int64{0, 1, 1000, 256 << 10, 1_000_000} {
		var log bytes.Buffer
		g := javalog.New(1, Start)
		if err := Write(&log, g, size); err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		var want []byte
		for again := javalog.New(1, Start); int64(len(want)) < size; {
			want = again.Append(want)
		}
		if !bytes.Equal(log.Bytes(), want) {
			t.Errorf("size %d: got %d bytes, want the %d bytes of whole events", size, log.Len(), len(want))
		}
	}
}

func TestCountFindsWhatWasGenerated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.log")
	if err := WriteFile(path, 7, 3<<20); err != nil {
		t.Fatal(err)
	}
	g := javalog.New(7, Start)
	var log bytes.Buffer
	if err := Write(&log, g, 3<<20); err != nil {
		t.Fatal(err)
	}
	size, events, err := Count(path)
	if err != nil || size != int64(log.Len()) || uint64(events) != g.Events() {
		t.Errorf("got %d bytes, %d events, %v; want %d bytes, %d events", size, events, err, log.Len(), g.Events())
	}
}

func TestCount(t *testing.T) {
	const head = "2026-03-01 08:00:00.123"
	tests := []struct {
		name, text string
		want       int64
	}{
		{"empty", "", 0},
		{"no line end", head, 1},
		{"a trace", head + " x\njava.lang.Error\n\tat a.b\n\n" + head + "\n", 2},
		{"any character before the milliseconds", "2026-03-01 08:00:00,123\n", 1},
		{"cut short", head[:22] + "\n", 0},
		{"not at the start", " " + head + "\n", 0},
		{"a letter among the digits", "2026-03-01 08:00:0a.123\n", 0},
		{"another separator", "2026/03/01 08:00:00.123\n", 0},
		{"a line longer than the buffer", strings.Repeat("x", 1<<20) + head + "\n" + head, 1},
	}
	for _, test := range tests {
		path := filepath.Join(t.TempDir(), "app.log")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		size, got, err := Count(path)
		if err != nil || got != test.want || size != int64(len(test.text)) {
			t.Errorf("%s: got %d events in %d bytes, %v; want %d in %d", test.name, got, size, err, test.want, len(test.text))
		}
	}
	if _, _, err := Count(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file: want an error")
	}
}
