package tree

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// valueParser reads the grammar that Filebeat applies to -E values and to text
// that came out of a reference: a superset of JSON and of command line habit.
//
//	value  = list-of-values separated by "," at the top, or one of
//	"["values"]"  "{"key:value, ..."}"  "text\n"  'text'  null  true  010  0x1f  1.5  text
//
// A number or boolean keeps its text as well, for readers that want a string.
type valueParser struct {
	in      string
	pos     Pos
	objects bool // {...} is a map; Filebeat reads none from a bare ${VAR}
	expand  bool // strings may hold references in turn
}

// parse reads the whole input. Commas at the top make a list.
func (p *valueParser) parse() (*node, error) {
	var items []*node
	for {
		n, err := p.value(",", 0)
		if err != nil {
			return nil, err
		}
		items = append(items, n)
		if p.skipSpace(); p.in == "" {
			break
		}
		if p.in[0] != ',' {
			return nil, fmt.Errorf("unexpected %s after a complete value", quote(p.in))
		}
		p.in = p.in[1:]
	}
	if len(items) == 1 {
		return items[0], nil
	}
	return newList(p.pos, items), nil
}

// value reads one value, unquoted text up to a byte of stops.
func (p *valueParser) value(stops string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	p.skipSpace()
	switch {
	case p.in == "":
		return &node{pos: p.pos}, nil
	case p.in[0] == '[':
		return p.list(depth)
	case p.in[0] == '{' && p.objects:
		return p.object(depth)
	case p.in[0] == '"' || p.in[0] == '\'':
		s, err := p.quoted()
		return p.scalar(s, s), err
	}
	text, err := p.until(stops)
	if err != nil {
		return nil, err
	}
	if text == "null" {
		return &node{pos: p.pos}, nil
	}
	return p.scalar(text, typedText(text)), nil
}

func (p *valueParser) scalar(text string, value any) *node {
	n := newScalar(p.pos, text, value)
	n.expand = n.expand && p.expand
	return n
}

func (p *valueParser) list(depth int) (*node, error) {
	var items []*node
	p.in = p.in[1:]
	for {
		if p.skipSpace(); p.take(']') {
			return newList(p.pos, items), nil
		}
		n, err := p.value(",]", depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, n)
		if p.skipSpace(); !p.take(',') && !strings.HasPrefix(p.in, "]") {
			return nil, errors.New("a list needs , or ] after each value")
		}
	}
}

func (p *valueParser) object(depth int) (*node, error) {
	n := &node{kind: container, pos: p.pos}
	p.in = p.in[1:]
	for {
		if p.skipSpace(); p.take('}') {
			return n, nil
		}
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		child, err := p.value(",}", depth+1)
		if err != nil {
			return nil, err
		}
		n.put(split(key), child)
		if p.skipSpace(); !p.take(',') && !strings.HasPrefix(p.in, "}") {
			return nil, errors.New("a map needs , or } after each value")
		}
	}
}

func (p *valueParser) key() (key string, err error) {
	switch {
	case p.in == "":
		return "", errors.New("a map is not closed with }")
	case p.in[0] == '"' || p.in[0] == '\'':
		key, err = p.quoted()
	default:
		key, err = p.until(":")
	}
	if err != nil {
		return "", err
	}
	if p.skipSpace(); !p.take(':') {
		return "", errors.New("a map needs : after each key")
	}
	if key == "" || len(key) > maxKey || strings.Count(key, ".") > maxDepth {
		return "", fmt.Errorf("%s cannot be a key", quote(key))
	}
	return key, nil
}

// quoted reads a string in double quotes, with Go's escapes, or in single ones,
// without any.
func (p *valueParser) quoted() (string, error) {
	mark := p.in[0]
	end := 1
	for end < len(p.in) && p.in[end] != mark {
		if p.in[end] == '\\' && mark == '"' {
			end++
		}
		end++
	}
	if end >= len(p.in) {
		return "", fmt.Errorf("%c is not closed", mark)
	}
	text := p.in[:end+1]
	p.in = p.in[end+1:]
	if mark == '\'' {
		return text[1:end], nil
	}
	s, err := strconv.Unquote(text)
	if err != nil || !utf8.ValidString(s) && utf8.ValidString(text) {
		return "", fmt.Errorf("%s is not a valid string in double quotes", quote(text))
	}
	return s, nil
}

// until takes the text before the first byte of stops, or all of it.
func (p *valueParser) until(stops string) (string, error) {
	end := strings.IndexAny(p.in, stops)
	switch end {
	case 0:
		return "", fmt.Errorf("unexpected %q", p.in[0])
	case -1:
		end = len(p.in)
	}
	text := strings.TrimSpace(p.in[:end])
	p.in = p.in[end:]
	return text, nil
}

func (p *valueParser) take(c byte) bool {
	if p.in == "" || p.in[0] != c {
		return false
	}
	p.in = p.in[1:]
	return true
}

func (p *valueParser) skipSpace() { p.in = strings.TrimSpace(p.in) }

// typedText is what Filebeat takes unquoted text for: a leading 0 makes an
// integer octal, and single letters are booleans. A number that JSON cannot hold
// stays text.
func typedText(text string) any {
	switch text {
	case "t", "T", "true", "TRUE", "True", "on", "ON":
		return true
	case "f", "F", "false", "FALSE", "False", "off", "OFF":
		return false
	}
	if i, err := strconv.ParseInt(text, 0, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return f
	}
	return text
}

// stringText is what text is to a reader that wants a string: trimmed, and
// without one layer of quotes, which Filebeat takes off as well and which
// existing configurations hold to keep a value from being read as a number.
func stringText(text string) string {
	text = strings.TrimSpace(text)
	if text != "" && (text[0] == '"' || text[0] == '\'') {
		p := valueParser{in: text}
		if s, err := p.quoted(); err == nil && p.in == "" {
			return s
		}
	}
	return text
}
