package file

import (
	"context"
	"errors"
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

	"github.com/logcar/logcar/event"
)

// TestDiskFull writes to the device that says of every write that the disk is
// full, until the context ends.
func TestDiskFull(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		cfg := configIn(t.TempDir())
		cfg.RotateOnStartup = false
		if err := os.Symlink("/dev/full", filepath.Join(cfg.Path, "filebeat-20000101.ndjson")); err != nil {
			t.Fatal(err)
		}
		core, logs := observer.New(zap.DebugLevel)
		s, err := New(cfg, newEncoder(), zap.New(core))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.Background())

		var done acks
		b := batch("a", "b")
		b.Token = event.NewToken(&done, 0)
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		err = s.Send(ctx, b)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("error %v, want both the deadline and the full disk", err)
		}
		if d := time.Since(began); d != time.Hour {
			t.Errorf("Send gave up after %v", d)
		}
		if done.Load() != 0 {
			t.Errorf("the token is Done although nothing was written")
		}
		if logs.Len() != 1 || !strings.Contains(logs.All()[0].Message, "writing to the output file fails") {
			t.Errorf("logged %v, want one line", logs.All())
		}
	})
}

// TestOutage takes the directory away for an hour, and then for a second reason:
// the log says when it begins, why, and when it is over, and how often it was
// tried in between.
func TestOutage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		obstacle := filepath.Join(t.TempDir(), "logs")
		if err := os.WriteFile(obstacle, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		core, logs := observer.New(zap.DebugLevel)
		cfg := configIn(filepath.Join(obstacle, "a"))
		s, err := New(cfg, newEncoder(), zap.New(core))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.Background())

		sent := make(chan error)
		go func() { sent <- s.Send(context.Background(), batch("a")) }()
		<-time.After(time.Hour)
		if err := os.Remove(obstacle); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(obstacle, obstacle); err != nil { // now it leads to itself
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		if err := os.Remove(obstacle); err != nil {
			t.Fatal(err)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		if docs := documents(t, cfg); len(docs) != 1 {
			t.Errorf("documents %q, want 1", docs)
		}
		var messages []string
		for _, l := range logs.All() {
			messages = append(messages, l.Message)
		}
		fails, works := "writing to the output file fails, trying again", "writing to the output file works again"
		if want := []string{fails, fails, works}; !slices.Equal(messages, want) {
			t.Fatalf("logged %q, want %q", messages, want)
		}
		// Two hours of a pause of at most 5 seconds each.
		if n := logs.All()[2].ContextMap()["failures"].(int64); n < 1440 || n > 1500 {
			t.Errorf("%d attempts in two hours", n)
		}
	})
}

// limitFileSize lets no file of this process grow beyond n bytes, until the
// function that it returns lifts the limit: writes are cut off as by a full
// disk, without one. TestMain ignores the signal that comes with it.
func limitFileSize(t *testing.T, n uint64) (lift func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	lift = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(lift)
	return lift
}

// TestPartialWrite cuts a write off within a document: the rest is written, and
// only the rest, when there is room again.
func TestPartialWrite(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		cfg := configIn(t.TempDir())
		cfg.RotateEveryKB = 4
		s := newSink(t, cfg)
		want := line(t, text(t, 1500)) + line(t, text(t, 1500)) + line(t, text(t, 900))
		send(t, s, text(t, 1500))
		lift := limitFileSize(t, 2000)

		var done acks
		b := batch(text(t, 1500), text(t, 900))
		b.Events[1].From = 0
		b.Token = event.NewToken(&done, 0)
		sent := make(chan error, 1)
		go func() { sent <- s.Send(context.Background(), b) }()
		synctest.Wait() // it pauses
		file := filepath.Join(cfg.Path, "filebeat-20000101.ndjson")
		if data, err := os.ReadFile(file); err != nil || string(data) != want[:2000] {
			t.Errorf("%d bytes, error %v, want the first 2000", len(data), err)
		}
		if done.Load() != 0 {
			t.Error("the token is Done before the batch is written")
		}
		lift()
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(file); err != nil || string(data) != want {
			t.Errorf("%d bytes, error %v, want %d", len(data), err, len(want))
		}
		if done.Load() != 1 {
			t.Errorf("the token was Done %d times, want 1", done.Load())
		}
		if s.size != int64(len(want)) {
			t.Errorf("the size is taken for %d, want %d", s.size, len(want))
		}
	})
}

// TestTornDocument gives up within a document: what is sent then must not become
// the rest of it. An oversized document is the worst case, since the file it is
// cut off in is full.
func TestTornDocument(t *testing.T) {
	for _, size := range []int{1500, 9000} {
		inBubble(t, func(t *testing.T) {
			cfg := configIn(t.TempDir())
			cfg.RotateEveryKB = 4
			s := newSink(t, cfg)
			lift := limitFileSize(t, 1000)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := s.Send(ctx, batch(text(t, size))); !errors.Is(err, syscall.EFBIG) {
				t.Fatalf("error %v, want %v", err, syscall.EFBIG)
			}
			lift()
			send(t, s, "next")
			want := map[string]string{
				"filebeat-20000101.ndjson":   line(t, text(t, size))[:1000],
				"filebeat-20000101-1.ndjson": line(t, "next"),
			}
			if got := content(t, cfg.Path); len(got) != 2 || got["filebeat-20000101.ndjson"] != want["filebeat-20000101.ndjson"] ||
				got["filebeat-20000101-1.ndjson"] != want["filebeat-20000101-1.ndjson"] {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
