package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// places are where a change of targets shows.
type places struct {
	dirs     map[string]bool // directories in which something of interest may happen
	names    map[string]bool // what that is about: files, links and directories
	patterns []string
}

func find(targets []Target) places {
	p := places{dirs: map[string]bool{}, names: map[string]bool{}}
	for _, t := range targets {
		p.add(t.Path, t.Pattern)
	}
	return p
}

// maxLinks bounds the links on the way to one file, as systems do.
const maxLinks = 40

// add goes the way to a file, name by name, through all links. Where it ends
// before the file, what comes there is of interest.
func (p *places) add(path string, pattern bool) {
	rest := names(path)
	dir := "/"
	for links := 0; len(rest) > 0; {
		if pattern && strings.ContainsAny(rest[0], `*?[\`) {
			p.addPattern(dir, filepath.Join(dir, filepath.Join(rest...)))
			return
		}
		next := filepath.Join(dir, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(next)
		isLink := err == nil && info.Mode()&fs.ModeSymlink != 0
		if err != nil || isLink || len(rest) == 0 || !info.IsDir() {
			p.dirs[dir], p.names[next] = true, true
		}
		switch {
		case err != nil || !isLink && !info.IsDir():
			return
		case !isLink:
			dir = next
			continue
		}
		to, err := os.Readlink(next)
		if links++; err != nil || links > maxLinks {
			return
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		rest = append(names(to), rest...)
		dir = "/"
	}
}

// addPattern watches the directory in which the first name with a wildcard stands,
// and goes on to all that the pattern finds.
func (p *places) addPattern(dir, pattern string) {
	p.dirs[dir] = true
	p.patterns = append(p.patterns, pattern)
	found, _ := filepath.Glob(pattern) // the pattern was checked
	for _, path := range found {
		p.add(path, false)
	}
	// Files may still come in the directories that are there.
	for above := filepath.Dir(pattern); len(above) > len(dir); above = filepath.Dir(above) {
		found, _ := filepath.Glob(above)
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				p.dirs[path] = true
			}
		}
	}
}

// concern tells whether a notification is about a target: a file of it, or
// something on the way to one.
func (p *places) concern(name string) bool {
	if p.names[name] || p.dirs[name] {
		return true
	}
	depth := strings.Count(name, "/")
	for _, pattern := range p.patterns {
		if parts := strings.Split(pattern, "/"); depth < len(parts) {
			if ok, _ := filepath.Match(strings.Join(parts[:depth+1], "/"), name); ok {
				return true
			}
		}
	}
	return false
}

// names are the parts of an absolute path.
func names(path string) []string {
	return strings.FieldsFunc(filepath.Clean(path), func(r rune) bool { return r == '/' })
}
