// Package schema checks docs/filebeat.schema.json with a library that knows
// nothing of logcar: it accepts what logcar reads and refuses what logcar refuses.
package schema_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/logcar/logcar/deploy/tests/binary"
)

const root = "../../.."

var logcar string // the binary

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "logcar-schema-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }() // it is temporary
		logcar, err = binary.Build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// compiled is the schema, which is good under its own draft.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(root + "/docs/filebeat.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("filebeat.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("filebeat.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if s.DraftVersion != 2020 {
		t.Errorf("draft %d", s.DraftVersion)
	}
	return s
}

// verdict is the schema's on a configuration.
func verdict(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// complaints are logcar's own about a configuration, an unknown key among them,
// but not what has no effect.
func complaints(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "filebeat.yml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), logcar, "test", "config", "--path.home", dir).CombinedOutput()
	if err != nil {
		return string(out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "warning: ") && !strings.Contains(line, "has no effect: ") {
			return line
		}
	}
	return ""
}

// TestExport: the binary prints the schema that the documentation has.
func TestExport(t *testing.T) {
	want, err := os.ReadFile(root + "/docs/filebeat.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := exec.CommandContext(t.Context(), logcar, "export", "schema").Output()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("export schema prints another one, error %v", err)
	}
}

// TestConfigurations: the configurations of the conformance cases, which a
// Filebeat has read, and those that logcar comes with.
func TestConfigurations(t *testing.T) {
	s := compiled(t)
	var files []string
	for pattern, least := range map[string]int{
		"testdata/conformance/*/config.yml": 100, "deploy/filebeat.yml": 1, "deploy/kubernetes/components/config/*.yml": 1,
		"config/testdata/service/*.yml": 2, "benchmarks/filebeat.yml": 1,
	} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) < least {
			t.Fatalf("%s: %d files, error %v", pattern, len(found), err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := verdict(t, s, text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

const inputs = "filebeat.inputs: [{paths: /a}]\n"

// TestRight: spellings that logcar reads without a complaint.
func TestRight(t *testing.T) {
	s := compiled(t)
	log := func(options string) string {
		return "filebeat.inputs:\n- {type: log, paths: [/a], " + options + "}\noutput.console:\n"
	}
	stream := func(options string) string { return strings.Replace(log(options), "log", "filestream", 1) }
	t.Setenv("NUMBER", "7")
	for _, text := range []string{
		inputs + "output.console: {}\n",
		"filebeat: {inputs: [{paths: /a}]}\noutput: {console: {codec: {json: {pretty: yes}}}}\n",
		"filebeat:\n  inputs: {paths: /a}\noutput.console.codec.json.pretty: 'ON'\n",
		"filebeat.prospectors: [{input_type: log, paths: /a}]\noutput.console.codec: {format.string: x}\n",
		inputs + "output.kafka: {hosts: a, topic: t, ssl.enabled: false, metadata: {retry.backoff: 1s}, backoff.init: 5, compression: GZIP, required_acks: '-1'}\n",
		inputs + "output:\n  kafka.hosts: [a, 'b:9092']\n  kafka: {topic: 7, max_message_bytes: 0x100000, compression_level: auto, ssl: {verification_mode: none}}\n",
		inputs + "output.kafka: {enabled: false, hosts: 3, nonsense: 1}\noutput.file.path: /out\noutput.elasticsearch: {enabled: no, hosts: [x]}\n",
		inputs + "output.kafka: {hosts: a, topic: t, sasl.mechanism: '', kerberos.enabled: no, ssl: {key_passphrase: '', ca_sha256: [], ca_trusted_fingerprint: ~}}\n",
		inputs + "output.logstash.enabled: false\noutput.console: {}\nlogcar.documents: 7\nmax_procs: ${NUMBER}\n",
		inputs + "output.console: ~\nlogging: {level: Debug, metrics.period: 1m30s, to_files: true, files.keepfiles: 7}\nqueue.mem.events: 4096\nsetup.kibana: {host: x}\n",
		"output.console: {}\nfilebeat.config.inputs: {path: 'inputs.d/*.yml', reload: {enabled: true, period: 10s}}\n",
		inputs + "output.console: {}\nname: 010\nfields: {a: b}\nfields.c.d: e\ntags: t\nfilebeat: {registry.flush: 5s, shutdown_timeout: 5}\n",
		log("multiline: {pattern: '^x', match: after, max_lines: 1e3, timeout: 5s}, max_bytes: 1000, json.message_key: m"),
		log("multiline.pattern: '^x', multiline.match: after, recursive_glob: {enabled: 'true'}, fields.a: 1, scan.sort: modtime"),
		log("ignore_older: '${NUMBER}', tail_files: '${NONE:off}', close_inactive: 1h, exclude_lines: '^$', include_lines: [a, 1, true]"),
		stream("id: x, parsers: [{multiline.pattern: x, multiline: {match: after}}, ndjson: {target: ''}, container: ]"),
		stream("prospector.scanner: {symlinks: true, check_interval: 10s}, close.on_state_change: {inactive: 5m}, close: {reader.on_eof: true}"),
		stream("file_identity.fingerprint: , prospector.scanner.fingerprint: {length: 64}, compression: auto, delete: {enabled: true, grace_period: 1h}"),
		stream("file_identity: {inode_marker.path: /m}, ignore_inactive: since_last_start, close.reader.after_interval: 1h"),
		log("file_identity: {path: }, ignore_older: 1h, clean_inactive: 2h, harvester_limit: 3"),
		"filebeat.inputs: [{type: stdin, multiline: {pattern: x, match: after}, json.message_key: m}]\noutput.console: {}\n",
		"filebeat.inputs:\n- {type: container, paths: /a, stream: stdout}\n- {type: journald, enabled: false, id: everything}\noutput.console: {}\n",
		inputs + "output.console: {}\nprocessors:\n- add_host_metadata: ~\n- drop_event.when.regexp.message: '^DBG'\n" +
			"- drop_event: {when: {or: [{equals: {a: 1}}, {not.has_fields: [b]}]}}\n- rename: {fields: [{from: a, to: b}], ignore_missing: true}\n" +
			"- if: {contains.message: x}\n  then: {add_tags.tags: [x]}\n  else: [add_fields: {target: '', fields: {a: {b: 1}}}]\n" +
			"- add_docker_metadata: {host: x}\n- decode_json_fields: {fields: message, max_depth: 2, when.equals.a: 1}\n",
		log("processors: [{timestamp: {field: a, layouts: [UNIX], test: ['1']}}, {rate_limit: {limit: 1/s, algorithm.token_bucket.burst_multiplier: 1.5}}]"),
	} {
		if said := complaints(t, text); said != "" {
			t.Errorf("logcar says %s of:\n%s", said, text)
		}
		if err := verdict(t, s, []byte(text)); err != nil {
			t.Errorf("%v:\n%s", err, text)
		}
	}
}

// TestWrong: what logcar refuses, or does not know, and where the schema says so.
func TestWrong(t *testing.T) {
	s := compiled(t)
	log := func(options string) string {
		return "filebeat.inputs:\n- {type: log, paths: [/a], " + options + "}\noutput.console: {}\n"
	}
	stream := func(options string) string { return strings.Replace(log(options), "log", "filestream", 1) }
	const console = inputs + "output.console: {}\n"
	for _, tt := range []struct{ text, where string }{
		{"filebeat.input: []\n" + console, "filebeat.input"},
		{"filebeat: {input: []}\n" + console, "/filebeat"},
		{log("exclude_line: x"), "exclude_line"},
		{log("seek_to_tail: true"), "seek_to_tail"},
		{log("type: lgo"), "/filebeat.inputs/0/type"},
		{"filebeat.inputs: [{type: journald, paths: /a}]\noutput.console: {}\n", "/filebeat.inputs/0/type"},
		{log("tail_files: maybe"), "/filebeat.inputs/0/tail_files"},
		{log("ignore_older: 2d"), "/filebeat.inputs/0/ignore_older"},
		{log("max_bytes: 10MB"), "/filebeat.inputs/0/max_bytes"},
		{log("paths: {a: b}"), "/filebeat.inputs/0/paths"},
		{log("line_terminator: lf"), "/filebeat.inputs/0/line_terminator"},
		{log("json: true"), "/filebeat.inputs/0/json"},
		{log("multiline: {patern: x}"), "/filebeat.inputs/0/multiline"},
		{log("fields: [a]"), "/filebeat.inputs/0/fields"},
		{stream("delete.enabled: maybe"), "/filebeat.inputs/0/delete.enabled"},
		{stream("delete: {enabled: maybe}"), "/filebeat.inputs/0/delete"},
		{stream("file_identity.inode: "), "file_identity.inode"},
		{stream("parsers: [{nosuch: {}}]"), "/filebeat.inputs/0/parsers/0"},
		{stream("parsers: [{syslog: {format: rfc1}}]"), "/filebeat.inputs/0/parsers/0/syslog/format"},
		{inputs + "output.kafak: {hosts: k, topic: t}\n", "output.kafak"},
		{inputs + "output: {kafka: {hosts: k, topic: t, compression: gzpi}}\n", "/output/kafka/compression"},
		{inputs + "output.kafka: {hosts: k, topic: t, ssl: {verification_mode: some}}\n", "/output.kafka/ssl/verification_mode"},
		{inputs + "output.kafka: {hosts: k, topic: t, ssl.key_passphrase: x}\n", "ssl.key_passphrase"},
		{inputs + "output.kafka: {hosts: k, topic: t, kerberos: {realm: x}}\n", "/output.kafka/kerberos"},
		{inputs + "output.elasticsearch: {hosts: x}\n", "/output.elasticsearch"},
		{inputs + "output.file: {path: /a, codec.xml.a: 1}\n", "codec.xml.a"},
		{inputs + "output.console: {codec: {json: {preety: true}}}\n", "/output.console/codec/json"},
		{console + "filebeat.config.inputs: {path: '*.yml', relaod.enabled: true}\n", "/filebeat.config.inputs"},
		{console + "logging.level: loud\n", "/logging.level"},
		{console + "http: {enabled: true, port: many}\n", "/http/port"},
		{console + "processors: [{nosuch: {}}]\n", "/processors/0"},
		{console + "processors: [{script: {lang: javascript, source: x}}]\n", "/processors/0/script"},
		{console + "processors: [{rename: {fields: [{form: a, to: b}]}}]\n", "/processors/0/rename/fields/0"},
		{console + "processors: [{drop_event: {when: {contians: {a: b}}}}]\n", "/processors/0/drop_event/when"},
		{console + "processors: [{add_locale: {format: x}}]\n", "/processors/0/add_locale/format"},
	} {
		if complaints(t, tt.text) == "" {
			t.Errorf("logcar does not complain of:\n%s", tt.text)
		}
		if err := verdict(t, s, []byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.where) {
			t.Errorf("verdict %v, want one of %s:\n%s", err, tt.where, tt.text)
		}
	}
}
