package processor

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/logcar/logcar/match"
)

// addFields is add_fields and add_labels.
type addFields struct {
	fields map[string]any
	paths  []string
}

var addFieldsKind = kind{
	Info: Info{Name: "add_fields", Strict: true, Note: "Adds fields, maps into maps; values that are there are replaced.", Options: []OptionInfo{
		{Name: "fields", Type: Map, Required: true, Note: "What to add."},
		{Name: "target", Type: String, Default: "fields", Note: "The key at the top of the document that the fields go below; empty for the top itself."},
	}},
	build: func(o *options) action {
		fields := o.tree("fields")
		if target := o.text("target"); target != "" {
			fields = map[string]any{target: fields}
		}
		return &addFields{fields, leaves(nil, "", fields)}
	},
}

var addLabelsKind = kind{
	Info: Info{Name: "add_labels", Strict: true, Note: "Adds strings below labels. Names in maps are joined with dots, those in lists are their numbers.", Options: []OptionInfo{
		{Name: "labels", Type: Map, Required: true, Note: "What to add."},
	}},
	build: func(o *options) action {
		labels := map[string]any{}
		for _, p := range flattenLists(o.tree("labels")) {
			text, ok := toText(p.value)
			if !ok && p.value != nil {
				o.errorf("labels."+p.name, "expected a single value, found %s", describe(p.value))
			}
			labels[p.name] = text
		}
		return &addFields{map[string]any{"labels": labels}, []string{"labels"}}
	},
}

func (p *addFields) run(d *Document) (bool, error) {
	d.DeepMerge(p.fields, true)
	return true, nil
}

func (p *addFields) touches() touched { return touched{writes: p.paths} }

// leaves are the paths of all values that are no map with something in it.
func leaves(paths []string, prefix string, m map[string]any) []string {
	for key, v := range m {
		name := join(prefix, key)
		if sub, ok := v.(map[string]any); ok && len(sub) > 0 {
			paths = leaves(paths, name, sub)
		} else {
			paths = append(paths, name)
		}
	}
	return paths
}

// addTags is add_tags.
type addTags struct {
	tags   []any
	target path
}

var addTagsKind = kind{
	Info: Info{Name: "add_tags", Strict: true, Note: "Appends to a list of tags, whether they are in it or not.", Options: []OptionInfo{
		{Name: "tags", Type: Strings, Required: true, Note: "What to append."},
		{Name: "target", Type: Field, Default: "tags", Note: "The field with the list."},
	}},
	build: func(o *options) action {
		tags, _ := asList(o.strings("tags"))
		return &addTags{tags, o.field("target")}
	},
}

func (p *addTags) run(d *Document) (bool, error) {
	if len(p.tags) == 0 {
		return true, nil
	}
	if err := d.addTo(p.target, p.tags); err != nil {
		return true, &failure{"cannot add tags to", p.target.text, err}
	}
	return true, nil
}

func (p *addTags) touches() touched { return touched{writes: []string{p.target.text}} }

// dropFields is drop_fields.
type dropFields struct {
	fields        []path
	patterns      []*match.Pattern
	ignoreMissing bool
}

var dropFieldsKind = kind{
	Info: Info{Name: "drop_fields", Strict: true, Note: "Removes fields. @timestamp and type always stay.", Options: []OptionInfo{
		{Name: "fields", Type: Fields, Required: true, Note: "Their names; /a pattern between slashes/ takes all whose full name it matches."},
		{Name: "ignore_missing", Type: Bool, Default: "false", Note: "Whether a field that is not there is no failure."},
	}},
	build: newDropFields,
}

func newDropFields(o *options) action {
	p := &dropFields{ignoreMissing: o.on("ignore_missing")}
	for i, f := range o.fields("fields") {
		at := join("fields", strconv.Itoa(i))
		switch name := f.text; {
		case name == "type" || strings.HasPrefix(name, "type.") || f.in == isTime:
			o.note(join(o.path, at), name+" always stays")
		case len(name) > 2 && name[0] == '/' && name[len(name)-1] == '/':
			pattern, err := match.Compile(name[1 : len(name)-1])
			if err != nil {
				o.errorf(at, "cannot compile the pattern: %s", err)
				continue
			}
			p.patterns = append(p.patterns, pattern)
		default:
			p.fields = append(p.fields, f)
		}
	}
	return p
}

func (p *dropFields) run(d *Document) (bool, error) {
	var first error
	for _, f := range p.fields {
		err := d.delete(f)
		if p.ignoreMissing && errors.Is(err, errNotFound) {
			continue
		}
		if err != nil && first == nil {
			first = &failure{"cannot drop", f.text, err}
		}
	}
	for _, pattern := range p.patterns {
		for _, name := range matching(nil, "", d.Fields, pattern) {
			_ = d.delete(newPath(name)) // it may be gone with the map that it was in
		}
	}
	return true, first
}

// matching returns the paths of values and maps that the pattern matches, those in
// a map before the map's own.
func matching(names []string, prefix string, m map[string]any, p *match.Pattern) []string {
	for _, key := range sortedKeys(m) {
		name := join(prefix, key)
		if sub, ok := m[key].(map[string]any); ok {
			names = matching(names, name, sub, p)
		}
		if name != "type" && p.Match([]byte(name)) {
			names = append(names, name)
		}
	}
	return names
}

func (p *dropFields) touches() touched {
	return touched{writes: texts(p.fields), everything: len(p.patterns) > 0}
}

func texts(paths []path) []string {
	list := make([]string, len(paths))
	for i, p := range paths {
		list[i] = p.text
	}
	return list
}

// includeFields is include_fields.
type includeFields struct{ fields []path }

var includeFieldsKind = kind{
	Info: Info{Name: "include_fields", Strict: true, Note: "Removes all but these fields. @timestamp, @metadata and type always stay.", Options: []OptionInfo{
		{Name: "fields", Type: Fields, Required: true, Note: "What stays."},
	}},
	build: func(o *options) action {
		fields := slices.DeleteFunc(o.fields("fields"), func(p path) bool { return p.in != inFields })
		return &includeFields{append(fields, newPath("type"))}
	},
}

func (p *includeFields) run(d *Document) (bool, error) {
	kept := make(map[string]any, len(p.fields))
	var first error
	for _, f := range p.fields {
		v, err := d.get(f)
		if err == nil {
			err = d.putIn(kept, f.key, v)
		}
		if err != nil && !errors.Is(err, errNotFound) && first == nil {
			first = &failure{"cannot keep", f.text, err}
		}
	}
	d.Fields = kept
	return true, first
}

func (p *includeFields) touches() touched { return touched{everything: true} }

// moveFields is move_fields.
type moveFields struct {
	from, to      string
	fields        []string
	exclude       []string
	ignoreMissing bool
}

var moveFieldsKind = kind{
	Info: Info{Name: "move_fields", Note: "Moves fields to names that begin with the same text. When that fails the event stays as it was (Filebeat drops it).", Options: []OptionInfo{
		{Name: "to", Type: String, Required: true, Note: "What is put before each name; a dot at its end makes it a map."},
		{Name: "from", Type: String, Note: "The map whose fields are moved; the whole document without it."},
		{Name: "fields", Type: Fields, Note: "Names inside of it; all without it."},
		{Name: "exclude", Type: Fields, Note: "Names inside of it that stay."},
		{Name: "ignore_missing", Type: Bool, Default: "false", Note: "Whether a field that is not there is no failure."},
	}},
	build: func(o *options) action {
		return &moveFields{o.text("from"), o.text("to"), o.strings("fields"), o.strings("exclude"), o.on("ignore_missing")}
	},
}

func (p *moveFields) run(d *Document) (bool, error) {
	if d.Fields == nil {
		d.Fields = map[string]any{}
	}
	d.begin()
	if err := p.move(d); err != nil {
		d.rollback()
		return true, err
	}
	d.commit()
	return true, nil
}

func (p *moveFields) move(d *Document) error {
	parent := d.Fields
	if p.from != "" {
		_, _, v, err := find(d.Fields, p.from)
		m, ok := v.(map[string]any)
		switch {
		case p.ignoreMissing && errors.Is(err, errNotFound):
			return nil
		case err != nil:
			return &failure{"cannot move from", p.from, err}
		case !ok:
			return &failure{"cannot move from", p.from, errNotMap}
		}
		parent = m
	}
	names := p.fields
	if len(names) == 0 {
		names = sortedKeys(parent)
	}
	for _, name := range names {
		if slices.Contains(p.exclude, name) {
			continue
		}
		in, key, v, err := find(parent, name)
		if p.ignoreMissing && errors.Is(err, errNotFound) {
			continue
		}
		if err != nil {
			return &failure{"cannot move", name, err}
		}
		d.remove(in, key)
		if err := d.putIn(d.Fields, p.to+name, v); err != nil {
			return &failure{"cannot move to", p.to + name, err}
		}
	}
	return nil
}

func (p *moveFields) touches() touched {
	if len(p.fields) == 0 && (p.from == "" || !strings.Contains(p.to, ".")) {
		return touched{everything: true}
	}
	if len(p.fields) == 0 {
		return touched{writes: []string{p.from, top(p.to)}}
	}
	t := touched{}
	for _, name := range p.fields {
		t.writes = append(t.writes, join(p.from, name), p.to+name)
	}
	return t
}

// failure is why a processor could not do its work. Its text is put together when
// somebody asks, since most are only counted. It never holds an event's values.
type failure struct {
	text, field string
	cause       error // may be nil
}

func (f *failure) Error() string {
	if f.cause == nil {
		return fmt.Sprintf("%s %s", f.text, f.field)
	}
	return fmt.Sprintf("%s %s: %v", f.text, f.field, f.cause)
}

func (f *failure) Unwrap() error { return f.cause }
