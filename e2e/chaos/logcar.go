//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// stopLimit is how long a stop may take: longer than any trouble that is made.
const stopLimit = 3 * time.Minute

// The time to stop is longer than any trouble, since a stop that gives up may
// repeat. The writers go on when logcar stops, so that it must not wait for quiet.
const configuration = `
filebeat.inputs:
- type: log
  paths: [%q]
  multiline: {pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2} ', negate: true, match: after, timeout: 1s}
output.kafka:
  hosts: [%s]
  topic: %s
  compression: gzip
  timeout: 5s
  broker_timeout: 5s
  backoff: {init: 200ms, max: 2s}
filebeat.shutdown_timeout: 150s
logcar.quiet: 0s
`

// logcar is the process under test, one after another.
type logcar struct {
	binary, dir  string
	process      *exec.Cmd
	exited       chan struct{}
	kills, stops int
	longest      time.Duration // stop
}

func newLogcar(o options, dir string, hosts []string) (*logcar, error) {
	l := &logcar{binary: o.binary, dir: filepath.Join(dir, "pod")}
	if err := os.Mkdir(l.dir, 0o755); err != nil {
		return nil, err
	}
	text := fmt.Sprintf(configuration, filepath.Join(dir, "logs", "*", "app.log*"), quoted(hosts), topic)
	return l, os.WriteFile(l.config(), []byte(text), 0o600)
}

func (l *logcar) config() string { return filepath.Join(l.dir, "filebeat.yml") }
func (l *logcar) said() string   { return filepath.Join(l.dir, "stderr") }

func (l *logcar) String() string {
	return fmt.Sprintf("logcar: %d killed, %d stopped, the longest stop took %.1fs", l.kills, l.stops, l.longest.Seconds())
}

func (l *logcar) start() error {
	log, err := os.OpenFile(l.said(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own copy
	cmd := exec.Command(l.binary, "-e", "-c", l.config(), "--path.home", l.dir, "--path.data", filepath.Join(l.dir, "data"), "--strict.perms=false")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start logcar: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // stop reads the status
		close(exited)
	}()
	l.process, l.exited = cmd, exited
	return nil
}

// trouble stops or kills logcar and starts it again, until ctx ends. It leaves one
// that runs.
func (l *logcar) trouble(ctx context.Context, random *rand.Rand, kill bool, say func(string, ...any)) error {
	for {
		timer := time.NewTimer(between(random, 2*time.Second, 15*time.Second))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-l.exited:
			timer.Stop()
			return fmt.Errorf("logcar ended by itself: %v; see %s", l.process.ProcessState, l.said())
		case <-timer.C:
		}
		choice := random.IntN(4)
		switch {
		case kill && choice < 2:
			say("logcar is killed")
			l.kill()
		case kill && choice == 2:
			say("logcar is told to stop, and killed before it has")
			if err := l.process.Process.Signal(syscall.SIGTERM); err != nil {
				return err
			}
			nap(ctx, between(random, time.Millisecond, 500*time.Millisecond))
			l.kill()
		default:
			say("logcar is told to stop")
			if err := l.stop(); err != nil {
				return err
			}
			say("logcar has stopped")
		}
		if random.IntN(2) == 0 {
			nap(ctx, between(random, 0, 3*time.Second))
		}
		if err := l.start(); err != nil {
			return err
		}
	}
}

// stop sends SIGTERM and wants everything delivered, which is what status 0 says.
func (l *logcar) stop() error {
	l.stops++
	began := time.Now()
	if err := l.process.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop logcar: %w", err)
	}
	timer := time.NewTimer(stopLimit)
	defer timer.Stop()
	select {
	case <-l.exited:
	case <-timer.C:
		_ = l.process.Process.Signal(syscall.SIGQUIT) // its goroutines' stacks go to its log
		<-l.exited
		return fmt.Errorf("logcar still ran %v after SIGTERM; see %s", stopLimit, l.said())
	}
	l.longest = max(l.longest, time.Since(began))
	if !l.process.ProcessState.Success() {
		return fmt.Errorf("stopped logcar: %v; see %s", l.process.ProcessState, l.said())
	}
	return nil
}

func (l *logcar) kill() {
	l.kills++
	l.end()
}

// end kills the process if there is one.
func (l *logcar) end() {
	if l.process != nil {
		_ = l.process.Process.Kill() // it may have ended
		<-l.exited
	}
}

// positions are the saved ones.
func (l *logcar) positions() (map[event.FileID]int64, error) {
	states, err := registry.Load(filepath.Join(l.dir, "data", "registry", "logcar", "registry.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	positions := make(map[event.FileID]int64, len(states))
	for _, s := range states {
		positions[s.ID] = s.Position
	}
	return positions, nil
}
