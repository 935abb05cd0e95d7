package tailer

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// ends says whether Run has returned.
func (s *script) ends() bool {
	synctest.Wait()
	return len(s.done) > 0
}

// An application that is told to end at the same moment has more to say.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.opts.Quiet = 5 * time.Second
		s.do("input *.log close_inactive=1h", "start", `write a.log "0\n"`, `want a.log 0:"0"`)
		close(s.finish)
		want := ""
		for i := range 4 {
			s.do(fmt.Sprintf(`write a.log "%d\n"`, i+1))
			want += fmt.Sprintf("%d\n", i+1)
			s.do("pass 3s")
			if i == 3 {
				break
			}
			if s.ends() {
				t.Fatalf("it ended when the application had been quiet for 3s")
			}
		}
		s.do("pass 5s")
		if !s.ends() {
			t.Error("it goes on after 8s of quiet")
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		s.do(`want a.log 2:"1" 4:"2" 6:"3" 8:"4"`, "expect position a.log 10", "end")
	})
}

// An application that goes on writing does not keep it from ending.
func TestFinishEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.do("input *.log", "start", "open w a.log")
		n := 0
		s.sink.seen = func() {
			if n++; n < 1000 {
				_, _ = fmt.Fprintf(s.pens["w"], "%d\n", n)
			}
		}
		s.do(`put w "0\n"`, "finish")
		if n > 10 {
			t.Errorf("it read %d more lines", n)
		}
		s.sink.seen = nil
		want := ""
		for i := range n + 1 {
			want += fmt.Sprintf("%d\n", i)
		}
		s.do("start")
		s.wantText("a.log", want)
		s.do("end")
	})
}

// Where there is nothing to read, it is quiet from the beginning.
// An application that never pauses is read until there is just the time left to
// deliver.
func TestQuietHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.opts.Quiet, s.opts.MaxQuiet = 5*time.Second, 20*time.Second
		s.do("input *.log close_inactive=1h", "start", `write a.log "0\n"`, `want a.log 0:"0"`)
		close(s.finish)
		for range 9 { // each time before the next look but one would be too late
			s.do(`write a.log "x\n"`, "pass 2s")
			if s.ends() {
				t.Fatal("it ended while the application wrote")
			}
		}
		s.do(`write a.log "y\n"`, "pass 3s")
		if !s.ends() {
			t.Error("it goes on after 21s")
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		s.do(`want a.log 2:"x" 4:"x" 6:"x" 8:"x" 10:"x" 12:"x" 14:"x" 16:"x" 18:"x" 20:"y"`, "end")
	})
}

func TestQuietWithoutFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.opts.Quiet = 5 * time.Second
		s.do("input *.log", "start", "pass 1m")
		began := time.Now()
		s.do("finish")
		if d := time.Since(began); d != s.opts.Quiet {
			t.Errorf("it took %v", d)
		}
	})
}

// Once the end is announced, a file that had little to say is looked at often,
// and quiet is not taken for an end that the next look would have belied.
func TestAnnounce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.opts.Quiet = 2 * time.Second
		s.do("input *.log", "start", `write a.log "0\n"`, `want a.log 0:"0"`, "pass 1m")
		s.tailer.Announce()
		s.do(`write a.log "?\n"`, "pass 150ms")
		if n := len(s.streams()["a.log"]); n != 2 {
			t.Errorf("%d events, want 2 by now", n)
		}
		close(s.finish)
		for i := range 8 {
			s.do("pass 1500ms", fmt.Sprintf(`write a.log "%d\n"`, i+1))
			if s.ends() {
				t.Fatalf("it ended when the application had been quiet for 1.5s, for the %dth time", i+1)
			}
		}
		s.do(`write a.log "half"`)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		s.do(`want a.log 2:"?" 4:"1" 6:"2" 8:"3" 10:"4" 12:"5" 14:"6" 16:"7" 18:"8" 20P:"half"`, "expect position a.log 20", "end")
	})
}

// The numbers of files are there while it reads, and after its end.
func TestFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.do("input *.log", "start")
		if !s.tailer.LastRead().IsZero() || len(s.tailer.Files()) != 0 {
			t.Error("something was read")
		}
		check := func(tl *Tailer, want ...File) {
			t.Helper()
			synctest.Wait()
			for i := range want {
				want[i].Path = s.abs(want[i].Path)
			}
			if got := tl.Files(); !slices.Equal(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		}
		s.do("hold", `write b.log "one\ntwo"`, `write a.log "one\n"`, `want b.log 0:"one"`, `want a.log 0:"one"`)
		if d := time.Since(s.tailer.LastRead()); d != 0 {
			t.Errorf("the last read was %v ago", d)
		}
		check(s.tailer, File{"a.log", 4, 4, 0, 0}, File{"b.log", 7, 7, 0, 0})
		s.do("pass 1m")
		check(s.tailer, File{"a.log", 4, 4, 0, time.Minute}, File{"b.log", 7, 7, 0, time.Minute})
		s.do("ack")
		check(s.tailer, File{"a.log", 4, 4, 4, 0}, File{"b.log", 7, 7, 4, 0})
		s.do("truncate a.log", "pass 11s")
		check(s.tailer, File{"a.log", 0, 0, 0, 0}, File{"b.log", 7, 7, 4, 0})
		s.do("rm a.log", "pass 1m")
		check(s.tailer, File{"b.log", 7, 7, 4, 0})
		tl := s.tailer
		s.do("finish")
		check(tl, File{"b.log", 7, 7, 4, 0})
		s.do("end")
	})
}

// Where nothing is notified, the time to be quiet does not pass without a look,
// though files were looked at seldom by then.
func TestQuietIsLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.opts.Quiet = time.Second
		s.do("input *.log close_inactive=1h", "start", `write a.log "0\n"`, `want a.log 0:"0"`, "pass 1m")
		close(s.finish)
		for i := range 8 {
			s.do("pass 700ms", fmt.Sprintf(`write a.log "%d\n"`, i+1))
			if s.ends() {
				t.Fatalf("it ended when the application had been quiet for 700ms, for the %dth time", i+1)
			}
		}
		s.do("pass 1500ms")
		if !s.ends() {
			t.Error("it goes on after 1.5s of quiet")
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		s.do(`want a.log 2:"1" 4:"2" 6:"3" 8:"4" 10:"5" 12:"6" 14:"7" 16:"8"`, "end")
	})
}
