// Package logstash reads a Logstash pipeline and runs its filters over single
// events, as far as deploy/logstash needs it, so that the pipeline can be tested
// where there is no Logstash.
//
// It knows the configuration language, the few filters and options that the
// pipeline uses, and grok as regular expressions of Go. Anything else is an
// error, never ignored: a pipeline that grows beyond this package fails its tests
// until they can judge it. It must never connect to anything.
package logstash

import (
	"fmt"
	"regexp"
	"strings"
)

// Pipeline is a configuration file: the plugins of its three sections, with the
// branches that they stand in.
type Pipeline struct {
	Input, Filter, Output []Step
}

// A Step is a plugin, or a branch if it has conditions.
type Step struct {
	Plugin   *Plugin
	Branches []Branch
}

// A Branch is one arm of if, else if and else; else has no condition.
type Branch struct {
	If   condition
	Then []Step
}

// A Plugin is one use of a plugin with its options. Values are string, []any,
// Hash or, for a codec with options, *Plugin.
type Plugin struct {
	Name    string
	Options Hash
	Line    int
}

// Hash is a hash in the order of the file.
type Hash []Pair

// Pair is one entry of a Hash.
type Pair struct {
	Key   string
	Value any
}

// Get returns the value of key, or nil.
func (h Hash) Get(key string) any {
	for _, p := range h {
		if p.Key == key {
			return p.Value
		}
	}
	return nil
}

// Parse reads a pipeline file.
func Parse(text string) (*Pipeline, error) {
	p := &parser{}
	if err := p.split(text); err != nil {
		return nil, err
	}
	pipeline := &Pipeline{}
	sections := map[string]*[]Step{"input": &pipeline.Input, "filter": &pipeline.Filter, "output": &pipeline.Output}
	err := p.catch(func() {
		for p.peek().kind != end {
			name := p.expect(word, "")
			steps, ok := sections[name.text]
			if !ok {
				p.fail(name, "expected input, filter or output")
			}
			*steps = append(*steps, p.block()...)
		}
	})
	if err != nil {
		return nil, err
	}
	return pipeline, nil
}

// Plugins returns all plugins of steps, whatever branch they stand in.
func Plugins(steps []Step) []*Plugin {
	var all []*Plugin
	for _, s := range steps {
		if s.Plugin != nil {
			all = append(all, s.Plugin)
		}
		for _, b := range s.Branches {
			all = append(all, Plugins(b.Then)...)
		}
	}
	return all
}

type kind string

const (
	end       kind = "the end"
	word      kind = "a word"
	quoted    kind = "a string"
	pattern   kind = "a regular expression"
	reference kind = "a field"
	mark      kind = "punctuation"
)

type token struct {
	kind kind
	text string
	line int
}

type parser struct {
	tokens []token
	at     int
}

// lexemes stand in the order in which they are tried. A field reference is told
// from an array by having neither quotes nor spaces.
var lexemes = []struct {
	kind kind
	re   *regexp.Regexp
}{
	{"", regexp.MustCompile(`^(?:\s|#[^\n]*)+`)},
	{quoted, regexp.MustCompile(`^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')`)},
	{reference, regexp.MustCompile(`^(?:\[[^\[\]\s"',]+\])+`)},
	{mark, regexp.MustCompile(`^(?:=>|==|!=|=~|!~|<=|>=|[{}\[\],()!<>])`)},
	{pattern, regexp.MustCompile(`^/((?:[^/\\\n]|\\.)*)/`)},
	{word, regexp.MustCompile(`^[A-Za-z0-9_.@-]+`)},
}

func (p *parser) split(text string) error {
	line := 1
next:
	for text != "" {
		for _, l := range lexemes {
			m := l.re.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			if l.kind != "" {
				t := token{l.kind, m[0], line}
				if len(m) > 1 { // without the quotes or slashes
					t.text = strings.Join(m[1:], "")
				}
				p.tokens = append(p.tokens, t)
			}
			line += strings.Count(m[0], "\n")
			text = text[len(m[0]):]
			continue next
		}
		return fmt.Errorf("line %d: unexpected %.20q", line, text)
	}
	p.tokens = append(p.tokens, token{end, "", line})
	return nil
}

type syntaxError struct{ error }

// catch turns what fail throws into an error: the grammar below is recursive,
// and would drown in checks otherwise.
func (p *parser) catch(parse func()) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case syntaxError:
			err = v.error
		default:
			panic(v)
		}
	}()
	parse()
	return nil
}

func (p *parser) fail(t token, why string) {
	panic(syntaxError{fmt.Errorf("line %d: %s, found %s %q", t.line, why, t.kind, t.text)})
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// expect takes a token of a kind and, unless text is empty, of that text.
func (p *parser) expect(k kind, text string) token {
	t := p.next()
	if t.kind != k || text != "" && t.text != text {
		p.fail(t, fmt.Sprintf("expected %s %s", k, text))
	}
	return t
}

// accept takes the next token if it is this one.
func (p *parser) accept(k kind, text string) bool {
	if t := p.peek(); t.kind != k || t.text != text {
		return false
	}
	p.at++
	return true
}

func (p *parser) block() []Step {
	p.expect(mark, "{")
	var steps []Step
	for !p.accept(mark, "}") {
		if p.accept(word, "if") {
			steps = append(steps, p.branches())
			continue
		}
		steps = append(steps, Step{Plugin: p.plugin(p.expect(word, ""))})
	}
	return steps
}

// branches reads what follows the first "if".
func (p *parser) branches() Step {
	s := Step{Branches: []Branch{{If: p.condition(), Then: p.block()}}}
	for p.accept(word, "else") {
		if !p.accept(word, "if") {
			s.Branches = append(s.Branches, Branch{Then: p.block()})
			return s
		}
		s.Branches = append(s.Branches, Branch{If: p.condition(), Then: p.block()})
	}
	return s
}

func (p *parser) plugin(name token) *Plugin {
	plugin := &Plugin{Name: name.text, Line: name.line}
	p.expect(mark, "{")
	for !p.accept(mark, "}") {
		option := p.expect(word, "")
		if plugin.Options.Get(option.text) != nil {
			p.fail(option, "option given twice")
		}
		p.expect(mark, "=>")
		plugin.Options = append(plugin.Options, Pair{option.text, p.value()})
	}
	return plugin
}

func (p *parser) value() any {
	switch t := p.next(); {
	case t.kind == quoted:
		return t.text
	case t.kind == word && p.peek().text == "{" && p.peek().kind == mark:
		return p.plugin(t)
	case t.kind == word:
		return t.text
	case t.kind == mark && t.text == "[":
		list := []any{}
		for !p.accept(mark, "]") {
			list = append(list, p.value())
			if !p.accept(mark, ",") && p.peek().text != "]" {
				p.fail(p.peek(), "expected a comma or the end of the array")
			}
		}
		return list
	case t.kind == mark && t.text == "{":
		hash := Hash{}
		for !p.accept(mark, "}") {
			key := p.next()
			if key.kind != quoted && key.kind != word {
				p.fail(key, "expected a key")
			}
			if hash.Get(key.text) != nil {
				p.fail(key, "key given twice")
			}
			p.expect(mark, "=>")
			hash = append(hash, Pair{key.text, p.value()})
		}
		return hash
	default:
		p.fail(t, "expected a value")
		return nil
	}
}
