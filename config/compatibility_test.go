package config

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/processor"
)

//go:generate go test -run "TestCompatibilityPage|TestSchemaFile" -update .

var update = flag.Bool("update", false, "write what is made of the tables in docs instead of checking it")

//go:embed testdata/compatibility.md
var compatibilityText []byte

// TestCompatibilityPage: docs/compatibility.md is what the tables say. It is
// written by `go generate ./config`.
func TestCompatibilityPage(t *testing.T) {
	path := filepath.Join("..", "docs", "compatibility.md")
	page := compatibilityPage()
	if *update {
		if err := os.WriteFile(path, page, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, page) {
		t.Errorf("%s is not what the tables say: run go generate ./config", path)
	}
}

// chapters are the page's tables, in its order.
var chapters = []struct {
	title, text string
	table       *tree.Table
	without     *tree.Table // whose options have a chapter of their own
}{
	{"Top level", "", &topTable, nil},
	{"Inputs in files of their own", "`filebeat.config.inputs`. Each file that `path` matches is a YAML list of inputs; references in it find the environment and `path.*`.", &configInputsTable, nil},
	{"Inputs", "Each element of `filebeat.inputs`, or of `filebeat.prospectors`.", &inputTable, nil},
	{"Inputs of files", "What log, container and filestream add.", &filesTable, &inputTable},
	{"file_identity", "What makes two files the same one.", &identityTable, nil},
	{"file_identity.inode_marker", "", &markerTable, nil},
	{"file_identity.fingerprint", "", &fingerprintTable, nil},
	{"The log input", "What `type: log` adds, and inputs without a type.", &logTable, &filesTable},
	{"The container input", "What `type: container` adds to the log input. Its files are what the container runtime writes, and symbolic links are always followed.", &containerInputTable, &logTable},
	{"The docker input", "What `type: docker` of Filebeat 6 and 7 adds to the log input.", &dockerInputTable, &logTable},
	{"The filestream input", "What `type: filestream` adds.", &filestreamTable, &filesTable},
	{"The stdin input", "What `type: stdin` adds. It must be the only input; its end is the end of logcar, with `--once` and without, and no position is kept. `log.file.path` is empty and `log.offset` 0. A last line without a line end is delivered, flagged as partial; Filebeat loses it.", &stdinTable, &inputTable},
	{"Parsers of filestream", "Each element of `parsers`.", &parserTable, nil},
	{"JSON lines", "`json` of the log input.", &jsonTable, nil},
	{"The ndjson parser", "", &ndjsonTable, nil},
	{"The container parser", "", &containerTable, nil},
	{"The syslog parser", "", &syslogTable, nil},
	{"The include_message parser", "", &includeTable, nil},
	{"Multi-line events", "`multiline` of the log input, and of an element of `parsers`.", &multilineTable, nil},
	{"output.kafka", "", &kafkaTable, nil},
	{"output.kafka.topics", "Each element.", &topicTable, nil},
	{"output.kafka.headers", "Each element.", &headerTable, nil},
	{"output.kafka.partition.hash", "", &hashTable, nil},
	{"output.kafka.partition.random and round_robin", "", &groupTable, nil},
	{"output.kafka.ssl", "The section's presence switches TLS on.", &tlsTable, nil},
	{"output.file", "Files are named as Filebeat 8 names them: `filebeat-20260102.ndjson`, `filebeat-20260102-1.ndjson`.", &fileTable, nil},
	{"output.console", "", &consoleTable, nil},
	{"Codecs", "`codec` of each output: one of `json`, the default, and `format`.", &codecTable, nil},
}

func compatibilityPage() []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "<!-- Written by `go generate ./config` from config/testdata/compatibility.md and config/tables.go: edit those. -->")
	b.Write(compatibilityText)
	for i, c := range chapters {
		if i > 0 {
			fmt.Fprintln(&b)
		}
		fmt.Fprintf(&b, "## %s\n\n", c.title)
		if c.text != "" {
			fmt.Fprintf(&b, "%s\n\n", c.text)
		}
		writeTable(&b, c.table, c.without)
	}
	writeProcessors(&b)
	return b.Bytes()
}

// writeProcessors writes what package processor says of itself.
func writeProcessors(b *bytes.Buffer) {
	fmt.Fprint(b, "\n## Processors\n\n", `Each element of `+"`processors`"+`, at the top level and of inputs: a processor with its options, or `+"`if`, `then` and `else`"+`.
Those of an input come first, then the shipper's own fields (agent, ecs, host), then those of the top level. One without
effect is a warning. All of them take `+"`when`"+`. An option that is not listed is an error where Filebeat makes it one, else a
warning.

`)
	fmt.Fprint(b, "| Processor | Status | Note |\n|---|---|---|\n")
	for _, p := range processor.Table() {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", p.Name, p.Status, cell(p.Note))
	}
	fmt.Fprint(b, "\n## Options of processors\n\n| Processor | Option | Type | Default | Note |\n|---|---|---|---|---|\n")
	for _, p := range processor.Table() {
		writeOptions(b, p.Name, "", p.Options)
	}
	fmt.Fprint(b, "\n## Conditions\n\nWhat stands behind `when` and `if`.\n\n| Condition | True when |\n|---|---|\n")
	for _, c := range processor.Conditions() {
		fmt.Fprintf(b, "| `%s` | %s |\n", c.Name, cell(c.Note))
	}
}

func writeOptions(b *bytes.Buffer, name, prefix string, options []processor.OptionInfo) {
	for _, o := range options {
		def := defaultOf(tree.Option{Default: o.Default})
		if o.Required {
			def = "required"
		}
		note := o.Note
		switch {
		case o.NoEffect:
			note = "no effect: " + note
		case note == "":
			note = strings.Join(o.Values, ", ")
		}
		fmt.Fprintf(b, "| `%s` | `%s` | %s | %s | %s |\n", name, prefix+o.Name, o.Type, def, cell(note))
		writeOptions(b, name, prefix+o.Name+".", o.Options)
	}
}

// writeTable writes a line per option; neighbours that are not honoured, for one
// reason, share a line.
func writeTable(b *bytes.Buffer, t, without *tree.Table) {
	fmt.Fprint(b, "| Key | Status | Default | Note |\n|---|---|---|---|\n")
	options := slices.DeleteFunc(slices.Clone(t.Options), func(o tree.Option) bool {
		return without != nil && slices.ContainsFunc(without.Options, func(w tree.Option) bool { return w.Name == o.Name })
	})
	for len(options) > 0 {
		o, n := options[0], 1
		for n < len(options) && statusOf(o) != tree.Honoured && statusOf(options[n]) == statusOf(o) && options[n].Note == o.Note {
			n++
		}
		var names []string
		for _, o := range options[:n] {
			names = append(names, "`"+o.Name+"`")
		}
		options = options[n:]
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", strings.Join(names, ", "), statusOf(o), defaultOf(o), noteOf(o))
	}
}

// defaultOf shows a value as code and words as words.
func defaultOf(o tree.Option) string {
	if o.Default == "" || strings.Contains(o.Default, " ") {
		return cell(o.Default)
	}
	return "`" + o.Default + "`"
}

// noteOf is the option's note, or the values that it can have.
func noteOf(o tree.Option) string {
	if o.Note == "" {
		return cell(strings.Join(o.Values, ", "))
	}
	return cell(o.Note)
}

// statusOf is the option's status. A destination that logcar lacks is read, so
// that it can be disabled, and refused all the same.
func statusOf(o tree.Option) tree.Status {
	if name, ok := strings.CutPrefix(o.Name, "output."); ok && outputTables[name] == &otherTable {
		return tree.Refused
	}
	return o.Status
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
