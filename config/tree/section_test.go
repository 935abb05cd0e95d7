package tree

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

var kindsTable = &Table{Name: "kinds", Options: []Option{
	{Name: "bool", Kind: Bool},
	{Name: "int", Kind: Int},
	{Name: "float", Kind: Float},
	{Name: "wait", Kind: Duration},
	{Name: "bytes", Kind: Bytes},
	{Name: "size", Kind: ByteSize},
	{Name: "text", Kind: String},
	{Name: "enum", Kind: Enum, Values: []string{"after", "before"}},
	{Name: "list", Kind: Strings},
}}

// readKind reads the option that is named for its kind; the defaults are odd
// enough to be told from any value in the tests.
func readKind(s *Section, name string) any {
	switch name {
	case "bool":
		return s.Bool(name, false)
	case "int":
		return s.Int(name, -99)
	case "float":
		return s.Float(name, -99)
	case "wait":
		return s.Duration(name, -99)
	case "bytes":
		return s.Bytes(name, -99)
	case "size":
		return s.ByteSize(name, -99)
	case "text":
		return s.String(name, "-99")
	case "enum":
		return s.Enum(name, "-99")
	}
	return strings.Join(s.Strings(name, []string{"-99"}), "|")
}

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		yaml string
		want any
	}{
		{"bool: true", true}, {"bool: yes", true}, {"bool: 'on'", true}, {`bool: "1"`, true}, {"bool: off", false},
		{"int: 10", 10}, {"int: 010", 8}, {"int: '0x10'", 16}, {"int: 1e3", 1000}, {"int: 10.0", 10}, {"int: -1", -1},
		{"float: 1.5", 1.5}, {"float: 2", 2.0}, {"float: '1.5'", 1.5},
		{"wait: 10s", 10 * time.Second}, {"wait: 1h30m", 90 * time.Minute}, {"wait: 300ms", 300 * time.Millisecond},
		{"wait: 10", 10 * time.Second}, {"wait: '10'", 10 * time.Second}, {"wait: 0.5", 500 * time.Millisecond},
		{"wait: -1", -time.Second}, {"wait: -1s", -time.Second}, {"wait: 0", time.Duration(0)},
		{"bytes: 10485760", int64(10485760)}, {"bytes: '16384'", int64(16384)},
		{"size: 10MB", int64(10e6)}, {"size: 10MiB", int64(10 << 20)}, {"size: 1GB", int64(1e9)}, {"size: 1.5 kib", int64(1536)},
		{"size: 100", int64(100)}, {"size: 10b", int64(10)}, {"size: 2ki", int64(2048)}, {"size: 3m", int64(3e6)},
		{"text: a b", "a b"}, {"text: 10", "10"}, {"text: ''", ""}, {"text: |\n  a\n  b\n", "a\nb\n"},
		{"enum: after", "after"}, {"enum: BEFORE", "before"}, {"enum: ''", "-99"}, {"enum: '${NONE:}'", "-99"},
		{"list: [a, 010, on]", "a|010|on"}, {"list: one", "one"}, {"list: a,b", "a,b"}, {"list: []", ""}, {"list: ''", ""},
		{"list: [a, ~, '']", "a|"}, {"list.0: a\nlist.1: b", "a|b"},
		{"list: ['${A}/x', b]", "1,2/x|b"}, {"list: '${A}'", "1|2"}, {"list: ['${A}']", "1,2"}, {"list: '${NONE:}'", ""},
		{"list: ${other}\nother: [p, q]", "p|q"},
	} {
		r := load(t, c.yaml, env("A=1,2"))
		name, _, _ := strings.Cut(c.yaml, ":")
		name, _, _ = strings.Cut(name, ".")
		if got := readKind(r.Section("", kindsTable), name); got != c.want {
			t.Errorf("%s: got %v, want %v", c.yaml, got, c.want)
		}
		equal(t, errorLines(r), "")
	}
}

func TestKindErrors(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{"bool: maybe", `"maybe" is not a boolean; expected true or false`},
		{"bool: 1", `"1" is not a boolean; expected true or false`},
		{"int: ten", `"ten" is not an integer; expected a whole number such as 10`},
		{"int: 1.5", `"1.5" is not an integer; expected a whole number such as 10`},
		{"int: true", `"true" is not an integer; expected a whole number such as 10`},
		{"int: ''", `"" is not an integer; expected a whole number such as 10`},
		{"int: 1e300", `"1e300" is not an integer; expected a whole number such as 10`},
		{"int: ${BAD}", `"10x" (from "${BAD}") is not an integer; expected a whole number such as 10`},
		{"int: ${NONE:}", `"" (from "${NONE:}") is not an integer; expected a whole number such as 10`},
		{"float: inf", `"inf" is not a number; expected a number such as 1.5`},
		{"wait: 10x", `"10x" is not a duration; expected a number with a unit such as 10s or 1m30s`},
		{"wait: 1d", `"1d" is not a duration; expected a number with a unit such as 10s or 1m30s`},
		{"wait: 99999999999", `"99999999999" is not a duration; expected a number with a unit such as 10s or 1m30s`},
		{"bytes: 10KB", `"10KB" is not a number of bytes; expected a whole number without a unit such as 10485760`},
		{"size: 10XB", `"10XB" is not a size; expected a number with a unit such as 10MB or 10MiB`},
		{"size: -1MB", `"-1MB" is not a size; expected a number with a unit such as 10MB or 10MiB`},
		{"size: -1", `"-1" is not a size; expected a number with a unit such as 10MB or 10MiB`},
		{"size: nanMB", `"nanMB" is not a size; expected a number with a unit such as 10MB or 10MiB`},
		{"size: 9999999PiB", `"9999999PiB" is not a size; expected a number with a unit such as 10MB or 10MiB`},
		{"text: {a: b}", `expected a string, found a map`},
		{"text: [a]", `expected a string, found a list`},
		{"enum: aftr", `"aftr" is not one of after, before; did you mean "after"?`},
		{"enum: sideways", `"sideways" is not one of after, before`},
		{"list: {a: b}", `expected a list of strings, found a map`},
		{"int: ${BYTES}", `"` + strings.Repeat(`\x80`, 80) + `"... (from "${BYTES}") is not an integer`},
		{"int: '" + strings.Repeat("é", 100) + "'", `"` + strings.Repeat("é", 80) + `"... is not an integer`},
	} {
		r := load(t, "# one\n"+c.yaml, env("BAD=10x", "BYTES="+strings.Repeat("\x80", 100)))
		name, _, _ := strings.Cut(c.yaml, ":")
		got := readKind(r.Section("", kindsTable), name)
		if fmt.Sprint(got) != "-99" && got != false && got != -99*time.Nanosecond {
			t.Errorf("%s: got %v, want the default", c.yaml, got)
		}
		contains(t, errorLines(r), "f.yml:2: "+name+": "+c.want)
	}
	r := load(t, "list:\n  - a\n  - {b: c}\n  - ${NONE}", Settings{})
	equal(t, strings.Join(r.Section("", kindsTable).Strings("list", nil), "|"), "a")
	contains(t, errorLines(r), "f.yml:3: list.1: expected a string, found a map\nf.yml:4: list.2: ${NONE} is not set")
}

func TestAbsentKeysGiveDefaults(t *testing.T) {
	for _, yaml := range []string{"", "bool:\nint:\nfloat:\nwait:\nbytes:\nsize:\ntext:\nenum:\nlist:\n", "int: ${gone}\ngone:"} {
		r := load(t, yaml, Settings{Lookup: func(string) (string, bool) { return "-99", true }})
		s := r.Section("", kindsTable)
		for _, o := range kindsTable.Options {
			if got := fmt.Sprint(readKind(s, o.Name)); got != "-99" && got != "false" && got != "-99ns" {
				t.Errorf("%q: %s is %s", yaml, o.Name, got)
			}
		}
		equal(t, errorLines(r), "")
	}
}

var (
	multilineOptions = []Option{{Name: "pattern", Kind: String}, {Name: "match", Kind: Enum, Values: []string{"after", "before"}}}
	inputTable       = &Table{Name: "input", Options: []Option{
		{Name: "type", Kind: String},
		{Name: "enabled", Kind: Bool},
		{Name: "paths", Kind: Strings},
		{Name: "close.reader.on_eof", Kind: Bool},
		{Name: "multiline", Kind: Group, Options: multilineOptions},
		{Name: "fields", Kind: Any},
		{Name: "processors", Kind: List},
		{Name: "scan_frequency", Kind: Duration},
		{Name: "file_identity", Kind: Group},
	}}
	rootTable = &Table{Name: "root", Options: []Option{
		{Name: "name", Kind: String},
		{Name: "filebeat.inputs", Kind: List},
		{Name: "filebeat.prospectors", Kind: List, Status: Deprecated, Note: "now filebeat.inputs"},
		{Name: "output", Kind: Group},
		{Name: "setup", Kind: Group, Status: NoEffect, Note: "logcar loads no templates"},
		{Name: "max_procs", Kind: Int, Status: NoEffect},
		{Name: "spool", Kind: Group, Status: Refused, Note: "the file on disk is the buffer", Options: []Option{{Name: "size", Kind: Int}}},
		{Name: "queue.mem.events", Kind: Int},
	}}
	outputTable = &Table{Name: "output", Options: []Option{
		{Name: "kafka", Kind: Group},
		{Name: "elasticsearch", Kind: Group, Status: Refused, Note: "use output.kafka"},
	}}
	kafkaTable = &Table{Name: "kafka", Options: []Option{{Name: "hosts", Kind: Strings}, {Name: "topic", Kind: String}}}
)

// processorTable holds itself, which is why Sub and List take tables.
var processorTable = &Table{Name: "processor", Options: []Option{
	{Name: "if", Kind: Any}, {Name: "then", Kind: List}, {Name: "add_tags", Kind: Group, Options: []Option{{Name: "tags", Kind: Strings}}},
}}

func TestSectionsAndLists(t *testing.T) {
	r := load(t, `
filebeat.inputs:
- type: log
  paths: /a.log
  close.reader: {on_eof: true}
  multiline.pattern: x
  multiline: {match: after}
  fields: {a.b: 1, c: [d, ~]}
- ~
- type: stdin
filebeat: {inputs: [{enabled: no}]}
output.kafka:
  hosts: [a, b]
`, Settings{})
	s := r.Section("", rootTable)
	inputs := s.List("filebeat.inputs", inputTable)
	equal(t, len(inputs), 2)
	in := inputs[0]
	equal(t, in.Path(), "filebeat.inputs.0")
	equal(t, inputs[1].Path(), "filebeat.inputs.2")
	equal(t, in.String("type", ""), "log")
	equal(t, in.Bool("enabled", true), false)
	equal(t, in.Bool("close.reader.on_eof", false), true)
	equal(t, in.String("multiline.pattern", ""), "x")
	equal(t, in.Sub("multiline", nil).Enum("match", ""), "after")
	equal(t, in.Sub("multiline", nil).Path(), "filebeat.inputs.0.multiline")
	if got, want := in.Any("fields", Text), any(m{"a": m{"b": int64(1)}, "c": l{"d"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
	equal(t, inputs[1].Has("paths"), false)
	equal(t, inputs[1].Sub("multiline", nil).String("pattern", "none"), "none")
	equal(t, inputs[1].Any("fields", Text), nil)
	out := s.Sub("output", outputTable)
	equal(t, strings.Join(s.Names("output"), " "), "kafka")
	equal(t, strings.Join(out.Names(""), " "), "kafka")
	equal(t, strings.Join(out.Sub("kafka", kafkaTable).Strings("hosts", nil), " "), "a b")
	equal(t, r.Section("output.kafka", kafkaTable).Has("topic"), false)
	equal(t, len(r.Section("no.such", kafkaTable).Names("")), 0)
	equal(t, errorLines(r)+otherLines(r), "")
}

func TestChoices(t *testing.T) {
	r := load(t, "{text: x, empty: , map: {a: 1}, list: [], reference: '${map}', unset: '${none}'}", Settings{})
	names, single := r.Section("", rootTable).Choices()
	equal(t, strings.Join(names, " ")+"|"+strings.Join(single, " "), "empty list map reference|text unset")
	names, single = r.Section("no.such", rootTable).Choices()
	equal(t, len(names)+len(single), 0)
}

func TestListForms(t *testing.T) {
	list := func(text string, s Settings) (tags string, r *Root) {
		r = load(t, text, s)
		for _, p := range r.Section("", &Table{Name: "t", Options: []Option{{Name: "processors", Kind: List}, {Name: "shared", Kind: List}}}).List("processors", processorTable) {
			tags += p.Path() + "=" + strings.Join(p.Sub("add_tags", nil).Strings("tags", nil), "") + ";"
			for _, q := range p.List("then", processorTable) {
				tags += q.Path() + "=" + strings.Join(q.Sub("add_tags", nil).Strings("tags", nil), "") + ";"
			}
		}
		return tags, r
	}
	for _, c := range []struct{ yaml, want, errors string }{
		{"", "", ""},
		{"processors: []", "", ""},
		{"processors: [{add_tags.tags: x}]", "processors.0=x;", ""},
		{"processors: {add_tags.tags: x}", "processors.0=x;", ""},
		{"processors: [{then: {add_tags.tags: x}}]", "processors.0=;processors.0.then.0=x;", ""},
		{"processors: [{then: [{add_tags.tags: x}]}]", "processors.0=;processors.0.then.0=x;", ""},
		{"processors: ${shared}\nshared: [{add_tags.tags: x}]", "processors.0=x;", ""},
		{"processors: ['${shared.0}']\nshared: [{add_tags.tags: x}]", "processors.0=x;", ""},
		{"processors: [add_tags]", "", `f.yml:1: processors.0: expected a map, found "add_tags"`},
		{"processors: [[x]]", "", `f.yml:1: processors.0: expected a map, found a list`},
		{"processors: [[]]", "processors.0=;", ""},
		{"processors: x", "", `f.yml:1: processors: expected a map, found "x"`},
		{"processors: [x, '${NONE}']", "", "f.yml:1: processors.0: expected a map, found \"x\"\nf.yml:1: processors.1: ${NONE} is not set"},
		{"processors: ${NONE}", "", "f.yml:1: processors: ${NONE} is not set"},
	} {
		got, r := list(c.yaml, Settings{})
		equal(t, got, c.want)
		contains(t, errorLines(r), c.errors)
		equal(t, errorLines(r) == "", c.errors == "")
	}
}

func TestCircularSectionsEnd(t *testing.T) {
	r := load(t, "processors: [{then: '${processors}'}, {then: '${processors}'}]", Settings{})
	var read func(s *Section)
	read = func(s *Section) {
		for _, p := range s.List("then", processorTable) {
			read(p)
		}
	}
	for _, p := range r.Section("", &Table{Options: []Option{{Name: "processors", Kind: List}}}).List("processors", processorTable) {
		read(p)
	}
	contains(t, errorLines(r), "references lead round in a circle")
}

func TestPositions(t *testing.T) {
	files := write(t, "a.yml", "name: x\nfilebeat:\n  inputs:\n  - type: log\n    fields:\n      a: 1\n\n    paths: [x]\n", "b.yml", "\nfilebeat.inputs.0.paths: [y]\n")
	r, err := Load(files, []string{"name=z"}, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	s := r.Section("", rootTable)
	in := s.List("filebeat.inputs", inputTable)[0]
	for _, c := range []struct {
		s          *Section
		name, want string
	}{
		{s, "name", "-E"}, {s, "filebeat", "a.yml:2"}, {s, "filebeat.inputs", "a.yml:3"}, {s, "", "a.yml:1"}, {s, "nowhere", "a.yml:1"},
		{in, "", "a.yml:4"}, {in, "type", "a.yml:4"}, {in, "fields", "a.yml:5"}, {in, "fields.a", "a.yml:6"},
		{in, "paths", "a.yml:8"}, {in, "paths.0", "b.yml:2"}, {in, "multiline.pattern", "a.yml:4"},
		{in.Sub("multiline", nil), "pattern", "a.yml:4"},
	} {
		equal(t, c.s.Pos(c.name).String(), c.want)
	}
	in.Errorf("paths", "no file %q", "y")
	in.Errorf("", "no id")
	in.Warnf("type", "old")
	s.Errorf("output", "no outputs")
	equal(t, errorLines(r), "a.yml:1: output: no outputs\na.yml:4: filebeat.inputs.0: no id\na.yml:8: filebeat.inputs.0.paths: no file \"y\"")
	equal(t, otherLines(r), "warning a.yml:4: filebeat.inputs.0.type: old")
}

func TestProgrammersErrorsPanic(t *testing.T) {
	r := load(t, "multiline: {pattern: x}", Settings{})
	s := r.Section("", inputTable)
	root := r.Section("", rootTable)
	for _, c := range []struct {
		want string
		call func()
	}{
		{`section "": table "input" has no option "typo"`, func() { s.String("typo", "") }},
		{`section "": table "input" has no option "typo"`, func() { s.Has("typo") }},
		{`section "": table "input" has option "type" as string, read as int`, func() { s.Int("type", 0) }},
		{`section "multiline": table "input multiline" has no option "negate"`, func() { s.Sub("multiline", nil).Bool("negate", false) }},
		{`table "input" lists what option "multiline" holds, and is given a second table "kafka"`, func() { s.Sub("multiline", kafkaTable) }},
		{`table "root" says "no effect" for option "max_procs", which is read`, func() { root.Int("max_procs", 0) }},
		{`table "root" says "refused" for option "spool", which is read`, func() { root.Sub("spool", nil) }},
		{`table "root" has no option "spool.size"`, func() { root.Int("spool.size", 0) }},
		{`table "t" has option "a.b" twice`, func() {
			s.With(&Table{Name: "t", Options: []Option{{Name: "a.b"}, {Name: "a", Kind: Group, Options: []Option{{Name: "b"}}}}})
		}},
		{`has no values for option "e"`, func() { s.With(&Table{Options: []Option{{Name: "e", Kind: Enum}}}).Enum("e", "") }},
	} {
		func() {
			defer func() { contains(t, fmt.Sprint(recover()), c.want) }()
			c.call()
		}()
	}
}
