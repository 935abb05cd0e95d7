package parser

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/multiline"
)

// cut is an event as the model has it.
type cut struct {
	from, to int64
	text     string
	flags    event.Flags
}

func (c cut) String() string {
	return fmt.Sprintf("%d-%d %q %v", c.from, c.to, c.text, flagNames(c.flags))
}

func cuts(o *Output) (all []cut) {
	for _, e := range o.Events {
		all = append(all, cut{e.From, e.To, string(o.Data[e.Start:e.End]), e.Flags})
	}
	return all
}

// buffer is an event that is being joined, by the definition of Filebeat's
// options.
type buffer struct {
	cut
	lines, stored, lost int
}

func (b *buffer) add(text string, limit int, m *Multiline) {
	b.lines++
	separator := "\n"
	if b.text == "" || m.SkipNewline {
		separator = ""
	}
	space := limit - len(b.text) - len(separator)
	if limit > 0 && space <= 0 || m.MaxLines > 0 && b.stored >= m.MaxLines {
		b.lost += len(text)
		return
	}
	b.stored++
	if limit > 0 && len(text) > space {
		b.lost += len(text) - space
		text = text[:space]
	}
	b.text += separator + text
}

// model cuts data as Filebeat's documentation says, for plain lines: with all of
// them at hand, and without an eye to speed. settled and done are what Settled and
// Close return.
func model(c Config, data string, end ending) (events []cut, filtered uint64, settled, done int64) {
	m := &Multiline{}
	if len(c.Stages) > 0 {
		*m = c.Stages[0].(Multiline)
	}
	var open buffer
	emit := func(partial bool) {
		if open.lines == 0 {
			return
		}
		e := open
		open = buffer{}
		if e.lost > 0 {
			e.flags |= event.Truncated
		}
		if e.stored > 1 {
			e.flags |= event.Multiline
		}
		if e.text == "" && e.flags == 0 {
			return
		}
		matches := func(p *match.Pattern) bool { return p.Match([]byte(e.text)) }
		if len(c.Include) > 0 && !slices.ContainsFunc(c.Include, matches) || slices.ContainsFunc(c.Exclude, matches) {
			filtered++
			return
		}
		if partial {
			e.flags |= event.Partial
		}
		events = append(events, e.cut)
	}
	at := int64(0)
	take := func(raw string) {
		text := strings.TrimPrefix(raw, "\ufeff")
		verdict := multiline.Begin | multiline.End
		if m.Rule != nil {
			verdict = m.Rule.Judge([]byte(text), open.lines)
		}
		if verdict&multiline.Begin != 0 {
			emit(false)
		}
		if open.lines == 0 {
			open.from = at
		}
		open.add(text, c.MaxBytes, m)
	}
	for {
		raw, rest, ok := strings.Cut(data, "\n")
		if !ok {
			break
		}
		text := strings.TrimSuffix(raw, "\r")
		take(text)
		at += int64(len(raw) + 1)
		open.to = at
		if m.Rule == nil || m.Rule.Judge([]byte(strings.TrimPrefix(text, "\ufeff")), open.lines-1)&multiline.End != 0 {
			emit(false)
		}
		data = rest
	}
	settled = at
	if open.lines > 0 {
		settled = open.from
	}
	switch {
	case end == flush && !m.Whole:
		emit(false)
		settled = at
	case end == closed && data != "":
		take(data)
		open.to = at + int64(len(data))
		done = open.from
		emit(true)
	case end == closed:
		done = at
		if m.Whole && open.lines > 0 {
			done = open.from
		}
		emit(false)
	}
	return events, filtered, settled, done
}

// randomText makes lines of few letters.
func randomText(rnd *rand.Rand) string {
	words := []string{"a", "b", "c", " ", "\n", "\n", "\n", "\r\n", "\r", "\ufeff", "ü", "\xff", "long line ", "\x00"}
	b := strings.Builder{}
	for range rnd.IntN(40) {
		b.WriteString(words[rnd.IntN(len(words))])
	}
	return b.String()
}

// randomConfig makes a configuration that reads plain lines.
func randomConfig(tb testing.TB, rnd *rand.Rand) Config {
	one := func(choices ...int) int { return choices[rnd.IntN(len(choices))] }
	c := Config{Filestream: rnd.IntN(2) == 0, MaxBytes: one(0, 0, 1, 2, 3, 5, 8, 100)}
	if rnd.IntN(4) > 0 {
		rule := multiline.Config{
			Type: multiline.Type(rnd.IntN(3)), Pattern: []string{"^a", "b$", "^$", "c"}[rnd.IntN(4)], Negate: rnd.IntN(2) == 0,
			Match: []string{"after", "before"}[rnd.IntN(2)], CountLines: 1 + rnd.IntN(3), FlushPattern: []string{"", "", "c"}[rnd.IntN(3)],
			SkipNewline: rnd.IntN(4) == 0,
		}
		s := joined(tb, rule)
		s.MaxLines = one(0, 1, 2, 3)
		c.Stages = []Stage{s}
	}
	if rnd.IntN(4) == 0 {
		c.Include = []*match.Pattern{pattern(tb, "a"), pattern(tb, "^b")}
	}
	if rnd.IntN(4) == 0 {
		c.Exclude = []*match.Pattern{pattern(tb, "c")}
	}
	return c
}

// TestModel: for plain lines the events are those of the model, whatever the
// limits, however the bytes come.
func TestModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		c, data, end := randomConfig(t, rnd), randomText(rnd), ending(rnd.IntN(3))
		want, filtered, settled, done := model(c, data, end)

		chain := mustNew(t, c)
		f := chain.File()
		out := feed(t, f, data, 1+rnd.IntN(20), 1+rnd.IntN(3), wait)
		last := &Output{}
		switch end {
		case flush:
			f.Flush(last, readAt)
		case closed:
			if got := f.Close(last, readAt); got != done {
				t.Fatalf("%d: %+v\n%q\ndone %d, want %d", i, c, data, got, done)
			}
		}
		out.add(t, last)
		if got := cuts(out); !slices.Equal(got, want) || out.Filtered != filtered {
			t.Fatalf("%d: %+v\n%q, %d\nevents %v, %d filtered\nwant   %v, %d", i, c, data, end, got, out.Filtered, want, filtered)
		}
		if got := f.Settled(); end != closed && got != settled {
			t.Fatalf("%d: %+v\n%q, %d\nsettled %d, want %d", i, c, data, end, got, settled)
		}
	}
}

// TestLongLinesInPieces: a line that is too long is the same in pieces and at once.
func TestLongLinesInPieces(t *testing.T) {
	long := strings.Repeat("x", minLine+lineSlack)
	for _, tt := range []struct {
		config Config
		input  string
		want   cut
	}{
		// Between two letters there are the bytes of a line end.
		{Config{Encoding: "utf-16be", MaxBytes: 3}, strings.Repeat("\x00x", 40) + "\x01\x00\x0a\x0a\x00\n", cut{0, 86, "xxx", event.Truncated}},
		{Config{Terminator: "next_line", MaxBytes: 3}, strings.Repeat("х", 40) + "\x85", cut{0, 81, "х\xd1", event.Truncated}},
		{Config{Terminator: "next_line", MaxBytes: 3}, strings.Repeat("腅", 40) + "\x85", cut{0, 121, "腅", event.Truncated}},
		{Config{Filestream: true, MaxBytes: 3, Stages: []Stage{NDJSON{}}}, `{"a":"` + long + `"}` + "\n", cut{0, minLine + lineSlack + 9, `{"a`, event.Truncated}},
		{Config{MaxBytes: 3, Stages: []Stage{joined(t, multiline.Config{Pattern: "y$", Match: "before"})}}, long + "y\nz\n", cut{0, minLine + lineSlack + 2, "xxx", event.Truncated}},
	} {
		for _, size := range []int{7, 9, 100, 1001, 300_001, 10 << 20} {
			if len(tt.input)/size > 10_000 {
				continue
			}
			out := feed(t, mustNew(t, tt.config).File(), tt.input, size, 10, wait)
			if got := cuts(out); len(got) == 0 || got[0] != tt.want {
				t.Errorf("%+v in pieces of %d bytes: %.200v, want %v", tt.config, size, got, tt.want)
			}
		}
	}
}

// TestEndlessLine: a line that does not end takes bounded memory, and the event
// has its beginning.
func TestEndlessLine(t *testing.T) {
	for _, tt := range []struct {
		config Config
		unit   string
		nl     string
		want   string
		limit  int
	}{
		{Config{MaxBytes: 1000}, "x", "\n", strings.Repeat("x", 1000), 1100},
		{Config{MaxBytes: 1000, Terminator: "carriage_return_line_feed"}, "\r", "\r\n", strings.Repeat("\r", 1000), 1100},
		{Config{MaxBytes: 1000, Encoding: "utf-16le"}, "x\x00", "\n\x00", strings.Repeat("x", 1000), 2100},
		{Config{MaxBytes: 1000, Encoding: "gb18030"}, "x", "\n", strings.Repeat("x", 1000), 2100},
		{Config{MaxBytes: 1000, Encoding: "hz-gb-2312"}, "~{~}", "\n", "", 2100},
		{Config{MaxBytes: 1000, Stages: []Stage{anchored(t, "^a")}}, "x", "\n", strings.Repeat("x", 1000), minLine + 1000},
		{Config{MaxBytes: 1000, Filestream: true, Stages: []Stage{NDJSON{}}}, "x", "\n", strings.Repeat("x", 1000), minLine + 1000},
	} {
		f := mustNew(t, tt.config).File()
		const size = 300_000
		piece := []byte(strings.Repeat(tt.unit, size/len(tt.unit)))
		out, most := &Output{}, 0
		for range 20 {
			if err := f.Feed(piece, readAt); err != nil {
				t.Fatal(err)
			}
			f.Take(out, 10)
			most = max(most, len(f.buf))
		}
		if most > tt.limit || len(out.Events) > 0 {
			t.Errorf("%+v: %d bytes are kept, %d events", tt.config, most, len(out.Events))
		}
		out.add(t, feed(t, f, tt.nl, 1, 10, flush))
		want := cut{0, int64(20*len(piece) + len(tt.nl)), tt.want, event.Truncated}
		if got := cuts(out); len(got) != 1 || got[0] != want {
			t.Errorf("%+v: %d events, %.100v; want %.100v", tt.config, len(got), got, want)
		}
		if f.Settled() != want.to {
			t.Errorf("%+v: settled %d, want %d", tt.config, f.Settled(), want.to)
		}
	}
}
