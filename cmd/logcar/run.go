package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/logcar/logcar/config"
	"github.com/logcar/logcar/pipeline"
)

// ship is the main command: everything runs until a signal, or with --once
// until everything is read.
func ship(f *flags, _, stderr io.Writer) (err error) {
	relaxTimers()
	cfg, err := config.Load(f.config)
	if err != nil {
		return err
	}
	var bar *progress
	if f.once && isTerminal(stderr) {
		bar = &progress{w: stderr}
		stderr = bar
	}
	log, setLevel, err := newLogger(cfg.Logging.Level, f, stderr)
	if err != nil {
		return err
	}
	defer func() { _ = log.Sync() }() // stderr cannot always be synced
	warn(log, cfg.Warnings)
	tune(cfg)
	pipeline.LimitMemory(log)
	endProfiles, err := profile(f)
	if err != nil {
		return err
	}
	defer func() {
		if perr := endProfiles(); err == nil {
			err = perr
		}
	}()

	s, err := pipeline.New(cfg, f.once, version, log)
	if err != nil {
		return err
	}
	if !f.once {
		s.Follow(func() (*config.Config, error) { return config.Load(f.config) }, func(cfg *config.Config) {
			setLevel(cfg.Logging.Level)
			warn(log, cfg.Warnings)
			tune(cfg)
		})
	}
	log.Info("logcar start running.", zap.String("version", version), zap.Int("inputs", len(cfg.Inputs)))
	ctx, stop, release := signals(log, s.Reload)
	defer release()
	if bar != nil {
		drawing, erased := context.WithCancel(ctx)
		var drawn sync.WaitGroup
		drawn.Go(func() { bar.run(drawing, s.Progress) })
		defer drawn.Wait()
		defer erased()
	}
	if err := s.Run(ctx, stop); err != nil {
		return err
	}
	log.Info("logcar stopped.")
	return nil
}

// tune sets what concerns the whole process.
func tune(cfg *config.Config) {
	if cfg.Console {
		// Without a reader, standard output would end the process by this
		// signal; the console output's own error says why it ends.
		signal.Ignore(syscall.SIGPIPE)
	}
	pipeline.ScaleProcs(cfg.MaxProcs)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(cfg.GCPercent)
	}
}

// warn logs what the configuration's author should know. Keys without effect are
// the rule in files that were written for Filebeat, and no reason to worry.
func warn(log *zap.Logger, problems []config.Problem) {
	for _, p := range problems {
		level := zapcore.WarnLevel
		if p.Severity == config.Notice {
			level = zapcore.InfoLevel
		}
		log.Log(level, "configuration: "+p.Error())
	}
}

// signals turns SIGTERM and SIGINT into a clean stop, and a second one into the end
// of ctx. SIGHUP has the configuration read again; where that is switched off it is
// a stop as well, as it is to Filebeat.
func signals(log *zap.Logger, reload func() bool) (ctx context.Context, stop <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	first := make(chan struct{})
	received := make(chan os.Signal, 2)
	signal.Notify(received, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		stopping := false
		for {
			select {
			case s := <-received:
				switch {
				case s == syscall.SIGHUP && !stopping && reload():
				case stopping:
					cancel(fmt.Errorf("second signal: %v", s))
					return
				default:
					log.Info("Stopping logcar", zap.Stringer("signal", s))
					stopping = true
					close(first)
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, first, func() {
		signal.Stop(received)
		close(done)
		cancel(nil)
	}
}
