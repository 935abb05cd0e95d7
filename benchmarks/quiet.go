package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// idle measures a logcar that has delivered everything and goes on watching.
func (s *suite) idle(ctx context.Context) ([]row, error) {
	const (
		files    = 10
		fileSize = 8 << 20
		quiet    = 10 * time.Second
		window   = 20 * time.Second
	)
	var paths string
	var events int64
	for seed := range uint64(files) {
		in, err := s.input(seed+1, fileSize)
		if err != nil {
			return nil, err
		}
		paths += in.path + ","
		events += in.events
	}
	r, err := s.ship(ctx, job{config: joining, paths: paths[:len(paths)-1], level: s.opts.level()})
	if err != nil {
		return nil, err
	}
	defer r.abort()
	if _, err := r.await(ctx, events); err != nil {
		return nil, err
	}
	if err := wait(ctx, quiet); err != nil {
		return nil, err
	}
	m, err := readMemory(r.shipper.pid())
	if err != nil {
		return nil, err
	}
	cpu, err := r.cpuDuring(func() error { return wait(ctx, window) })
	if err != nil {
		return nil, err
	}
	if _, err := r.finish(events); err != nil {
		return nil, err
	}
	return []row{
		newRow("rss-idle", "", float64(m.resident)/megabyte, fmt.Sprintf("%.1f MB of it heap and stacks, the rest the program; peak %.1f MB",
			float64(m.anon)/megabyte, float64(r.shipper.peak.Load())/megabyte)),
		newRow("cpu-idle", "", cpu.Seconds()*1000/window.Seconds(), fmt.Sprintf("for %v", window)),
	}, nil
}

// cpuDuring is the processor time that logcar uses while f runs.
func (r *shipment) cpuDuring(f func() error) (time.Duration, error) {
	before, err := cpuTime(r.shipper.pid())
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := cpuTime(r.shipper.pid())
	return after - before, err
}

// start measures how soon a pod's first lines are safe.
func (s *suite) start(ctx context.Context) ([]row, error) {
	const runs = 5
	in, err := s.input(1, 256<<10)
	if err != nil {
		return nil, err
	}
	var took []float64
	for range runs {
		ms, err := s.startOnce(ctx, in)
		if err != nil {
			return nil, err
		}
		took = append(took, ms)
	}
	return []row{newRow("start", "", median(took), spread(took))}, nil
}

func (s *suite) startOnce(ctx context.Context, in input) (ms float64, err error) {
	r, err := s.ship(ctx, job{config: joining, paths: in.path, level: s.opts.level()})
	if err != nil {
		return 0, err
	}
	defer r.abort()
	stats, err := r.await(ctx, in.events-1)
	if err != nil {
		return 0, err
	}
	if _, err := r.finish(in.events); err != nil {
		return 0, err
	}
	return time.Unix(0, stats.First).Sub(r.shipper.begun).Seconds() * 1000, nil
}

func (s *suite) binary(context.Context) ([]row, error) {
	info, err := os.Stat(s.logcar)
	if err != nil {
		return nil, fmt.Errorf("find the binary: %w", err)
	}
	return []row{newRow("binary", "", float64(info.Size())/megabyte, filepath.Base(s.logcar))}, nil
}
