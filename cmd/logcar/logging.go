package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sys/unix"
)

// newLogger logs to stderr: lines for people on a terminal, JSON for the
// container's log. Should one message come in masses, it is sampled. The function
// that it returns sets another level, which has to be one.
func newLogger(name string, f *flags, stderr io.Writer) (*zap.Logger, func(name string), error) {
	level := zap.NewAtomicLevel()
	set := func(name string) error {
		at, err := logLevel(name)
		if f.verbose {
			at = min(at, zapcore.InfoLevel)
		}
		if f.debug != "" {
			at = zapcore.DebugLevel
		}
		level.SetLevel(at)
		return err
	}
	if err := set(name); err != nil {
		return nil, nil, err
	}
	enc := zap.NewProductionEncoderConfig()
	enc.TimeKey, enc.EncodeTime = "@timestamp", zapcore.ISO8601TimeEncoder
	enc.LevelKey, enc.MessageKey, enc.NameKey = "log.level", "message", "log.logger"
	enc.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(enc)
	if isTerminal(stderr) {
		enc.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		enc.EncodeLevel = zapcore.CapitalColorLevelEncoder
		encoder = zapcore.NewConsoleEncoder(enc)
	}
	core := zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(stderr)), level)
	const perSecond, thereafter = 50, 100
	log := zap.New(zapcore.NewSamplerWithOptions(core, time.Second, perSecond, thereafter))
	return log, func(name string) { _ = set(name) }, nil // the configuration has checked it
}

// logLevel reads Filebeat's names of levels.
func logLevel(name string) (zapcore.Level, error) {
	switch name {
	case "critical", "error":
		return zapcore.ErrorLevel, nil
	case "warning", "warn":
		return zapcore.WarnLevel, nil
	case "info":
		return zapcore.InfoLevel, nil
	case "debug":
		return zapcore.DebugLevel, nil
	}
	return 0, fmt.Errorf("log level %q is unknown", name)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		_, ok = w.(*progress) // which is only used on one
		return ok
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
