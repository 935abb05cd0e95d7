package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/config"
	"github.com/logcar/logcar/output/kafka"
)

// checkTime is the longest that test output takes.
const checkTime = time.Minute

// testOutput tries whether the output could deliver, without delivering anything.
// Unlike Filebeat's, its status tells.
func testOutput(f *flags, stdout, _ io.Writer) error {
	cfg, err := config.Load(f.config)
	if err != nil {
		return err
	}
	switch {
	case cfg.Kafka != nil:
		ctx, cancel := context.WithTimeout(context.Background(), checkTime)
		defer cancel()
		return printSteps(stdout, kafka.Check(ctx, *cfg.Kafka))
	case cfg.File != nil:
		step := kafka.Step{Subject: "file: " + cfg.File.Path, Name: "directory is writable"}
		step.Detail, step.Err = writable(cfg.File.Path)
		return printSteps(stdout, []kafka.Step{step})
	}
	fmt.Fprintln(stdout, "console: standard output... OK (nothing to test)")
	return nil
}

func printSteps(w io.Writer, steps []kafka.Step) error {
	failed, subject := 0, ""
	for _, s := range steps {
		if s.Subject != subject {
			subject = s.Subject
			fmt.Fprintf(w, "%s...\n", subject)
		}
		switch {
		case s.Err != nil:
			failed++
			fmt.Fprintf(w, "  %s... ERROR %v\n", s.Name, s.Err)
		case s.Detail != "":
			fmt.Fprintf(w, "  %s... OK (%s)\n", s.Name, s.Detail)
		default:
			fmt.Fprintf(w, "  %s... OK\n", s.Name)
		}
	}
	if failed > 0 {
		return fmt.Errorf("test output: %d of %d checks failed", failed, len(steps))
	}
	return nil
}

// writable tells whether files can be made in dir, which is not made for that.
func writable(dir string) (detail string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	probe, err := os.CreateTemp(dir, ".logcar-test-")
	if err == nil {
		return "", errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			err = p.Err // the name that was tried says nothing
		}
		return "", err
	}
	above := filepath.Dir(dir)
	for above != "/" {
		if _, err := os.Stat(above); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		above = filepath.Dir(above)
	}
	if err := unix.Access(above, unix.W_OK|unix.X_OK); err != nil {
		return "", fmt.Errorf("make it in %s: %w", above, err)
	}
	return "it does not exist yet and can be made", nil
}
