package config

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/parser"
	"github.com/logcar/logcar/tailer"
)

// plain are the encodings whose lines can be cut as they are: what is no UTF-8 in
// them is replaced when the document is written.
var plain = []string{"", "plain", "nop", "utf-8", "utf8", "unicode-1-1-utf-8"}

// readChain gives an input the slow way of reading where cutting lines in place is
// not enough: another encoding or line terminator, or a parser other than one
// multiline.
func readChain(s *tree.Section, in *tailer.Input, filestream bool, stages []parser.Stage) {
	encoding, terminator := strings.ToLower(s.String("encoding", "plain")), s.Enum("line_terminator", "auto")
	_, joins := only[parser.Multiline](stages)
	if slices.Contains(plain, encoding) && terminator == "auto" && (len(stages) == 0 || joins) {
		if joins {
			m := stages[0].(parser.Multiline)
			in.Cut.Rule, in.Cut.MaxLines, in.Cut.Timeout = m.Rule, m.MaxLines, m.Timeout
			in.Cut.Whole, in.Cut.SkipNewline = m.Whole, m.SkipNewline
		}
		return
	}
	chain, err := parser.New(parser.Config{
		Encoding: encoding, Terminator: terminator, Filestream: filestream, Stages: stages,
		MaxBytes: in.Cut.MaxBytes, KeepNull: s.Bool("keep_null", false), Include: in.Cut.Include, Exclude: in.Cut.Exclude,
	})
	if err != nil {
		key, text, _ := strings.Cut(err.Error(), ": ")
		if key != "encoding" && key != "line_terminator" {
			key, text = "", err.Error()
		}
		s.Errorf(key, "%s", text)
		return
	}
	in.Parse = chain
}

// only returns the stage if it is the only one and of the type.
func only[T parser.Stage](stages []parser.Stage) (stage T, ok bool) {
	if len(stages) == 1 {
		stage, ok = stages[0].(T)
	}
	return stage, ok
}

// readJSON reads json.* of the log input.
func readJSON(s *tree.Section) parser.JSON {
	return parser.JSON{KeyOptions: readKeys(s), KeysUnderRoot: s.Bool("keys_under_root", false)}
}

// readKeys reads what json and ndjson have in common.
func readKeys(s *tree.Section) parser.KeyOptions {
	return parser.KeyOptions{
		MessageKey: s.String("message_key", ""), DocumentID: s.String("document_id", ""),
		OverwriteKeys: s.Bool("overwrite_keys", false), ExpandKeys: s.Bool("expand_keys", false),
		AddErrorKey: s.Bool("add_error_key", false), IgnoreDecodingError: s.Bool("ignore_decoding_error", false),
	}
}

// readParsers reads the parsers of the filestream input, in their order.
func readParsers(s *tree.Section, in *tailer.Input) (stages []parser.Stage) {
	for _, p := range s.List("parsers", &parserTable) {
		names := checkNames(p, &parserTable, "parser")
		if len(names) != 1 {
			p.Errorf("", "expected one parser, found %d", len(names))
			continue
		}
		switch names[0] {
		case "multiline":
			stages = append(stages, readMultiline(p.Sub("multiline", &multilineTable), in)...)
		case "ndjson":
			n := p.Sub("ndjson", &ndjsonTable)
			stages = append(stages, parser.NDJSON{KeyOptions: readKeys(n), Target: n.String("target", "")})
		case "container":
			stages = append(stages, readContainer(p.Sub("container", &containerTable)))
		case "syslog":
			y := p.Sub("syslog", &syslogTable)
			stages = append(stages, parser.Syslog{
				Format: y.Enum("format", "auto"), Location: location(y, "timezone"),
				LogErrors: y.Bool("log_errors", false), AddErrorKey: y.Bool("add_error_key", true),
			})
		case "include_message":
			m := p.Sub("include_message", &includeTable)
			var all []*match.Pattern
			if all = patterns(m, "patterns"); len(all) == 0 {
				m.Errorf("patterns", "no patterns: expected a list")
				continue
			}
			stages = append(stages, parser.IncludeMessage{Patterns: all})
		}
	}
	return stages
}

// readContainer reads how container runtimes write logs, for the parser and for
// the container input.
func readContainer(s *tree.Section) parser.Container {
	return parser.Container{Stream: s.Enum("stream", "all"), Format: s.Enum("format", "auto")}
}

// readDocker reads the docker input, which is a log input of the files that Docker
// keeps for containers.
func readDocker(s *tree.Section, in *tailer.Input) {
	c := parser.Container{Stream: s.Enum("containers.stream", "all"), Separate: !s.Bool("combine_partials", true)}
	if s.Bool("cri.force", false) {
		c.Format = "cri"
	}
	readLog(s, in, c)
	dir, ids, paths := s.String("containers.path", "/var/lib/docker/containers"), s.Strings("containers.ids", nil), s.Strings("containers.paths", nil)
	switch {
	case len(ids) > 0 && len(paths) > 0:
		s.Errorf("containers.paths", "stands in place of containers.ids; expected one of them")
	case len(ids) == 0 && len(paths) == 0:
		s.Errorf("containers.ids", "no containers: expected a list of their ids, or \"*\" for all of them")
	}
	for _, id := range ids {
		paths = append(paths, filepath.Join(dir, id, "*.log"))
	}
	// Filebeat writes them over the first elements of paths.
	in.Paths = append(paths, in.Paths[min(len(paths), len(in.Paths)):]...)
}
