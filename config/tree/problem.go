package tree

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Pos is where a value was written. The zero Pos is a default that nobody wrote.
type Pos struct {
	File string // as it was given to Load; "-E" for an override
	Line int    // from 1; 0 where lines mean nothing
}

func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// Severity says what a Problem means for the program's start.
type Severity uint8

const (
	Error   Severity = iota // the configuration cannot be used
	Warning                 // it can, but probably not as its author thinks
	Notice                  // worth knowing
)

func (s Severity) String() string { return [...]string{"error", "warning", "notice"}[s] }

// Problem is one thing that is wrong, or worth knowing, at one place.
type Problem struct {
	Pos      Pos
	Key      string // full dotted path; empty when the file itself is meant
	Text     string
	Severity Severity
}

// Error is the Problem in one line: file.yml:12: the.key: text.
func (p Problem) Error() string {
	var parts []string
	for _, s := range []string{p.Pos.String(), p.Key, p.Text} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ": ")
}

func compareProblems(a, b Problem) int {
	return cmp.Or(
		cmp.Compare(a.Pos.File, b.Pos.File),
		cmp.Compare(a.Pos.Line, b.Pos.Line),
		cmp.Compare(a.Key, b.Key),
		cmp.Compare(a.Severity, b.Severity),
		cmp.Compare(a.Text, b.Text),
	)
}

func (r *Root) record(sev Severity, pos Pos, key, format string, args ...any) {
	r.problems = append(r.problems, Problem{pos, key, fmt.Sprintf(format, args...), sev})
}

// quote shows a value in a message, cut to a length that leaves the message
// readable.
func quote(s string) string {
	const limit = 80
	if utf8.RuneCountInString(s) <= limit {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%.*q...", limit, s)
}
