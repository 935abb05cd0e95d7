package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/logcar/logcar/benchmarks/applog"
)

// What logcar is run with.
var (
	//go:embed filebeat.yml
	joining []byte // lines into events, by multiline
	//go:embed lines.yml
	lineByLine []byte
)

// A suite is what all measurements share.
type suite struct {
	opts     *options
	self     string // this program, for the helper processes
	logcar   string
	dir      string // removed at the end
	logs     string // where generated logs are
	setting  setting
	progress io.Writer
}

// newSuite makes the temporary folder and builds logcar.
func newSuite(ctx context.Context, opts *options, progress io.Writer) (s *suite, err error) {
	s = &suite{opts: opts, logcar: opts.logcar, progress: progress}
	if s.self, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	if s.dir, err = os.MkdirTemp("", "logcar-bench-"); err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *suite) prepare(ctx context.Context) error {
	load, err := loadAverage() // before this program makes some itself
	if err != nil {
		return err
	}
	s.logs = s.opts.dir
	if s.logs == "" {
		s.logs = filepath.Join(s.dir, "logs")
	}
	// Patterns in the configuration are relative to nothing.
	if s.logs, err = filepath.Abs(s.logs); err != nil {
		return fmt.Errorf("find the folder for logs: %w", err)
	}
	if err := os.MkdirAll(s.logs, 0o755); err != nil {
		return fmt.Errorf("make the folder for logs: %w", err)
	}
	if s.logcar == "" {
		s.logcar = filepath.Join(s.dir, "logcar")
		s.say("building logcar")
		if err := build(ctx, s.logcar); err != nil {
			return err
		}
	}
	version, err := exec.CommandContext(ctx, s.logcar, "version").Output()
	if err != nil {
		return fmt.Errorf("run %s version: %w", s.logcar, err)
	}
	s.setting = newSetting(strings.TrimSpace(string(version)), s.opts.level(), load)
	return nil
}

// build makes the binary as it is shipped. It is built in its own module: the
// versions of its dependencies are those of the main go.mod.
func build(ctx context.Context, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", to, "./cmd/logcar")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build ../cmd/logcar (run this in benchmarks/, or give -logcar): %w\n%s", err, out)
	}
	return nil
}

func (s *suite) close() error { return os.RemoveAll(s.dir) }

// say tells on standard error what is going on.
func (s *suite) say(format string, args ...any) {
	fmt.Fprintf(s.progress, format+"\n", args...)
}

// measure runs what the command line asks for. Measurements that fail have rows
// that say why; the others go on.
func (s *suite) measure(ctx context.Context) []row {
	var rows []row
	for _, g := range groups {
		if !s.opts.wants(g.name) {
			continue
		}
		s.say("measuring %s", g.name)
		measured, err := g.run(s, ctx)
		rows = append(rows, measured...)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		for _, m := range catalogue {
			if m.group == g.name && !has(measured, m.name) {
				rows = append(rows, failedRow(m, err))
			}
		}
	}
	return rows
}

func has(rows []row, name string) bool {
	for _, r := range rows {
		if r.Name == name {
			return true
		}
	}
	return false
}

// An input is a generated log.
type input struct {
	path         string
	size, events int64
}

// input returns the log of that seed and size, and makes it when it isn't there.
// It is in the page cache then.
func (s *suite) input(seed uint64, size int64) (input, error) {
	return s.inputIn(applog.Plain, seed, size)
}

// inputIn is input for a log in another format.
func (s *suite) inputIn(format applog.Format, seed uint64, size int64) (input, error) {
	in := input{path: filepath.Join(s.logs, fmt.Sprintf("app-%s-%d-%d.log", format, seed, size))}
	if _, err := os.Stat(in.path); errors.Is(err, os.ErrNotExist) {
		s.say("  writing %s", filepath.Base(in.path))
		// Under its name only when complete: -dir keeps it for the next time.
		unfinished := in.path + ".unfinished"
		if err := applog.WriteFile(unfinished, seed, format, size); err != nil {
			return in, errors.Join(err, os.RemoveAll(unfinished))
		}
		if err := os.Rename(unfinished, in.path); err != nil {
			return in, fmt.Errorf("write log: %w", err)
		}
	}
	var err error
	in.size, in.events, err = applog.Read(in.path, seed, format, size)
	return in, err
}
