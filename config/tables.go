package config

import (
	"slices"

	"github.com/logcar/logcar/config/tree"
)

// The tables list every key of Filebeat that is known here, by section. A key
// that is missing from them is reported as unknown.

func option(name string, kind tree.Kind, def, note string) tree.Option {
	return tree.Option{Name: name, Kind: kind, Default: def, Note: note}
}

func enum(name, def, note string, values ...string) tree.Option {
	return tree.Option{Name: name, Kind: tree.Enum, Default: def, Values: values, Note: note}
}

// noEffect lists keys that are accepted and ignored, with the reason.
func noEffect(note string, names ...string) []tree.Option {
	return withStatus(tree.NoEffect, note, names)
}

// refused lists keys that would change what is delivered, and cannot be honoured.
func refused(note string, names ...string) []tree.Option {
	return withStatus(tree.Refused, note, names)
}

func withStatus(status tree.Status, note string, names []string) []tree.Option {
	options := make([]tree.Option, len(names))
	for i, name := range names {
		options[i] = tree.Option{Name: name, Kind: tree.Any, Status: status, Note: note}
	}
	return options
}

// instead says of each output that is not supported what to write in its place.
var instead = map[string]string{
	"elasticsearch": "logcar delivers to kafka, file and console; write output.kafka, and let Logstash or Kafka Connect write from there to Elasticsearch",
	"logstash":      "logcar delivers to kafka, file and console; write output.kafka, and let Logstash read it with its kafka input",
	"redis":         "logcar delivers to kafka, file and console; write output.kafka in its place",
}

// otherOutput is one that is refused, unless it is disabled.
func otherOutput(name string) tree.Option {
	return tree.Option{Name: "output." + name, Kind: tree.Group, Note: instead[name] + "; with enabled: false it is accepted"}
}

// eventOptions are those that an input shares with the top of the file.
var eventOptions = []tree.Option{
	option("fields", tree.Any, "", "added to every event; values of environment variables stay text"),
	option("fields_under_root", tree.Bool, "false", ""),
	option("tags", tree.Strings, "", ""),
	option("processors", tree.Any, "", "see Processors"),
}

var topTable = tree.Table{Name: "top", Options: slices.Concat(
	eventOptions,
	[]tree.Option{
		{Name: "filebeat.inputs", Kind: tree.List, Note: "log, filestream, container, docker and stdin"},
		{Name: "filebeat.prospectors", Kind: tree.List, Note: "the spelling of 6.x; documents are then of 6.x too, see logcar.documents"},
		{Name: "filebeat.config.inputs", Kind: tree.Group, Note: "files that each hold a list of inputs"},
		{Name: "filebeat.config.prospectors", Kind: tree.Group, Note: "the spelling of 6.x"},
		option("filebeat.config_dir", tree.String, "", "an older way: a directory of *.yml that each hold filebeat.inputs"),
		option("filebeat.shutdown_timeout", tree.Duration, "25s", "how long a stop waits for what was read to be confirmed; 0 is the default"),
		option("filebeat.registry.path", tree.String, "registry", "below path.data"),
		option("filebeat.registry_file", tree.String, "registry", "where Filebeat 6 kept positions, below path.data: the first start takes them over"),
		option("filebeat.registry.flush", tree.Duration, "1s", "at least 100ms"),
		{Name: "output", Kind: tree.Group, Note: "one of kafka, file, console"},
		{Name: "output.kafka", Kind: tree.Group},
		{Name: "output.file", Kind: tree.Group},
		{Name: "output.console", Kind: tree.Group},
		otherOutput("elasticsearch"), otherOutput("logstash"), otherOutput("redis"),
		option("name", tree.String, "the host name", "host.name and agent.name"),
		option("gc_percent", tree.Int, "25", "little is allocated while shipping, so that a small heap costs nothing"),
		option("max_procs", tree.Int, "what the cgroup allows, 3 at most", "so many while there is much to do, and one otherwise"),
		option("path.home", tree.String, "the executable's directory", ""),
		option("path.config", tree.String, "${path.home}", "for references such as ${path.config}; where this file is looked for is the flag's to say"),
		option("path.logs", tree.String, "${path.home}/logs", "for references such as ${path.logs}; logcar writes no log files"),
		option("path.data", tree.String, "${path.home}/data", "where positions and agent.id are kept"),
		option("keystore.path", tree.String, "${path.data}/filebeat.keystore", "where ${NAME} is looked for, before the environment; Filebeat's file, see logcar keystore"),
		enum("logging.level", "info", "", "critical", "error", "warning", "warn", "info", "debug"),
		option("logging.metrics.enabled", tree.Bool, "true", ""),
		option("logging.metrics.period", tree.Duration, "30s", ""),
		option("http.enabled", tree.Bool, "false", "/stats, /metrics, /health, /ready, and /drain, which announces the end of the pod"),
		option("http.host", tree.String, "localhost", "an address, or unix:///path"),
		option("http.port", tree.Int, "5066", ""),
		option("logcar.event_id", tree.Bool, "false", "logcar's own: an id in @metadata._id, and in Kafka the record header logcar-id, that is the same when an event is delivered again, for Logstash's document_id"),
		option("logcar.missing_topic", tree.Duration, "5m", "logcar's own: where events decide on topics, how long they wait for one that does not exist while others do, and twelve times that while none does, before they are dropped and counted; 0 is for ever"),
		option("logcar.quiet", tree.Duration, "1s", "logcar's own: when stopping, how long no file must have grown before logcar ends"),
		option("logcar.exit_when_quiet", tree.Duration, "0", "logcar's own, for Jobs: end when nothing was written for so long; 0 is never"),
		option("logcar.done_file", tree.String, "", "logcar's own, for Jobs: end when this file appears"),
		option("logcar.reload", tree.Bool, "true", "logcar's own: apply changes of the configuration's files at once, and on SIGHUP; with false SIGHUP ends logcar, as it ends Filebeat"),
		enum("logcar.registry.on_corrupt", "reread", "logcar's own: when the registry is corrupt, files are read again, or from their end on, or logcar does not start", "reread", "end", "fail"),
		option("logcar.storage.deleted_timeout", tree.Duration, "0", "logcar's own: close a deleted file that is not read to its end, to free the disk, when nothing could be delivered for so long; what is lost is counted; 0 is never"),
		option("logcar.termination_log", tree.String, "/dev/termination-log", "logcar's own: what was delivered, for the pod's status; only if the file exists"),
		option("logcar.storage.max_bytes", tree.ByteSize, "", "logcar's own: how much the directories of the logs may hold together, such as 2GiB: the sizeLimit of their emptyDir"),
		option("logcar.storage.warn", tree.String, "70%", "logcar's own: how full they, or the volume that they are on, may be before there is a warning; off is never"),
		option("logcar.storage.delete", tree.String, "off", "logcar's own: how full they may be (without max_bytes: the volume) before rotated files that are confirmed to their end are deleted, the oldest first"),
		option("logcar.unterminated", tree.Bool, "false", "logcar's own: deliver, when stopping, a last line that has no line end, flagged as partial"),
		enum("logcar.too_large", "truncate", "logcar's own: what becomes of an event that is by itself too large for Kafka: its text is cut, or it is dropped and counted, or it goes to the dead letter whole",
			"truncate", "drop", "file", "topic"),
		option("logcar.dead_letter.path", tree.String, "dead-letter with logcar.too_large: file, else none",
			"logcar's own: a directory, below path.data, for what Kafka does not take: too large, or against a rule of the topic; without one the latter is tried again until somebody has helped"),
		option("logcar.dead_letter.topic", tree.String, "", "logcar's own: a topic of the same cluster instead of a directory; for what is too large it must take more than the others do"),
		option("logcar.dead_letter.max_size", tree.ByteSize, "8MiB", "logcar's own: of all its files together; the oldest ones go first"),
		enum("logcar.documents", "6 with filebeat.prospectors, else 8", "logcar's own: the generation of Filebeat's documents, 6, 7 or 8", "6", "7", "8"),
	},
	noEffect("logcar logs to stderr alone, for the container's log", "logging.to_files", "logging.to_stderr", "logging.to_syslog",
		"logging.to_eventlog", "logging.files", "logging.json", "logging.ecs", "logging.selectors", "logging.metrics.namespaces",
		"logging.events"),
	noEffect("the files are the buffer; memory is bounded by itself", "queue"),
	noEffect("positions are kept in one small file that is written at most once per flush", "filebeat.registry.file_permissions",
		"filebeat.registry.cleanup_interval", "filebeat.registry.migrate_file", "filebeat.registry.backend", "filebeat.registry.bbolt",
		"filebeat.registry_file_permissions", "filebeat.registry_flush"),
	noEffect("it concerns Elasticsearch and Kibana, which logcar does not speak to", "setup", "cloud", "monitoring", "xpack", "management",
		"filebeat.overwrite_pipelines", "migration"),
	noEffect("logcar has no modules and no autodiscovery", "filebeat.modules", "filebeat.config.modules", "filebeat.autodiscover", "autodiscover"),
	noEffect("there is no seccomp filter to set", "seccomp"),
	noEffect("there are no profiles over HTTP", "http.pprof"),
	noEffect("there are no named pipes in a pod", "http.named_pipe"),
	noEffect("logcar registry shows positions and removes them", "http.state_inspector"),
	noEffect("logcar does not trace itself", "instrumentation"),
	noEffect("removed from Filebeat in 6.0", "filebeat.spool_size", "filebeat.idle_timeout", "filebeat.publish_async"),
	refused("say with name what host.name is to be", "features.fqdn"),
)}

// configInputsTable has filebeat.config.inputs.
var configInputsTable = tree.Table{Name: "filebeat.config.inputs", Options: []tree.Option{
	option("enabled", tree.Bool, "true", ""),
	option("path", tree.String, "", "a pattern, relative to path.config; what is wrong with one of the files is an error"),
	option("reload.enabled", tree.Bool, "as logcar.reload", "whether changes of these files are applied at once; Filebeat's default is false"),
	option("reload.period", tree.Duration, "10s", "how often to look, for all files of the configuration; never less often than every 10s"),
}}

// configDirTable has what the files of filebeat.config_dir hold.
var configDirTable = tree.Table{Name: "filebeat.config_dir", Options: []tree.Option{
	{Name: "filebeat.inputs", Kind: tree.List},
	{Name: "filebeat.prospectors", Kind: tree.List},
}}

var outputTables = map[string]*tree.Table{
	"kafka": &kafkaTable, "file": &fileTable, "console": &consoleTable,
	"elasticsearch": &otherTable, "logstash": &otherTable, "redis": &otherTable,
}

var kafkaTable = tree.Table{Name: "output.kafka", Options: slices.Concat(
	[]tree.Option{
		option("enabled", tree.Bool, "true", ""),
		option("hosts", tree.Strings, "", "host:port; 9092 when there is no port"),
		option("topic", tree.String, "", "a name or a format string such as logs-%{[fields.app]}; what gets none is dropped and counted"),
		{Name: "topics", Kind: tree.List, Note: "asked one after the other, before topic"},
		option("key", tree.String, "", "a format string; a key that is empty or lacks a field is none"),
		{Name: "headers", Kind: tree.List, Note: "of every record; with logcar.event_id there is logcar-id as well"},
		{Name: "partition", Kind: tree.Group, Note: "one of hash, random, round_robin; hash by default"},
		{Name: "partition.hash", Kind: tree.Group, Note: "records with a key, or with the hashed fields, go where Filebeat 7.13 and later put them; others to any partition, a batch each its turn"},
		{Name: "partition.random", Kind: tree.Group, Note: "whole batches, not single events"},
		{Name: "partition.round_robin", Kind: tree.Group, Note: "whole batches, not single events"},
		option("required_acks", tree.Int, "-1", "Filebeat's default is 1; with -1 nothing is lost when a leader dies"),
		enum("compression", "gzip", "", "none", "no", "off", "gzip", "snappy", "lz4", "zstd"),
		option("compression_level", tree.String, "3", "gzip only; Filebeat's default of 4 costs more and saves nothing on such documents. auto is logcar's own: 1 under load or when the cgroup throttles, 6 for small batches, 3 otherwise"),
		option("client_id", tree.String, "beats", ""),
		option("bulk_max_size", tree.Int, "2048", "events in a record batch"),
		option("bulk_flush_frequency", tree.Duration, "0", "0: batches go when they are full or when nothing more comes"),
		option("max_message_bytes", tree.Bytes, "1000000", "of a record batch after compression; larger ones are split, larger events cut and flagged"),
		option("timeout", tree.Duration, "30s", ""),
		option("broker_timeout", tree.Duration, "10s", ""),
		option("backoff.init", tree.Duration, "1s", ""),
		option("backoff.max", tree.Duration, "60s", ""),
		option("metadata.refresh_frequency", tree.Duration, "10m", ""),
		option("metadata.retry.backoff", tree.Duration, "250ms", ""),
		option("keep_alive", tree.Duration, "0", ""),
		option("username", tree.String, "", ""),
		option("password", tree.String, "", ""),
		enum("sasl.mechanism", "PLAIN", "", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
		{Name: "ssl", Kind: tree.Group},
		codecGroup,
	},
	noEffect("the broker and logcar agree on it by themselves", "version"),
	noEffect("one request is in flight per partition, so that order holds", "worker", "channel_buffer_size"),
	noEffect("events are retried until they are delivered, as Filebeat does for files", "max_retries"),
	noEffect("metadata is asked for as often as needed", "metadata.retry.max"),
	noEffect("metadata is asked for the own topics alone", "metadata.full"),
	noEffect("the files are the buffer; memory is bounded by itself", "queue"),
	refused("the Kafka client cannot log in with Kerberos; use SASL with a password, or certificates", "kerberos"),
)}

var topicTable = tree.Table{Name: "topics", Options: []tree.Option{
	option("topic", tree.String, "", "a name or a format string"),
	option("mappings", tree.Any, "", "from the outcome of topic to the topic's name"),
	option("default", tree.String, "", "when topic lacks a field or is empty, or when its outcome is not in mappings"),
	option("when", tree.Any, "", "see Conditions"),
}}

var headerTable = tree.Table{Name: "headers", Options: []tree.Option{
	option("key", tree.String, "", "without one there is no such header"),
	option("value", tree.String, "", ""),
}}

var hashTable = tree.Table{Name: "partition.hash", Options: []tree.Option{
	option("hash", tree.Strings, "", "fields; without any the key is hashed"),
	option("random", tree.Bool, "true", "false drops events that lack one of the fields, which are counted"),
	option("reachable_only", tree.Bool, "false", "true takes partitions that have a leader, at the price that a key moves while one has none"),
}}

var groupTable = tree.Table{Name: "partition.random", Options: slices.Concat(
	[]tree.Option{option("group_events", tree.Int, "1", "a partition gets as many events in a row, or as a batch has")},
	noEffect("partitions that cannot be reached are passed over in any case", "reachable_only"),
)}

var tlsTable = tree.Table{Name: "ssl", Options: slices.Concat(
	[]tree.Option{
		option("enabled", tree.Bool, "true", ""),
		enum("verification_mode", "full", "", "full", "strict", "certificate", "none"),
		option("certificate_authorities", tree.Strings, "the system's", "paths or PEM"),
		option("certificate", tree.String, "", "a path or PEM"),
		option("key", tree.String, "", "a path or PEM"),
	},
	noEffect("TLS 1.2 and 1.3, with Go's choice of ciphers", "supported_protocols", "cipher_suites", "curve_types", "renegotiation"),
	refused("give an unencrypted key in a Secret instead", "key_passphrase"),
	refused("list the authorities instead", "ca_sha256", "ca_trusted_fingerprint"),
)}

var fileTable = tree.Table{Name: "output.file", Options: slices.Concat(
	[]tree.Option{
		option("enabled", tree.Bool, "true", ""),
		option("path", tree.String, "", "a directory; a date such as %{+yyyy.MM.dd} in it is that of the start, in UTC"),
		option("filename", tree.String, "filebeat", ""),
		option("rotate_every_kb", tree.Int, "10240", "an event that is larger gets a file of its own; Filebeat drops it"),
		option("number_of_files", tree.Int, "7", "2 to 1024, the active one included"),
		option("permissions", tree.String, "0600", ""),
		option("rotate_on_startup", tree.Bool, "true", ""),
		codecGroup,
	},
	noEffect("there is one file to write to, and batches are written as they come", "worker", "workers", "bulk_max_size"),
	noEffect("the files are the buffer; memory is bounded by itself", "queue"),
)}

var consoleTable = tree.Table{Name: "output.console", Options: slices.Concat(
	[]tree.Option{
		option("enabled", tree.Bool, "true", ""),
		option("pretty", tree.Bool, "false", "without codec; with it, codec.json.pretty"),
		codecGroup,
	},
	noEffect("batches are written as they come", "bulk_max_size", "worker", "workers"),
	noEffect("the files are the buffer; memory is bounded by itself", "queue"),
)}

// codecGroup is how documents are written, which all outputs can be told.
var codecGroup = tree.Option{Name: "codec", Kind: tree.Group, Note: "json or format"}

var codecTable = tree.Table{Name: "codec", Options: []tree.Option{
	option("json.pretty", tree.Bool, "false", "a line per value, indented"),
	option("json.escape_html", tree.Bool, "false", "<, > and & as \\u003c, \\u003e and \\u0026; Filebeat 6 does so by default"),
	option("json.escapehtml", tree.Bool, "false", "the spelling that Filebeat 7 and 8 took for a long time"),
	option("json.local_time", tree.Bool, "false", "@timestamp in the local time zone, with its offset"),
	option("json.localtime", tree.Bool, "false", "the spelling that Filebeat 7 and 8 took for a long time"),
	option("format.string", tree.String, "", "text instead of JSON, such as %{[@timestamp]} %{[message]}; an event without one of the fields is dropped and counted"),
}}

var otherTable = tree.Table{Name: "another output", Options: []tree.Option{option("enabled", tree.Bool, "true", "")}}
