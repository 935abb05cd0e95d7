package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/processor"
)

// place is one table at a place of a configuration where all of it applies.
type place struct {
	table  *tree.Table
	prefix string // of its options' full keys
	base   string // the file of a configuration that such keys can be added to
	values map[string]sample
}

// sample is a value of an option that changes the configuration.
type sample struct {
	value string
	with  []string // overrides that the value needs to make a difference
	also  []string // and those that it cannot be set without
	why   string   // for an option that nothing reads, or without another value: why that is right
}

func value(v string) sample { return sample{value: v} }

// places has every table.
func places(t *testing.T) []place {
	const (
		console    = "output.console: {}\n"
		log        = "filebeat.inputs: [{paths: /a}, {paths: /b}]\n"
		filestream = "filebeat.inputs: [{type: filestream, paths: /a}, {paths: /b}]\n"
		multiline  = "multiline: {pattern: x, match: after}"
		broker     = "output.kafka: {hosts: k, topic: t}\noutput.console.enabled: false\n"
	)
	file := func(text string) string { return filepath.Join(write(t, text).Home, "filebeat.yml") }
	parser := func(name string, table *tree.Table, options string, values map[string]sample) place {
		base := "filebeat.inputs: [{type: filestream, paths: /a, parsers: [" + name + ": {" + options + "}]}]\n" + console
		return place{table, "filebeat.inputs.0.parsers.0." + name + ".", file(base), values}
	}
	identity := func(kind string, table *tree.Table, values map[string]sample) place {
		base := "filebeat.inputs: [{type: filestream, paths: /a, file_identity: {" + kind + ": }}, {paths: /b}]\n" + console
		if kind == "inode_marker" {
			base = strings.Replace(base, kind+": ", kind+".path: /marker", 1)
		}
		return place{table, "filebeat.inputs.0.file_identity." + kind + ".", file(base), values}
	}
	certificate, key := keyPair(t)
	inputs, dir := filepath.Dir(file("- paths: /c\n")), filepath.Dir(file("filebeat.inputs: [paths: /d]\n"))
	topValues := with(topValues, map[string]sample{"filebeat.config_dir": value(dir)})
	return []place{
		{&topTable, "", file(log + console), topValues},
		{&configInputsTable, "filebeat.config.inputs.", file("filebeat.config.inputs.path: " + inputs + "/*.yml\n" + log + console), map[string]sample{
			"enabled": value("false"), "path": value("/x/*.yml"), "reload.enabled": value("false"), "reload.period": value("5s"),
		}},
		{&configDirTable, "", file(log + console), nil},
		{&inputTable, "filebeat.inputs.0.", file(log + console), inputValues},
		{&filesTable, "filebeat.inputs.0.", file(log + console), with(inputValues, filesValues)},
		{&logTable, "filebeat.inputs.0.", file(log + console), with(inputValues, filesValues, logValues)},
		{&filestreamTable, "filebeat.inputs.0.", file(filestream + console), with(inputValues, filesValues, filestreamValues)},
		{&stdinTable, "filebeat.inputs.0.", file("filebeat.inputs: [{type: stdin}, {paths: /b, enabled: false}]\n" + console), with(inputValues, map[string]sample{
			"input_type": {value: "stdin", with: []string{"filebeat.inputs.0.type=", "filebeat.inputs.0.paths=/x"}},
			"type":       {value: "log", also: []string{"filebeat.inputs.0.paths=/x"}}, "max_bytes": value("1000"),
			"enabled": {value: "false", also: []string{"filebeat.inputs.1.enabled=true"}},
		})},
		{&identityTable, "filebeat.inputs.0.file_identity.", file(filestream + console), map[string]sample{
			"native": {value: "{a: b}", why: "it is what is chosen without"}, "path": value("{a: b}"),
		}},
		identity("inode_marker", &markerTable, map[string]sample{"path": value("/x")}),
		identity("fingerprint", &fingerprintTable, map[string]sample{"growing": value("false")}),
		{&multilineTable, "filebeat.inputs.0.multiline.", file("filebeat.inputs: [{paths: /a, " + multiline + "}]\n" + console), multilineValues},
		{&containerInputTable, "filebeat.inputs.0.", file("filebeat.inputs: [{type: container, paths: /a}, {paths: /b}]\n" + console),
			with(with(inputValues, filesValues, logValues), containerValues, map[string]sample{"symlinks": {value: "true", why: "links are followed in any case"}})},
		{&dockerInputTable, "filebeat.inputs.0.", file("filebeat.inputs: [{type: docker, containers.ids: a, paths: [/a, /a]}, {paths: /b}]\n" + console),
			with(inputValues, filesValues, logValues, dockerValues)},
		{&jsonTable, "filebeat.inputs.0.json.", file("filebeat.inputs: [{paths: /a, json: {message_key: m}}]\n" + console),
			with(keyValues, map[string]sample{"keys_under_root": value("true")})},
		{&parserTable, "filebeat.inputs.0.parsers.0.", file(filestream + console), nil},
		parser("ndjson", &ndjsonTable, "message_key: m", with(keyValues, map[string]sample{"target": value("t")})),
		parser("container", &containerTable, "", containerValues),
		parser("syslog", &syslogTable, "", map[string]sample{
			"format": value("rfc5424"), "timezone": value("UTC"), "log_errors": value("true"), "add_error_key": value("false"),
		}),
		parser("include_message", &includeTable, "patterns: x", map[string]sample{"patterns": value("y")}),
		{&multilineTable, "filebeat.inputs.0.parsers.0.multiline.",
			file("filebeat.inputs: [{type: filestream, paths: /a, parsers: [" + multiline + "]}]\n" + console), multilineValues},
		{&kafkaTable, "output.kafka.", file(log + broker), kafkaValues},
		{&topicTable, "output.kafka.topics.0.", file(log + broker + "output.kafka.topics: [{topic: 't%{[x]}'}]\n"), map[string]sample{
			"topic": value("x"), "mappings": value("{a.b: c}"), "default": value("d"), "when": value("{equals: {a: b}}"),
		}},
		{&headerTable, "output.kafka.headers.0.", file(log + broker + "output.kafka.headers: [{key: a}]\n"), map[string]sample{
			"key": value("b"), "value": value("c"),
		}},
		{&hashTable, "output.kafka.partition.hash.", file(log + broker), map[string]sample{
			"hash": value("[a, b]"), "random": value("false"), "reachable_only": value("true"),
		}},
		{&groupTable, "output.kafka.partition.random.", file(log + broker + "output.kafka.partition.random: {}\n"), map[string]sample{"group_events": value("9")}},
		{&groupTable, "output.kafka.partition.round_robin.", file(log + broker + "output.kafka.partition.round_robin: {}\n"), map[string]sample{"group_events": value("9")}},
		{&tlsTable, "output.kafka.ssl.", file(log + broker + "output.kafka.ssl.enabled: true\n"), map[string]sample{
			"enabled": value("false"), "verification_mode": value("none"),
			"certificate_authorities": value(certificate),
			"certificate":             {value: certificate, also: []string{"output.kafka.ssl.key=" + key}},
			"key":                     {value: key, also: []string{"output.kafka.ssl.certificate=" + certificate}},
		}},
		{&fileTable, "output.file.", file(log + "output.file.path: /out\noutput.console.enabled: false\n"), fileValues},
		{&consoleTable, "output.console.", file(log + "output.console: {}\noutput.kafka: {hosts: k, topic: t, enabled: false}\n"), map[string]sample{
			"enabled": {value: "false", also: []string{"output.kafka.enabled=true"}},
			"pretty":  value("true"),
		}},
		{&codecTable, "output.console.codec.", file(log + console), codecValues},
		{&codecTable, "output.file.codec.", file(log + "output.file.path: /out\n"), codecValues},
		{&codecTable, "output.kafka.codec.", file(log + "output.kafka: {hosts: k, topic: t}\n"), codecValues},
		{&otherTable, "output.redis.", file(log + "output.redis.enabled: false\n" + console), map[string]sample{
			"enabled": {value: "false", why: "true is refused"},
		}},
	}
}

var topValues = map[string]sample{
	"fields": value("{a: 1}"), "fields_under_root": {value: "true", with: []string{"fields.a=1"}}, "tags": value("[a]"),
	"processors":                value("[{drop_event: {}}]"),
	"filebeat.shutdown_timeout": value("7s"), "filebeat.registry.path": value("/positions"), "filebeat.registry.flush": value("5s"),
	"filebeat.registry_file": value("old"),
	"name":                   value("pod"), "max_procs": value("2"), "gc_percent": value("50"),
	"path.home": value("/x"), "path.data": value("/x"), "keystore.path": value("/x"),
	"path.config":   {value: "/x", with: []string{"name=${path.config}"}, why: "only references read it"},
	"path.logs":     {value: "/x", with: []string{"name=${path.logs}"}, why: "only references read it"},
	"logging.level": value("error"), "logging.metrics.enabled": value("false"), "logging.metrics.period": value("1m"),
	"http.enabled": value("true"),
	"http.host":    {value: "0.0.0.0", with: []string{"http.enabled=true"}},
	"http.port":    {value: "5067", with: []string{"http.enabled=true"}},

	"logcar.unterminated": value("true"), "logcar.documents": value("7"), "logcar.quiet": value("3s"), "logcar.event_id": value("true"), "logcar.reload": value("false"),
	"logcar.storage.max_bytes": value("512MiB"), "logcar.storage.warn": value("off"), "logcar.storage.delete": value("85%"),
	"logcar.too_large": value("drop"), "logcar.dead_letter.path": value("letters"), "logcar.dead_letter.topic": value("letters"),
	"logcar.dead_letter.max_size": {value: "100000", with: []string{"logcar.too_large=file"}},
	"logcar.exit_when_quiet":      value("10s"), "logcar.done_file": value("/logs/done"), "logcar.termination_log": value("/x"),
	"logcar.missing_topic":       {value: "1m", with: []string{"output.kafka={hosts: k, topic: t}", "output.console.enabled=false"}},
	"logcar.registry.on_corrupt": value("fail"), "logcar.storage.deleted_timeout": value("1h"),
}

var inputValues = map[string]sample{
	"fields": value("{a: 1}"), "fields_under_root": {value: "true", with: []string{"filebeat.inputs.0.fields.a=1"}}, "tags": value("[a]"),
	"processors": value("[{drop_event: {}}]"),
	"type":       value("log"), "enabled": value("false"), "pipeline": value("p"),
	"input_type":                      {value: "filestream", with: []string{"filebeat.inputs.0.type=", "filebeat.inputs.0.seek_to_tail=true"}},
	"publisher_pipeline.disable_host": value("true"),
	"include_lines":                   value("x"), "exclude_lines": value("x"),
	"encoding": value("gbk"), "line_terminator": value("carriage_return"),
	"keep_null": {value: "true", with: []string{"filebeat.inputs.0.encoding=gbk"}}, // plain lines have no nulls
}

var filesValues = map[string]sample{
	"paths": value("/x"), "ignore_older": value("1h"), "harvester_limit": value("3"), "clean_removed": value("false"),
	"clean_inactive": {value: "3h", with: []string{"filebeat.inputs.0.ignore_older=1h"}},
}

var keyValues = map[string]sample{
	"message_key": value("x"), "document_id": value("id"), "overwrite_keys": value("true"), "expand_keys": value("true"),
	"add_error_key": value("true"), "ignore_decoding_error": value("true"),
}

var containerValues = map[string]sample{"stream": value("stdout"), "format": value("cri")}

var dockerValues = map[string]sample{
	"paths":          value("[/a, /x]"),
	"containers.ids": value("[a, b]"), "containers.path": value("/x"), "containers.stream": value("stdout"),
	"containers.paths": {value: "/x", also: []string{"filebeat.inputs.0.containers.ids="}},
	"combine_partials": value("false"), "cri.force": value("true"),
}

var logValues = map[string]sample{
	"max_bytes": value("1000"), "exclude_files": value("gz"), "symlinks": value("true"), "recursive_glob.enabled": value("false"),
	"scan_frequency": value("3s"), "tail_files": value("true"), "backoff": value("3s"), "max_backoff": value("3s"),
	"close_inactive": value("1h"), "close_eof": value("true"), "close_renamed": value("true"), "close_removed": value("false"),
	"close_timeout": value("1h"), "scan.sort": value("filename"), "scan.order": value("desc"),
}

var filestreamValues = map[string]sample{
	"message_max_bytes": value("1000"), "seek_to_tail": value("true"), "backoff.init": value("3s"), "backoff.max": value("3s"),
	"close.on_state_change.inactive": value("1h"), "close.on_state_change.renamed": value("true"),
	"close.on_state_change.removed": value("false"), "close.reader.on_eof": value("true"),
	"prospector.scanner.check_interval": value("3s"), "prospector.scanner.symlinks": value("true"),
	"prospector.scanner.recursive_glob": value("false"), "prospector.scanner.exclude_files": value("gz"),
	"prospector.scanner.include_files": value("gz"), "prospector.scanner.resend_on_touch": value("true"),
	"prospector.scanner.fingerprint.offset": {value: "9", with: []string{"filebeat.inputs.0.file_identity.fingerprint.growing=true"}},
	"prospector.scanner.fingerprint.length": {value: "64", with: []string{"filebeat.inputs.0.file_identity.fingerprint.growing=true"}},
	"ignore_inactive":                       value("since_last_start"), "close.reader.after_interval": value("1h"),
	"delete.enabled": value("true"), "delete.grace_period": value("1h"), "compression": value("auto"), "gzip_experimental": value("true"),
	"rotation.external.strategy.copytruncate.suffix_regex": value("gz"),
	"include_file_owner_name":                              value("true"), "include_file_owner_group_name": value("true"),
}

var multilineValues = map[string]sample{
	"type": value("while_pattern"), "pattern": value("y"), "negate": value("true"), "match": value("before"), "flush_pattern": value("end"),
	"max_lines": value("5"), "max_bytes": value("1KB"), "timeout": value("9s"), "skip_newline": value("true"),
	"count_lines": {value: "3", with: []string{"filebeat.inputs.0.multiline.type=count", "filebeat.inputs.0.parsers.0.multiline.type=count",
		"filebeat.inputs.0.multiline.count_lines=2", "filebeat.inputs.0.parsers.0.multiline.count_lines=2"}},
}

var kafkaValues = map[string]sample{
	"enabled": {value: "false", also: []string{"output.console.enabled=true"}},
	"hosts":   value("[a, b]"), "topic": value("x"), "key": value("%{[x]}"), "required_acks": value("1"), "compression": value("lz4"), "compression_level": value("6"),
	"client_id": value("x"), "bulk_max_size": value("10"), "bulk_flush_frequency": value("1s"), "max_message_bytes": value("2000"),
	"timeout": value("1s"), "broker_timeout": value("1s"), "backoff.init": value("2s"), "backoff.max": value("2s"),
	"metadata.refresh_frequency": value("1m"), "metadata.retry.backoff": value("1s"), "keep_alive": value("1s"),
	"username":       {value: "u", with: []string{"output.kafka.password=p"}},
	"password":       value("p"),
	"sasl.mechanism": value("scram-sha-256"),
}

var fileValues = map[string]sample{
	"enabled": {value: "false", also: []string{"output.console.enabled=true"}},
	"path":    value("/x"), "filename": value("x"), "rotate_every_kb": value("10"), "number_of_files": value("3"),
	"permissions": value("0644"), "rotate_on_startup": value("false"),
}

var codecValues = map[string]sample{
	"json.pretty": value("true"), "json.escape_html": value("true"), "json.escapehtml": value("true"),
	"json.local_time": value("true"), "json.localtime": value("true"), "format.string": value("%{[message]}"),
}

// with puts samples together; of two of one option the later counts.
func with(values ...map[string]sample) map[string]sample {
	all := map[string]sample{}
	for _, m := range values {
		maps.Copy(all, m)
	}
	return all
}

// TestTablesAreTrue: what the tables say of each option is what the reader does.
// One that is honoured is read and changes the configuration, with its documented
// default nothing changes; one without effect changes nothing and is told so; one
// that is refused ends the start.
func TestTablesAreTrue(t *testing.T) {
	covered := map[*tree.Table]bool{}
	for _, p := range places(t) {
		covered[p.table] = true
		for _, o := range p.table.Options {
			t.Run(p.prefix+o.Name, func(t *testing.T) {
				switch {
				case o.Status == tree.Refused:
					checkRefused(t, p, o)
				case o.Status == tree.NoEffect:
					checkNoEffect(t, p, o)
				case o.Kind != tree.Group && o.Kind != tree.List: // those are places of their own
					checkHonoured(t, p, o)
				}
			})
		}
	}
	for _, table := range []*tree.Table{
		&topTable, &configInputsTable, &configDirTable, &inputTable, &filesTable, &identityTable, &markerTable, &fingerprintTable, &stdinTable,
		&logTable, &filestreamTable, &containerInputTable, &dockerInputTable, &jsonTable, &multilineTable, &parserTable, &ndjsonTable, &containerTable,
		&syslogTable, &includeTable, &kafkaTable, &topicTable, &headerTable, &hashTable, &groupTable, &tlsTable, &fileTable, &consoleTable, &codecTable, &otherTable,
	} {
		if !covered[table] {
			t.Errorf("table %s is not tested", table.Name)
		}
	}
}

func checkHonoured(t *testing.T, p place, o tree.Option) {
	s, ok := p.values[o.Name]
	if !ok {
		t.Fatal("has no sample: give a value other than the default, and what would differ")
	}
	key := p.prefix + o.Name
	before := p.load(t, s.with...)
	after := p.load(t, slices.Concat(s.with, s.also, []string{key + "=" + s.value})...)
	i := slices.IndexFunc(after.Keys, func(k KeyReport) bool { return k.Key == key })
	onlyReferences := strings.HasPrefix(s.why, "only references")
	switch {
	case i < 0:
		t.Error("is not reported")
	case after.Keys[i].Status != tree.Honoured:
		t.Errorf("is reported as %s", after.Keys[i].Status)
	case after.Keys[i].Read == onlyReferences:
		t.Errorf("read: %v", after.Keys[i].Read)
	}
	if differs := !equal(before, after); differs != (s.why == "" || onlyReferences) {
		t.Errorf("the value %s makes a difference: %v", s.value, differs)
	}

	switch {
	case o.Default == "", strings.Contains(o.Default, " "): // in words, for people
		return
	case o.Name == "type" && p.table != &multilineTable: // one that is written becomes the document's input.type
		return
	case p.table == &otherTable: // an output that is enabled is refused
		return
	}
	if !equal(p.load(t, s.with...), p.load(t, slices.Concat(s.with, []string{key + "=" + o.Default})...)) {
		t.Errorf("is documented to be %s by default, but to write that makes a difference", o.Default)
	}
}

func checkNoEffect(t *testing.T, p place, o tree.Option) {
	before, after := p.load(t), p.load(t, p.prefix+o.Name+"=1")
	if !equal(before, after) {
		t.Error("makes a difference")
	}
	if !slices.ContainsFunc(after.Warnings, func(w Problem) bool {
		return w.Key == p.prefix+o.Name && strings.HasPrefix(w.Text, "has no effect: ")
	}) {
		t.Errorf("no notice, but %v", after.Warnings)
	}
}

func checkRefused(t *testing.T, p place, o tree.Option) {
	if _, err := Load(p.args(p.prefix + o.Name + "=1")); err == nil || err.Error() != "-E: "+p.prefix+o.Name+": is not supported: "+o.Note {
		t.Errorf("error %v", err)
	}
}

func (p *place) args(overrides ...string) Args {
	return Args{Files: []string{p.base}, Overrides: overrides}
}

func (p *place) load(t *testing.T, overrides ...string) *Config {
	t.Helper()
	return mustLoad(t, p.args(overrides...))
}

// equal compares two configurations, but for what is said about them.
func equal(a, b *Config) bool {
	x, y := *a, *b
	x.Keys, x.Warnings, x.off = nil, nil, nil
	y.Keys, y.Warnings, y.off = nil, nil, nil
	// The processors of inputs are found by the input's address.
	x.Documents.Inputs, y.Documents.Inputs = nil, nil
	//nolint:govet // the fields that hold errors are emptied above
	return reflect.DeepEqual(x, y) && reflect.DeepEqual(a.inputChains(), b.inputChains())
}

// inputChains are the processors of the inputs, in their order.
func (c *Config) inputChains() []*processor.Chain {
	chains := make([]*processor.Chain, len(c.Inputs))
	for i, in := range c.Inputs {
		chains[i] = c.Documents.Inputs[in.Event]
	}
	return chains
}

// keyPair makes a certificate that is its own authority, and its key, as files.
func keyPair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	save := func(name, kind string, bytes []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return save("c.pem", "CERTIFICATE", der), save("k.pem", "PRIVATE KEY", keyDER)
}
