package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logcar/logcar/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit is far longer than anything here takes.
const limit = 20 * time.Second

// A pod is a directory of logs, and a configuration that ships them.
type pod struct {
	t     *testing.T
	logs  string // the directory of the log files
	out   string // of the documents, when they go to files
	home  string
	text  string // of the configuration
	notes *notes
}

// newPod makes a pod whose documents go to files, with more settings if need be.
func newPod(t *testing.T, settings ...string) *pod {
	t.Helper()
	p := newPodTo(t, "", settings...)
	p.text += fmt.Sprintf("output.file: {path: %s, filename: out}\n", p.out)
	return p
}

// newPodTo makes a pod with an output of one's own.
func newPodTo(t *testing.T, output string, settings ...string) *pod {
	t.Helper()
	dir := t.TempDir()
	p := &pod{t: t, logs: filepath.Join(dir, "logs"), out: filepath.Join(dir, "out"), home: filepath.Join(dir, "home"), notes: newNotes()}
	for _, d := range []string{p.logs, p.out, p.home} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.text = fmt.Sprintf("filebeat.inputs: [{paths: %q}]\n", filepath.Join(p.logs, "*.log")) + strings.Join(append(settings, output, ""), "\n")
	return p
}

// write appends lines to a log file.
func (p *pod) write(name string, lines ...string) {
	p.t.Helper()
	f, err := os.OpenFile(filepath.Join(p.logs, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
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

// config saves and loads the pod's configuration.
func (p *pod) config() *config.Config {
	p.t.Helper()
	p.save()
	cfg, err := p.load()
	if err != nil {
		p.t.Fatal(err)
	}
	return cfg
}

// save puts the configuration's text in its file's place, at once.
func (p *pod) save() {
	p.t.Helper()
	file := filepath.Join(p.home, "filebeat.yml")
	if err := os.WriteFile(file+".new", []byte(p.text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pod) load() (*config.Config, error) {
	return config.Load(config.Args{Files: []string{filepath.Join(p.home, "filebeat.yml")}, Home: p.home})
}

// pipeline builds the pod's pipeline, which has to work.
func (p *pod) pipeline(once bool) *Supervisor {
	p.t.Helper()
	pipe, err := New(p.config(), once, "test", p.notes.log)
	if err != nil {
		p.t.Fatal(err)
	}
	pipe.look = 2 * time.Millisecond
	if !once {
		pipe.Follow(p.load, func(*config.Config) {})
	}
	return pipe
}

// now is the pipeline that runs.
func (s *Supervisor) now() *Pipeline {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pipe
}

// ship runs the pipeline to its end, with --once.
func (p *pod) ship() {
	p.t.Helper()
	if err := p.pipeline(true).Run(p.t.Context(), nil); err != nil {
		p.t.Fatal(err)
	}
}

// start runs a pipeline in the background.
func (p *pod) start(ctx context.Context) *running {
	p.t.Helper()
	return p.run(ctx, p.pipeline(false))
}

func (p *pod) run(ctx context.Context, pipe *Supervisor) *running {
	r := &running{t: p.t, pipe: pipe, stop: make(chan struct{}), ended: make(chan error, 1)}
	go func() { r.ended <- pipe.Run(ctx, r.stop) }()
	return r
}

type running struct {
	t     *testing.T
	pipe  *Supervisor
	stop  chan struct{}
	ended chan error
}

// wait returns what Run returned.
func (r *running) wait() error {
	r.t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(limit):
		r.t.Fatalf("still running after %v", limit)
		return nil
	}
}

// document is what the tests look at.
type document struct {
	Message string `json:"message"`
	Version string `json:"version"` // by which tests tell configurations
	Agent   struct {
		ID        string `json:"id"`
		Ephemeral string `json:"ephemeral_id"`
		Name      string `json:"name"`
		Build     struct {
			Original string `json:"original"`
		} `json:"build"`
	} `json:"agent"`
}

// documents returns what was delivered, in order.
func (p *pod) documents() []document {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.out, "out-*"))
	if err != nil {
		p.t.Fatal(err)
	}
	slices.SortFunc(files, func(a, b string) int { // the day's first one has no number; no test makes ten
		return strings.Compare(strings.TrimSuffix(a, ".ndjson"), strings.TrimSuffix(b, ".ndjson"))
	})
	var docs []document
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			p.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var d document
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				p.t.Fatalf("%v: %s", err, line)
			}
			docs = append(docs, d)
		}
	}
	return docs
}

func (p *pod) wantMessages(want ...string) {
	p.t.Helper()
	var got []string
	for _, d := range p.documents() {
		got = append(got, d.Message)
	}
	if !slices.Equal(got, want) {
		p.t.Errorf("delivered %q, want %q", got, want)
	}
}

// notes are the log lines of a pipeline.
type notes struct {
	*observer.ObservedLogs
	log *zap.Logger
	new chan struct{} // holds one when there is a new line
}

func newNotes() *notes {
	core, logs := observer.New(zapcore.DebugLevel)
	n := &notes{ObservedLogs: logs, new: make(chan struct{}, 1)}
	n.log = zap.New(core, zap.Hooks(func(zapcore.Entry) error {
		select {
		case n.new <- struct{}{}:
		default:
		}
		return nil
	}))
	return n
}

// await waits for a line that begins with the text.
func (n *notes) await(t *testing.T, text string) observer.LoggedEntry {
	t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		for _, e := range n.All() {
			if strings.HasPrefix(e.Message, text) {
				return e
			}
		}
		select {
		case <-n.new:
		case <-timer.C:
			t.Fatalf("no line %q within %v, but %v", text, limit, n.All())
		}
	}
}

// complaints returns the messages at level warning and above.
func (n *notes) complaints() []string {
	var list []string
	for _, e := range n.All() {
		if e.Level >= zapcore.WarnLevel {
			list = append(list, e.Message)
		}
	}
	return list
}
