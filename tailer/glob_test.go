package tailer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
)

func TestExpand(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	deep := func(before, after string) []string {
		var all []string
		for depth := range 9 {
			all = append(all, filepath.Clean(before+strings.Repeat("*/", depth)+after))
		}
		return all
	}
	for _, c := range []struct {
		path      string
		recursive bool
		want      []string
	}{
		{"/var/log/*.log", true, []string{"/var/log/*.log"}},
		{"/var/log/../x/./a.log", true, []string{"/var/x/a.log"}},
		{"a.log", true, []string{wd + "/a.log"}},
		{"/x/**/a.log", true, deep("/x/", "a.log")},
		{"/x/**/y/*.log", true, deep("/x/", "y/*.log")},
		{"/x/**", true, deep("/x/", "")},
		{"/**/a.log", true, deep("/", "a.log")},
		{"/x/**/a.log", false, []string{"/x/**/a.log"}},
		{"/x/a**/b.log", true, []string{"/x/a**/b.log"}},
		{"/x/**.log", true, []string{"/x/**.log"}},
	} {
		got, err := expand(c.path, c.recursive)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("expand(%q, %v) = %q, %v; want %q", c.path, c.recursive, got, err, c.want)
		}
	}
	for _, path := range []string{"/x/[", "/x/**/y/**/z", "/**/***/x"} {
		if got, err := expand(path, true); err == nil {
			t.Errorf("expand(%q) = %q", path, got)
		}
	}
}

// Watches are a scarce thing: directories alone have them, and each once.
func TestDirectories(t *testing.T) {
	s := newScript(t, notified)
	s.do("mkdir a/b/c", "mkdir x", "create a/1.log", "create a/b/2.log", "create 3.log", "create a/b/c/4.txt")
	for _, c := range []struct {
		paths []string
		want  []string
	}{
		{[]string{"*.log"}, []string{""}},
		{[]string{"*.log", "*.txt", "a/*"}, []string{"", "/a"}},
		{[]string{"a/b/*.log"}, []string{"/a/b"}},
		{[]string{"nowhere/at/all/*.log", "3.log/*.log"}, []string{""}},
		{[]string{"a/*/*.log"}, []string{"/a", "/a/b"}},
		{[]string{"*/*/*/*.log"}, []string{"", "/a", "/a/b", "/a/b/c", "/x"}},
		{[]string{"**/*.log"}, []string{"", "/a", "/a/b", "/a/b/c", "/x"}},
		{[]string{"a/**"}, []string{"", "/a", "/a/b", "/a/b/c"}},
	} {
		var patterns [][]string
		for _, path := range c.paths {
			p, err := expand(s.abs(path), true)
			if err != nil {
				t.Fatal(err)
			}
			patterns = append(patterns, p)
		}
		var got []string
		for _, d := range directories(patterns) {
			got = append(got, strings.TrimPrefix(d, s.dir))
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, c.want) {
			t.Errorf("%q: directories %q, want %q", c.paths, got, c.want)
		}
	}
}

// The watcher says what is new, watches it, and lets go of the rest.
func TestWatcherSet(t *testing.T) {
	s := newScript(t, notified)
	s.do("mkdir a", "mkdir b")
	logs := s.observe()
	w := newWatcher(logs)
	defer w.close()
	for i, c := range []struct {
		dirs  []string
		fresh bool
		want  []string
	}{
		{[]string{"a"}, true, []string{"a"}},
		{[]string{"a", "a"}, false, []string{"a"}},
		{[]string{"a", "b"}, true, []string{"a", "b"}},
		{[]string{"b", "nowhere", "neither"}, false, []string{"b"}},
		{[]string{"a"}, true, []string{"a"}},
		{nil, false, nil},
	} {
		var dirs []string
		for _, d := range c.dirs {
			dirs = append(dirs, s.abs(d))
		}
		fresh := w.set(dirs)
		var got []string
		for _, d := range w.fs.WatchList() {
			got = append(got, filepath.Base(d))
		}
		slices.Sort(got)
		if fresh != c.fresh || !slices.Equal(got, c.want) {
			t.Errorf("set %d: %v, watches %q, want %v, %q", i, fresh, got, c.fresh, c.want)
		}
	}
	if n := s.logged("cannot watch a directory"); n != 1 {
		t.Errorf("logged %d times, want once", n)
	}
}

// The directories of the inputs are those that are there and hold their files,
// each once, and not those on the way to what is still to come.
func TestDirectoriesOfInputs(t *testing.T) {
	s := newScript(t, notified)
	s.do("mkdir logs/a", "mkdir logs/b", "write logs/c \"one\"", "mkdir other", "ln -s logs linked")
	a, b := DefaultInput(), DefaultInput()
	a.Paths = []string{s.abs("logs/*/*.log"), s.abs("logs/a/app.log"), s.abs("none/*.log")}
	b.Paths = []string{s.abs("other/**/*.log")}
	tl := newTailer(t, notified, []*Input{&a, &b}, Options{}, openRegistry(t, s.data), nil, zap.NewNop())
	want := []string{s.abs("logs/a"), s.abs("logs/b"), s.abs("other")}
	if got := tl.Directories(); !slices.Equal(got, want) {
		t.Errorf("directories %q, want %q", got, want)
	}
}
