package logstash

import (
	"regexp"
	"strings"
)

// A condition is what stands behind if.
type condition func(e *Event) bool

// condition reads terms joined by and, or by or. Both in one condition, which
// would need a precedence, are not used.
func (p *parser) condition() condition {
	terms := []condition{p.term()}
	joint := ""
	for p.peek().kind == word && (p.peek().text == "and" || p.peek().text == "or") {
		t := p.next()
		if joint != "" && joint != t.text {
			p.fail(t, "and mixed with or")
		}
		joint = t.text
		terms = append(terms, p.term())
	}
	return func(e *Event) bool {
		for _, t := range terms {
			if t(e) == (joint == "or") {
				return joint == "or"
			}
		}
		return joint != "or"
	}
}

func (p *parser) term() condition {
	if p.accept(mark, "!") {
		t := p.term()
		return func(e *Event) bool { return !t(e) }
	}
	field := p.expect(reference, "")
	switch {
	case p.accept(mark, "=~"):
		t := p.expect(pattern, "")
		re, err := regexp.Compile(goSyntax(t.text))
		if err != nil {
			p.fail(t, err.Error())
		}
		return func(e *Event) bool {
			s, ok := e.Get(field.text).(string)
			return ok && re.MatchString(s)
		}
	case p.accept(mark, "=="):
		want := p.expect(quoted, "").text
		return func(e *Event) bool { return e.Get(field.text) == want }
	}
	return func(e *Event) bool {
		v := e.Get(field.text)
		return v != nil && v != false
	}
}

// goSyntax turns a regular expression of Ruby, which Logstash's engine takes,
// into Go's: in Ruby ^ and $ are those of a line, and (?m) lets the dot match line
// ends. What else differs is not valid in Go and so an error.
func goSyntax(ruby string) string {
	return "(?m)" + strings.ReplaceAll(ruby, "(?m:", "(?s:")
}
