package config

import (
	"fmt"
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
	for _, in := range sections {
		if in.Bool("enabled", true) {
			if i := readInput(in, global); i != nil {
				c.Inputs = append(c.Inputs, i)
			}
		}
	}
	if len(c.Inputs) == 0 {
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
	if in.ScanFrequency <= 0 {
		s.Errorf("", "how often to scan must be more than 0")
	}
	return &in
}

// readLog reads the options of the log input.
func readLog(s *tree.Section, in *tailer.Input) {
	readFiles(s, in)
	in.Cut.MaxBytes = int(s.Bytes("max_bytes", int64(in.Cut.MaxBytes)))
	in.Symlinks = s.Bool("symlinks", false)
	in.RecursiveGlob = s.Bool("recursive_glob.enabled", true)
	in.Exclude = patterns(s, "exclude_files")
	in.ScanFrequency = s.Duration("scan_frequency", in.ScanFrequency)
	in.TailFiles = s.Bool("tail_files", false)
	in.Backoff = s.Duration("backoff", in.Backoff)
	in.MaxBackoff = max(s.Duration("max_backoff", in.MaxBackoff), in.Backoff)
	in.CloseInactive = s.Duration("close_inactive", in.CloseInactive)
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
	in.Cut.MaxBytes = int(s.Bytes("message_max_bytes", int64(in.Cut.MaxBytes)))
	in.Symlinks = s.Bool("prospector.scanner.symlinks", false)
	in.RecursiveGlob = s.Bool("prospector.scanner.recursive_glob", true)
	in.Exclude = patterns(s, "prospector.scanner.exclude_files")
	in.ScanFrequency = s.Duration("prospector.scanner.check_interval", in.ScanFrequency)
	in.TailFiles = s.Bool("seek_to_tail", false)
	in.Backoff = s.Duration("backoff.init", in.Backoff)
	in.MaxBackoff = max(s.Duration("backoff.max", in.MaxBackoff), in.Backoff)
	in.CloseInactive = s.Duration("close.on_state_change.inactive", in.CloseInactive)
	in.CloseRenamed = s.Bool("close.on_state_change.renamed", false)
	in.CloseRemoved = s.Bool("close.on_state_change.removed", true)
	in.CloseEOF = s.Bool("close.reader.on_eof", false)
	for _, p := range s.List("parsers", &parserTable) {
		if p.Has("multiline") {
			readMultiline(p.Sub("multiline", &multilineTable), &in.Cut)
		}
	}
}

// readFiles reads what both inputs spell alike.
func readFiles(s *tree.Section, in *tailer.Input) {
	in.Paths = s.Strings("paths", nil)
	in.IgnoreOlder = s.Duration("ignore_older", 0)
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
		s.Errorf("type", "%v", err)
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
		// The error begins with the key that is wrong.
		key, text, _ := strings.Cut(err.Error(), ": ")
		if i := slices.IndexFunc(multilineTable.Options, func(o tree.Option) bool { return o.Name == key }); i < 0 {
			key, text = "", err.Error()
		}
		s.Errorf(key, "%s", text)
		return
	}
	cut.MaxLines, cut.Timeout, cut.SkipNewline = max(c.MaxLines, 0), c.Timeout, c.SkipNewline
	if s.Has("max_bytes") {
		cut.MaxBytes = int(s.Bytes("max_bytes", 0))
	}
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

func commonOf(s *tree.Section) common {
	var c common
	// Text: what a reference brings stays as it is written. A namespace or a
	// service must not become a number because it looks like one.
	fields, isMap := s.Any("fields", tree.Text).(map[string]any)
	if !isMap && s.Has("fields") {
		s.Errorf("fields", "expected a map")
	}
	if s.Bool("fields_under_root", false) {
		c.root = fields
	} else {
		c.fields = fields
	}
	c.tags = s.Strings("tags", nil)
	checkProcessors(s)
	return c
}

// ambient are the processors of Filebeat's stock file. They ask the host, the
// Docker daemon, the cloud or the API server what a sidecar's fields say already.
var ambient = []string{"add_host_metadata", "add_cloud_metadata", "add_docker_metadata", "add_kubernetes_metadata"}

func checkProcessors(s *tree.Section) {
	list, isList := s.Any("processors", tree.Text).([]any)
	if !isList && s.Has("processors") {
		s.Errorf("processors", "expected a list")
	}
	for i, p := range list {
		key := fmt.Sprintf("processors.%d", i)
		m, _ := p.(map[string]any)
		if len(m) == 0 {
			if name, ok := p.(string); ok {
				m = map[string]any{name: nil}
			}
		}
		for name := range m {
			if slices.Contains(ambient, name) {
				s.Warnf(key, "%s has no effect: give what it would add as fields, from the downward API", name)
			} else {
				s.Errorf(key, "processor %s is not supported yet", name)
			}
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
