package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
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
	log, err := newLogger(cfg.Logging.Level, f, stderr)
	if err != nil {
		return err
	}
	defer func() { _ = log.Sync() }() // stderr cannot always be synced
	warn(log, cfg.Warnings)
	if cfg.Console {
		// Without a reader, standard output would end the process by this
		// signal; the console output's own error says why it ends.
		signal.Ignore(syscall.SIGPIPE)
	}
	if cfg.MaxProcs > 0 {
		runtime.GOMAXPROCS(cfg.MaxProcs)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(cfg.GCPercent)
	}
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

	p, err := pipeline.New(cfg, f.once, version, log)
	if err != nil {
		return err
	}
	log.Info("logcar start running.", zap.String("version", version), zap.Int("inputs", len(cfg.Inputs)))
	ctx, stop, release := signals(log)
	defer release()
	if err := p.Run(ctx, stop); err != nil {
		return err
	}
	log.Info("logcar stopped.")
	return nil
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

// signals turns SIGTERM, SIGINT and SIGHUP into a clean stop, and a second one
// into the end of ctx.
func signals(log *zap.Logger) (ctx context.Context, stop <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	first := make(chan struct{})
	received := make(chan os.Signal, 2)
	signal.Notify(received, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case s := <-received:
				if n > 0 {
					cancel(fmt.Errorf("second signal: %v", s))
					return
				}
				log.Info("Stopping logcar", zap.Stringer("signal", s))
				close(first)
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
