package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/logcar/logcar/internal/javalog"
)

const (
	logName     = "app.log"
	rotatedName = "app.log.1" // logcar's pattern doesn't match it: only the open file leads there
)

// A service stands in for a Spring application that logs to a file with
// logback: each event is written at once, through a buffer of 8 KiB, so that a
// long stack trace reaches the file in pieces. Half way it rotates the file as
// logback's RollingFileAppender does.
type service struct {
	dir      string
	rate     int // events per second
	duration time.Duration
	ledger   *ledger
	rotated  func() // called after the rotation

	generator *javalog.Generator
	file      *os.File
	buffer    *bufio.Writer
	files     int
	event     []byte
}

// run writes until the duration is over or ctx ends.
func (s *service) run(ctx context.Context) (err error) {
	s.generator = javalog.New(1, time.Now(), javalog.Numbered)
	if err := s.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	const pace = 10 * time.Millisecond
	tick := time.NewTicker(pace)
	defer tick.Stop()
	start := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		// The count follows the clock, so that a late tick is made up for.
		elapsed := min(time.Since(start), s.duration)
		if err := s.writeUpTo(uint64(elapsed.Seconds() * float64(s.rate))); err != nil {
			return err
		}
		if elapsed >= s.duration/2 && s.files == 1 {
			if err := s.rotate(); err != nil {
				return err
			}
		}
		if elapsed == s.duration {
			return nil
		}
	}
}

func (s *service) writeUpTo(events uint64) error {
	for s.generator.Events() < events {
		now := time.Now()
		s.event = s.generator.AppendAt(s.event[:0], now)
		s.ledger.write(s.event, s.files, now)
		if _, err := s.buffer.Write(s.event); err != nil {
			return fmt.Errorf("write log: %w", err)
		}
		if err := s.buffer.Flush(); err != nil {
			return fmt.Errorf("write log: %w", err)
		}
	}
	return nil
}

// rotate renames the log at once after its last line: whoever tails it has no
// time to see its end under the old name.
func (s *service) rotate() error {
	if err := s.close(); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(s.dir, logName), filepath.Join(s.dir, rotatedName)); err != nil {
		return fmt.Errorf("rotate log: %w", err)
	}
	if err := s.open(); err != nil {
		return err
	}
	s.rotated()
	return nil
}

func (s *service) open() error {
	f, err := os.OpenFile(filepath.Join(s.dir, logName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	s.file, s.buffer = f, bufio.NewWriterSize(f, 8<<10)
	s.files++
	return nil
}

func (s *service) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	if err != nil {
		return fmt.Errorf("close log: %w", err)
	}
	return nil
}
