package tailer

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/multiline"
)

const anchor = `^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}`

func rule(tb testing.TB, c multiline.Config) multiline.Rule {
	tb.Helper()
	r, err := multiline.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func pattern(tb testing.TB, expr string) *match.Pattern {
	tb.Helper()
	p, err := match.Compile(expr)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// cutAll feeds text in pieces of the given size, as a file that grows, and
// returns what comes out as "from-to[flags] text".
func cutAll(cut *Cut, text string, size, limit int) []string {
	c := cutter{Cut: cut}
	var out []string
	show := func(events []event.Event) {
		for _, e := range events {
			out = append(out, fmt.Sprintf("%d-%d%s %q", e.From, e.To, flagLetters(e.Flags), c.buf[e.Start:e.End]))
		}
	}
	now := time.Unix(0, 0)
	for len(text) > 0 {
		n := min(size, len(text))
		c.buf = append(c.buf, text[:n]...)
		text = text[n:]
		for more := true; more; {
			var events []event.Event
			events, more = c.cut(nil, limit, now)
			show(events)
		}
		c.compact()
	}
	show(c.flush(nil))
	return out
}

func flagLetters(f event.Flags) string {
	s := ""
	for i, l := range "TMP" {
		if f&(1<<i) != 0 {
			s += string(l)
		}
	}
	return s
}

func TestCut(t *testing.T) {
	after := rule(t, multiline.Config{Pattern: `^\[`, Negate: true, Match: "after"})
	for _, c := range []struct {
		name string
		cut  Cut
		text string
		want []string
	}{
		{"lines", Cut{}, "one\ntwo\n\n four \nfive", []string{`0-4 "one"`, `4-8 "two"`, `9-16 " four "`}},
		{"crlf", Cut{}, "one\r\n\r\ntwo\r\n\rx\r\n", []string{`0-5 "one"`, `7-12 "two"`, `12-16 "\rx"`}},
		{"bom on every line", Cut{}, "\ufeffone\n\ufefftwo\n\ufeff\n", []string{`0-7 "one"`, `7-14 "two"`}},
		{"max bytes", Cut{MaxBytes: 3}, "abc\nabcd\nab\n", []string{`0-4 "abc"`, `4-9T "abc"`, `9-12 "ab"`}},
		{"endless line", Cut{MaxBytes: 3}, strings.Repeat("x", 100) + "\r\nab\n", []string{`0-102T "xxx"`, `102-105 "ab"`}},
		{"filters", Cut{Include: []*match.Pattern{pattern(t, "a"), pattern(t, "b")}, Exclude: []*match.Pattern{pattern(t, "c")}}, "a\nac\nb\nd\n", []string{`0-2 "a"`, `5-7 "b"`}},
		{"joined", Cut{Rule: after}, "[1] a\nb\n\nc\n[2]\n[3]\n\n", []string{`0-11M "[1] a\nb\n\nc"`, `11-15 "[2]"`, `15-20M "[3]\n"`}},
		{"joined crlf", Cut{Rule: after}, "[1] a\r\nb\r\n\r\nc\r\n[2]\r\n", []string{`0-15M "[1] a\nb\n\nc"`, `15-20 "[2]"`}},
		{"joined without line ends", Cut{Rule: after, SkipNewline: true}, "[1] a\nb\nc\n[2]\n", []string{`0-10M "[1] abc"`, `10-14 "[2]"`}},
		{"headless", Cut{Rule: after}, "x\ny\n[1]\n", []string{`0-4M "x\ny"`, `4-8 "[1]"`}},
		{"leading blank lines", Cut{Rule: after}, "\n\nx\n[1]\n", []string{`0-4M "x"`, `4-8 "[1]"`}},
		{"only blank lines", Cut{Rule: after}, "\n\n[1]\n", []string{`0-2M ""`, `2-6 "[1]"`}},
		{"one blank line", Cut{Rule: after}, "\n[1]\n", []string{`1-5 "[1]"`}},
		{"max lines", Cut{Rule: after, MaxLines: 2}, "[1]\nb\nc\n[2]\nb\n\n", []string{`0-8TM "[1]\nb"`, `8-15M "[2]\nb"`}},
		{"max bytes in the second line", Cut{Rule: after, MaxBytes: 6}, "[1]\nbcd\nef\n[2]\n", []string{`0-11TM "[1]\nbc"`, `11-15 "[2]"`}},
		{"second line begins at max bytes", Cut{Rule: after, MaxBytes: 4}, "[1]\nbcd\nef\n", []string{`0-11T "[1]"`}},
		{"endless line in an event", Cut{Rule: after, MaxBytes: 6}, "[1]\n" + strings.Repeat("x", 50) + "\n[2]\n", []string{`0-55TM "[1]\nxx"`, `55-59 "[2]"`}},
		{"count", Cut{Rule: rule(t, multiline.Config{Type: multiline.Count, CountLines: 2})}, "a\nb\n\nc\nd\n", []string{`0-4M "a\nb"`, `4-7M "c"`, `7-9 "d"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for size := 1; size <= len(c.text); size++ {
				for _, max := range []int{1, 2, 100} {
					got := cutAll(&c.cut, c.text, size, max)
					if fmt.Sprint(got) != fmt.Sprint(c.want) {
						t.Fatalf("in pieces of %d, %d events at a time:\ngot  %s\nwant %s", size, max, got, c.want)
					}
				}
			}
		})
	}
}

func TestFlushPartial(t *testing.T) {
	after := rule(t, multiline.Config{Pattern: `^\[`, Negate: true, Match: "after"})
	for _, c := range []struct {
		name string
		cut  Cut
		text string
		want string
		done int64
	}{
		{"nothing", Cut{}, "a\n", "", 2},
		{"a line without an end", Cut{}, "a\nbc", `2-4P "bc"`, 2},
		{"an open event", Cut{Rule: after}, "[1]\nb\n", `0-6M "[1]\nb"`, 6},
		{"an open event and more of it", Cut{Rule: after}, "[1]\nb", `0-5MP "[1]\nb"`, 0},
		{"an open event and the next", Cut{Rule: after}, "[1]\n[2", `0-4 "[1]"4-6P "[2"`, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := cutter{Cut: &c.cut, buf: []byte(c.text)}
			k.cut(nil, 100, time.Time{})
			events, done := k.flushPartial(nil, time.Time{})
			got := ""
			for _, e := range events {
				got += fmt.Sprintf("%d-%d%s %q", e.From, e.To, flagLetters(e.Flags), k.buf[e.Start:e.End])
			}
			if got != c.want || done != c.done {
				t.Errorf("got %s up to %d, want %s up to %d", got, done, c.want, c.done)
			}
		})
	}
}

// An endless line must not take endless memory.
func TestEndlessLineIsBounded(t *testing.T) {
	c := cutter{Cut: &Cut{MaxBytes: 1000}}
	piece := bytes.Repeat([]byte("x"), 4096)
	for range 1000 {
		c.buf = append(c.buf, piece...)
		c.cut(nil, 1, time.Time{})
		c.compact()
	}
	if cap(c.buf) > 4*minLine {
		t.Errorf("buffer has grown to %d bytes", cap(c.buf))
	}
	c.buf = append(c.buf, '\n')
	events, _ := c.cut(nil, 1, time.Time{})
	if len(events) != 1 || events[0].To != 4096*1000+1 || events[0].End-events[0].Start != 1000 {
		t.Errorf("got %+v", events)
	}
}

// FuzzCut compares the cutter, fed in pieces, with what it makes of the whole,
// and with the bytes that events must stand for.
func FuzzCut(f *testing.F) {
	f.Add([]byte("[1] a\r\nb\n\n[2]\nrest"), uint8(3), uint8(0), uint8(0))
	f.Add([]byte("\n\nx\ny\n[1]\n"), uint8(1), uint8(5), uint8(2))
	after := rule(f, multiline.Config{Pattern: `^\[`, Negate: true, Match: "after"})
	f.Fuzz(func(t *testing.T, text []byte, size, maxBytes, maxLines uint8) {
		for _, r := range []multiline.Rule{nil, after} {
			cut := &Cut{Rule: r, MaxBytes: int(maxBytes), MaxLines: int(maxLines)}
			whole := cutAll(cut, string(text), len(text)+1, 1000)
			pieces := cutAll(cut, string(text), int(size)+1, 2)
			if fmt.Sprint(whole) != fmt.Sprint(pieces) {
				t.Fatalf("whole  %s\npieces %s", whole, pieces)
			}
		}
	})
}

func TestCutAllocatesNothing(t *testing.T) {
	text := strings.Repeat("2026-03-01 08:00:00.123  INFO 1 --- [main] c.d.App : started\n2026-03-01 08:00:00.124 ERROR x\n\tat a.b.C(D.java:1)\n", 100)
	c := cutter{Cut: &Cut{MaxBytes: 10 << 20, MaxLines: 500, Rule: rule(t, multiline.Config{Pattern: anchor, Negate: true, Match: "after"})}}
	c.buf = make([]byte, 0, 1<<20)
	events := make([]event.Event, 0, 1000)
	if n := testing.AllocsPerRun(10, func() {
		c.buf = append(c.buf, text...)
		c.cut(events[:0], 1000, time.Time{})
		c.compact()
	}); n != 0 {
		t.Errorf("%v allocations for 200 events, want 0", n)
	}
}

func BenchmarkCut(b *testing.B) {
	line := "2026-03-01 08:00:00.123  INFO 1 --- [nio-9090-exec-3] c.d.c.s.ConfigService : refreshed 42 keys of dac-api-center in 1204 ms\n"
	trace := "2026-03-01 08:00:00.123 ERROR 1 --- [nio-9090-exec-3] c.d.c.s.ConfigService : failed\n" + strings.Repeat("\tat org.springframework.cloud.netflix.ribbon.RibbonClient.execute(RibbonClient.java:82)\n", 30)
	text := strings.Repeat(strings.Repeat(line, 40)+trace, 10)
	cut := &Cut{MaxBytes: 10 << 20, MaxLines: 500, Rule: rule(b, multiline.Config{Pattern: anchor, Negate: true, Match: "after"})}
	c := cutter{Cut: cut, buf: make([]byte, 0, 1<<20)}
	events := make([]event.Event, 0, maxEvents)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		c.buf = append(c.buf, text...)
		c.cut(events[:0], maxEvents, time.Time{})
		c.compact()
	}
}
