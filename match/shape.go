package match

import (
	"bytes"
	"regexp"
	"regexp/syntax"
)

const (
	maxShapes = 16 // alternatives, above which one regexp is no slower
	maxBytes  = 64 // bytes in a sequence: the bits of a word in its table
)

type (
	anyOf     []matcher
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

// newMatcher returns what decides for a simplified tree: re, unless bytes can
// decide each of its alternatives.
func newMatcher(tree *syntax.Regexp, re *regexp.Regexp) matcher {
	var all anyOf
	for _, items := range expand(tree) {
		m := newShape(items, re)
		if m == nil {
			return re
		}
		all = append(all, m)
	}
	switch len(all) {
	case 0:
		return re
	case 1:
		return all[0]
	default:
		return all
	}
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
func newShape(items []item, re *regexp.Regexp) matcher {
	// A search that may start anywhere, or stop anywhere, can do without what may
	// be empty on that side.
	var begin, end bool
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

// expand writes the tree out as alternatives without inner alternatives: a(b|c)
// becomes ab and ac. It returns nil if there are too many of them or if one
// can't be written as items.
func expand(re *syntax.Regexp) [][]item {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return [][]item{nil}
	case syntax.OpBeginText:
		return [][]item{{{kind: textBegin}}}
	case syntax.OpEndText:
		return [][]item{{{kind: textEnd}}}
	case syntax.OpLiteral:
		return [][]item{literalItems(re)}
	case syntax.OpCharClass:
		return oneRune(re.Rune...)
	case syntax.OpAnyCharNotNL:
		return oneRune(0, '\n'-1, '\n'+1, maxRune)
	case syntax.OpAnyChar:
		return oneRune(0, maxRune)
	case syntax.OpCapture:
		return expand(re.Sub[0])
	case syntax.OpStar:
		return [][]item{{{kind: gap}}}
	case syntax.OpPlus:
		return product(expand(re.Sub[0]), [][]item{{{kind: gap}}})
	case syntax.OpQuest:
		if sub := expand(re.Sub[0]); sub != nil && len(sub) < maxShapes {
			return append([][]item{nil}, sub...)
		}
		return [][]item{{{kind: gap}}}
	case syntax.OpConcat:
		all := [][]item{nil}
		for _, sub := range re.Sub {
			if all = product(all, expand(sub)); all == nil {
				return nil
			}
		}
		return all
	case syntax.OpAlternate:
		var all [][]item
		for _, sub := range re.Sub {
			more := expand(sub)
			if all = append(all, more...); more == nil || len(all) > maxShapes {
				return nil
			}
		}
		return all
	default: // \b, \B, (?m)^ and $, and what can't match at all
		return nil
	}
}

// product returns each of heads continued by each of tails; nil stands for
// "can't be written" on both sides.
func product(heads, tails [][]item) [][]item {
	var all [][]item
	if len(heads)*len(tails) > maxShapes {
		return nil
	}
	for _, head := range heads {
		for _, tail := range tails {
			if len(head)+len(tail) > maxBytes+2 { // and two anchors
				return nil
			}
			all = append(all, append(head[:len(head):len(head)], tail...))
		}
	}
	return all
}
