package tree

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
)

type nodeKind uint8

const (
	null nodeKind = iota // written without a value: not set
	scalar
	container
)

// node is one value of the configuration.
//
// Maps and lists are both containers, a list's keys being its indexes. That is
// what makes "inputs.0.type" reach into a list and lists merge by index without
// a rule of their own, and what keeps "a.65535: x" from making 65536 elements.
type node struct {
	kind nodeKind
	pos  Pos

	text   string // scalar: as written, without YAML's quotes
	value  any    // scalar: text as YAML types it: string, bool, int64 or float64
	expand bool   // scalar: text may hold references or escapes

	children map[string]*node
	list     bool // container: written as a list
}

func newScalar(pos Pos, text string, value any) *node {
	_, isText := value.(string)
	return &node{kind: scalar, pos: pos, text: text, value: value, expand: isText && strings.Contains(text, "$")}
}

func newList(pos Pos, items []*node) *node {
	n := &node{kind: container, pos: pos, list: true}
	for i, item := range items {
		n.set(strconv.Itoa(i), item)
	}
	return n
}

func (n *node) set(key string, child *node) {
	if n.children == nil {
		n.children = map[string]*node{}
	}
	n.children[key] = child
}

// put merges child in below n at path, making maps on the way.
func (n *node) put(path []string, child *node) {
	for _, key := range path[:len(path)-1] {
		next := n.children[key]
		if next == nil || next.kind != container {
			next = &node{kind: container, pos: child.pos}
			n.set(key, next)
		}
		n = next
	}
	last := path[len(path)-1]
	n.set(last, merge(n.children[last], child))
}

// merge lays src over dst and returns the outcome, which shares both. An empty
// value takes a scalar away but leaves maps and lists alone, as in Filebeat.
func merge(dst, src *node) *node {
	switch {
	case dst == nil:
		return src
	case dst.kind != container:
		return src
	case src.kind == null:
		return dst
	case src.kind != container:
		return src
	}
	for key, child := range src.children {
		dst.set(key, merge(dst.children[key], child))
	}
	dst.list = dst.list || src.list
	return dst
}

// isList tells a list from a map: written as one and not mixed with a map since,
// or put together from the keys 0, 1, 2 and so on.
func (n *node) isList() bool {
	if n.kind != container {
		return false
	}
	last := -1
	for key := range n.children {
		i, ok := listIndex(key)
		if !ok {
			return false
		}
		last = max(last, i)
	}
	return n.list || last >= 0 && last == len(n.children)-1
}

// isMap tells what can be read as a map: all containers but a list with elements.
func (n *node) isMap() bool {
	return n.kind == container && (!n.list || len(n.children) == 0 || !n.isList())
}

// listIndex reads a list index in its one canonical spelling.
func listIndex(key string) (int, bool) {
	if len(key) > 9 {
		return 0, false
	}
	i, err := strconv.Atoi(key)
	return i, err == nil && i >= 0 && strconv.Itoa(i) == key
}

// keys returns the children's keys in order: indexes by their numbers, then
// others by name. A comparison that mixed the two would go round in a circle: 2
// before 10, 10 before 1a, 1a before 2.
func (n *node) keys() []string {
	keys := make([]string, 0, len(n.children))
	for key := range n.children {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		i, aok := listIndex(a)
		j, bok := listIndex(b)
		switch {
		case aok && bok:
			return cmp.Compare(i, j)
		case aok:
			return -1
		case bok:
			return 1
		}
		return cmp.Compare(a, b)
	})
	return keys
}

// items goes through a list's values by key, or through the one value that stands
// in place of a list, which has no key.
func (n *node) items() iter.Seq2[string, *node] {
	return func(yield func(string, *node) bool) {
		if !n.isList() {
			if n.kind != null {
				yield("", n)
			}
			return
		}
		for _, key := range n.keys() {
			if !yield(key, n.children[key]) {
				return
			}
		}
	}
}

func (n *node) describe() string {
	switch {
	case n.kind == null:
		return "nothing"
	case n.kind == scalar:
		return quote(n.text)
	case n.isList():
		return "a list"
	}
	return "a map"
}

// split cuts a key at its dots. A key with nothing between two dots, or at an
// end, is no path and stays whole.
func split(key string) []string {
	path := strings.Split(key, ".")
	if slices.Contains(path, "") {
		return []string{key}
	}
	return path
}

// join puts full keys together; an empty parent is the top.
func join(parent, key string) string {
	if parent == "" || key == "" {
		return parent + key
	}
	return parent + "." + key
}
