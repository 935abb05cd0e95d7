//go:build e2e && linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const mb = 1_000_000

// memoryRun is logcar with files that are all there is in a directory, and a
// broker that takes everything.
type memoryRun struct {
	*shipper
	logs   string
	socket string
}

func newMemoryRun(t *testing.T, hosts string) *memoryRun {
	t.Helper()
	run := &memoryRun{logs: t.TempDir()}
	// The path of a socket is short, and that of a test's directory may not be.
	dir, err := os.MkdirTemp("", "lc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // its socket is gone by then
	run.socket = filepath.Join(dir, "http")
	run.shipper = newShipper(t, fmt.Sprintf(`
filebeat.inputs:
- type: log
  paths: ["%s/*.log"]
  multiline: {pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2} ', negate: true, match: after}
output.kafka: {hosts: ["%s"], topic: %s, compression: gzip, backoff.max: 1s}
http: {enabled: true, host: "unix://%s"}
`, run.logs, hosts, blackholeTopic, run.socket))
	return run
}

// write appends events to a file, and returns how many bytes they are.
func (r *memoryRun) write(name string, events int) int64 {
	r.t.Helper()
	var text bytes.Buffer
	for i := range events {
		fmt.Fprintf(&text, "2026-11-20 10:00:00.%03d INFO [http-nio-8080-exec-%d] c.e.orders.OrderService - order %d of %s was accepted in %d ms\n",
			i%1000, i%97, i, name, i*7919%4001)
		if i%20 == 19 {
			fmt.Fprintf(&text, "java.lang.IllegalStateException: order %d\n\tat c.e.orders.OrderService.accept(OrderService.java:%d)\n", i, i%500)
		}
	}
	f, err := os.OpenFile(filepath.Join(r.logs, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.Write(text.Bytes())
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}
	if err != nil {
		r.t.Error(err) // maybe in a goroutine of the test
	}
	return int64(text.Len())
}

type stats struct {
	Read     int64            `json:"bytes_read"`
	Acked    int64            `json:"bytes_acked"`
	InFlight int64            `json:"bytes_in_flight"`
	Dropped  map[string]int64 `json:"bytes_dropped"`
	Cut      int              `json:"cut_events"`
	Open     int              `json:"open_files"`
	Output   struct {
		Errors  int    `json:"errors"`
		Stalled string `json:"stalled"`
	} `json:"output"`
}

// stats asks logcar; ok is false while it does not answer yet.
func (r *memoryRun) stats() (s stats, ok bool) {
	r.t.Helper()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", r.socket)
		},
	}}
	response, err := client.Get("http://logcar/stats")
	if err != nil {
		return s, false
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&s); err != nil {
		r.t.Fatal(err)
	}
	return s, true
}

// awaitStats waits until logcar's numbers are as wanted.
func (r *memoryRun) awaitStats(what string, want func(stats) bool) (s stats) {
	r.t.Helper()
	eventually(r.t, deliverLimit, what, func() bool {
		if !r.running() {
			r.t.Fatalf("logcar ended with %v", r.process.ProcessState)
		}
		var ok bool
		s, ok = r.stats()
		return ok && want(s)
	})
	return s
}

// peak is the most that logcar has ever had resident, as the kernel has counted:
// VmHWM, and not what wait4 reports, which begins with the parent's.
func (r *memoryRun) peak() int64 {
	r.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.process.Process.Pid))
	if err != nil {
		r.t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "VmHWM:")
	f := strings.Fields(rest)
	if !found || len(f) < 2 || f[1] != "kB" {
		r.t.Fatalf("no VmHWM in %s", text)
	}
	kib, err := strconv.ParseInt(f[0], 10, 64)
	if err != nil {
		r.t.Fatal(err)
	}
	return kib << 10
}

// wantPeak fails when logcar has ever had more than limit resident.
func (r *memoryRun) wantPeak(what string, limit int64) {
	r.t.Helper()
	peak := r.peak()
	r.t.Logf("%s: resident at its peak %.1f MB, limit %d MB", what, float64(peak)/mb, limit/mb)
	if peak > limit {
		r.t.Errorf("%s: resident at its peak %.1f MB, want %d at most", what, float64(peak)/mb, limit/mb)
	}
}

// TestMemoryOfManyFiles: ten thousand files are read, and followed, at once.
func TestMemoryOfManyFiles(t *testing.T) {
	const files, events = 10_000, 20
	b := startBlackhole(t, freePort(t))
	run := newMemoryRun(t, b.hosts)
	var written int64
	for i := range files {
		written += run.write(fmt.Sprintf("app-%d.log", i), events)
	}
	run.start()
	// Not by asking logcar: an answer about so many files is itself a megabyte.
	eventually(t, deliverLimit, "all is delivered", func() bool { return b.delivered() == files*events })
	run.wantPeak("10,000 files", 96*mb)
	s := run.awaitStats("all is confirmed", func(s stats) bool { return s.Acked == written })
	t.Logf("%d open files; resident at the peak after they were asked for: %.1f MB", s.Open, float64(run.peak())/mb)
	run.stop()
	if got := b.delivered(); got != files*events {
		t.Errorf("%d events delivered, want %d", got, files*events)
	}
}

// TestMemoryOfAppends: two hundred files grow at the same moment, again and again.
func TestMemoryOfAppends(t *testing.T) {
	const files, events, rounds = 200, 1000, 3
	b := startBlackhole(t, freePort(t))
	run := newMemoryRun(t, b.hosts)
	run.start()
	var written int64
	for range rounds {
		var mu sync.Mutex
		var writers sync.WaitGroup
		for i := range files {
			writers.Go(func() {
				n := run.write(fmt.Sprintf("app-%d.log", i), events)
				mu.Lock()
				defer mu.Unlock()
				written += n
			})
		}
		writers.Wait()
		run.awaitStats("all is confirmed", func(s stats) bool { return s.Acked == written })
	}
	run.wantPeak("200 files appended at once", 32*mb)
	run.stop()
	if got := b.delivered(); got != rounds*files*events {
		t.Errorf("%d events delivered, want %d", got, rounds*files*events)
	}
}

// TestMemoryOfOneLine: a line of a gigabyte is cut at max_bytes, and what was cut
// is counted to the byte.
func TestMemoryOfOneLine(t *testing.T) {
	const size, kept = 1 << 30, 10 << 20 // max_bytes' default
	b := startBlackhole(t, freePort(t))
	run := newMemoryRun(t, b.hosts)
	f, err := os.Create(filepath.Join(run.logs, "app.log"))
	if err != nil {
		t.Fatal(err)
	}
	part := bytes.Repeat([]byte("all in one line, "), 1<<20/16)[:1<<20]
	for range size / len(part) {
		if _, err := f.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.WriteString("\n2026-11-20 the next\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	run.start()
	s := run.awaitStats("all is confirmed", func(s stats) bool { return s.Read == size+21 && s.InFlight == 0 })
	if s.Cut != 1 || s.Dropped["cut"] != size+1-kept || s.Acked+s.Dropped["cut"] != s.Read {
		t.Errorf("numbers %+v; want 1 event cut by %d bytes", s, size+1-kept)
	}
	run.wantPeak("one line of 1 GB", 80*mb)
	run.stop()
	if got := b.delivered(); got != 2 {
		t.Errorf("%d events delivered, want 2", got)
	}
}

// TestMemoryWithoutKafka: there is no broker at the start, and much to read. What
// is in memory is bounded; when the broker comes, all is delivered.
func TestMemoryWithoutKafka(t *testing.T) {
	const files, events = 20, 100_000 // 260 MB
	port := freePort(t)
	run := newMemoryRun(t, fmt.Sprintf("127.0.0.1:%d", port))
	var written int64
	for i := range files {
		written += run.write(fmt.Sprintf("app-%d.log", i), events)
	}
	run.start()
	// Some refusals later it has read what it may, and no more.
	var last int64
	s := run.awaitStats("nothing more is read without a broker", func(s stats) bool {
		settled := s.Read == last && s.Output.Errors >= 3
		last = s.Read
		return settled
	})
	if s.Acked != 0 || s.Read == 0 || s.Read > 20*mb || s.InFlight != s.Read {
		t.Errorf("without a broker: %+v", s)
	}
	t.Logf("%.1f of %.0f MB were read before there was a broker", float64(s.Read)/mb, float64(written)/mb)
	run.wantPeak("before Kafka came", 28*mb)
	b := startBlackhole(t, port)
	run.awaitStats("all is confirmed", func(s stats) bool { return s.Acked == written })
	run.wantPeak("after Kafka came", 32*mb)
	run.stop()
	if got := b.delivered(); got != files*events {
		t.Errorf("%d events delivered, want %d", got, files*events)
	}
}
