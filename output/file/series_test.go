package file

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestNames(t *testing.T) {
	s := newSeries("/logs", "sub/out")
	for name, want := range map[string]struct {
		serial
		ok bool
	}{
		"out-20260301.ndjson":      {serial{20260301, 0}, true},
		"out-20260301-1.ndjson":    {serial{20260301, 1}, true},
		"out-20260301-120.ndjson":  {serial{20260301, 120}, true},
		"out-20260301-0.ndjson":    {}, // never written
		"out-20260301-01.ndjson":   {},
		"out-20260301--1.ndjson":   {},
		"out-20260301-.ndjson":     {},
		"out-20260301-1-1.ndjson":  {},
		"out-20260301-x.ndjson":    {},
		"out-20260230.ndjson":      {}, // no day
		"out-2026031.ndjson":       {},
		"out-20260301.ndjson.gz":   {},
		"out-20260301.log":         {},
		"out-.ndjson":              {},
		"out":                      {}, // Filebeat 7
		"out.1":                    {},
		"outer-20260301.ndjson":    {},
		"out-new-20260301.ndjson":  {}, // the series of another output
		"other-20260301-99.ndjson": {},
	} {
		n, ok := s.parse(name)
		if ok != want.ok || ok && n != want.serial {
			t.Errorf("%s: got %v, %v, want %v, %v", name, n, ok, want.serial, want.ok)
		}
		if ok && s.path(n) != "/logs/sub/"+name {
			t.Errorf("%s becomes %s", name, s.path(n))
		}
	}
}

func TestNext(t *testing.T) {
	now := time.Date(2026, 3, 1, 23, 0, 0, 0, time.FixedZone("", 8*3600))
	for _, c := range []struct {
		name  string
		files []serial
		want  serial
	}{
		{"first", nil, serial{20260301, 0}},
		{"new day", []serial{{20260228, 0}, {20260228, 4}}, serial{20260301, 0}},
		{"same day", []serial{{20260228, 4}, {20260301, 0}}, serial{20260301, 1}},
		{"same day again", []serial{{20260301, 0}, {20260301, 9}}, serial{20260301, 10}},
		{"clock went back", []serial{{20260301, 0}, {20260302, 3}}, serial{20260302, 4}},
	} {
		if got := next(c.files, now); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// inBubble runs f where it is midnight of 1 January 2000, UTC.
func inBubble(t *testing.T, f func(t *testing.T)) {
	local := time.Local
	time.Local = time.UTC
	defer func() { time.Local = local }()
	synctest.Test(t, f)
}

func TestRotation(t *testing.T) {
	const kb = 1024
	for _, c := range []struct {
		name    string
		batches [][]int // sizes of documents in bytes
		want    map[string]int
	}{
		{"fits to the byte", [][]int{{kb}, {kb}}, map[string]int{"out-20000101.ndjson": 2 * kb}},
		{"one byte too many", [][]int{{kb}, {kb}, {kb}}, map[string]int{"out-20000101.ndjson": 2 * kb, "out-20000101-1.ndjson": kb}},
		{"within a batch", [][]int{{kb, kb, kb, kb, kb}},
			map[string]int{"out-20000101.ndjson": 2 * kb, "out-20000101-1.ndjson": 2 * kb, "out-20000101-2.ndjson": kb}},
		{"too large, first", [][]int{{5 * kb, kb, kb}}, map[string]int{"out-20000101.ndjson": 5 * kb, "out-20000101-1.ndjson": 2 * kb}},
		{"too large, between", [][]int{{kb}, {5 * kb}, {kb}},
			map[string]int{"out-20000101.ndjson": kb, "out-20000101-1.ndjson": 5 * kb, "out-20000101-2.ndjson": kb}},
		{"too large, and larger than a write", [][]int{{kb, 2 * writeSize, 2 * writeSize, kb}},
			map[string]int{"out-20000101.ndjson": kb, "out-20000101-1.ndjson": 2 * writeSize, "out-20000101-2.ndjson": 2 * writeSize, "out-20000101-3.ndjson": kb}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				cfg := configIn(t.TempDir())
				cfg.Filename, cfg.RotateEveryKB = "out", 2
				s := newSink(t, cfg)
				for _, sizes := range c.batches {
					sendSizes(t, s, sizes)
				}
				got := map[string]int{}
				for name, data := range content(t, cfg.Path) {
					got[name] = len(data)
				}
				if !maps.Equal(got, c.want) {
					t.Errorf("got %v, want %v", got, c.want)
				}
				want := 0
				for _, sizes := range c.batches {
					want += len(sizes)
				}
				if n := len(documents(t, cfg)); n != want {
					t.Errorf("%d documents, want %d", n, want)
				}
			})
		})
	}
}

// sendSizes sends a batch whose documents have the given sizes.
func sendSizes(t *testing.T, s *Sink, sizes []int) {
	t.Helper()
	texts := make([]string, len(sizes))
	for i, n := range sizes {
		texts[i] = text(t, n)
	}
	b := batch(texts...)
	for i := range b.Events {
		b.Events[i].From = 0 // one digit, as text assumes
	}
	if err := s.Send(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

// TestDays shows that a new day begins no file by itself, but names the next.
func TestDays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		cfg := configIn(t.TempDir())
		cfg.RotateEveryKB = 1
		s := newSink(t, cfg)
		send(t, s, text(t, 600))
		<-time.After(25 * time.Hour)
		send(t, s, text(t, 400))
		send(t, s, text(t, 600))
		send(t, s, text(t, 600))
		want := []string{"filebeat-20000101.ndjson", "filebeat-20000102-1.ndjson", "filebeat-20000102.ndjson"}
		if got := names(t, cfg.Path); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(content(t, dir)))
}

func TestStartup(t *testing.T) {
	const whole, torn = "{\"message\":\"old\"}\n", "{\"message\":\"ol"
	for _, c := range []struct {
		name   string
		rotate bool
		files  map[string]string
		want   string // the file that the first document is in
		alone  bool   // and nothing else
	}{
		{"nothing there", true, nil, "out-20000101.ndjson", true},
		{"nothing there, no rotation", false, nil, "out-20000101.ndjson", true},
		{"rotated", true, map[string]string{"out-20000101.ndjson": whole}, "out-20000101-1.ndjson", true},
		{"rotated, from another day", true, map[string]string{"out-19991231-3.ndjson": whole}, "out-20000101.ndjson", true},
		{"goes on", false, map[string]string{"out-20000101.ndjson": whole}, "out-20000101.ndjson", false},
		{"goes on with the newest", false,
			map[string]string{"out-20000101-10.ndjson": whole, "out-20000101-9.ndjson": whole, "out-20000101.ndjson": whole}, "out-20000101-10.ndjson", false},
		{"goes on with another day's", false, map[string]string{"out-19991231.ndjson": whole, "out-19991230-5.ndjson": whole}, "out-19991231.ndjson", false},
		{"goes on with an empty one", false, map[string]string{"out-20000101.ndjson": ""}, "out-20000101.ndjson", true},
		{"leaves a torn one alone", false, map[string]string{"out-20000101.ndjson": whole + torn}, "out-20000101-1.ndjson", true},
		{"leaves a full one alone", false, map[string]string{"out-20000101.ndjson": strings.Repeat(whole, 60)}, "out-20000101-1.ndjson", true},
		{"leaves others' files alone", false, map[string]string{"out": whole, "out-20000101.log": whole}, "out-20000101.ndjson", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				cfg := configIn(t.TempDir())
				cfg.Filename, cfg.RotateEveryKB, cfg.RotateOnStartup = "out", 1, c.rotate
				write(t, cfg.Path, c.files)
				s := newSink(t, cfg)
				if !maps.Equal(content(t, cfg.Path), c.files) && len(c.files) > 0 {
					t.Error("New changed the files")
				}
				send(t, s, "new")
				want := maps.Clone(c.files)
				if want == nil {
					want = map[string]string{}
				}
				want[c.want] += line(t, "new")
				if c.alone && want[c.want] != line(t, "new") {
					t.Fatal("the table contradicts itself")
				}
				if got := content(t, cfg.Path); !maps.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		})
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNumberOfFiles(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		cfg := configIn(t.TempDir())
		cfg.RotateEveryKB, cfg.NumberOfFiles = 1, 3
		write(t, cfg.Path, map[string]string{
			"filebeat-19991230.ndjson": "", "filebeat-19991231.ndjson": "", "filebeat-19991231-2.ndjson": "", "filebeat-19991231-10.ndjson": "",
			"filebeat": "", "filebeat-19990101.ndjson.gz": "", "mine-19990101.ndjson": "",
		})
		others := []string{"filebeat", "filebeat-19990101.ndjson.gz", "mine-19990101.ndjson"}
		s := newSink(t, cfg)
		for _, want := range [][]string{
			{"filebeat-19991231-2.ndjson", "filebeat-19991231-10.ndjson", "filebeat-20000101.ndjson"},
			{"filebeat-19991231-10.ndjson", "filebeat-20000101.ndjson", "filebeat-20000101-1.ndjson"},
			{"filebeat-20000101.ndjson", "filebeat-20000101-1.ndjson", "filebeat-20000101-2.ndjson"},
			{"filebeat-20000101-1.ndjson", "filebeat-20000101-2.ndjson", "filebeat-20000101-3.ndjson"},
		} {
			send(t, s, text(t, 1000))
			want = append(want, others...)
			slices.Sort(want)
			if got := names(t, cfg.Path); !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	})
}

// TestUndeletable has a directory in a file's place: it can't be removed while
// something is in it.
func TestUndeletable(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		cfg := configIn(t.TempDir())
		cfg.RotateEveryKB, cfg.NumberOfFiles = 1, 2
		oldest := filepath.Join(cfg.Path, "filebeat-19991231.ndjson")
		if err := os.MkdirAll(filepath.Join(oldest, "x"), 0o700); err != nil {
			t.Fatal(err)
		}
		core, logs := observer.New(zap.DebugLevel)
		s, err := New(cfg, newEncoder(), zap.New(core))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.Background())
		for range 4 {
			send(t, s, text(t, 1000))
		}
		if logs.Len() != 1 || !strings.Contains(logs.All()[0].Message, "deleting") {
			t.Errorf("logged %v, want one line about deleting", logs.All())
		}
		if err := os.RemoveAll(filepath.Join(oldest, "x")); err != nil {
			t.Fatal(err)
		}
		send(t, s, text(t, 1000))
		want := []string{"filebeat-20000101-3.ndjson", "filebeat-20000101-4.ndjson"}
		if got := names(t, cfg.Path); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if logs.Len() != 2 || !strings.Contains(logs.All()[1].Message, "works again") {
			t.Errorf("logged %v, want a second line that it is over", logs.All())
		}
	})
}

func TestPermissions(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	for _, c := range []struct{ file, dir fs.FileMode }{
		{0o600, 0o700}, {0o640, 0o750}, {0o644, 0o755}, {0o604, 0o705},
	} {
		cfg := configIn(filepath.Join(t.TempDir(), "logs"))
		cfg.Permissions = c.file
		send(t, newSink(t, cfg), "a")
		dir, err := os.Stat(cfg.Path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.Stat(filepath.Join(cfg.Path, names(t, cfg.Path)[0]))
		if err != nil {
			t.Fatal(err)
		}
		if dir.Mode().Perm() != c.dir || file.Mode().Perm() != c.file {
			t.Errorf("%v: got file %v, directory %v, want directory %v", c.file, file.Mode().Perm(), dir.Mode().Perm(), c.dir)
		}
	}
}
