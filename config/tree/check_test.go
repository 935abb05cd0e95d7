package tree

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// readAll opens all that the tables of section_test.go know.
func readAll(r *Root) {
	s := r.Section("", rootTable)
	s.String("name", "")
	s.Int("queue.mem.events", 0)
	for _, list := range []string{"filebeat.inputs", "filebeat.prospectors"} {
		for _, in := range s.List(list, inputTable) {
			in.String("type", "")
			in.Duration("scan_frequency", 0)
			in.Any("fields", Text)
			in.Sub("multiline", nil).String("pattern", "")
			for _, p := range in.List("processors", processorTable) {
				p.Sub("add_tags", nil).Strings("tags", nil)
			}
		}
	}
	s.Sub("output", outputTable).Sub("kafka", kafkaTable).String("topic", "")
}

func TestFinish(t *testing.T) {
	for _, c := range []struct{ name, yaml, errors, others string }{
		{"nothing", "", "", ""},
		{"all known", "name: x\nfilebeat.inputs: [{type: log, fields: {any: {thing: 1}}, close.reader.on_eof: true}]\noutput.kafka.topic: t", "", ""},
		{"unknown at the top", "name: x\nunheard.of: 1", "", "warning f.yml:2: unheard: unknown key"},
		{"unknown and empty", "namee:", "", `warning f.yml:1: namee: unknown key; did you mean "name"?`},
		{"typo in an input", "filebeat.inputs:\n- type: log\n  scna_frequency: 10s", "", `warning f.yml:3: filebeat.inputs.0.scna_frequency: unknown key; did you mean "scan_frequency"?`},
		{"typo in a group", "filebeat.inputs:\n- multiline:\n    patern: x", "", `warning f.yml:3: filebeat.inputs.0.multiline.patern: unknown key; did you mean "pattern"?`},
		{"typo on the way", "filebeat.inputs:\n- close.raeder.on_eof: true", "", `warning f.yml:2: filebeat.inputs.0.close.raeder: unknown key; did you mean "close.reader"?`},
		{"typo at the end", "filebeat.inputs:\n- close.reader.oneof: true", "", `warning f.yml:2: filebeat.inputs.0.close.reader.oneof: unknown key; did you mean "close.reader.on_eof"?`},
		{"typo in a processor", "filebeat.inputs: [{processors: [{add_tag.tags: x}]}]", "", `warning f.yml:1: filebeat.inputs.0.processors.0.add_tag: unknown key; did you mean "add_tags"?`},
		{"indented too little", "filebeat.inputs: [{type: log}]\nscan_frequency: 10s", "", "warning f.yml:2: scan_frequency: unknown key; filebeat.inputs.0 has one of that name"},
		{"indented too much", "filebeat.inputs: [{type: log, max_procs: 2}]", "", "warning f.yml:1: filebeat.inputs.0.max_procs: unknown key; the top level has one of that name"},
		{"unknown output", "output.kafak.topic: x", "", `warning f.yml:1: output.kafak: unknown key; did you mean "kafka"?`},
		{"unread list is one key", "filebeat.inputs: [{file_identity.native: ~}]", "", ""},
		{"no map on the way", "filebeat.inputs: [{close: yes}]", `f.yml:1: filebeat.inputs.0.close: expected a map, found "yes"`, ""},
		{"a list on the way", "filebeat.inputs: [{close: [reader]}]", `f.yml:1: filebeat.inputs.0.close: expected a map, found a list`, ""},
		{"nothing on the way", "queue:\n", "", ""},
		{"no map for a group", "filebeat.inputs: [{multiline: x}]", `f.yml:1: filebeat.inputs.0.multiline: expected a map, found "x"`, ""},
		{"unset on the way", "queue: ${NONE:?why}", "f.yml:1: queue: ${NONE} is not set: why", ""},
		{"reference on the way", "queue: ${name.q}\nname.q: {mem: {evnets: 1}}", `f.yml:2: name: expected a string, found a map`, `warning f.yml:2: queue.mem.evnets: unknown key; did you mean "queue.mem.events"?`},
		{"no effect", "setup.template.enabled: false\nmax_procs: 2", "", "notice f.yml:1: setup: has no effect: logcar loads no templates\nnotice f.yml:2: max_procs: has no effect"},
		{"refused", "spool: {size: 1, typo: 2}", "f.yml:1: spool: is not supported: the file on disk is the buffer", ""},
		{"refused below", "output:\n  kafka: {topic: x}\n  elasticsearch: {hosts: [x]}", "f.yml:3: output.elasticsearch: is not supported: use output.kafka", ""},
		{"refused but disabled", "output.elasticsearch: {hosts: [x], enabled: 'no'}\nsetup: {enabled: false}", "", ""},
		{"refused but empty", "spool:\n", "", ""},
		{"refused but empty text", "spool: ''", "", ""},
		{"refused but a reference to empty text", "spool: ${NONE:}", "", ""},
		{"refused but false", "spool: off", "", ""},
		{"refused but an empty list", "spool: []", "", ""},
		{"refused, and an empty map", "spool: {}", "f.yml:1: spool: is not supported: the file on disk is the buffer", ""},
		{"refused, and unset", "spool: ${NONE}", "f.yml:1: spool: is not supported: the file on disk is the buffer", ""},
		{"deprecated", "filebeat.prospectors:\n- typ: log", "", "warning f.yml:1: filebeat.prospectors: is deprecated: now filebeat.inputs\nwarning f.yml:2: filebeat.prospectors.0.typ: unknown key; did you mean \"type\"?"},
		{"by file and line", "filebeat.inputs:\n- scan_frequency: 10x\n  type: {}\n- scan_frequency: 1y", `f.yml:2: filebeat.inputs.0.scan_frequency: "10x" is not a duration; expected a number with a unit such as 10s or 1m30s
f.yml:3: filebeat.inputs.0.type: expected a string, found a map
f.yml:4: filebeat.inputs.1.scan_frequency: "1y" is not a duration; expected a number with a unit such as 10s or 1m30s`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := load(t, c.yaml, Settings{})
			readAll(r)
			equal(t, errorLines(r), c.errors)
			equal(t, otherLines(r), c.others)
			equal(t, errorLines(r), c.errors) // Finish changes nothing
		})
	}
}

func TestErrorsAreProblems(t *testing.T) {
	r := load(t, "name: []", Settings{})
	readAll(r)
	_, err := r.Finish()
	var p Problem
	if !errors.As(err, &p) {
		t.Fatalf("%v is no Problem", err)
	}
	equal(t, p, Problem{Pos{"f.yml", 1}, "name", "expected a string, found a list", Error})
}

// A reader's own word stands in for the warning that the key is unknown.
func TestReadersWordReplacesUnknownKey(t *testing.T) {
	r := load(t, "output.nosuch: {}", Settings{})
	readAll(r)
	r.Section("", rootTable).Errorf("output.nosuch", "output type nosuch undefined")
	equal(t, errorLines(r), "f.yml:1: output.nosuch: output type nosuch undefined")
	equal(t, otherLines(r), "")
	r = load(t, "output.nosuch: {}", Settings{})
	readAll(r)
	r.Section("", rootTable).Warnf("output.nosuch", "is for another time")
	equal(t, otherLines(r), "warning f.yml:1: output.nosuch: is for another time")
}

// A map can be read by several tables; its keys are known if one of them names
// them.
func TestSeveralTablesOfOneMap(t *testing.T) {
	common := &Table{Name: "common", Options: []Option{{Name: "type", Kind: String}}}
	kinds := map[string]*Table{
		"log":        {Name: "log", Options: []Option{{Name: "backoff", Kind: Duration}}},
		"filestream": {Name: "filestream", Options: []Option{{Name: "backoff.init", Kind: Duration}}},
	}
	r := load(t, "filebeat.inputs: [{type: log, backoff: 1s}, {type: filestream, backoff.init: 1s}, {type: log, backoff.init: 1s}]", Settings{})
	for _, in := range r.Section("", rootTable).List("filebeat.inputs", common) {
		table := kinds[in.String("type", "")]
		in.With(table).Duration(table.Options[0].Name, 0)
	}
	equal(t, errorLines(r), "f.yml:1: filebeat.inputs.2.backoff: expected a duration, found a map")
	equal(t, otherLines(r), "")
}

func TestReport(t *testing.T) {
	r := load(t, `name: x
filebeat.inputs:
- type: log
  enabled: true
  multiline.pattern: x
  fields: {a: 1}
  typo: 1
max_procs: 2
output.kafka: {topic: t}
output.elasticsearch: {}
spool: ''
queue.mem.events: 1
empty:
`, Settings{Defaults: map[string]string{"path.home": "/"}})
	readAll(r)
	var lines []string
	for _, k := range r.Report() {
		lines = append(lines, fmt.Sprintf("%s %s (%s) %t %s", k.Pos, k.Key, k.Status, k.Read, k.Note))
	}
	equal(t, strings.Join(lines, "\n"), `f.yml:1 name (honoured) true 
f.yml:3 filebeat.inputs.0.type (honoured) true 
f.yml:4 filebeat.inputs.0.enabled (honoured) false 
f.yml:5 filebeat.inputs.0.multiline.pattern (honoured) true 
f.yml:6 filebeat.inputs.0.fields (honoured) true 
f.yml:7 filebeat.inputs.0.typo (unknown) false 
f.yml:8 max_procs (no effect) false 
f.yml:9 output.kafka.topic (honoured) true 
f.yml:10 output.elasticsearch (refused) false use output.kafka
f.yml:11 spool (no effect) false it asks for nothing
f.yml:12 queue.mem.events (honoured) true 
f.yml:13 empty (unknown) false `)
}
