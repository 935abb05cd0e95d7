package registry

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zapcore"
)

// A save that fails at any step leaves the old file, and no other.
func TestSaveFails(t *testing.T) {
	tests := []struct {
		name  string
		block string // what is put in the way
	}{
		{"create", "registry.json.tmp"},
		{"rename", "registry.json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			r, _ := open(t, filepath.Join(dir, "registry.json"), Options{})
			unblock := block(t, filepath.Join(dir, tt.block))
			c := r.Cursor(State{ID: fileID(1)})
			for range 2 {
				if err := r.Save(); err == nil {
					t.Fatal("Save succeeded")
				}
				if got := names(t, filepath.Join(dir, "registry.json")); !slices.Equal(got, []string{tt.block}) {
					t.Errorf("directory holds %v", got)
				}
			}
			if stats := r.Stats(); stats.Failures != 2 || !stats.Failing || stats.Saves != 0 {
				t.Errorf("stats = %+v", stats)
			}
			c.Issue(10).Done()
			unblock()
			save(t, r)
			if got := load(t, filepath.Join(dir, "registry.json")); len(got) != 1 || got[0].Position != 10 {
				t.Errorf("saved %+v", got)
			}
		})
	}
}

// The directory vanishes while logcar runs.
func TestSaveMakesDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "registry.json")
	r, _ := open(t, path, Options{})
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	r.Cursor(State{ID: fileID(1), Position: 10})
	save(t, r)
	if got := load(t, path); len(got) != 1 || got[0].Position != 10 {
		t.Errorf("saved %+v", got)
	}
}

// A change that comes at any moment of a save is in this save or in the next.
func TestSaveMissesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	r, _ := open(t, path, Options{})
	var c *Cursor
	for i := range uint64(500) { // enough for a save to last a while
		c = r.Cursor(State{ID: fileID(i)})
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		r.mark()
		saved := make(chan error)
		go func() { saved <- r.Save() }()
		moment := time.Duration(rng.IntN(1500)) * time.Microsecond
		for start := time.Now(); time.Since(start) < moment; {
			runtime.Gosched()
		}
		c.Issue(c.Issued() + 1).Done()
		if err := <-saved; err != nil {
			t.Fatal(err)
		}
		save(t, r)
		if got := load(t, path); !slices.Equal(got, r.States()) {
			t.Fatal("a change during a save is not on disk after the next one")
		}
	}
}

// The disk takes the first bytes of the temporary file and no more. A limit on
// the size of files does that to one process; the limit holds for all that it
// writes, so the test runs itself again in a process of its own.
func TestSaveFullDisk(t *testing.T) {
	const env = "LOGCAR_REGISTRY_TEST_FULL"
	if os.Getenv(env) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSaveFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), env+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestSaveFullDisk") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	space := func(bytes uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: limit.Max}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "registry.json")
	synctest.Test(t, func(t *testing.T) {
		r, logs := open(t, path, Options{})
		c := r.Cursor(State{ID: fileID(1), Position: 5})
		_, stop := running(t, r)
		old := load(t, path)

		space(40)
		shipped := time.Now()
		for range 100 {
			c.Issue(c.Issued() + 1).Done() // the disk is full, shipping goes on
		}
		if time.Since(shipped) != 0 {
			t.Errorf("shipping was blocked for %v", time.Since(shipped))
		}
		elapse(10 * time.Second)
		if got := r.Stats(); got.Failures < 3 || got.Saves != 1 {
			t.Errorf("stats = %+v", got)
		}
		if err := r.Save(); !errors.Is(err, syscall.EFBIG) {
			t.Errorf("Save = %v, want EFBIG", err)
		}
		if n := logs.FilterLevelExact(zapcore.ErrorLevel).Len(); n != 1 {
			t.Errorf("%d errors logged, want 1: %v", n, logs.All())
		}
		if got := load(t, path); !slices.Equal(got, old) {
			t.Errorf("file holds %+v, want %+v", got, old)
		}
		if got := names(t, path); !slices.Equal(got, []string{"registry.json"}) {
			t.Errorf("directory holds %v", got)
		}

		space(limit.Cur)
		elapse(maxBackoff)
		if got := load(t, path); got[0].Position != 105 || r.Stats().Failing {
			t.Errorf("file holds %+v, stats %+v", got, r.Stats())
		}
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

const childFiles = 50

// saveChild goes on from what is saved: it moves all files by one and saves,
// saying so before and after, until it is killed.
func saveChild(dir string) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // the parent is gone
	}()
	r, err := Open(filepath.Join(dir, "registry.json"), Options{OnCorrupt: Fail})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, _ := r.Lookup(fileID(0))
	for position := s.Position + 1; ; position++ {
		for i := range uint64(childFiles) {
			// The length changes from save to save, so that a mix of two would show.
			path := fmt.Sprintf("/logs/%d-%s", i, strings.Repeat("x", int(position*37%200)))
			r.Cursor(State{ID: fileID(i), Path: path}).Issue(position).Done()
		}
		fmt.Println("saving", position)
		if err := r.Save(); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("saved", position)
	}
}

// A process that is killed while it saves leaves the save before or the new one,
// whole.
func TestKilledWhileSaving(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "registry.json")
	rng := rand.New(rand.NewPCG(1, 1))
	inSave, torn := 0, 0
	for range 40 {
		saved, saving := killSaver(t, dir, 1+rng.IntN(12))
		if saving > saved {
			inSave++
		}
		if slices.Contains(names(t, path), "registry.json.tmp") {
			torn++
		}
		states, err := Load(path)
		if saved == 0 && errors.Is(err, fs.ErrNotExist) {
			continue // killed in its very first save
		}
		if err != nil || len(states) != childFiles {
			t.Fatalf("%d files, %v; want %d", len(states), err, childFiles)
		}
		for _, s := range states {
			if s.Position != states[0].Position {
				t.Fatalf("positions of two saves: %d and %d", s.Position, states[0].Position)
			}
		}
		if got := states[0].Position; got != saved && got != saving {
			t.Fatalf("position %d after a kill; saved was %d, being saved %d", got, saved, saving)
		}
	}
	t.Logf("of 40 kills %d hit a save, %d of them before its rename", inSave, torn)
	if inSave == 0 {
		t.Error("no kill hit a save")
	}
}

// killSaver runs saveChild, kills it when it has said n lines, and returns the
// positions that it last said to have saved and to be saving.
func killSaver(t *testing.T, dir string, n int) (saved, saving int64) {
	t.Helper()
	if states, err := Load(filepath.Join(dir, "registry.json")); err == nil {
		saved, saving = states[0].Position, states[0].Position
	}
	cmd := childCommand(t, "save", dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for i := 1; lines.Scan(); i++ {
		var verb string
		var position int64
		if _, err := fmt.Sscan(lines.Text(), &verb, &position); err != nil {
			t.Errorf("child: %s", lines.Text())
		}
		if saving = position; verb == "saved" {
			saved = position
		}
		if i == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("child was not killed: %v", err)
	}
	return saved, saving
}
