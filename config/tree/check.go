package tree

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/logcar/logcar/internal/suggest"
)

// KeyReport is one key of the configuration as the tables see it. Maps and lists
// that were opened are reported by what is in them.
type KeyReport struct {
	Key    string
	Pos    Pos
	Status Status
	Note   string
	Read   bool // a getter asked for it: an honoured key that is never read is a fault of the program
}

// Report lists the keys of all maps that were opened, by file and line. Call it
// after reading.
func (r *Root) Report() []KeyReport {
	var reports []KeyReport
	for _, f := range r.findings() {
		k := KeyReport{Key: f.key, Pos: f.node.pos, Status: Unknown, Read: r.read[f.key]}
		switch {
		case f.option == nil:
		case f.option.Status == Refused && r.idle(f.node):
			k.Status, k.Note = NoEffect, "it asks for nothing"
		default:
			k.Status, k.Note = f.option.Status, f.option.Note
		}
		reports = append(reports, k)
	}
	slices.SortFunc(reports, func(a, b KeyReport) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Key, b.Key))
	})
	return slices.Compact(reports)
}

// Finish returns what was found: warnings and notices as a list, errors joined,
// each a Problem, all by file and line. To the problems of reading it adds those
// of keys that no table names, that have no effect, are refused or deprecated. It
// changes nothing and can be called again.
func (r *Root) Finish() ([]Problem, error) {
	all := slices.Clone(r.problems)
	said, failed := map[string]bool{}, map[string]bool{}
	for _, p := range all {
		said[p.Key] = true
		failed[p.Key] = failed[p.Key] || p.Severity == Error
	}
	for _, f := range r.findings() {
		if p, ok := r.judge(f); ok && !failed[p.Key] && (f.option != nil || !said[p.Key]) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, compareProblems)
	all = slices.Compact(all)

	var others []Problem
	var errs []error
	for _, p := range all {
		if p.Severity == Error {
			errs = append(errs, p)
		} else {
			others = append(others, p)
		}
	}
	return others, errors.Join(errs...)
}

// judge says whether a key's presence is worth a word.
func (r *Root) judge(f finding) (Problem, bool) {
	p := Problem{Pos: f.node.pos, Key: f.key}
	switch {
	case f.err != nil:
		p.Text = f.err.Error()
		return p, true
	case f.option == nil:
		p.Severity = Warning
		p.Text = "unknown key" + cmp.Or(suggest.DidYouMean(f.name, f.known), f.elsewhere)
		return p, true
	case f.option.Status == Honoured, r.disabled(f.node), f.option.Status == Refused && r.idle(f.node):
		return p, false
	case f.option.Status == Deprecated:
		p.Severity, p.Text = Warning, "is deprecated"
	case f.option.Status == NoEffect:
		p.Severity, p.Text = Notice, "has no effect"
	default:
		p.Severity, p.Text = Error, "is not supported"
	}
	if f.option.Note != "" {
		p.Text += ": " + f.option.Note
	}
	return p, true
}

// idle tells a value that asks for nothing: false, text or a list with nothing in
// it, or a map that is disabled. Filebeat's reference files are full of them.
func (r *Root) idle(n *node) bool {
	v, err := r.expander().resolve(n, Text)
	switch {
	case err != nil:
		return false
	case v.kind == scalar:
		on, isBool := toBool(v)
		return v.text == "" || isBool && !on
	case v.isList():
		return len(v.children) == 0
	}
	return r.disabled(n)
}

// disabled tells a map with "enabled: false", which in Filebeat is as good as no
// map at all.
func (r *Root) disabled(n *node) bool {
	enabled := r.walk(n, "enabled")
	if enabled == nil {
		return false
	}
	v, err := r.expander().resolve(enabled, Text)
	if err != nil || v.kind != scalar {
		return false
	}
	on, ok := toBool(v)
	return ok && !on
}

// finding is a key that some section holds.
type finding struct {
	key, name string // full, and inside the section
	node      *node
	option    *Option  // nil when no table of the section names the key
	known     []string // what the tables name instead
	elsewhere string   // the end of a message about where it is known
	err       error    // stands where a map should
}

// scope is one map with the options of all tables it was opened with.
type scope struct {
	path    string
	options map[string]*Option
	parents map[string]bool // maps on the way to an option, e.g. "close" of "close.eof"
	known   []string        // the names of both, in order
}

// findings goes through all opened maps and tells for each key in them what the
// tables say.
func (r *Root) findings() []finding {
	scopes := map[*node]*scope{}
	var order []*node
	for _, s := range r.sections {
		sc := scopes[s.node]
		if sc == nil {
			sc = &scope{path: s.path, options: map[string]*Option{}, parents: map[string]bool{}}
			scopes[s.node] = sc
			order = append(order, s.node)
		}
		maps.Copy(sc.options, s.options)
		for name := range s.options {
			for i := strings.LastIndexByte(name, '.'); i > 0; i = strings.LastIndexByte(name[:i], '.') {
				sc.parents[name[:i]] = true
			}
		}
	}
	v := visit{root: r, opened: scopes, order: order}
	for _, n := range order {
		sc := scopes[n]
		sc.known = slices.Concat(slices.Sorted(maps.Keys(sc.options)), slices.Sorted(maps.Keys(sc.parents)))
		v.children(sc, n, "")
	}
	return v.found
}

type visit struct {
	root   *Root
	opened map[*node]*scope
	order  []*node // of opened
	found  []finding
}

// elsewhere finds the map that has an option of a name, for a key that was
// indented too little or too much.
func (v *visit) elsewhere(name string) string {
	for _, n := range v.order {
		if sc := v.opened[n]; sc.options[name] != nil {
			return fmt.Sprintf("; %s has one of that name", cmp.Or(sc.path, "the top level"))
		}
	}
	return ""
}

func (v *visit) children(sc *scope, n *node, prefix string) {
	for _, key := range n.keys() {
		child := n.children[key]
		name := prefix + key
		f := finding{key: join(sc.path, name), name: name, node: child, option: sc.options[name]}
		below := v.root.deref(child)
		inline := sc.parents[name]
		if f.option != nil && f.option.Status != Honoured && child.kind != null {
			v.add(f)
		}
		switch {
		case child.kind == null && (inline || f.option != nil), v.holdsOpened(below):
		case inline && below != nil && below.isMap():
			v.children(sc, below, name+".")
		case inline:
			f.err = v.root.notAMap(child)
			v.add(f)
		case f.option == nil:
			f.known, f.elsewhere = sc.known, v.elsewhere(name)
			v.add(f)
		case f.option.Status == Honoured:
			v.add(f)
		}
	}
}

// add leaves out what nobody wrote.
func (v *visit) add(f finding) {
	if f.node.pos != (Pos{}) {
		v.found = append(v.found, f)
	}
}

// holdsOpened tells a map that was opened, or a list of such maps: its keys are
// findings of their own.
func (v *visit) holdsOpened(n *node) bool {
	if n == nil {
		return false
	}
	if v.opened[n] != nil {
		return true
	}
	for _, child := range n.children {
		if v.opened[v.root.deref(child)] != nil {
			return n.isList()
		}
	}
	return false
}

func (r *Root) notAMap(n *node) error {
	if _, err := r.expander().resolve(n, Typed); err != nil {
		return err
	}
	return fmt.Errorf("expected a map, found %s", n.describe())
}
