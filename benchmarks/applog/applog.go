// Package applog writes the log files that measurements read, and counts what
// is in them. The lines are internal/javalog's; here are files and sizes.
//
// It must never know what is measured, or by whom.
package applog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/logcar/logcar/internal/javalog"
)

// Start is the time of every generated log's first event: with it the same
// seed and size give the same bytes everywhere.
var Start = time.Date(2026, time.March, 1, 8, 0, 0, 0, time.UTC)

// Write writes whole events to w until they are size bytes or more.
func Write(w io.Writer, g *javalog.Generator, size int64) error {
	const flushAt = 256 << 10
	buf := make([]byte, 0, 2*flushAt)
	for written := int64(0); written < size; {
		buf = g.Append(buf)
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
func WriteFile(path string, seed uint64, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	err = Write(f, javalog.New(seed, Start), size)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Count reads a file from end to end and returns its size and how many events
// begin in it. The file is in the page cache afterwards.
func Count(path string) (size, events int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, fmt.Errorf("count events: %w", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	for begin := true; ; {
		// A line longer than the buffer comes in pieces: only the first counts.
		line, err := r.ReadSlice('\n')
		size += int64(len(line))
		if begin && beginsEvent(line) {
			events++
		}
		switch {
		case err == nil:
			begin = true
		case errors.Is(err, bufio.ErrBufferFull):
			begin = false
		case errors.Is(err, io.EOF):
			return size, events, nil
		default:
			return 0, 0, fmt.Errorf("count events: %w", err)
		}
	}
}

// shape is how the first line of an event begins; 0 stands for any digit, the
// last dot for any character.
const shape = "0000-00-00 00:00:00.000"

// beginsEvent says what the pattern in the measured configurations says:
// ^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}
func beginsEvent(line []byte) bool {
	if len(line) < len(shape) {
		return false
	}
	for i, c := range line[:len(shape)] {
		switch want := shape[i]; {
		case want == '0' && (c < '0' || c > '9'):
			return false
		case want != '0' && want != '.' && c != want:
			return false
		}
	}
	return true
}
