//go:build e2e && unix

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/logcar/logcar/e2e/kafka"
	"go.uber.org/goleak"
)

var (
	// binary is the logcar under test.
	binary string
	// workDir holds the binary and the shared cluster.
	workDir string
	// sharedCluster starts the one-broker cluster that most tests use, with a
	// topic for each.
	sharedCluster = sync.OnceValues(func() (*kafka.Cluster, error) {
		dir := filepath.Join(workDir, "kafka")
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
		shared, err := kafka.Start(context.Background(), kafka.Options{Dir: dir})
		if err == nil {
			closeShared = shared.Close
		}
		return shared, err
	})
	closeShared = func() error { return nil }
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asBlackhole {
		if err := blackholeMain(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "blackhole:", err)
			os.Exit(1)
		}
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if workDir, err = os.MkdirTemp("", "logcar-e2e-"); err != nil {
		return 1, err
	}
	defer func() {
		if code != 0 || err != nil {
			fmt.Fprintln(os.Stderr, "e2e: the brokers' logs and data stay in", workDir)
			return
		}
		err = os.RemoveAll(workDir)
	}()
	if binary, err = buildBinary(); err != nil {
		return 1, err
	}
	code = m.Run()
	return code, errors.Join(closeShared(), goleak.Find())
}

// buildBinary returns $LOGCAR or a logcar built from this checkout.
func buildBinary() (string, error) {
	if path := os.Getenv("LOGCAR"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(workDir, "logcar")
	build := exec.Command("go", "build", "-o", path, "./cmd/logcar")
	build.Dir = ".." // tests run in their package's folder
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build logcar: %w: %s", err, out)
	}
	return path, nil
}

// broker returns the shared one-broker cluster.
func broker(t *testing.T) *kafka.Cluster {
	t.Helper()
	cluster, err := sharedCluster()
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

func createTopic(t *testing.T, cluster *kafka.Cluster, name string, partitions, replication int, configs map[string]string) {
	t.Helper()
	if err := cluster.CreateTopic(t.Context(), name, partitions, replication, configs); err != nil {
		t.Fatal(err)
	}
}

// delivered returns how many records a topic holds.
func delivered(t *testing.T, cluster *kafka.Cluster, topic string) int {
	t.Helper()
	ends, err := cluster.EndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, end := range ends {
		sum += end
	}
	return int(sum)
}

// eventually asks cond until it holds, and ends the test when it never does.
func eventually(t *testing.T, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-deadline.C:
			t.Fatalf("not within %v: %s", limit, what)
		case <-tick.C:
		}
	}
}
