package storage

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// A file of a directory.
type file struct {
	path     string
	modified time.Time
}

// list returns the regular files of a directory, by name.
func list(dir string) ([]file, error) {
	entries, err := os.ReadDir(dir)
	var files []file
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() { // otherwise it has gone
			files = append(files, file{filepath.Join(dir, e.Name()), info.ModTime()})
		}
	}
	return files, err
}

var (
	// A date is what logback's, log4j's and logrotate's patterns make of a day,
	// and the hour or the number that may follow.
	datePattern = regexp.MustCompile(`(^|[._-])(?:19|20)\d\d[._-]?(?:0[1-9]|1[0-2])[._-]?(?:0[1-9]|[12]\d|3[01])(?:[._T-]\d+)*(?:$|[._-])`)
	// A counter stands behind a whole name with its extension: app-1.log may be
	// the log of a first worker, app.log.1 is nobody's.
	counterPattern = regexp.MustCompile(`^(.+\.[A-Za-z]\w*)\.\d{1,5}$`)
	numberPattern  = regexp.MustCompile(`\d+`)
)

// rotated returns those of a directory's files that are the application's past:
// their names say that they are parts of a series, and the series goes on in
// another file, which was written to later. A file is never rotated just for
// having been quiet, and the last of a series never is.
//
//	app.log.1, when there is a newer app.log
//	app-2026-11-19.log, app.log.20261119 and the like, when there is a newer app.log
//	app-2026-11-19.log, when there is a newer app-2026-11-20.log
func rotated(files []file) []file {
	byPath := make(map[string]time.Time, len(files))
	latest := map[string]part{} // of the dated files without their dates
	for _, f := range files {
		byPath[f.path] = f.modified
		if p, ok := dated(f); ok {
			if last, ok := latest[p.series]; !ok || slices.Compare(p.stamp, last.stamp) > 0 {
				latest[p.series] = p
			}
		}
	}
	later := func(path string, f file) bool { return byPath[path].After(f.modified) }
	goesOn := func(f file) bool {
		dir, name := filepath.Split(f.path)
		if m := counterPattern.FindStringSubmatch(name); m != nil {
			return later(dir+m[1], f)
		}
		p, ok := dated(f)
		last := latest[p.series]
		return ok && (later(p.series, f) || slices.Compare(last.stamp, p.stamp) > 0 && last.modified.After(f.modified))
	}
	return slices.DeleteFunc(slices.Clone(files), func(f file) bool { return !goesOn(f) })
}

// A part is one file of a series of dated files.
type part struct {
	series   string // the path without the date
	stamp    []int  // the numbers of the date, in their order
	modified time.Time
}

// dated takes the date out of a name, if there is one.
func dated(f file) (part, bool) {
	dir, name := filepath.Split(f.path)
	at := datePattern.FindStringIndex(name)
	if at == nil {
		return part{}, false
	}
	p := part{modified: f.modified}
	for _, n := range numberPattern.FindAllString(name[at[0]:at[1]], -1) {
		i, err := strconv.Atoi(n)
		if err != nil {
			return part{}, false // no date has such numbers
		}
		p.stamp = append(p.stamp, i)
	}
	end := at[1]
	if end < len(name) {
		end-- // the separator is the rest's
	}
	p.series = dir + name[:at[0]] + name[end:]
	return p, true
}
