// Package console delivers events to a stream, standard output as a rule: a
// document and a line end each, as Filebeat's output.console does.
//
// It must never know of files being read, of positions beyond the tokens that it
// gives back, or of configuration syntax.
package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
)

const (
	// writeSize is how much is collected before it is written. A batch of short
	// lines is many times larger as documents than it was as text; without this
	// bound it would set the memory that the sink needs.
	writeSize = 256 << 10
	// keepSize is how large a buffer may be to be kept for the next batch. It is
	// more than writeSize, since a document is whole before it is written.
	keepSize = 1 << 20
)

// Sink delivers batches to a writer. It implements event.Sink.
type Sink struct {
	w       io.Writer
	encoder *output.Encoder
	buf     []byte

	written chan error // the outcome of the write under way
	writing bool       // written is still to be received
	err     error      // the sink has failed for good
}

// New returns a sink that writes encoder's documents to w, which stays the
// caller's to close.
//
// Go ends a program by SIGPIPE when it writes to a standard output that nobody
// reads any more. A caller that passes os.Stdout and wants Send's error instead
// has to ignore that signal (os/signal.Ignore).
func New(w io.Writer, encoder *output.Encoder) *Sink {
	return &Sink{w: w, encoder: encoder, written: make(chan error, 1)}
}

// Send writes b's documents and calls its token. After a failed write the stream
// may end within a document, so that this and every later Send return the error.
func (s *Sink) Send(ctx context.Context, b *event.Batch) error {
	if len(b.Events) == 0 {
		b.Token.Done()
		return nil
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	if err := s.encoder.Start(b); err != nil {
		return err
	}
	s.buf = s.buf[:0]
	for i := range b.Events {
		var kept bool
		if s.buf, kept = s.encoder.Append(s.buf, b, i); kept {
			s.buf = append(s.buf, '\n')
		}
		if len(s.buf) >= writeSize || (i == len(b.Events)-1 && len(s.buf) > 0) {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
	}
	if cap(s.buf) > keepSize {
		s.buf = nil
	}
	b.Token.Done()
	return nil
}

// flush writes what has been collected. The write has a goroutine of its own,
// for one to a terminal or a pipe that nobody reads can neither be interrupted
// nor given a deadline, and ctx has to end the wait for it all the same.
func (s *Sink) flush(ctx context.Context) error {
	s.writing = true
	go func() {
		_, err := s.w.Write(s.buf)
		s.written <- err
	}()
	if err := s.settle(ctx); err != nil {
		return err
	}
	s.buf = s.buf[:0]
	return nil
}

// settle waits for the write under way, if there is one. Until it has returned
// nil the buffer belongs to that write.
func (s *Sink) settle(ctx context.Context) error {
	if !s.writing {
		return s.err
	}
	select {
	case err := <-s.written:
		s.writing = false
		if err != nil {
			s.err = describe(err)
		}
		return s.err
	case <-ctx.Done():
		return fmt.Errorf("console: output takes nothing: %w", context.Cause(ctx))
	}
}

// describe says in plain words why nothing can be written any more.
func describe(err error) error {
	for _, gone := range []error{syscall.EPIPE, syscall.EBADF, io.ErrClosedPipe, fs.ErrClosed} {
		if errors.Is(err, gone) {
			return fmt.Errorf("console: output is closed: %w", err)
		}
	}
	return fmt.Errorf("console: %w", err)
}

// Close waits, until ctx ends, for a write that an earlier Send gave up waiting
// for. It does not close the writer.
func (s *Sink) Close(ctx context.Context) error {
	return s.settle(ctx)
}
