package logstash

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Grok is one pattern of a grok filter as a regular expression.
type Grok struct {
	Pattern string // as written
	re      *regexp.Regexp
	fields  []capture // of the groups, by their number
}

type capture struct{ field, convert string }

// use is a pattern used inside another one: %{NAME}, %{NAME:field} or
// %{NAME:field:type}.
var use = regexp.MustCompile(`%\{(\w+)(?::([^:}]+))?(?::(\w+))?\}`)

// maxDepth ends definitions that lead back to themselves.
const maxDepth = 10

// CompileGrok translates a pattern with the definitions that it uses. Grok's own
// library of patterns is not known.
func CompileGrok(text string, definitions map[string]string) (*Grok, error) {
	g := &Grok{Pattern: text, fields: []capture{{}}}
	re, err := g.expand(text, definitions, 0)
	if err != nil {
		return nil, fmt.Errorf("grok %q: %w", text, err)
	}
	if g.re, err = regexp.Compile(goSyntax(re)); err != nil {
		return nil, fmt.Errorf("grok %q: %w", text, err)
	}
	if g.re.NumSubexp() != len(g.fields)-1 {
		return nil, fmt.Errorf("grok %q: groups that capture must be %%{NAME:field}", text)
	}
	return g, nil
}

func (g *Grok) expand(text string, definitions map[string]string, depth int) (string, error) {
	if depth > maxDepth {
		return "", fmt.Errorf("definitions go round in a circle")
	}
	var b strings.Builder
	last := 0
	for _, m := range use.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(text[last:m[0]])
		last = m[1]
		name := text[m[2]:m[3]]
		definition, ok := definitions[name]
		if !ok {
			return "", fmt.Errorf("pattern %s is not defined", name)
		}
		open := "(?:"
		if m[4] >= 0 {
			c := capture{field: text[m[4]:m[5]]}
			if m[6] >= 0 {
				c.convert = text[m[6]:m[7]]
			}
			open = "("
			g.fields = append(g.fields, c)
		}
		inner, err := g.expand(definition, definitions, depth+1)
		if err != nil {
			return "", err
		}
		b.WriteString(open + inner + ")")
	}
	b.WriteString(text[last:])
	return b.String(), nil
}

// Match sets the captured fields on e if the text matches. Empty captures set
// nothing, as with Logstash's default.
func (g *Grok) Match(e *Event, text string) (bool, error) {
	m := g.re.FindStringSubmatch(text)
	if m == nil {
		return false, nil
	}
	for i, c := range g.fields {
		if i == 0 || m[i] == "" {
			continue
		}
		var value any = m[i]
		switch c.convert {
		case "":
		case "int":
			n, err := strconv.Atoi(m[i])
			if err != nil {
				return true, err
			}
			value = n
		default:
			return true, fmt.Errorf("grok %q: conversion %q is not known", g.Pattern, c.convert)
		}
		if err := e.Set(c.field, value); err != nil {
			return true, err
		}
	}
	return true, nil
}
