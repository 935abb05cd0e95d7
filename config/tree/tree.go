// Package tree is the engine under Filebeat's configuration dialect: YAML files
// whose dotted keys equal nested ones, merged over one another, with references
// such as ${POD_IP:none} in their scalars, read by way of tables that list every
// option once for the reader, the checks and the documentation.
//
// A reader opens a Section on a map with a Table and asks for options by name
// and kind. Getters return no errors: they record a Problem and return the
// default, so that one run names all that is wrong. Root.Finish then returns the
// problems, together with those of keys that no table knows.
//
// The package knows nothing of logcar's own options or types, of the process's
// environment, of a keystore or of a logger; it imports the standard library and
// the YAML parser alone, and nothing else of the project imports that.
package tree

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits on hostile or mistaken input. Real configurations are far below all of
// them: a ConfigMap holds at most 1 MiB.
const (
	maxFile     = 1 << 20 // bytes of one file
	maxValues   = 100_000 // values of one file, aliases followed
	maxDepth    = 100     // levels of nesting, dots in keys included
	maxKey      = 1000    // bytes of one key
	maxSteps    = 100_000 // references and values behind one option
	maxText     = 1 << 20 // bytes of one option's expanded references
	maxSections = 10_000  // sections opened on one Root
)

// Settings are what a load needs to know of its surroundings.
type Settings struct {
	// Lookup finds what a reference names when the configuration has no such
	// key, usually in a keystore and then in the environment. An empty value
	// counts as not set, as in Filebeat. Nil finds nothing.
	Lookup func(name string) (string, bool)
	// StrictPerms refuses files that fail CheckPermissions.
	StrictPerms bool
	// Defaults lie beneath the files, by dotted path, e.g. "path.home". Their
	// values may hold references.
	Defaults map[string]string
}

// Root is a loaded configuration and all that was found wrong while reading it.
// It is not safe for concurrent use.
type Root struct {
	top      *node // what sections are opened on
	scope    *node // what references are looked up in
	lookup   func(string) (string, bool)
	sources  []Source
	problems []Problem
	sections []*Section
	read     map[string]bool // full keys that a getter asked for
	spent    budget
}

// Load reads the files in order, each merged over those before it, and then the
// overrides, each "key=value" or "key" (true), as of Filebeat's -E. Maps merge by
// key and lists by index. The error joins what is wrong with each file and
// override; without one the Root is ready for Section.
func Load(files, overrides []string, s Settings) (*Root, error) {
	r := newRoot(s)
	var errs []error
	for _, file := range files {
		n, err := r.readFile(file, s.StrictPerms)
		switch {
		case err != nil:
			errs = append(errs, err)
		case n.kind == null: // an empty file sets nothing
		case n.kind == scalar || n.list:
			errs = append(errs, Problem{Pos: n.pos, Text: "expected a map of settings at the top, found " + n.describe()})
		default:
			r.scope = merge(r.scope, n)
		}
	}
	for _, o := range overrides {
		n, err := parseOverride(o)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.scope = merge(r.scope, n)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	r.top = r.scope
	if len(files) > 0 {
		r.top.pos = Pos{File: files[0], Line: 1}
	}
	return r, nil
}

// LoadList reads one file that is a list at its top, as those that
// filebeat.config.inputs names. Items opens its elements. References find the
// defaults and what Lookup knows, not the main file.
func LoadList(file string, s Settings) (*Root, error) {
	r := newRoot(s)
	n, err := r.readFile(file, s.StrictPerms)
	if err != nil {
		return nil, err
	}
	if n.kind != null && !n.list {
		return nil, Problem{Pos: n.pos, Text: "expected a list at the top, found " + n.describe()}
	}
	r.top = n
	return r, nil
}

func newRoot(s Settings) *Root {
	r := &Root{lookup: s.Lookup, read: map[string]bool{}}
	r.scope = &node{kind: container}
	for _, name := range slices.Sorted(maps.Keys(s.Defaults)) {
		r.scope.put(split(name), newScalar(Pos{}, s.Defaults[name], s.Defaults[name]))
	}
	return r
}

// parseOverride makes the tree of one -E argument.
func parseOverride(arg string) (*node, error) {
	pos := Pos{File: "-E"}
	key, text, given := strings.Cut(arg, "=")
	path := split(key)
	if !utf8.ValidString(arg) || key == "" || len(key) > maxKey || len(path) > maxDepth {
		return nil, Problem{Pos: pos, Text: fmt.Sprintf("%s is not of the form key=value in UTF-8 text", quote(arg))}
	}
	value := newScalar(pos, "true", true)
	if given {
		p := valueParser{in: text, pos: pos, objects: true, expand: true}
		var err error
		if value, err = p.parse(); err != nil {
			return nil, Problem{Pos: pos, Key: key, Text: fmt.Sprintf("cannot read %s: %v", quote(text), err)}
		}
	}
	top := &node{kind: container, pos: pos}
	top.put(path, value)
	return top, nil
}

// Section opens the map at a dotted path; "" is the whole configuration. A
// Section on a map that is not there has no keys and returns the defaults.
func (r *Root) Section(path string, t *Table) *Section {
	n := r.top
	if path != "" {
		n = r.walk(n, path)
	}
	return r.open(r.asMap(n, path), path, r.top.pos, t)
}

// Items opens the elements of a Root that LoadList made.
func (r *Root) Items(t *Table) []*Section { return r.items(r.top, "", r.top.pos, t) }
