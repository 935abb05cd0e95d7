package tree

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mode says what becomes of text that came out of a reference.
type Mode uint8

const (
	// Typed reads it again, as Filebeat does: 010 is 8, on is true, "a,b" is a
	// list.
	Typed Mode = iota
	// Text keeps it, but for surrounding space and one layer of quotes. It is a
	// deliberate difference from Filebeat, where a service tag of digits becomes
	// another number. Scalars without references have the types YAML gives them,
	// in both modes.
	Text
)

// part is a piece of a scalar: literal text, or a reference.
type part struct {
	text string
	ref  *reference
}

// reference is ${name}, ${name:arg}, ${name:+arg} or ${name:?arg}. Name and arg
// may hold references in turn.
type reference struct {
	name, arg []part
	op        string // "", ":", ":+" or ":?"
}

// splitter cuts a scalar's text at its references.
type splitter struct{ in string }

var errUnclosed = errors.New("${ without a closing }; write $${ for the two characters")

// parts reads up to one of the bytes in stops, which it leaves, or to the end.
func (s *splitter) parts(stops string, depth int) ([]part, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("references nested deeper than %d levels", maxDepth)
	}
	var parts []part
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			parts = append(parts, part{text: literal.String()})
			literal.Reset()
		}
	}
	for s.in != "" && strings.IndexByte(stops, s.in[0]) < 0 {
		switch {
		case strings.HasPrefix(s.in, "${"):
			flush()
			s.in = s.in[2:]
			ref, err := s.reference(depth + 1)
			if err != nil {
				return nil, err
			}
			parts = append(parts, part{ref: ref})
			continue
		case strings.HasPrefix(s.in, "$$"), strings.HasPrefix(s.in, "$}"):
			s.in = s.in[1:] // the escaped byte is literal
		}
		literal.WriteByte(s.in[0])
		s.in = s.in[1:]
	}
	flush()
	return parts, nil
}

// reference reads what follows "${", up to and with the closing brace.
func (s *splitter) reference(depth int) (*reference, error) {
	var ref reference
	var err error
	if ref.name, err = s.parts(":}", depth); err != nil {
		return nil, err
	}
	if strings.HasPrefix(s.in, ":") {
		ref.op = s.in[:1]
		if len(s.in) > 1 && (s.in[1] == '+' || s.in[1] == '?') {
			ref.op = s.in[:2]
		}
		s.in = s.in[len(ref.op):]
		if ref.arg, err = s.parts("}", depth); err != nil {
			return nil, err
		}
	}
	if s.in == "" {
		return nil, errUnclosed
	}
	s.in = s.in[1:]
	if len(ref.name) == 0 {
		return nil, errors.New("${} without a name")
	}
	return &ref, nil
}

// unsetError is a reference to nothing; operators have an answer to it.
type unsetError struct{ text string }

func (e unsetError) Error() string { return e.text }

var errTooMuch = fmt.Errorf("references lead round in a circle, to more than %d values or to more than %d bytes", maxSteps, maxText)

// expander evaluates the references behind one option. Its budgets make input
// that multiplies itself an error, its path one that leads back to itself.
type expander struct {
	root  *Root
	path  []*node // scalars being expanded
	spent budget
}

// budget counts work: steps are references and values, bytes their text.
type budget struct{ steps, bytes int }

func (r *Root) expander() *expander { return &expander{root: r} }

// spend counts work against the option's budget and that of the whole Root,
// which is for many options that each stay below theirs.
func (e *expander) spend(steps, bytes int) error {
	for _, b := range []struct {
		*budget
		times int
	}{{&e.spent, 1}, {&e.root.spent, 20}} {
		b.steps += steps
		b.bytes += bytes
		if b.steps > maxSteps*b.times || b.bytes > maxText*b.times {
			return errTooMuch
		}
	}
	return nil
}

// resolve returns n, or what its references stand for. Lone references to other
// keys lead to those keys' values, maps and lists among them.
func (e *expander) resolve(n *node, mode Mode) (*node, error) {
	if n.kind != scalar || !n.expand {
		return n, nil
	}
	// What is read counts as well as what comes out: a long text can end in a
	// short one.
	if err := e.spend(1, len(n.text)); err != nil || len(e.path) > maxDepth {
		return nil, errTooMuch
	}
	e.path = append(e.path, n)
	defer func() { e.path = e.path[:len(e.path)-1] }()

	s := splitter{in: n.text}
	parts, err := s.parts("", 0)
	if err != nil {
		return nil, err
	}
	plain := !slices.ContainsFunc(parts, func(p part) bool { return p.ref != nil })
	bare := len(parts) == 1 && !plain && parts[0].ref.op == ""
	if bare {
		name, err := e.join(parts[0].ref.name)
		if err != nil {
			return nil, err
		}
		if target := e.target(name); target != nil {
			found, err := e.resolve(target, mode)
			return found, inside(name, err)
		}
	}
	text, err := e.join(parts)
	switch {
	case err != nil:
		return nil, err
	case plain: // only escapes; never read again
		return &node{kind: scalar, pos: n.pos, text: text, value: text}, nil
	case mode == Text || strings.TrimSpace(text) == "":
		text = stringText(text)
		return &node{kind: scalar, pos: n.pos, text: text, value: text}, nil
	}
	p := valueParser{in: text, pos: n.pos, objects: !bare}
	v, err := p.parse()
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w (quotes around the value make it text)", quote(text), err)
	}
	return v, nil
}

// join concatenates the text of parts.
func (e *expander) join(parts []part) (string, error) {
	var b strings.Builder
	for _, p := range parts {
		text := p.text
		if p.ref != nil {
			var err error
			if text, err = e.reference(p.ref); err != nil {
				return "", err
			}
		}
		if err := e.spend(0, len(text)); err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func (e *expander) reference(ref *reference) (string, error) {
	if err := e.spend(1, 0); err != nil {
		return "", err
	}
	var text string
	name, err := e.join(ref.name)
	if err == nil {
		text, err = e.named(name)
	}
	if ref.op == "" || err != nil && !errors.As(err, new(unsetError)) {
		return text, err
	}
	isSet := err == nil && text != ""
	if ref.op == ":+" {
		if !isSet {
			return "", nil
		}
		return e.join(ref.arg)
	}
	if isSet {
		return text, nil
	}
	arg, err := e.join(ref.arg)
	if err == nil && ref.op == ":?" {
		return "", unsetError{fmt.Sprintf("${%s} is not set: %s", name, arg)}
	}
	return arg, err
}

// named is the text that a name stands for: first a key of the configuration,
// then what Lookup knows.
func (e *expander) named(name string) (string, error) {
	if target := e.target(name); target != nil {
		v, err := e.resolve(target, Text)
		if err != nil {
			return "", inside(name, err)
		}
		if v.kind == container {
			return "", unsetError{fmt.Sprintf("${%s} is %s; expected a single value", name, v.describe())}
		}
		return v.text, nil
	}
	if e.root.lookup != nil {
		if text, ok := e.root.lookup(name); ok && text != "" {
			return text, nil
		}
	}
	if n := e.root.find(e.root.scope, name); n != nil && slices.Contains(e.path, n) {
		return "", unsetError{fmt.Sprintf("${%s} refers to itself", name)}
	}
	return "", unsetError{fmt.Sprintf("${%s} is not set, neither as a key of the configuration nor in the environment or keystore; ${%[1]s:value} gives it a default", name)}
}

// target finds the key that a name stands for. One that is being expanded is not
// a target, so that "name: ${name}" finds the variable, as in Filebeat.
func (e *expander) target(name string) *node {
	n := e.root.find(e.root.scope, name)
	if n == nil || n.kind == null || slices.Contains(e.path, n) {
		return nil
	}
	return n
}

// inside says on the way to which name an error arose.
func inside(name string, err error) error {
	if errors.As(err, new(unsetError)) {
		return unsetError{fmt.Sprintf("${%s}: %v", name, err)}
	}
	return err
}

// find walks from n along a dotted path, not through references.
func (r *Root) find(n *node, path string) *node {
	for _, key := range split(path) {
		if n == nil {
			return nil
		}
		n = n.children[key]
	}
	return n
}

// walk follows a dotted path from n, through references to maps.
func (r *Root) walk(n *node, path string) *node {
	for _, key := range split(path) {
		if n = r.deref(n); n == nil {
			return nil
		}
		n = n.children[key]
	}
	return n
}

// deref returns n, or the map or list of another key that it refers to; nil for
// anything else, of which a getter or Finish will complain.
func (r *Root) deref(n *node) *node {
	for range maxDepth {
		if n == nil || n.kind == container {
			return n
		}
		name, opens := strings.CutPrefix(n.text, "${")
		name, closes := strings.CutSuffix(name, "}")
		if !n.expand || !opens || !closes || strings.ContainsAny(name, "$:}") {
			return nil
		}
		n = r.find(r.scope, name)
	}
	return nil
}
