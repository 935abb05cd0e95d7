// Package console delivers events to a stream, standard output as a rule: one
// document per line, or indented, as Filebeat's output.console does.
//
// It must never know of files being read, of positions beyond the tokens that it
// gives back, or of configuration syntax.
package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
)

// Config is what Filebeat's output.console can be told.
type Config struct {
	Pretty bool // indent each document instead of writing it on one line
}

const (
	// writeSize is how much is collected before it is written. A batch of short
	// lines is many times larger as documents than it was as text; without this
	// bound it would set the memory that the sink needs.
	writeSize = 256 << 10
	// keepSize is how large a buffer may be to be kept for the next batch.
	keepSize = 1 << 20
)

// Sink delivers batches to a writer. It implements event.Sink.
type Sink struct {
	cfg     Config
	w       io.Writer
	encoder *output.Encoder
	doc     []byte
	buf     bytes.Buffer

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
func New(cfg Config, w io.Writer, encoder *output.Encoder) *Sink {
	return &Sink{cfg: cfg, w: w, encoder: encoder, written: make(chan error, 1)}
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
	s.buf.Reset()
	for i := range b.Events {
		if err := s.append(b, i); err != nil {
			return err
		}
		if s.buf.Len() >= writeSize || (i == len(b.Events)-1 && s.buf.Len() > 0) {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
	}
	if s.buf.Cap() > keepSize || cap(s.doc) > keepSize {
		s.buf, s.doc = bytes.Buffer{}, nil
	}
	b.Token.Done()
	return nil
}

// append adds a document to what is to be written, unless a processor drops it.
func (s *Sink) append(b *event.Batch, i int) error {
	var kept bool
	if s.doc, kept = s.encoder.Append(s.doc[:0], b, i); !kept {
		return nil
	}
	if !s.cfg.Pretty {
		s.buf.Write(s.doc)
	} else if err := json.Indent(&s.buf, s.doc, "", "  "); err != nil {
		return fmt.Errorf("console: indent document: %w", err)
	}
	return s.buf.WriteByte('\n')
}

// flush writes what has been collected. The write has a goroutine of its own,
// for one to a terminal or a pipe that nobody reads can neither be interrupted
// nor given a deadline, and ctx has to end the wait for it all the same.
func (s *Sink) flush(ctx context.Context) error {
	s.writing = true
	go func() {
		_, err := s.w.Write(s.buf.Bytes())
		s.written <- err
	}()
	if err := s.settle(ctx); err != nil {
		return err
	}
	s.buf.Reset()
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
