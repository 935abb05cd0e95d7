package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// limit is far longer than anything here takes.
const limit = 30 * time.Second

// binary is the logcar under test, built from this checkout.
var binary string

func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cmd/logcar:", err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "logcar-test-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // one test runs it as another user
		return 1, err
	}
	binary = filepath.Join(dir, "logcar")
	build := exec.Command("go", "build", "-buildvcs=false", "-ldflags", "-X main.version=1.2.3-test", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build logcar: %w: %s", err, out)
	}
	// What this process inherited must not decide what the tests see.
	for _, name := range []string{"BEAT_STRICT_PERMS", "GOGC", "GOMAXPROCS"} {
		if err := os.Unsetenv(name); err != nil {
			return 1, err
		}
	}
	return m.Run(), goleak.Find()
}
