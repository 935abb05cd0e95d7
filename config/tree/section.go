package tree

import (
	"fmt"
	"strings"
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
		r.record(Error, s.pos, path, "references lead round in a circle, or to more than %d maps", maxSections)
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
	s.root.record(Error, s.Pos(name), join(s.path, name), format, args...)
}

// Warnf adds a warning at the position of a key, as Errorf does an error.
func (s *Section) Warnf(name, format string, args ...any) {
	s.root.record(Warning, s.Pos(name), join(s.path, name), format, args...)
}

// Has tells whether a key has a value, whatever its status.
func (s *Section) Has(name string) bool {
	if _, ok := s.options[name]; !ok {
		s.panicf("has no option %q", name)
	}
	return s.child(name) != nil
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

// Choices returns the section's own keys: those that can choose something by their
// names, as Names has them, and apart from them those that have a single value.
func (s *Section) Choices() (names, single []string) {
	for _, key := range s.Names("") {
		if n := s.node.children[key]; n.kind == scalar && s.root.deref(n) == nil {
			single = append(single, key)
		} else {
			names = append(names, key)
		}
	}
	return names, single
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
		r.record(Error, n.pos, path, "%v", err)
		return nil
	case m.kind == null:
		return nil
	case !m.isMap():
		r.record(Error, n.pos, path, "expected a map, found %s", m.describe())
		return nil
	}
	return m
}
