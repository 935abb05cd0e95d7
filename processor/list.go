package processor

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// extractArray is extract_array.
type extractArray struct {
	field                                              path
	mappings                                           []mapping
	ignoreMissing, overwrite, failOnError, omitNothing bool
}

type mapping struct {
	index int
	to    path
}

var extractArrayKind = kind{
	Info: Info{Name: "extract_array", Strict: true, Note: "Copies elements of a list to fields.", Options: []OptionInfo{
		{Name: "field", Type: Field, Required: true, Note: "The list."},
		{Name: "mappings", Type: Map, Required: true, Note: "Names of fields to numbers of elements, from 0 on."},
		{Name: "ignore_missing", Type: Bool, Default: "false", Note: "Whether a list that is not there is no failure."},
		{Name: "overwrite_keys", Type: Bool, Default: "false", Note: "Whether fields that exist are replaced."},
		{Name: "fail_on_error", Type: Bool, Default: "true", Note: "Whether a failure takes back what was copied."},
		{Name: "omit_empty", Type: Bool, Default: "false", Note: "Whether elements that are empty are left out."},
	}},
	build: newExtractArray,
}

func newExtractArray(o *options) action {
	p := &extractArray{field: o.field("field"), ignoreMissing: o.on("ignore_missing"), overwrite: o.on("overwrite_keys"),
		failOnError: o.on("fail_on_error"), omitNothing: o.on("omit_empty")}
	for _, m := range o.pairs("mappings") {
		i, ok := toInt(m.value)
		if !ok || i < 0 || i != int64(int(i)) {
			o.errorf("mappings."+m.name, "expected the number of an element, found %s", describe(m.value))
			continue
		}
		p.mappings = append(p.mappings, mapping{int(i), newPath(m.name)})
	}
	slices.SortStableFunc(p.mappings, func(a, b mapping) int { return cmp.Compare(a.index, b.index) })
	if len(p.mappings) == 0 {
		o.errorf("mappings", "needs at least one mapping")
	}
	return p
}

var errTooShort = errors.New("the list is too short")

func (p *extractArray) run(d *Document) (bool, error) {
	v, ok, err := fetch(d, p.field, p.ignoreMissing)
	if !ok || err != nil {
		return true, err
	}
	list, ok := asList(v)
	if !ok {
		if !p.failOnError {
			return true, nil
		}
		return true, &failure{"cannot extract from", p.field.text, errNotList}
	}
	d.begin()
	for _, m := range p.mappings {
		if err := p.extract(d, list, m); err != nil && p.failOnError {
			d.rollback()
			return true, err
		}
	}
	d.commit()
	return true, nil
}

func (p *extractArray) extract(d *Document, list []any, m mapping) error {
	if m.index >= len(list) {
		return &failure{"cannot extract", m.to.text, errTooShort}
	}
	v := list[m.index]
	if p.omitNothing && isNothing(v) {
		return nil
	}
	if !p.overwrite && d.has(m.to) {
		return &failure{"target field", m.to.text, errExists}
	}
	if err := d.put(m.to, clone(v)); err != nil {
		return &failure{"could not put value:", m.to.text, err}
	}
	return nil
}

func isNothing(v any) bool {
	if list, ok := v.([]string); ok {
		return len(list) == 0
	}
	return v == nil || v == "" || empty(v)
}

func (p *extractArray) touches() touched {
	t := touched{reads: []string{p.field.text}}
	for _, m := range p.mappings {
		t.writes = append(t.writes, m.to.text)
	}
	return t
}

// appendValues is the one op of append.
type appendValues struct {
	target                               path
	fields                               []path
	values                               []any
	ignoreMissing, ignoreEmpty, distinct bool
}

var appendKind = kind{
	Info: Info{Name: "append", Note: "Appends values to a list. A single value becomes the first element of one.", Options: []OptionInfo{
		{Name: "target_field", Type: Field, Required: true, Note: "The list."},
		{Name: "fields", Type: Fields, Note: "Fields whose values, or elements, are appended."},
		{Name: "values", Type: List, Note: "Values that are appended after them."},
		ignoreMissing,
		{Name: "ignore_empty_values", Type: Bool, Default: "false", Note: "Whether empty strings and nulls are left out, those in the list too."},
		{Name: "allow_duplicate", Type: Bool, Default: "true", Note: "Whether a value may come twice."},
		failOnError,
	}},
	build: func(o *options) action {
		return &fieldwise{
			failOnError: o.on("fail_on_error"), message: "failed to append fields in append processor: ",
			ops: []op{&appendValues{o.field("target_field"), o.fields("fields"), o.list("values"),
				o.on("ignore_missing"), o.on("ignore_empty_values"), !o.on("allow_duplicate")}},
		}
	},
}

func (o *appendValues) do(d *Document) error {
	list := []any{}
	if v, err := d.get(o.target); err == nil {
		list = extend(list, v)
	}
	for _, f := range o.fields {
		v, ok, err := fetch(d, f, o.ignoreMissing)
		if err != nil {
			return err
		}
		if ok {
			list = extend(list, v)
		}
	}
	list = append(list, o.values...)
	if o.ignoreEmpty {
		list = slices.DeleteFunc(list, func(v any) bool { return v == nil || v == "" })
	}
	if o.distinct {
		list = distinct(list)
	}
	if err := d.put(o.target, list); err != nil {
		return &failure{"could not put value:", o.target.text, err}
	}
	return nil
}

// extend appends a value, or the elements of a list.
func extend(list []any, v any) []any {
	if more, ok := asList(v); ok {
		return append(list, more...)
	}
	return append(list, clone(v))
}

// distinct takes out what came before. Maps and lists are all different.
func distinct(list []any) []any {
	kept := list[:0]
	for _, v := range list {
		switch v.(type) {
		case map[string]any, []any, []string:
			kept = append(kept, v)
			continue
		}
		if !slices.Contains(kept, v) {
			kept = append(kept, v)
		}
	}
	return kept
}

func (o *appendValues) touches() touched {
	return touched{reads: texts(o.fields), writes: []string{o.target.text}}
}

// caseOp changes the case of a field's name, or of its value.
type caseOp struct {
	field         path
	ignoreMissing bool
	value         bool // the value, not the name
	last          bool // only the last part of the name
	change        func(string) string
}

var caseOptions = []OptionInfo{
	{Name: "fields", Type: Fields, Note: "Fields whose names are changed. They are found in any case."},
	{Name: "values", Type: Fields, Note: "Fields whose values are changed."},
	{Name: "alter_full_field", Type: Bool, Default: "true", Note: "Whether the names of the maps around a field are changed as well."},
	ignoreMissing, failOnError,
}

var lowercaseKind = kind{
	Info:  Info{Name: "lowercase", Note: "Makes names or values of fields lower case (Filebeat 9).", Options: caseOptions},
	build: func(o *options) action { return newCase(o, strings.ToLower) },
}

var uppercaseKind = kind{
	Info:  Info{Name: "uppercase", Note: "Makes names or values of fields upper case (Filebeat 9).", Options: caseOptions},
	build: func(o *options) action { return newCase(o, strings.ToUpper) },
}

func newCase(o *options, change func(string) string) action {
	p := &fieldwise{failOnError: o.on("fail_on_error"), message: "failed to change case: "}
	missing, last := o.on("ignore_missing"), !o.on("alter_full_field")
	for _, f := range o.fields("fields") {
		if name := strings.ToLower(f.text); name == "type" || strings.HasPrefix(name, "type.") || f.in != inFields {
			o.note(join(o.path, "fields"), f.text+" keeps its name")
			continue
		}
		p.ops = append(p.ops, &caseOp{f, missing, false, last, change})
	}
	for _, f := range o.fields("values") {
		p.ops = append(p.ops, &caseOp{f, missing, true, false, change})
	}
	return p
}

var errTwice = errors.New("more than one key has this name, but for its case")

func (o *caseOp) do(d *Document) error {
	if o.value {
		s, ok, err := fetchString(d, o.field, o.ignoreMissing)
		if !ok || err != nil {
			return err
		}
		if err := d.put(o.field, o.change(s)); err != nil {
			return &failure{"could not put value:", o.field.text, err}
		}
		return nil
	}
	err := o.rename(d)
	if err == nil || o.ignoreMissing && errors.Is(err, errNotFound) {
		return nil
	}
	return &failure{"could not rename", o.field.text, err}
}

func (o *caseOp) rename(d *Document) error {
	m := d.Fields
	for rest := o.field.key; ; {
		name, after, more := strings.Cut(rest, ".")
		key, err := fold(m, name)
		if err != nil {
			return err
		}
		v := m[key]
		if to := o.change(key); to != key && (!o.last || !more) {
			if _, ok := m[to]; ok {
				return errTwice
			}
			d.remove(m, key)
			d.set(m, to, v)
		}
		if !more {
			return nil
		}
		var ok bool
		if m, ok = v.(map[string]any); !ok {
			return errNotMap
		}
		rest = after
	}
}

// fold finds the one key of m that is name in any case.
func fold(m map[string]any, name string) (key string, err error) {
	n := 0
	for k := range m {
		if strings.EqualFold(k, name) {
			key = k
			n++
		}
	}
	switch n {
	case 0:
		return "", errNotFound
	case 1:
		return key, nil
	}
	return "", errTwice
}

func (o *caseOp) touches() touched {
	if o.value {
		return touched{writes: []string{o.field.text}}
	}
	return touched{everything: true} // it finds fields under names that are not this
}
