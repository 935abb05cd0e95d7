package parser

import (
	"errors"
	"fmt"
	"time"

	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/multiline"
)

// Multiline is the stage that joins messages.
type Multiline struct {
	Rule multiline.Rule
	// MaxLines is how many lines an event's text can have; 0: any number. The
	// rest is swallowed, as Filebeat does it.
	MaxLines int
	// Timeout is how long an open event waits for its next line; 0: for ever.
	Timeout time.Duration
	// Whole keeps an event that is not complete from being flushed: those of a
	// fixed number of lines would all shift if one were cut short.
	Whole bool
	// SkipNewline joins lines without a line end between them.
	SkipNewline bool
}

func (s Multiline) check() error {
	if s.Rule == nil {
		return errors.New("multiline: no rule")
	}
	if s.MaxLines < 0 || s.Timeout < 0 {
		return fmt.Errorf("multiline: max_lines %d, timeout %v: expected 0 or more", s.MaxLines, s.Timeout)
	}
	return nil
}

func (s Multiline) node(f *File, next node) node {
	j := &join{Multiline: s, f: f, next: next}
	f.joins = append(f.joins, j)
	return j
}

// join is a Multiline at work on one file.
type join struct {
	Multiline
	f    *File
	next node

	// The open event, if lines > 0.
	lines  int     // seen so far, swallowed ones included
	kept   int     // of these, in the text
	open   message // its text is in text
	text   []byte
	latest time.Time // when its latest line was read

	done message // the event that next is given
}

func (j *join) take(m *message) {
	verdict := j.Rule.Judge(m.text, j.lines)
	if verdict&multiline.Begin != 0 {
		j.close()
	}
	if j.lines == 0 {
		j.open = *m
		j.open.text = nil
	} else {
		j.open.absorb(m)
	}
	j.add(m)
	j.latest = j.f.now
	if verdict&multiline.End != 0 {
		j.close()
	}
}

// add appends a message's text to the open event's. The limits are Filebeat's to
// the byte: separators count, and a line that would begin at the limit is left
// out whole.
func (j *join) add(m *message) {
	j.lines++
	text, size, limit := m.text, len(j.text), j.f.chain.config.MaxBytes
	sep := 0
	if size > 0 && !j.SkipNewline {
		sep = 1
	}
	space := limit - size - sep
	if (limit > 0 && space <= 0) || (j.MaxLines > 0 && j.kept >= j.MaxLines) {
		j.open.truncated = j.open.truncated || len(text) > 0
		return
	}
	j.kept++
	j.open.truncated = j.open.truncated || m.cut
	if limit > 0 && len(text) > space {
		text = text[:space]
		j.open.truncated = true
	}
	if sep == 1 {
		j.text = append(j.text, '\n')
	}
	j.text = append(j.text, text...)
}

// close ends the open event, if there is one.
func (j *join) close() {
	if j.lines == 0 {
		return
	}
	j.done, j.open = j.open, message{}
	j.done.text = j.text
	j.done.cut = false // part of truncated by now
	j.done.joined = j.done.joined || j.kept > 1
	j.lines, j.kept = 0, 0
	j.next.take(&j.done)
	j.done = message{}
	if j.text = j.text[:0]; cap(j.text) > maxIdle {
		j.text = nil
	}
}

// maxIdle is how much memory an event leaves to its successor.
const maxIdle = 64 << 10

func (j *join) reset() {
	*j = join{Multiline: j.Multiline, f: j.f, next: j.next}
}

// IncludeMessage is the stage that lets only those messages pass whose text one
// of Patterns matches.
type IncludeMessage struct {
	Patterns []*match.Pattern
}

func (s IncludeMessage) check() error {
	if len(s.Patterns) == 0 {
		return errors.New("include_message.patterns: missing")
	}
	return nil
}

func (s IncludeMessage) node(f *File, next node) node { return &include{s, f, next} }

// include is an IncludeMessage at work on one file.
type include struct {
	IncludeMessage
	f    *File
	next node
}

func (n *include) take(m *message) {
	if matchAny(n.Patterns, m.text) {
		n.next.take(m)
		return
	}
	n.f.out.Filtered++
	if m.partial {
		n.f.again = min(n.f.again, m.begin)
	}
}
