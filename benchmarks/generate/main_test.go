package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/logcar/logcar/internal/javalog"
)

func TestSize(t *testing.T) {
	tests := []struct {
		text  string
		want  byteSize
		shown string
	}{
		{"0", 0, "0B"},
		{"4096", 4096, "4KiB"},
		{"4097b", 4097, "4097B"},
		{"500kB", 500_000, "500000B"},
		{"128MiB", 128 << 20, "128MiB"},
		{"128m", 128 << 20, "128MiB"},
		{"1.5GB", 1_500_000_000, "1500000000B"},
		{"2 GiB", 2 << 30, "2GiB"},
		{"3TiB", 3 << 40, "3TiB"},
	}
	for _, test := range tests {
		var s byteSize
		if err := s.Set(test.text); err != nil || s != test.want || s.String() != test.shown {
			t.Errorf("%q: got %d, shown as %s, %v; want %d, shown as %s", test.text, s, s, err, test.want, test.shown)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1XB", "1.2.3", "ten", "9999999TB", "NaN", "1e3q", "0x10"} {
		var s byteSize
		if err := s.Set(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, s)
		}
	}
}

func TestWritesWholeEventsUpToTheSize(t *testing.T) {
	for _, size := range []int64{0, 1, 1000, 256 << 10, 1_000_000} {
		var log bytes.Buffer
		g := javalog.New(1, start)
		if err := write(&log, g, size); err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		var want []byte
		for again := javalog.New(1, start); int64(len(want)) < size; {
			want = again.Append(want)
		}
		if !bytes.Equal(log.Bytes(), want) {
			t.Errorf("size %d: got %d bytes, want the %d bytes of whole events", size, log.Len(), len(want))
		}
	}
}

// failing takes the first n bytes.
type failing struct{ n int }

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.n {
		return f.n, errors.New("disk full")
	}
	f.n -= len(p)
	return len(p), nil
}

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name   string
		args   string
		status int
		stderr string
	}{
		{"help", "--help", 0, "usage: generate"},
		{"unknown flag", "-sise 1", 2, "usage: generate"},
		{"bad size", "-size many", 2, `"many" is not a size`},
		{"argument", "-size 1kB app.log", 2, `unexpected argument "app.log"`},
		{"disk full", "-size 1MiB", 1, "generate: write log: disk full"},
		{"good", "-size 10kB -numbered", 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stderr bytes.Buffer
			status := run(strings.Fields(test.args), &failing{300 << 10}, &stderr)
			if status != test.status {
				t.Errorf("status: got %d, want %d", status, test.status)
			}
			if got := stderr.String(); !strings.Contains(got, test.stderr) || test.stderr == "" && got != "" {
				t.Errorf("standard error: got %q, want %q in it", got, test.stderr)
			}
		})
	}
}
