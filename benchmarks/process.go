package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// A process is the program that is measured.
type process struct {
	name   string
	cmd    *exec.Cmd
	log    string
	begun  time.Time // right before exec
	peak   atomic.Int64
	exited chan struct{} // closed when it has ended
	err    error         // of its ending; valid once exited is closed
}

// start runs a command; what it prints goes to the file log. It is killed when
// ctx ends.
func start(ctx context.Context, log string, c command) (*process, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.program, err)
	}
	defer out.Close()
	p := &process{name: filepath.Base(c.program), cmd: exec.CommandContext(ctx, c.program, c.args...), log: log, exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), c.env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	// A group of its own: Ctrl-C reaches this program, which ends its children.
	// Should it be killed, they are as well.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.begun = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.program, err)
	}
	go p.watch()
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// watch follows the peak of the memory: once the process has ended, the kernel
// no longer tells.
func (p *process) watch() {
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for {
		if m, err := readMemory(p.pid()); err == nil {
			p.peak.Store(max(p.peak.Load(), m.peak))
		}
		select {
		case <-p.exited:
			return
		case <-ticks.C:
		}
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// cpu is the processor time from exec to exit.
func (p *process) cpu() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// stop asks the process to end with SIGTERM and waits; it must exit with
// status 0 within limit.
func (p *process) stop(limit time.Duration) error {
	select {
	case <-p.exited:
		return p.ending()
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.kill()
		return fmt.Errorf("%s still ran %v after SIGTERM%s", p.name, limit, p.lastWords())
	}
	if p.err != nil {
		return p.ending()
	}
	return nil
}

// kill ends the process if it still runs, and waits for it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it fails when the process has ended, which is the aim
	<-p.exited
}

// ending says why a process ended that should not have.
func (p *process) ending() error {
	err := p.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	return fmt.Errorf("%s has ended: %w%s", p.name, err, p.lastWords())
}

// lastWords is the end of what the process printed.
func (p *process) lastWords() string {
	const lines = 3
	b, err := os.ReadFile(p.log)
	if err != nil {
		return ""
	}
	all := bytes.Split(bytes.TrimSpace(b), []byte{'\n'})
	return "; its last words:\n" + string(bytes.Join(all[max(0, len(all)-lines):], []byte{'\n'}))
}
