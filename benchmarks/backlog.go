package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"github.com/logcar/logcar/benchmarks/floor"
)

const (
	megabyte = 1e6
	gigabyte = 1e9
)

// shipped is a log that was there before logcar was started, and delivered.
type shipped struct {
	usage
	took time.Duration // from exec to the arrival of the last complete event
}

// shipBacklog has a log shipped as fast as it goes; arrived, if not nil, sees
// what was kept.
func (s *suite) shipBacklog(ctx context.Context, in input, keep bool, configure configuration, arrived func(*shipment) error) (shipped, error) {
	r, err := s.launch(ctx, keep, configure)
	if err != nil {
		return shipped{}, err
	}
	defer r.abort()
	// The last event stays open: a further line may belong to it.
	stats, err := r.await(ctx, in.events-1)
	if err != nil {
		return shipped{}, err
	}
	took := time.Unix(0, stats.Last).Sub(r.shipper.begun)
	used, err := r.finish(in.events)
	if err == nil && arrived != nil {
		err = arrived(r)
	}
	return shipped{used, took}, err
}

// catchUp measures how fast a backlog is shipped, and the memory that it takes.
func (s *suite) catchUp(ctx context.Context) ([]row, error) {
	in, err := s.input(1, int64(s.opts.backlog))
	if err != nil {
		return nil, err
	}
	done, err := s.shipBacklog(ctx, in, false, s.configure(job{config: joining, paths: in.path, level: s.opts.level()}), nil)
	if err != nil {
		return nil, err
	}
	took := done.took.Seconds()
	return []row{
		newRow("catch-up", "", float64(in.size)/megabyte/took, fmt.Sprintf("%v in %.1f s; %d cores, %.2f busy with logcar",
			&s.opts.backlog, took, runtime.NumCPU(), done.cpu.Seconds()/took)),
		newRow("rss-busy", "", float64(done.peak)/megabyte, ""),
	}, nil
}

// cpuRatio compares logcar with gzip alone, at each level.
func (s *suite) cpuRatio(ctx context.Context) ([]row, error) {
	in, err := s.input(1, int64(s.opts.size))
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, level := range s.opts.levels {
		more, err := s.cpuRatioAt(ctx, in, level)
		if err != nil {
			return nil, fmt.Errorf("level %d: %w", level, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func (s *suite) cpuRatioAt(ctx context.Context, in input, level int) ([]row, error) {
	gb := float64(in.size) / gigabyte
	var ratio, cpu, alone, rate []float64
	var wire, stream, documents int64
	for i := range s.opts.pairs {
		s.say("  level %d, pair %d of %d", level, i+1, s.opts.pairs)
		configure := s.configure(job{config: joining, paths: in.path, level: level, procs: 1})
		var gzip floor.Result
		done, err := s.shipBacklog(ctx, in, true, configure, func(r *shipment) (err error) {
			if gzip, err = s.floor(ctx, r.kept, level, false); err != nil || i > 0 {
				return err
			}
			whole, err := s.floor(ctx, r.kept, level, true)
			stream, documents = whole.Out, whole.In
			return err
		})
		if err != nil {
			return nil, err
		}
		if i == 0 {
			wire = done.WireBytes
		}
		ratio = append(ratio, done.cpu.Seconds()/gzip.CPU.Seconds())
		cpu = append(cpu, done.cpu.Seconds()/gb)
		alone = append(alone, gzip.CPU.Seconds()/gb)
		rate = append(rate, float64(in.size)/megabyte/done.took.Seconds())
	}
	at := fmt.Sprintf(", level %d", level)
	return []row{
		newRow("cpu-ratio", at, median(ratio), spread(ratio)),
		newRow("cpu-per-gb", at, median(cpu), fmt.Sprintf("%s; gzip alone %s", spread(cpu), number(median(alone)))),
		newRow("one-core", at, median(rate), spread(rate)),
		newRow("wire-ratio", at, float64(wire)/float64(stream), fmt.Sprintf("%.1f MB sent for %.0f MB of log, %.0f MB of documents",
			float64(wire)/megabyte, gb*1000, float64(documents)/megabyte)),
	}, nil
}

// floor has the kept documents compressed in a process of its own.
func (s *suite) floor(ctx context.Context, kept string, level int, stream bool) (floor.Result, error) {
	var result floor.Result
	cmd := exec.CommandContext(ctx, s.self, floorCommand, "-level", strconv.Itoa(level), "-stream="+strconv.FormatBool(stream), kept)
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &result)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	if err != nil {
		return result, fmt.Errorf("compress what was delivered: %w", err)
	}
	if result.CPU == 0 || result.Out == 0 {
		return result, errors.New("compress what was delivered: there was nothing")
	}
	return result, nil
}
