package tailer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// TestScripts runs testdata/script/*.txt, each with notifications and without.
// README.md there explains the commands.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d scripts: %v", len(paths), err)
	}
	for _, path := range paths {
		lines, only := readScript(t, path)
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		if only != notified {
			t.Run(name+"/polling", func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { newScript(t, polling).run(path, lines) })
			})
		}
		if only != polling {
			t.Run(name+"/notified", func(t *testing.T) {
				t.Parallel()
				newScript(t, notified).run(path, lines)
			})
		}
	}
}

// A command is a line of a script.
type command struct {
	line int
	text string
	args []string
}

// readScript splits a script; only is the one mode that it is for, if it says so
// or needs hours to pass.
func readScript(t *testing.T, path string) (commands []command, only mode) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range strings.Split(string(b), "\n") {
		c, err := parse(i+1, text)
		switch {
		case err != nil:
			t.Fatalf("%s:%d: %v", path, i+1, err)
		case len(c.args) == 0:
		case c.args[0] == "only":
			only = mode(c.args[1])
		default:
			if c.args[0] == "pass" {
				only = polling
			}
			commands = append(commands, c)
		}
	}
	return commands, only
}

func parse(line int, text string) (command, error) {
	args, err := words(text)
	if err == nil && len(args) > 0 && args[0] != "only" && scriptCommands[args[0]] == nil {
		err = fmt.Errorf("%s: no such command", args[0])
	}
	return command{line, text, args}, err
}

// words splits a line at spaces; "..." may be part of a word and is a Go string.
func words(line string) ([]string, error) {
	var all []string
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" || line[0] == '#' {
			return all, nil
		}
		word := ""
		for line != "" && line[0] != ' ' && line[0] != '\t' {
			if line[0] != '"' {
				word, line = word+line[:1], line[1:]
				continue
			}
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", line, err)
			}
			text, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", quoted, err)
			}
			word, line = word+text, line[len(quoted):]
		}
		all = append(all, word)
	}
}

// A script is one that runs.
type script struct {
	t         *testing.T
	mode      mode
	dir       string // where the paths of commands begin
	data      string // where the registry is
	unnoticed bool   // notifications alone are not enough

	inputs []*Input
	stdin  *os.File // what the tailer reads instead of its own
	opts   Options
	watch  chan *watcher // gets the tailer's, if it is notified
	sink   *collector
	logs   *observer.ObservedLogs
	reg    *registry.Registry
	tailer *Tailer // nil: it does not run
	cancel context.CancelFunc
	finish chan struct{}
	done   chan error
	begin  chan struct{} // begins a handover
	settle func()        // what Settle does; nil: everything is confirmed
	held   *Held         // by nobody, between handover and takeover

	wanted map[string]int      // by stream: how many events the script has told of
	pens   map[string]*os.File // files that the script holds open
}

func newScript(t *testing.T, m mode) *script {
	s := &script{
		t: t, mode: m, dir: t.TempDir(), data: memoryDir(t),
		sink: newCollector(t), wanted: map[string]int{}, pens: map[string]*os.File{},
	}
	t.Cleanup(s.abandon)
	return s
}

// memoryDir returns a directory in memory, where syncing takes no time, if there
// is such a thing.
func memoryDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "tailer")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// run carries out a file's commands.
func (s *script) run(path string, commands []command) {
	for _, c := range commands {
		s.step(fmt.Sprintf("%s:%d: ", path, c.line), c)
	}
	s.do("end")
}

// do carries out commands of a test in Go.
func (s *script) do(lines ...string) {
	s.t.Helper()
	for _, text := range lines {
		c, err := parse(0, text)
		if err != nil {
			s.t.Fatal(err)
		}
		s.step("", c)
	}
}

func (s *script) step(where string, c command) {
	s.t.Helper()
	if s.mode == polling {
		synctest.Wait()
	}
	if err := scriptCommands[c.args[0]](s, c.args[1:]); err != nil {
		s.t.Fatalf("%s%s: %v\nsent:\n%slog:\n%s", where, c.text, err, s.sent(), s.log())
	}
}

// abandon ends what a failed script has left.
func (s *script) abandon() {
	if s.tailer != nil {
		s.cancel()
		s.t.Log("abandoned: ", <-s.done)
	}
	s.held.Close()
	for _, f := range s.pens {
		_ = f.Close()
	}
}

// limit is how long a script waits for what must come.
func (s *script) limit() time.Duration {
	if s.mode == polling {
		return 2 * time.Minute
	}
	return time.Minute // on a machine that has other things to do
}

func (s *script) start([]string) error {
	if s.tailer != nil {
		return fmt.Errorf("it runs already")
	}
	if s.held == nil {
		s.reg = openRegistry(s.t, s.data)
	}
	if s.mode == notified {
		// With an hour between two looks, it must hear of everything.
		scan, backoff := time.Hour, time.Hour
		if s.unnoticed {
			scan, backoff = 20*time.Millisecond, 10*time.Millisecond
		}
		for _, in := range s.inputs {
			in.ScanFrequency, in.Backoff, in.MaxBackoff = scan, backoff, backoff
		}
	}
	s.begin = make(chan struct{})
	s.tailer = newTailer(s.t, s.mode, s.inputs, s.opts, s.reg, s.sink, s.observe())
	s.tailer.Yield(Handover{Begin: s.begin, Settle: s.settled})
	if s.held != nil {
		s.tailer.Inherit(s.held)
		s.held = nil
	}
	if s.stdin != nil {
		s.tailer.stdin = s.stdin
	}
	s.watch = make(chan *watcher, 1)
	if s.mode == notified {
		s.tailer.watch = func(log *zap.Logger) *watcher {
			w := newWatcher(log)
			s.watch <- w
			return w
		}
	}
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.Background())
	s.finish, s.done = make(chan struct{}), make(chan error, 1)
	go func(t *Tailer, done chan<- error, finish <-chan struct{}) { done <- t.Run(ctx, finish) }(s.tailer, s.done, s.finish)
	return nil
}

// observe returns a log that the script can read.
func (s *script) observe() *zap.Logger {
	core, logs := observer.New(zapcore.DebugLevel)
	s.logs = logs
	return zap.New(core)
}

// stop waits for Run's end, and returns its error.
func (s *script) stop() error {
	defer s.cancel()
	timer := time.NewTimer(time.Hour)
	if s.mode == notified {
		timer.Reset(s.limit())
	}
	defer timer.Stop()
	select {
	case err := <-s.done:
		if n := s.tailer.Stats().Open; n != 0 {
			return fmt.Errorf("%d files are open after the end (%w)", n, err)
		}
		s.tailer = nil
		return err
	case <-timer.C:
		return fmt.Errorf("it does not end")
	}
}

func (s *script) abs(path string) string { return filepath.Join(s.dir, path) }

// streams returns what was sent by file. A file has the path where it was found
// as its name; the second one of the same path has ~2 behind it, the third ~3.
func (s *script) streams() map[string][]sent {
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	names := map[string]map[event.FileID]string{}
	all := map[string][]sent{}
	for _, e := range s.sink.events {
		path := "." // of no file
		if !e.source.Stream {
			path, _ = filepath.Rel(s.dir, e.source.Path)
		}
		ids := names[path]
		if ids == nil {
			ids = map[event.FileID]string{}
			names[path] = ids
		}
		if _, ok := ids[e.source.ID]; !ok {
			ids[e.source.ID] = path
			if n := len(ids); n > 1 {
				ids[e.source.ID] = fmt.Sprintf("%s~%d", path, n)
			}
		}
		all[ids[e.source.ID]] = append(all[ids[e.source.ID]], e)
	}
	return all
}

// excess returns an error when something was sent that the script did not want.
func (s *script) excess() error {
	for name, events := range s.streams() {
		if n := s.wanted[name]; len(events) > n {
			return fmt.Errorf("nobody wanted %s %v", name, events[n:])
		}
	}
	return nil
}

func (s *script) sent() string {
	var b strings.Builder
	for name, events := range s.streams() {
		fmt.Fprintf(&b, "\t%s %v\n", name, events)
	}
	return b.String()
}

func (s *script) log() string {
	if s.logs == nil {
		return ""
	}
	var b strings.Builder
	for _, e := range s.logs.All() {
		fmt.Fprintf(&b, "\t%s %s %v\n", e.Level, e.Message, e.ContextMap())
	}
	return b.String()
}
