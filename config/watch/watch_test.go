package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

// TestRun: whatever way a file changes, it is told of once, and nothing else is.
func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name   string
		target string
		before func(tree)
		after  []func(tree) // each is a change
	}{
		{"written in place", "f.yml", func(tr tree) { tr.write("f.yml", "1") },
			[]func(tree){func(tr tree) { tr.write("f.yml", "22") }, func(tr tree) { tr.write("f.yml", "333") }}},
		{"replaced", "f.yml", func(tr tree) { tr.write("f.yml", "1"); tr.write("new", "2"); tr.write("newer", "3") },
			[]func(tree){func(tr tree) { tr.rename("new", "f.yml") }, func(tr tree) { tr.rename("newer", "f.yml") }}},
		{"removed and made again", "f.yml", func(tr tree) { tr.write("f.yml", "1") },
			[]func(tree){func(tr tree) { tr.remove("f.yml") }, func(tr tree) { tr.write("f.yml", "22") }}},
		{"not there yet", "a/b/f.yml", func(tree) {},
			[]func(tree){func(tr tree) { tr.write("a/b/f.yml", "22") }, func(tr tree) { tr.write("a/b/f.yml", "333") }}},
		{"its directory made anew", "a/f.yml", func(tr tree) { tr.write("a/f.yml", "1") },
			[]func(tree){func(tr tree) { tr.remove("a") }, func(tr tree) { tr.write("a/f.yml", "22") }, func(tr tree) { tr.write("a/f.yml", "333") }}},
		{"its directory replaced", "a/f.yml", func(tr tree) {
			tr.write("1/f.yml", "1")
			tr.write("2/f.yml", "1")
			tr.link("1", "a")
			tr.link("2", "b")
		},
			[]func(tree){func(tr tree) { tr.rename("b", "a") }, func(tr tree) { tr.write("2/f.yml", "22") }}},
		{"a ConfigMap", "map/f.yml", func(tr tree) { tr.publish("1", "1"); tr.link("..data/f.yml", "map/f.yml") },
			[]func(tree){func(tr tree) { tr.publish("2", "2"); tr.remove("map/..1") }, func(tr tree) { tr.publish("3", "3"); tr.remove("map/..2") }}},
		{"a link to a ConfigMap", "f.yml", func(tr tree) {
			tr.publish("1", "1")
			tr.link("..data/f.yml", "map/f.yml")
			tr.link(tr.path("map/f.yml"), "f.yml")
		}, []func(tree){func(tr tree) { tr.publish("2", "2") }}},
		{"a pattern", "in.d/*.yml", func(tr tree) { tr.write("in.d/a.yml", "1") },
			[]func(tree){func(tr tree) { tr.write("in.d/a.yml", "22") }, func(tr tree) { tr.write("in.d/b.yml", "1") }, func(tr tree) { tr.remove("in.d/a.yml") }}},
		{"a pattern's ConfigMap", "map/*.yml", func(tr tree) { tr.publish("1", "1"); tr.link("..data/f.yml", "map/f.yml") },
			[]func(tree){func(tr tree) { tr.publish("2", "2") }}},
		{"a pattern of directories", "*/in/*.yml", func(tr tree) { tr.write("a/in/x.txt", "1") },
			[]func(tree){func(tr tree) { tr.write("a/in/f.yml", "1") }, func(tr tree) { tr.write("b/in/g.yml", "1") }}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTree(t)
			tt.before(tr)
			synctest.Test(t, func(t *testing.T) {
				calls, end := listen(t, Target{tr.path(tt.target), strings.Contains(tt.target, "*")})
				defer end()
				want := func(n int, when string) {
					t.Helper()
					if len(calls) != n {
						t.Fatalf("%d calls %s, want %d", len(calls), when, n)
					}
					for range n {
						<-calls
					}
				}
				synctest.Wait()
				want(1, "at the start")
				for i, change := range tt.after {
					pass(5 * Every)
					want(0, fmt.Sprintf("before change %d", i))
					change(tr)
					tr.write("beside", fmt.Sprint(i))
					pass(2 * Every)
					want(1, fmt.Sprintf("after change %d", i))
				}
			})
		})
	}
}

// pass lets time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// listen watches a target.
func listen(t *testing.T, target Target) (calls <-chan struct{}, end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	called, ended := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(ended)
		Run(ctx, []Target{target}, Every, func() { called <- struct{}{} })
	}()
	return called, func() { cancel(); <-ended }
}

// TestSettle: a file that somebody writes to is not told of before that is over, as
// far as one can wait.
func TestSettle(t *testing.T) {
	for writes, want := range map[int]int{5: 1, 10 * attempts: 1} {
		tr := newTree(t)
		tr.write("f.yml", "")
		synctest.Test(t, func(t *testing.T) {
			calls, end := listen(t, Target{Path: tr.path("f.yml")})
			defer end()
			pass(Every)
			<-calls
			for i := range writes {
				tr.write("f.yml", strings.Repeat("x", i+1))
				pass(settle / 2)
				if i < 5 && len(calls) > 0 {
					t.Fatalf("told of after %d of %d writes", i+1, writes)
				}
			}
			pass(2 * Every)
			if len(calls) < want {
				t.Errorf("%d calls after %d writes, want %d", len(calls), writes, want)
			}
		})
	}
}
