// Package match decides whether a line matches a pattern in Go's RE2 syntax. It
// answers exactly as package regexp does, and many times faster for the patterns
// that log configurations are full of: an anchored timestamp, a fixed prefix, a
// suffix, a plain word, and alternatives of these.
//
// [Compile] looks at the pattern's syntax tree. What bytes alone can decide
// becomes a list of alternatives, each with a matcher of its own (shape.go);
// everything else, and the rare line whose answer depends on runes of several
// bytes, is left to regexp. Being fast is never a reason to answer differently.
//
// The package must never know what a match is for (an event's first line, a
// line to leave out), nor anything of files, encodings or configuration. It
// imports the standard library alone.
package match

import (
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// Pattern is a compiled pattern. It is immutable, and so safe for concurrent use.
type Pattern struct {
	expr    string
	first   [256]bool // the bytes that a matching text can begin with
	matcher matcher
}

// matcher is what decides: anyOf, a *sequence, a suffix, a substring or a
// *regexp.Regexp.
type matcher interface {
	Match(b []byte) bool
}

// Compile parses expr, in the syntax and with the error texts of
// [regexp.Compile].
func Compile(expr string) (*Pattern, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(expr, syntax.Perl) // as regexp.Compile parses
	if err != nil {
		return nil, err
	}
	tree = tree.Simplify()
	prog, err := syntax.Compile(tree)
	if err != nil {
		return nil, err
	}
	return &Pattern{expr: expr, first: firstBytes(prog), matcher: newMatcher(tree, re)}, nil
}

// Match reports whether b contains a match of the pattern, as
// [regexp.Regexp.Match] does: ^ and $ are the ends of b unless the pattern says
// (?m), and an invalid byte counts as the rune U+FFFD. It keeps nothing of b. A
// byte matcher does not allocate; regexp takes its machines from a pool.
func (p *Pattern) Match(b []byte) bool {
	// This is inlined into the caller: most lines that don't match, such as the
	// frames of a stack trace, are known by their first byte.
	return (len(b) == 0 || p.first[b[0]]) && p.matcher.Match(b)
}

// String returns the expression that the pattern was compiled from.
func (p *Pattern) String() string { return p.expr }

// Fast reports whether a byte matcher decides. It may still ask regexp about a
// line that has a rune of several bytes where the pattern lets such runes stand.
func (p *Pattern) Fast() bool {
	_, slow := p.matcher.(*regexp.Regexp)
	return !slow
}

// anyByte rules nothing out.
var anyByte = func() (set [256]bool) {
	for c := range set {
		set[c] = true
	}
	return set
}()

// firstBytes returns the bytes that a text matching prog can begin with: all of
// them if prog may match further on, or before it has read a rune.
func firstBytes(prog *syntax.Prog) (set [256]bool) {
	type state struct {
		pc    uint32
		bound bool // to the beginning of the text
	}
	seen := make(map[state]bool)
	todo := []state{{pc: uint32(prog.Start)}}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		inst := &prog.Inst[at.pc]
		next := state{inst.Out, at.bound}
		switch inst.Op {
		case syntax.InstMatch:
			return anyByte
		case syntax.InstFail:
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, next, state{inst.Arg, at.bound})
		case syntax.InstCapture, syntax.InstNop:
			todo = append(todo, next)
		case syntax.InstEmptyWidth:
			next.bound = next.bound || syntax.EmptyOp(inst.Arg)&syntax.EmptyBeginText != 0
			todo = append(todo, next)
		default: // it reads a rune
			if !at.bound {
				return anyByte
			}
			for c := range set {
				// Beyond ASCII a byte is only part of a rune: it may be the one.
				set[c] = set[c] || c >= utf8.RuneSelf || inst.MatchRune(rune(c))
			}
		}
	}
	return set
}
