package parser

import (
	"fmt"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/match"
)

// Output is where events go. The caller owns it and uses it again after Reset.
type Output struct {
	// Data holds the events' texts, in UTF-8 (plain: as they are in the file).
	Data   []byte
	Events []event.Event
	// Extras is empty, or has one for each event.
	Extras []Extra

	Filtered uint64 // events left out by Include and Exclude, messages by IncludeMessage, container lines of another stream
	Skipped  uint64 // lines that are not in the format of a Container, and left out
	Failed   uint64 // lines that a JSON, NDJSON or Syslog could not read; they went on as they are
	// Err says what was wrong with the first line of Skipped or Failed, for a log.
	Err error

	scratch []byte // decoded text of one line
}

// maxScratch is how much memory a decoded line leaves to its successor.
const maxScratch = 1 << 20

// Reset empties o and keeps its memory.
func (o *Output) Reset() {
	clear(o.Extras) // they hold on to maps
	if cap(o.scratch) > maxScratch {
		o.scratch = nil
	}
	*o = Output{Data: o.Data[:0], Events: o.Events[:0], Extras: o.Extras[:0], scratch: o.scratch}
}

// note keeps the first error about a line, which begins at file offset from.
func (o *Output) note(from int64, err error) {
	if o.Err == nil {
		o.Err = fmt.Errorf("line at offset %d: %w", from, err)
	}
}

// last is the end of every chain: it limits, filters and delivers.
type last struct{ f *File }

func (l *last) take(m *message) {
	chain, out := l.f.chain, l.f.out
	c := &chain.config
	if c.MaxBytes > 0 && len(m.text) > c.MaxBytes {
		m.text, m.truncated = m.text[:c.MaxBytes], true
	}
	m.truncated = m.truncated || m.cut
	if m.partial {
		l.f.again = min(l.f.again, m.begin)
	}
	if len(m.text) == 0 && !m.parsed && !m.truncated && !m.joined {
		return // a blank line is no event
	}
	if !c.wanted(m.text) {
		out.Filtered++
		return
	}
	switch {
	case m.isJSON:
		chain.json.finish(m)
	case c.Filestream && m.parsed && len(m.text) == 0:
		m.dropText = true
	case c.Filestream && m.has("message"):
		delete(m.root(), "message") // the text is what counts
	}
	if m.nulls && !c.KeepNull && m.fields != nil {
		dropNulls(m.root())
	}
	l.append(m)
}

// append adds the event to the output.
func (l *last) append(m *message) {
	out := l.f.out
	e := event.Event{Start: uint32(len(out.Data)), From: m.from, To: m.to}
	if m.truncated {
		e.Flags |= event.Truncated
	}
	if m.joined {
		e.Flags |= event.Multiline
	}
	if m.partial {
		e.Flags |= event.Partial
	}
	out.Data = append(out.Data, m.text...)
	e.End = uint32(len(out.Data))
	out.Events = append(out.Events, e)

	x := Extra{Fields: m.fields, Meta: m.meta, Time: m.time, Overwrite: m.overwrite, NoMessage: m.dropText}
	if x.Time.IsZero() && m.since.UnixMilli() != l.f.now.UnixMilli() {
		x.Time = m.since // an event is dated by its first line, and this one began earlier
	}
	if len(out.Extras) == 0 && x.IsZero() {
		return
	}
	for len(out.Extras) < len(out.Events)-1 {
		out.Extras = append(out.Extras, Extra{})
	}
	out.Extras = append(out.Extras, x)
}

func (c *Config) wanted(text []byte) bool {
	return (len(c.Include) == 0 || matchAny(c.Include, text)) && !matchAny(c.Exclude, text)
}

func matchAny(patterns []*match.Pattern, text []byte) bool {
	for _, p := range patterns {
		if p.Match(text) {
			return true
		}
	}
	return false
}
