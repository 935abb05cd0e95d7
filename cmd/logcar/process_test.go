package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A pod is a directory with log files and the configuration that ships them.
type pod struct {
	t      *testing.T
	dir    string
	config string
}

// newPod makes a pod whose documents go to standard output. Settings are lines
// of YAML; "LOGS" in them is the directory of the log files.
func newPod(t *testing.T, settings ...string) *pod {
	t.Helper()
	p := &pod{t: t, dir: t.TempDir()}
	if err := os.Mkdir(p.logs(), 0o755); err != nil {
		t.Fatal(err)
	}
	all := "\n" + strings.Join(settings, "\n")
	if !strings.Contains(all, "\nfilebeat.inputs:") {
		settings = append(settings, "filebeat.inputs: [{type: log, paths: LOGS/*.log, scan_frequency: 100ms, backoff: 100ms}]")
	}
	if !strings.Contains(all, "\noutput.") {
		settings = append(settings, "output.console: {pretty: false}")
	}
	p.config = filepath.Join(p.dir, "filebeat.yml")
	text := strings.NewReplacer("LOGS", p.logs(), "DIR", p.dir).Replace(strings.Join(append(settings, ""), "\n"))
	if err := os.WriteFile(p.config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pod) logs() string { return filepath.Join(p.dir, "logs") }
func (p *pod) data() string { return filepath.Join(p.dir, "data") }

// registry is the file of positions.
func (p *pod) registry() string {
	return filepath.Join(p.data(), "registry", "logcar", "registry.json")
}

// write appends lines to a log file.
func (p *pod) write(name string, lines ...string) {
	p.t.Helper()
	f, err := os.OpenFile(filepath.Join(p.logs(), name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := f.WriteString(strings.Join(append(lines, ""), "\n")); err != nil {
		p.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		p.t.Fatal(err)
	}
}

// command is logcar for this pod, not yet started.
func (p *pod) command(args ...string) *exec.Cmd {
	return exec.Command(binary, append([]string{"-c", p.config, "--path.home", p.dir, "--path.data", p.data(), "--strict.perms=false"}, args...)...)
}

// start runs logcar.
func (p *pod) start(args ...string) *process {
	p.t.Helper()
	return begin(p.t, p.command(args...))
}

// once runs logcar --once, which has to work.
func (p *pod) once(args ...string) *process {
	p.t.Helper()
	run := p.start(append([]string{"--once"}, args...)...)
	run.wantStatus(0)
	return run
}

// A process is logcar running.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, log transcript // standard output and standard error
	exited   chan struct{}
}

// begin starts a command, and kills it when the test ends before it does. What
// cmd's caller has set as its outputs stays.
func begin(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, out: newTranscript(), log: newTranscript(), exited: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = p.out
	}
	cmd.Stderr = p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // wantStatus reads what it leaves
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended, as a rule
		<-p.exited
		if t.Failed() {
			t.Logf("%v ended with %v\n%s", cmd.Args[1:], cmd.ProcessState, p.log.String())
		}
	})
	return p
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wantStatus waits for the end, and wants that exit status.
func (p *process) wantStatus(want int) {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(limit):
		p.signal(syscall.SIGQUIT) // the goroutines' stacks go to the log
		p.t.Fatalf("still running after %v", limit)
	}
	if got := p.cmd.ProcessState; got.ExitCode() != want {
		p.t.Fatalf("ended with %v, want status %d", got, want)
	}
}

// terminate sends SIGTERM and wants a clean end.
func (p *process) terminate() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	p.wantStatus(0)
}

// await waits until a text stands in a transcript of the process.
func (p *process) await(tr transcript, text string) {
	p.t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for !strings.Contains(tr.String(), text) {
		select {
		case <-tr.changed:
		case <-p.exited:
			if !strings.Contains(tr.String(), text) {
				p.t.Fatalf("logcar ended with %v before %q came, but\n%s", p.cmd.ProcessState, text, tr.String())
			}
		case <-timer.C:
			p.t.Fatalf("%q did not come within %v, but\n%s", text, limit, tr.String())
		}
	}
}

// awaitLog waits until logcar has logged a text.
func (p *process) awaitLog(text string) { p.t.Helper(); p.await(p.log, text) }

// awaitMessage waits until a document with the message is on standard output.
func (p *process) awaitMessage(text string) {
	p.t.Helper()
	p.await(p.out, fmt.Sprintf(`"message":%q}`, text))
}

// messages are the messages of all documents on standard output.
func (p *process) messages() []string {
	p.t.Helper()
	return messagesOf(p.t, p.out.String())
}

func messagesOf(t *testing.T, text string) []string {
	t.Helper()
	var list []string
	for line := range strings.Lines(text) {
		var d struct{ Message string }
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatalf("%v: %.200q", err, line)
		}
		list = append(list, d.Message)
	}
	return list
}

func (p *process) wantMessages(want ...string) {
	p.t.Helper()
	if got := p.messages(); !slices.Equal(got, want) {
		p.t.Errorf("delivered %q, want %q", got, want)
	}
}

// A logLine is one line of logcar's own log.
type logLine struct {
	Level   string `json:"log.level"`
	Time    string `json:"@timestamp"`
	Message string `json:"message"`
}

// lines are logcar's own log; all that is not JSON is its last words.
func (p *process) lines() (lines []logLine, last string) {
	p.t.Helper()
	for text := range strings.Lines(p.log.String()) {
		var l logLine
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			last += text
			continue
		}
		lines = append(lines, l)
	}
	return lines, last
}

// logged are the messages of the lines at the level.
func (p *process) logged(level string) []string {
	p.t.Helper()
	lines, _ := p.lines()
	var list []string
	for _, l := range lines {
		if l.Level == level {
			list = append(list, l.Message)
		}
	}
	return list
}

// A transcript keeps what is written to it, and tells when there is more.
type transcript struct {
	*text
	changed chan struct{} // holds one
}

type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

var _ io.Writer = transcript{}

func newTranscript() transcript {
	return transcript{text: &text{}, changed: make(chan struct{}, 1)}
}

func (tr transcript) Write(b []byte) (int, error) {
	tr.mu.Lock()
	n, err := tr.b.Write(b)
	tr.mu.Unlock()
	select {
	case tr.changed <- struct{}{}:
	default:
	}
	return n, err
}

func (tr transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.b.String()
}
