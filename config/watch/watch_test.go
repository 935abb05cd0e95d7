package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit is far longer than anything here takes.
const limit = 20 * time.Second

// tree is a directory, with no links on the way to it.
type tree struct {
	t   *testing.T
	dir string
}

func newTree(t *testing.T) tree {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return tree{t, dir}
}

func (tr tree) path(name string) string { return filepath.Join(tr.dir, name) }

func (tr tree) must(err error) {
	tr.t.Helper()
	if err != nil {
		tr.t.Fatal(err)
	}
}

func (tr tree) write(name, text string) {
	tr.t.Helper()
	tr.must(os.MkdirAll(filepath.Dir(tr.path(name)), 0o755))
	tr.must(os.WriteFile(tr.path(name), []byte(text), 0o644))
}

func (tr tree) rename(from, to string) { tr.t.Helper(); tr.must(os.Rename(tr.path(from), tr.path(to))) }
func (tr tree) remove(name string)     { tr.t.Helper(); tr.must(os.RemoveAll(tr.path(name))) }
func (tr tree) link(to, name string)   { tr.t.Helper(); tr.must(os.Symlink(to, tr.path(name))) }

// publish does what kubelet does with a ConfigMap.
func (tr tree) publish(version, text string) {
	tr.write("map/.."+version+"/f.yml", text)
	tr.link(".."+version, "map/..data_tmp")
	tr.rename("map/..data_tmp", "map/..data")
}

// TestRun: whatever way a file changes, it is told of.
func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name   string
		target string
		before func(tree)
		after  []func(tree) // each is a change
	}{
		{"written in place", "f.yml", func(tr tree) { tr.write("f.yml", "1") },
			[]func(tree){func(tr tree) { tr.write("f.yml", "2") }, func(tr tree) { tr.write("f.yml", "3") }}},
		{"replaced", "f.yml", func(tr tree) { tr.write("f.yml", "1"); tr.write("new", "2"); tr.write("newer", "3") },
			[]func(tree){func(tr tree) { tr.rename("new", "f.yml") }, func(tr tree) { tr.rename("newer", "f.yml") }}},
		{"removed and made again", "f.yml", func(tr tree) { tr.write("f.yml", "1") },
			[]func(tree){func(tr tree) { tr.remove("f.yml") }, func(tr tree) { tr.write("f.yml", "2") }}},
		{"not there yet", "a/b/f.yml", func(tree) {},
			[]func(tree){func(tr tree) { tr.must(os.Mkdir(tr.path("a"), 0o755)) }, func(tr tree) { tr.write("a/b/f.yml", "2") }, func(tr tree) { tr.write("a/b/f.yml", "3") }}},
		{"its directory made anew", "a/f.yml", func(tr tree) { tr.write("a/f.yml", "1") },
			[]func(tree){func(tr tree) { tr.remove("a") }, func(tr tree) { tr.write("a/f.yml", "2") }, func(tr tree) { tr.write("a/f.yml", "3") }}},
		{"its directory replaced", "a/f.yml", func(tr tree) {
			tr.write("1/f.yml", "1")
			tr.write("2/f.yml", "1")
			tr.link("1", "a")
			tr.link("2", "b")
		},
			[]func(tree){func(tr tree) { tr.rename("b", "a") }, func(tr tree) { tr.write("2/f.yml", "2") }}},
		{"a ConfigMap", "map/f.yml", func(tr tree) { tr.publish("1", "1"); tr.link("..data/f.yml", "map/f.yml") },
			[]func(tree){func(tr tree) { tr.publish("2", "2"); tr.remove("map/..1") }, func(tr tree) { tr.publish("3", "3"); tr.remove("map/..2") }}},
		{"a link to a ConfigMap", "f.yml", func(tr tree) {
			tr.publish("1", "1")
			tr.link("..data/f.yml", "map/f.yml")
			tr.link(tr.path("map/f.yml"), "f.yml")
		}, []func(tree){func(tr tree) { tr.publish("2", "2") }}},
		{"a pattern", "in.d/*.yml", func(tr tree) { tr.write("in.d/a.yml", "1") },
			[]func(tree){func(tr tree) { tr.write("in.d/a.yml", "2") }, func(tr tree) { tr.write("in.d/b.yml", "1") }, func(tr tree) { tr.remove("in.d/a.yml") }}},
		{"a pattern's ConfigMap", "map/*.yml", func(tr tree) { tr.publish("1", "1"); tr.link("..data/f.yml", "map/f.yml") },
			[]func(tree){func(tr tree) { tr.publish("2", "2") }}},
		{"a pattern of directories", "*/in/*.yml", func(tr tree) { tr.write("a/in/x.txt", "1") },
			[]func(tree){func(tr tree) { tr.write("a/in/f.yml", "1") }, func(tr tree) { tr.must(os.MkdirAll(tr.path("b/in"), 0o755)) }, func(tr tree) { tr.write("b/in/g.yml", "1") }}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := newTree(t)
			tt.before(tr)
			calls, end := listen(t, Target{tr.path(tt.target), filepath.Base(tt.target)[0] == '*'}, zap.NewNop())
			defer end()
			<-calls // the first one
			for i, change := range tt.after {
				change(tr)
				select {
				case <-calls:
				case <-time.After(limit):
					t.Fatalf("change %d is not told of", i)
				}
				// What the change has made in several steps may be told of twice.
				for more := true; more; {
					select {
					case <-calls:
					case <-time.After(3 * settle):
						more = false
					}
				}
			}
		})
	}
}

// listen runs a watcher of one target.
func listen(t *testing.T, target Target, log *zap.Logger) (calls <-chan struct{}, end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	called, ended := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(ended)
		Run(ctx, []Target{target}, 0, log, func() { called <- struct{}{} })
	}()
	return called, func() { cancel(); <-ended }
}

// TestConcern: what else happens in the same directories is nobody's concern.
func TestConcern(t *testing.T) {
	tr := newTree(t)
	tr.publish("1", "1")
	tr.link("..data/f.yml", "map/f.yml")
	tr.write("in.d/a.yml", "1")
	p := find([]Target{{Path: tr.path("map/f.yml")}, {tr.path("in.d/*.yml"), true}, {tr.path("deep/*/in/*.yml"), true}})
	for name, want := range map[string]bool{
		"map/f.yml": true, "map/..data": true, "map/..1/f.yml": true, "map/..1": true, "map/..2": false, "map/g.yml": false, "map/..data_tmp": false,
		"in.d/a.yml": true, "in.d/b.yml": true, "in.d/a.yml~": false, "in.d/x/a.yml": false, "in.d": true,
		"deep": true, "other": false, "map": true,
	} {
		if got := p.concern(tr.path(name)); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	tr.write("deep/1/x.txt", "")
	p = find([]Target{{tr.path("deep/*/in/*.yml"), true}})
	for name, want := range map[string]bool{"deep/2": true, "deep/1/in": true, "deep/1/on": false, "deep/1/in/a.yml": true, "deep/1/in/a.txt": false} {
		if got := p.concern(tr.path(name)); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestLoop: links that lead to each other end somewhere.
func TestLoop(t *testing.T) {
	tr := newTree(t)
	tr.link("b", "a")
	tr.link("a", "b")
	if p := find([]Target{{Path: tr.path("a/f.yml")}}); !p.concern(tr.path("a")) || !p.concern(tr.path("b")) {
		t.Errorf("places %+v", p)
	}
}

// TestPeriod: it calls when it is asked to, and otherwise sleeps.
func TestPeriod(t *testing.T) {
	for period, want := range map[time.Duration]int{0: 1, time.Minute: 1 + 59} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour-time.Second)
			defer cancel()
			n := 0
			Run(ctx, nil, period, zap.NewNop(), func() { n++ })
			if n != want {
				t.Errorf("period %v: %d calls in an hour, want %d", period, n, want)
			}
		})
	}
}

// TestUnwatchable: where nothing can be watched one line says so.
func TestUnwatchable(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	w := watcher{log: zap.New(core)}
	w.open()
	w.close()
	w.targets = []Target{{Path: newTree(t).path("a")}}
	w.set()
	w.set()
	if logs.Len() != 1 {
		t.Errorf("log %v", logs.All())
	}
}
