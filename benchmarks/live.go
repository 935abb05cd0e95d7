package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/logcar/logcar/benchmarks/applog"
	"github.com/logcar/logcar/internal/javalog"
)

// tick is how often a live log is written to.
const tick = 10 * time.Millisecond

// pace calls step every tick, with the time since the beginning, and a last time
// when total is over. A tick that comes late is not made up for: step sees how
// much time has passed.
func pace(ctx context.Context, total time.Duration, step func(elapsed time.Duration) error) error {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	begin := time.Now()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticks.C:
		}
		elapsed := min(time.Since(begin), total)
		if err := step(elapsed); err != nil || elapsed == total {
			return err
		}
	}
}

// A liveLog is a set of files that are written while logcar reads them.
type liveLog struct {
	generator *javalog.Generator
	files     []*os.File
	writes    int
	written   int64
	buf       []byte
}

// newLiveLog makes a folder with files that hold head events each; those after
// the first open ones are not written to again.
func newLiveLog(dir string, files, open, head int) (_ *liveLog, err error) {
	l := &liveLog{generator: javalog.New(1, applog.Start)}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the live log: %w", err)
	}
	for i := range files {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("app-%04d.log", i)), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return nil, fmt.Errorf("make the live log: %w", err)
		}
		l.buf = l.buf[:0]
		for range head {
			l.buf = l.generator.Append(l.buf)
		}
		_, err = f.Write(l.buf)
		if i < open {
			l.files = append(l.files, f)
		} else {
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return nil, fmt.Errorf("make the live log: %w", err)
		}
	}
	return l, nil
}

func (l *liveLog) Close() error {
	var errs []error
	for _, f := range l.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// events is how many events all files hold.
func (l *liveLog) events() int64 { return int64(l.generator.Events()) }

// writeUpTo writes whole events, with one write(2) to the file whose turn it is,
// until total bytes are written.
func (l *liveLog) writeUpTo(total int64) error {
	l.buf = l.buf[:0]
	for l.written+int64(len(l.buf)) < total {
		l.buf = l.generator.Append(l.buf)
	}
	if len(l.buf) == 0 {
		return nil
	}
	n, err := l.files[l.writes%len(l.files)].Write(l.buf)
	l.writes++
	l.written += int64(n)
	if err != nil {
		return fmt.Errorf("write the live log: %w", err)
	}
	return nil
}

// write writes total bytes evenly over a time.
func (l *liveLog) write(ctx context.Context, total int64, over time.Duration) error {
	return pace(ctx, over, func(elapsed time.Duration) error {
		return l.writeUpTo(int64(float64(total) * (float64(elapsed) / float64(over))))
	})
}

// shipLive makes a live log and starts a logcar that reads it.
func (s *suite) shipLive(ctx context.Context, j job, files, open, head int) (*liveLog, *shipment, error) {
	dir, err := os.MkdirTemp(s.dir, "live-")
	if err != nil {
		return nil, nil, fmt.Errorf("make the live log: %w", err)
	}
	l, err := newLiveLog(filepath.Join(dir, "log"), files, open, head)
	if err != nil {
		return nil, nil, err
	}
	j.paths, j.level = filepath.Join(dir, "log", "*.log"), s.opts.level()
	r, err := s.ship(ctx, j)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return l, r, nil
}

// steady measures the everyday load.
func (s *suite) steady(ctx context.Context) ([]row, error) {
	const (
		rate = 10 * megabyte // bytes per second
		over = 20 * time.Second
		head = 1000
	)
	l, r, err := s.shipLive(ctx, job{config: joining}, 1, 1, head)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	defer r.abort()
	if _, err := r.await(ctx, head-1); err != nil {
		return nil, err
	}
	begin := time.Now()
	cpu, err := r.cpuDuring(func() error { return l.write(ctx, rate*int64(over/time.Second), over) })
	if err != nil {
		return nil, err
	}
	took := time.Since(begin)
	used, err := r.finish(l.events())
	if err != nil {
		return nil, err
	}
	return []row{newRow("steady", "", 100*cpu.Seconds()/took.Seconds(), fmt.Sprintf(
		"for %v, a write every %v; %.0f batches per second, peak %.1f MB resident",
		over, tick, float64(used.Batches)/took.Seconds(), float64(used.peak)/megabyte))}, nil
}

// manyFiles measures whether files that nobody writes to cost anything: the
// same writes go to one file, and to 20 of 2000 in turn.
func (s *suite) manyFiles(ctx context.Context) ([]row, error) {
	const files, written = 2000, 20
	var ratio, one, many, found []float64
	for i := range s.opts.pairs {
		s.say("  pair %d of %d", i+1, s.opts.pairs)
		a, _, err := s.cpuOfFiles(ctx, 1, 1)
		if err != nil {
			return nil, fmt.Errorf("one file: %w", err)
		}
		b, before, err := s.cpuOfFiles(ctx, files, written)
		if err != nil {
			return nil, fmt.Errorf("%d files: %w", files, err)
		}
		one, many, found = append(one, a.Seconds()), append(many, b.Seconds()), append(found, before.Seconds())
		ratio = append(ratio, b.Seconds()/a.Seconds())
	}
	return []row{newRow("many-files", "", median(ratio), fmt.Sprintf("%s; %.2f s against %.2f s, after %.2f s for finding them",
		spread(ratio), median(many), median(one), median(found)))}, nil
}

// cpuOfFiles is what it costs to ship a live log once its files were found and
// what they held has been delivered, and what it costs until then.
func (s *suite) cpuOfFiles(ctx context.Context, files, open int) (cpu, before time.Duration, err error) {
	const over = 3 * time.Second
	total := min(int64(s.opts.size), 96<<20)
	l, r, err := s.shipLive(ctx, job{config: joining}, files, open, 1)
	if err != nil {
		return 0, 0, err
	}
	defer l.Close()
	defer r.abort()
	// The only event of each file is complete when multiline's timeout is over,
	// and so is the last one in the end.
	if _, err := r.await(ctx, l.events()); err != nil {
		return 0, 0, err
	}
	if before, err = cpuTime(r.shipper.pid()); err != nil {
		return 0, 0, err
	}
	cpu, err = r.cpuDuring(func() error {
		if err := l.write(ctx, total, over); err != nil {
			return err
		}
		_, err := r.await(ctx, l.events())
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	_, err = r.finish(l.events())
	return cpu, before, err
}
