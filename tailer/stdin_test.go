package tailer

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// newPipe returns a script whose tailer reads what is written to the pipe.
func newPipe(t *testing.T, options ...string) (*script, *os.File) {
	t.Helper()
	s := newScript(t, notified)
	s.do("input " + strings.Join(options, " "))
	s.inputs[0].Stdin = true
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = w.Close(), r.Close() })
	s.stdin = r
	s.do("start")
	return s, w
}

func send(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

// await waits for the end of Run, which the end of standard input brings.
func (s *script) await() {
	s.t.Helper()
	if err := s.stop(); err != nil {
		s.t.Fatal(err)
	}
}

func TestStdin(t *testing.T) {
	s, w := newPipe(t)
	send(t, w, "one\ntw")
	s.do("want . 0:one")
	send(t, w, "o\nlast")
	s.do("want . 4:two")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s.await()
	s.do("want . 8P:last")
	if e := s.sink.events[0]; !e.source.Stream || e.source.Path != "" {
		t.Errorf("source %+v", e.source)
	}
	if r := s.reg.Stats(); r.Files != 0 || r.Confirmed != 12 {
		t.Errorf("registry %+v", r)
	}
}

// An event waits for its next line, as one of a file does, and is whole at the end.
func TestStdinMultiline(t *testing.T) {
	s, w := newPipe(t, `multiline="^\\["`, "timeout=10ms")
	send(t, w, "[1] one\n at a\n")
	s.do(`want . "0M:[1] one\n at a"`)
	send(t, w, "[2] two\n")
	send(t, w, " at b")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s.await()
	var all []string
	for _, e := range s.sink.events[1:] {
		all = append(all, e.text)
	}
	if got := strings.Join(all, "\n"); got != "[2] two\n at b" { // one event, unless the machine is slow
		t.Errorf("got %q", got)
	}
}

// A stop reads what is there already, and does not wait for the end.
func TestStdinStops(t *testing.T) {
	s, w := newPipe(t)
	send(t, w, "one\n")
	s.do("want . 0:one")
	send(t, w, "two\n")
	s.do("finish", "want . 4:two")
	s.reg = openRegistry(t, t.TempDir())
	s, w = newPipe(t)
	send(t, w, "one\n")
	s.do("want . 0:one", "kill")
}

// What is written faster than it is delivered waits in the pipe.
func TestStdinBulk(t *testing.T) {
	s, w := newPipe(t)
	text := lines("stdin", 3<<20)
	go func() {
		defer func() { _ = w.Close() }() // its end ends the test
		_, _ = io.WriteString(w, text)
	}()
	s.await()
	s.wantText(".", text)
}

// A file and the null device are standard input as well, and end at once.
func TestStdinIsAFile(t *testing.T) {
	for _, c := range []struct{ path, text string }{{os.DevNull, ""}, {"", "one\ntwo\n"}} {
		s := newScript(t, notified)
		s.put("in", c.text)
		if c.path == "" {
			c.path = s.abs("in")
		}
		var err error
		if s.stdin, err = os.Open(c.path); err != nil {
			t.Fatal(err)
		}
		s.do("input count_lines=2")
		s.inputs[0].Stdin = true
		s.do("start")
		s.await()
		if got := fmt.Sprint(s.streams()["."]); c.text != "" && got != `[0M:"one\ntwo"]` || c.text == "" && got != "[]" {
			t.Errorf("%s: got %s", c.path, got)
		}
	}
	in := DefaultInput()
	in.Stdin = true
	other := DefaultInput()
	other.Paths = []string{"/a"}
	if _, err := New([]*Input{&in, &other}, Options{}, nil, nil, nil); err == nil {
		t.Error("standard input beside another input is no error")
	}
}
