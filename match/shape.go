package match

import (
	"bytes"
	"regexp"
	"regexp/syntax"
)

const (
	maxShapes = 8  // literals to search for one by one, instead of all at once
	maxBytes  = 64 // bytes in a sequence: the bits of a word in its table
)

// The shapes are what bytes alone can decide: here, and a sequence.
type (
	anyOf     []matcher // suffixes and substrings
	suffix    []byte
	substring []byte
)

func (a anyOf) Match(b []byte) bool {
	for _, m := range a {
		if m.Match(b) {
			return true
		}
	}
	return false
}

func (s suffix) Match(b []byte) bool    { return bytes.HasSuffix(b, s) }
func (s substring) Match(b []byte) bool { return bytes.Contains(b, s) }

// newShapes returns what decides for a simplified tree that is a shape, or a few
// alternatives of them, or else nil.
func newShapes(tree *syntax.Regexp, re *regexp.Regexp) matcher {
	for tree.Op == syntax.OpCapture {
		tree = tree.Sub[0]
	}
	if tree.Op != syntax.OpAlternate {
		return newShape(tree, re)
	}
	if len(tree.Sub) > maxShapes {
		return nil
	}
	var all anyOf
	for _, alternative := range tree.Sub {
		switch m := newShape(alternative, re).(type) {
		case suffix, substring:
			all = append(all, m)
		default: // an automaton is better at alternative beginnings
			return nil
		}
	}
	return all
}

// item is a step of an alternative while the tree is taken apart.
type item struct {
	kind  kind
	class *class // of one byte
}

type kind uint8

const (
	oneByte kind = iota
	textBegin
	textEnd
	gap // something that may be empty, such as .* or (foo)?
)

// newShape returns the matcher of one alternative, or nil if it has none.
func newShape(tree *syntax.Regexp, re *regexp.Regexp) matcher {
	items, ok := flatten(tree)
	if !ok {
		return nil
	}
	items, begin, end := trim(items)
	if len(items) > maxBytes {
		return nil
	}
	var classes []*class
	var literal []byte
	for _, it := range items {
		if it.kind != oneByte {
			return nil
		}
		classes = append(classes, it.class)
		if b, ok := it.class.fixed(); ok {
			literal = append(literal, b)
		}
	}
	switch fixed := len(literal) == len(classes); {
	case begin:
		return newSequence(classes, end, re)
	case fixed && end:
		return suffix(literal)
	case fixed:
		return substring(literal)
	}
	return nil
}

// trim takes off the anchors. A search that may start anywhere, or stop anywhere,
// can do without what may be empty on that side.
func trim(items []item) (rest []item, begin, end bool) {
	for len(items) > 0 && items[0].kind == gap {
		items = items[1:]
	}
	for len(items) > 0 && items[0].kind == textBegin {
		begin, items = true, items[1:]
	}
	for len(items) > 0 && items[len(items)-1].kind == gap {
		items = items[:len(items)-1]
	}
	for len(items) > 0 && items[len(items)-1].kind == textEnd {
		end, items = true, items[:len(items)-1]
	}
	return items, begin, end
}

// flatten writes the tree out as a row of items; !ok: it isn't one.
func flatten(re *syntax.Regexp) (items []item, ok bool) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return nil, true
	case syntax.OpBeginText:
		return []item{{kind: textBegin}}, true
	case syntax.OpEndText:
		return []item{{kind: textEnd}}, true
	case syntax.OpLiteral:
		return literalItems(re), true
	case syntax.OpCharClass:
		return []item{{class: newClass(re.Rune...)}}, true
	case syntax.OpAnyCharNotNL:
		return []item{{class: newClass(0, '\n'-1, '\n'+1, maxRune)}}, true
	case syntax.OpAnyChar:
		return []item{{class: newClass(0, maxRune)}}, true
	case syntax.OpStar, syntax.OpQuest:
		return []item{{kind: gap}}, true
	case syntax.OpPlus: // x+ is xx*
		items, ok = flatten(re.Sub[0])
		return append(items, item{kind: gap}), ok
	case syntax.OpCapture:
		return flatten(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			more, ok := flatten(sub)
			if !ok || len(items)+len(more) > maxBytes+2 { // and two anchors
				return nil, false
			}
			items = append(items, more...)
		}
		return items, true
	default: // alternatives, \b, \B, (?m)^ and $, what can't match
		return nil, false
	}
}
