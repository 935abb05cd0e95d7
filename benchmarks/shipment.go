package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/logcar/logcar/benchmarks/broker"
)

// A job is what logcar is to do.
type job struct {
	config []byte
	paths  string // patterns, separated by commas
	level  int
	procs  int  // GOMAXPROCS; 0 leaves it to logcar
	keep   bool // keep what arrives
}

// A shipment is a logcar on its job, with a broker of its own.
type shipment struct {
	dir    string
	kept   string // the file of kept batches
	broker *broker.Process
	logcar *process
}

// usage is what a shipment took, from exec to exit.
type usage struct {
	cpu  time.Duration
	peak int64 // bytes resident
	broker.Stats
}

const (
	partitions = 3
	stopLimit  = 40 * time.Second // more than logcar gives itself
	stallLimit = 30 * time.Second // without anything arriving
)

// ship starts a job. The caller must call abort in the end.
func (s *suite) ship(ctx context.Context, j job) (_ *shipment, err error) {
	r := &shipment{}
	if r.dir, err = os.MkdirTemp(s.dir, "run-"); err != nil {
		return nil, fmt.Errorf("make a folder for the run: %w", err)
	}
	defer func() {
		if err != nil {
			r.abort()
		}
	}()
	config := filepath.Join(r.dir, "filebeat.yml")
	if err := os.WriteFile(config, j.config, 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	if j.keep {
		r.kept = filepath.Join(r.dir, "batches")
	}
	if r.broker, err = broker.Start(ctx, []string{s.self, brokerCommand}, partitions, r.kept); err != nil {
		return nil, err
	}
	env := []string{"LOG_PATHS=" + j.paths, "KAFKA_HOSTS=" + r.broker.Addr()}
	if j.procs > 0 {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(j.procs))
	}
	r.logcar, err = start(ctx, filepath.Join(r.dir, "log"), env, s.logcar, "-e", "-c", config, "--strict.perms=false",
		"--path.home", r.dir, "--path.data", filepath.Join(r.dir, "data"),
		"-E", fmt.Sprintf("output.kafka.compression_level=%d", j.level))
	return r, err
}

// await waits until so many records have arrived since the start.
func (r *shipment) await(ctx context.Context, records int64) (broker.Stats, error) {
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	var last broker.Stats
	moved := time.Now()
	for {
		select {
		case <-ctx.Done():
			return last, context.Cause(ctx)
		case <-r.logcar.exited:
			return last, r.logcar.ending()
		case <-ticks.C:
		}
		now, err := r.broker.Stats()
		switch {
		case err != nil:
			return now, err
		case now.Records >= records:
			return now, nil
		case now.Records > last.Records:
			moved = time.Now()
		case time.Since(moved) > stallLimit:
			return now, fmt.Errorf("%d of %d events have arrived, and none for %v", now.Records, records, stallLimit)
		}
		last = now
	}
}

// finish stops logcar, which must end well, and checks that exactly so many
// records have arrived.
func (r *shipment) finish(records int64) (usage, error) {
	if err := r.logcar.stop(stopLimit); err != nil {
		return usage{}, err
	}
	stats, err := r.broker.Stats()
	if err != nil {
		return usage{}, err
	}
	err = r.broker.Close()
	r.broker = nil
	if err != nil {
		return usage{}, err
	}
	if missing := records - stats.Records; missing > 0 {
		return usage{}, fmt.Errorf("%d of %d events are missing", missing, records)
	} else if missing < 0 {
		return usage{}, fmt.Errorf("%d events came twice: %d were written", -missing, records)
	}
	return usage{r.logcar.cpu(), r.logcar.peak.Load(), stats}, nil
}

// abort ends what still runs, and removes the files.
func (r *shipment) abort() {
	if r.logcar != nil {
		r.logcar.kill()
	}
	if r.broker != nil {
		_ = r.broker.Close() // the measurement has failed already, or needs it no more
	}
	_ = os.RemoveAll(r.dir) // else the suite does
}
