package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/config/watch"
	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/multiline"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/parser"
	"github.com/logcar/logcar/processor"
	"github.com/logcar/logcar/tailer"
)

// readInputs reads filebeat.inputs, or filebeat.prospectors of 6.x, and then those
// of included files.
func (c *Config) readInputs(s *tree.Section, files []*included) {
	global := commonOf(s, c.Shape)
	enabled := 0
	for _, key := range []string{"filebeat.prospectors", "filebeat.inputs"} {
		if s.Has(key) {
			enabled += c.addInputs(s.List(key, &inputTable), global, &c.off)
		}
	}
	for _, f := range files {
		enabled += c.addInputs(f.inputs, global, &f.off)
	}
	if n := len(c.Inputs); n > 1 && slices.ContainsFunc(c.Inputs, func(in *tailer.Input) bool { return in.Stdin }) {
		s.Errorf("filebeat.inputs", "stdin must be the only input, and there are %d", n)
	}
	// Files with inputs may still come, where they are waited for.
	if waits := slices.ContainsFunc(c.Reload.Watch, func(w watch.Target) bool { return w.Pattern }); enabled == 0 && !waits && len(c.broken) == 0 {
		noInputs(s)
	}
}

// addInputs reads the inputs that are enabled, and returns how many those are.
func (c *Config) addInputs(sections []*tree.Section, global common, off *unread) (enabled int) {
	for _, in := range sections {
		if !in.Bool("enabled", true) {
			off.disabled(in)
			continue
		}
		enabled++
		i := readInput(in, global, c.Shape)
		if i == nil {
			off.refused(in, "its input is not supported")
			continue
		}
		c.Inputs = append(c.Inputs, i)
		if chain := readProcessors(in); chain != nil {
			if c.Documents.Inputs == nil {
				c.Documents.Inputs = map[*event.Input]*processor.Chain{}
			}
			c.Documents.Inputs[i.Event] = chain
		}
	}
	return enabled
}

// noInputs reports that there is nothing to read, where it was meant to come from:
// Filebeat finds files by way of its modules and by asking the cluster as well.
func noInputs(s *tree.Section) {
	for _, files := range []string{"filebeat.config.inputs", "filebeat.config.prospectors"} {
		if s.Has(files) && s.Sub(files, &configInputsTable).Bool("enabled", true) {
			s.Errorf(files+".path", "no file there has an input that is enabled, and with reload.enabled: false none is waited for")
			return
		}
	}
	for _, other := range []string{"filebeat.autodiscover", "filebeat.modules"} {
		if s.Has(other) {
			s.Errorf(other, "names no files to logcar, which has no modules and no autodiscovery; expected filebeat.inputs with their paths")
			return
		}
	}
	s.Errorf("filebeat.inputs", "no inputs enabled: which files do you want to be read? Expected a list with paths")
}

// readInput reads one input according to its type.
func readInput(s *tree.Section, global common, shape output.Shape) *tailer.Input {
	kind := s.Enum("type", "")
	if kind == "" {
		// input_type is the spelling before 6.0. Filebeat takes it, and leaves
		// the document's input.type out, since that is filled from "type" alone.
		kind = s.Enum("input_type", "log")
	}
	in := tailer.DefaultInput()
	in.Event = commonOf(s, shape).over(global)
	in.Event.Type = s.Enum("type", "")
	in.Event.Pipeline = s.String("pipeline", "")
	in.Event.DisableHost = s.Bool("publisher_pipeline.disable_host", false)
	switch kind {
	case "log":
		readLog(s.With(&logTable), &in)
	case "container":
		files := s.With(&containerInputTable)
		readLog(files, &in, readContainer(files))
		in.Symlinks = true // as in Filebeat: what kubelet gives out are links
	case "docker":
		readDocker(s.With(&dockerInputTable), &in)
	case "filestream":
		readFilestream(s.With(&filestreamTable), &in)
	case "stdin":
		readStdin(s.With(&stdinTable), &in)
	default:
		s.Errorf("type", "input type %q is not supported; log, filestream, container, docker and stdin are", kind)
		return nil
	}
	if len(in.Paths) == 0 && !in.Stdin && kind != "docker" {
		s.Errorf("paths", "no paths: expected a list of files or patterns such as /mnt/*.log")
	}
	if in.CloseInactive == 0 || in.Stdin {
		in.CloseInactive = never
	}
	return &in
}

// defaultTimeout is what Filebeat's default of 5 s amounts to: at the end of a
// file it looks again after 1, 3 and 7 s, so that a line joins its event when it
// comes within 3 s, and begins another one when it comes later. logcar reads a
// line when it is written, and needs the number itself.
const defaultTimeout = 3 * time.Second

// readMultiline returns the stage that joins lines; none when it is not right.
func readMultiline(s *tree.Section, in *tailer.Input) []parser.Stage {
	kind, err := multiline.ParseType(s.String("type", ""))
	if err != nil {
		reportMultiline(s, err)
		return nil
	}
	c := multiline.Config{
		Type: kind, Pattern: s.String("pattern", ""), Negate: s.Bool("negate", false), Match: s.String("match", ""),
		FlushPattern: s.String("flush_pattern", ""), CountLines: s.Int("count_lines", 0),
		MaxLines:    s.Int("max_lines", multiline.DefaultMaxLines),
		Timeout:     s.Duration("timeout", defaultTimeout),
		SkipNewline: s.Bool("skip_newline", false),
	}
	if c.Type == multiline.Count {
		c.Timeout = 0
		c.MaxLines = s.Int("max_lines", c.CountLines)
	}
	rule, err := multiline.New(c)
	if err != nil {
		reportMultiline(s, err)
		return nil
	}
	if s.Has("max_bytes") {
		// The input's own limit cuts the joined text in any case.
		size := s.ByteSize("max_bytes", int64(in.Cut.MaxBytes))
		if size == 0 {
			s.Errorf("max_bytes", "0 leaves nothing; expected 1 or more")
		}
		in.Cut.MaxBytes = int(min(size, int64(in.Cut.MaxBytes)))
	}
	return []parser.Stage{parser.Multiline{
		Rule: rule, MaxLines: max(c.MaxLines, 0), Timeout: c.Timeout, Whole: c.Type == multiline.Count, SkipNewline: c.SkipNewline,
	}}
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

func commonOf(s *tree.Section, shape output.Shape) common {
	var c common
	// Text: what a reference brings stays as it is written. A namespace or a
	// service must not become a number because it looks like one.
	fields, isMap := s.Any("fields", tree.Text).(map[string]any)
	if !isMap && s.Has("fields") {
		s.Errorf("fields", "expected a map")
	}
	if s.Bool("fields_under_root", false) {
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			if output.Reserved(shape, key) {
				s.Warnf("fields", "%s is the event's own and cannot be set; it is left out", key)
			}
		}
		c.root = fields
	} else {
		c.fields = fields
	}
	c.tags = s.Strings("tags", nil)
	return c
}

// checkNames reports what a table says of the names in a map that chooses by
// them, such as "- ndjson:", which needs no value, and returns them. A wrong one is
// an error: what it should have done would not be done. Filebeat passes over single
// values beside them.
func checkNames(s *tree.Section, t *tree.Table, kind string) []string {
	names, beside := s.Choices()
	for _, name := range beside {
		s.Warnf(name, "is no %s and is ignored, as in Filebeat; an option of one has to be indented below it", kind)
	}
	for _, name := range names {
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
	return names
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
