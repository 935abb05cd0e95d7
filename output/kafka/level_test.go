package kafka

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestLevels(t *testing.T) {
	r := newRig(t, testConfig("localhost:9092"))
	small, large := &batch{raw: make([]byte, 100)}, &batch{raw: make([]byte, smallBatch+1)}
	stat := filepath.Join(t.TempDir(), "cpu.stat")
	r.throttle.path = stat
	level := func(b *batch) int {
		r.Sink.mu.Lock()
		defer r.Sink.mu.Unlock()
		return r.levelOf(b)
	}
	write := func(count string) {
		t.Helper()
		if err := os.WriteFile(stat, []byte("usage_usec 1\nnr_periods 9\nnr_throttled "+count+"\nthrottled_usec 5\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r.throttle.asked = r.throttle.asked.Add(-2 * throttleAge) // a second has passed
	}
	if got := level(large); got != Defaults().Level {
		t.Errorf("level %d, want the one that is set", got)
	}
	r.Sink.cfg.Level = AutoLevel
	if got := level(small); got != denseLevel {
		t.Errorf("small batch: level %d", got)
	}
	if got := level(large); got != usualLevel {
		t.Errorf("large batch: level %d", got)
	}
	r.compression.queue = []*batch{large}
	if got := level(large); got != fastLevel {
		t.Errorf("others are waiting: level %d", got)
	}
	r.compression.queue = nil
	write("3")
	level(large)
	write("3")
	if got := level(large); got != usualLevel {
		t.Errorf("not throttled again: level %d", got)
	}
	write("4")
	if got := level(large); got != fastLevel {
		t.Errorf("throttled: level %d", got)
	}
	write("x")
	if got := level(large); got != usualLevel {
		t.Errorf("a file that says nothing: level %d", got)
	}
}

// Batches of all levels arrive, with one compressor kept for each that is used.
func TestAutoLevelDelivers(t *testing.T) {
	c := startCluster(t, 2)
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Level = AutoLevel
	r := newRig(t, cfg)
	for n := range 20 {
		r.send(n%3, 1+n*100, 200)
	}
	r.waitDone(20)
	r.finish()
	r.checkStored(c, once)
}

func TestThrottleAsksOncePerSecond(t *testing.T) {
	th := throttle{path: filepath.Join(t.TempDir(), "none")}
	now := time.Now()
	for range 3 {
		if th.looks(now) {
			t.Error("throttled without a cgroup")
		}
	}
	if th.asked != now {
		t.Error("it did not ask")
	}
}
