package tree

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Section is one map of the configuration, read by way of a table.
//
// Names are dotted paths inside the section. Asking for one that the table does
// not list, lists with another Kind, or lists without honouring it is a
// programmer's error and panics: it would make the documentation wrong. A getter
// returns its default when the key is not there, has no value, or has one that
// is a Problem.
type Section struct {
	root    *Root
	node    *node // nil when the configuration has no such map
	path    string
	pos     Pos
	table   *Table
	options map[string]*Option
}

// open makes a section of n, which is a container or nil. Only references can
// make more of them than a configuration has maps.
func (r *Root) open(n *node, path string, parent Pos, t *Table) *Section {
	s := &Section{root: r, node: n, path: path, pos: parent, table: t, options: t.index()}
	if n == nil {
		return s
	}
	if n.pos != (Pos{}) {
		s.pos = n.pos
	}
	if len(r.sections) >= maxSections || strings.Count(path, ".") > 2*maxDepth {
		r.report(Error, s.pos, path, "references lead round in a circle, or to more than %d maps", maxSections)
		s.node = nil
		return s
	}
	r.sections = append(r.sections, s)
	return s
}

// With returns the same map read by another table, for maps whose options depend
// on what one of them says. Finish knows the keys of all tables of a map.
func (s *Section) With(t *Table) *Section {
	return s.root.open(s.node, s.path, s.pos, t)
}

// Path is the section's full dotted path; "" is the whole configuration.
func (s *Section) Path() string { return s.path }

// Pos is where a key was written, or the nearest thing above it that was. It
// takes any name.
func (s *Section) Pos(name string) Pos {
	pos, n := s.pos, s.node
	for _, key := range split(name) {
		if n = s.root.deref(n); n == nil {
			break
		}
		if n = n.children[key]; n != nil && n.pos != (Pos{}) {
			pos = n.pos
		}
	}
	return pos
}

// Errorf adds an error at the position of a key, which need not be in the table
// or the configuration; "" is the section itself.
func (s *Section) Errorf(name, format string, args ...any) {
	s.root.report(Error, s.Pos(name), join(s.path, name), format, args...)
}

// Warnf adds a warning at the position of a key, as Errorf does an error.
func (s *Section) Warnf(name, format string, args ...any) {
	s.root.report(Warning, s.Pos(name), join(s.path, name), format, args...)
}

// Has tells whether a key has a value, whatever its status.
func (s *Section) Has(name string) bool {
	if _, ok := s.options[name]; !ok {
		s.panicf("has no option %q", name)
	}
	return s.child(name) != nil
}

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
// table spells it.
func (s *Section) Enum(name, def string) string {
	o := s.option(name, Enum)
	return get(s, name, Enum, def, func(n *node) (string, bool) {
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
func (s *Section) Any(name string, mode Mode) any {
	s.option(name, Any)
	n := s.child(name)
	if n == nil {
		return nil
	}
	p := plainer{expander: s.root.expander(), mode: mode, bad: func(at string, err error) {
		s.Errorf(join(name, at), "%v", err)
	}}
	v, err := p.value(n, "", 0)
	if err != nil {
		s.Errorf(name, "%v", err)
	}
	return v
}

// Sub opens the map below a Group. The table is nil when the option lists its
// children itself. Without such a map the section has no keys.
func (s *Section) Sub(name string, t *Table) *Section {
	t = s.childTable(name, Group, t)
	path := join(s.path, name)
	return s.root.open(s.root.asMap(s.child(name), path), path, s.Pos(name), t)
}

// List opens the maps of a List; a single map is a list of one. The table is nil
// as for Sub.
func (s *Section) List(name string, t *Table) []*Section {
	t = s.childTable(name, List, t)
	n := s.resolved(name, List)
	if n == nil {
		return nil
	}
	return s.root.items(n, join(s.path, name), s.Pos(name), t)
}

// Names returns the sorted keys of the map below a Group, those without a value
// included: "file_identity.native:" chooses by its name alone. With "" they are
// the section's own.
func (s *Section) Names(name string) []string {
	n := s.node
	if name != "" {
		s.option(name, Group)
		n = s.root.asMap(s.child(name), join(s.path, name))
	}
	if n == nil {
		return nil
	}
	return n.keys()
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
		return fmt.Sprintf("%s is not one of %s%s", found, strings.Join(o.Values, ", "), didYouMean(v.text, o.Values))
	}
	return fmt.Sprintf("%s is not %s; expected %s", found, kinds[o.Kind].noun, kinds[o.Kind].expected)
}

// child walks to a key's value; nil when there is none.
func (s *Section) child(name string) *node {
	n := s.root.walk(s.node, name)
	if n == nil || n.kind == null {
		return nil
	}
	return n
}

// resolved is a key's value with its references followed; nil when there is none
// or they lead nowhere, which is then reported.
func (s *Section) resolved(name string, kind Kind) *node {
	s.option(name, kind)
	n := s.child(name)
	if n == nil {
		return nil
	}
	n, err := s.root.expander().resolve(n, Typed)
	if err != nil {
		s.Errorf(name, "%v", err)
		return nil
	}
	if n.kind == null {
		return nil
	}
	return n
}

// option finds what the table says of a name that a reader asks for.
func (s *Section) option(name string, kind Kind) *Option {
	o, ok := s.options[name]
	switch {
	case !ok:
		s.panicf("has no option %q", name)
	case o.Kind != kind:
		s.panicf("has option %q as %s, read as %s", name, o.Kind, kind)
	case o.Status == NoEffect || o.Status == Refused:
		s.panicf("says %q for option %q, which is read", o.Status, name)
	case kind == Enum && len(o.Values) == 0:
		s.panicf("has no values for option %q", name)
	}
	s.root.read[join(s.path, name)] = true
	return o
}

func (s *Section) childTable(name string, kind Kind, t *Table) *Table {
	o := s.option(name, kind)
	switch {
	case t == nil:
		return &Table{Name: s.table.Name + " " + name, Options: o.Options}
	case len(o.Options) > 0:
		s.panicf("lists what option %q holds, and is given a second table %q", name, t.Name)
	}
	return t
}

func (s *Section) panicf(format string, args ...any) {
	panic(fmt.Sprintf("tree: section %q: table %q ", s.path, s.table.Name) + fmt.Sprintf(format, args...))
}

// items opens the maps of a list, or the one map that stands in its place.
func (r *Root) items(n *node, path string, parent Pos, t *Table) []*Section {
	if n.kind == container && !n.isList() {
		return []*Section{r.open(n, join(path, "0"), parent, t)}
	}
	var sections []*Section
	for key, item := range n.items() {
		if m := r.asMap(item, join(path, key)); m != nil {
			sections = append(sections, r.open(m, join(path, key), parent, t))
		}
	}
	return sections
}

// asMap follows references to a map. Anything else is reported; nil and nothing
// are not.
func (r *Root) asMap(n *node, path string) *node {
	if n == nil || n.kind == null {
		return nil
	}
	m, err := r.expander().resolve(n, Typed)
	switch {
	case err != nil:
		r.report(Error, n.pos, path, "%v", err)
		return nil
	case m.kind == null:
		return nil
	case m.kind == scalar || m.list && len(m.children) > 0:
		r.report(Error, n.pos, path, "expected a map, found %s", m.describe())
		return nil
	}
	return m
}
