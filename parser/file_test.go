package parser

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/logcar/logcar/multiline"
)

// TestTimes: an event is dated by its first line, and waits from its latest.
func TestTimes(t *testing.T) {
	rule := joined(t, multiline.Config{Pattern: "^a", Negate: true, Match: "after", Timeout: 3 * time.Second})
	f := mustNew(t, Config{Stages: []Stage{rule}}).File()
	out := &Output{}
	put := func(s string, seconds int) {
		t.Helper()
		if err := f.Feed([]byte(s), readAt.Add(time.Duration(seconds)*time.Second)); err != nil {
			t.Fatal(err)
		}
		f.Take(out, 100)
	}
	deadline := func(seconds int) {
		t.Helper()
		at, ok := f.Deadline()
		if want := seconds >= 0; ok != want || ok && at != readAt.Add(time.Duration(seconds)*time.Second) {
			t.Errorf("deadline %v, %v; want %d s", at, ok, seconds)
		}
	}
	deadline(-1)
	put("a1\n", 0)
	deadline(3)
	put("b", 1) // a line without an end changes nothing
	deadline(3)
	put("\n", 2)
	deadline(5)
	put("a2\na3\n", 4)
	deadline(7)
	check(t, out.docs2(t),
		`{"@timestamp":"2024-05-06T07:08:09.000Z","log":{"flags":["multiline"],"offset":0},"message":"a1\nb"}`,
		line(5, "a2"))
	out.Reset()
	f.Flush(out, readAt.Add(8*time.Second))
	deadline(-1)
	check(t, out.docs2(t), `{"@timestamp":"2024-05-06T07:08:13.000Z","log":{"offset":8},"message":"a3"}`)
}

// docs2 is docs for an Output that may have no extras.
func (o *Output) docs2(tb testing.TB) []string {
	tb.Helper()
	all := &Output{}
	all.add(tb, o)
	return all.docs(tb)
}

// TestTwoMultilines: what the first one joins is a line to the second.
func TestTwoMultilines(t *testing.T) {
	c := Config{Filestream: true, Stages: []Stage{
		joined(t, multiline.Config{Pattern: `\\$`, Match: "before"}),
		joined(t, multiline.Config{Pattern: `^\[`, Negate: true, Match: "after"}),
	}}
	got, _ := docs(t, c, "[1] a\\\nb\nc\n[2]\\\n[3]\n", wait)
	check(t, got, `{"log":{"flags":["multiline"],"offset":0},"message":"[1] a\\\nb\nc"}`)
	got, _ = docs(t, c, "[1] a\\\nb\nc\n[2]\\\n[3]\n[4]\\\n", flush)
	check(t, got, `{"log":{"flags":["multiline"],"offset":0},"message":"[1] a\\\nb\nc"}`,
		`{"log":{"flags":["multiline"],"offset":11},"message":"[2]\\\n[3]"}`,
		`{"log":{"offset":20},"message":"[4]\\"}`)
	f := mustNew(t, c).File()
	feed(t, f, "[1]\nx\\\n", 100, 100, wait)
	if f.Settled() != 0 {
		t.Errorf("settled %d, want 0", f.Settled())
	}
}

// TestWhole: events of a number of lines are not flushed before they are whole,
// and are read again when they had to be closed.
func TestWhole(t *testing.T) {
	c := Config{Stages: []Stage{joined(t, multiline.Config{Type: multiline.Count, CountLines: 2})}}
	f := mustNew(t, c).File()
	out := feed(t, f, "1\n2\n3\n", 100, 100, flush)
	check(t, out.docs(t), `{"log":{"flags":["multiline"],"offset":0},"message":"1\n2"}`)
	if f.Settled() != 4 {
		t.Errorf("settled %d, want 4", f.Settled())
	}
	out.Reset()
	if done := f.Close(out, readAt); done != 4 {
		t.Errorf("done %d, want 4", done)
	}
	check(t, out.docs2(t), line(4, "3"))
}

// TestReset: nothing of another file's content is left.
func TestReset(t *testing.T) {
	c := Config{Stages: []Stage{Container{}, anchored(t, "^a")}}
	f := mustNew(t, c).File()
	feed(t, f, "2017-09-12T22:32:21.2Z stdout F a\n2017-09-12T22:32:21.2Z stdout P b\ngarbage\nxyz", 100, 100, wait)
	f.Reset(1000)
	if f.Settled() != 1000 {
		t.Errorf("settled %d, want 1000", f.Settled())
	}
	out := feed(t, f, "2017-09-12T22:32:21.2Z stdout F c\n", 100, 100, flush)
	check(t, out.docs(t), `{"@timestamp":"2017-09-12T22:32:21.200Z","log":{"offset":1000},"message":"c","stream":"stdout"}`)
}

// TestQuietFilesAreSmall: a file keeps no large buffer while nothing comes.
func TestQuietFilesAreSmall(t *testing.T) {
	f := mustNew(t, Config{Encoding: "latin1"}).File()
	feed(t, f, strings.Repeat("line\n", 10_000), 50_000, 1000, wait)
	if f.buf != nil {
		t.Errorf("%d bytes are kept for nothing", cap(f.buf))
	}
	feed(t, f, "beginning", 100, 100, wait)
	if cap(f.buf) > 100 {
		t.Errorf("%d bytes are kept for 9", cap(f.buf))
	}
	feed(t, f, strings.Repeat(" of a long line", 1000), 4000, 100, wait)
	if cap(f.buf) > 64<<10 {
		t.Errorf("%d bytes are kept for 15000", cap(f.buf))
	}
	out := feed(t, f, "\n", 100, 100, wait)
	if want := "beginning" + strings.Repeat(" of a long line", 1000); string(out.Data) != want {
		t.Errorf("text %q", out.Data)
	}
}

// TestAllocations: what a line costs does not depend on memory, unless there are
// fields to be made.
func TestAllocations(t *testing.T) {
	const z = "2017-09-12T22:32:21.2Z stdout "
	for _, tt := range []struct {
		config Config
		input  string
		most   float64 // for 100 times input
	}{
		{Config{MaxBytes: 1000}, "a line\n", 5},
		{Config{Encoding: "latin1"}, "a line\n", 5},
		{Config{Encoding: "gbk", Terminator: "line_feed"}, "\xd6\xd0\n", 5},
		{Config{Encoding: "utf-8"}, "\xff\n", 5},
		{Config{Encoding: "utf-16le", Stages: []Stage{anchored(t, "^a")}}, "a\x00\n\x00b\x00\n\x00", 5},
		{Config{Stages: []Stage{Container{}, anchored(t, "^a")}}, z + "F a\n" + z + "P b\n" + z + "F c\n", 5},
		{Config{Stages: []Stage{JSON{}}}, `{"a":"b"}` + "\n", 800},
	} {
		f, out := mustNew(t, tt.config).File(), &Output{}
		data := []byte(strings.Repeat(tt.input, 100))
		got := testing.AllocsPerRun(20, func() {
			out.Reset()
			if err := f.Feed(data, readAt); err != nil {
				t.Fatal(err)
			}
			f.Take(out, 1000)
		})
		if got > tt.most {
			t.Errorf("%+v: %v allocations, want %v at most", tt.config, got, tt.most)
		}
	}
}

// TestBytesAreCopied: what was fed is the caller's again.
func TestBytesAreCopied(t *testing.T) {
	f := mustNew(t, Config{Stages: []Stage{JSON{}}}).File()
	b := []byte(`{"a":"b"}` + "\n{")
	if err := f.Feed(b, readAt); err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] = 'x'
	}
	out := &Output{}
	f.Take(out, 10)
	check(t, out.docs2(t), `{"json":{"a":"b"},"log":{"offset":0}}`)
}

// TestFilesAreIndependent: files share a chain and nothing else. The race detector
// looks on.
func TestFilesAreIndependent(t *testing.T) {
	chain := mustNew(t, Config{Encoding: "gbk", Stages: []Stage{Container{}, JSON{KeyOptions{MessageKey: "m"}, true}, anchored(t, "^a")}})
	input := strings.Repeat("2017-09-12T22:32:21.2Z stdout P {\"m\":\n2017-09-12T22:32:21.2Z stdout F \"a\xd6\xd0\"}\n", 50)
	want := feed(t, chain.File(), input, 100, 10, flush).docs(t)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			check(t, feed(t, chain.File(), input, 37+i, 7, flush).docs(t), want...)
		})
	}
	wg.Wait()
	if len(want) != 50 {
		t.Errorf("%d events, want 50", len(want))
	}
}
