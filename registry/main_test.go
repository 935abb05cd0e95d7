package registry

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logcar/logcar/event"
)

// children are what the test binary does instead of testing when it is run again
// with childEnv set: things that need a process of their own to die or to starve.
var children = map[string]func(dir string){
	"save": saveChild,
	"lock": lockChild,
}

const (
	childEnv = "LOGCAR_REGISTRY_TEST_CHILD"
	dirEnv   = "LOGCAR_REGISTRY_TEST_DIR"
)

func TestMain(m *testing.M) {
	if child := children[os.Getenv(childEnv)]; child != nil {
		child(os.Getenv(dirEnv))
		return
	}
	goleak.VerifyTestMain(m)
}

// childCommand returns the command that runs a child; its standard input ends
// when the parent does, which must end the child.
func childCommand(t *testing.T, name, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+name, dirEnv+"="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

func fileID(inode uint64) event.FileID {
	return event.FileID{Device: 65024, Inode: inode}
}

// open opens the registry or fails, and returns its log.
func open(t *testing.T, path string, opts Options) (*Registry, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	opts.Log = zap.New(core)
	r, err := Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r, logs
}

func save(t *testing.T, r *Registry) {
	t.Helper()
	if err := r.Save(); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, path string) []State {
	t.Helper()
	states, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return states
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// block puts a directory in path's place that neither a file nor root's rights
// can replace.
func block(t *testing.T, path string) (unblock func()) {
	t.Helper()
	write(t, filepath.Join(path, "in the way"), "")
	return func() {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

// names lists the directory that path is in.
func names(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
