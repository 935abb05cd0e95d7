package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// globDepth is how many directories ** stands for at most, as in Filebeat.
const globDepth = 8

// expand returns the absolute patterns that a path of the configuration stands
// for: one, or one for each depth of its **.
func expand(path string, recursive bool) ([]string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("path %s: %w", path, err)
	}
	if _, err := filepath.Match(path, ""); err != nil {
		return nil, fmt.Errorf("path %s: %w", path, err)
	}
	const deep = "**"
	before, after, found := strings.Cut(path, deep)
	if !recursive || !found {
		return []string{path}, nil
	}
	if strings.Contains(after, deep) {
		return nil, fmt.Errorf("path %s: more than one **", path)
	}
	if !strings.HasSuffix(before, "/") || (after != "" && after[0] != '/') {
		return []string{path}, nil // not a whole name: the same as *
	}
	var patterns []string
	for depth := range globDepth + 1 {
		p := before + strings.Repeat("*/", depth) + strings.TrimPrefix(after, "/")
		if p = strings.TrimSuffix(p, "/"); p != "" {
			patterns = append(patterns, p)
		}
	}
	return patterns, nil
}

// hasMeta says whether a part of a path is a pattern.
func hasMeta(s string) bool { return strings.ContainsAny(s, `*?[\`) }

// directories returns the directories whose changes mean to look again: those in
// which files of the patterns would appear, and on the way there those in which
// such directories would.
func directories(patterns [][]string) []string {
	var dirs []string
	seen := map[string]bool{}
	for _, p := range slices.Concat(patterns...) {
		dir := filepath.Dir(p)
		for ; hasMeta(dir) && !seen[dir]; dir = filepath.Dir(dir) {
			seen[dir] = true
			matches, _ := filepath.Glob(dir) // the pattern was checked
			dirs = append(dirs, slices.DeleteFunc(matches, func(m string) bool { return !isDir(m) })...)
		}
		if !seen[dir] {
			seen[dir] = true
			dirs = append(dirs, above(dir))
		}
	}
	return dirs
}

func isDir(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

// above is the longest existing directory on the way to dir.
func above(dir string) string {
	for !isDir(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}
