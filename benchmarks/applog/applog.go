// Package applog writes the log files that measurements read, and counts what
// is in them. The lines are internal/javalog's; here are files and sizes.
//
// It must never know what is measured, or by whom.
package applog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/logcar/logcar/internal/javalog"
)

// Start is the time of every generated log's first event: with it the same
// seed and size give the same bytes everywhere.
var Start = time.Date(2026, time.March, 1, 8, 0, 0, 0, time.UTC)

// Write writes whole events to w, in a format, until they are size bytes or more.
func Write(w io.Writer, g *javalog.Generator, f Format, size int64) error {
	const flushAt = 256 << 10
	buf := make([]byte, 0, 2*flushAt)
	var event []byte
	for written := int64(0); written < size; {
		event = g.Append(event[:0])
		buf = f.Append(buf, event)
		if len(buf) < flushAt && written+int64(len(buf)) < size {
			continue
		}
		n, err := w.Write(buf)
		written += int64(n)
		if err != nil {
			return fmt.Errorf("write log: %w", err)
		}
		buf = buf[:0]
	}
	return nil
}

// WriteFile makes a file with the events of a seed. It is on the disk when
// WriteFile returns, so that writing it back disturbs no measurement.
func WriteFile(path string, seed uint64, f Format, size int64) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	err = Write(file, javalog.New(seed, Start), f, size)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// Read reads a file that WriteFile has made, so that it is in the page cache,
// and returns its size and how many events are in it. It is an error when the
// file holds anything else.
func Read(path string, seed uint64, f Format, size int64) (length, events int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, fmt.Errorf("read log: %w", err)
	}
	defer file.Close()
	g := javalog.New(seed, Start)
	same := comparer{file: bufio.NewReaderSize(file, 1<<20)}
	if err := Write(&same, g, f, size); err != nil {
		return 0, 0, fmt.Errorf("read %s: %w", path, err)
	}
	if _, err := same.file.ReadByte(); !errors.Is(err, io.EOF) {
		return 0, 0, fmt.Errorf("read %s: %w", path, errors.Join(errOther, err))
	}
	return same.read, int64(g.Events()), nil
}

var errOther = errors.New("it holds something else: remove it")

// A comparer takes what its file holds.
type comparer struct {
	file *bufio.Reader
	read int64
	buf  []byte
}

func (c *comparer) Write(want []byte) (int, error) {
	c.buf = slices.Grow(c.buf[:0], len(want))[:len(want)]
	n, err := io.ReadFull(c.file, c.buf)
	c.read += int64(n)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), err == nil && !bytes.Equal(c.buf, want):
		return 0, errOther
	case err != nil:
		return 0, err
	}
	return len(want), nil
}
