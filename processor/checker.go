package processor

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/logcar/logcar/match"
)

// checker is a condition, or a part of one.
type checker interface {
	check(d *Document) bool
}

type anyOf []checker

func (l anyOf) check(d *Document) bool {
	return slices.ContainsFunc(l, func(c checker) bool { return c.check(d) })
}

type allOf []checker

func (l allOf) check(d *Document) bool {
	return !slices.ContainsFunc(l, func(c checker) bool { return !c.check(d) })
}

// simple is the list, or what is alone in it.
func (l allOf) simple() checker {
	if len(l) == 1 {
		return l[0]
	}
	return l
}

type not struct{ checker checker }

func (n not) check(d *Document) bool { return !n.checker.check(d) }

type hasFields []path

func (l hasFields) check(d *Document) bool {
	return !slices.ContainsFunc(l, func(p path) bool { return !d.has(p) })
}

// equals compares with a value of the same type.
type equals struct {
	path  path
	value any // string, bool or int64
}

func newEquals(p path, v any) (*equals, bool) {
	if i, ok := integer(v); ok {
		return &equals{p, i}, true
	}
	switch v.(type) {
	case string, bool:
		return &equals{p, v}, true
	}
	return nil, false
}

func (e *equals) check(d *Document) bool {
	v, err := d.get(e.path)
	if err != nil {
		return false
	}
	switch want := e.value.(type) {
	case string:
		s, ok := v.(string)
		return ok && s == want
	case bool:
		b, ok := v.(bool)
		return ok && b == want
	case int64:
		i, ok := integer(v)
		return ok && i == want
	}
	return false
}

// matches is contains and regexp.
type matches struct {
	path    path
	matcher matcher
}

type matcher interface{ match(s string) bool }

type substring string

func (s substring) match(in string) bool { return strings.Contains(in, string(s)) }

type pattern struct{ *match.Pattern }

// match lends the string's bytes to Match, which neither keeps nor changes them.
func (p pattern) match(in string) bool {
	return p.Match(unsafe.Slice(unsafe.StringData(in), len(in)))
}

func newMatcher(name, text string) (matcher, error) {
	if name == "contains" {
		return substring(text), nil
	}
	p, err := match.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("cannot compile the pattern: %w", err)
	}
	return pattern{p}, nil
}

func (m *matches) check(d *Document) bool {
	v, err := d.get(m.path)
	if err != nil {
		return false
	}
	switch v := v.(type) {
	case string:
		return m.matcher.match(v)
	case []string:
		return slices.ContainsFunc(v, m.matcher.match)
	case []any:
		return slices.ContainsFunc(v, func(item any) bool {
			s, ok := item.(string)
			return ok && m.matcher.match(s)
		})
	}
	return false
}
