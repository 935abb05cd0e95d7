package parser

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/multiline"
)

// readAt is when all bytes of a test were read.
var readAt = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func mustNew(tb testing.TB, c Config) *Chain {
	tb.Helper()
	chain, err := New(c)
	if err != nil {
		tb.Fatalf("New(%+v): %v", c, err)
	}
	return chain
}

func pattern(tb testing.TB, expr string) *match.Pattern {
	tb.Helper()
	p, err := match.Compile(expr)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// joined is the Multiline of a config, with Filebeat's default of 500 lines.
func joined(tb testing.TB, c multiline.Config) Multiline {
	tb.Helper()
	rule, err := multiline.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	lines := c.MaxLines
	if lines == 0 {
		lines = multiline.DefaultMaxLines
	}
	return Multiline{Rule: rule, MaxLines: lines, Timeout: c.Timeout, SkipNewline: c.SkipNewline, Whole: c.Type == multiline.Count}
}

// anchored joins what does not begin with expr to the line before.
func anchored(tb testing.TB, expr string) Multiline {
	return joined(tb, multiline.Config{Pattern: expr, Negate: true, Match: "after"})
}

// ending is what a test does when all bytes were fed.
type ending int

const (
	wait  ending = iota // nothing
	flush               // Flush, as when the timeout is over
	closed
)

// feed gives data to f in pieces of size bytes, and takes events at most so many at a
// time. It returns them all.
func feed(tb testing.TB, f *File, data string, size, most int, end ending) *Output {
	tb.Helper()
	all := &Output{}
	out := &Output{}
	take := func() {
		for more := true; more; {
			out.Reset()
			more = f.Take(out, most)
			all.add(tb, out)
		}
	}
	for len(data) > 0 {
		n := min(size, len(data))
		if err := f.Feed([]byte(data[:n]), readAt); err != nil {
			tb.Fatalf("Feed: %v", err)
		}
		data = data[n:]
		take()
	}
	out.Reset()
	switch end {
	case flush:
		f.Flush(out, readAt)
	case closed:
		f.Close(out, readAt)
	}
	all.add(tb, out)
	return all
}

// add copies what is in o behind what is in all.
func (all *Output) add(tb testing.TB, o *Output) {
	tb.Helper()
	if n := len(o.Extras); n != 0 && n != len(o.Events) {
		tb.Fatalf("%d extras for %d events", n, len(o.Events))
	}
	for i, e := range o.Events {
		text := o.Data[e.Start:e.End]
		e.Start = uint32(len(all.Data))
		all.Data = append(all.Data, text...)
		e.End = uint32(len(all.Data))
		all.Events = append(all.Events, e)
		x := Extra{}
		if len(o.Extras) > 0 {
			x = o.Extras[i]
		}
		all.Extras = append(all.Extras, x)
	}
	all.Filtered += o.Filtered
	all.Skipped += o.Skipped
	all.Failed += o.Failed
	if all.Err == nil {
		all.Err = o.Err
	}
}

// docs returns the events of data as an encoder would write them, without what
// only the configuration says. The bytes come in pieces of all kinds of sizes, and
// the result must not depend on that.
func docs(tb testing.TB, c Config, data string, end ending) ([]string, *Output) {
	tb.Helper()
	chain := mustNew(tb, c)
	whole := feed(tb, chain.File(), data, len(data)+1, 1<<20, end)
	want := whole.docs(tb)
	for size := 1; size < min(len(data), 70); size += 1 + size/4 {
		pieces := feed(tb, chain.File(), data, size, 1+size%3, end)
		if got := pieces.docs(tb); !slices.Equal(got, want) {
			tb.Fatalf("in pieces of %d bytes\n%s\nwant\n%s", size, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if pieces.Filtered != whole.Filtered || pieces.Skipped != whole.Skipped || pieces.Failed != whole.Failed {
			tb.Fatalf("in pieces of %d bytes: filtered %d, skipped %d, failed %d; want %d, %d, %d", size,
				pieces.Filtered, pieces.Skipped, pieces.Failed, whole.Filtered, whole.Skipped, whole.Failed)
		}
	}
	return want, whole
}

func (all *Output) docs(tb testing.TB) []string {
	tb.Helper()
	var docs []string
	for i, e := range all.Events {
		x := all.Extras[i]
		log := map[string]any{"offset": e.From}
		if flags := flagNames(e.Flags); len(flags) > 0 {
			log["flags"] = flags
		}
		doc := map[string]any{"log": log}
		x.MergeInto(doc)
		if !x.NoMessage {
			doc["message"] = string(all.Data[e.Start:e.End])
		}
		if x.Meta != nil {
			doc["@metadata"] = x.Meta
		}
		if !x.Time.IsZero() {
			doc["@timestamp"] = x.Time.UTC().Format("2006-01-02T15:04:05.000Z")
		}
		b := &strings.Builder{}
		enc := json.NewEncoder(b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(doc); err != nil {
			tb.Fatalf("event %d: %v", i, err)
		}
		docs = append(docs, strings.TrimSuffix(b.String(), "\n"))
	}
	return docs
}

func flagNames(f event.Flags) (names []string) {
	for _, n := range []struct {
		flag event.Flags
		name string
	}{{event.Truncated, "truncated"}, {event.Multiline, "multiline"}, {event.Partial, "partial"}} {
		if f&n.flag != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

// check compares documents, which are written as JSON with sorted keys.
func check(tb testing.TB, got []string, want ...string) {
	tb.Helper()
	if !slices.Equal(got, want) {
		tb.Errorf("documents\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// lines is the document of a plain line.
func line(offset int, text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"log":{"offset":%d},"message":%s}`, offset, b)
}
