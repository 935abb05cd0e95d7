package tailer

import (
	"bytes"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/multiline"
)

// Cut says how bytes become events. It is shared by all files of an input.
type Cut struct {
	// Rule joins lines; nil makes each line an event.
	Rule multiline.Rule
	// MaxBytes is where an event's text is cut off; 0: nowhere.
	MaxBytes int
	// MaxLines is how many lines an event's text can have; 0: any number. The
	// rest is swallowed, as Filebeat does it.
	MaxLines int
	// Timeout is how long an open event waits for its next line; 0: for ever.
	Timeout time.Duration
	// Whole keeps an event that is not complete from being delivered: those of a
	// fixed number of lines would all shift if one were cut short.
	Whole bool
	// SkipNewline joins lines without a line end between them.
	SkipNewline bool
	// Include and Exclude filter whole events by their text: one that no
	// Include matches, or that an Exclude matches, is left out.
	Include, Exclude []*match.Pattern
}

// A cutter cuts the bytes of one file into events, in place: an event is a pair
// of indexes into buf. It knows nothing of where the bytes come from.
type cutter struct {
	*Cut

	// buf holds the text of the open event, a byte that is not looked at, and
	// the line that has no end yet; behind them the bytes still to be cut.
	buf []byte

	// The open event, if lines > 0.
	lines      int   // seen so far, swallowed ones included
	kept       int   // of these, in the text
	start, end int   // its text in buf
	from       int64 // file offset of its first byte
	truncated  bool
	since      time.Time // when its first bytes were read
	latest     time.Time // and those of its latest line

	// The line that is being looked for.
	line int   // where it begins in buf
	scan int   // there is no line end before
	pos  int64 // file offset of its beginning
	lost int64 // bytes of it that were not kept, because it is too long

	// Events left out by Include and Exclude, and the file's bytes that they stand
	// for, until they are counted.
	filtered, filteredBytes uint64
	// Events that MaxBytes or MaxLines has cut, and the file's bytes that are not in
	// their texts for that, the line ends of what is left out included; likewise.
	shortened, shortenedBytes uint64
}

// bom is stripped from every line, as Filebeat does from 7.0 on.
var bom = []byte("\ufeff")

const (
	// lineSlack is how much more than its limit of an unfinished line is kept:
	// enough for a line end and a byte that tells that it was longer.
	lineSlack = 4
	// minLine is how much of a line rules look at, however small MaxBytes is: it
	// limits the text of an event, not what tells where one begins.
	minLine = 64 << 10
)

// lineLimit is how much of a line is looked at; 0: all of it.
func (c *Cut) lineLimit() int {
	if c.MaxBytes == 0 {
		return 0
	}
	return max(c.MaxBytes, minLine) + lineSlack
}

// cut appends the events that are complete to events, at most limit of them, and
// says whether it stopped for that. now is when the bytes were read.
func (c *cutter) cut(events []event.Event, limit int, now time.Time) ([]event.Event, bool) {
	for {
		nl := bytes.IndexByte(c.buf[c.scan:], '\n')
		if nl < 0 {
			c.scan = len(c.buf)
			c.shorten()
			return events, false
		}
		if len(events) >= limit {
			return events, true
		}
		nl += c.scan
		text := c.buf[c.line:nl]
		if n := len(text); n > 0 && text[n-1] == '\r' {
			text = text[:n-1]
		}
		next := c.pos + int64(nl+1-c.line) + c.lost
		events = c.take(events, text, next, now)
		c.line, c.scan, c.pos, c.lost = nl+1, nl+1, next, 0
	}
}

// shorten drops what is too much of an endless line.
func (c *cutter) shorten() {
	if most := c.line + c.lineLimit(); c.MaxBytes > 0 && len(c.buf) > most {
		c.lost += int64(len(c.buf) - most)
		c.buf = c.buf[:most]
		c.scan = most
	}
}

// take puts one line into its event. next is the file offset behind it.
func (c *cutter) take(events []event.Event, text []byte, next int64, now time.Time) []event.Event {
	start := c.line
	if len(text) >= len(bom) && text[0] == bom[0] && bytes.HasPrefix(text, bom) {
		start += len(bom)
		text = text[len(bom):]
	}
	verdict := multiline.Begin | multiline.End
	if c.Rule != nil {
		judged := text
		if limit := c.lineLimit(); limit > 0 && len(judged) > limit {
			judged = judged[:limit] // as if the rest had not been kept
		}
		verdict = c.Rule.Judge(judged, c.lines)
	}
	if verdict&multiline.Begin != 0 && c.lines > 0 {
		events = c.close(events, c.pos)
	}
	if c.lines == 0 {
		c.from, c.since = c.pos, now
		c.start, c.end = start, start
	}
	c.add(start, len(text))
	c.latest = now
	if verdict&multiline.End != 0 {
		events = c.close(events, next)
	}
	return events
}

// add appends the line buf[start:start+n] to the open event's text. The limits
// are Filebeat's to the byte: separators count, and a line that would begin at
// the limit is left out whole.
func (c *cutter) add(start, n int) {
	c.lines++
	size := c.end - c.start
	sep := 0
	if size > 0 && !c.SkipNewline {
		sep = 1
	}
	space := c.MaxBytes - size - sep
	if (c.MaxBytes > 0 && space <= 0) || (c.MaxLines > 0 && c.kept >= c.MaxLines) {
		c.truncated = c.truncated || n > 0
		return
	}
	c.kept++
	if c.MaxBytes > 0 && n > space {
		n = space
		c.truncated = true
	}
	if size == 0 {
		c.start, c.end = start, start+n
		return
	}
	if sep == 1 {
		c.buf[c.end] = '\n'
		c.end++
	}
	if c.end != start {
		// Line ends of two bytes, or something left out: the text closes up.
		copy(c.buf[c.end:], c.buf[start:start+n])
	}
	c.end += n
}

// close ends the open event at file offset to.
func (c *cutter) close(events []event.Event, to int64) []event.Event {
	e := event.Event{Start: uint32(c.start), End: uint32(c.end), From: c.from, To: to}
	if c.truncated {
		e.Flags |= event.Truncated
	}
	if c.kept > 1 {
		e.Flags |= event.Multiline
	}
	c.lines, c.kept, c.truncated = 0, 0, false
	if e.Start == e.End && e.Flags == 0 {
		return events // a blank line is no event
	}
	if !c.wanted(c.buf[e.Start:e.End]) {
		c.filtered++
		c.filteredBytes += uint64(e.To - e.From)
		return events
	}
	if e.Flags&event.Truncated != 0 {
		c.shortened++
		c.shortenedBytes += uint64(e.To - e.From - int64(e.End-e.Start))
	}
	return append(events, e)
}

func (c *cutter) wanted(text []byte) bool {
	if len(c.Include) > 0 && !matchAny(c.Include, text) {
		return false
	}
	return !matchAny(c.Exclude, text)
}

func matchAny(patterns []*match.Pattern, text []byte) bool {
	for _, p := range patterns {
		if p.Match(text) {
			return true
		}
	}
	return false
}

// flush closes the open event, if there is one, without waiting for its next
// line, unless it must be whole. A line that has no end yet stays.
func (c *cutter) flush(events []event.Event) []event.Event {
	if c.lines == 0 || c.Whole {
		return events
	}
	return c.close(events, c.pos)
}

// flushPartial is flush when nothing more will come: what is not whole goes out
// too, and so does a line without an end, flagged. done is the file offset up to
// which everything was complete: the rest is to be read again, should there be
// another time.
func (c *cutter) flushPartial(events []event.Event, now time.Time) (all []event.Event, done int64) {
	text := c.buf[c.line:]
	if len(text) == 0 {
		done = c.pos
		if c.Whole {
			done = c.settled()
		}
		if c.lines > 0 {
			events = c.close(events, c.pos)
		}
		return events, done
	}
	next := c.pos + int64(len(text)) + c.lost
	events = c.take(events, text, next, now)
	c.line, c.scan, c.pos, c.lost = len(c.buf), len(c.buf), next, 0
	if c.lines > 0 {
		events = c.close(events, next)
	}
	if n := len(events); n > 0 && events[n-1].To == next {
		events[n-1].Flags |= event.Partial
	}
	return events, c.from
}

// settled is the file offset before which nothing is left to be cut.
func (c *cutter) settled() int64 {
	if c.lines > 0 {
		return c.from
	}
	return c.pos
}

// compact moves what is unfinished to the front of buf. Events that were cut
// before lose their text.
func (c *cutter) compact() {
	front := 0
	if c.lines > 0 {
		front = copy(c.buf, c.buf[c.start:c.end]) + 1
		c.start, c.end = 0, front-1
	}
	n := copy(c.buf[front:], c.buf[c.line:])
	c.scan -= c.line - front
	c.line = front
	c.buf = c.buf[:front+n]
}

// reset forgets everything and starts at file offset pos.
func (c *cutter) reset(pos int64) {
	*c = cutter{Cut: c.Cut, buf: c.buf[:0], pos: pos}
}
