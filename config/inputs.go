package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/multiline"
	"github.com/logcar/logcar/tailer"
)

// readInputs reads filebeat.inputs, or filebeat.prospectors of 6.x.
func (c *Config) readInputs(s *tree.Section) {
	global := commonOf(s)
	var sections []*tree.Section
	for _, key := range []string{"filebeat.prospectors", "filebeat.inputs"} {
		if s.Has(key) {
			sections = append(sections, s.List(key, &inputTable)...)
		}
	}
	enabled := 0
	for _, in := range sections {
		if !in.Bool("enabled", true) {
			c.off = append(c.off, in.Path())
			continue
		}
		enabled++
		if i := readInput(in, global); i != nil {
			c.Inputs = append(c.Inputs, i)
		}
	}
	if enabled == 0 {
		s.Errorf("filebeat.inputs", "no inputs enabled: which files do you want to be read? Expected a list with paths")
	}
}

// readInput reads one input according to its type.
func readInput(s *tree.Section, global common) *tailer.Input {
	kind := s.Enum("type", "")
	if kind == "" {
		// input_type is the spelling before 6.0. Filebeat takes it, and leaves
		// the document's input.type out, since that is filled from "type" alone.
		kind = s.Enum("input_type", "log")
	}
	in := tailer.DefaultInput()
	in.Event = commonOf(s).over(global)
	in.Event.Type = s.Enum("type", "")
	in.Event.Pipeline = s.String("pipeline", "")
	in.Event.DisableHost = s.Bool("publisher_pipeline.disable_host", false)
	switch kind {
	case "log":
		readLog(s.With(&logTable), &in)
	case "filestream":
		readFilestream(s.With(&filestreamTable), &in)
	default:
		s.Errorf("type", "input type %q is not supported yet; log and filestream are", kind)
		return nil
	}
	if len(in.Paths) == 0 {
		s.Errorf("paths", "no paths: expected a list of files or patterns such as /mnt/*.log")
	}
	if in.CloseInactive == 0 {
		in.CloseInactive = never
	}
	return &in
}

// never is longer than any process lives, and short enough to be added to a time.
const never = 100 * 365 * 24 * time.Hour

// maxText bounds max_bytes and its like: events are indexed with 32 bits.
const maxText = 1 << 30

// readLog reads the options of the log input.
func readLog(s *tree.Section, in *tailer.Input) {
	readFiles(s, in)
	in.Cut.MaxBytes = bytesOf(s, "max_bytes", in.Cut.MaxBytes, 1, maxText)
	in.Symlinks = s.Bool("symlinks", false)
	in.RecursiveGlob = s.Bool("recursive_glob.enabled", true)
	in.Exclude = patterns(s, "exclude_files")
	in.ScanFrequency = positive(s, "scan_frequency", in.ScanFrequency)
	in.TailFiles = s.Bool("tail_files", false)
	in.Backoff = positive(s, "backoff", in.Backoff)
	in.MaxBackoff = max(positive(s, "max_backoff", in.MaxBackoff), in.Backoff)
	in.CloseInactive = notNegative(s, "close_inactive", in.CloseInactive)
	in.CloseEOF = s.Bool("close_eof", false)
	in.CloseRenamed = s.Bool("close_renamed", false)
	in.CloseRemoved = s.Bool("close_removed", true)
	if s.Has("multiline") {
		readMultiline(s.Sub("multiline", &multilineTable), &in.Cut)
	}
}

// readFilestream reads the options of the filestream input.
func readFilestream(s *tree.Section, in *tailer.Input) {
	readFiles(s, in)
	in.Cut.MaxBytes = bytesOf(s, "message_max_bytes", in.Cut.MaxBytes, 1, maxText)
	in.Symlinks = s.Bool("prospector.scanner.symlinks", false)
	in.RecursiveGlob = s.Bool("prospector.scanner.recursive_glob", true)
	in.Exclude = patterns(s, "prospector.scanner.exclude_files")
	in.ScanFrequency = positive(s, "prospector.scanner.check_interval", in.ScanFrequency)
	in.TailFiles = s.Bool("seek_to_tail", false)
	in.Backoff = positive(s, "backoff.init", in.Backoff)
	in.MaxBackoff = max(positive(s, "backoff.max", in.MaxBackoff), in.Backoff)
	in.CloseInactive = notNegative(s, "close.on_state_change.inactive", in.CloseInactive)
	in.CloseRenamed = s.Bool("close.on_state_change.renamed", false)
	in.CloseRemoved = s.Bool("close.on_state_change.removed", true)
	in.CloseEOF = s.Bool("close.reader.on_eof", false)
	for _, p := range s.List("parsers", &parserTable) {
		checkNames(p, &parserTable, "parser")
		switch {
		case !p.Has("multiline"):
		case in.Cut.Rule != nil:
			p.Errorf("multiline", "one multiline parser after another is not supported yet")
		default:
			readMultiline(p.Sub("multiline", &multilineTable), &in.Cut)
		}
	}
}

// readFiles reads what both inputs spell alike.
func readFiles(s *tree.Section, in *tailer.Input) {
	in.Paths = s.Strings("paths", nil)
	in.IgnoreOlder = notNegative(s, "ignore_older", 0)
	in.Cut.Include = patterns(s, "include_lines")
	in.Cut.Exclude = patterns(s, "exclude_lines")
	switch enc := strings.ToLower(s.String("encoding", "")); enc {
	case "", "plain", "nop", "utf-8", "utf8", "unicode-1-1-utf-8":
	default:
		s.Errorf("encoding", "encoding %q is not supported yet; plain and utf-8 are", enc)
	}
}

// defaultTimeout is what Filebeat's default of 5 s amounts to: at the end of a
// file it looks again after 1, 3 and 7 s, so that a line joins its event when it
// comes within 3 s, and begins another one when it comes later. logcar reads a
// line when it is written, and needs the number itself.
const defaultTimeout = 3 * time.Second

func readMultiline(s *tree.Section, cut *tailer.Cut) {
	kind, err := multiline.ParseType(s.String("type", ""))
	if err != nil {
		reportMultiline(s, err)
		return
	}
	c := multiline.Config{
		Type: kind, Pattern: s.String("pattern", ""), Negate: s.Bool("negate", false), Match: s.String("match", ""),
		FlushPattern: s.String("flush_pattern", ""), CountLines: s.Int("count_lines", 0),
		MaxLines:    s.Int("max_lines", multiline.DefaultMaxLines),
		Timeout:     s.Duration("timeout", defaultTimeout),
		SkipNewline: s.Bool("skip_newline", false),
	}
	if c.Type == multiline.Count {
		cut.Whole = true
		c.Timeout = 0
		c.MaxLines = s.Int("max_lines", c.CountLines)
	}
	if cut.Rule, err = multiline.New(c); err != nil {
		reportMultiline(s, err)
		return
	}
	cut.MaxLines, cut.Timeout, cut.SkipNewline = max(c.MaxLines, 0), c.Timeout, c.SkipNewline
	if s.Has("max_bytes") {
		// The input's own limit cuts the joined text in any case.
		size := s.ByteSize("max_bytes", int64(cut.MaxBytes))
		if size == 0 {
			s.Errorf("max_bytes", "0 leaves nothing; expected 1 or more")
		}
		cut.MaxBytes = int(min(size, int64(cut.MaxBytes)))
	}
}

// reportMultiline reports an error of package multiline, which begins with the
// name of the option that is wrong.
func reportMultiline(s *tree.Section, err error) {
	key, text, _ := strings.Cut(err.Error(), ": ")
	if i := slices.IndexFunc(multilineTable.Options, func(o tree.Option) bool { return o.Name == key }); i < 0 {
		key, text = "", err.Error()
	}
	s.Errorf(key, "%s", text)
}

func patterns(s *tree.Section, key string) []*match.Pattern {
	var all []*match.Pattern
	for _, expr := range s.Strings(key, nil) {
		p, err := match.Compile(expr)
		if err != nil {
			s.Errorf(key, "%v", err)
			continue
		}
		all = append(all, p)
	}
	return all
}

// common is what can be set for all inputs and for each.
type common struct {
	fields, root map[string]any
	tags         []string
}

// reserved are the keys of a document that belong to the event.
var reserved = []string{"@timestamp", "@metadata", "message", "log"}

func commonOf(s *tree.Section) common {
	var c common
	// Text: what a reference brings stays as it is written. A namespace or a
	// service must not become a number because it looks like one.
	fields, isMap := s.Any("fields", tree.Text).(map[string]any)
	if !isMap && s.Has("fields") {
		s.Errorf("fields", "expected a map")
	}
	if s.Bool("fields_under_root", false) {
		for _, key := range reserved {
			if _, ok := fields[key]; ok {
				s.Warnf("fields", "%s is the event's own and cannot be set; it is left out", key)
			}
		}
		c.root = fields
	} else {
		c.fields = fields
	}
	c.tags = s.Strings("tags", nil)
	checkProcessors(s)
	return c
}

// checkProcessors judges the names of processors; what they are given is not
// looked at.
func checkProcessors(s *tree.Section) {
	for _, p := range s.List("processors", &processorTable) {
		checkNames(p, &processorTable, "processor")
	}
}

// checkNames reports what a table says of the names in a map that chooses by
// them, such as "- add_host_metadata:", which needs no value. A wrong one is an
// error: what it should have done would not be done.
func checkNames(s *tree.Section, t *tree.Table, kind string) {
	for _, name := range s.Names("") {
		i := slices.IndexFunc(t.Options, func(o tree.Option) bool { return o.Name == name })
		switch {
		case i < 0:
			s.Errorf(name, "%s is unknown", kind)
		case s.Has(name): // reported with all other keys
		case t.Options[i].Status == tree.Refused:
			s.Errorf(name, "is not supported: %s", t.Options[i].Note)
		case t.Options[i].Status == tree.NoEffect:
			s.Warnf(name, "has no effect: %s", t.Options[i].Note)
		}
	}
}

// over lays an input's settings over those of all inputs, as Filebeat does: tags
// are appended, fields merge and the input's win.
func (c common) over(global common) *event.Input {
	return &event.Input{
		Fields: merge(global.fields, c.fields), Root: merge(global.root, c.root),
		Tags: slices.Concat(global.tags, c.tags),
	}
}

// merge returns a deep merge in which b wins.
func merge(a, b map[string]any) map[string]any {
	if len(a) == 0 {
		return b
	}
	m := maps.Clone(a)
	for k, v := range b {
		below, ok1 := m[k].(map[string]any)
		above, ok2 := v.(map[string]any)
		if ok1 && ok2 {
			v = merge(below, above)
		}
		m[k] = v
	}
	return m
}
