package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/output/outputtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	goleak.VerifyTestMain(m)
}

func newEncoder() *output.Encoder { return encoderWith(output.Codec{}) }

func encoderWith(codec output.Codec) *output.Encoder {
	return output.NewEncoder(output.Shape8, output.Agent{Name: "pod-1"}, output.Options{Codec: codec})
}

// split cuts a stream into its documents, indented or not.
func split(t *testing.T, stream []byte) []string {
	t.Helper()
	var docs []string
	for d := json.NewDecoder(bytes.NewReader(stream)); ; {
		var doc json.RawMessage
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			return docs
		} else if err != nil {
			t.Errorf("document %d: %v", len(docs), err)
			return docs
		}
		docs = append(docs, string(doc))
	}
}

// pipe is a standard output that is a pipe.
type pipe struct {
	t    *testing.T
	r, w *os.File
	raw  syscall.RawConn // of r
	done chan struct{}   // closed: nobody reads

	mu   sync.Mutex
	data []byte
}

func newPipe(t *testing.T) *pipe {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	p := &pipe{t: t, r: r, w: w, raw: raw, done: make(chan struct{})}
	close(p.done)
	t.Cleanup(func() {
		w.Close()
		<-p.done
		r.Close()
	})
	return p
}

// drain takes what the pipe holds just now. It is never between two reads that
// another drain has taken the bytes and not yet put them down.
func (p *pipe) drain(fd uintptr) (end bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	buf := make([]byte, 64<<10)
	for {
		n, err := syscall.Read(int(fd), buf)
		switch {
		case n > 0:
			p.data = append(p.data, buf[:n]...)
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return false
		case err != nil:
			p.t.Errorf("read the pipe: %v", err)
			return true
		default:
			return true
		}
	}
}

// open begins to read.
func (p *pipe) open() {
	p.done = make(chan struct{})
	go func() {
		defer close(p.done)
		if err := p.raw.Read(p.drain); err != nil {
			p.t.Errorf("read the pipe: %v", err)
		}
	}()
}

// documents returns all documents that were written.
func (p *pipe) documents() []string {
	if err := p.raw.Control(func(fd uintptr) { p.drain(fd) }); err != nil {
		p.t.Errorf("read the pipe: %v", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return split(p.t, p.data)
}

func TestContract(t *testing.T) {
	for name, codec := range map[string]output.Codec{"lines": {}, "pretty": {Pretty: true}} {
		t.Run(name, func(t *testing.T) {
			outputtest.Run(t, outputtest.Harness{
				New: func(t *testing.T) (event.Sink, func() []string) {
					p := newPipe(t)
					p.open()
					return New(p.w, encoderWith(codec)), p.documents
				},
				Blocked: func(t *testing.T) (event.Sink, func() []string, func()) {
					p := newPipe(t)
					return New(p.w, encoderWith(codec)), p.documents, p.open
				},
				Broken: func(t *testing.T) event.Sink {
					p := newPipe(t)
					p.r.Close()
					return New(p.w, encoderWith(codec))
				},
			})
		})
	}
}

func batch(texts ...string) *event.Batch {
	b := &event.Batch{
		Source: &event.Source{Path: "/var/log/app.log", Input: &event.Input{Type: "log", Fields: map[string]any{"empty": map[string]any{}}}},
		Time:   time.Unix(1_700_000_000, 0),
	}
	for _, text := range texts {
		at := len(b.Data)
		b.Data = append(b.Data, text...)
		b.Data = append(b.Data, '\n')
		b.Events = append(b.Events, event.Event{Start: uint32(at), End: uint32(len(b.Data) - 1), From: int64(at), To: int64(len(b.Data))})
	}
	return b
}

// writes remembers each write.
type writes []string

func (w *writes) Write(p []byte) (int, error) {
	*w = append(*w, string(p))
	return len(p), nil
}

func TestStreams(t *testing.T) {
	b := batch("one", "two <&> \"日本\"\n\tat x", "")
	e := newEncoder()
	if err := e.Start(b); err != nil {
		t.Fatal(err)
	}
	var lines []byte
	for i := range b.Events {
		lines, _ = e.Append(lines, b, i)
		lines = append(lines, '\n')
	}
	const begin = `{
  "@timestamp": "2023-11-14T22:13:20.000Z",
  "@metadata": {
    "beat": "filebeat",
`
	var pretty bytes.Buffer
	for line := range bytes.Lines(lines) { // json.Indent keeps white space at the end
		if err := json.Indent(&pretty, line, "", "  "); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		codec output.Codec
		begin string
		want  string
	}{
		{"lines", output.Codec{}, `{"@timestamp":"2023-11-14T22:13:20.000Z","@metadata":{`, string(lines)},
		{"pretty", output.Codec{Pretty: true}, begin, pretty.String()},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w writes
			if err := New(&w, encoderWith(c.codec)).Send(context.Background(), b); err != nil {
				t.Fatal(err)
			}
			if len(w) != 1 {
				t.Errorf("%d writes for one batch", len(w))
			}
			if got := strings.Join(w, ""); got != c.want || !strings.HasPrefix(got, c.begin) {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestWritesAreBounded sends a batch that is far larger as documents than as
// text: the memory that the sink needs must not be set by that.
func TestWritesAreBounded(t *testing.T) {
	for name, codec := range map[string]output.Codec{"lines": {}, "pretty": {Pretty: true}} {
		t.Run(name, func(t *testing.T) {
			var w writes
			s := New(&w, encoderWith(codec))
			if err := s.Send(context.Background(), batch(make([]string, 5_000)...)); err != nil {
				t.Fatal(err)
			}
			for i, p := range w {
				if len(p) > writeSize+4096 || !strings.HasSuffix(p, "}\n") {
					t.Errorf("write %d has %d bytes and ends in %q", i, len(p), p[len(p)-2:])
				}
			}
			if n := len(split(t, []byte(strings.Join(w, "")))); n != 5_000 {
				t.Errorf("%d documents", n)
			}
			if err := s.Send(context.Background(), batch(strings.Repeat("x", 3<<20))); err != nil {
				t.Fatal(err)
			}
			if cap(s.buf) > keepSize {
				t.Errorf("%d bytes are kept after a huge event", cap(s.buf))
			}
		})
	}
}

// torn takes some bytes and fails, once.
type torn struct{ writes int }

var errTorn = errors.New("torn")

func (w *torn) Write([]byte) (int, error) {
	w.writes++
	if w.writes == 1 {
		return 10, errTorn
	}
	return 0, nil
}

// TestFailureIsFinal shows that nothing follows half a document.
func TestFailureIsFinal(t *testing.T) {
	w := &torn{}
	s := New(w, newEncoder())
	for range 3 {
		if err := s.Send(context.Background(), batch("a")); !errors.Is(err, errTorn) {
			t.Errorf("Send: %v, want %v", err, errTorn)
		}
	}
	if w.writes != 1 {
		t.Errorf("%d writes, want 1", w.writes)
	}
	if err := s.Close(context.Background()); !errors.Is(err, errTorn) {
		t.Errorf("Close: %v, want %v", err, errTorn)
	}
}

func TestClosedOutput(t *testing.T) {
	for _, c := range []struct {
		name  string
		close func(*pipe)
		want  error
	}{
		{"by the reader", func(p *pipe) { p.r.Close() }, syscall.EPIPE},
		{"by ourselves", func(p *pipe) { p.w.Close() }, os.ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPipe(t)
			c.close(p)
			err := New(p.w, newEncoder()).Send(context.Background(), batch("a"))
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), "console: output is closed") {
				t.Errorf("error %v, want %v, and in plain words", err, c.want)
			}
		})
	}
}

const childVariable = "CONSOLE_TEST_CHILD"

// child is what TestStandardOutput runs: it writes to its standard output, and
// to its standard error what came of it.
func child() int {
	signal.Ignore(syscall.SIGPIPE)
	fmt.Fprintln(os.Stderr, New(os.Stdout, newEncoder()).Send(context.Background(), batch("a")))
	return 7
}

// TestStandardOutput shows that a program that ignores SIGPIPE, as New's comment
// asks for, gets the error although it is its standard output that is closed.
func TestStandardOutput(t *testing.T) {
	p := newPipe(t)
	p.r.Close()
	var stderr bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.Stdout, cmd.Stderr = p.w, &stderr
	err := cmd.Run()
	if cmd.ProcessState.ExitCode() != 7 || !strings.Contains(stderr.String(), "console: output is closed: write /dev/stdout: broken pipe") {
		t.Errorf("%v: %s", err, stderr.String())
	}
}
