package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// nowhere replaces the directory of the test in messages.
func nowhere(text, dir string) string { return strings.ReplaceAll(text, dir+"/", "") }

// TestErrors: what is wrong is said with file, line and key, all of it at once.
func TestErrors(t *testing.T) {
	const console = "output.console: {}\n"
	input := func(options string) string { return "filebeat.inputs:\n- {paths: /a, " + options + "}\n" + console }
	stream := func(options string) string { return input("type: filestream, " + options) }
	broker := func(options string) string {
		return "filebeat.inputs: [paths: /a]\noutput.kafka: {hosts: k, topic: t, " + options + "}\n"
	}
	log := func(options string) string {
		return "filebeat.inputs: [paths: /a]\noutput.file: {path: /out, " + options + "}\n"
	}
	in, out := "filebeat.yml:2: filebeat.inputs.0.", "filebeat.yml:2: output."

	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{
			"filebeat.yml:1: filebeat.inputs: no inputs enabled: which files do you want to be read? Expected a list with paths",
			"filebeat.yml:1: output: no output is enabled: expected one of output.kafka, output.file, output.console",
		}},
		{"no YAML", "a: b\n\tc: d\n", []string{
			"load configuration: filebeat.yml:2: invalid YAML: found a tab character that violates indentation (indent with spaces: YAML does not take tabs)",
		}},
		{"no map", "- a\n", []string{"load configuration: filebeat.yml:1: expected a map of settings at the top, found a list"}},

		{"no output", "filebeat.inputs: [paths: /a]\n", []string{"filebeat.yml:1: output: no output is enabled: expected one of output.kafka, output.file, output.console"}},
		{"codec", log("codec.xml.x: 1"), []string{out + `file.codec.xml: codec "xml" is unknown: expected json or format`}},
		{"codec is no map", log("codec: json"), []string{out + `file.codec: expected a map, found "json"`}},
		{"two codecs", broker("codec: {json.pretty: true, format.string: x}"), []string{out + "kafka.codec: more than one codec (format, json); expected one of json, format"}},
		{"no format", broker("codec.format: "), []string{out + `kafka.codec.format.string: no format: expected one such as "%{[@timestamp]} %{[message]}"`}},
		{"wrong format", broker("codec.format.string: '%{message}'"), []string{
			out + `kafka.codec.format.string: parse format string "%{message}": unsupported format expression "message"; a field is written %{[message]}`,
		}},
		{"path of an event", "filebeat.inputs: [paths: /a]\noutput.file.path: '/out/%{[fields.service]}'\n", []string{
			out + `file.path: "/out/%{[fields.service]}" depends on the event; expected no more than a date such as %{+yyyy.MM.dd}`,
		}},
		{"outputs disabled", "filebeat.inputs: [paths: /a]\noutput.kafka.enabled: false\n", []string{"filebeat.yml:2: output: no output is enabled: expected one of output.kafka, output.file, output.console"}},
		{"two outputs", "filebeat.inputs: [paths: /a]\noutput.console: {}\noutput.kafka: {hosts: k, topic: t}\n", []string{
			"filebeat.yml:2: output: more than one output is enabled (console, kafka); expected one of kafka, file, console",
		}},
		{"unsupported output", "filebeat.inputs: [paths: /a]\noutput.elasticsearch:\n  hosts: [es]\n", []string{
			"filebeat.yml:2: output.elasticsearch: is not supported: logcar delivers to kafka, file and console; " +
				"write output.kafka, and let Logstash or Kafka Connect write from there to Elasticsearch",
		}},
		{"another unsupported output", "filebeat.inputs: [paths: /a]\noutput:\n  logstash.hosts: [l]\n", []string{
			"filebeat.yml:3: output.logstash: is not supported: logcar delivers to kafka, file and console; " +
				"write output.kafka, and let Logstash read it with its kafka input",
		}},
		{"unknown output", "filebeat.inputs: [paths: /a]\noutput.kafak: {hosts: k, topic: t}\n", []string{
			`filebeat.yml:2: output.kafak: output "kafak" is unknown: expected kafka, file or console`,
		}},
		{"output is no map", "filebeat.inputs: [paths: /a]\noutput: kafka\n", []string{
			`filebeat.yml:2: output: expected a map, found "kafka"`,
			`filebeat.yml:2: output: no output is enabled: expected one of output.kafka, output.file, output.console`,
		}},

		{"inputs disabled", "filebeat.inputs: [{paths: /a, enabled: false}]\n" + console, []string{
			"filebeat.yml:1: filebeat.inputs: no inputs enabled: which files do you want to be read? Expected a list with paths",
		}},
		{"autodiscovery", console + "filebeat:\n  config.modules.path: m\n  autodiscover.providers: [{type: docker, hints.enabled: true}]\n", []string{
			"filebeat.yml:4: filebeat.autodiscover: names no files to logcar, which has no modules and no autodiscovery; expected filebeat.inputs with their paths",
		}},
		{"no files of inputs", console + "filebeat.config.prospectors:\n  path: none/*.yml\n  reload.enabled: false\n", []string{
			"filebeat.yml:3: filebeat.config.prospectors.path: no file there has an input that is enabled, and with reload.enabled: false none is waited for",
		}},
		{"modules", console + "filebeat.modules: [{module: nginx}]\nfilebeat.inputs: []\n", []string{
			"filebeat.yml:2: filebeat.modules: names no files to logcar, which has no modules and no autodiscovery; expected filebeat.inputs with their paths",
		}},
		{"a map where inputs are listed", "filebeat.config.inputs: {path: '*.yml'}\nfilebeat.inputs: [paths: /a]\n" + console, []string{
			"load configuration: filebeat.yml:1: expected a list at the top, found a map",
		}},
		{"other files without a path", "filebeat.config.inputs: {}\nfilebeat.inputs: [paths: /a]\n" + console, []string{
			"filebeat.yml:1: filebeat.config.inputs.path: no path: expected a pattern such as ${path.config}/inputs.d/*.yml",
		}},
		{"no pattern of files", "filebeat.config.inputs: {path: '[', reload.period: -1s}\nfilebeat.inputs: [paths: /a]\n" + console, []string{
			`filebeat.yml:1: filebeat.config.inputs.path: "[" is no pattern: syntax error in pattern`,
			"filebeat.yml:1: filebeat.config.inputs.reload.period: -1s is no time; expected more than 0",
		}},
		{"unsupported input", "filebeat.inputs:\n- {type: journald, paths: /a}\n" + console, []string{
			in + `type: input type "journald" is not supported; log, filestream, container, docker and stdin are`,
		}},
		{"unknown input", "filebeat.inputs:\n- {type: filestraem, paths: /a}\n" + console, []string{
			in + `type: "filestraem" is not one of log, filestream, container, docker, stdin, tcp, udp, unix, syslog, redis, mqtt, kafka, journald, winlog, ` +
				`http_endpoint, httpjson, cel, aws-s3, gcs, azure-eventhub, netflow; did you mean "filestream"?`,
		}},
		{"no paths", "filebeat.inputs:\n- type: log\n" + console, []string{in + "paths: no paths: expected a list of files or patterns such as /mnt/*.log"}},
		{"paths are a map", "filebeat.inputs:\n- paths: {a: b}\n" + console, []string{
			in + "paths: expected a list of strings, found a map",
			in + "paths: no paths: expected a list of files or patterns such as /mnt/*.log",
		}},
		{"reference", input("fields.ip: '${POD_IP_NOT_SET}'"), []string{in + "fields.ip: ${POD_IP_NOT_SET} is not set, neither as a key of the configuration nor in the environment or keystore; ${POD_IP_NOT_SET:value} gives it a default"}},
		{"fields", input("fields: [a]"), []string{in + "fields: expected a map"}},
		{"boolean", input("tail_files: maybe"), []string{in + `tail_files: "maybe" is not a boolean; expected true or false`}},
		{"regexp", input("exclude_lines: ['(']"), []string{in + "exclude_lines: error parsing regexp: missing closing ): `(`"}},
		{"second regexp", input("include_lines: [ok, 'a**']"), []string{in + "include_lines: error parsing regexp: invalid nested repetition operator: `**`"}},
		{"file regexp", stream("prospector.scanner.exclude_files: '['"), []string{in + "prospector.scanner.exclude_files: error parsing regexp: missing closing ]: `[`"}},
		{"duration", input("scan_frequency: 10x"), []string{in + `scan_frequency: "10x" is not a duration; expected a number with a unit such as 10s or 1m30s`}},
		{"days", input("ignore_older: 2d"), []string{in + `ignore_older: "2d" is not a duration; expected a number with a unit such as 10s or 1m30s`}},
		{"no scan", input("scan_frequency: 0"), []string{in + "scan_frequency: 0s is no time; expected more than 0"}},
		{"no back-off", stream("backoff.init: 0"), []string{in + "backoff.init: 0s is no time; expected more than 0"}},
		{"negative", input("close_inactive: -5m"), []string{in + "close_inactive: -5m0s is negative; expected 0 or more"}},
		{"no share", "logcar.storage: {warn: much, delete: 101%}\n" + input(""), []string{
			"filebeat.yml:1: logcar.storage.delete: 101% is no share; expected a percentage such as 70%, or off",
			"filebeat.yml:1: logcar.storage.warn: much is no share; expected a percentage such as 70%, or off",
		}},
		{"deletes what nobody confirms", "logcar.storage.delete: 80%\nfilebeat.inputs: [paths: /a]\noutput.kafka: {hosts: k, topic: t, required_acks: 0}\n", []string{
			"filebeat.yml:1: logcar.storage.delete: nobody confirms anything with required_acks: 0, so that nothing can be deleted; expected off",
		}},
		{"size with unit", input("max_bytes: 10MB"), []string{in + `max_bytes: "10MB" is not a number of bytes; expected a whole number without a unit such as 10485760`}},
		{"no size", stream("message_max_bytes: 0"), []string{in + "message_max_bytes: 0 is out of range; expected 1 to 1073741824"}},
		{"size too large", input("max_bytes: 1073741825"), []string{in + "max_bytes: 1073741825 is out of range; expected 1 to 1073741824"}},
		{"encoding", input("encoding: klingon"), []string{in + `encoding: "klingon" is unknown`}},
		{"encoding without a decoder", input("encoding: iso-2022-kr"), []string{in + `encoding: "iso-2022-kr" cannot be read: the WHATWG standard gives it no decoder`}},
		{"line terminator", input("line_terminator: lf"), []string{
			in + `line_terminator: "lf" is not one of auto, line_feed, vertical_tab, form_feed, carriage_return, carriage_return_line_feed, ` +
				"next_line, line_separator, paragraph_separator, null_terminator",
		}},
		{"line terminator that the encoding lacks", input("encoding: latin1, line_terminator: line_separator"), []string{
			in + "line_terminator: encoding latin1 has no character [U+2028]",
		}},
		{"refused", "filebeat.inputs: [{paths: /a}]\noutput.kafka: {hosts: k, topic: t, ssl.key_passphrase: x}\n", []string{
			"filebeat.yml:2: output.kafka.ssl.key_passphrase: is not supported: give an unencrypted key in a Secret instead",
		}},
		{"stdin and another", "filebeat.inputs: [{type: stdin}, {paths: /a}]\n" + console, []string{
			"filebeat.yml:1: filebeat.inputs: stdin must be the only input, and there are 2",
		}},
		{"two identities", input("file_identity: {path: , native: }"), []string{in + "file_identity: expected one, found native, path"}},
		{"unknown identity", input("file_identity.inode: "), []string{in + "file_identity.inode: file identity is unknown"}},
		{"no marker", input("file_identity.inode_marker: "), []string{in + "file_identity.inode_marker.path: no path: which file tells the volume?"}},
		{"short fingerprint", stream("prospector.scanner.fingerprint.length: 10"), []string{
			in + "prospector.scanner.fingerprint.length: 10 is out of range; expected 64 to 10485760",
		}},
		{"compression by inode", stream("compression: auto, file_identity.native: "), []string{
			in + "compression: needs file_identity.fingerprint: by what else is a file the same when it is compressed?",
		}},
		{"rotation", stream("rotation.external.strategy.copytruncate.suffix_regex: '('"), []string{
			in + "rotation.external.strategy.copytruncate.suffix_regex: error parsing regexp: missing closing ): `(`",
		}},
		{"clean_inactive alone", input("clean_inactive: 1h"), []string{
			in + "clean_inactive: ignore_older must be set as well: a file whose position is forgotten would be read again after a restart",
		}},
		{"clean_inactive too early", input("clean_inactive: 1h, ignore_older: 1h"), []string{
			in + "clean_inactive: 1h0m0s must be more than ignore_older and the time between two scans, 1h0m10s, together: a file whose position is forgotten would be read again after a restart",
		}},
		{"harvester_limit", input("harvester_limit: -1"), []string{in + "harvester_limit: -1 is out of range; expected 0 to 1073741824"}},
		{"json without a message key", input("json: {keys_under_root: true}, exclude_lines: x"), []string{
			in + "json.message_key: is needed with multiline, include_lines and exclude_lines: which key has the text that they look at?",
		}},
		{"json is no map", input("json: true"), []string{in + `json: expected a map, found "true"`}},
		{"docker", "filebeat.inputs:\n- {type: docker, containers.stream: err}\n" + console, []string{
			in + "containers.ids: no containers: expected a list of their ids, or \"*\" for all of them",
			in + `containers.stream: "err" is not one of all, stdout, stderr`,
		}},
		{"docker both ways", "filebeat.inputs:\n- {type: docker, containers: {ids: a, paths: /b}}\n" + console, []string{
			in + "containers.paths: stands in place of containers.ids; expected one of them",
		}},
		{"container", "filebeat.inputs:\n- {type: container, paths: /a, stream: err, format: crio}\n" + console, []string{
			in + `format: "crio" is not one of auto, docker, json-file, cri; did you mean "cri"?`,
			in + `stream: "err" is not one of all, stdout, stderr`,
		}},

		{"multiline type", input("multiline: {type: cuont}"), []string{in + `multiline.type: "cuont" is none of pattern, count, while_pattern`}},
		{"multiline pattern", input("multiline: {match: after}"), []string{in + "multiline.pattern: missing; expected a regular expression"}},
		{"multiline regexp", input("multiline: {pattern: '(', match: after}"), []string{in + "multiline.pattern: error parsing regexp: missing closing ): `(`"}},
		{"multiline match", input("multiline: {pattern: x}"), []string{in + "multiline.match: missing; expected after or before"}},
		{"multiline wrong match", input("multiline: {pattern: x, match: behind}"), []string{in + `multiline.match: "behind" is neither after nor before`}},
		{"multiline timeout", input("multiline: {pattern: x, match: after, timeout: -1}"), []string{in + "multiline.timeout: -1s is negative; 0 is no timeout"}},
		{"multiline count", input("multiline: {type: count}"), []string{in + "multiline.count_lines: 0; expected 1 or more"}},
		{"multiline size", input("multiline: {pattern: x, match: after, max_bytes: 0}"), []string{in + "multiline.max_bytes: 0 leaves nothing; expected 1 or more"}},
		{"multiline is no map", input("multiline: after"), []string{
			in + `multiline: expected a map, found "after"`, in + "multiline.pattern: missing; expected a regular expression",
		}},
		{"parser", stream("parsers: [ndjson: {}, syslog: {format: rfc1}]"), []string{in + `parsers.1.syslog.format: "rfc1" is not one of auto, rfc3164, rfc5424`}},
		{"parser's time zone", stream("parsers: [syslog: {timezone: Mars/Olympus}]"), []string{
			in + `parsers.0.syslog.timezone: "Mars/Olympus" is no time zone; expected a name such as Europe/Berlin or UTC`,
		}},
		{"parser without patterns", stream("parsers: [include_message: ]"), []string{in + "parsers.0.include_message.patterns: no patterns: expected a list"}},
		{"parser with a value", stream("parsers: [ndjson: true]"), []string{in + "parsers.0: expected one parser, found 0"}},
		{"two in one", stream("parsers: [{ndjson: {}, container: {}}]"), []string{in + "parsers.0: expected one parser, found 2"}},
		{"two containers", stream("parsers: [container: , container: ]"), []string{"filebeat.yml:2: filebeat.inputs.0: parsers: stage 2: there is a container already"}},
		{"unknown parser", stream("parsers: [multilin: {}]"), []string{in + "parsers.0.multilin: parser is unknown"}},

		{"processors", basic + `processors:
- add_host_metadata:
- drop_event:
    when:
      contains: x
- dissect:
    field: 3
    tokenizer: "%{a"
- if.has_fields: [a]
  then:
  - drop_event:
  - add_tags:
      tag: [x]
- script: {lang: javascript}
`, []string{
			`filebeat.yml:7: processors.1.drop_event.when.contains: expected a map of fields to values, found "x"`,
			"filebeat.yml:10: processors.2.dissect.tokenizer: invalid dissect tokenizer: no %{key} in it",
			"filebeat.yml:14: processors.3.then.1.add_tags: missing tags option",
			`filebeat.yml:15: processors.3.then.1.add_tags.tag: unexpected tag option; did you mean "tags"?`,
			"filebeat.yml:16: processors.4.script: is not supported: logcar runs no JavaScript; dissect, replace, convert, timestamp, " +
				"copy_fields, rename, drop_event and if/then/else do what scripts mostly do",
		}},
		{"two actions", input("processors: [{drop_event: , add_id: }]"), []string{
			in + "processors.0: each processor must have exactly one action, but found 2 actions (add_id,drop_event)",
		}},
		{"processor is no map", input("processors: [drop_event]"), []string{in + `processors.0: expected a map with one action, found "drop_event"`}},
		{"processors are a map", input("processors: {drop_event: }"), []string{in + "processors: expected a list of processors"}},
		{"processor's reference", input("processors: [drop_fields.fields: '${NOT_SET_HERE}']"), []string{
			in + "processors.0.drop_fields: missing fields option",
			in + "processors.0.drop_fields.fields: ${NOT_SET_HERE} is not set, neither as a key of the configuration nor in the environment or keystore; ${NOT_SET_HERE:value} gives it a default",
		}},

		{"no hosts", "filebeat.inputs: [paths: /a]\noutput.kafka: {topic: t}\n", []string{out + `kafka.hosts: no hosts: expected a list such as ["kafka-1:9092", "kafka-2:9092"]`}},
		{"bad host", "filebeat.inputs: [paths: /a]\noutput.kafka: {topic: t, hosts: ['kafka://k:9092']}\n", []string{out + `kafka.hosts: "kafka://k:9092" is not of the form host:port`}},
		{"no topic", "filebeat.inputs: [paths: /a]\noutput.kafka: {hosts: k}\n", []string{out + "kafka.topic: no topic: expected a name, or topics"}},
		{"topic's format", "filebeat.inputs: [paths: /a]\noutput.kafka: {hosts: k, topic: '%{topic}'}\n", []string{
			out + `kafka.topic: parse format string "%{topic}": unsupported format expression "topic"; a field is written %{[topic]}`,
		}},
		{"topic's name", "filebeat.inputs: [paths: /a]\noutput.kafka: {hosts: k, topic: 'my logs'}\n", []string{
			out + `kafka.topic: "my logs" cannot be the name of a topic; expected up to 249 letters, digits, dots, underscores and hyphens`,
		}},
		{"rules", broker("topics: [{default: a/b}, {topic: c, when: {equal.a: 1}}, {topic: '%{[x]}', mappings: {a.b: [1]}}, {topic: '%{[x]}', mappings: {y: z/}}]"), []string{
			out + `kafka.topics.0.default: "a/b" cannot be the name of a topic; expected up to 249 letters, digits, dots, underscores and hyphens`,
			out + "kafka.topics.0.topic: no topic: expected a name",
			out + `kafka.topics.1.when.equal: equal is not a condition; did you mean "equals"?; conditions: equals, contains, regexp, range, has_fields, network, or, and, not`,
			out + "kafka.topics.2.mappings: expected a map of values to topics",
			out + `kafka.topics.3.mappings.y: "z/" cannot be the name of a topic; expected up to 249 letters, digits, dots, underscores and hyphens`,
		}},
		{"a condition that is none", broker("topics: [{topic: c, when: x}]"), []string{out + "kafka.topics.0.when: expected a condition"}},
		{"key", broker("key: '%{[a'"), []string{out + `kafka.key: parse format string "%{[a": missing closing '}'`}},
		{"two strategies", broker("partition: {random: , hash: }"), []string{out + "kafka.partition: more than one strategy (hash, random); expected one of hash, random, round_robin"}},
		{"another strategy", broker("partition.murmur2: {}"), []string{out + `kafka.partition: strategy "murmur2" is unknown; expected one of hash, random, round_robin`}},
		{"group_events", broker("partition.random.group_events: 0"), []string{out + "kafka.partition.random.group_events: 0 is out of range; expected 1 to 1073741824"}},
		{"acks", broker("required_acks: 2"), []string{out + "kafka.required_acks: 2 is not one of -1 (all replicas), 1 (the leader), 0 (none)"}},
		{"acks in words", broker("required_acks: all"), []string{out + `kafka.required_acks: "all" is not an integer; expected a whole number such as 10`}},
		{"codec", broker("compression: gz"), []string{out + `kafka.compression: "gz" is not one of none, no, off, gzip, snappy, lz4, zstd`}},
		{"level", broker("compression_level: 12"), []string{out + `kafka.compression_level: "12" is out of range; expected 0 to 9, or auto`}},
		{"bulk size", broker("bulk_max_size: 0"), []string{out + "kafka.bulk_max_size: 0 is out of range; expected 1 to 1048576"}},
		{"size of the dead letter", broker("") + "logcar.dead_letter.max_size: 1KiB\n", []string{
			"filebeat.yml:3: logcar.dead_letter.max_size: 1024 is out of range; expected at least 64KiB",
		}},
		{"dead letter twice", broker("") + "logcar.dead_letter: {path: a, topic: b}\n", []string{
			"filebeat.yml:3: logcar.dead_letter.topic: the dead letter is a topic or files, not both",
		}},
		{"dead letter for nobody", broker("") + "logcar.too_large: topic\n", []string{
			"filebeat.yml:3: logcar.too_large: topic needs logcar.dead_letter.topic",
		}},
		{"dead letter without a name", broker("") + "logcar.dead_letter.topic: a b\n", []string{
			`filebeat.yml:3: logcar.dead_letter.topic: "a b" is no name of a topic`,
		}},
		{"what is too large", broker("") + "logcar.too_large: keep\n", []string{
			`filebeat.yml:3: logcar.too_large: "keep" is not one of truncate, drop, file, topic`,
		}},
		{"message size", broker("max_message_bytes: 100"), []string{out + "kafka.max_message_bytes: 100 is out of range; expected 1024 to 1073741824"}},
		{"timeout", broker("timeout: 0"), []string{out + "kafka.timeout: 0s is no time; expected more than 0"}},
		{"password", broker("username: u"), []string{out + "kafka.password: there is a username and no password"}},
		{"mechanism", broker("username: u, password: p, sasl.mechanism: SCRAM"), []string{out + `kafka.sasl.mechanism: "SCRAM" is not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512`}},
		{"kerberos", broker("kerberos.enabled: true"), []string{out + "kafka.kerberos: is not supported: the Kafka client cannot log in with Kerberos; use SASL with a password, or certificates"}},
		{"authority missing", broker("ssl.certificate_authorities: [DIR/ca.pem]"), []string{out + "kafka.ssl.certificate_authorities: open ca.pem: no such file or directory"}},
		{"authority is none", broker("ssl.certificate_authorities: [DIR/filebeat.yml]"), []string{out + `kafka.ssl.certificate_authorities: no certificate in "filebeat.yml"`}},
		{"certificate missing", broker("ssl: {certificate: DIR/c.pem, key: DIR/k.pem}"), []string{
			out + "kafka.ssl.certificate: open c.pem: no such file or directory", out + "kafka.ssl.key: open k.pem: no such file or directory",
		}},
		{"certificate without key", broker("ssl: {certificate: DIR/c.pem}"), []string{out + "kafka.ssl.certificate: certificate and key go together"}},
		{"certificate is none", broker("ssl: {certificate: DIR/filebeat.yml, key: DIR/filebeat.yml}"), []string{
			out + "kafka.ssl.certificate: tls: failed to find any PEM data in certificate input",
		}},
		{"passphrase", broker("ssl.key_passphrase: x"), []string{out + "kafka.ssl.key_passphrase: is not supported: give an unencrypted key in a Secret instead"}},

		{"no path", "filebeat.inputs: [paths: /a]\noutput.file:\n  filename: x\n", []string{out + "file.path: no path: expected a directory"}},
		{"permissions", log("permissions: 0999"), []string{out + `file.permissions: "0999" is no file mode; expected an octal number such as 0600`}},
		{"number of files", log("number_of_files: 1"), []string{out + "file.number_of_files: 1 is out of range; expected 2 to 1024"}},

		{"level of logs", basic + "logging.level: loud\n", []string{`filebeat.yml:3: logging.level: "loud" is not one of critical, error, warning, warn, info, debug`}},
		{"shutdown", basic + "filebeat.shutdown_timeout: -1s\n", []string{"filebeat.yml:3: filebeat.shutdown_timeout: -1s is negative; expected 0 or more"}},
		{"documents", basic + "logcar.documents: 9\n", []string{`filebeat.yml:3: logcar.documents: "9" is not one of 6, 7, 8`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := write(t, "")
			file := filepath.Join(args.Home, "filebeat.yml")
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(tt.text, "DIR", args.Home)), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := Load(args)
			if err == nil {
				t.Fatalf("no error, but %+v", c)
			}
			if got, want := nowhere(err.Error(), args.Home), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("error\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestFileErrors: a file that cannot be had.
func TestFileErrors(t *testing.T) {
	args := write(t, basic)
	file := filepath.Join(args.Home, "filebeat.yml")
	check := func(want string) {
		t.Helper()
		if _, err := Load(args); err == nil || nowhere(err.Error(), args.Home) != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	args.Overrides = []string{"name=[a"}
	check(`load configuration: -E: name: cannot read "[a": a list needs , or ] after each value`)
	args.Overrides = nil

	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	check(`load configuration: config file ("filebeat.yml") can only be writable by the owner but the permissions are "-rw-rw-rw-" ` +
		`(to fix the permissions use: 'chmod go-w filebeat.yml')`)
	args.StrictPerms = false
	mustLoad(t, args)

	args.Files = []string{"nosuch.yml"}
	check("load configuration: read configuration: open nosuch.yml: no such file or directory")
	args.Files = []string{args.Home}
	check("load configuration: read configuration: " + args.Home + " is a directory")
}

// TestWarnings: what is worth a word and no reason not to start, each once.
func TestWarnings(t *testing.T) {
	args := write(t, `filebeat.inputs:
- type: log
  paths: /mnt/*.log
  exclude_line: [DEBUG]
  multiline: {pattern: x, match: after, max_line: 3}
  harvester_buffer_size: 4096
  processors:
  - add_host_metadata: ~
  - add_cloud_metadata: ~
  - if.has_fields: [a]
    then:
      rename: {fields: [{from: a, to: b}], to: x}
- {type: filestream, paths: /b, max_bytes: 3, id: x, parsers: [{ndjson: , overwrite_keys: true}]}
processors: [add_docker_metadata: ]
output.kafka: {hosts: k, topic: t, version: 2.0.0, worker: 2}
setup.template.enabled: false
logging.to_files: true
loging.level: debug
`)
	want := []string{
		`warning: filebeat.yml:4: filebeat.inputs.0.exclude_line: unknown key; did you mean "exclude_lines"?`,
		`warning: filebeat.yml:5: filebeat.inputs.0.multiline.max_line: unknown key; did you mean "max_lines"?`,
		"notice: filebeat.yml:6: filebeat.inputs.0.harvester_buffer_size: has no effect: reads are always large",
		"warning: filebeat.yml:9: filebeat.inputs.0.processors.1.add_cloud_metadata: has no effect: " +
			"asks the cloud's metadata service; add_fields with variables of the environment says the same",
		"warning: filebeat.yml:12: filebeat.inputs.0.processors.2.then.rename.to: unexpected to option (ignored, as in Filebeat)",
		"notice: filebeat.yml:13: filebeat.inputs.1.id: has no effect: positions belong to files, not to inputs",
		"notice: filebeat.yml:13: filebeat.inputs.1.max_bytes: has no effect: it is an option of the log input",
		"warning: filebeat.yml:13: filebeat.inputs.1.parsers.0.overwrite_keys: is no parser and is ignored, as in Filebeat; " +
			"an option of one has to be indented below it",
		"warning: filebeat.yml:14: processors.0.add_docker_metadata: has no effect: " +
			"asks the Docker daemon, which a pod's container cannot reach; add_pod_metadata knows the pod",
		"notice: filebeat.yml:15: output.kafka.version: has no effect: the broker and logcar agree on it by themselves",
		"notice: filebeat.yml:15: output.kafka.worker: has no effect: one request is in flight per partition, so that order holds",
		"notice: filebeat.yml:16: setup: has no effect: it concerns Elasticsearch and Kibana, which logcar does not speak to",
		"notice: filebeat.yml:17: logging.to_files: has no effect: logcar logs to stderr alone, for the container's log",
		`warning: filebeat.yml:18: loging: unknown key; did you mean "logging"?`,
	}
	var got []string
	for _, w := range mustLoad(t, args).Warnings {
		got = append(got, nowhere(w.Severity.String()+": "+w.Error(), args.Home))
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("warnings\n%s\nwant\n%s", g, w)
	}
}

// TestReportOfWhatIsWrong: the keys are told of, whatever is wrong with them.
func TestReportOfWhatIsWrong(t *testing.T) {
	args := write(t, "filebeat.inputs: [{paths: /a, id: x}, {type: tcp, host: h}]\noutput.logstash.hosts: [l]\n")
	c, err := Load(args)
	var said []string
	for _, k := range c.Keys[1:] { // the first is the flag's
		said = append(said, fmt.Sprintf("%s %s", k.Status, k.Key))
	}
	want := "no effect filebeat.inputs.0.id, honoured filebeat.inputs.0.paths, refused filebeat.inputs.1.host, honoured filebeat.inputs.1.type, refused output.logstash.hosts"
	if got := strings.Join(said, ", "); err == nil || got != want || len(c.Warnings) != 1 {
		t.Fatalf("%v, of %s, %v", err, got, c.Warnings)
	}
	if !equal(c, &Config{}) {
		t.Errorf("and more: %+v", c)
	}
	args.Files = []string{"nosuch.yml"}
	if c, err = Load(args); c != nil || err == nil {
		t.Errorf("%v, of a file that is not there: %v", err, c)
	}
}
