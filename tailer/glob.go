package tailer

import (
	"fmt"
	"os"
	"path/filepath"
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

// directories returns the directories in which files of pattern would appear:
// those that exist, or else the nearest one above, whose change means to look
// again.
func directories(pattern string) []string {
	dir := filepath.Dir(pattern)
	if hasMeta(dir) {
		if dirs, _ := filepath.Glob(dir); len(dirs) > 0 {
			return append(dirs, above(dir))
		}
	}
	return []string{above(dir)}
}

// above is the longest existing directory on the way to dir without a pattern in
// its name.
func above(dir string) string {
	for {
		if !hasMeta(dir) {
			if fi, err := os.Stat(dir); err == nil && fi.IsDir() {
				return dir
			}
		}
		up := filepath.Dir(dir)
		if up == dir {
			return dir
		}
		dir = up
	}
}
