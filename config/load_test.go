package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/multiline"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/output/kafka"
	"github.com/logcar/logcar/processor"
	"github.com/logcar/logcar/tailer"
)

// write puts text into a configuration file and returns what Load needs to read
// it. All paths are below the file's directory.
func write(t *testing.T, text string, overrides ...string) Args {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "filebeat.yml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Args{Home: dir, Overrides: overrides, StrictPerms: true}
}

// mustLoad loads a configuration that has to be good.
func mustLoad(t *testing.T, args Args) *Config {
	t.Helper()
	c, err := Load(args)
	if err != nil {
		t.Fatalf("%q %q: %v", args.Files, args.Overrides, err)
	}
	return c
}

// basic is what most tests put their own settings beside.
const basic = "filebeat.inputs: [{paths: /mnt/*.log}]\noutput.console: {}\n"

// TestServiceFile: the file of the deployment that logcar is made for, in the
// three spellings that Filebeat 6 to 9 know.
func TestServiceFile(t *testing.T) {
	rule, err := multiline.New(multiline.Config{
		Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}`, Negate: true, Match: "after", MaxLines: 500,
	})
	if err != nil {
		t.Fatal(err)
	}
	broker := kafka.Defaults()
	broker.Hosts = []string{"10.31.222.108:9092", "10.31.222.109:9092", "10.31.222.110:9092"}
	broker.Topic, broker.Acks, broker.Codec = "applog", kafka.AcksLeader, kafka.Gzip
	broker.SASL.Mechanism = "PLAIN"

	for _, tt := range []struct {
		file  string
		kind  string // the document's input.type
		shape output.Shape
	}{
		{"prospectors.yml", "", output.Shape6},
		{"log.yml", "log", output.Shape8},
		{"filestream.yml", "filestream", output.Shape8},
	} {
		t.Run(tt.file, func(t *testing.T) {
			home := t.TempDir()
			file, err := filepath.Abs(filepath.Join("testdata", "service", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			c := mustLoad(t, Args{Files: []string{file}, Home: home})

			in := tailer.DefaultInput()
			in.Paths = []string{"/mnt/*.log"}
			in.Event = &event.Input{
				Type: tt.kind, Fields: map[string]any{"namespace": "dac-prod", "service-name": "dac-config-server"},
			}
			in.Cut.Rule, in.Cut.MaxLines, in.Cut.Timeout = rule, 500, 3*time.Second
			in.CheckTargets = tt.kind == "filestream"
			if want := []*tailer.Input{&in}; !reflect.DeepEqual(c.Inputs, want) {
				t.Errorf("input %+v, want %+v", *c.Inputs[0], in)
			}
			if !reflect.DeepEqual(c.Kafka, &broker) {
				t.Errorf("kafka %+v, want %+v", c.Kafka, broker)
			}
			if c.File != nil || c.Console {
				t.Error("a second output")
			}
			if c.HTTP != nil || c.ExitWhenQuiet != 0 || c.DoneFile != "" {
				t.Error("something that was not asked for")
			}
			if c.Shape != tt.shape {
				t.Errorf("shape %d, want %d", c.Shape, tt.shape)
			}
			if c.ShutdownTimeout != 25*time.Second || c.Tailer != (tailer.Options{Quiet: time.Second}) || c.Registry.Flush != time.Second {
				t.Errorf("shutdown timeout %v, tailer %+v, registry %+v", c.ShutdownTimeout, c.Tailer, c.Registry)
			}
			if want := (Logging{Level: "info", Metrics: 30 * time.Second}); c.Logging != want {
				t.Errorf("logging %+v, want %+v", c.Logging, want)
			}
			if data := filepath.Join(home, "data"); c.Data != data || c.RegistryDir != filepath.Join(data, "registry", "logcar") {
				t.Errorf("data %s, registry %s", c.Data, c.RegistryDir)
			}
			for _, w := range c.Warnings {
				if w.Severity != Notice {
					t.Errorf("a good file was warned about: %v", w)
				}
			}
		})
	}
}

// TestShape: the spelling tells the generation of documents, logcar.documents
// has the last word.
func TestShape(t *testing.T) {
	const (
		inputs      = "filebeat.inputs: [{type: log, paths: /a}]\n"
		prospectors = "filebeat.prospectors: [{type: log, paths: /a}]\n"
		console     = "output.console: {}\n"
	)
	for _, tt := range []struct {
		text string
		want output.Shape
	}{
		{inputs, output.Shape8},
		{"filebeat.inputs: [{input_type: log, paths: /a}]\n", output.Shape8},
		{prospectors, output.Shape6},
		{inputs + prospectors, output.Shape6},
		{prospectors + "logcar.documents: 8\n", output.Shape8},
		{prospectors + "logcar.documents: 7\n", output.Shape7},
		{inputs + "logcar.documents: 7\n", output.Shape7},
		{inputs + "logcar: {documents: '6'}\n", output.Shape6},
	} {
		if got := mustLoad(t, write(t, tt.text+console)).Shape; got != tt.want {
			t.Errorf("shape %d, want %d, for\n%s", got, tt.want, tt.text)
		}
	}
}

// TestFieldsAndTags: what is set for all inputs and for each is put together as
// Filebeat does it: tags are appended, fields merge leaf by leaf, each side goes
// where its own fields_under_root says.
func TestFieldsAndTags(t *testing.T) {
	type object = map[string]any
	for _, tt := range []struct {
		name, global, input string
		fields, root        object
		tags                []string
	}{
		{name: "nothing"},
		{name: "global", global: "fields: {a: 1}\ntags: [g]\n", fields: object{"a": int64(1)}, tags: []string{"g"}},
		{name: "input", input: "fields: {a: x}, tags: i", fields: object{"a": "x"}, tags: []string{"i"}},
		{
			name: "input wins", global: "fields: {a: g, b: g}\ntags: [g, both]\n", input: "fields: {b: i, c: i}, tags: [both, i]",
			fields: object{"a": "g", "b": "i", "c": "i"}, tags: []string{"g", "both", "both", "i"},
		},
		{
			name: "deep", global: "fields: {k8s: {ns: g, pod: g}}\n", input: "fields.k8s.pod: i, fields: {k8s.ip: i}",
			fields: object{"k8s": object{"ns": "g", "pod": "i", "ip": "i"}},
		},
		{
			name: "a map over a value and a value over a map", global: "fields: {a: g, b: {c: g}}\n", input: "fields: {a: {c: i}, b: i}",
			fields: object{"a": object{"c": "i"}, "b": "i"},
		},
		{
			name: "both at the root", global: "fields: {a: g, b: g}\nfields_under_root: true\n", input: "fields: {b: i}, fields_under_root: true",
			root: object{"a": "g", "b": "i"},
		},
		{
			name: "global at the root", global: "fields: {a: g, b: g}\nfields_under_root: true\n", input: "fields: {b: i}",
			root: object{"a": "g", "b": "g"}, fields: object{"b": "i"},
		},
		{
			name: "input at the root", global: "fields: {a: g, b: g}\n", input: "fields: {b: i}, fields_under_root: true",
			fields: object{"a": "g", "b": "g"}, root: object{"b": "i"},
		},
		{name: "no value is no field", input: "fields: {a: , b: {c: ~}, d: [~, 1]}", fields: object{"b": object{}, "d": []any{int64(1)}}},
		{
			name: "types of YAML", input: "fields: {i: 010, f: 1.5, b: on, s: '010', l: [1, x], e: ''}",
			fields: object{"i": int64(8), "f": 1.5, "b": true, "s": "010", "l": []any{int64(1), "x"}, "e": ""},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			input := "paths: /a"
			if tt.input != "" {
				input += ", " + tt.input
			}
			c := mustLoad(t, write(t, tt.global+"filebeat.inputs: [{"+input+"}]\noutput.console: {}\n"))
			got := c.Inputs[0].Event
			if !same(got.Fields, tt.fields) || !same(got.Root, tt.root) || !slices.Equal(got.Tags, tt.tags) {
				t.Errorf("fields %v, root %v, tags %v\nwant   %v, root %v, tags %v", got.Fields, got.Root, got.Tags, tt.fields, tt.root, tt.tags)
			}
		})
	}
}

// same compares maps; none at all is as good as an empty one.
func same(a, b map[string]any) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

// TestSiblingsShareNothing: merging one input's fields leaves the others alone.
func TestSiblingsShareNothing(t *testing.T) {
	c := mustLoad(t, write(t, `
fields: {k8s: {ns: prod}}
tags: [g]
filebeat.inputs:
- {paths: /a, fields: {k8s: {pod: a}}, tags: [a]}
- {paths: /b, fields: {k8s: {pod: b}}, tags: [b]}
- {paths: /c}
output.console: {}
`))
	for i, want := range []map[string]any{{"ns": "prod", "pod": "a"}, {"ns": "prod", "pod": "b"}, {"ns": "prod"}} {
		if got := c.Inputs[i].Event.Fields["k8s"]; !reflect.DeepEqual(got, want) {
			t.Errorf("input %d: %v, want %v", i, got, want)
		}
	}
	if got, want := c.Inputs[1].Event.Tags, []string{"g", "b"}; !slices.Equal(got, want) {
		t.Errorf("tags %v, want %v", got, want)
	}
}

// TestEnvironmentStaysText: Filebeat would make 8, a list and a boolean of these.
func TestEnvironmentStaysText(t *testing.T) {
	for name, value := range map[string]string{"NAMESPACE": "010", "SERVICE": "a,b", "FLAG": "on", "HOSTS": "k1:9092,k2", "EMPTY": ""} {
		t.Setenv(name, value)
	}
	c := mustLoad(t, write(t, `
filebeat.inputs:
- paths: ["/mnt/${NAMESPACE}/*.log"]
  fields:
    namespace: ${NAMESPACE}
    service: "${SERVICE}"
    flag: ${FLAG}
    both: ${NAMESPACE}-${SERVICE}
    unset: ${UNSET_HERE:none}
    empty: ${EMPTY:none}
  tags: ["${NAMESPACE}", "${FLAG}"]
name: ${NAMESPACE}
output.kafka: {hosts: "${HOSTS}", topic: "${NAMESPACE}"}
`))
	want := map[string]any{
		"namespace": "010", "service": "a,b", "flag": "on", "both": "010-a,b", "unset": "none", "empty": "none",
	}
	if got := c.Inputs[0].Event.Fields; !reflect.DeepEqual(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
	if got, want := c.Inputs[0].Event.Tags, []string{"010", "on"}; !slices.Equal(got, want) {
		t.Errorf("tags %q, want %q", got, want)
	}
	if c.Name != "010" || c.Kafka.Topic != "010" || c.Inputs[0].Paths[0] != "/mnt/010/*.log" {
		t.Errorf("name %q, topic %q, paths %q", c.Name, c.Kafka.Topic, c.Inputs[0].Paths)
	}
	if want := []string{"k1:9092", "k2:9092"}; !slices.Equal(c.Kafka.Hosts, want) {
		t.Errorf("hosts %q, want %q: a list is read where one is expected", c.Kafka.Hosts, want)
	}
}

// TestPaths: flags win over the file, the file over the defaults.
func TestPaths(t *testing.T) {
	args := write(t, basic)
	if c := mustLoad(t, args); c.Data != filepath.Join(args.Home, "data") {
		t.Errorf("path.data %s", c.Data)
	}
	args = write(t, basic+"path.home: /srv/logcar\n", "filebeat.registry.path=/var/positions")
	args.Files, args.Home = []string{filepath.Join(args.Home, "filebeat.yml")}, ""
	if c := mustLoad(t, args); c.Data != "/srv/logcar/data" || c.RegistryDir != "/var/positions/logcar" {
		t.Errorf("path.data %s, registry %s", c.Data, c.RegistryDir)
	}
	args = write(t, basic+"path.data: /from/file\nname: ${path.logs}\n", "path.data=/from/override")
	args.Data, args.Logs = `/from/a $flag, {"it"}`, "/var/log/logcar"
	if c := mustLoad(t, args); c.Data != args.Data || c.Name != args.Logs {
		t.Errorf("path.data %s, path.logs %s, want those of the flags", c.Data, c.Name)
	}
}

// TestFiles: -c is looked for below path.config, then where the user stands; of
// several files the later ones win.
func TestFiles(t *testing.T) {
	home, conf, here := t.TempDir(), t.TempDir(), t.TempDir()
	t.Chdir(here)
	for path, text := range map[string]string{
		filepath.Join(home, "filebeat.yml"): basic + "name: home",
		filepath.Join(conf, "filebeat.yml"): basic + "name: conf",
		filepath.Join(conf, "both.yml"):     basic + "name: conf",
		filepath.Join(here, "both.yml"):     basic + "name: here",
		filepath.Join(here, "here.yml"):     "name: here",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		args Args
		want string
	}{
		{Args{Home: home}, "home"},
		{Args{Home: home, Config: conf}, "conf"},
		{Args{Home: home, Config: conf, Files: []string{"both.yml"}}, "conf"},
		{Args{Home: home, Files: []string{"both.yml"}}, "here"},
		{Args{Home: home, Files: []string{"filebeat.yml", "here.yml"}}, "here"},
		{Args{Home: home, Files: []string{filepath.Join(conf, "both.yml")}}, "conf"},
		{Args{Home: home, Overrides: []string{"name=override"}}, "override"},
	} {
		if c := mustLoad(t, tt.args); c.Name != tt.want {
			t.Errorf("%+v: name %q, want %q", tt.args, c.Name, tt.want)
		}
	}
}

// TestDisabled: what stands in a section that is switched off is neither an error
// nor worth a word, and test config says that it has no effect.
func TestDisabled(t *testing.T) {
	c := mustLoad(t, write(t, `
filebeat.inputs:
- type: log
  enabled: false
  paths: []
  json.keys_under_root: true
  line_terminator: null_terminator
  multiline: {pattern: '(', match: nowhere}
  encoding: ebcdic-037
- {type: journald, enabled: false, id: everything}
- {type: log, paths: /mnt/*.log}
output.elasticsearch: {enabled: false, hosts: [es]}
output.kafka: {enabled: false, topics: [], hosts: 3, ssl.key_passphrase: x}
output.console: {}
filebeat.config.inputs: {enabled: false, path: '*.yml'}
`))
	if len(c.Inputs) != 1 || !c.Console || c.Kafka != nil {
		t.Errorf("%d inputs, console %v, kafka %v", len(c.Inputs), c.Console, c.Kafka)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
	status := map[string]string{}
	for _, k := range c.Keys {
		status[k.Key] = k.Status.String()
	}
	for key, want := range map[string]string{
		"filebeat.inputs.0.enabled": "honoured", "filebeat.inputs.0.json": "no effect", "filebeat.inputs.2.paths": "honoured",
		"output.kafka.topics": "no effect", "output.elasticsearch.hosts": "no effect", "output.kafka.enabled": "honoured",
	} {
		if status[key] != want {
			t.Errorf("%s: %q, want %q", key, status[key], want)
		}
	}
}

// TestNever: 0 switches close_inactive off, as in Filebeat, and a shutdown
// timeout of 0 is the default, since nobody wants to lose what is in flight.
func TestNever(t *testing.T) {
	c := mustLoad(t, write(t, `
filebeat.inputs:
- {type: log, paths: /a, close_inactive: 0}
- {type: filestream, paths: /b, close.on_state_change.inactive: 0s, message_max_bytes: 100, parsers: [multiline: {pattern: x, match: after, max_bytes: 1MB, timeout: 0}]}
filebeat: {shutdown_timeout: 0, registry.flush: 0}
output.console: {}
`))
	for i, in := range c.Inputs {
		if year := 365 * 24 * time.Hour; in.CloseInactive < year || time.Now().Add(in.CloseInactive).Before(time.Now()) {
			t.Errorf("input %d: closed after %v", i, in.CloseInactive)
		}
	}
	if cut := c.Inputs[1].Cut; cut.Timeout != 0 || cut.MaxBytes != 100 {
		t.Errorf("timeout %v, want none; max bytes %d, want the lesser of the two", cut.Timeout, cut.MaxBytes)
	}
	if c.ShutdownTimeout != DefaultShutdown || c.Registry.Flush != 100*time.Millisecond {
		t.Errorf("shutdown timeout %v, flush %v", c.ShutdownTimeout, c.Registry.Flush)
	}
}

// TestBackoffInOrder: a greatest pause below the first one is the first one.
func TestBackoffInOrder(t *testing.T) {
	c := mustLoad(t, write(t, basic, "filebeat.inputs.0.backoff=30s"))
	if in := c.Inputs[0]; in.Backoff != 30*time.Second || in.MaxBackoff != 30*time.Second {
		t.Errorf("back-off %v to %v", in.Backoff, in.MaxBackoff)
	}
}

func TestHosts(t *testing.T) {
	for in, want := range map[string]string{
		"kafka": "kafka:9092", "kafka:9094": "kafka:9094", "10.0.0.1": "10.0.0.1:9092", "::1": "[::1]:9092",
		"[::1]": "[::1]:9092", "[fe80::1%eth0]:9093": "[fe80::1%eth0]:9093", "kafka-0.kafka.svc.cluster.local": "kafka-0.kafka.svc.cluster.local:9092",
	} {
		if got, ok := withPort(in); !ok || got != want {
			t.Errorf("%q: %q, %v, want %q", in, got, ok, want)
		}
	}
	for _, bad := range []string{"", ":9092", "kafka:", "kafka:x", "kafka:0", "kafka:65536", "kafka://a:9092", "a:b:c", "a b", "[::1", "http://a"} {
		if got, ok := withPort(bad); ok {
			t.Errorf("%q was taken for %q", bad, got)
		}
	}
}

// TestKeyReport: every key that was written is listed once, with its place.
func TestKeyReport(t *testing.T) {
	c := mustLoad(t, write(t, `filebeat.inputs:
- type: log
  paths: /mnt/*.log
  exclude_line: [DEBUG]
  harvester_buffer_size: 4096
output.console: {}
`))
	var got []string
	for _, k := range c.Keys {
		got = append(got, strings.Join([]string{k.Status.String(), k.Key, strings.TrimPrefix(k.Pos.String(), filepath.Dir(k.Pos.File)+"/")}, " "))
	}
	want := []string{
		"honoured path.home -E",
		"honoured filebeat.inputs.0.type filebeat.yml:2",
		"honoured filebeat.inputs.0.paths filebeat.yml:3",
		"unknown filebeat.inputs.0.exclude_line filebeat.yml:4",
		"no effect filebeat.inputs.0.harvester_buffer_size filebeat.yml:5",
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestProcessors: which chain belongs to which input, and what a reference becomes
// in one: text where values are added to events, as in fields, and what it looks
// like everywhere else. An option without a value is none, a processor without
// options is one.
func TestProcessors(t *testing.T) {
	t.Setenv("CODE", "010")
	c := mustLoad(t, write(t, `
filebeat.inputs:
- {type: log, paths: /a, processors: [add_fields: {target: '', fields: {code: "${CODE}", none: }, when: }]}
- {type: log, paths: /b}
processors:
- add_tags: {tags: ["${CODE}"]}
- if: {equals: {code: "${CODE}"}}
  then:
  - add_labels.labels: {code: "${CODE}"}
  - drop_event:
  else: {add_fields: {target: '', fields: {other: "${CODE}"}}}
output.console: {}
`))
	run := func(chain *processor.Chain, fields map[string]any) (map[string]any, bool) {
		d := &processor.Document{Fields: fields}
		keep := chain.Run(d)
		return d.Fields, keep
	}
	type object = map[string]any
	if got, _ := run(c.Documents.Inputs[c.Inputs[0].Event], object{}); !reflect.DeepEqual(got, object{"code": "010"}) {
		t.Errorf("the first input's processors give %v", got)
	}
	if len(c.Documents.Inputs) != 1 {
		t.Errorf("%d inputs have processors, want one", len(c.Documents.Inputs))
	}
	tags := []any{"010"}
	for _, tt := range []struct {
		code any
		want object
		keep bool
	}{
		{int64(8), object{"code": int64(8), "tags": tags, "labels": object{"code": "010"}}, false},
		{"010", object{"code": "010", "tags": tags, "other": "010"}, true},
	} {
		if got, keep := run(c.Documents.Global, object{"code": tt.code}); !reflect.DeepEqual(got, tt.want) || keep != tt.keep {
			t.Errorf("code %v: %#v, kept: %v; want %#v", tt.code, got, keep, tt.want)
		}
	}
}

// TestDockerInput: its files are those of Filebeat's.
func TestDockerInput(t *testing.T) {
	for options, want := range map[string][]string{
		"containers.ids: '*'":                                  {"/var/lib/docker/containers/*/*.log"},
		"containers: {ids: [a, b], path: /mnt}":                {"/mnt/a/*.log", "/mnt/b/*.log"},
		"containers: {paths: [/c/*.log], path: /mnt}":          {"/c/*.log"},
		"containers.ids: [a], paths: [/over, /kept]":           {"/var/lib/docker/containers/a/*.log", "/kept"},
		"containers: {ids: [a, b], path: /mnt}, paths: [/one]": {"/mnt/a/*.log", "/mnt/b/*.log"},
	} {
		in := mustLoad(t, write(t, "filebeat.prospectors: [{type: docker, "+options+"}]\noutput.console: {}\n")).Inputs[0]
		if !slices.Equal(in.Paths, want) || in.Event.Type != "docker" || in.Parse == nil {
			t.Errorf("%s: %q of type %q, want %q", options, in.Paths, in.Event.Type, want)
		}
	}
}

// TestReadingWays: lines are cut in place wherever that is enough.
func TestReadingWays(t *testing.T) {
	for options, parsed := range map[string]bool{
		"type: log":                                  false,
		"encoding: UTF-8, line_terminator: auto":     false,
		"multiline: {pattern: x, match: after}":      false,
		"type: filestream, parsers: []":              false,
		"encoding: utf-16le":                         true,
		"line_terminator: null_terminator":           true,
		"json: {}":                                   true,
		"json:":                                      false,
		"type: container":                            true,
		"type: filestream, parsers: [ndjson: ]":      true,
		"type: filestream, parsers: [container: {}]": true,
		"type: filestream, parsers: [multiline: {pattern: x, match: after}]":                                           false,
		"type: filestream, parsers: [multiline: {pattern: x, match: after}, multiline: {type: count, count_lines: 2}]": true,
	} {
		in := mustLoad(t, write(t, "filebeat.inputs: [{paths: /a, "+options+"}]\noutput.console: {}\n")).Inputs[0]
		joins := strings.Contains(options, "multiline")
		if (in.Parse != nil) != parsed || (in.Cut.Rule != nil) != (joins && !parsed) {
			t.Errorf("%s: parsed: %v, joined: %v", options, in.Parse != nil, in.Cut.Rule != nil)
		}
	}
}

// TestCodec: each output can be told how documents are written.
func TestCodec(t *testing.T) {
	format, err := processor.ParseFormat("%{[message]}")
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{"console", "file", "kafka"} {
		for _, tt := range []struct {
			options string
			want    output.Codec
		}{
			{"codec: ", output.Codec{}},
			{"codec.json: ", output.Codec{}},
			{"codec: {json: {pretty: true, escape_html: true}}", output.Codec{Pretty: true, EscapeHTML: true}},
			{"codec.json.escapehtml: true, codec.json.localtime: yes", output.Codec{EscapeHTML: true, LocalTime: true}},
			{"codec.json.escapehtml: true, codec.json.escape_html: false", output.Codec{}},
			{"codec.format.string: '%{[message]}'", output.Codec{Format: format}},
		} {
			args := write(t, "filebeat.inputs: [paths: /a]\noutput."+out+": {hosts: k, topic: t, path: /a, "+tt.options+"}\n")
			if got := mustLoad(t, args).Documents.Codec; !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s, %s: %+v, want %+v", out, tt.options, got, tt.want)
			}
		}
	}
	for options, want := range map[string]output.Codec{
		"pretty: true":                                      {Pretty: true},
		"pretty: true, codec.json.pretty: false":            {},
		"pretty: true, codec.format.string: '%{[message]}'": {Format: format},
	} {
		args := write(t, "filebeat.inputs: [paths: /a]\noutput.console: {"+options+"}\n")
		if got := mustLoad(t, args).Documents.Codec; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", options, got, want)
		}
	}
}

// TestDatedPath: the directory of output.file may have the date of the start.
func TestDatedPath(t *testing.T) {
	for path, want := range map[string]string{
		"/out/%{+yyyy}/x": "/out/" + time.Now().UTC().Format("2006") + "/x",
		`/out\%{+yyyy}`:   "/out%{+yyyy}",
		`/out\x`:          `/out\x`,
	} {
		if got := mustLoad(t, write(t, "filebeat.inputs: [paths: /a]\noutput.file.path: '"+path+"'\n")).File.Path; got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
