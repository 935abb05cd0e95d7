//go:build unix

// Command chaos ships the logs of several applications with the real binary to
// three real Kafka brokers, and breaks what can be broken meanwhile: brokers are
// killed, paused and restarted, logs are rotated, and logcar itself is stopped or
// killed and started again. At the end it compares what Kafka holds with a ledger
// of what was written, and fails when anything is missing or torn.
//
// It sees logcar as a pod does, from outside: a configuration, log files, signals,
// an exit status, and records in a topic. Of logcar's packages it uses the
// registry's reader alone, to know which files may go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/logcar/logcar/e2e/kafka"
)

const (
	topic      = "applog"
	brokers    = 3
	partitions = 6
	// catchUp bounds the wait for what is in Kafka already to be read back.
	catchUp = 2 * time.Minute
)

type options struct {
	duration time.Duration
	seed     uint64
	kill     bool
	apps     int
	rate     int
	binary   string
	keep     bool
}

func main() {
	var o options
	flag.DurationVar(&o.duration, "duration", 10*time.Minute, "how long to break things")
	flag.Uint64Var(&o.seed, "seed", rand.Uint64N(1e6), "of all random choices; their timing stays the machine's")
	flag.BoolVar(&o.kill, "kill", true, "kill logcar too, and not only stop it")
	flag.IntVar(&o.apps, "apps", 4, "how many applications write logs")
	flag.IntVar(&o.rate, "rate", 1500, "events per second, of all applications together")
	flag.StringVar(&o.binary, "logcar", os.Getenv("LOGCAR"), "the binary; empty builds ./cmd/logcar")
	flag.BoolVar(&o.keep, "keep", false, "keep all files at the end, also when nothing is wrong")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// run prepares the scene, and removes it when nothing was wrong.
func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "logcar-chaos-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil || o.keep {
			fmt.Println("logs, positions and what logcar and the brokers said stay in", dir)
			return
		}
		err = os.RemoveAll(dir)
	}()
	fmt.Printf("seed %d, kill=%v, for %v in %s\n", o.seed, o.kill, o.duration, dir)
	if o.binary == "" {
		o.binary = filepath.Join(dir, "logcar")
		build := exec.CommandContext(ctx, "go", "build", "-o", o.binary, "github.com/logcar/logcar/cmd/logcar")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build logcar: %w: %s", err, out)
		}
	}
	cluster, err := startCluster(ctx, filepath.Join(dir, "kafka"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	return play(ctx, o, dir, cluster)
}

// startCluster bounds what the brokers keep: the topic is read while it is
// written, so that old segments may go.
func startCluster(ctx context.Context, dir string) (*kafka.Cluster, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	cluster, err := kafka.Start(ctx, kafka.Options{Brokers: brokers, Dir: dir, Config: map[string]string{
		"log.retention.check.interval.ms": "30000",
	}})
	if err != nil {
		return nil, err
	}
	err = cluster.CreateTopic(ctx, topic, partitions, brokers, map[string]string{
		"min.insync.replicas": "2", "segment.bytes": "16777216", "retention.bytes": "67108864",
	})
	if err != nil {
		return nil, errors.Join(err, cluster.Close())
	}
	return cluster, nil
}

// play is the whole of a run, from the first line written to the verdict.
func play(ctx context.Context, o options, dir string, cluster *kafka.Cluster) (err error) {
	ledger := newLedger(o.kill)
	logcar, err := newLogcar(o, dir, cluster.Bootstrap())
	if err != nil {
		return err
	}
	defer logcar.end()
	reader, err := newReader(cluster.Bootstrap(), ledger)
	if err != nil {
		return err
	}
	defer reader.close()
	if err := logcar.start(); err != nil {
		return err
	}
	chaos := &chaos{began: time.Now(), ledger: ledger, reader: reader}
	// A generator for each actor, or the interleaving of one would change the
	// choices of another.
	random := func(actor uint64) *rand.Rand { return rand.New(rand.NewPCG(o.seed, actor)) }
	breaker := &breaker{cluster: cluster, random: random(1), say: chaos.say}
	actors := []func(context.Context) error{
		breaker.run,
		func(ctx context.Context) error { return logcar.trouble(ctx, random(2), o.kill, chaos.say) },
	}
	var apps []*app
	for i := range o.apps {
		a, err := newApp(i, o, dir, ledger, logcar.positions, random(uint64(10+i)))
		if err != nil {
			return err
		}
		apps, actors = append(apps, a), append(actors, a.run)
	}
	if err := chaos.act(ctx, o.duration, actors); err != nil {
		return errors.Join(err, ledger.verdict(os.Stdout))
	}
	chaos.say("all writers are done and all brokers are back: SIGTERM")
	err = logcar.stop()
	if err == nil {
		err = reader.finish(ctx, cluster)
	}
	fmt.Printf("\n%s\n%s\n", breaker, logcar)
	return errors.Join(err, rotations(apps), ledger.verdict(os.Stdout))
}

// rotations tells how often logs were rotated, and wants each kind of it.
func rotations(apps []*app) error {
	var renamed, truncated, deleted int
	for _, a := range apps {
		renamed, truncated, deleted = renamed+a.renamed, truncated+a.truncated, deleted+a.deleted
	}
	fmt.Printf("logs: rotated by renaming %d times, by copying and truncating %d times; %d old files deleted\n", renamed, truncated, deleted)
	if renamed == 0 || truncated == 0 || deleted == 0 {
		return errors.New("not every kind of rotation has happened: run for longer")
	}
	return nil
}

// chaos runs the actors and tells how it goes.
type chaos struct {
	began  time.Time
	ledger *ledger
	reader *reader
	mu     sync.Mutex // one line at a time
}

func (c *chaos) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Printf("%6.1fs %s\n", time.Since(c.began).Seconds(), fmt.Sprintf(format, args...))
}

// act runs all actors for so long; the first that fails ends all.
func (c *chaos) act(ctx context.Context, duration time.Duration, actors []func(context.Context) error) error {
	ctx, interrupt := context.WithCancelCause(ctx)
	defer interrupt(nil)
	acting, end := context.WithTimeoutCause(ctx, duration, errCurtain)
	defer end()
	var all sync.WaitGroup
	for _, actor := range actors {
		all.Go(func() {
			if err := actor(acting); err != nil {
				interrupt(err)
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		all.Wait()
		close(ended)
	}()
	failed := c.reader.failed
	progress := time.NewTicker(5 * time.Second)
	defer progress.Stop()
	for {
		select {
		case <-progress.C:
			c.say("%s", c.ledger)
		case <-failed:
			interrupt(c.reader.err)
			failed = nil
		case <-ended:
			return context.Cause(ctx)
		}
	}
}

var errCurtain = errors.New("the time is over")

// nap waits; it says whether ctx still lives.
func nap(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// between draws a time.
func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}

func quoted(list []string) string { return `"` + strings.Join(list, `", "`) + `"` }
