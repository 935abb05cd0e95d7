package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// linesPerm is the mode of the files of Lines, before the process's umask.
const linesPerm fs.FileMode = 0o600

// Lines appends lines to a series of files that is named as a Sink's is, and
// keeps the sum of their sizes within a bound: the oldest ones go first. It is for
// what is rare and has no other copy, such as events that a broker does not take.
// No file is open between two writes. It may be used by several goroutines.
type Lines struct {
	series series
	limit  int64 // bytes, of all files together

	mu sync.Mutex
}

// parts is of how many files a full series consists at least: as much of it is
// lost at most when the oldest one goes.
const parts = 4

// NewLines returns a writer of the files <prefix>-YYYYMMDD.ndjson and so on in the
// directory dir, of limit bytes in all. It touches no file; the first Write does.
func NewLines(dir, prefix string, limit int64) *Lines {
	return &Lines{series: newSeries(dir, prefix), limit: limit}
}

// Write appends p, which must be whole lines, and has the disk keep them. After an
// error none of them is there. It implements io.Writer.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.write(p); err != nil {
		return 0, fmt.Errorf("append lines: %w", err)
	}
	return len(p), nil
}

func (l *Lines) write(p []byte) error {
	if int64(len(p)) > l.limit {
		return fmt.Errorf("%d bytes are more than the limit of %d for all files", len(p), l.limit)
	}
	if err := os.MkdirAll(l.series.dir, dirMode(linesPerm)); err != nil {
		return err
	}
	files, err := l.series.list()
	if err != nil {
		return err
	}
	if files, err = l.prune(files, l.limit-int64(len(p))); err != nil {
		return err
	}
	f, size, err := l.open(files, int64(len(p)))
	if err != nil {
		return err
	}
	_, err = f.Write(p)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		// Half a line would make the rest of the file unreadable.
		err = errors.Join(err, f.Truncate(size))
	}
	return errors.Join(err, f.Close())
}

// prune deletes the oldest files until the others have no more than limit bytes,
// and returns those.
func (l *Lines) prune(files []serial, limit int64) ([]serial, error) {
	var sum int64
	keep := len(files)
	for keep > 0 {
		info, err := os.Stat(l.series.path(files[keep-1]))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			sum += info.Size()
		}
		if sum > limit {
			break
		}
		keep--
	}
	for _, old := range files[:keep] {
		if err := os.Remove(l.series.path(old)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return files[keep:], nil
}

// open opens the newest file, if it has room for more bytes and ends with a line,
// or else a new one. It returns the file's size.
func (l *Lines) open(files []serial, more int64) (*os.File, int64, error) {
	if len(files) > 0 {
		f, err := os.OpenFile(l.series.path(files[len(files)-1]), os.O_RDWR|os.O_APPEND, 0)
		if err != nil {
			return nil, 0, err
		}
		size, torn, err := ending(f)
		if err == nil && !torn && (size == 0 || size+more <= l.limit/parts) {
			return f, size, nil
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, 0, err
		}
	}
	f, err := os.OpenFile(l.series.path(next(files, time.Now())), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, linesPerm)
	return f, 0, err
}

// ending returns a file's size in bytes, and whether it ends within a line.
func ending(f *os.File) (size int64, torn bool, err error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return 0, false, err
	}
	last := []byte{0}
	_, err = f.ReadAt(last, info.Size()-1)
	return info.Size(), last[0] != '\n', err
}
