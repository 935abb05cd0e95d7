package applog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"

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
		if err := Write(&log, g, Plain, size); err != nil {
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

func TestReadKnowsWhatWasWritten(t *testing.T) {
	const size = 1 << 20
	for _, f := range []Format{Plain, JSON, UTF16} {
		path := filepath.Join(t.TempDir(), "app.log")
		if err := WriteFile(path, 7, f, size); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		g := javalog.New(7, Start)
		if err := Write(&log, g, f, size); err != nil {
			t.Fatal(err)
		}
		length, events, err := Read(path, 7, f, size)
		if err != nil || length != int64(log.Len()) || length < size || uint64(events) != g.Events() {
			t.Errorf("%s: got %d bytes, %d events, %v; want %d bytes, %d events", f, length, events, err, log.Len(), g.Events())
		}
		if _, _, err := Read(path, 8, f, size); !errors.Is(err, errOther) {
			t.Errorf("%s: a file of another seed: got %v", f, err)
		}
		if err := os.WriteFile(path, log.Bytes()[:length-1], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Read(path, 7, f, size); !errors.Is(err, errOther) {
			t.Errorf("%s: a file cut short: got %v", f, err)
		}
		if err := os.WriteFile(path, append(log.Bytes(), '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Read(path, 7, f, size); !errors.Is(err, errOther) {
			t.Errorf("%s: a file with more in it: got %v", f, err)
		}
	}
	if _, _, err := Read(filepath.Join(t.TempDir(), "none"), 1, Plain, size); err == nil {
		t.Error("a missing file: want an error")
	}
}

func TestFormats(t *testing.T) {
	const event = "2026-03-01 08:00:00.004 ERROR 1 --- [  task-3] o.a.c.C.[.[.[/]     : no <user> : 李娜 👍\njava.lang.Error\n\tat a.b\n"
	tests := []struct {
		format Format
		want   string
	}{
		{Plain, event},
		{JSON, `{"timestamp":"2026-03-01T08:00:00.004Z","level":"ERROR","thread":"task-3","logger":"o.a.c.C.[.[.[/]",` +
			`"message":"no <user> : 李娜 👍\njava.lang.Error\n\tat a.b"}` + "\n"},
	}
	for _, test := range tests {
		if got := test.format.Append([]byte("x"), []byte(event)); string(got) != "x"+test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.format, got, test.want)
		}
	}
	wide := UTF16.Append(nil, []byte(event))
	units := make([]uint16, len(wide)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(wide[2*i:])
	}
	if got := string(utf16.Decode(units)); got != event {
		t.Errorf("utf-16: got %q, want %q", got, event)
	}
	if got := Parse([]byte("torn")); got.Message != "" || got.Level != "" {
		t.Errorf("what is no event: got %+v", got)
	}
	var f Format
	if err := f.Set("json"); err != nil || f != JSON || f.String() != "json" {
		t.Errorf("got %q, %v", f, err)
	}
	if err := f.Set("yaml"); err == nil {
		t.Error("an unknown format: want an error")
	}
}
