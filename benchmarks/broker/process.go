package broker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Process is a broker that runs as a child. Its methods are for one goroutine.
type Process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Reader
	addr  string
}

// Start runs the command line, a program and its first arguments, with the
// arguments of Main behind it. With keep the batches go into that file. The
// process is killed when ctx ends.
func Start(ctx context.Context, command []string, partitions int, keep string) (*Process, error) {
	args := slices.Concat(command[1:], []string{"-partitions", strconv.Itoa(partitions), "-keep", keep})
	p := &Process{cmd: exec.CommandContext(ctx, command[0], args...)}
	// Ctrl-C in a terminal goes to the whole group: the parent ends its children
	// in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = time.Second
	stderr := &tail{}
	p.cmd.Stderr = stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	p.stdin, p.lines = stdin, bufio.NewReader(stdout)
	var hello greeting
	if err := p.read(&hello); err != nil {
		return nil, errors.Join(fmt.Errorf("start broker: %w", err), p.Close(), stderr.err())
	}
	p.addr = hello.Addr
	return p, nil
}

// Addr is the host and port that it listens on.
func (p *Process) Addr() string { return p.addr }

// Stats asks for what has arrived.
func (p *Process) Stats() (Stats, error) { return p.ask("stats\n") }

// Reset makes Stats count from zero again.
func (p *Process) Reset() error {
	_, err := p.ask("reset\n")
	return err
}

func (p *Process) ask(command string) (Stats, error) {
	var s Stats
	if _, err := io.WriteString(p.stdin, command); err != nil {
		return s, fmt.Errorf("ask broker: %w", err)
	}
	if err := p.read(&s); err != nil {
		return s, fmt.Errorf("ask broker: %w", err)
	}
	if s.Error != "" {
		return s, fmt.Errorf("broker: %s", s.Error)
	}
	return s, nil
}

func (p *Process) read(v any) error {
	line, err := p.lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}

// Close ends the process; the file of kept batches is complete then.
func (p *Process) Close() error {
	_ = p.stdin.Close() // that is the sign to end; if it is closed, it was given
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("end broker: %w", err)
	}
	return nil
}

// tail keeps the end of what a process complained about.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const limit = 4 << 10
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-limit):]
	return len(p), nil
}

func (t *tail) err() error {
	if len(t.text) == 0 {
		return nil
	}
	return errors.New(string(t.text))
}
