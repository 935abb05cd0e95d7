package processor

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/logcar/logcar/internal/suggest"
)

// Condition is what "when" and "if" hold. It is immutable, and so safe for
// concurrent use.
type Condition struct {
	checker checker
	reads   []string
	notes   []Note
}

// ConditionInfo describes a type of condition.
type ConditionInfo struct{ Name, Note string }

// Conditions lists the types of conditions. When a map has several of them, only
// the first one in this order counts, as in Filebeat; the others are noted.
func Conditions() []ConditionInfo {
	return slices.Clone(conditions)
}

var conditions = []ConditionInfo{
	{"equals", "Each field has exactly this value, of the same type: 5 is not \"5\". Strings, integers and booleans."},
	{"contains", "Each field is a string, or a list with a string, that has this text in it."},
	{"regexp", "Each field is a string, or a list with a string, that this pattern (RE2) matches somewhere."},
	{"range", "Each field is a number within the limits: field.gt, field.gte, field.lt, field.lte."},
	{"has_fields", "All of the fields exist."},
	{"network", "Each field is an IP address, or a list with one, in one of these networks: a CIDR or a name such as private."},
	{"or", "One of the conditions in the list is true."},
	{"and", "All of the conditions in the list are true."},
	{"not", "The condition is not true."},
}

// ParseCondition makes a condition from the plain values of a configuration. The
// error joins all that is wrong, each an [*Error] with a path from m on.
func ParseCondition(m map[string]any) (*Condition, error) {
	b := &builder{}
	c := b.condition(m, "")
	if len(b.errs) > 0 {
		return nil, errors.Join(b.errs...)
	}
	c.notes = b.notes
	return c, nil
}

// Check reports whether the condition is true of d. A condition on a field that is
// not there is false.
func (c *Condition) Check(d *Document) bool { return c.checker.check(d) }

// Varies reports whether the condition looks at something of which varying says
// that it differs between events (see [Chain.Fold]).
func (c *Condition) Varies(varying func(path string) bool) bool {
	return slices.ContainsFunc(c.reads, varying)
}

// Notes tells what is ignored.
func (c *Condition) Notes() []Note { return c.notes }

// condition returns nil when something is wrong.
func (b *builder) condition(v any, at string) *Condition {
	c := &Condition{}
	c.checker = b.checker(c, v, at)
	if c.checker == nil {
		return nil
	}
	return c
}

// checker takes the first of the types of condition that v holds.
func (b *builder) checker(c *Condition, v any, at string) checker {
	m, ok := v.(map[string]any)
	if !ok {
		b.fail(at, "expected a condition, found "+describe(v))
		return nil
	}
	if !b.deeper(at) {
		return nil
	}
	defer b.done()
	var found checker
	first := ""
	for _, info := range conditions {
		v := m[info.Name]
		if v == nil || empty(v) && slices.Contains([]string{"network", "or", "and"}, info.Name) {
			continue // as good as not there; others are true when they are empty
		}
		if first != "" {
			b.note(join(at, info.Name), fmt.Sprintf("is ignored, as in Filebeat: of several conditions in one map only the first counts, here %s; \"and\" joins them", first))
			continue
		}
		first = info.Name
		found = b.checkerOf(c, info.Name, v, join(at, info.Name))
	}
	b.unknownConditions(m, at, first != "")
	return found
}

func empty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

func (b *builder) unknownConditions(m map[string]any, at string, others bool) {
	names := make([]string, len(conditions))
	for i := range conditions {
		names[i] = conditions[i].Name
	}
	var unknown []string
	for _, name := range sortedKeys(m) {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	for _, name := range unknown {
		text := fmt.Sprintf("%s is not a condition%s", name, suggest.DidYouMean(name, names))
		if others {
			b.note(join(at, name), text+" (ignored, as in Filebeat)")
		} else {
			b.fail(join(at, name), text+"; conditions: "+strings.Join(names, ", "))
		}
	}
	if !others && len(unknown) == 0 {
		b.fail(at, "missing or invalid condition; conditions: "+strings.Join(names, ", "))
	}
}

func (b *builder) checkerOf(c *Condition, name string, v any, at string) checker {
	switch name {
	case "has_fields":
		return b.hasFields(c, v, at)
	case "or", "and":
		list := b.checkers(c, v, at)
		if name == "or" {
			return anyOf(list)
		}
		return allOf(list)
	case "not":
		inner := b.checker(c, v, at)
		if inner == nil {
			return nil
		}
		return not{inner}
	}
	m, ok := v.(map[string]any)
	if !ok {
		b.fail(at, "expected a map of fields to values, found "+describe(v))
		return nil
	}
	switch name {
	case "range":
		return b.ranges(c, m, at)
	case "network":
		return b.networks(c, m, at)
	}
	return b.values(c, name, m, at)
}

// values is equals, contains and regexp: a value for each field.
func (b *builder) values(c *Condition, name string, m map[string]any, at string) checker {
	list := allOf{}
	for _, p := range flattenLists(m) {
		path := join(at, p.name)
		c.reads = append(c.reads, p.name)
		if name == "equals" {
			if e, ok := newEquals(newPath(p.name), p.value); ok {
				list = append(list, e)
			} else {
				b.fail(path, "expected a string, an integer or a boolean, found "+describe(p.value))
			}
			continue
		}
		text, ok := p.value.(string)
		if !ok {
			b.fail(path, "expected a string, found "+describe(p.value)+" (quotes around it make it one)")
			continue
		}
		matcher, err := newMatcher(name, text)
		if err != nil {
			b.fail(path, err.Error())
			continue
		}
		list = append(list, &matches{newPath(p.name), matcher})
	}
	return list.simple()
}

func (b *builder) hasFields(c *Condition, v any, at string) checker {
	names, err := toStrings(v)
	if err != nil {
		b.fail(at, "expected a list of field names, found "+err.Error())
		return nil
	}
	list := hasFields{}
	for _, name := range names {
		c.reads = append(c.reads, name)
		list = append(list, newPath(name))
	}
	return list
}

func (b *builder) checkers(c *Condition, v any, at string) []checker {
	list := []checker{}
	for i, item := range oneOrMore(v) {
		if inner := b.checker(c, item, join(at, strconv.Itoa(i))); inner != nil {
			list = append(list, inner)
		}
	}
	return list
}
