package logstash

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Filters are a pipeline's filters, ready to run.
type Filters struct {
	steps []Step
	env   map[string]string
	groks map[*Plugin][]match
}

// A match is what a grok filter tries on one field.
type match struct {
	field string
	groks []*Grok
}

// NewFilters prepares the filters of a pipeline, with the environment variables
// that it is run with.
func NewFilters(p *Pipeline, env map[string]string) (*Filters, error) {
	f := &Filters{steps: p.Filter, env: env, groks: map[*Plugin][]match{}}
	for _, plugin := range Plugins(p.Filter) {
		if plugin.Name != "grok" {
			continue
		}
		matches, err := compileMatches(plugin)
		if err != nil {
			return nil, err
		}
		f.groks[plugin] = matches
	}
	return f, nil
}

// Definitions are the patterns that a grok filter defines for itself.
func Definitions(grok *Plugin) map[string]string {
	definitions := map[string]string{}
	hash, _ := grok.Options.Get("pattern_definitions").(Hash)
	for _, p := range hash {
		definitions[p.Key], _ = p.Value.(string)
	}
	return definitions
}

// Patterns are those that a grok filter tries on a field, in this order.
func Patterns(grok *Plugin) map[string][]string {
	patterns := map[string][]string{}
	hash, _ := grok.Options.Get("match").(Hash)
	for _, p := range hash {
		patterns[p.Key] = texts(p.Value)
	}
	return patterns
}

func compileMatches(plugin *Plugin) ([]match, error) {
	definitions := Definitions(plugin)
	var matches []match
	for field, patterns := range Patterns(plugin) {
		m := match{field: field}
		for _, text := range patterns {
			g, err := CompileGrok(text, definitions)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", plugin.Line, err)
			}
			m.groks = append(m.groks, g)
		}
		matches = append(matches, m)
	}
	return matches, nil
}

// texts makes a list of a value that is a string or an array of strings.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		list := make([]string, len(v))
		for i := range v {
			list[i], _ = v[i].(string)
		}
		return list
	}
	return nil
}

// Run filters one event.
func (f *Filters) Run(e *Event) error { return f.run(f.steps, e) }

func (f *Filters) run(steps []Step, e *Event) error {
	for _, s := range steps {
		if s.Plugin != nil {
			if err := f.apply(s.Plugin, e); err != nil {
				return fmt.Errorf("line %d: %s: %w", s.Plugin.Line, s.Plugin.Name, err)
			}
		}
		for _, b := range s.Branches {
			if b.If == nil || b.If(e) {
				if err := f.run(b.Then, e); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

func (f *Filters) apply(p *Plugin, e *Event) error {
	switch p.Name {
	case "mutate":
		return f.mutate(p, e)
	case "grok":
		return f.grok(p, e)
	case "date":
		return f.date(p, e)
	case "fingerprint":
		return fingerprint(p, e)
	}
	return fmt.Errorf("the filter is not known")
}

// mutations stand in the order in which Logstash carries them out, whatever
// their order in the file; the common options come last.
var mutations = []struct {
	name  string
	apply func(f *Filters, e *Event, option any) error
}{
	{"rename", (*Filters).rename},
	{"gsub", (*Filters).gsub},
	{"lowercase", (*Filters).lowercase},
	{"copy", (*Filters).copy},
	{"add_field", (*Filters).addField},
	{"remove_field", func(_ *Filters, e *Event, option any) error {
		for _, ref := range texts(option) {
			e.Remove(ref)
		}
		return nil
	}},
	{"add_tag", func(_ *Filters, e *Event, option any) error {
		for _, tag := range texts(option) {
			e.AddTag(tag)
		}
		return nil
	}},
}

func (f *Filters) mutate(p *Plugin, e *Event) error {
	if err := p.only("rename", "gsub", "lowercase", "copy", "add_field", "remove_field", "add_tag"); err != nil {
		return err
	}
	for _, m := range mutations {
		if option := p.Options.Get(m.name); option != nil {
			if err := m.apply(f, e, option); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	return nil
}

// only reports options that this package would ignore.
func (p *Plugin) only(names ...string) error {
	for _, o := range p.Options {
		if !slices.Contains(names, o.Key) {
			return fmt.Errorf("option %s is not known", o.Key)
		}
	}
	return nil
}

func (f *Filters) rename(e *Event, option any) error {
	for _, p := range option.(Hash) {
		if v := e.Get(p.Key); v != nil {
			e.Remove(p.Key)
			if err := e.Set(p.Value.(string), v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Filters) copy(e *Event, option any) error {
	for _, p := range option.(Hash) {
		if v := e.Get(p.Key); v != nil {
			if err := e.Set(p.Value.(string), v); err != nil {
				return err
			}
		}
	}
	return nil
}

// gsub takes triples: field, pattern, replacement.
func (f *Filters) gsub(e *Event, option any) error {
	args := texts(option)
	if len(args)%3 != 0 {
		return fmt.Errorf("%d arguments are no triples", len(args))
	}
	for ; len(args) > 0; args = args[3:] {
		re, err := regexp.Compile(goSyntax(args[1]))
		if err != nil {
			return err
		}
		if s, ok := e.Get(args[0]).(string); ok {
			if err := e.Set(args[0], re.ReplaceAllLiteralString(s, args[2])); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Filters) lowercase(e *Event, option any) error {
	for _, ref := range texts(option) {
		if s, ok := e.Get(ref).(string); ok {
			if err := e.Set(ref, strings.ToLower(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Filters) addField(e *Event, option any) error {
	for _, p := range option.(Hash) {
		text, err := e.Expand(f.Environment(p.Value.(string)))
		if err != nil {
			return err
		}
		if err := e.Set(p.Key, text); err != nil {
			return err
		}
	}
	return nil
}

var variable = regexp.MustCompile(`\$\{(\w+)(?::([^}]*))?\}`)

// Environment fills in ${NAME:default}.
func (f *Filters) Environment(text string) string {
	return variable.ReplaceAllStringFunc(text, func(s string) string {
		m := variable.FindStringSubmatch(s)
		if v, ok := f.env[m[1]]; ok {
			return v
		}
		return m[2]
	})
}

func (f *Filters) grok(p *Plugin, e *Event) error {
	if err := p.only("match", "pattern_definitions", "tag_on_failure", "timeout_millis", "tag_on_timeout"); err != nil {
		return err
	}
	for _, m := range f.groks[p] {
		text, ok := e.Get(m.field).(string)
		if !ok {
			continue
		}
		for _, g := range m.groks {
			if matched, err := g.Match(e, text); matched || err != nil {
				return err
			}
		}
	}
	for _, tag := range texts(p.Options.Get("tag_on_failure")) {
		e.AddTag(tag)
	}
	return nil
}

// isoLayouts are the forms of ISO 8601 that the pipeline makes.
var isoLayouts = []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999"}

func (f *Filters) date(p *Plugin, e *Event) error {
	if err := p.only("match", "timezone", "target", "tag_on_failure"); err != nil {
		return err
	}
	args := texts(p.Options.Get("match"))
	if len(args) != 2 || args[1] != "ISO8601" {
		return fmt.Errorf("match %q is not known", args)
	}
	text, ok := e.Get(args[0]).(string)
	if !ok {
		return nil
	}
	name, err := e.Expand(p.Options.Get("timezone").(string))
	if err != nil {
		return err
	}
	if zone, err := time.LoadLocation(name); err == nil {
		for _, layout := range isoLayouts {
			if at, err := time.ParseInLocation(layout, text, zone); err == nil {
				return e.Set(p.Options.Get("target").(string), at.UTC().Truncate(time.Millisecond))
			}
		}
	}
	for _, tag := range texts(p.Options.Get("tag_on_failure")) {
		e.AddTag(tag)
	}
	return nil
}

func fingerprint(p *Plugin, e *Event) error {
	if err := p.only("source", "concatenate_sources", "method", "target"); err != nil {
		return err
	}
	if p.Options.Get("method") != "SHA256" || p.Options.Get("concatenate_sources") != "true" {
		return fmt.Errorf("only SHA256 over all sources is known")
	}
	refs := texts(p.Options.Get("source"))
	slices.Sort(refs)
	var b strings.Builder
	for _, ref := range refs {
		fmt.Fprintf(&b, "|%s|%v", ref, e.Get(ref))
	}
	sum := sha256.Sum256([]byte(b.String() + "|"))
	return e.Set(p.Options.Get("target").(string), hex.EncodeToString(sum[:]))
}
