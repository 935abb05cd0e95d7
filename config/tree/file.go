package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

func (r *Root) readFile(file string, strict bool) (*node, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("read configuration: %s is a directory", file)
	}
	if strict {
		if err := checkPermissions(file, info); err != nil {
			return nil, err
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	r.note(file, info.Mode().IsRegular(), data)
	return r.parse(file, data)
}

// parse makes the tree of a file's bytes; that of an empty file is null.
func (r *Root) parse(file string, data []byte) (*node, error) {
	start := Pos{File: file, Line: 1}
	if len(data) > maxFile {
		return nil, Problem{Pos: start, Text: fmt.Sprintf("longer than %d bytes", maxFile)}
	}
	if line, ok := invalidUTF8(data); ok {
		return nil, Problem{Pos: Pos{file, line}, Text: "not UTF-8 text"}
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return &node{pos: start}, nil
	case err != nil:
		return nil, yamlProblem(file, data, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		r.record(Warning, start, "", "only the first YAML document of the file is read")
	}
	b := builder{root: r, file: file, open: map[*yaml.Node]bool{}}
	return b.value(doc.Content[0], 0)
}

func invalidUTF8(data []byte) (line int, ok bool) {
	line = 1
	for text := range bytes.Lines(data) {
		if !utf8.Valid(text) {
			return line, true
		}
		line++
	}
	return 0, false
}

// bareReference is an element of a list in brackets, where YAML takes the braces
// for a map.
var bareReference = regexp.MustCompile(`[\[,]\s*\$\{`)

var yamlError = regexp.MustCompile(`^yaml: (line [0-9]+: )?`)

// yamlProblem gives the parser's error a place and this package's form.
func yamlProblem(file string, data []byte, err error) Problem {
	line := brokenLine(data)
	p := Problem{Pos: Pos{File: file, Line: line}, Text: "invalid YAML: " + yamlError.ReplaceAllString(err.Error(), "")}
	for text := range bytes.Lines(data) {
		if line--; line == 0 {
			p.Text += hint(text)
		}
	}
	return p
}

// hint says what may be wrong with a line that YAML does not take.
func hint(line []byte) string {
	indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
	switch {
	case bytes.ContainsRune(indent, '\t'):
		return " (indent with spaces: YAML does not take tabs)"
	case bareReference.Match(line):
		return ` (a reference in brackets needs quotes: ["${NAME}"])`
	}
	return ""
}

// brokenLine is the line after the last one up to which the text is good. The
// line in the parser's own error is often that of the map around the mistake.
func brokenLine(data []byte) int {
	budget := 16 * maxFile // what all attempts together may read
	good := bytes.TrimRight(data, "\n")
	for len(good) > 0 && budget > 0 {
		good = good[:bytes.LastIndexByte(good, '\n')+1]
		if yaml.Unmarshal(good, new(yaml.Node)) == nil {
			return 1 + bytes.Count(good, []byte("\n"))
		}
		good = bytes.TrimRight(good, "\n")
		budget -= len(good)
	}
	return 1
}

// builder turns YAML nodes into the package's own.
type builder struct {
	root  *Root
	file  string
	count int
	open  map[*yaml.Node]bool // anchored nodes being built by way of an alias
}

func (b *builder) errorf(y *yaml.Node, format string, args ...any) error {
	return Problem{Pos: b.pos(y), Text: fmt.Sprintf(format, args...)}
}

func (b *builder) pos(y *yaml.Node) Pos { return Pos{File: b.file, Line: y.Line} }

// spend counts a value, which bounds what aliases can multiply to.
func (b *builder) spend(y *yaml.Node) error {
	if b.count++; b.count > maxValues {
		return b.errorf(y, "more than %d values, aliases included", maxValues)
	}
	return nil
}

func (b *builder) value(y *yaml.Node, depth int) (*node, error) {
	if err := b.spend(y); err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, b.errorf(y, "nested deeper than %d levels", maxDepth)
	}
	switch y.Kind {
	case yaml.AliasNode:
		var n *node
		err := b.follow(y, func(target *yaml.Node) (err error) {
			n, err = b.value(target, depth)
			return err
		})
		return n, err
	case yaml.SequenceNode:
		items := make([]*node, len(y.Content))
		for i, item := range y.Content {
			n, err := b.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			items[i] = n
		}
		return newList(b.pos(y), items), nil
	case yaml.MappingNode:
		return b.mapping(y, depth)
	}
	v, err := scalarValue(y)
	if err != nil {
		return nil, b.errorf(y, "%v", err)
	}
	if v == nil {
		return &node{pos: b.pos(y)}, nil
	}
	return newScalar(b.pos(y), y.Value, v), nil
}

// follow calls fn with the node that an alias stands for.
func (b *builder) follow(y *yaml.Node, fn func(*yaml.Node) error) error {
	if b.open[y.Alias] {
		return b.errorf(y, "alias *%s contains itself", y.Value)
	}
	b.open[y.Alias] = true
	defer delete(b.open, y.Alias)
	return fn(y.Alias)
}

func (b *builder) mapping(y *yaml.Node, depth int) (*node, error) {
	entries, err := b.entries(y)
	if err != nil {
		return nil, err
	}
	n := &node{kind: container, pos: b.pos(y)}
	for _, e := range entries {
		path := split(e.name)
		child, err := b.value(e.value, depth+len(path))
		if err != nil {
			return nil, err
		}
		child.pos.Line = e.key.Line // a map's own first line is the one below
		n.put(path, child)
	}
	return n, nil
}

type entry struct {
	name       string
	key, value *yaml.Node
}

// entries lists what a YAML map holds: of keys written twice the last one, and
// of merge keys what it does not hold itself.
func (b *builder) entries(y *yaml.Node) ([]entry, error) {
	var entries []entry
	var merges []*yaml.Node
	index := map[string]int{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.Tag == "!!merge" {
			merges = append(merges, value)
			continue
		}
		name, err := b.key(key)
		if err != nil {
			return nil, err
		}
		e := entry{name, key, value}
		if at, twice := index[name]; twice {
			b.root.record(Warning, b.pos(key), name, "set twice in one map, first on line %d; the last one holds", entries[at].key.Line)
			entries[at] = e
			continue
		}
		index[name] = len(entries)
		entries = append(entries, e)
	}
	for _, m := range merges {
		inherited, err := b.merged(m)
		if err != nil {
			return nil, err
		}
		for _, e := range inherited {
			if _, own := index[e.name]; !own {
				index[e.name] = len(entries)
				entries = append(entries, e)
			}
		}
	}
	return entries, nil
}

// merged lists what the value of a merge key (<<) brings in: a map, or a list of
// maps of which the first has precedence, each usually an alias.
func (b *builder) merged(y *yaml.Node) (entries []entry, err error) {
	if err := b.spend(y); err != nil {
		return nil, err
	}
	switch y.Kind {
	case yaml.AliasNode:
		err = b.follow(y, func(target *yaml.Node) (err error) {
			entries, err = b.merged(target)
			return err
		})
		return entries, err
	case yaml.MappingNode:
		b.count += len(y.Content)
		return b.entries(y)
	case yaml.SequenceNode:
		for _, item := range y.Content {
			more, err := b.merged(item)
			if err != nil {
				return nil, err
			}
			entries = append(entries, more...)
		}
		return entries, nil
	}
	return nil, b.errorf(y, "a merge key (<<) needs a map or a list of maps")
}

// key reads a map's key. Filebeat refuses keys that YAML 1.1 does not call
// strings, such as an unquoted on; here they are what they look like.
func (b *builder) key(y *yaml.Node) (string, error) {
	if y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	switch {
	case y.Kind != yaml.ScalarNode:
		return "", b.errorf(y, "a map's key must be a string")
	case y.Value == "":
		return "", b.errorf(y, "empty key")
	case len(y.Value) > maxKey:
		return "", b.errorf(y, "key longer than %d bytes", maxKey)
	}
	if v, err := scalarValue(y); err == nil {
		if _, isText := v.(string); !isText {
			b.root.record(Warning, b.pos(y), y.Value, "an unquoted %s is not a string in YAML 1.1; write the key as %q", y.Value, y.Value)
		}
	}
	return y.Value, nil
}

// yamlBools are the words that YAML 1.1, and with it Filebeat, take for booleans
// where they stand unquoted, beyond true and false.
var yamlBools = map[string]bool{
	"y": true, "Y": true, "yes": true, "Yes": true, "YES": true, "on": true, "On": true, "ON": true,
	"n": false, "N": false, "no": false, "No": false, "NO": false, "off": false, "Off": false, "OFF": false,
}

// scalarValue types a YAML scalar: nil, string, bool, int64 or float64. What
// JSON has no number for stays text, as do dates; an integer beyond int64 becomes
// a float64.
func scalarValue(y *yaml.Node) (any, error) {
	if v, ok := yamlBools[y.Value]; ok && y.Style == 0 {
		return v, nil
	}
	switch y.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool", "!!int", "!!float":
	default:
		return y.Value, nil
	}
	var v any
	if err := y.Decode(&v); err != nil {
		return nil, fmt.Errorf("%s is not a %s", quote(y.Value), y.ShortTag())
	}
	switch v := v.(type) {
	case int:
		return int64(v), nil
	case uint64:
		return float64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return y.Value, nil
		}
	}
	return v, nil
}
