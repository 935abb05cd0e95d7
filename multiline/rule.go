package multiline

import "github.com/logcar/logcar/match"

// after joins a line to the one before it if the line matches: the frames of a
// stack trace or, negated, all that isn't a timestamp.
type after struct {
	pattern *match.Pattern
	negate  bool
}

func (r *after) Judge(line []byte, _ int) Verdict {
	if r.pattern.Match(line) != r.negate {
		return 0
	}
	return Begin
}

// before joins a line to the one before it if that one matches, such as one that
// ends in a backslash. Whether a line will be joined to the next is known when it
// is read, so the event ends there instead of waiting for the next line.
type before struct {
	pattern *match.Pattern
	negate  bool
}

func (r *before) Judge(line []byte, _ int) Verdict {
	if r.pattern.Match(line) != r.negate {
		return 0
	}
	return End
}

// flushed ends an open event with a line that matches; of the others, the rule
// decides.
type flushed struct {
	rule    Rule
	pattern *match.Pattern
}

func (r *flushed) Judge(line []byte, lines int) Verdict {
	if lines > 0 && r.pattern.Match(line) {
		return End
	}
	return r.rule.Judge(line, lines)
}

// while joins lines that match to each other, and leaves the others alone.
type while struct {
	pattern *match.Pattern
	negate  bool
}

func (r *while) Judge(line []byte, _ int) Verdict {
	if r.pattern.Match(line) != r.negate {
		return 0
	}
	return Begin | End
}

// count makes an event of so many lines, whatever they are.
type count int

func (n count) Judge(_ []byte, lines int) Verdict {
	if lines+1 >= int(n) {
		return End
	}
	return 0
}
