// Command standin writes the log of a Spring service that never ran, for the
// chain in deploy/compose: at a steady rate, with stack traces, rotated by size.
//
//	standin -dir /logs -rate 50
//
// It knows nothing of what reads the log.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/logcar/logcar/internal/javalog"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(status)
}

// run returns the exit status: 0 when it was told to stop, 1 when writing
// failed, 2 for a command line that makes no sense.
func run(ctx context.Context, args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("standin", flag.ContinueOnError)
	flags.SetOutput(stderr)
	w := &writer{}
	flags.StringVar(&w.dir, "dir", "/logs", "`folder` of the log")
	seed := flags.Uint64("seed", 1, "the log's `number`: another one makes another log")
	rate := flags.Int("rate", 20, "`events` per second, 1 to 1000")
	flags.Int64Var(&w.limit, "rotate", 16<<20, "`bytes` after which the log is rotated")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case *rate < 1 || *rate > 1000 || w.limit < 1 || flags.NArg() > 0:
		flags.Usage()
		return 2
	}
	w.generator = javalog.New(*seed, time.Now())
	if err := w.run(ctx, time.Second/time.Duration(*rate)); err != nil {
		fmt.Fprintln(stderr, "standin:", err)
		return 1
	}
	return 0
}

// A writer writes app.log in dir and renames it to app.log.1 when it is full, as
// logback's RollingFileAppender does.
type writer struct {
	dir       string
	limit     int64
	generator *javalog.Generator
	file      *os.File
	written   int64
}

func (w *writer) run(ctx context.Context, pause time.Duration) (err error) {
	if err := w.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.file.Close()) }()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	var event []byte
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			event = w.generator.AppendAt(event[:0], now.UTC())
			if err := w.write(event); err != nil {
				return err
			}
		}
	}
}

func (w *writer) write(event []byte) error {
	if w.written > 0 && w.written+int64(len(event)) > w.limit {
		if err := w.rotate(); err != nil {
			return err
		}
	}
	n, err := w.file.Write(event)
	w.written += int64(n)
	return err
}

func (w *writer) rotate() error {
	path := w.file.Name()
	if err := os.Rename(path, path+".1"); err != nil {
		return err
	}
	if err := w.file.Close(); err != nil {
		return err
	}
	return w.open()
}

// open appends to the log, which a standin before this one may have begun.
func (w *writer) open() error {
	f, err := os.OpenFile(filepath.Join(w.dir, "app.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	w.file, w.written = f, info.Size()
	return nil
}
