package processor

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// tokenizer is dissect's pattern, "%{day}.%{month} %{rest}": keys with text between
// them.
//
//	%{a}              saved under a
//	%{}  %{?a}        not saved
//	%{+a}  %{+a/2}    appended to a; the number is the order
//	%{*k} ... %{&k}   the value of &k is saved under that of *k (or ?k)
//	%{a->}            the delimiter that follows may be repeated
//	%{a#3}            three bytes
//	%{a|integer}      converted
type tokenizer struct {
	keys     []key
	trailing string // after the last key
	ordered  []int  // indexes of keys in the order in which they are saved
}

// key is one %{...} and the text before it.
type key struct {
	delimiter string
	name      string
	form      keyForm
	order     int
	length    int // 0: up to the next delimiter
	padded    bool
	kind      string // type to convert to
	path      path   // below the target prefix
}

type keyForm uint8

const (
	plainKey keyForm = iota
	skippedKey
	namedSkip // ?a
	pointer   // *a
	indirect  // &a
	appended  // +a
)

// saved tells keys whose names may be in the outcome.
func (k *key) saved() bool { return k.form == plainKey || k.form == indirect || k.form == appended }

func parseTokenizer(text string) (*tokenizer, error) {
	t := &tokenizer{}
	rest := text
	for {
		delimiter, after, ok := strings.Cut(rest, "%{")
		if !ok {
			break
		}
		inner, after, ok := strings.Cut(after, "}")
		if !ok {
			break
		}
		k, err := parseKey(inner)
		if err != nil {
			return nil, fmt.Errorf("%%{%s}: %w", inner, err)
		}
		k.delimiter = delimiter
		t.keys = append(t.keys, k)
		rest = after
	}
	if len(t.keys) == 0 {
		return nil, errors.New("no %{key} in it")
	}
	t.trailing = rest
	for i := range t.keys {
		k := &t.keys[i]
		t.ordered = append(t.ordered, i)
		if k.form == indirect && !slices.ContainsFunc(t.keys, func(o key) bool { return !o.saved() && o.name == k.name }) {
			return nil, fmt.Errorf("missing reference for key %q: %%{&%s} needs %%{*%s}", k.name, k.name, k.name)
		}
	}
	slices.SortStableFunc(t.ordered, func(a, b int) int { return cmp.Compare(t.keys[a].order, t.keys[b].order) })
	return t, nil
}

// parseKey reads what stands between the braces: a name, and behind it /order,
// #length, -> and |type, in this order.
func parseKey(text string) (key, error) {
	k := key{}
	if text == "" {
		k.form = skippedKey
		return k, nil
	}
	name, kind, typed := strings.Cut(text, "|")
	if typed {
		k.kind = kind
		if !slices.Contains(valueTypes, k.kind) {
			return k, fmt.Errorf("unknown type %q; expected one of %s", k.kind, strings.Join(valueTypes, ", "))
		}
	}
	if s, ok := strings.CutSuffix(name, "->"); ok && s != "" {
		name, k.padded = s, true
	}
	name, k.length = cutNumber(name, '#', 9)
	name, k.order = cutNumber(name, '/', 2)
	for prefix, form := range map[string]keyForm{"?": namedSkip, "*": pointer, "&": indirect, "+": appended} {
		if strings.HasPrefix(name, prefix) {
			k.form, name = form, name[1:]
			break
		}
	}
	if k.form == appended && strings.HasPrefix(name, "&") || k.form == indirect && strings.HasPrefix(name, "+") {
		return k, errors.New("+ and & cannot be used together")
	}
	if name == "" && k.form == appended {
		return k, errors.New("a name is missing")
	}
	if k.form != plainKey && k.form != appended {
		k.order, k.padded = 0, false // as in Filebeat
	}
	k.name = name
	return k, nil
}

// cutNumber takes a mark and a number off the end of a name.
func cutNumber(name string, mark byte, digits int) (string, int) {
	i := strings.LastIndexByte(name, mark)
	if i < 1 || len(name)-i-1 > digits {
		return name, 0
	}
	n, err := strconv.ParseUint(name[i+1:], 10, 32)
	if err != nil {
		return name, 0
	}
	return name[:i], int(n)
}

// span is where a key's value is in the text.
type span struct{ start, end int }

var (
	errNoMatch = errors.New("the text is not as the tokenizer says")
	errEmpty   = errors.New("the text is empty")
)

// split finds the values of the keys, in their order, and appends them to spans.
func (t *tokenizer) split(s string, spans []span) ([]span, error) {
	if s == "" {
		return nil, errEmpty
	}
	at := len(t.keys[0].delimiter)
	if !strings.HasPrefix(s, t.keys[0].delimiter) {
		return nil, errNoMatch
	}
	for i := range t.keys {
		k := &t.keys[i]
		last := i == len(t.keys)-1
		next := t.trailing
		if !last {
			next = t.keys[i+1].delimiter
		}
		start, end := at, len(s)
		switch {
		case k.length > 0:
			end = at + k.length
			if end > len(s) || last && t.trailing == "" && end != len(s) {
				return nil, errNoMatch
			}
		case last && t.trailing == "":
		default:
			n := strings.Index(s[at:], next)
			if n < 0 {
				return nil, errNoMatch
			}
			end = at + n
		}
		at = end
		if k.padded && next != "" {
			// Another delimiter begins right behind the first byte of this one.
			for at < len(s) && strings.HasPrefix(s[at+1:], next) {
				at++
			}
		}
		spans = append(spans, span{start, end})
		// Filebeat does not look whether a delimiter follows a fixed length.
		if at += len(next); at > len(s) {
			return nil, errNoMatch
		}
	}
	return spans, nil
}

// found is a value and what it is saved under.
type found struct {
	name  string
	value string
	key   *key // that wrote it last
	drop  bool // only there to be referred to
}

// resolve puts the values under their names, and appends them to list.
func (t *tokenizer) resolve(s string, spans []span, list []found) []found {
	for _, i := range t.ordered {
		k, value := &t.keys[i], s[spans[i].start:spans[i].end]
		at := index(list, k.name)
		switch k.form {
		case skippedKey:
			continue
		case appended:
			if at >= 0 {
				joint := k.delimiter
				if joint == "" {
					joint = " "
				}
				list[at].value += joint + value
				list[at].key = k
				continue
			}
		case indirect:
			if at < 0 {
				continue
			}
			name := list[at].value
			if at = index(list, name); at < 0 {
				list = append(list, found{name: name, value: value, key: k})
				continue
			}
		}
		if at >= 0 {
			list[at].value, list[at].key = value, k
			continue
		}
		list = append(list, found{name: k.name, value: value, key: k})
	}
	for i := range t.keys {
		if k := &t.keys[i]; !k.saved() {
			if at := index(list, k.name); at >= 0 {
				list[at].drop = true
			}
		}
	}
	return list
}

func index(list []found, name string) int {
	for i := range list {
		if list[i].name == name {
			return i
		}
	}
	return -1
}
