package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/config"
	"github.com/logcar/logcar/config/watch"
	"github.com/logcar/logcar/monitor"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/registry"
	"github.com/logcar/logcar/tailer"
)

// A Supervisor runs a pipeline, and exchanges it for another one when the
// configuration changes. It owns what outlives a configuration: the positions and
// the lock on their directory, the endpoint, the numbers, and who the agent is.
type Supervisor struct {
	once    bool
	version string
	started time.Time
	log     *zap.Logger

	lock       *registry.DirLock
	registry   *registry.Registry
	agent      output.Agent
	firstStart time.Time // of logcar in this place

	load     func() (*config.Config, error) // nil: the configuration stays
	applied  func(*config.Config)
	patience time.Duration // of an exchange
	look     time.Duration // how often to look at the configuration's files, at least
	changed  chan struct{} // holds one when the configuration may have changed
	asked    chan struct{} // and when somebody wants it to be read again

	background sync.WaitGroup

	mu        sync.Mutex // of what others may ask for meanwhile
	pipe      *Pipeline  // the one that runs
	ledger    monitor.Ledger
	status    monitor.Configuration
	announced bool            // the end of the pod
	http      *monitor.Server // nil: nobody asked for one
	endHTTP   context.CancelFunc
}

// New builds a pipeline and what it stands on. Nothing is read or sent before Run;
// the registry's directory is locked until Run returns.
func New(cfg *config.Config, once bool, version string, log *zap.Logger) (*Supervisor, error) {
	s := &Supervisor{
		once: once, version: version, started: time.Now(), log: log,
		patience: exchangeTimeout, look: watch.Every,
		changed: make(chan struct{}, 1), asked: make(chan struct{}, 1), endHTTP: func() {},
		status: monitor.Configuration{Hash: cfg.Hash, Applied: time.Now(), Reloads: map[string]uint64{reloadOK: 0, reloadRefused: 0}},
	}
	if err := s.openRegistry(cfg); err != nil {
		return nil, err
	}
	if err := s.build(cfg); err != nil {
		s.unlock()
		return nil, err
	}
	return s, nil
}

// openRegistry locks the directory of positions, which keeps a second logcar
// away from them, and reads them. A directory that cannot be locked is no reason
// not to ship. One that cannot be written to at all is the registry's to tell,
// and nobody else's: one line says it, not three.
func (s *Supervisor) openRegistry(cfg *config.Config) error {
	file := RegistryFile(cfg)
	var unlockable error
	if s.lock, unlockable = registry.Lock(filepath.Dir(file)); errors.Is(unlockable, registry.ErrLocked) {
		return unlockable
	}
	opts := cfg.Registry
	opts.Log = s.log.Named("registry")
	_, unborn := os.Stat(file) // asked before Open, which may set a corrupt one aside
	var err error
	if s.registry, err = registry.Open(file, opts); err != nil {
		s.unlock()
		return err
	}
	if errors.Is(unborn, fs.ErrNotExist) {
		takeOver(s.registry, cfg, s.log)
	}
	if s.registry.WasCorrupt() {
		cfg.Tailer.AtEnd = cfg.OnCorrupt == config.FromEnd
		s.log.Warn("positions are lost with the registry (logcar.registry.on_corrupt)", zap.String("files", string(cfg.OnCorrupt)))
	}
	if unlockable != nil && !s.registry.Stats().Failing {
		s.log.Error("cannot lock the directory of positions, going on without", zap.Error(unlockable))
	}
	return nil
}

func (s *Supervisor) build(cfg *config.Config) error {
	meta, unkept := newMeta(cfg.Data)
	s.firstStart = meta.FirstStart
	var err error
	if s.agent, err = newAgent(meta, s.version); err != nil {
		return err
	}
	if unkept != nil && !s.registry.Stats().Failing {
		s.log.Warn("agent.id is not kept for the next start", zap.Error(unkept))
	}
	cfg.Tailer.FirstStart = s.firstStart
	if s.pipe, err = newPipeline(cfg, s.once, s.agent, s.registry, s.log); err != nil {
		return err
	}
	if cfg.HTTP != nil {
		s.http, err = monitor.New(*cfg.HTTP, s.snapshot, s.announce)
	}
	return err
}

func (s *Supervisor) unlock() {
	if s.lock == nil {
		return
	}
	if err := s.lock.Close(); err != nil {
		s.log.Warn("cannot unlock the directory of positions", zap.Error(err))
	}
}

// Run ships until stop is closed: then it reads each file to its end, delivers
// what is open, waits for the confirmations and saves the positions, all within
// the shutdown timeout. When ctx ends it stops at once; what was not confirmed is
// read again next time. Run can be called once.
func (s *Supervisor) Run(ctx context.Context, stop <-chan struct{}) error {
	defer s.unlock()
	saving, endSaving := context.WithCancel(context.Background())
	s.background.Go(func() {
		if err := s.registry.Run(saving); err != nil {
			s.log.Error("positions are not saved", zap.Error(err))
		}
	})
	s.serve()

	err := s.supervise(ctx, stop)
	s.endHTTP()
	endSaving()
	s.background.Wait()
	s.terminate(err)
	s.log.Info("total", s.numbers()...)
	return err
}

// serve has the endpoint answer.
func (s *Supervisor) serve() {
	server := s.http
	if server == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.endHTTP = cancel
	s.background.Go(func() {
		if err := server.Run(ctx); err != nil {
			s.log.Error("the HTTP endpoint has failed", zap.Error(err))
		}
	})
}

// supervise runs one pipeline after the other.
func (s *Supervisor) supervise(ctx context.Context, stop <-chan struct{}) error {
	for {
		next, err := s.run(ctx, stop)
		if next == nil {
			return err
		}
		s.exchange(next)
	}
}

// run runs the pipeline until it ends by itself, or until there is one to take
// its place, which is returned.
func (s *Supervisor) run(ctx context.Context, stop <-chan struct{}) (*candidate, error) {
	p := s.pipe
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watching, endWatching := context.WithCancel(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer endWatching()

	stop = s.stops(watching, &background, p, stop)
	background.Go(func() { s.deadline(watching, p, stop, cancel) })
	background.Go(func() { s.report(watching, p) })
	background.Go(func() { p.storage.Run(watching) })
	if r := p.cfg.Reload; s.load != nil && len(r.Watch) > 0 {
		background.Go(func() { watch.Run(watching, r.Watch, min(r.Period, s.look), func() { poke(s.changed) }) })
	}
	ended := make(chan error, 1)
	background.Go(func() { ended <- p.ship(ctx, stop) })
	return s.await(p, stop, ended)
}

// await waits for a pipeline's end, and brings it about when there is another
// configuration.
func (s *Supervisor) await(p *Pipeline, stop <-chan struct{}, ended <-chan error) (*candidate, error) {
	changed, asked := s.changed, s.asked
	for {
		var next *candidate
		select {
		case err := <-ended:
			return nil, err
		case <-stop:
			stop, changed, asked = nil, nil, nil // a configuration for nobody
		case <-changed:
			next = s.prepare(false)
		case <-asked:
			next = s.prepare(true)
		}
		if next == nil {
			continue
		}
		close(p.yield)
		err := <-ended
		if errors.Is(err, tailer.ErrHandedOver) {
			return next, nil
		}
		next.discard()
		return nil, err
	}
}

// deadline gives a stop its time, and an exchange its own.
func (s *Supervisor) deadline(ctx context.Context, p *Pipeline, stop <-chan struct{}, cancel context.CancelCauseFunc) {
	timeout, cause := p.cfg.ShutdownTimeout, errDeadline
	select {
	case <-ctx.Done():
		return
	case <-stop:
		s.log.Info("stopping: reading files to their end", zap.Duration("timeout", timeout))
		stop = nil
	case <-p.yield:
		timeout, cause = s.patience, errExchange
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-stop: // its time has begun
		cancel(cause)
	case <-timer.C:
		cancel(cause)
	}
}

// announce is called when the end of the pod is announced, before it comes.
func (s *Supervisor) announce() {
	s.log.Info("the end of the pod is announced")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announced = true
	s.pipe.tailer.Announce()
}

// poke leaves a message unless there is one already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// errDeadline is why a stop gave up.
var errDeadline = errors.New("the time to stop is over (filebeat.shutdown_timeout)")

// errExchange is why an exchange gave up waiting for confirmations.
var errExchange = errors.New("the time of a reload is over")
