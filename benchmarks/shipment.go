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

// A shipment is a shipper at work, logcar or a peer, with a broker of its own.
type shipment struct {
	dir     string
	kept    string // the file of kept batches
	broker  *broker.Process
	shipper *process
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

// A command is a program to measure.
type command struct {
	program string
	args    []string
	env     []string // beside this program's own
}

// A configuration prepares a shipment's folder and tells what to run in it.
type configuration func(*shipment) (command, error)

// configure is logcar's configuration for a job.
func (s *suite) configure(j job) configuration {
	return func(r *shipment) (command, error) {
		config := filepath.Join(r.dir, "filebeat.yml")
		if err := os.WriteFile(config, j.config, 0o600); err != nil {
			return command{}, fmt.Errorf("write configuration: %w", err)
		}
		c := command{
			program: s.logcar,
			args: []string{"-e", "-c", config, "--strict.perms=false", "--path.home", r.dir, "--path.data", filepath.Join(r.dir, "data"),
				"-E", fmt.Sprintf("output.kafka.compression_level=%d", j.level)},
			env: []string{"LOG_PATHS=" + j.paths, "KAFKA_HOSTS=" + r.broker.Addr()},
		}
		if j.procs > 0 {
			c.env = append(c.env, "GOMAXPROCS="+strconv.Itoa(j.procs))
		}
		return c, nil
	}
}

// ship starts logcar on a job. The caller must call abort in the end.
func (s *suite) ship(ctx context.Context, j job) (*shipment, error) {
	return s.launch(ctx, j.keep, s.configure(j))
}

// launch starts a broker and then the program that configure returns.
func (s *suite) launch(ctx context.Context, keep bool, configure configuration) (_ *shipment, err error) {
	r := &shipment{}
	if r.dir, err = os.MkdirTemp(s.dir, "run-"); err != nil {
		return nil, fmt.Errorf("make a folder for the run: %w", err)
	}
	defer func() {
		if err != nil {
			r.abort()
		}
	}()
	if keep {
		r.kept = filepath.Join(r.dir, "batches")
	}
	if r.broker, err = broker.Start(ctx, []string{s.self, brokerCommand}, partitions, r.kept); err != nil {
		return nil, err
	}
	c, err := configure(r)
	if err != nil {
		return nil, err
	}
	r.shipper, err = start(ctx, filepath.Join(r.dir, "log"), c)
	return r, err
}

// await waits until so many records have arrived since the start. It gives up
// with a *stallError.
func (r *shipment) await(ctx context.Context, records int64) (broker.Stats, error) {
	return r.awaitFor(ctx, records, stallLimit)
}

// awaitFor is await with a limit of its own for the time in which nothing arrives.
func (r *shipment) awaitFor(ctx context.Context, records int64, limit time.Duration) (broker.Stats, error) {
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	var last broker.Stats
	moved := time.Now()
	for {
		select {
		case <-ctx.Done():
			return last, context.Cause(ctx)
		case <-r.shipper.exited:
			return last, r.shipper.ending()
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
		case time.Since(moved) > limit:
			return now, &stallError{now.Records, records, limit}
		}
		last = now
	}
}

// finish stops the shipper, which must end well, and checks that exactly so many
// records have arrived; if not, the error is a *countError.
func (r *shipment) finish(records int64) (usage, error) {
	if err := r.shipper.stop(stopLimit); err != nil {
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
	used := usage{r.shipper.cpu(), r.shipper.peak.Load(), stats}
	if stats.Records != records {
		return used, &countError{stats.Records, records}
	}
	return used, nil
}

// A stallError says that nothing has arrived for a while.
type stallError struct {
	got, want int64
	limit     time.Duration
}

func (e *stallError) Error() string {
	return fmt.Sprintf("%d of %d events have arrived, and none for %v", e.got, e.want, e.limit)
}

// A countError says that not every event arrived once.
type countError struct{ got, want int64 }

func (e *countError) Error() string {
	if e.got < e.want {
		return fmt.Sprintf("%d of %d events are missing", e.want-e.got, e.want)
	}
	return fmt.Sprintf("%d events have arrived, %d were written", e.got, e.want)
}

// abort ends what still runs, and removes the files.
func (r *shipment) abort() {
	if r.shipper != nil {
		r.shipper.kill()
	}
	if r.broker != nil {
		_ = r.broker.Close() // the measurement has failed already, or needs it no more
	}
	_ = os.RemoveAll(r.dir) // else the suite does
}
