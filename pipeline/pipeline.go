// Package pipeline builds the parts from a configuration and runs them: it owns
// the order in which they start and stop, and the deadline of a stop.
//
// It must never know what a line, a document or a broker's answer looks like.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/config"
	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/monitor"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/output/console"
	"github.com/logcar/logcar/output/file"
	"github.com/logcar/logcar/output/kafka"
	"github.com/logcar/logcar/registry"
	"github.com/logcar/logcar/storage"
	"github.com/logcar/logcar/tailer"
)

// Pipeline is everything between the files and the destination.
type Pipeline struct {
	cfg     *config.Config
	once    bool
	version string
	started time.Time
	log     *zap.Logger

	lock     *registry.DirLock
	registry *registry.Registry
	encoder  *output.Encoder
	sink     event.Sink
	kafka    *kafka.Sink // the same, if it is Kafka
	tailer   *tailer.Tailer
	storage  *storage.Guard
	http     *monitor.Server // nil: nobody asked for one

	background sync.WaitGroup
}

// reserve is what a stop keeps of its time for delivering, when an application
// writes on and on.
const reserve = 5 * time.Second

// errDeadline is why a stop gave up.
var errDeadline = errors.New("the time to stop is over (filebeat.shutdown_timeout)")

// New builds the parts. Nothing is read or sent before Run; the registry's
// directory is locked until Run returns.
func New(cfg *config.Config, once bool, version string, log *zap.Logger) (*Pipeline, error) {
	p := &Pipeline{cfg: cfg, once: once, version: version, started: time.Now(), log: log}
	if err := p.openRegistry(); err != nil {
		return nil, err
	}
	if err := p.build(); err != nil {
		p.unlock()
		return nil, err
	}
	return p, nil
}

// openRegistry locks the directory of positions, which keeps a second logcar
// away from them, and reads them. A directory that cannot be locked is no reason
// not to ship. One that cannot be written to at all is the registry's to tell,
// and nobody else's: one line says it, not three.
func (p *Pipeline) openRegistry() error {
	file := RegistryFile(p.cfg)
	var unlockable error
	if p.lock, unlockable = registry.Lock(filepath.Dir(file)); errors.Is(unlockable, registry.ErrLocked) {
		return unlockable
	}
	opts := p.cfg.Registry
	opts.Log = p.log.Named("registry")
	_, unborn := os.Stat(file) // asked before Open, which may set a corrupt one aside
	var err error
	if p.registry, err = registry.Open(file, opts); err != nil {
		p.unlock()
		return err
	}
	if errors.Is(unborn, fs.ErrNotExist) {
		p.takeOver()
	}
	if unlockable != nil && !p.registry.Stats().Failing {
		p.log.Error("cannot lock the directory of positions, going on without", zap.Error(unlockable))
	}
	return nil
}

func (p *Pipeline) build() error {
	cfg := p.cfg
	agent, unkept, err := newAgent(cfg, p.version)
	if err != nil {
		return err
	}
	if unkept != nil && !p.registry.Stats().Failing {
		p.log.Warn("agent.id is not kept for the next start", zap.Error(unkept))
	}
	p.encoder = output.NewEncoder(cfg.Shape, agent, cfg.Documents)
	if err := p.newSink(); err != nil {
		return err
	}
	if p.once {
		cfg.Tailer.Quiet = 0 // there is an end, and nobody to wait for
	}
	cfg.Tailer.MaxQuiet = max(cfg.ShutdownTimeout/2, cfg.ShutdownTimeout-reserve)
	if p.tailer, err = tailer.New(cfg.Inputs, cfg.Tailer, p.registry, p.sink, p.log.Named("tailer")); err != nil {
		return err
	}
	p.storage = storage.New(cfg.Storage, storage.Logs{Directories: p.tailer.Directories, Delete: p.tailer.Delete}, p.log.Named("storage"))
	if cfg.HTTP != nil {
		p.http, err = monitor.New(*cfg.HTTP, p.snapshot, p.announce)
	}
	return err
}

func (p *Pipeline) newSink() (err error) {
	switch cfg := p.cfg; {
	case cfg.Kafka != nil:
		cfg.Kafka.Relax = giveBack
		p.kafka, err = kafka.New(*cfg.Kafka, p.encoder, p.log.Named("kafka"))
		p.sink = p.kafka
	case cfg.File != nil:
		p.sink, err = file.New(*cfg.File, p.encoder, p.log.Named("file"))
	case cfg.Console:
		p.sink = console.New(os.Stdout, p.encoder)
	default:
		err = errors.New("no output")
	}
	return err
}

func (p *Pipeline) unlock() {
	if p.lock == nil {
		return
	}
	if err := p.lock.Close(); err != nil {
		p.log.Warn("cannot unlock the directory of positions", zap.Error(err))
	}
}

// Run ships until stop is closed: then it reads each file to its end, delivers
// what is open, waits for the confirmations and saves the positions, all within
// the shutdown timeout. When ctx ends it stops at once; what was not confirmed is
// read again next time. Run can be called once.
func (p *Pipeline) Run(ctx context.Context, stop <-chan struct{}) error {
	defer p.unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	saving, endSaving := context.WithCancel(context.Background())
	p.background.Go(func() {
		if err := p.registry.Run(saving); err != nil {
			p.log.Error("positions are not saved", zap.Error(err))
		}
	})
	watching, endWatching := context.WithCancel(ctx)
	stop = p.stops(watching, stop)
	p.background.Go(func() { p.deadline(watching, stop, cancel) })
	p.background.Go(func() { p.report(watching) })
	p.background.Go(func() { p.storage.Run(watching) })
	if p.http != nil {
		p.background.Go(func() {
			if err := p.http.Run(saving); err != nil {
				p.log.Error("the HTTP endpoint has failed", zap.Error(err))
			}
		})
	}

	err := p.ship(ctx, stop)
	endWatching()
	endSaving()
	p.background.Wait()
	p.terminate(err)
	p.total()
	return err
}

// deadline gives a stop its time.
func (p *Pipeline) deadline(ctx context.Context, stop <-chan struct{}, cancel context.CancelCauseFunc) {
	select {
	case <-ctx.Done():
		return
	case <-stop:
	}
	p.log.Info("stopping: reading files to their end", zap.Duration("timeout", p.cfg.ShutdownTimeout))
	timer := time.NewTimer(p.cfg.ShutdownTimeout)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
		cancel(errDeadline)
	}
}

// ship runs the tailer to its end and closes the sink behind it.
func (p *Pipeline) ship(ctx context.Context, stop <-chan struct{}) error {
	finish := stop
	if p.once {
		at := make(chan struct{})
		close(at)
		finish = at
	}
	err := p.tailer.Run(ctx, finish)
	if cerr := p.sink.Close(ctx); cerr != nil {
		err = errors.Join(err, cerr)
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("stopped before everything was delivered: %w", context.Cause(ctx))
	}
	return err
}
