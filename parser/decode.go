package parser

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeObject reads the first JSON value of line, which must be an object, as
// Filebeat does: whole numbers that fit are int64, others float64, or strings if
// they fit neither; what follows the value does not matter. It returns nil for the
// value null. nulls says that there may be nulls in the object. The values share
// one copy of line.
//
// The result and the errors are those of encoding/json, which is asked again about
// everything that is not a plain object.
func decodeObject(line []byte) (object map[string]any, nulls bool, err error) {
	s := scanner{text: string(line)}
	s.space()
	if s.next('{') {
		if object, ok := s.object(1); ok {
			return object, s.nulls, nil
		}
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, false, err
	}
	return convertNumbers(object).(map[string]any), true, nil
}

// scanner reads JSON of the shape that loggers write. It gives up, returning
// false, where something is wrong or unusual.
type scanner struct {
	text  string
	at    int
	nulls bool
}

// maxDepth is where encoding/json gives up, too.
const maxDepth = 10000

// space skips white space.
func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// next skips c if it is next.
func (s *scanner) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// object reads what follows an opening brace.
func (s *scanner) object(depth int) (map[string]any, bool) {
	if depth > maxDepth {
		return nil, false
	}
	m := map[string]any{}
	if s.space(); s.next('}') {
		return m, true
	}
	for {
		s.space()
		if !s.next('"') {
			return nil, false
		}
		key, ok := s.string()
		if !ok {
			return nil, false
		}
		if s.space(); !s.next(':') {
			return nil, false
		}
		s.space()
		v, ok := s.value(depth)
		if !ok {
			return nil, false
		}
		m[key] = v
		if s.space(); s.next('}') {
			return m, true
		}
		if !s.next(',') {
			return nil, false
		}
	}
}

// list reads what follows an opening bracket.
func (s *scanner) list(depth int) ([]any, bool) {
	if depth > maxDepth {
		return nil, false
	}
	l := []any{}
	if s.space(); s.next(']') {
		return l, true
	}
	for {
		s.space()
		v, ok := s.value(depth)
		if !ok {
			return nil, false
		}
		l = append(l, v)
		if s.space(); s.next(']') {
			return l, true
		}
		if !s.next(',') {
			return nil, false
		}
	}
}

func (s *scanner) value(depth int) (any, bool) {
	if s.at == len(s.text) {
		return nil, false
	}
	switch c := s.text[s.at]; c {
	case '"':
		s.at++
		return boxed(s.string())
	case '{':
		s.at++
		return boxed(s.object(depth + 1))
	case '[':
		s.at++
		return boxed(s.list(depth + 1))
	case 't':
		return true, s.literal("true")
	case 'f':
		return false, s.literal("false")
	case 'n':
		s.nulls = true
		return nil, s.literal("null")
	default:
		return s.number()
	}
}

func boxed[T any](v T, ok bool) (any, bool) { return v, ok }

func (s *scanner) literal(word string) bool {
	ok := strings.HasPrefix(s.text[s.at:], word)
	s.at += len(word)
	return ok
}

// plain are the bytes of a string that stand for themselves.
var plain = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// string reads what follows an opening quote.
func (s *scanner) string() (string, bool) {
	start, ascii := s.at, true
	for i := start; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case plain[c]:
		case c == '"':
			s.at = i + 1
			v := s.text[start:i]
			if !ascii && !utf8.ValidString(v) {
				return string(appendValid(nil, []byte(v))), true
			}
			return v, true
		case c == '\\':
			s.at = i
			return s.escaped(start)
		case c >= utf8.RuneSelf:
			ascii = false
		default:
			return "", false
		}
	}
	return "", false
}

// escaped reads the rest of a string that began at start and has an escape.
func (s *scanner) escaped(start int) (string, bool) {
	b := make([]byte, 0, s.at-start+64)
	b = append(b, s.text[start:s.at]...)
	for s.at < len(s.text) {
		from := s.at
		for s.at < len(s.text) && (plain[s.text[s.at]] || s.text[s.at] >= utf8.RuneSelf) {
			s.at++
		}
		b = append(b, s.text[from:s.at]...)
		switch {
		case s.next('"'):
			if !utf8.Valid(b) {
				b = appendValid(nil, b)
			}
			return string(b), true
		case s.next('\\'):
			r, ok := s.escape()
			if !ok {
				return "", false
			}
			b = utf8.AppendRune(b, r)
		default:
			return "", false
		}
	}
	return "", false
}

// escapes are the characters that a letter after a backslash means.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads what follows a backslash.
func (s *scanner) escape() (rune, bool) {
	if s.at == len(s.text) {
		return 0, false
	}
	c := s.text[s.at]
	s.at++
	if c != 'u' {
		return rune(escapes[c]), escapes[c] != 0
	}
	r, ok := s.hex()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if strings.HasPrefix(s.text[s.at:], `\u`) {
		at := s.at
		s.at += 2
		low, ok := s.hex()
		if !ok {
			return 0, false
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, true
		}
		s.at = at
	}
	return utf8.RuneError, true
}

// hex reads four hexadecimal digits.
func (s *scanner) hex() (rune, bool) {
	if s.at+4 > len(s.text) {
		return 0, false
	}
	r := rune(0)
	for _, c := range []byte(s.text[s.at : s.at+4]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.at += 4
	return r, true
}

// number reads a number by JSON's grammar.
func (s *scanner) number() (any, bool) {
	start := s.at
	s.next('-')
	if !s.next('0') && !s.digits() {
		return nil, false
	}
	whole := true
	if s.next('.') {
		whole = false
		if !s.digits() {
			return nil, false
		}
	}
	if s.next('e') || s.next('E') {
		whole = false
		if !s.next('+') {
			s.next('-')
		}
		if !s.digits() {
			return nil, false
		}
	}
	return number(s.text[start:s.at], whole), true
}

// digits skips digits; there must be one.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// number is the value of a literal: an integer, if it is whole and fits.
func number(literal string, whole bool) any {
	if whole {
		if n, err := strconv.ParseInt(literal, 10, 64); err == nil {
			return n
		}
	}
	if f, err := strconv.ParseFloat(literal, 64); err == nil {
		return f
	}
	return literal
}

// convertNumbers replaces the numbers in v, a value that encoding/json has read.
func convertNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(string(v), true)
	case map[string]any:
		for k, x := range v {
			v[k] = convertNumbers(x)
		}
	case []any:
		for i, x := range v {
			v[i] = convertNumbers(x)
		}
	}
	return v
}
