package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A rig is a directory of logs and a Guard that does not run.
type rig struct {
	t    *testing.T
	dir  string
	dirs []string
	*Guard
	logs  *observer.ObservedLogs
	kept  map[string]error // files that may not go
	asked []string         // to delete
}

func newRig(t *testing.T, cfg Config) *rig {
	r := &rig{t: t, dir: t.TempDir(), kept: map[string]error{}}
	r.dirs = []string{r.dir}
	core, logs := observer.New(zapcore.DebugLevel)
	r.logs = logs
	r.Guard = New(cfg, Logs{Directories: func() []string { return r.dirs }, Delete: r.delete}, zap.New(core))
	return r
}

// write makes a file of so many KiB, or changes its size.
func (r *rig) write(name string, kib int) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("x", kib<<10)), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// age says how long ago a file was written to.
func (r *rig) age(name string, ago time.Duration) {
	r.t.Helper()
	at := time.Now().Add(-ago)
	if err := os.Chtimes(filepath.Join(r.dir, name), at, at); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) delete(path string) (int64, error) {
	r.asked = append(r.asked, filepath.Base(path))
	if err := r.kept[filepath.Base(path)]; err != nil {
		return 0, err
	}
	fi, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	return fi.Sys().(*syscall.Stat_t).Blocks * 512, os.Remove(path)
}

// said returns the messages at a level since it was last asked.
func (r *rig) said(level zapcore.Level) []string {
	var all []string
	for _, e := range r.logs.TakeAll() {
		if e.Level == level {
			all = append(all, e.Message)
		}
	}
	return all
}

func (r *rig) wantSaid(level zapcore.Level, want ...string) {
	r.t.Helper()
	if got := r.said(level); !slices.Equal(got, want) {
		r.t.Errorf("said %q, want %q", got, want)
	}
}

// disk makes the volume so full.
func (r *rig) disk(percent int64) {
	r.statfs = func(dir string) (Volume, error) { return Volume{Path: dir, Size: 1000, Free: 1000 - 10*percent}, nil }
}

// blocks adds up what a plain walk finds.
func blocks(t *testing.T, dir string) (sum int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// Everything on the volume counts, and once: hidden, unmatched, below, by
// whatever name it is called. A hole takes up nothing.
func TestUsage(t *testing.T) {
	r := newRig(t, Config{MaxBytes: 1 << 30})
	r.write("app.log", 100)
	r.write(".hidden", 20)
	r.write("below/below/heap.dump", 300)
	for i := range 600 { // more than are read at once
		r.write(filepath.Join("many", "f"+strings.Repeat("x", i%100)+string(rune('0'+i/100))), 0)
	}
	want := blocks(t, r.dir)
	if err := os.Link(filepath.Join(r.dir, "app.log"), filepath.Join(r.dir, "again")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/", filepath.Join(r.dir, "link")); err != nil {
		t.Fatal(err)
	}
	r.write("hole", 0)
	if err := os.Truncate(filepath.Join(r.dir, "hole"), 1<<40); err != nil {
		t.Fatal(err)
	}
	r.dirs = append(r.dirs, filepath.Join(r.dir, "below"), r.dir)
	r.look()
	got := r.Stats()
	if got.Used != want || want < 420<<10 || got.Limit != 1<<30 {
		t.Errorf("used %d of %d, want %d of 1 GiB", got.Used, got.Limit, want)
	}
	if len(got.Volumes) != 1 || got.Volumes[0].Path != r.dir || got.Volumes[0].Size < got.Volumes[0].Free || got.Volumes[0].Free <= 0 {
		t.Errorf("volumes %+v", got.Volumes)
	}
	if s := r.measure(); s[len(s)-1].largest != filepath.Join(r.dir, "below/below/heap.dump") {
		t.Errorf("the largest file is %q", s[len(s)-1].largest)
	}
}

// Without a limit nothing is counted, since nobody would know what to compare it with.
func TestNoLimit(t *testing.T) {
	r := newRig(t, Config{Warn: 70, Delete: 80})
	r.write("app.log", 10)
	r.disk(10)
	r.look()
	if got := r.Stats(); got.Used != 0 || got.Limit != 0 || len(got.Volumes) != 1 || got.Volumes[0].Free != 900 {
		t.Errorf("%+v", got)
	}
	r.wantSaid(zapcore.WarnLevel)
}

// Each crossing is one warning, and a level that goes up and down around the
// threshold is no crossing each time.
func TestWarnsOncePerCrossing(t *testing.T) {
	const full = "the volume of the logs is nearly full"
	r := newRig(t, Config{Warn: 70})
	for i, step := range []struct {
		percent int64
		warns   bool
	}{{10, false}, {69, false}, {70, true}, {70, false}, {99, false}, {69, false}, {71, false}, {64, false}, {69, false}, {70, true}, {0, false}, {100, true}} {
		r.disk(step.percent)
		r.look()
		if got := r.said(zapcore.WarnLevel); slices.Equal(got, []string{full}) != step.warns || len(got) > 1 {
			t.Errorf("step %d, %d %%: %q", i, step.percent, got)
		}
	}

	r = newRig(t, Config{Warn: 0})
	r.disk(100)
	r.look()
	r.wantSaid(zapcore.WarnLevel)
}

func TestWarnsOfDirectories(t *testing.T) {
	r := newRig(t, Config{MaxBytes: 1 << 20, Warn: 70})
	r.disk(1)
	r.write("app.log", 730)
	r.write("gc.log", 10)
	r.look()
	e := r.logs.TakeAll()
	if len(e) != 1 || !strings.HasPrefix(e[0].Message, "the directories of the logs are nearly full") {
		t.Fatalf("said %v", e)
	}
	if m := e[0].ContextMap(); m["largest"] != filepath.Join(r.dir, "app.log") || m["max_bytes"] != int64(1<<20) || m["percent"].(int64) < 70 {
		t.Errorf("with %v", m)
	}
	r.look()
	r.write("app.log", 1)
	r.look()
	r.wantSaid(zapcore.WarnLevel)
	r.write("app.log", 2000)
	r.look()
	if got := r.said(zapcore.WarnLevel); len(got) != 1 {
		t.Errorf("said %q when it was full again", got)
	}
}

// The oldest go first, only rotated ones, and only until it is enough.
func TestDeletesUntilBelow(t *testing.T) {
	r := newRig(t, Config{MaxBytes: 1 << 20, Delete: 50})
	r.disk(99) // not what counts when there is a limit
	for i, name := range []string{"app.log", "app.log.1", "app.log.2", "app.log.3", "app.log.4", "app.log.5"} {
		r.write(name, 100)
		r.age(name, time.Duration(i)*time.Minute)
	}
	r.write("idle.log", 100)
	r.age("idle.log", time.Hour)
	r.kept["app.log.4"] = errors.New("it is not read")
	before := r.measure()[1].used
	r.look()
	if want := []string{"app.log.5", "app.log.4", "app.log.3"}; !slices.Equal(r.asked, want) {
		t.Errorf("asked to delete %q, want %q", r.asked, want)
	}
	after := blocks(t, r.dir)
	if got := r.Stats(); got.Deleted != 2 || got.DeletedBytes != uint64(before-after) || got.Used != after || after >= 512<<10 {
		t.Errorf("%+v; there were %d bytes, and there are %d", got, before, after)
	}
	r.wantSaid(zapcore.InfoLevel, "rotated file deleted: "+filepath.Join(r.dir, "app.log.5"), "rotated file deleted: "+filepath.Join(r.dir, "app.log.3"))
	r.look()
	if len(r.asked) != 3 {
		t.Errorf("asked to delete %q below the threshold", r.asked[3:])
	}
}

// When nothing may go, that is said once.
func TestNothingMayGo(t *testing.T) {
	r := newRig(t, Config{MaxBytes: 1 << 20, Delete: 50})
	r.write("app.log.1", 400)
	r.age("app.log.1", time.Minute)
	r.write("app.log", 400)
	r.kept["app.log.1"] = errors.New("it is not confirmed")
	for i := range 3 {
		r.look()
		e := r.logs.FilterLevelExact(zapcore.WarnLevel).TakeAll()
		r.logs.TakeAll()
		if i > 0 {
			if len(e) > 0 {
				t.Errorf("look %d said %v", i, e)
			}
			continue
		}
		if len(e) != 1 || e[0].ContextMap()["kept"] != int64(1) || e[0].ContextMap()["error"] != "it is not confirmed" {
			t.Errorf("said %v", e)
		}
	}
	delete(r.kept, "app.log.1")
	r.look()
	if got := r.Stats(); got.Deleted != 1 {
		t.Errorf("%+v", got)
	}
	r.write("app.log", 600)
	r.look()
	if got := r.said(zapcore.WarnLevel); len(got) != 1 {
		t.Errorf("said %q when it was too full again", got)
	}
}

// Without a limit it is the volume that counts.
func TestDeletesForTheVolume(t *testing.T) {
	r := newRig(t, Config{Delete: 90})
	r.write("app.log.1", 40)
	r.age("app.log.1", time.Minute)
	r.write("app.log", 40)
	r.disk(89)
	r.look()
	if len(r.asked) > 0 {
		t.Errorf("asked to delete %q", r.asked)
	}
	r.disk(90)
	r.look()
	if !slices.Equal(r.asked, []string{"app.log.1"}) {
		t.Errorf("asked to delete %q", r.asked)
	}
}

// Directories and files go at any time.
func TestGone(t *testing.T) {
	r := newRig(t, Config{MaxBytes: 1 << 20, Warn: 10, Delete: 10})
	r.write("app.log.1", 400)
	r.age("app.log.1", time.Minute)
	r.write("app.log", 400)
	r.kept["app.log.1"] = fs.ErrNotExist
	r.look()
	if got := r.logs.FilterMessageSnippet("no more rotated files").All(); len(got) != 1 || got[0].ContextMap()["kept"] != int64(0) {
		t.Errorf("said %v", got)
	}
	r.logs.TakeAll()
	if err := os.RemoveAll(r.dir); err != nil {
		t.Fatal(err)
	}
	r.look()
	if got := r.Stats(); got.Used != 0 || len(got.Volumes) != 0 || r.logs.Len() > 0 {
		t.Errorf("%+v, said %v", got, r.logs.All())
	}
	r.dirs = nil
	r.look()
}

// What cannot be looked at is said once, and is no reason not to look at the rest.
func TestUnreadable(t *testing.T) {
	r := newRig(t, Config{MaxBytes: 1 << 20, Warn: 70})
	r.write("app.log", 100)
	r.write("file", 0)
	r.dirs = append(r.dirs, filepath.Join(r.dir, "file"), filepath.Join(r.dir, "file", "below"))
	r.statfs = func(string) (Volume, error) { return Volume{}, syscall.ENOSYS }
	r.look()
	r.look()
	r.wantSaid(zapcore.WarnLevel, "cannot look into a directory, what is in it does not count")
	if got := r.Stats(); got.Used < 100<<10 || len(got.Volumes) != 0 {
		t.Errorf("%+v", got)
	}
	r.statfs = func(string) (Volume, error) { return Volume{}, nil } // as /proc has it
	r.look()
}

// The first look is at once; later ones are rare, and end with ctx.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		began := time.Now()
		var at []time.Duration
		ctx, cancel := context.WithCancel(t.Context())
		g := New(Config{}, Logs{Directories: func() []string {
			at = append(at, time.Since(began))
			if looks++; looks == 3 {
				cancel()
			}
			return nil
		}}, zap.NewNop())
		g.Run(ctx)
		if want := []time.Duration{0, every, 2 * every}; !slices.Equal(at, want) {
			t.Errorf("looked at %v, want %v", at, want)
		}
	})
}

func BenchmarkLook(b *testing.B) {
	dir := b.TempDir()
	for i := range 10 {
		if err := os.WriteFile(filepath.Join(dir, "app.log."+string(rune('0'+i))), nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	g := New(Config{MaxBytes: 1 << 30, Warn: 70, Delete: 90}, Logs{Directories: func() []string { return []string{dir} }}, zap.NewNop())
	b.ReportAllocs()
	for b.Loop() {
		g.look()
	}
}
