package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// A process is logcar running as a child.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has ended
	err    error         // why it ended; valid once exited is closed
	peak   atomic.Int64  // resident bytes as far as they were seen
}

// startLogcar runs the binary with the configuration, the environment beside
// the demo's own, and its data below dir. Its log goes to log. It is killed
// when ctx ends; else the caller stops it, or at least waits for it.
func startLogcar(ctx context.Context, binary, config, dir string, log io.Writer, env []string) (*process, error) {
	cmd := exec.CommandContext(ctx, binary, "-e", "-c", config, "--strict.perms=false",
		"--path.home", filepath.Join(dir, "home"), "--path.data", filepath.Join(dir, "data"))
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Second
	// A group of its own: Ctrl-C in the terminal reaches the demo, which first
	// stops the service and only then logcar.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start logcar: %w", err)
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go p.wait()
	return p, nil
}

// wait watches the process until it has ended.
func (p *process) wait() {
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.sampleMemory()
		case p.err = <-ended:
			close(p.exited)
			return
		}
	}
}

// stop asks the process to end, waits until it has, and returns why. After
// limit it is killed.
func (p *process) stop(limit time.Duration) error {
	p.sampleMemory()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop logcar: %w", err)
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.kill()
		return fmt.Errorf("still running %v after SIGTERM", limit)
	}
	return p.err
}

// kill ends the process if it still runs, and waits for it.
func (p *process) kill() {
	p.cmd.Process.Kill() //nolint:errcheck // it fails when the process has ended, which is the aim
	<-p.exited
}

// ending says why an ended process ended, also when its status is 0.
func (p *process) ending() error {
	if p.err != nil {
		return p.err
	}
	return errors.New("exit status 0")
}

// cpu returns the processor time that the process used, once it has ended.
func (p *process) cpu() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// sampleMemory raises the peak to what the system says now. A process that has
// ended says nothing any more.
func (p *process) sampleMemory() {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		return // it has ended, or this isn't Linux
	}
	seen := parsePeak(status)
	for old := p.peak.Load(); seen > old; old = p.peak.Load() {
		if p.peak.CompareAndSwap(old, seen) {
			return
		}
	}
}

// peakMemory returns the process's peak resident size in bytes, once it has
// ended. What wait4 reports is of no use on Linux: it starts with the peak of
// the process that forked, so that a small child inherits the demo's own.
func (p *process) peakMemory() int64 {
	usage, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	switch {
	case runtime.GOOS == "linux" || !ok:
		return p.peak.Load()
	case runtime.GOOS == "darwin":
		return usage.Maxrss
	default:
		return usage.Maxrss << 10
	}
}

// parsePeak returns the bytes in the line "VmHWM: 1234 kB" of /proc/PID/status,
// or 0.
func parsePeak(status []byte) int64 {
	for line := range bytes.Lines(status) {
		words := bytes.Fields(line)
		if len(words) == 3 && string(words[0]) == "VmHWM:" {
			kib, err := strconv.ParseInt(string(words[1]), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
