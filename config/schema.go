package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/processor"
)

// Schema returns a JSON Schema (draft 2020-12) of the configuration, made of the
// tables that the reader and the documentation share. What it accepts is what
// logcar reads without an error and without the warning of an unknown key, as far
// as one value tells: keys that need each other are the reader's to judge.
//
// Keys may be nested, dotted, or both, references may stand for any value, and
// what stands in an input or an output with "enabled: false" is not looked at.
func Schema() ([]byte, error) {
	w := schemaWriter{defs: sharedSchemas()}
	w.object("processor", processorOptions())
	w.defs["processors"] = listOf(refTo("processor"))
	w.defs["input"] = w.input()
	w.object("top", topTable.Options)
	top := w.defs["top"].(schema)
	delete(w.defs, "top")
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["title"] = "filebeat.yml, as logcar reads it"
	top["type"] = []string{"object", "null"}
	top["$defs"] = w.defs

	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(top)
	return b.Bytes(), err
}

type schema = map[string]any

func refTo(def string) schema { return schema{"$ref": "#/$defs/" + def} }

// beneath are the tables of maps, and of lists of maps, by the option's name.
var beneath = map[string]*tree.Table{
	"filebeat.config.inputs": &configInputsTable, "filebeat.config.prospectors": &configInputsTable,
	"output.kafka": &kafkaTable, "output.file": &fileTable, "output.console": &consoleTable,
	"ssl": &tlsTable, "codec": &codecTable, "file_identity": &identityTable,
	"topics": &topicTable, "headers": &headerTable,
	"partition.hash": &hashTable, "partition.random": &groupTable, "partition.round_robin": &groupTable,
	"json": &jsonTable, "multiline": &multilineTable, "parsers": &parserTable,
	"ndjson": &ndjsonTable, "container": &containerTable, "syslog": &syslogTable, "include_message": &includeTable,
}

// free are the options of kind Any whose values are not free for all that.
var free = map[string]string{
	"processors": "processors", "then": "processors", "else": "processors",
	"when": "condition", "if": "condition",
	"fields": "map",
}

// schemaWriter collects the schemas of maps, each once, by name.
type schemaWriter struct{ defs schema }

// branch is a map of the configuration: options by the parts of their names.
type branch struct {
	name   string // of its schema
	option map[string]*tree.Option
	below  map[string]*branch
}

func newBranch(name string, options []tree.Option) *branch {
	b := &branch{name: strings.ReplaceAll(name, " ", "_"), option: map[string]*tree.Option{}, below: map[string]*branch{}}
	for i := range options {
		o, at := &options[i], b
		path := strings.Split(o.Name, ".")
		for _, part := range path[:len(path)-1] {
			if at.below[part] == nil {
				at.below[part] = newBranch(at.name+"."+part, nil)
			}
			at = at.below[part]
		}
		last := path[len(path)-1]
		if o.Kind == tree.Group && (o.Name == "output" || o.Name == "partition") {
			continue // its options are listed beside it
		}
		at.option[last] = o
	}
	return b
}

// object writes the schema of a map with the given options.
func (w *schemaWriter) object(name string, options []tree.Option) { w.branch(newBranch(name, options)) }

func (w *schemaWriter) branch(b *branch) {
	if w.defs[b.name] != nil {
		return
	}
	s := object{properties: schema{}, patterns: schema{}}
	for _, key := range slices.Sorted(maps.Keys(b.below)) {
		w.branch(b.below[key])
		s.inner(key, b.below[key].name, w.defs)
		s.properties[key] = refTo(b.below[key].name)
	}
	for _, key := range slices.Sorted(maps.Keys(b.option)) {
		w.option(&s, b.name, key, b.option[key])
	}
	w.defs[b.name] = s.schema()
}

// option adds one option, in all its spellings.
func (w *schemaWriter) option(s *object, parent, key string, o *tree.Option) {
	dotted := "^" + regexp.QuoteMeta(key) + `\.`
	switch {
	case o.Status == tree.Refused || isOther(o.Name):
		s.properties[key] = described(schema{"anyOf": []any{refTo("nothing"), refTo("disabled")}}, "Is not supported: "+o.Note)
		s.properties[key+".enabled"] = refTo("off")
	case o.Status == tree.NoEffect:
		note := schema{"description": "Has no effect: " + o.Note, "deprecated": true}
		s.properties[key], s.patterns[dotted] = note, note
	case o.Kind == tree.Any:
		value := schema{}
		if def := free[o.Name]; def != "" {
			value = refTo(def)
		}
		s.properties[key], s.patterns[dotted] = described(value, o.Note), schema{}
	case o.Kind == tree.List:
		s.properties[key], s.patterns[dotted] = described(listOf(refTo(w.inside(parent, key, o))), o.Note), schema{}
	case o.Kind == tree.Group:
		inner := w.inside(parent, key, o)
		s.inner(key, inner, w.defs)
		value := refTo(inner)
		if strings.HasPrefix(o.Name, "output.") {
			value = unlessDisabled(value)
		}
		s.properties[key] = described(value, o.Note)
	default:
		s.properties[key] = valueSchema(o)
	}
}

// inside writes the schema of the maps in an option, and returns its name.
func (w *schemaWriter) inside(parent, key string, o *tree.Option) string {
	if o.Name == "filebeat.inputs" || o.Name == "filebeat.prospectors" {
		return "input"
	}
	b := newBranch(parent+"."+key, o.Options)
	if t := beneath[o.Name]; t != nil {
		b = newBranch(t.Name, t.Options)
	}
	w.branch(b)
	return b.name
}

// isOther tells the outputs that logcar lacks, which are read so that they can be
// disabled.
func isOther(name string) bool {
	output, ok := strings.CutPrefix(name, "output.")
	return ok && outputTables[output] == &otherTable
}

// object is the schema of a map while it is written.
type object struct{ properties, patterns schema }

// inner adds what a map below key holds, as dotted keys.
func (s *object) inner(key, def string, defs schema) {
	in := defs[def].(schema)
	for name := range in["properties"].(schema) {
		s.properties[key+"."+name] = refTo(def + "/properties/" + name)
	}
	patterns, _ := in["patternProperties"].(schema)
	for pattern, v := range patterns {
		s.patterns["^"+regexp.QuoteMeta(key)+`\.`+strings.TrimPrefix(pattern, "^")] = v
	}
}

// schema is a map, nothing at all, or a reference to a map.
func (s *object) schema() schema {
	out := schema{
		"type": []string{"object", "string", "null"}, "pattern": reference,
		"properties": s.properties, "additionalProperties": false,
	}
	if len(s.patterns) > 0 {
		out["patternProperties"] = s.patterns
	}
	return out
}

// input is the schema of an element of filebeat.inputs, which depends on its type.
func (w *schemaWriter) input() schema {
	kinds := []string{"log", "filestream", "container", "docker", "stdin"}
	tables := map[string]*tree.Table{"log": &logTable, "filestream": &filestreamTable, "container": &containerInputTable, "docker": &dockerInputTable, "stdin": &stdinTable}
	for _, kind := range kinds {
		options := slices.Clone(tables[kind].Options)
		for i, o := range options {
			if o.Name == "type" || o.Name == "input_type" {
				options[i].Values = kinds // the others are known, and refused
			}
		}
		w.object(tables[kind].Name, options)
	}
	choice := refTo(newBranch(logTable.Name, nil).name)
	for _, kind := range kinds[1:] {
		choice = schema{"if": ofType(anyCase(kind)), "then": refTo(newBranch(tables[kind].Name, nil).name), "else": choice}
	}
	return unlessDisabled(schema{"if": ofType(reference), "else": choice})
}

// ofType is an input whose type, or input_type without one, fits a pattern.
func ofType(pattern string) schema {
	is := func(key string) schema {
		return schema{"type": "object", "required": []string{key}, "properties": schema{key: schema{"type": "string", "pattern": pattern}}}
	}
	old := is("input_type")
	old["not"] = schema{"required": []string{"type"}}
	return schema{"anyOf": []any{is("type"), old}}
}

// processorOptions are the processors as options of a map, which is what an
// element of the list is.
func processorOptions() []tree.Option {
	when := tree.Option{Name: "when", Kind: tree.Any}
	all := []tree.Option{{Name: "if", Kind: tree.Any}, {Name: "then", Kind: tree.Any}, {Name: "else", Kind: tree.Any}}
	for _, p := range processor.Table() {
		o := tree.Option{Name: p.Name, Kind: tree.Group, Note: p.Note, Options: append(optionsOf(p.Options), when)}
		switch p.Status {
		case processor.NoEffect:
			o.Status = tree.NoEffect
		case processor.Refused:
			o.Status = tree.Refused
		}
		all = append(all, o)
	}
	return all
}

// kindOf is the Kind that takes what the type does.
var kindOf = map[processor.Type]tree.Kind{
	processor.Bool: tree.Bool, processor.Int: tree.Int, processor.Float: tree.Float, processor.Duration: tree.Duration,
	processor.String: tree.String, processor.Enum: tree.Enum, processor.Field: tree.String,
	processor.Strings: tree.Strings, processor.Fields: tree.Strings,
	processor.Group: tree.Group, processor.Groups: tree.List,
	processor.Map: tree.Any, processor.List: tree.Any, processor.Any: tree.Any,
}

func optionsOf(infos []processor.OptionInfo) []tree.Option {
	var options []tree.Option
	for _, i := range infos {
		o := tree.Option{Name: i.Name, Kind: kindOf[i.Type], Default: i.Default, Values: i.Values, Note: i.Note, Options: optionsOf(i.Options)}
		if i.NoEffect {
			o.Status = tree.NoEffect
		}
		options = append(options, o)
	}
	return options
}
