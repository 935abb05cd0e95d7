package processor

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/logcar/logcar/internal/suggest"
)

// Error is something wrong with a configuration.
type Error struct {
	Index int    // of the processor in the list
	Path  string // of the key, from the index on: "0.dissect.tokenizer"; in ParseCondition from the condition on
	Text  string
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Text
	}
	return e.Path + ": " + e.Text
}

// New makes a chain from the plain values of a configuration: a list of maps, each
// with one action, or with if, then and else. The error joins all that is wrong,
// each an [*Error].
func New(list []any) (*Chain, error) {
	b := &builder{}
	steps := b.steps(list, "")
	if len(b.errs) > 0 {
		return nil, errors.Join(b.errs...)
	}
	c := &Chain{steps: steps, notes: b.notes, surround: b.surround}
	c.Version() // the first look
	return c, nil
}

// maxDepth bounds how deep conditions and lists of processors may be nested.
const maxDepth = 50

// builder gathers what comes up while a configuration is read.
type builder struct {
	errs     []error
	notes    []Note
	surround []surrounding
	depth    int
}

func (b *builder) fail(path, text string) {
	first, _, _ := strings.Cut(path, ".")
	index, err := strconv.Atoi(first)
	if err != nil {
		index = 0 // a condition by itself
	}
	b.errs = append(b.errs, &Error{Index: index, Path: path, Text: text})
}

func (b *builder) note(path, text string) { b.notes = append(b.notes, Note{Path: path, Text: text}) }

// deeper counts levels; done takes one back.
func (b *builder) deeper(path string) (ok bool) {
	if b.depth >= maxDepth {
		b.fail(path, fmt.Sprintf("nested deeper than %d levels", maxDepth))
		return false
	}
	b.depth++
	return true
}

func (b *builder) done() { b.depth-- }

func (b *builder) steps(list []any, at string) []*step {
	var steps []*step
	for i, item := range list {
		path := join(at, strconv.Itoa(i))
		element, ok := item.(map[string]any)
		if !ok {
			b.fail(path, "expected a map with one action, found "+describe(item))
			continue
		}
		if s := b.step(element, path); s != nil {
			s.touched = s.action.touches()
			steps = append(steps, s)
		}
	}
	return steps
}

// step returns nil for what is wrong or has no effect.
func (b *builder) step(element map[string]any, at string) *step {
	if _, ok := element["if"]; ok {
		return b.branch(element, at)
	}
	names := sortedKeys(element)
	if len(names) != 1 {
		b.fail(at, fmt.Sprintf("each processor must have exactly one action, but found %d actions (%s)", len(names), strings.Join(names, ",")))
		return nil
	}
	name := names[0]
	path := join(at, name)
	kind := lookUp(name)
	if kind == nil {
		b.fail(path, unknownAction(name))
		return nil
	}
	values, ok := element[name].(map[string]any)
	if !ok && element[name] != nil {
		b.fail(path, "expected a map of options, found "+describe(element[name]))
		return nil
	}
	if a := b.action(kind, path, values); a != nil {
		return &step{path: path, action: a}
	}
	return nil
}

func unknownAction(name string) string {
	var valid []string
	for _, k := range kinds {
		if k.Status != Refused {
			valid = append(valid, k.Name)
		}
	}
	return fmt.Sprintf("the processor action %s does not exist%s; valid actions: %s", name, suggest.DidYouMean(name, valid), strings.Join(valid, ", "))
}

func (b *builder) action(k *kind, at string, values map[string]any) action {
	switch k.Status {
	case Refused:
		b.fail(at, "is not supported: "+k.Note)
		return nil
	case NoEffect:
		b.note(at, "has no effect: "+k.Note)
		return nil
	}
	return b.build(k, b.options(k, at, values), values["when"])
}

func (b *builder) options(k *kind, at string, values map[string]any) *options {
	own := make(map[string]any, len(values))
	for name, v := range values {
		if name != "when" {
			own[name] = v
		}
	}
	return &options{builder: b, path: at, infos: k.Options, values: own, strict: k.Strict, asked: map[string]bool{}}
}

func (b *builder) build(k *kind, o *options, condition any) action {
	before := len(b.errs)
	var c *Condition
	if condition != nil {
		c = b.condition(condition, join(o.path, "when"))
	}
	checked := len(b.errs)
	if o.check(); len(b.errs) > checked {
		return nil
	}
	a := k.build(o)
	if len(b.errs) > before {
		return nil
	}
	if s, ok := a.(surrounding); ok {
		b.surround = append(b.surround, s)
	}
	if c == nil {
		return a
	}
	return &when{c, a}
}

// branch reads if, then and else.
func (b *builder) branch(element map[string]any, at string) *step {
	for _, name := range sortedKeys(element) {
		if !slices.Contains([]string{"if", "then", "else"}, name) {
			b.note(join(at, name), "is ignored beside \"if\", as in Filebeat")
		}
	}
	if !b.deeper(at) {
		return nil
	}
	defer b.done()
	before := len(b.errs)
	s := &branch{
		condition: b.condition(element["if"], join(at, "if")),
		then:      b.list(element["then"], join(at, "then")),
		otherwise: b.list(element["else"], join(at, "else")),
	}
	if element["then"] == nil {
		b.fail(at, "missing then option")
	}
	if len(b.errs) > before {
		return nil
	}
	return &step{path: join(at, "if"), action: s}
}

// list takes a single processor for a list of one.
func (b *builder) list(v any, at string) []*step {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return b.steps(v, at)
	case map[string]any:
		s := b.step(v, at)
		if s == nil {
			return nil
		}
		s.touched = s.action.touches()
		return []*step{s}
	}
	b.fail(at, "expected a list of processors, found "+describe(v))
	return nil
}
