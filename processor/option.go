package processor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcar/logcar/internal/suggest"
)

// Info describes a processor.
type Info struct {
	Name    string
	Note    string // what it does; why it has no effect; what to use instead
	Status  Status
	Strict  bool // an unknown option is an error, as in Filebeat; else a note
	Options []OptionInfo
}

// Status says what naming a processor does.
type Status uint8

const (
	Honoured Status = iota
	NoEffect        // accepted and ignored, with a note
	Refused         // an error
)

func (s Status) String() string { return [...]string{"honoured", "no effect", "refused"}[s] }

// OptionInfo describes an option of a processor. All processors take "when"
// besides.
type OptionInfo struct {
	Name     string // dotted where it stands in maps of its own: "cache.ttl"
	Type     Type
	Default  string // what it is when it is not there
	Values   []string
	Required bool
	NoEffect bool // accepted and ignored, with a note
	Note     string
	Options  []OptionInfo // of a map or of each map in a list
}

// Type is the type of an option's value.
type Type uint8

const (
	Bool Type = iota
	Int
	Float
	Duration
	String
	Enum    // one of OptionInfo.Values, in any case
	Strings // a list of strings, or a single one
	Field   // the name of a field
	Fields  // a list of such names, or a single one
	Group   // a map with the options in OptionInfo.Options
	Groups  // a list of such maps, or a single one
	Map     // a map with any keys
	List    // a list of any values
	Any     // any value
)

func (t Type) String() string { return types[t].name }

// types has the words for each Type: its name in documentation, and for messages
// what a value should have been.
var types = [...]struct{ name, expected string }{
	Bool:     {"bool", "true or false"},
	Int:      {"int", "a whole number"},
	Float:    {"float", "a number"},
	Duration: {"duration", "a duration such as 10s or 1m30s"},
	String:   {"string", "a single value"},
	Enum:     {"enum", "a single value"},
	Strings:  {"list of strings", "a list of strings"},
	Field:    {"field", "the name of a field"},
	Fields:   {"list of fields", "a list of field names"},
	Group:    {"map", "a map"},
	Groups:   {"list of maps", "a list of maps"},
	Map:      {"map of any keys", "a map"},
	List:     {"list", "a list"},
	Any:      {"any", "any value"},
}

// options reads the options of one processor, or of a map in them, by way of the
// table: asking for what the table does not list panics, since the documentation
// would be wrong. Getters record errors and then return a zero value.
type options struct {
	*builder
	path   string
	infos  []OptionInfo
	values map[string]any
	strict bool
	asked  map[string]bool
}

// check reports what is unknown, missing or without effect.
func (o *options) check() {
	o.unknown(o.values, "")
	for i := range o.infos {
		info := &o.infos[i]
		v, ok := o.lookup(info.Name)
		switch {
		case !ok && info.Required:
			o.errorf("", "missing %s option", info.Name)
		case ok && info.NoEffect:
			o.asked[info.Name] = true
			o.note(join(o.path, info.Name), "has no effect: "+info.Note)
		case ok && v == nil && info.Required:
			o.errorf(info.Name, "needs a value")
		}
	}
}

func (o *options) unknown(values map[string]any, prefix string) {
	for _, key := range sortedKeys(values) {
		name := prefix + key
		if slices.ContainsFunc(o.infos, func(i OptionInfo) bool { return i.Name == name }) {
			continue
		}
		group := slices.ContainsFunc(o.infos, func(i OptionInfo) bool { return strings.HasPrefix(i.Name, name+".") })
		if sub, ok := values[key].(map[string]any); ok && group {
			o.unknown(sub, name+".")
			continue
		}
		known := make([]string, len(o.infos))
		for i := range o.infos {
			known[i] = o.infos[i].Name
		}
		text := fmt.Sprintf("unexpected %s option%s", name, suggest.DidYouMean(name, known))
		if o.strict {
			o.errorf(name, "%s", text)
		} else {
			o.note(join(o.path, name), text+" (ignored, as in Filebeat)")
		}
	}
}

// lookup finds an option in the maps that its name leads through.
func (o *options) lookup(name string) (any, bool) {
	_, _, v, err := find(o.values, name)
	return v, err == nil
}

func (o *options) info(name string, types ...Type) *OptionInfo {
	i := slices.IndexFunc(o.infos, func(i OptionInfo) bool { return i.Name == name })
	if i < 0 || o.infos[i].NoEffect || !slices.Contains(types, o.infos[i].Type) {
		panic("processor: option " + join(o.path, name) + " is not in the table as it is read")
	}
	o.asked[name] = true
	return &o.infos[i]
}

// value is what the option has, its default, or nil.
func (o *options) value(name string, types ...Type) (any, *OptionInfo) {
	info := o.info(name, types...)
	v, ok := o.lookup(name)
	if (!ok || v == nil) && info.Default != "" {
		return info.Default, info
	}
	return v, info
}

func (o *options) has(name string) bool {
	o.asked[name] = true
	v, ok := o.lookup(name)
	return ok && v != nil
}

func (o *options) errorf(name, format string, args ...any) {
	o.fail(join(o.path, name), fmt.Sprintf(format, args...))
}

func (o *options) mismatch(name string, info *OptionInfo, v any) {
	o.errorf(name, "expected %s, found %s", types[info.Type].expected, describe(v))
}

// scalar reads a single value as text; what has no value is "".
func (o *options) scalar(name string, t ...Type) (string, *OptionInfo) {
	v, info := o.value(name, t...)
	s, ok := toText(v)
	if !ok && v != nil {
		o.mismatch(name, info, v)
	}
	return s, info
}

func (o *options) text(name string) string {
	s, _ := o.scalar(name, String)
	return s
}

func (o *options) enum(name string) string {
	s, info := o.scalar(name, Enum)
	for _, v := range info.Values {
		if strings.EqualFold(v, s) {
			return v
		}
	}
	if s != "" {
		o.errorf(name, "%s is not one of %s%s", strconv.Quote(s), strings.Join(info.Values, ", "), suggest.DidYouMean(s, info.Values))
	}
	return ""
}

// field reads the name of a field. Without one the path's text is empty.
func (o *options) field(name string) path {
	s, info := o.scalar(name, Field)
	if s == "" && info.Required && o.has(name) {
		o.errorf(name, "needs the name of a field")
	}
	return newPath(s)
}

func (o *options) on(name string) bool {
	v, info := o.value(name, Bool)
	b, ok := toBool(v)
	if !ok && v != nil {
		o.mismatch(name, info, v)
	}
	return b
}

func (o *options) integer(name string) int64 {
	v, info := o.value(name, Int)
	i, ok := toInt(v)
	if !ok && v != nil {
		o.mismatch(name, info, v)
	}
	return i
}

func (o *options) float(name string) float64 {
	v, info := o.value(name, Float)
	f, ok := toFloat(v)
	if !ok && v != nil {
		o.mismatch(name, info, v)
	}
	return f
}

func (o *options) duration(name string) time.Duration {
	v, info := o.value(name, Duration)
	d, ok := toDuration(v)
	if !ok && v != nil {
		o.mismatch(name, info, v)
	}
	return d
}

func (o *options) strings(name string) []string {
	v, info := o.value(name, Strings, Fields)
	list, err := toStrings(v)
	if err != nil {
		o.errorf(name, "expected %s, found %s", types[info.Type].expected, err)
	}
	return list
}

func (o *options) fields(name string) []path {
	list := o.strings(name)
	paths := make([]path, 0, len(list))
	for i, s := range list {
		if s == "" {
			o.errorf(join(name, strconv.Itoa(i)), "needs the name of a field")
		}
		paths = append(paths, newPath(s))
	}
	return paths
}

func (o *options) tree(name string) map[string]any {
	v, info := o.value(name, Map)
	m, ok := v.(map[string]any)
	if !ok && v != nil {
		o.mismatch(name, info, v)
	}
	return m
}

// pairs reads a map as one of dotted names to values, in the names' order.
func (o *options) pairs(name string) []pair { return flatten(o.tree(name)) }

func (o *options) list(name string) []any {
	v, info := o.value(name, List)
	if _, isMap := v.(map[string]any); isMap {
		o.mismatch(name, info, v)
		return nil
	}
	return oneOrMore(v)
}

// group opens the map of an option, perField those in the list of fields. Filebeat
// does not check their keys.

func (o *options) group(name string) *options {
	v, info := o.value(name, Group)
	m, ok := v.(map[string]any)
	if !ok && v != nil {
		o.mismatch(name, info, v)
	}
	return o.open(name, info, m)
}

func (o *options) perField() []*options {
	const name = "fields"
	v, info := o.value(name, Groups)
	list := []*options{}
	for i, item := range oneOrMore(v) {
		at := join(name, strconv.Itoa(i))
		m, ok := item.(map[string]any)
		if !ok {
			o.errorf(at, "expected a map, found %s", describe(item))
			continue
		}
		list = append(list, o.open(at, info, m))
	}
	return list
}

func (o *options) open(at string, info *OptionInfo, values map[string]any) *options {
	sub := &options{builder: o.builder, path: join(o.path, at), infos: info.Options, values: values, asked: map[string]bool{}}
	sub.check()
	return sub
}
