// Package multiline holds the rules by which lines are joined to events: does
// this line begin, continue or end one?
//
// The rules are Filebeat's (multiline.type pattern, count and while_pattern) and
// group lines as Filebeat 8 does. They are pure: a [Rule] sees one line and how
// many lines the open event has, and answers. It must never know of buffers,
// offsets, files, limits or time, which are its caller's: the caller joins the
// lines, cuts the event at max_lines and max_bytes, and ends it when the timeout
// is over. The package imports the standard library and package match alone.
package multiline

import (
	"errors"
	"fmt"
	"time"

	"github.com/logcar/logcar/match"
)

// Filebeat's defaults, for a configuration that doesn't say.
const (
	DefaultMaxLines = 500
	DefaultTimeout  = 5 * time.Second
)

// Verdict is what a rule says of one line. With the zero value the line continues
// the open event, or begins one if none is open.
type Verdict uint8

const (
	Begin Verdict = 1 << iota // the open event, if any, ended before this line
	End                       // this line is the last of its event
)

// Rule decides where events begin and end. It has no state of its own: one Rule
// serves any number of files at once.
type Rule interface {
	// Judge looks at one line without its line end. lines is how many lines the
	// open event has already, those included that limits keep out of its text; 0:
	// no event is open. Judge keeps nothing of line and does not allocate.
	Judge(line []byte, lines int) Verdict
}

// Type says what kind of rule joins the lines.
type Type uint8

const (
	Pattern      Type = iota // a line's match says whether it is joined to its neighbour
	Count                    // every CountLines lines are an event
	WhilePattern             // consecutive lines that match are an event
)

var typeNames = [...]string{Pattern: "pattern", Count: "count", WhilePattern: "while_pattern"}

// ParseType returns the type that multiline.type names: pattern, count or
// while_pattern. As in Filebeat "" is pattern, and as in its first versions with
// the type, while-pattern is while_pattern.
func ParseType(name string) (Type, error) {
	switch name {
	case "":
		return Pattern, nil
	case "while-pattern":
		return WhilePattern, nil
	}
	for t, n := range typeNames {
		if n == name {
			return Type(t), nil
		}
	}
	return 0, fmt.Errorf("type: %q is none of pattern, count, while_pattern", name)
}

// String returns the name that ParseType reads.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("Type(%d)", t)
}

// Config is Filebeat's multiline section. New reads what makes the rule; MaxLines,
// Timeout and SkipNewline are for the caller, and New only checks them. The zero
// value of a field is what it says, not Filebeat's default.
type Config struct {
	Type Type
	// Pattern is looked for in each line, in Go's RE2 syntax. Needed for the types
	// Pattern and WhilePattern.
	Pattern string
	// Negate turns Pattern around: the lines that do not match are meant.
	Negate bool
	// Match is needed for the type Pattern. With "after", lines that match are
	// joined to the line before them; with "before", lines that match are joined to
	// the line after them.
	Match string
	// FlushPattern, if not empty, ends an event of the type Pattern early: a line
	// that matches is the event's last, and belongs to it whatever Pattern says.
	// An event's first line is not asked. (With Match "before" an event ends with
	// the line that won't be joined to the next, which is then a first line;
	// Filebeat waits for the next line, and asks FlushPattern about it too.)
	FlushPattern string
	// MaxLines bounds the lines in an event's text; 0 or less: no bound.
	MaxLines int
	// Timeout ends an event when no line has come for so long; 0: never. It is not
	// for the type Count.
	Timeout time.Duration
	// CountLines is an event's number of lines. Needed for the type Count.
	CountLines int
	// SkipNewline joins lines with nothing between them, instead of "\n".
	SkipNewline bool
}

// New returns the rule that c describes. Its errors name the setting that is
// wrong and what was expected there.
func New(c Config) (Rule, error) {
	if c.Timeout < 0 {
		return nil, fmt.Errorf("timeout: %v is negative; 0 is no timeout", c.Timeout)
	}
	// A pattern that doesn't compile is an error whatever the type, as in Filebeat.
	pattern, err := match.Compile(c.Pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	flush, err := match.Compile(c.FlushPattern)
	if err != nil {
		return nil, fmt.Errorf("flush_pattern: %w", err)
	}
	if c.Pattern == "" && c.Type != Count {
		return nil, errors.New("pattern: missing; expected a regular expression")
	}
	switch c.Type {
	case Pattern:
		var rule Rule
		switch c.Match {
		case "after":
			rule = &after{pattern, c.Negate}
		case "before":
			rule = &before{pattern, c.Negate}
		case "":
			return nil, errors.New("match: missing; expected after or before")
		default:
			return nil, fmt.Errorf("match: %q is neither after nor before", c.Match)
		}
		if c.FlushPattern != "" {
			rule = &flushed{rule, flush}
		}
		return rule, nil
	case Count:
		if c.CountLines < 1 {
			return nil, fmt.Errorf("count_lines: %d; expected 1 or more", c.CountLines)
		}
		return count(c.CountLines), nil
	case WhilePattern:
		return &while{pattern, c.Negate}, nil
	default:
		return nil, fmt.Errorf("type: %v is none of pattern, count, while_pattern", c.Type)
	}
}
