package processor

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Format is a format string such as "%{[fields.topic]:logs}-%{+yyyy.MM.dd}". It is
// immutable, and so safe for concurrent use.
//
//	%{[a.b]}  %{[a][b]}   the field a.b: a string, number, boolean or time
//	%{[a.b]:text}         text when the field is missing, empty, or a map or list
//	%{+yyyy.MM.dd}        @timestamp, in UTC
//	\%                    the next character as it is
//
// Filebeat writes dates in the time zone of its process; here they are in UTC, so
// that a day's index or topic does not depend on where a pod runs.
type Format struct {
	text  string
	parts []part
}

// part is literal text, a field or a date.
type part struct {
	literal  string
	field    path
	optional bool
	fallback string
	date     *dateFormat
}

// ParseFormat parses a format string.
func ParseFormat(text string) (*Format, error) {
	f := &Format{text: text}
	p := formatParser{in: text}
	for p.in != "" {
		literal, open := p.literal()
		if literal != "" {
			f.parts = append(f.parts, part{literal: literal})
		}
		if !open {
			break
		}
		expr, err := p.expression()
		if err != nil {
			return nil, fmt.Errorf("parse format string %s: %w", strconv.Quote(text), err)
		}
		f.parts = append(f.parts, expr)
	}
	return f, nil
}

// formatParser reads a format string from left to right.
type formatParser struct{ in string }

// literal reads up to the next "%{", which it takes as well, or to the end.
func (p *formatParser) literal() (text string, open bool) {
	var b strings.Builder
	for p.in != "" {
		switch {
		case p.in[0] == '\\':
			p.in = p.in[1:]
			if p.in == "" {
				return b.String(), false
			}
		case strings.HasPrefix(p.in, "%{"):
			p.in = p.in[2:]
			return b.String(), true
		}
		b.WriteByte(p.in[0])
		p.in = p.in[1:]
	}
	return b.String(), false
}

// expression reads what follows "%{", up to and with the closing brace.
func (p *formatParser) expression() (part, error) {
	text, end, err := p.until()
	if err != nil {
		return part{}, err
	}
	var defaults []string
	for end == ':' {
		var s string
		if p.in != "" && strings.IndexByte("!@#&*=+<>?", p.in[0]) >= 0 {
			return part{}, fmt.Errorf("unsupported format operator :%c", p.in[0])
		}
		if s, end, err = p.until(); err != nil {
			return part{}, err
		}
		defaults = append(defaults, s)
	}
	switch {
	case text == "":
		return part{}, errors.New("empty format expansion")
	case text[0] == '+':
		// As in Filebeat a colon ends the pattern: "HH:mm" gives the hour alone.
		date, err := newDateFormat(text[1:])
		if err != nil {
			return part{}, fmt.Errorf("%w in timestamp expression", err)
		}
		return part{date: date}, nil
	case text[0] != '[':
		return part{}, fmt.Errorf("unsupported format expression %q; a field is written %%{[%s]}", text, text)
	case len(defaults) > 1:
		return part{}, errors.New(`too many format modifiers given; write "\:" for a colon in a default`)
	}
	name, err := fieldName(text)
	if err != nil {
		return part{}, err
	}
	field := part{field: newPath(name), optional: len(defaults) > 0}
	if field.optional {
		field.fallback = defaults[0]
	}
	return field, nil
}

// until reads up to a colon or closing brace, which it takes as well.
func (p *formatParser) until() (text string, end byte, err error) {
	var b strings.Builder
	for p.in != "" {
		c := p.in[0]
		p.in = p.in[1:]
		switch {
		case c == ':' || c == '}':
			return b.String(), c, nil
		case c == '%' && strings.HasPrefix(p.in, "{"):
			return "", 0, errors.New("format string variables can not be nested")
		case c == '\\' && p.in != "":
			c = p.in[0]
			p.in = p.in[1:]
		}
		b.WriteByte(c)
	}
	return "", 0, errors.New("missing closing '}'")
}

// fieldName reads "[a.b]" or "[a][b]".
func fieldName(text string) (string, error) {
	var names []string
	for rest := strings.Trim(text, " \n\r\t"); rest != ""; {
		if rest[0] != '[' {
			return "", errors.New("expected field extractor start with '['")
		}
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return "", errors.New("missing closing ']'")
		}
		if end == 1 {
			return "", errors.New("empty fields selector '[]'")
		}
		names = append(names, rest[1:end])
		rest = rest[end+1:]
	}
	return strings.Join(names, "."), nil
}

// String returns the text that the format was parsed from.
func (f *Format) String() string { return f.text }

// Constant reports whether the outcome is the same for all documents.
func (f *Format) Constant() bool {
	return !slices.ContainsFunc(f.parts, func(p part) bool { return p.date != nil || p.field.text != "" })
}

// Varies reports whether the format uses something of which varying says that it
// differs between events (see [Chain.Fold]).
func (f *Format) Varies(varying func(path string) bool) bool {
	return slices.ContainsFunc(f.parts, func(p part) bool {
		return p.date != nil && varying("@timestamp") || p.field.text != "" && varying(p.field.text)
	})
}

// Run returns the format's outcome for d. It fails when a field without a default
// is missing, or is a map or a list.
func (f *Format) Run(d *Document) (string, error) {
	if len(f.parts) == 1 {
		// What is text already needs no copy.
		if p := &f.parts[0]; p.literal != "" {
			return p.literal, nil
		} else if v, err := d.get(p.field); err == nil && p.date == nil {
			if s, ok := v.(string); ok && s != "" {
				return s, nil
			}
		}
	}
	b, err := f.Append(nil, d)
	return string(b), err
}

// Append appends the outcome to dst, which it returns as it was when it fails.
func (f *Format) Append(dst []byte, d *Document) ([]byte, error) {
	n := len(dst)
	for i := range f.parts {
		switch p := &f.parts[i]; {
		case p.literal != "":
			dst = append(dst, p.literal...)
		case p.date != nil:
			dst = p.date.append(dst, d.Time.UTC())
		default:
			before := len(dst)
			v, err := d.get(p.field)
			if err == nil {
				dst, err = appendScalar(dst, v)
			}
			if err != nil && !p.optional {
				return dst[:n], fmt.Errorf("field %s: %w", p.field.text, err)
			}
			if p.optional && len(dst) == before {
				dst = append(dst, p.fallback...)
			}
		}
	}
	return dst, nil
}

var errNoText = errors.New("value cannot be converted to a string")

// appendScalar writes what a value looks like as text.
func appendScalar(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return append(dst, v...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case float64:
		return strconv.AppendFloat(dst, v, 'g', -1, 64), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	case time.Time:
		return v.UTC().AppendFormat(dst, timeLayout), nil
	}
	if i, ok := integer(v); ok {
		return strconv.AppendInt(dst, i, 10), nil
	}
	return dst, errNoText
}

// timeLayout is what times look like in documents.
const timeLayout = "2006-01-02T15:04:05.000Z"
