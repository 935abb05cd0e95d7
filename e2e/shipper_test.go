//go:build e2e && unix

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/logcar/logcar/e2e/kafka"
)

const (
	deliverLimit = 60 * time.Second // for what a test wrote to reach Kafka
	stopLimit    = 30 * time.Second // from SIGTERM to the end
)

// shipper is logcar in one pod: its configuration, its data folder, and one
// process at a time.
type shipper struct {
	t       *testing.T
	dir     string
	process *exec.Cmd
	exited  chan struct{}
}

// newShipper writes the configuration; it starts nothing. When the test fails,
// the end of all that logcar said is shown.
func newShipper(t *testing.T, config string) *shipper {
	t.Helper()
	s := &shipper{t: t, dir: t.TempDir()}
	if err := os.WriteFile(s.configFile(), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.running() {
			s.kill()
		}
		if t.Failed() {
			t.Logf("configuration:\n%s\nlogcar's last words:\n%s", config, lastBytes(s.log(), 6<<10))
		}
	})
	return s
}

func (s *shipper) configFile() string { return filepath.Join(s.dir, "filebeat.yml") }
func (s *shipper) logFile() string    { return filepath.Join(s.dir, "stderr") }

// log returns what all processes of this shipper wrote to stderr.
func (s *shipper) log() []byte {
	s.t.Helper()
	text, err := os.ReadFile(s.logFile())
	if err != nil && !os.IsNotExist(err) {
		s.t.Error(err)
	}
	return text
}

func (s *shipper) start(args ...string) {
	s.t.Helper()
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close() // the process has its own copy
	s.process = exec.Command(binary, append([]string{
		"-e", "-c", s.configFile(),
		"--path.home", filepath.Join(s.dir, "home"),
		"--path.data", filepath.Join(s.dir, "data"),
		"--strict.perms=false",
	}, args...)...)
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.exited = make(chan struct{})
	go func(process *exec.Cmd, exited chan struct{}) {
		_ = process.Wait() // finish reads the status
		close(exited)
	}(s.process, s.exited)
}

func (s *shipper) running() bool {
	if s.exited == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// finish waits for the end of the process and wants status 0.
func (s *shipper) finish(limit time.Duration) {
	s.t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-s.exited:
	case <-timer.C:
		// The goroutines' stacks go to logcar's log, which the test shows.
		_ = s.process.Process.Signal(syscall.SIGQUIT)
		s.t.Fatalf("logcar still runs after %v", limit)
	}
	if status := s.process.ProcessState; !status.Success() {
		s.t.Fatalf("logcar ended with %v", status)
	}
}

// once runs logcar --once from start to end.
func (s *shipper) once() {
	s.t.Helper()
	s.start("--once")
	s.finish(deliverLimit)
}

// stop ends logcar as Kubernetes does, with SIGTERM, and waits for its end.
func (s *shipper) stop() {
	s.t.Helper()
	s.terminate()
	s.finish(stopLimit)
}

// terminate sends SIGTERM.
func (s *shipper) terminate() {
	s.t.Helper()
	if !s.running() {
		s.t.Fatalf("logcar ended by itself with %v", s.process.ProcessState)
	}
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
}

// kill ends logcar as the kernel's out-of-memory killer does.
func (s *shipper) kill() {
	s.t.Helper()
	if err := s.process.Process.Kill(); err != nil {
		s.t.Error(err)
	}
	<-s.exited
}

// await waits until the topic holds so many records, while logcar runs.
func (s *shipper) await(cluster *kafka.Cluster, topic string, count int) {
	s.t.Helper()
	eventually(s.t, deliverLimit, fmt.Sprintf("%d records in %s", count, topic), func() bool {
		if delivered(s.t, cluster, topic) >= count {
			return true
		}
		if !s.running() {
			s.t.Fatalf("logcar ended with %v before the topic held %d records", s.process.ProcessState, count)
		}
		return false
	})
}

func lastBytes(text []byte, limit int) []byte {
	if len(text) > limit {
		text = text[len(text)-limit:]
		text = append([]byte("…"), text[bytes.IndexByte(text, '\n')+1:]...)
	}
	return text
}
