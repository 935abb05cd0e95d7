package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A series is the files of one output, named as Filebeat 8 names them:
// <filename>-YYYYMMDD.ndjson, and -YYYYMMDD-1.ndjson, -YYYYMMDD-2.ndjson and so
// on for those that began later on the same day. The newest one is the active
// one. Days are those of the local time zone. A new day alone begins no file.
type series struct {
	dir    string
	prefix string
}

const extension = ".ndjson"

func newSeries(path, filename string) series {
	full := filepath.Join(path, filename)
	return series{dir: filepath.Dir(full), prefix: filepath.Base(full) + "-"}
}

// A serial is a file's place in its series.
type serial struct {
	date  int // as it is read: 20060102
	index int // 0 for the first file of the day, which has no index in its name
}

func (a serial) compare(b serial) int {
	if a.date != b.date {
		return a.date - b.date
	}
	return a.index - b.index
}

// path returns the name of a file, with its directory.
func (s series) path(n serial) string {
	name := fmt.Sprintf("%s%08d", s.prefix, n.date)
	if n.index > 0 {
		name += "-" + strconv.Itoa(n.index)
	}
	return filepath.Join(s.dir, name+extension)
}

// parse returns the place of the file with the given name, and whether it is one
// of the series at all. It knows exactly the names that path gives: whatever
// else lies in the directory is not the output's to count or to delete.
func (s series) parse(name string) (n serial, ok bool) {
	middle, ok := strings.CutPrefix(name, s.prefix)
	if !ok {
		return n, false
	}
	if middle, ok = strings.CutSuffix(middle, extension); !ok {
		return n, false
	}
	date, index, indexed := strings.Cut(middle, "-")
	if _, err := time.Parse("20060102", date); err != nil {
		return n, false
	}
	n.date, _ = strconv.Atoi(date)
	if indexed {
		n.index, _ = strconv.Atoi(index)
	}
	return n, filepath.Base(s.path(n)) == name
}

// list returns the files that exist, the oldest first.
func (s series) list() ([]serial, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var files []serial
	for _, e := range entries {
		if n, ok := s.parse(e.Name()); ok {
			files = append(files, n)
		}
	}
	slices.SortFunc(files, serial.compare)
	return files, nil
}

// next returns the place of a new file after the given ones. It is behind them
// all, even when the clock went back: a file that seemed to be older than it is
// would be deleted too early.
func next(files []serial, now time.Time) serial {
	y, m, d := now.Date()
	today := serial{date: y*10000 + int(m)*100 + d}
	if len(files) == 0 {
		return today
	}
	if newest := files[len(files)-1]; newest.date >= today.date {
		return serial{date: newest.date, index: newest.index + 1}
	}
	return today
}

// open sees to it that there is an active file.
func (s *Sink) open() error {
	if s.file != nil {
		return nil
	}
	if err := os.MkdirAll(s.series.dir, dirMode(s.cfg.Permissions)); err != nil {
		return err
	}
	files, err := s.series.list()
	if err != nil {
		return err
	}
	if len(files) > 0 && !s.fresh {
		if err := s.resume(s.series.path(files[len(files)-1])); err != nil || s.file != nil {
			return err
		}
	}
	// The oldest files go first: they may be what fills the disk.
	files = s.prune(files)
	f, err := os.OpenFile(s.series.path(next(files, time.Now())), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, s.cfg.Permissions)
	if err != nil {
		return err
	}
	s.file, s.size, s.fresh = f, 0, true
	return nil
}

// resume opens the file at path to go on with it, unless it ends within a
// document: a crash or a full disk has cut it off, its token was never Done, and
// the next document must not become the rest of it. Such a file stays as it is.
func (s *Sink) resume(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	size, torn, err := s.inspect(f)
	if err != nil || torn {
		return errors.Join(err, f.Close())
	}
	s.file, s.size = f, size
	return nil
}

// inspect returns a file's size in bytes, and whether it ends within a document.
func (s *Sink) inspect(f *os.File) (size int64, torn bool, err error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return 0, false, err
	}
	tail := make([]byte, min(3, info.Size()))
	_, err = f.ReadAt(tail, info.Size()-int64(len(tail)))
	return info.Size(), !s.encoder.Ended(tail), err
}

// prune deletes the oldest files, so that there is room for one more among
// NumberOfFiles, and returns those that are left. Filebeat's code keeps one file
// more than the number, its documentation the number itself, as it is here.
func (s *Sink) prune(files []serial) []serial {
	for len(files) >= s.cfg.NumberOfFiles {
		if err := os.Remove(s.series.path(files[0])); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.deleting.failed(err) // too many files are better than no file
			return files
		}
		s.deleting.over()
		files = files[1:]
	}
	return files
}

// dirMode lets those find the files who may read them, as Filebeat does.
func dirMode(file fs.FileMode) fs.FileMode {
	mode := fs.FileMode(0o700)
	if file&0o070 != 0 {
		mode |= 0o050
	}
	if file&0o007 != 0 {
		mode |= 0o005
	}
	return mode
}
