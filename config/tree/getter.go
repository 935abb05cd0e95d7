package tree

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logcar/logcar/internal/suggest"
)

// Bool reads a boolean: true or false, yes or no, on or off.
func (s *Section) Bool(name string, def bool) bool { return get(s, name, Bool, def, toBool) }

// Int reads an integer.
func (s *Section) Int(name string, def int) int { return get(s, name, Int, def, toInt) }

// Float reads a number.
func (s *Section) Float(name string, def float64) float64 { return get(s, name, Float, def, toFloat) }

// Duration reads Go's syntax; a bare number is seconds. It may be negative.
func (s *Section) Duration(name string, def time.Duration) time.Duration {
	return get(s, name, Duration, def, toDuration)
}

// Bytes reads a plain integer number of bytes.
func (s *Section) Bytes(name string, def int64) int64 { return get(s, name, Bytes, def, toInt64) }

// ByteSize reads a size such as 10MB or 10MiB, in bytes.
func (s *Section) ByteSize(name string, def int64) int64 {
	return get(s, name, ByteSize, def, toByteSize)
}

// String reads a single value as text: what stands in the file, or what came out
// of a reference (see Text), be it "010" or "on".
func (s *Section) String(name, def string) string { return get(s, name, String, def, toText) }

// Enum reads one of the option's values, in any case, and returns it as the
// table spells it. Empty text chooses none of them: it is how the value of a
// variable says so that is not there.
func (s *Section) Enum(name, def string) string {
	o := s.option(name, Enum)
	return get(s, name, Enum, def, func(n *node) (string, bool) {
		if n.text == "" {
			return def, true
		}
		i := slices.IndexFunc(o.Values, func(v string) bool { return strings.EqualFold(v, n.text) })
		if i < 0 {
			return "", false
		}
		return o.Values[i], true
	})
}

// Strings reads a list of strings. A single value is a list of one; a single
// value with references is cut at its commas, and without text is an empty list.
func (s *Section) Strings(name string, def []string) []string {
	n := s.resolved(name, Strings)
	if n == nil {
		return def
	}
	if n.kind == container && !n.isList() {
		s.Errorf(name, "expected %s, found %s", kinds[Strings].noun, n.describe())
		return def
	}
	list := []string{}
	for key, item := range n.items() {
		item, err := s.root.expander().resolve(item, Text)
		switch {
		case err != nil:
			s.Errorf(join(name, key), "%v", err)
		case item.kind == container:
			s.Errorf(join(name, key), "expected a string, found %s", item.describe())
		case item.kind == scalar && (item.text != "" || n.kind == container):
			list = append(list, item.text)
		}
	}
	return list
}

// Any reads whatever there is: map[string]any, []any, string, int64, float64 or
// bool, with keys without a value left out; nil when there is nothing.
func (s *Section) Any(name string, mode Mode) any { return s.any(name, plainer{mode: mode}) }

// AnyNamed is Any with the keys of maps that have no value, as nil: where a key
// chooses by its name alone, as in "- add_host_metadata:".
func (s *Section) AnyNamed(name string, mode Mode) any {
	return s.any(name, plainer{mode: mode, named: true})
}

func (s *Section) any(name string, p plainer) any {
	s.option(name, Any)
	n := s.child(name)
	if n == nil {
		return nil
	}
	p.expander = s.root.expander()
	p.bad = func(at string, err error) { s.Errorf(join(name, at), "%v", err) }
	v, err := p.value(n, "", 0)
	if err != nil {
		s.Errorf(name, "%v", err)
	}
	return v
}

// get reads a single value of the given kind by way of conv.
func get[T any](s *Section, name string, kind Kind, def T, conv func(*node) (T, bool)) T {
	o := s.option(name, kind)
	n := s.child(name)
	if n == nil {
		return def
	}
	v, err := s.root.expander().resolve(n, Text)
	switch {
	case err != nil:
		s.Errorf(name, "%v", err)
		return def
	case v.kind == null:
		return def
	case v.kind == container:
		s.Errorf(name, "expected %s, found %s", kinds[kind].noun, v.describe())
		return def
	}
	x, ok := conv(v)
	if !ok {
		s.Errorf(name, "%s", o.mismatch(n, v))
		return def
	}
	return x
}

// mismatch says why text, read from n, is no value of the option.
func (o *Option) mismatch(n, v *node) string {
	found := quote(v.text)
	if n.expand {
		found += fmt.Sprintf(" (from %s)", quote(n.text))
	}
	if o.Kind == Enum {
		return fmt.Sprintf("%s is not one of %s%s", found, strings.Join(o.Values, ", "), suggest.DidYouMean(v.text, o.Values))
	}
	return fmt.Sprintf("%s is not %s; expected %s", found, kinds[o.Kind].noun, kinds[o.Kind].expected)
}
