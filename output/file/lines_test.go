package file

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// readLines returns what the series in dir holds, the oldest first, and how much
// that is.
func readLines(t *testing.T, dir string) (lines []string, size int64) {
	t.Helper()
	files, err := newSeries(dir, "letters").list()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range files {
		b, err := os.ReadFile(newSeries(dir, "letters").path(n))
		if err != nil {
			t.Fatal(err)
		}
		size += int64(len(b))
		lines = append(lines, strings.SplitAfter(strings.TrimSuffix(string(b), "\n"), "\n")...)
	}
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\n")
	}
	return lines, size
}

// What is kept is always the newest, in order, and within the bound; and not much
// less than that.
func TestLinesAreBounded(t *testing.T) {
	const limit = 4000
	dir := filepath.Join(t.TempDir(), "made", "here")
	l := NewLines(dir, "letters", limit)
	for n := range 500 {
		line := fmt.Sprintf("%d %s\n", n, strings.Repeat("x", n*37%300))
		if n%100 == 50 {
			line = fmt.Sprintf("%d %s\n", n, strings.Repeat("x", limit-100))
		}
		if written, err := l.Write([]byte(line)); err != nil || written != len(line) {
			t.Fatal(written, err)
		}
		lines, size := readLines(t, dir)
		if size > limit || n > 100 && n%100 < 50 && n%100 > 40 && size < limit/2 {
			t.Fatalf("%d bytes are kept, the limit is %d", size, limit)
		}
		for i, kept := range lines {
			if want := fmt.Sprint(n-len(lines)+1+i, " "); !strings.HasPrefix(kept, want) {
				t.Fatalf("line %d begins with %.10q, want %q", i, kept, want)
			}
		}
	}
	// The next process goes on with them.
	if _, err := NewLines(dir, "letters", limit).Write([]byte("last\n")); err != nil {
		t.Fatal(err)
	}
	if lines, _ := readLines(t, dir); len(lines) < 3 || lines[len(lines)-1] != "last" {
		t.Errorf("%q", lines)
	}
}

func TestLinesThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	l := NewLines(dir, "letters", 100)
	if _, err := l.Write(bytes.Repeat([]byte("x"), 101)); err == nil {
		t.Error("more than the limit was written")
	}
	if _, err := l.Write([]byte("one\n")); err != nil {
		t.Fatal(err)
	}
	// A kill has cut the file off within a line: no line is made of two.
	path := newSeries(dir, "letters").path(must(newSeries(dir, "letters").list())[0])
	if err := os.WriteFile(path, []byte("one\ntor"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write([]byte("two\n")); err != nil {
		t.Fatal(err)
	}
	if lines, _ := readLines(t, dir); fmt.Sprint(lines) != "[one tor two]" {
		t.Errorf("%q", lines)
	}
	blocked := filepath.Join(dir, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewLines(filepath.Join(blocked, "below"), "letters", 100).Write([]byte("x\n")); err == nil {
		t.Error("written below a file")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A full disk takes a part of a line at most, and that part is taken back.
func TestLinesOnAFullDisk(t *testing.T) {
	const full = "/dev/full"
	dir := t.TempDir()
	s := newSeries(dir, "letters")
	l := NewLines(dir, "letters", 100)
	if _, err := l.Write([]byte("one\n")); err != nil {
		t.Fatal(err)
	}
	path := s.path(must(s.list())[0])
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(full, path); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Write([]byte("two\n")); err == nil || n != 0 {
		t.Errorf("%d bytes written to a full disk, %v", n, err)
	}
}

func TestLinesByManyGoroutines(t *testing.T) {
	dir := t.TempDir()
	l := NewLines(dir, "letters", 1<<20)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for n := range 25 {
				if _, err := fmt.Fprintf(l, "%d %d\n", g, n); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if lines, _ := readLines(t, dir); len(lines) != 100 {
		t.Errorf("%d lines", len(lines))
	}
}
