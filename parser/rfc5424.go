package parser

import (
	"fmt"
	"strconv"
	"strings"
)

// looksLike5424 tells the formats apart: only RFC 5424 has a version, and then a
// year or nothing.
func looksLike5424(s string) bool {
	s, ok := strings.CutPrefix(s, "<")
	pri, s, ok2 := strings.Cut(s, ">")
	version, s, ok3 := strings.Cut(s, " ")
	if !ok || !ok2 || !ok3 || !isNumber(pri, 3) || !isNumber(version, 3) || version[0] == '0' {
		return false
	}
	return strings.HasPrefix(s, "- ") || len(s) >= 4 && isNumber(s[:4], 4)
}

func isNumber(s string, most int) bool {
	for _, c := range []byte(s) {
		if !isDigit(c) {
			return false
		}
	}
	return s != "" && len(s) <= most
}

// parse5424 reads "<13>1 time host app process id [data] text".
func (r *syslogRecord) parse5424() {
	if !r.readPriority() {
		return
	}
	start := r.at
	version, ok := r.word()
	if !ok {
		return
	}
	if n, err := strconv.Atoi(version); err != nil {
		r.invalid(start, fmt.Errorf("invalid version, expected an integer: %w", err))
	} else {
		r.version = n
	}
	if strings.HasPrefix(r.text[r.at:], "- ") {
		r.at++
	} else if !r.readTime() {
		return
	}
	if !r.skip(' ') {
		return
	}
	for _, field := range []*string{&r.host, &r.app, &r.process, &r.id} {
		if *field, ok = r.word(); !ok {
			return
		}
	}
	if !r.readData() {
		return
	}
	if r.at < len(r.text) && r.skip(' ') {
		r.plain = strings.TrimPrefix(r.text[r.at:], "\ufeff")
	}
}

// readData reads the structured data: "-" or elements in brackets.
func (r *syslogRecord) readData() bool {
	rest := r.text[r.at:]
	if strings.HasPrefix(rest, "-") {
		r.at++
		return true
	}
	n := 0
	for n < len(rest) && rest[n] == '[' {
		end := closing(rest[n:])
		if end < 0 {
			r.at = len(r.text)
			return r.stop()
		}
		n += end + 1
	}
	if n == 0 {
		return r.stop()
	}
	r.at += n
	if r.data = parseData(rest[:n]); r.data == nil {
		r.rawData = rest[:n]
	}
	return true
}

// closing returns where the bracket that s begins with is closed, or -1. Brackets
// in values are escaped.
func closing(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ']':
			return i
		}
	}
	return -1
}

// parseData reads elements such as [id name="value" name="value"], and returns
// nil if they are not by the rules. Elements of one id are merged.
func parseData(s string) map[string]any {
	data := map[string]any{}
	for s != "" {
		id := dataName(s[1:])
		if s[0] != '[' || id == "" {
			return nil
		}
		s = s[1+len(id):]
		values, _ := data[id].(map[string]any)
		if values == nil {
			values = map[string]any{}
			data[id] = values
		}
		for strings.HasPrefix(s, " ") {
			name := dataName(s[1:])
			rest, ok := strings.CutPrefix(s[1+len(name):], `="`)
			if name == "" || !ok {
				return nil
			}
			value, n := dataValue(rest)
			if n < 0 {
				return nil
			}
			values[name], s = value, rest[n:]
		}
		rest, ok := strings.CutPrefix(s, "]")
		if !ok {
			return nil
		}
		s = rest
	}
	return data
}

// dataName returns the name that s begins with; empty: none.
func dataName(s string) string {
	n := 0
	for n < len(s) && isGraph(s[n]) && strings.IndexByte(`="]`, s[n]) < 0 {
		n++
	}
	if n > 32 {
		return ""
	}
	return s[:n]
}

// dataValue returns the value that s begins with, and the length of it with its
// closing quote; -1 if that is missing.
func dataValue(s string) (value string, n int) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), i + 1
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`"\]`, s[i+1]) >= 0:
			i++
		}
		b.WriteByte(s[i])
	}
	return "", -1
}
