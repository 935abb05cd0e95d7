package config

import (
	"slices"

	"github.com/logcar/logcar/config/tree"
)

// The tables of inputs, and of what stands inside of them.

const closeTimeout = "a file that has more is opened again; one that no path leads to any more is let go of with bytes unread, which is logged, but not while the output takes nothing"

// inputTable has what is read before the type is known.
var inputTable = tree.Table{Name: "input", Options: slices.Concat(
	eventOptions,
	[]tree.Option{
		enum("type", "log", "log, filestream, container, docker and stdin", "log", "filestream", "container", "docker", "stdin", "tcp", "udp", "unix", "syslog", "redis", "mqtt",
			"kafka", "journald", "winlog", "http_endpoint", "httpjson", "cel", "aws-s3", "gcs", "azure-eventhub", "netflow"),
		enum("input_type", "log", "the spelling before 6.0, with which the event has no input.type", "log", "filestream", "container", "docker", "stdin"),
		option("enabled", tree.Bool, "true", ""),
		option("pipeline", tree.String, "", "becomes @metadata.pipeline"),
		option("publisher_pipeline.disable_host", tree.Bool, "false", ""),
		option("include_lines", tree.Strings, "", ""),
		option("exclude_lines", tree.Strings, "", ""),
		option("encoding", tree.String, "plain", "Filebeat's names; all but plain and utf-8 cost a copy of each line"),
		enum("line_terminator", "auto", "", "auto", "line_feed", "vertical_tab", "form_feed", "carriage_return", "carriage_return_line_feed",
			"next_line", "line_separator", "paragraph_separator", "null_terminator"),
		option("keep_null", tree.Bool, "false", "for what json and parsers find"),
	},
	noEffect("positions belong to files, not to inputs", "id"),
	noEffect("it is always allowed", "allow_deprecated_use"),
	noEffect("it concerns Elasticsearch", "index"),
)}

// filesTable has what all inputs of files have.
var filesTable = tree.Table{Name: "files", Options: slices.Concat(
	inputTable.Options,
	[]tree.Option{
		option("paths", tree.Strings, "", "files, or patterns with *, ? and **"),
		option("ignore_older", tree.Duration, "0", ""),
		option("harvester_limit", tree.Int, "0", "at the limit idle files are closed, so that each has its turn; a deleted file that is unread stays open"),
		option("clean_inactive", tree.Duration, "0", "a file that grows all the same goes on where it was, until logcar is restarted"),
		option("clean_removed", tree.Bool, "true", ""),
		{Name: "file_identity", Kind: tree.Group, Note: "one of native, path, inode_marker, fingerprint; native without it"},
	},
)}

var identityTable = tree.Table{Name: "file_identity", Options: []tree.Option{
	option("native", tree.Any, "", "device and inode, and that the file begins as it did before"),
	option("path", tree.Any, "", "a renamed file is another one; what comes to the path goes on if it begins as the file before, else it is read from its beginning, where Filebeat loses what is before the old position"),
	{Name: "inode_marker", Kind: tree.Group, Note: "the inode, and what stands in the marker file", Options: markerTable.Options},
	{Name: "fingerprint", Kind: tree.Group, Note: "a hash of prospector.scanner.fingerprint.length bytes", Options: fingerprintTable.Options},
}}

var markerTable = tree.Table{Name: "file_identity.inode_marker", Options: []tree.Option{
	option("path", tree.String, "", "while it cannot be read, no new file is"),
}}

var fingerprintTable = tree.Table{Name: "file_identity.fingerprint", Options: []tree.Option{
	option("growing", tree.Bool, "true", "a file that is too short is read, and known by device and inode until it is long enough; false: it waits, as in Filebeat before 9.5"),
}}

// stdinTable has what the stdin input adds.
var stdinTable = tree.Table{Name: "stdin", Options: slices.Concat(inputTable.Options, lineOptions)}

// lineOptions are what the log and the stdin input do with lines.
var lineOptions = []tree.Option{
	option("max_bytes", tree.Bytes, "10485760", "longer events are cut and flagged, never dropped"),
	{Name: "multiline", Kind: tree.Group},
	{Name: "json", Kind: tree.Group},
}

// logTable has what the log input adds.
var logTable = tree.Table{Name: "log", Options: slices.Concat(
	filesTable.Options,
	lineOptions,
	[]tree.Option{
		option("exclude_files", tree.Strings, "", ""),
		option("symlinks", tree.Bool, "false", ""),
		option("recursive_glob.enabled", tree.Bool, "true", ""),
		option("scan_frequency", tree.Duration, "10s", "besides file notifications"),
		option("tail_files", tree.Bool, "false", ""),
		option("backoff", tree.Duration, "1s", "besides file notifications"),
		option("max_backoff", tree.Duration, "10s", ""),
		option("close_inactive", tree.Duration, "5m", ""),
		option("close_eof", tree.Bool, "false", ""),
		option("close_renamed", tree.Bool, "false", "the file is read to its end first"),
		option("close_removed", tree.Bool, "true", "the file is read to its end first"),
		option("close_timeout", tree.Duration, "0", closeTimeout),
		enum("scan.sort", "modtime", "", "modtime", "filename"),
		enum("scan.order", "asc", "", "asc", "desc"),
	},
	noEffect("reads are always large", "harvester_buffer_size"),
	noEffect("it doubles", "backoff_factor"),
	noEffect("removed from Filebeat in 6.0", "document_type", "force_close_files", "close_older", "spool_size"),
)}

// filestreamTable has what the filestream input adds.
var filestreamTable = tree.Table{Name: "filestream", Options: slices.Concat(
	filesTable.Options,
	[]tree.Option{
		option("message_max_bytes", tree.Bytes, "10485760", "longer events are cut and flagged, never dropped"),
		{Name: "parsers", Kind: tree.List, Note: "in this order"},
		option("seek_to_tail", tree.Bool, "false", ""),
		option("backoff.init", tree.Duration, "1s", "besides file notifications"),
		option("backoff.max", tree.Duration, "10s", ""),
		option("close.on_state_change.inactive", tree.Duration, "5m", ""),
		option("close.on_state_change.renamed", tree.Bool, "false", "the file is read to its end first"),
		option("close.on_state_change.removed", tree.Bool, "true", "the file is read to its end first"),
		option("close.reader.on_eof", tree.Bool, "false", ""),
		option("prospector.scanner.check_interval", tree.Duration, "10s", "besides file notifications"),
		option("prospector.scanner.symlinks", tree.Bool, "false", ""),
		option("prospector.scanner.recursive_glob", tree.Bool, "true", ""),
		option("prospector.scanner.exclude_files", tree.Strings, "", "also what symbolic links lead to"),
		option("prospector.scanner.include_files", tree.Strings, "", "also what symbolic links lead to"),
		option("prospector.scanner.resend_on_touch", tree.Bool, "false", "when two scans have seen the new time"),
		option("prospector.scanner.fingerprint.offset", tree.Int, "0", "of file_identity.fingerprint"),
		option("prospector.scanner.fingerprint.length", tree.Int, "1024", "of file_identity.fingerprint; 64 or more"),
		enum("ignore_inactive", "", "since_first_start, since_last_start; a file whose position is known goes on there when it is written to", "since_first_start", "since_last_start"),
		option("close.reader.after_interval", tree.Duration, "0", closeTimeout),
		option("delete.enabled", tree.Bool, "false", "files are deleted that are closed (close.reader.on_eof, close.on_state_change.inactive), wholly confirmed, and have not grown; of a symbolic link, the link"),
		option("delete.grace_period", tree.Duration, "30m", ""),
		enum("compression", "", "gzip, auto; with file_identity.fingerprint, which is then the default. Offsets are those of the text; a last line without a line end is complete", "gzip", "auto"),
		option("gzip_experimental", tree.Bool, "false", "compression: auto"),
		option("rotation.external.strategy.copytruncate.suffix_regex", tree.String, "", "switches file_identity.fingerprint on, by which a copy goes on where the original was"),
		option("include_file_owner_name", tree.Bool, "false", "log.file.owner, if the image knows its name"),
		option("include_file_owner_group_name", tree.Bool, "false", "log.file.group, if the image knows its name"),
	},
	noEffect("positions belong to files, not to inputs", "take_over", "allow_deprecated_id_duplication"),
	noEffect("reads are always large", "buffer_size"),
	noEffect("file_identity.fingerprint says so", "prospector.scanner.fingerprint.enabled"),
	noEffect("which file is the copy is seen from what is open", "rotation.external.strategy.copytruncate.dateformat"),
	noEffect("state changes are noticed at once", "close.on_state_change.check_interval"),
	noEffect("at a stop files are always read to their end", "read_until_eof"),
	noEffect("clean_inactive is only what it says", "legacy_clean_inactive"),
	noEffect("it is an option of the log input; filestream has it in parsers", "multiline", "json"),
	noEffect("it is an option of the log input", "max_bytes", "symlinks", "scan_frequency", "tail_files", "close_eof",
		"close_inactive", "close_renamed", "close_removed", "close_timeout", "exclude_files", "harvester_buffer_size", "max_backoff",
		"backoff_factor", "recursive_glob", "document_type"),
)}

var parserTable = tree.Table{Name: "parser", Options: []tree.Option{
	{Name: "multiline", Kind: tree.Group},
	{Name: "ndjson", Kind: tree.Group},
	{Name: "container", Kind: tree.Group},
	{Name: "syslog", Kind: tree.Group},
	{Name: "include_message", Kind: tree.Group},
}}

// keyOptions are those that json and ndjson share.
var keyOptions = []tree.Option{
	option("message_key", tree.String, "", "the key whose text goes through multiline and filters"),
	option("document_id", tree.String, "", "the key that becomes @metadata._id"),
	option("overwrite_keys", tree.Bool, "false", ""),
	option("expand_keys", tree.Bool, "false", ""),
	option("add_error_key", tree.Bool, "false", ""),
	option("ignore_decoding_error", tree.Bool, "false", "keeps it out of logcar's own log"),
}

var jsonTable = tree.Table{Name: "json", Options: slices.Concat(keyOptions,
	[]tree.Option{option("keys_under_root", tree.Bool, "false", "")})}

var ndjsonTable = tree.Table{Name: "ndjson", Options: slices.Concat(keyOptions,
	[]tree.Option{option("target", tree.String, "", "empty is the document's root")},
	noEffect("target says where the keys go; it is an option of the log input", "keys_under_root"))}

var containerTable = tree.Table{Name: "container", Options: []tree.Option{
	enum("stream", "all", "", "all", "stdout", "stderr"),
	enum("format", "auto", "", "auto", "docker", "json-file", "cri"),
}}

var syslogTable = tree.Table{Name: "syslog", Options: []tree.Option{
	enum("format", "auto", "", "auto", "rfc3164", "rfc5424"),
	option("timezone", tree.String, "Local", "of times that have none"),
	option("log_errors", tree.Bool, "false", ""),
	option("add_error_key", tree.Bool, "true", ""),
}}

var includeTable = tree.Table{Name: "include_message", Options: []tree.Option{option("patterns", tree.Strings, "", "")}}

// containerInputTable has what the container input adds to the log input.
var containerInputTable = tree.Table{Name: "container input", Options: slices.Concat(logTable.Options, containerTable.Options)}

// dockerInputTable has what the docker input adds to the log input. Filebeat had it
// from 6.0 on, and called it deprecated from 7.2 on.
var dockerInputTable = tree.Table{Name: "docker input", Options: slices.Concat(
	logTable.Options,
	[]tree.Option{
		option("containers.ids", tree.Strings, "", "\"*\" is all of them"),
		option("containers.path", tree.String, "/var/lib/docker/containers", "where each container has a directory by its id"),
		option("containers.paths", tree.Strings, "", "files, in place of containers.ids"),
		enum("containers.stream", "all", "", "all", "stdout", "stderr"),
		option("combine_partials", tree.Bool, "true", "the parts of a long line become one event"),
		option("cri.force", tree.Bool, "false", "the format of the Kubernetes CRI alone; else each line tells its own"),
	},
	noEffect("Filebeat reads combine_partials alone, whatever its documentation says", "combine_partial"),
	noEffect("the flags of the CRI's lines are always read", "cri.parse_flags"),
)}

var multilineTable = tree.Table{Name: "multiline", Options: []tree.Option{
	option("type", tree.String, "pattern", "pattern, count, while_pattern"),
	option("pattern", tree.String, "", "Go's RE2 syntax"),
	option("negate", tree.Bool, "false", ""),
	option("match", tree.String, "", "after or before"),
	option("flush_pattern", tree.String, "", ""),
	option("max_lines", tree.Int, "500", ""),
	option("max_bytes", tree.ByteSize, "the input's", ""),
	option("timeout", tree.Duration, "3s", "what Filebeat's 5s amounts to, since it looks at a quiet file after 1, 3 and 7 s"),
	option("count_lines", tree.Int, "", ""),
	option("skip_newline", tree.Bool, "false", ""),
}}
