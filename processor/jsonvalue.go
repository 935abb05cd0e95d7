package processor

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// parseJSON reads a JSON value, alone in text, as package encoding/json would,
// into the values of documents, at a third of its cost. Numbers are int64 where
// they fit, then float64, then text. In a text that is not an object they are all
// text, since Filebeat has them so.
//
// Strings of the outcome may be parts of text.
func parseJSON(text string) (any, error) {
	p := jsonParser{in: text}
	p.space()
	p.asText = p.at < len(text) && text[p.at] != '{'
	v, ok := p.value(0)
	p.space()
	if !ok || p.at < len(text) {
		return nil, errJSON
	}
	return v, nil
}

var errJSON = errors.New("not JSON")

// explainJSON says what is wrong with text that parseJSON refused, in the words of
// encoding/json that Filebeat has in its documents.
func explainJSON(text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err.Error()
	}
	if d.More() {
		return "multiple json elements found"
	}
	if _, err := d.Token(); err != nil && !errors.Is(err, io.EOF) {
		return err.Error()
	}
	return errJSON.Error()
}

// maxJSONDepth is encoding/json's.
const maxJSONDepth = 10000

type jsonParser struct {
	in     string
	at     int
	asText bool // numbers
}

func (p *jsonParser) space() {
	for p.at < len(p.in) {
		switch p.in[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *jsonParser) value(depth int) (any, bool) {
	if p.at >= len(p.in) {
		return nil, false
	}
	switch p.in[p.at] {
	case '{', '[':
		if depth == maxJSONDepth {
			return nil, false
		}
		if p.in[p.at] == '{' {
			return p.object(depth + 1)
		}
		return p.array(depth + 1)
	case '"':
		return p.text()
	case 't':
		return true, p.take("true")
	case 'f':
		return false, p.take("false")
	case 'n':
		return nil, p.take("null")
	}
	return p.number()
}

func (p *jsonParser) take(word string) bool {
	if !strings.HasPrefix(p.in[p.at:], word) {
		return false
	}
	p.at += len(word)
	return true
}

func (p *jsonParser) object(depth int) (any, bool) {
	m := map[string]any{}
	p.at++
	if p.space(); p.take("}") {
		return m, true
	}
	for {
		p.space()
		if p.at >= len(p.in) || p.in[p.at] != '"' {
			return nil, false
		}
		key, ok := p.text()
		if p.space(); !ok || !p.take(":") {
			return nil, false
		}
		p.space()
		v, ok := p.value(depth)
		if !ok {
			return nil, false
		}
		m[key] = v
		if p.space(); p.take("}") {
			return m, true
		}
		if !p.take(",") {
			return nil, false
		}
	}
}

func (p *jsonParser) array(depth int) (any, bool) {
	list := []any{}
	p.at++
	if p.space(); p.take("]") {
		return list, true
	}
	for {
		p.space()
		v, ok := p.value(depth)
		if !ok {
			return nil, false
		}
		list = append(list, v)
		if p.space(); p.take("]") {
			return list, true
		}
		if !p.take(",") {
			return nil, false
		}
	}
}

// text reads a string from its opening quote on. One without escapes is a part of
// the input.
func (p *jsonParser) text() (string, bool) {
	start := p.at + 1
	for i := start; i < len(p.in); i++ {
		switch c := p.in[i]; {
		case c == '"':
			p.at = i + 1
			return p.in[start:i], true
		case c == '\\' || c < ' ' || c >= utf8.RuneSelf:
			return p.escaped(start, i)
		}
	}
	return "", false
}

// escaped reads the rest of a string in which something stands at i that is not
// plain ASCII.
func (p *jsonParser) escaped(start, i int) (string, bool) {
	var b []byte // nil as long as the string is a part of the input
	for i < len(p.in) {
		c := p.in[i]
		switch {
		case c == '"':
			p.at = i + 1
			if b == nil {
				return p.in[start:i], true
			}
			return string(b), true
		case c < ' ':
			return "", false
		case c == '\\':
			if b == nil {
				b = append(make([]byte, 0, len(p.in)-start), p.in[start:i]...)
			}
			var ok bool
			if b, i, ok = p.escape(b, i+1); !ok {
				return "", false
			}
		case c < utf8.RuneSelf:
			if b != nil {
				b = append(b, c)
			}
			i++
		default:
			r, size := utf8.DecodeRuneInString(p.in[i:])
			if r == utf8.RuneError && size == 1 && b == nil {
				b = append(make([]byte, 0, len(p.in)-start), p.in[start:i]...)
			}
			if b != nil {
				b = utf8.AppendRune(b, r)
			}
			i += size
		}
	}
	return "", false
}

// escape appends what the escape whose letter is at i stands for.
func (p *jsonParser) escape(b []byte, i int) ([]byte, int, bool) {
	if i >= len(p.in) {
		return nil, 0, false
	}
	switch c := p.in[i]; c {
	case '"', '\\', '/':
		return append(b, c), i + 1, true
	case 'b':
		return append(b, '\b'), i + 1, true
	case 'f':
		return append(b, '\f'), i + 1, true
	case 'n':
		return append(b, '\n'), i + 1, true
	case 'r':
		return append(b, '\r'), i + 1, true
	case 't':
		return append(b, '\t'), i + 1, true
	case 'u':
		r, ok := p.hex(i + 1)
		if !ok {
			return nil, 0, false
		}
		i += 5
		if utf16.IsSurrogate(r) {
			low, ok := rune(0), false
			if strings.HasPrefix(p.in[i:], `\u`) {
				low, ok = p.hex(i + 2)
			}
			if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
				return utf8.AppendRune(b, pair), i + 6, true
			}
			r = utf8.RuneError
		}
		return utf8.AppendRune(b, r), i, true
	}
	return nil, 0, false
}

// hex reads four hexadecimal digits.
func (p *jsonParser) hex(i int) (rune, bool) {
	if i+4 > len(p.in) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.in[i : i+4]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (p *jsonParser) number() (any, bool) {
	start := p.at
	if p.at < len(p.in) && p.in[p.at] == '-' {
		p.at++
	}
	switch first := p.at; {
	case p.digits() == 0, p.in[first] == '0' && p.at > first+1:
		return nil, false
	}
	whole := true
	if p.take(".") {
		whole = false
		if p.digits() == 0 {
			return nil, false
		}
	}
	if p.at < len(p.in) && p.in[p.at]|0x20 == 'e' {
		whole = false
		p.at++
		if p.at < len(p.in) && (p.in[p.at] == '+' || p.in[p.at] == '-') {
			p.at++
		}
		if p.digits() == 0 {
			return nil, false
		}
	}
	return p.typed(p.in[start:p.at], whole), true
}

func (p *jsonParser) digits() int {
	start := p.at
	for p.at < len(p.in) && '0' <= p.in[p.at] && p.in[p.at] <= '9' {
		p.at++
	}
	return p.at - start
}

func (p *jsonParser) typed(text string, whole bool) any {
	if p.asText {
		return text
	}
	if whole {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i
		}
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return f
	}
	return text
}
