package registry

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
)

const golden = `{"version":1,"files":[` +
	`{"device":65024,"inode":18446744073709551615,"head_len":3,"head_sum":"ba7816bf8f01cfea","path":"/logs/a <&>.log","position":98,"updated":"2026-01-02T03:04:05Z"},` +
	`{"device":0,"inode":7,"head_len":0,"head_sum":"0000000000000000","path":"/logs/b.log","position":0,"updated":"2026-01-02T03:04:06Z"}` +
	"]}\n"

func goldenStates() []State {
	return []State{{
		ID:       event.FileID{Device: 65024, Inode: 1<<64 - 1},
		Head:     HeadOf([]byte("abc")),
		Path:     "/logs/a <&>.log",
		Position: 98,
		Updated:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}, {
		ID:      event.FileID{Inode: 7},
		Path:    "/logs/b.log",
		Updated: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
	}}
}

func TestFormat(t *testing.T) {
	data, err := encode(goldenStates())
	if err != nil || string(data) != golden {
		t.Errorf("encode = %s, %v; want %s", data, err, golden)
	}
	states, err := decode([]byte(golden))
	if err != nil || !slices.Equal(states, goldenStates()) {
		t.Errorf("decode = %+v, %v", states, err)
	}
	if data, err := encode(nil); err != nil || string(data) != `{"version":1,"files":[]}`+"\n" {
		t.Errorf("encode of nothing = %s, %v", data, err)
	}
}

// Paths are bytes; what is not UTF-8 must not make the file unreadable.
func TestFormatBadPath(t *testing.T) {
	data, err := encode([]State{{Path: "/logs/\xff\x00\n\".log"}})
	if err != nil {
		t.Fatal(err)
	}
	states, err := decode(data)
	if err != nil || len(states) != 1 || states[0].Path != "/logs/\uFFFD\x00\n\".log" {
		t.Errorf("decode = %+v, %v", states, err)
	}
}

func TestDecode(t *testing.T) {
	file := func(members string) string {
		return `{"version":1,"files":[{"device":1,"inode":2,"head_len":0,"head_sum":"0000000000000000",` + members + `}]}`
	}
	tests := []struct {
		name  string
		data  string
		files int
		err   error
		says  string
	}{
		{"empty registry", `{"version":1,"files":[]}`, 0, nil, ""},
		{"one file", file(`"path":"/a","position":1,"updated":"2026-01-02T03:04:05Z"`), 1, nil, ""},
		{"member of a later logcar", `{"version":1,"later":{},"files":[` + strings.TrimSuffix(strings.TrimPrefix(file(`"position":1,"later":[]`), `{"version":1,"files":[`), `]}`) + `]}`, 1, nil, ""},
		{"no time", file(`"position":1`), 1, nil, ""},

		{"no bytes", "", 0, ErrCorrupt, "unexpected end"},
		{"zeros, as after a power loss", strings.Repeat("\x00", 512), 0, ErrCorrupt, "invalid character"},
		{"null", "null", 0, ErrCorrupt, "no version"},
		{"Filebeat's 6 and 7.0", `[{"source":"/a","offset":9}]`, 0, ErrCorrupt, ""},
		{"no version", `{"files":[]}`, 0, ErrCorrupt, "no version"},
		{"version 0", `{"version":0,"files":[]}`, 0, ErrCorrupt, "no version"},
		{"version is text", `{"version":"1","files":[]}`, 0, ErrCorrupt, ""},
		{"no files", `{"version":1}`, 0, ErrCorrupt, "files"},
		{"files is null", `{"version":1,"files":null}`, 0, ErrCorrupt, "no files"},
		{"files is an object", `{"version":1,"files":{}}`, 0, ErrCorrupt, "files"},
		{"a file is null", `{"version":1,"files":[null]}`, 0, ErrCorrupt, "files[0]: head_sum"},
		{"torn", golden[:len(golden)/2], 0, ErrCorrupt, "unexpected end"},
		{"two documents", golden + golden, 0, ErrCorrupt, "after top-level value"},
		{"negative position", file(`"position":-1`), 0, ErrCorrupt, "files[0]: position -1 is negative"},
		{"huge position", file(`"position":9223372036854775808`), 0, ErrCorrupt, "position"},
		{"negative head", file(`"head_len":-1`), 0, ErrCorrupt, "head_len -1 is negative"},
		{"short sum", file(`"head_sum":"ba78"`), 0, ErrCorrupt, `head_sum "ba78"`},
		{"signed sum", file(`"head_sum":"+a7816bf8f01cfea"`), 0, ErrCorrupt, "head_sum"},
		{"bad time", file(`"updated":"yesterday"`), 0, ErrCorrupt, "yesterday"},
		{"same file twice", strings.Replace(golden, `"device":0,"inode":7`, `"device":65024,"inode":18446744073709551615`, 1), 0, ErrCorrupt, "files[1]: device 65024 inode 18446744073709551615 occurs twice"},

		{"version 2", `{"version":2,"files":[]}`, 0, ErrVersion, "version 2"},
		{"version 2 of another shape", `{"version":2,"files":"elsewhere"}`, 0, ErrVersion, "version 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			states, err := decode([]byte(tt.data))
			if len(states) != tt.files || !errors.Is(err, tt.err) || (err != nil) != (tt.err != nil) {
				t.Fatalf("decode = %+v, %v; want %d files, %v", states, err, tt.files, tt.err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %q does not say %q", err, tt.says)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of a missing file = %v", err)
	}
	write(t, path, "{")
	if _, err := Load(path); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), path) {
		t.Errorf("Load of a corrupt file = %v", err)
	}
	if got := names(t, path); !slices.Equal(got, []string{"registry.json"}) {
		t.Errorf("Load changed the directory: %v", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("Load of a pipe = %v", err)
	}
}

// Whatever the file holds, it is refused, set aside or understood in full.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(golden))
	f.Add([]byte(golden[:100]))
	f.Add([]byte(`{"version":2,"files":[]}`))
	f.Add([]byte(`{"version":1,"files":[null]}`))
	f.Add([]byte(`{"version":1,"files":[{"head_sum":"0000000000000000","updated":"0000-01-01T00:00:00+23:00"}]}`))
	f.Add([]byte(`{"version":1,"files":[{"head_sum":"0000000000000001","head_len":0,"path":"\ud800"}]}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		states, err := decode(data)
		switch {
		case err == nil:
			again, err := encode(states)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := decode(again); err != nil || !slices.Equal(got, states) {
				t.Fatalf("read %+v, wrote %s, read again %+v, %v", states, again, got, err)
			}
		case errors.Is(err, ErrCorrupt) == errors.Is(err, ErrVersion):
			t.Fatalf("decode = %v, which must be either corrupt or newer", err)
		}

		path := filepath.Join(dir, "registry.json")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		r, openErr := Open(path, Options{})
		if errors.Is(err, ErrVersion) {
			if got, _ := os.ReadFile(path); !errors.Is(openErr, ErrVersion) || !bytes.Equal(got, data) {
				t.Fatalf("Open of a newer file = %v, and it is now %q", openErr, got)
			}
			return
		}
		if openErr != nil {
			t.Fatal(openErr)
		}
		if got := r.States(); len(got) != len(states) {
			t.Fatalf("Open understood %+v, decode %+v", got, states)
		}
	})
}
