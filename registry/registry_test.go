package registry

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"
)

func TestOpenMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "registry", "registry.json")
	r, logs := open(t, path, Options{})
	if states := r.States(); len(states) != 0 {
		t.Errorf("states = %+v, want none", states)
	}
	if logs.Len() != 0 {
		t.Errorf("a missing file is logged: %v", logs.All())
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got&^0o750 != 0 {
		t.Errorf("directory's mode = %o, want at most 750", got)
	}
	if _, ok := r.Lookup(fileID(1)); ok {
		t.Error("Lookup knows a file")
	}
	if got := names(t, path); len(got) != 0 {
		t.Errorf("Open left %v", got)
	}
}

func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	r, _ := open(t, path, Options{})
	a := r.Cursor(State{ID: fileID(1), Path: "/logs/b.log", Head: HeadOf([]byte("first line"))})
	b := r.Cursor(State{ID: fileID(2), Path: "/logs/a.log <&> \"ü\"", Position: 1 << 40})
	a.Issue(50).Done()
	a.Issue(70) // in flight when the process ends
	b.SetHead(HeadOf([]byte("other")))
	save(t, r)

	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file's mode = %v, %v; want 600", info.Mode(), err)
	}
	if got := names(t, path); !slices.Equal(got, []string{"registry.json"}) {
		t.Errorf("directory holds %v", got)
	}
	want := r.States()
	if want[0].ID != fileID(2) || want[1].ID != fileID(1) {
		t.Errorf("states are not sorted by path: %+v", want)
	}
	r, _ = open(t, path, Options{})
	if got := r.States(); !slices.Equal(got, want) {
		t.Errorf("after restart %+v, want %+v", got, want)
	}
	if got := load(t, path); !slices.Equal(got, want) {
		t.Errorf("Load = %+v, want %+v", got, want)
	}
	s, ok := r.Lookup(fileID(1))
	if !ok || s.Position != 50 || !s.Head.Matches([]byte("first line and more")) {
		t.Errorf("Lookup = %+v, %v", s, ok)
	}
	if c := r.Cursor(s); c.Position() != 50 || c.Issued() != 50 || c.Pending() != 0 {
		t.Errorf("cursor goes on at %d, issued %d, pending %d", c.Position(), c.Issued(), c.Pending())
	}
}

// What is followed again as it was left needs no save; everything else does.
func TestWhatIsSaved(t *testing.T) {
	left := State{ID: fileID(1), Path: "/a", Position: 10, Head: HeadOf([]byte("x")), Updated: now()}
	with := func(f func(*State)) State { s := left; f(&s); return s }
	tests := []struct {
		name  string
		do    func(*Registry)
		saves uint64
	}{
		{"nothing", func(*Registry) {}, 0},
		{"followed as it was left", func(r *Registry) { r.Cursor(left) }, 0},
		{"looked up and followed", func(r *Registry) { s, _ := r.Lookup(left.ID); r.Cursor(s) }, 0},
		{"a new file", func(r *Registry) { r.Cursor(State{ID: fileID(2)}) }, 1},
		{"another position", func(r *Registry) { r.Cursor(with(func(s *State) { s.Position = 0 })) }, 1},
		{"another path", func(r *Registry) { r.Cursor(with(func(s *State) { s.Path = "/b" })) }, 1},
		{"issued alone", func(r *Registry) { r.Cursor(left).Issue(20) }, 0},
		{"acknowledged", func(r *Registry) { r.Cursor(left).Issue(20).Done() }, 1},
		{"acknowledged behind a gap", func(r *Registry) { c := r.Cursor(left); c.Issue(20); c.Issue(30).Done() }, 0},
		{"acknowledged no bytes", func(r *Registry) { r.Cursor(left).Issue(10).Done() }, 0},
		{"acknowledged astray", func(r *Registry) { r.Cursor(left).Ack(0) }, 0},
		{"same head", func(r *Registry) { r.Cursor(left).SetHead(left.Head) }, 0},
		{"another head", func(r *Registry) { r.Cursor(left).SetHead(Head{}) }, 1},
		{"same path", func(r *Registry) { r.Cursor(left).SetPath("/a") }, 0},
		{"renamed", func(r *Registry) { r.Cursor(left).SetPath("/b") }, 1},
		{"removed", func(r *Registry) { r.Remove(left.ID) }, 1},
		{"removed, and acknowledged later", func(r *Registry) {
			token := r.Cursor(left).Issue(20)
			r.Remove(left.ID)
			save(t, r)
			token.Done()
		}, 1},
		{"removed unknown", func(r *Registry) { r.Remove(fileID(9)) }, 0},
		{"saved twice", func(r *Registry) { r.Remove(left.ID); save(t, r) }, 1},
		{"old cursor", func(r *Registry) {
			old := r.Cursor(left)
			token := old.Issue(20)
			r.Cursor(left)
			token.Done()
			old.SetPath("/old")
			old.SetHead(Head{})
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.json")
			r, _ := open(t, path, Options{})
			r.Cursor(left)
			save(t, r)
			r, _ = open(t, path, Options{})
			tt.do(r)
			save(t, r)
			if got := r.Stats().Saves; got != tt.saves {
				t.Errorf("%d saves, want %d", got, tt.saves)
			}
			if got, want := load(t, path), r.States(); !slices.Equal(got, want) {
				t.Errorf("file holds %+v, registry %+v", got, want)
			}
		})
	}
}

func TestDetachedCursor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	r, _ := open(t, path, Options{})
	old := r.Cursor(State{ID: fileID(1), Position: 100})
	late := old.Issue(200)
	truncated := r.Cursor(State{ID: fileID(1)})
	truncated.Issue(30).Done()
	late.Done()
	if old.Position() != 200 || old.Pending() != 0 {
		t.Errorf("the old cursor is at %d, pending %d", old.Position(), old.Pending())
	}
	if s, _ := r.Lookup(fileID(1)); s.Position != 30 {
		t.Errorf("a late acknowledgement moved the registry to %d, want 30", s.Position)
	}

	inFlight := truncated.Issue(60)
	r.Remove(fileID(1))
	inFlight.Done()
	if states := r.States(); len(states) != 0 {
		t.Errorf("a late acknowledgement brought a removed file back: %+v", states)
	}
}

// A file that is followed by another name keeps its cursor, and what is in flight.
func TestRename(t *testing.T) {
	r, _ := open(t, filepath.Join(t.TempDir(), "registry.json"), Options{})
	other := r.Cursor(State{ID: fileID(2), Position: 5})
	c := r.Cursor(State{ID: fileID(1), Position: 100})
	token := c.Issue(200)
	r.Rename(fileID(1), fileID(2))
	r.Rename(fileID(9), fileID(2)) // nobody knows it
	token.Done()
	other.Issue(10).Done()
	if states := r.States(); len(states) != 1 || states[0].ID != fileID(2) || states[0].Position != 200 {
		t.Errorf("registry %+v", states)
	}
}

func TestUpdated(t *testing.T) {
	r, _ := open(t, filepath.Join(t.TempDir(), "registry.json"), Options{})
	long := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	c := r.Cursor(State{ID: fileID(1), Updated: long})
	c.SetPath("/a")
	c.Issue(10)
	if s, _ := r.Lookup(fileID(1)); !s.Updated.Equal(long) {
		t.Errorf("Updated = %v before the position moved, want %v", s.Updated, long)
	}
	c.Ack(0)
	if s, _ := r.Lookup(fileID(1)); time.Since(s.Updated) > time.Minute {
		t.Errorf("Updated = %v after the position moved, want now", s.Updated)
	}
}

func TestOpenUnwritable(t *testing.T) {
	// Where the fault is, below a fresh directory; the registry is data/registry.json.
	tests := []struct {
		name  string
		fault func(t *testing.T, dir string) (repair func())
	}{
		{"directory can't be made", func(t *testing.T, dir string) func() {
			write(t, filepath.Join(dir, "data"), "a file")
			return func() {
				if err := os.Remove(filepath.Join(dir, "data")); err != nil {
					t.Fatal(err)
				}
			}
		}},
		{"file can't be made", func(t *testing.T, dir string) func() {
			return block(t, filepath.Join(dir, "data", "registry.json.tmp"))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			repair := tt.fault(t, dir)
			path := filepath.Join(dir, "data", "registry.json")
			r, logs := open(t, path, Options{})
			if n := logs.FilterLevelExact(zapcore.ErrorLevel).Len(); n != 1 || !r.Stats().Failing {
				t.Fatalf("%d errors logged, want 1; stats %+v", n, r.Stats())
			}
			c := r.Cursor(State{ID: fileID(1)})
			c.Issue(10).Done()
			if err := r.Save(); err == nil || !strings.HasPrefix(err.Error(), "save registry: ") {
				t.Fatalf("Save = %v", err)
			}
			if c.Position() != 10 {
				t.Errorf("position in memory = %d, want 10", c.Position())
			}
			repair()
			save(t, r)
			if r.Stats().Failing || logs.FilterLevelExact(zapcore.InfoLevel).Len() != 1 {
				t.Errorf("recovery: stats %+v, log %v", r.Stats(), logs.All())
			}
			if got := load(t, path); len(got) != 1 || got[0].Position != 10 {
				t.Errorf("saved %+v", got)
			}
		})
	}
}

// A volume that became read-only still says where to go on.
func TestOpenUnwritableKeepsPositions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	r, _ := open(t, path, Options{})
	r.Cursor(State{ID: fileID(1), Position: 10})
	save(t, r)
	block(t, path+".tmp")
	r, _ = open(t, path, Options{})
	if s, ok := r.Lookup(fileID(1)); !ok || s.Position != 10 {
		t.Errorf("Lookup = %+v, %v", s, ok)
	}
}

func TestOpenNotAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	block(t, path)
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("Open of a directory = %v", err)
	}
}

func TestOpenLeftoverTemp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	r, _ := open(t, path, Options{})
	r.Cursor(State{ID: fileID(1), Position: 10})
	save(t, r)
	write(t, path+".tmp", `{"version":1,"files":[{"device":65`)
	r, logs := open(t, path, Options{})
	if s, ok := r.Lookup(fileID(1)); !ok || s.Position != 10 || logs.Len() != 0 {
		t.Errorf("Lookup = %+v, %v; log %v", s, ok, logs.All())
	}
	if got := names(t, path); !slices.Equal(got, []string{"registry.json"}) {
		t.Errorf("directory holds %v", got)
	}
}

func TestOpenCorrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	const content = `{"version":1,"files":[{"dev`
	write(t, path, content)

	if _, err := Open(path, Options{OnCorrupt: Fail}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Open with Fail = %v, want ErrCorrupt", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != content {
		t.Errorf("Fail left %q, %v", got, err)
	}

	r, logs := open(t, path, Options{})
	if logs.FilterLevelExact(zapcore.ErrorLevel).Len() != 1 || len(r.States()) != 0 {
		t.Errorf("log %v, states %v", logs.All(), r.States())
	}
	aside, _ := logs.All()[0].ContextMap()["set_aside"].(string)
	if got, err := os.ReadFile(aside); err != nil || string(got) != content {
		t.Errorf("set aside in %q: %q, %v", aside, got, err)
	}
	r.Cursor(State{ID: fileID(1)}).Issue(5).Done()
	save(t, r)
	if got := load(t, path); len(got) != 1 || got[0].Position != 5 {
		t.Errorf("saved %+v", got)
	}
}

func TestSetAsideKeepsFew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	write(t, path+".corrupt-99", "oldest")
	write(t, path+".corrupt-note", "not ours")
	write(t, path+"l.corrupt-1", "not ours")
	for i := range 5 { // within one second
		write(t, path, strings.Repeat("x", i))
		open(t, path, Options{})
	}
	var sizes []int64
	got := names(t, path)
	for _, name := range got {
		info, err := os.Stat(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	if want := []int64{2, 3, 4, 8, 8}; !slices.Equal(sizes, want) || slices.Contains(got, "registry.json.corrupt-99") {
		t.Errorf("directory holds %v of sizes %v, want sizes %v", got, sizes, want)
	}
}

// The corrupt file can't be moved, here because its name would become too long:
// shipping goes on nevertheless.
func TestSetAsideFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("r", 250))
	write(t, path, "{")
	r, logs := open(t, path, Options{})
	if logs.Len() != 1 || logs.All()[0].ContextMap()["set_aside_error"] == nil {
		t.Errorf("log %v", logs.All())
	}
	r.Cursor(State{ID: fileID(1), Position: 5})
	save(t, r)
	if got := load(t, path); len(got) != 1 || got[0].Position != 5 {
		t.Errorf("saved %+v", got)
	}
}

func TestOpenNewerVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	const content = `{"version":2,"files":{"a":"of another shape"}}`
	write(t, path, content)
	for _, on := range []OnCorrupt{SetAside, Fail} {
		_, err := Open(path, Options{OnCorrupt: on})
		if !errors.Is(err, ErrVersion) || errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "version 2, this one knows 1") {
			t.Errorf("Open = %v, want ErrVersion", err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != content {
		t.Errorf("file is now %q, %v", got, err)
	}
	if got := names(t, path); !slices.Equal(got, []string{"registry.json"}) {
		t.Errorf("directory holds %v", got)
	}
}
