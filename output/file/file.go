// Package file delivers events to a rotated series of files, a document and a
// line end each, as Filebeat's output.file does.
//
// It owns the names, the sizes and the number of these files, and the patience
// with a disk that is full. It must never know of the files that events come
// from, of positions beyond the tokens that it gives back, or of configuration
// syntax.
package file

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
)

// Config says where the files are and when the next one begins. Its names and
// limits are those of Filebeat's output.file.
type Config struct {
	Path            string      // the directory; it is made when it is missing
	Filename        string      // what the files' names begin with
	RotateEveryKB   int         // greatest size of a file, in units of 1024 bytes
	NumberOfFiles   int         // how many files are kept in all, the active one included; 2 to 1024
	Permissions     fs.FileMode // of new files, before the process's umask
	RotateOnStartup bool        // begin a new file instead of going on with the newest one
}

// Defaults returns Filebeat's defaults. Path has none.
func Defaults() Config {
	return Config{Filename: "filebeat", RotateEveryKB: 10 << 10, NumberOfFiles: 7, Permissions: 0o600, RotateOnStartup: true}
}

func (c *Config) check() error {
	switch {
	case c.Path == "":
		return fmt.Errorf("file output: no path")
	case c.Filename == "":
		return fmt.Errorf("file output: no filename")
	case c.RotateEveryKB < 1 || int64(c.RotateEveryKB) > math.MaxInt64>>10:
		return fmt.Errorf("file output: rotation size of %d KB is out of range", c.RotateEveryKB)
	case c.NumberOfFiles < 2 || c.NumberOfFiles > 1024:
		return fmt.Errorf("file output: number of files %d is not between 2 and 1024", c.NumberOfFiles)
	case c.Permissions&^fs.ModePerm != 0:
		return fmt.Errorf("file output: permissions %#o are no file permissions", uint32(c.Permissions))
	}
	return nil
}

const (
	// writeSize is how much is collected before it is written. A batch of short
	// lines is many times larger as documents than it was as text; without this
	// bound it would set the memory that the sink needs.
	writeSize = 256 << 10
	// keepSize is how large a buffer may be to be kept for the next batch. It is
	// more than writeSize, since a document is whole before it is written.
	keepSize = 1 << 20

	// The pauses between attempts to write: one attempt is cheap, and room on a
	// disk may come back at any time.
	minPause = 100 * time.Millisecond
	maxPause = 5 * time.Second
)

// Sink delivers batches to the active file. It implements event.Sink.
//
// A batch is delivered when the kernel has taken it: as with Filebeat nothing is
// synced, so what was written just before the machine itself fails may be lost.
type Sink struct {
	cfg     Config
	encoder *output.Encoder
	series  series
	buf     []byte

	file  *os.File // the active file, nil when the next write has to open one
	size  int64    // of the active file, in bytes
	fresh bool     // the file that is opened next is a new one

	log      *zap.Logger
	writing  trouble
	deleting trouble
}

// New returns a sink that writes encoder's documents. It touches no file; the
// first Send does. The error is a Config that is out of its limits.
func New(cfg Config, encoder *output.Encoder, log *zap.Logger) (*Sink, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Sink{
		cfg: cfg, encoder: encoder, series: newSeries(cfg.Path, cfg.Filename), fresh: cfg.RotateOnStartup, log: log,
		writing:  trouble{log: log, what: "writing to the output file"},
		deleting: trouble{log: log, what: "deleting the oldest output file"},
	}, nil
}

// Send writes b's documents and calls its token. While they cannot be written it
// tries again, until ctx ends.
//
// A document that is larger than the rotation size gets a file of its own.
// Filebeat drops such an event; here a file that is larger than asked for is the
// smaller harm.
func (s *Sink) Send(ctx context.Context, b *event.Batch) error {
	if len(b.Events) == 0 {
		b.Token.Done()
		return nil
	}
	if err := s.encoder.Start(b); err != nil {
		return err
	}
	if err := s.write(ctx, nil); err != nil { // opens the file, whose size decides where to cut
		return err
	}
	limit := int64(s.cfg.RotateEveryKB) << 10
	buf := s.buf[:0]
	for i := range b.Events {
		whole := len(buf)
		var kept bool
		if buf, kept = s.encoder.Append(buf, b, i); kept {
			buf = append(buf, '\n')
		}
		if s.size+int64(len(buf)) > limit && s.size+int64(whole) > 0 {
			if err := s.write(ctx, buf[:whole]); err != nil {
				return err
			}
			s.leave()
			buf = buf[:copy(buf, buf[whole:])]
		}
		if len(buf) >= writeSize || (i == len(b.Events)-1 && len(buf) > 0) {
			if err := s.write(ctx, buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	if s.buf = buf; cap(buf) > keepSize {
		s.buf = nil
	}
	b.Token.Done()
	return nil
}

// Close closes the active file. There is nothing else to finish: Send has
// written what it accepted.
func (s *Sink) Close(context.Context) error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	if err != nil {
		return fmt.Errorf("file output: %w", err)
	}
	return nil
}

// write writes p, which are whole documents, to the active file, and opens one
// if there is none. What a failed attempt has written is not written again. It
// goes on until all is written or ctx ends.
func (s *Sink) write(ctx context.Context, p []byte) error {
	torn := false // the file ends within a document
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		n, err := 0, s.open()
		if err == nil && len(p) > 0 {
			n, err = s.file.Write(p)
		}
		if err == nil {
			s.size += int64(n)
			s.writing.over()
			return nil
		}
		if n > 0 {
			torn = !s.encoder.Ended(p[:n])
			s.size += int64(n)
			p = p[n:]
			pause = minPause
		}
		s.writing.failed(err)
		if !wait(ctx, pause) {
			if torn {
				s.leave()
			}
			return fmt.Errorf("file output: %w, last failure: %w", context.Cause(ctx), err)
		}
	}
}

// wait says whether the pause is over; if not, ctx has ended before it.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// leave closes the active file; the next write begins a new one.
func (s *Sink) leave() {
	if err := s.file.Close(); err != nil {
		// Its documents are delivered as far as the caller knows.
		s.log.Warn("closing the output file failed, its last documents may be lost", zap.Error(err))
	}
	s.file, s.size, s.fresh = nil, 0, true
}
