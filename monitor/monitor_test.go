package monitor

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var example = Snapshot{
	Version: "1.2.3", Started: time.Unix(1700000000, 0),
	BytesRead: 100, BytesAcked: 70, BytesInFlight: 20, BytesDropped: map[string]uint64{"filtered": 10},
	EventsRead: 10, EventsAcked: 7, EventsFlying: 2, EventsDropped: map[string]uint64{"filtered": 1}, DeadLetters: map[string]uint64{"refused": 5},
	Storage: Storage{
		Limit: 2000, Used: 1500, Volumes: []Volume{{Path: "/mnt", Size: 9000, Free: 4000}}, Deleted: 4, DeletedBytes: 400,
	},
	OpenFiles: 2, Output: Output{Requests: 3, Errors: 1, WireBytes: 30, Stalled: "no leader", StallCause: "no_leader", Unconfirmed: 31.5, Reconnects: 2, Failing: 4},
	Files:  []File{{Path: `/mnt/a "b".log`, Size: 120, Read: 100, Acked: 80}, {Path: "/mnt/c.log", Size: 1, Acked: 5}},
	Lag:    12.3,
	Config: Configuration{Hash: "abc", Reloads: map[string]uint64{"ok": 2, "refused": 1}},
}

func serve(t *testing.T, cfg Config, drain func()) *Server {
	t.Helper()
	s, err := New(cfg, func() Snapshot { return example }, drain)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

func get(t *testing.T, url string, status int) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Fatalf("GET %s: status %d, want %d: %s", url, res.StatusCode, status, b)
	}
	return string(b)
}

func TestServer(t *testing.T) {
	var drains atomic.Int32
	s := serve(t, Config{Host: "127.0.0.1"}, func() { drains.Add(1) })
	base := "http://" + s.Addr().String()

	if got := get(t, base+"/health", 200) + get(t, base+"/ready", 200); got != "ok\nok\n" {
		t.Errorf("health and ready: %q", got)
	}
	var snap Snapshot
	if err := json.Unmarshal([]byte(get(t, base+"/stats?pretty", 200)), &snap); err != nil || snap.BytesAcked != 70 || len(snap.Files) != 2 {
		t.Errorf("stats: %+v, %v", snap, err)
	}
	if !strings.Contains(get(t, base+"/", 200), `"version":"1.2.3"`) {
		t.Error("no version at /")
	}
	get(t, base+"/drain", 200)
	if drains.Load() != 1 {
		t.Errorf("drain was called %d times", drains.Load())
	}
	get(t, base+"/nothing", 404)
}

func TestMetrics(t *testing.T) {
	got := string(example.appendMetrics(nil))
	for _, line := range []string{
		`logcar_build_info{version="1.2.3"} 1`, "logcar_bytes_read_total 100", `logcar_bytes_dropped_total{reason="filtered"} 10`,
		"logcar_output_stalled 1", `logcar_output_stall_cause{cause="no_leader"} 1`, "logcar_output_seconds_since_ack 31.5",
		"logcar_output_forced_reconnects_total 2", "logcar_output_failing_partitions 4",
		`logcar_lag_bytes{path="/mnt/a \"b\".log"} 40`, `logcar_lag_bytes{path="/mnt/c.log"} 0`,
		"logcar_lag_seconds 12.3",
		"logcar_storage_limit_bytes 2000", "logcar_storage_used_bytes 1500", `logcar_storage_size_bytes{path="/mnt"} 9000`,
		`logcar_storage_free_bytes{path="/mnt"} 4000`, "logcar_storage_deleted_files_total 4", "logcar_storage_deleted_bytes_total 400",
		`logcar_dead_letter_events_total{reason="refused"} 5`,
		"# TYPE logcar_bytes_in_flight gauge", "logcar_start_time_seconds 1700000000",
		"# TYPE logcar_config_reloads_total counter", `logcar_config_reloads_total{result="ok"} 2`, `logcar_config_reloads_total{result="refused"} 1`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("no line %s in\n%s", line, got)
		}
	}
}

// Where nobody says how much there may be, nothing is said of how much there is.
func TestNoStorageLimit(t *testing.T) {
	if got := string((&Snapshot{}).appendMetrics(nil)); strings.Contains(got, "logcar_storage_used") || strings.Contains(got, "logcar_storage_limit") {
		t.Errorf("metrics of a limit in\n%s", got)
	}
}

func TestUnixSocketAndTakenAddress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	serve(t, Config{Host: "unix://" + path}, func() {})
	if _, err := New(Config{Host: "unix://" + path}, nil, nil); err == nil || !strings.Contains(err.Error(), "http endpoint") {
		t.Errorf("an address that is taken: %v", err)
	}
}

// A process that was killed leaves its socket behind; the next one must start.
func TestStaleSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	serve(t, Config{Host: "unix://" + path}, func() {})
}
