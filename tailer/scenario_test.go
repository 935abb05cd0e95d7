package tailer

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// lines returns text of about size bytes, each line of which says where it is. The
// lines are long when the text is, so that tests do not drown in events.
func lines(name string, size int) string {
	var b strings.Builder
	for b.Len() < size {
		fmt.Fprintf(&b, "%s line at %d%s\n", name, b.Len(), strings.Repeat(".", size/50))
	}
	return b.String()
}

// put writes a whole file.
func (s *script) put(path, text string) {
	s.t.Helper()
	if err := os.WriteFile(s.abs(path), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// wantText waits until a file's text has come, which is of complete lines.
func (s *script) wantText(name, text string) {
	s.t.Helper()
	var b strings.Builder
	s.sink.wait(s.limit(), func() bool {
		b.Reset()
		for _, e := range s.streams()[name] {
			b.WriteString(e.text + "\n")
		}
		return b.Len() >= len(text)
	})
	if got := b.String(); got != text {
		i := 0
		for i < min(len(got), len(text)) && got[i] == text[i] {
			i++
		}
		s.t.Fatalf("%s: got %d bytes, want %d; the first difference is at %d: got %.60q, want %.60q", name, len(got), len(text), i, got[i:], text[i:])
	}
	s.wanted[name] = len(s.streams()[name])
}

// Filebeat's filestream does not read files that are too small for a fingerprint.
func TestSmallFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.do("input *.log", "start")
		for size := range 61 {
			s.put(fmt.Sprintf("%d.log", size), strings.Repeat("x", max(size-1, 0))+"\n"[:min(size, 1)])
		}
		for size := 2; size <= 60; size++ {
			s.wantText(fmt.Sprintf("%d.log", size), strings.Repeat("x", size-1)+"\n")
		}
		s.do("expect position 1.log 1", "end")
	})
}

// A turn's text is more than a batch may hold, and a batch is what is repeated.
func TestManyEventsInATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		text := strings.Repeat("abc\n", 3*maxEvents+1)
		s.put("a.log", text)
		s.do("input *.log", "hold", "start")
		s.wantText("a.log", text)
		s.do("ack 2", fmt.Sprintf("expect position a.log %d", 2*4*maxEvents), "save", "kill", "start")
		s.wantText("a.log", text+text[2*4*maxEvents:])
		s.do("end")
	})
}

// Unfinished lines and events that do not fit into the shared buffer keep one of
// their own, while other files are read.
func TestLargeEvents(t *testing.T) {
	for _, m := range []mode{polling, notified} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			if m == polling {
				synctest.Test(t, func(t *testing.T) { largeEvents(newScript(t, m)) })
			} else {
				largeEvents(newScript(t, m))
			}
		})
	}
}

func largeEvents(s *script) {
	s.do(`input joined-*.log multiline="^\\[" max_lines=0`, "input plain-*.log", "start")
	sizes := []int{10, keepRest - 1, keepRest, keepRest + 1, readSize, 300_000, 1_000_000}
	texts := map[string]string{}
	for round := range 4 {
		for i, size := range sizes {
			joined, plain := fmt.Sprintf("joined-%d.log", i), fmt.Sprintf("plain-%d.log", i)
			event := fmt.Sprintf("[%d] %s", round, lines("joined", size))
			line := lines(fmt.Sprint(round), 10+round) + strings.ReplaceAll(lines("long", size), "\n", " ") + "\n"
			for _, part := range []string{event[:len(event)/2], event[len(event)/2:]} {
				s.do(fmt.Sprintf("write %s %q", joined, part))
			}
			for _, part := range []string{line[:len(line)/3], line[len(line)/3:]} {
				s.do(fmt.Sprintf("write %s %q", plain, part))
			}
			texts[joined] += event
			texts[plain] += line
		}
		for i := range sizes {
			plain := fmt.Sprintf("plain-%d.log", i)
			s.wantText(plain, texts[plain])
		}
	}
	s.do("finish")
	for name, text := range texts {
		s.wantText(name, text)
		if n := len(s.streams()[name]); strings.HasPrefix(name, "joined") && n != 4 {
			s.t.Errorf("%s: %d events, want 4", name, n)
		}
	}
	s.do("end")
}

// However many files there are, and however much each has to say.
func TestMaxOpen(t *testing.T) {
	for name, size := range map[string]int{"small": 100, "large": readSize + 1000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const bound, files = 8, 50
				s := newScript(t, polling)
				s.do("input *.log", fmt.Sprintf("options max_open=%d", bound))
				texts := map[string]string{}
				for i := range files {
					name := fmt.Sprintf("%d.log", i)
					texts[name] = lines(name, size)
					s.put(name, texts[name])
				}
				most := 0
				s.sink.seen = func() { most = max(most, s.tailer.Stats().Open) }
				s.do("start")
				for name, text := range texts {
					s.wantText(name, text)
				}
				for name := range texts {
					s.do(fmt.Sprintf(`write %s "more\n"`, name))
					texts[name] += "more\n"
				}
				for name, text := range texts {
					s.wantText(name, text)
				}
				s.do("end")
				if most < bound || most > bound+1 {
					t.Errorf("%d files were open, want at most %d and at least %d", most, bound+1, bound)
				}
			})
		})
	}
}

// A file that has much to say must not keep the others waiting.
func TestFairness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		huge := lines("huge", 20*readSize)
		s.put("huge.log", huge)
		s.do("input *.log", "block", "start", "block waits")
		s.do(`write small.log "one\n"`, "pass 11s") // a scan has seen it
		before := len(s.streams()["huge.log"])
		s.do("unblock")
		s.wantText("huge.log", huge)
		s.wantText("small.log", "one\n")
		position := int64(-1)
		for _, e := range s.sink.events {
			if e.source.Path == s.abs("small.log") {
				break
			}
			position = e.to
		}
		// What is open in Send, one more turn, and what goes with it.
		if before != 0 || position > 2*readSize {
			t.Errorf("the small file's line came when %d bytes of %d of the huge one were read", position, len(huge))
		}
		s.do("end")
	})
}

// An event is dated by the moment its first line was read.
func TestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.do(`input *.log multiline="^\\[" timeout=1m`, "start")
		step := func(text string) time.Time {
			s.do(fmt.Sprintf("write a.log %q", text))
			began := time.Now()
			s.do("pass 10s") // the longest back-off
			return began
		}
		wrote := []time.Time{step("[1]\n")}
		step("a\n")
		wrote = append(wrote, step("b\n[2]\n")) // closes the first
		wrote = append(wrote, step("[3]\n[4]\n"), time.Time{})
		wrote[3] = wrote[2]
		step("half")
		wrote = append(wrote, step(" a line\n[5]\n"))
		s.do("pass 30s", "finish")
		for i, e := range s.streams()["a.log"] {
			if d := e.at.Sub(wrote[i]); d < 0 || d > 10*time.Second {
				t.Errorf("%v is dated %v after it was written", e, d)
			}
		}
		s.do(`want a.log 0M:"[1]\na\nb" 8:"[2]" 12:"[3]" 16M:"[4]\nhalf a line" 32:"[5]"`, "end")
	})
}

// What was written first is sent first, as far as that can be known.
func TestOldestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.do("input *.log*")
		want := []string{"a.log.2", "b.log", "a.log.1", "a.log"}
		for i, name := range want {
			s.do(fmt.Sprintf(`write %s "one\n"`, name), fmt.Sprintf("touch %s %dh", name, 9-i))
		}
		s.do("start")
		for _, name := range want {
			s.do(fmt.Sprintf(`want %s 0:"one"`, name))
		}
		for i, e := range s.sink.events {
			if e.source.Path != s.abs(want[i]) {
				t.Errorf("number %d is of %s, want %s", i, e.source.Path, want[i])
			}
		}
		s.do("end")
	})
}

// Directories and their files appear while the tailer looks; notifications alone
// must be enough, whatever comes between looking and watching.
func TestDirectoriesAppear(t *testing.T) {
	t.Parallel()
	s := newScript(t, notified)
	s.do("input */*.log */x/y/*.log", "start")
	for i := range 60 {
		s.do(fmt.Sprintf("mkdir %d", i))
		for began := time.Now(); time.Since(began) < time.Duration(i)*5*time.Microsecond; {
		}
		s.do(fmt.Sprintf("mkdir %d/x/y", i), fmt.Sprintf(`write %d/x/y/a.log "one\n"`, i), fmt.Sprintf(`write %d/a.log "one\n"`, i))
	}
	for i := range 60 {
		s.do(fmt.Sprintf(`want %d/x/y/a.log 0:"one"`, i), fmt.Sprintf(`want %d/a.log 0:"one"`, i))
	}
	s.do("end")
}

// Canceling ends at once, whatever is going on.
func TestCancel(t *testing.T) {
	for name, commands := range map[string][]string{
		"idle":            {"start", `write a.log "one\n"`, `want a.log 0:"one"`},
		"nothing to read": {"start"},
		"blocked":         {"start", "block", `write a.log "one\n"`, "block waits"},
		"busy":            {fmt.Sprintf("write a.log %q", lines("a", 5*readSize)), "block", "start", "block waits", `write b.log "one\n"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, notified)
			s.do("input *.log")
			s.do(commands...)
			began := time.Now()
			s.do("kill")
			if d := time.Since(began); d > time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

// Finishing waits for the sink, and canceling ends that too.
func TestCancelWhileFinishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.do("input *.log", "block", "start", `write a.log "one\n"`, `write b.log "one\n"`, "block waits")
		close(s.finish)
		s.do("pass 1h")
		if s.tailer == nil || len(s.done) > 0 {
			t.Fatal("it did not wait for the sink")
		}
		s.do("kill", "start", `want a.log 0:"one"`, `want b.log 0:"one"`, "end")
	})
}

// A sink that has failed for good ends everything, and nothing counts as read.
func TestSinkFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		broken := errors.New("broken")
		s.do("input *.log", "start", `write a.log "one\n"`, `want a.log 0:"one"`)
		s.sink.mu.Lock()
		s.sink.err = broken
		s.sink.mu.Unlock()
		s.do(`write a.log "two\n"`)
		err := s.stop()
		if !errors.Is(err, broken) || !errors.Is(err, errSink) {
			t.Errorf("Run returned %v", err)
		}
		s.sink.err = nil
		s.do("expect position a.log 4", "start", `want a.log 0:"one" 4:"two"`, "end") // nothing was saved
	})
}

func TestNewChecksInputs(t *testing.T) {
	good := func() *Input {
		in := DefaultInput()
		in.Paths = []string{"/x/*.log"}
		return &in
	}
	for name, spoil := range map[string]func(*Input){
		"no paths":             func(in *Input) { in.Paths = nil },
		"no scan frequency":    func(in *Input) { in.ScanFrequency = 0 },
		"no back-off":          func(in *Input) { in.Backoff = 0 },
		"back-off from 2 to 1": func(in *Input) { in.Backoff, in.MaxBackoff = 2, 1 },
	} {
		in := good()
		spoil(in)
		if _, err := New([]*Input{good(), in}, Options{}, nil, nil, zap.NewNop()); err == nil || !strings.Contains(err.Error(), "input 1") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, path := range []string{"/x/[.log", "/x/**/y/**/z.log"} {
		in := good()
		in.Paths = []string{path}
		tl, err := New([]*Input{in}, Options{}, nil, nil, zap.NewNop())
		if err == nil {
			err = tl.Run(t.Context(), nil)
		}
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

// inotify says when its queue has overflown; then everything is looked at.
func TestLostNotifications(t *testing.T) {
	t.Parallel()
	s := newScript(t, notified)
	s.do("input *.log", "start", `write a.log "one\n"`, `want a.log 0:"one"`)
	w := <-s.watch
	if err := w.fs.Remove(s.dir); err != nil {
		t.Fatal(err)
	}
	s.do(`write a.log "two\n"`, `write b.log "new\n"`)
	w.fs.Errors <- fsnotify.ErrEventOverflow
	s.do(`want a.log 4:"two"`, `want b.log 0:"new"`, "expect logged \"notifications were lost\" 1", "end")
}

// While the sink blocks, what is heard of files must not pile up.
func TestInboxIsBounded(t *testing.T) {
	t.Parallel()
	s := newScript(t, notified)
	s.do("input *.log", "start")
	var want [2]string
	for i := range 2000 {
		if i == 1 {
			s.do("block")
		}
		for j := range want {
			line := fmt.Sprintf("line %d\n", i)
			s.do(fmt.Sprintf("write %d.log %q", j, line))
			want[j] += line
		}
		if i == 0 {
			s.do(`want 0.log 0:"line 0"`, `want 1.log 0:"line 0"`)
		}
	}
	s.do("block waits")
	s.tailer.inbox.mu.Lock()
	if n := cap(s.tailer.inbox.messages); n > 8 {
		t.Errorf("room for %d messages of two files", n)
	}
	s.tailer.inbox.mu.Unlock()
	s.do("unblock")
	for j, text := range want {
		s.wantText(fmt.Sprintf("%d.log", j), text)
	}
	s.do("end")
}

// Between looking at a path and opening it, a pipe may have come there.
func TestPipeDoesNotHang(t *testing.T) {
	s := newScript(t, notified)
	s.do("mkfifo pipe.log")
	if _, _, err := openFile(s.abs("pipe.log"), Plain); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("error %v", err)
	}
}

// A file that was deleted is not kept open for longer than close_timeout, whatever
// is unread; and it is said how much that is.
func TestCloseTimeoutLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		text := lines("a", 4*readSize)
		s.put("a.log", text)
		s.do("input *.log close_timeout=1m", "block", "start", "block waits", "rm a.log", "pass 2m", "unblock", "pass 1m")
		st := s.tailer.Stats()
		if st.Open != 0 || st.Abandoned == 0 || st.Bytes+st.Abandoned != uint64(len(text)) {
			t.Errorf("open %d, read %d, abandoned %d of %d bytes", st.Open, st.Bytes, st.Abandoned, len(text))
		}
		s.wanted["a.log"] = len(s.streams()["a.log"])
		s.do("expect logged close_timeout 1", "end")
	})
}

// The owner's name is in /etc/passwd, or not.
func TestOwner(t *testing.T) {
	s := newScript(t, notified)
	s.put("a.log", "one\n")
	s.do("input a.log", "input b.log")
	s.inputs[0].Owner, s.inputs[0].OwnerGroup = true, true
	s.put("b.log", "two\n")
	s.do("start", "want a.log 0:one", "want b.log 0:two", "end")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	if a := s.streams()["a.log"][0].source; a.Owner != me.Username || a.Group != group.Name {
		t.Errorf("owner %q, group %q, want %q and %q", a.Owner, a.Group, me.Username, group.Name)
	}
	if b := s.streams()["b.log"][0].source; b.Owner != "" || b.Group != "" {
		t.Errorf("nobody asked for owner %q and group %q", b.Owner, b.Group)
	}
}

// Another file_identity takes over what is known by device and inode, and of two
// inputs that do not agree on it the first gets a file.
func TestIdentityChanges(t *testing.T) {
	for _, identity := range []string{"path", "fingerprint length=4"} {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(t, polling)
			s.do("input *.log", `write a.log "one two three\n"`, "start", `want a.log "0:one two three"`, "finish")
			s.inputs = nil
			s.do("input a*.log identity="+identity, "input *.log", "start", "nothing 1m")
			s.do(`write a.log "four\n"`, "expect position a.log 19", "expect known 1")
			if got := s.streams()["a.log~2"]; len(got) != 1 || got[0].from != 14 {
				t.Errorf("%s: sent %v", identity, got)
			}
			s.wanted["a.log~2"] = 1
			s.do("end")
		})
	}
}

// A file is deleted and made again, which may give it the inode of the old one, and
// begins with the same lines: none of them is taken for read.
func TestDeletedAndMadeAgain(t *testing.T) {
	for name, away := range map[string][2]string{
		"while it is open":       {"pass 0s", "pass 0s"},
		"while it is closed":     {"pass 2m", "pass 0s"},
		"while nobody looks":     {"finish", "start"},
		"while nobody looks for": {"kill", "start"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t, polling)
				s.do("input *.log close_inactive=1m", "start", `write a.log "banner\n"`, `want a.log 0:"banner"`, "expect position a.log 7", "save")
				s.do(away[0])
				before := s.inode("a.log")
				s.do("rm a.log", `create a.log "banner\nmore\n"`)
				again := "a.log~2"
				if s.inode("a.log") == before {
					again = "a.log"
				}
				s.do(away[1], "want "+again+` 0:"banner" 7:"more"`, "expect position a.log 12", "end")
			})
		})
	}
}

func (s *script) inode(path string) uint64 {
	s.t.Helper()
	fi, err := os.Stat(s.abs(path))
	if err != nil {
		s.t.Fatal(err)
	}
	return idOf(fi).Inode
}
