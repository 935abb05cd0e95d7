package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
)

type (
	m = map[string]any
	l = []any
)

// everything reads a whole configuration as it stands.
func everything(t *testing.T, r *Root) any {
	t.Helper()
	p := plainer{expander: r.expander(), bad: func(at string, err error) { t.Errorf("%s: %v", at, err) }}
	v, err := p.value(r.top, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestYAMLDialect(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       any
	}{
		{"empty", "", m{}},
		{"only comments", "# nothing\n", m{}},
		{"null document", "~", m{}},
		{"byte order mark", "\ufeffa: 1", m{"a": int64(1)}},
		{"dotted is nested", "a.b: 1", m{"a": m{"b": int64(1)}}},
		{"dotted and nested merge", "a.b: 1\na: {c: 2}\na.d.e: 3", m{"a": m{"b": int64(1), "c": int64(2), "d": m{"e": int64(3)}}}},
		{"dotted inside nested", "a: {b.c: 1, b: {d: 2}}", m{"a": m{"b": m{"c": int64(1), "d": int64(2)}}}},
		{"numbers index lists", "a.0.b: 1\na.1.b: 2", m{"a": l{m{"b": int64(1)}, m{"b": int64(2)}}}},
		{"numbers index lists in any order", "a.1: w\na.0: x", m{"a": l{"x", "w"}}},
		{"number reaches into a list", "a: [{b: 1}]\na.0.c: 2", m{"a": l{m{"b": int64(1), "c": int64(2)}}}},
		{"a hole makes a map", `{"404": lost}`, m{"404": "lost"}},
		{"list order beyond ten", "a: [0,1,2,3,4,5,6,7,8,9,x,w]", m{"a": l{int64(0), int64(1), int64(2), int64(3), int64(4), int64(5), int64(6), int64(7), int64(8), int64(9), "x", "w"}}},
		{"not a path", `{"a..b": 1, ".c": 2}`, m{"a..b": int64(1), ".c": int64(2)}},
		{"last of two keys", "a: {b: 1}\na: {c: 2}", m{"a": m{"c": int64(2)}}},
		{"last of two spellings", "a: {b: 1}\na.b: 2", m{"a": m{"b": int64(2)}}},
		{"not set", "a:\nb: ~\nc: {d: null, e: 1}\n#f:", m{"c": m{"e": int64(1)}}},
		{"YAML 1.1 booleans", "a: [yes, no, on, off, y, n, true, False, ON]", m{"a": l{true, false, true, false, true, false, true, false, true}}},
		{"quoted they are strings", `a: ['yes', "on", 'true']`, m{"a": l{"yes", "on", "true"}}},
		{"numbers", "a: [10, 010, 0x1f, 1.5, 1e3, -3, 1_000]", m{"a": l{int64(10), int64(8), int64(31), 1.5, 1000.0, int64(-3), int64(1000)}}},
		{"a number beyond int64", "a: 18446744073709551615", m{"a": 18446744073709551615.0}},
		{"no number for JSON", "a: [.nan, .inf, -.Inf]", m{"a": l{".nan", ".inf", "-.Inf"}}},
		{"dates are text", "a: 2024-01-02", m{"a": "2024-01-02"}},
		{"tags", "a: [!!str 010, !custom x, !!int '7']", m{"a": l{"010", "x", int64(7)}}},
		{"alias", "a: &x {b: 1}\nc: *x", m{"a": m{"b": int64(1)}, "c": m{"b": int64(1)}}},
		{"aliases are copies", "a: &x {b: 1}\nc: *x\nc.b: 2", m{"a": m{"b": int64(1)}, "c": m{"b": int64(2)}}},
		{"merge key", "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", m{"a": m{"b": int64(1), "c": int64(2)}, "d": m{"b": int64(1), "c": int64(3)}}},
		{"merge key after own key", "a: &x {c: 2}\nd: {c: 3, <<: *x}", m{"a": m{"c": int64(2)}, "d": m{"c": int64(3)}}},
		{"merge list", "a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {<<: [*x, *y]}", m{"a": m{"b": int64(1)}, "c": m{"b": int64(2), "d": int64(3)}, "e": m{"b": int64(1), "d": int64(3)}}},
		{"quoted << is a key", "'<<': 1", m{"<<": int64(1)}},
		{"keys that are no strings", "on: 1\n7: 2", m{"on": int64(1), "7": int64(2)}},
		{"alias as key", "a: &x name\n*x : 1", m{"a": "name", "name": int64(1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := everything(t, load(t, c.text, Settings{})); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %#v\nwant %#v", got, c.want)
			}
		})
	}
}

func TestFilesMergeInOrder(t *testing.T) {
	for _, c := range []struct {
		name      string
		files     []string
		overrides []string
		want      any
	}{
		{"later wins", []string{"a: 1\nb: 1", "b: 2"}, nil, m{"a": int64(1), "b": int64(2)}},
		{"maps by key", []string{"a: {b: 1}", "a.c: 2"}, nil, m{"a": m{"b": int64(1), "c": int64(2)}}},
		{"lists by index", []string{"tags: [a, b]", "tags: [c]"}, nil, m{"tags": l{"c", "b"}}},
		{"the longer list remains", []string{"tags: [a]", "tags: [c, d]"}, nil, m{"tags": l{"c", "d"}}},
		{"maps in lists", []string{"in: [{type: log, p: 1}]", "in: [{p: 2}]"}, nil, m{"in": l{m{"type": "log", "p": int64(2)}}}},
		{"an empty list changes nothing", []string{"tags: [a]", "tags: []"}, nil, m{"tags": l{"a"}}},
		{"an empty value takes a scalar away", []string{"a: 1", "a:"}, nil, m{}},
		{"but not a map", []string{"a: {b: 1}", "a:"}, nil, m{"a": m{"b": int64(1)}}},
		{"a scalar replaces a map", []string{"a: {b: 1}", "a: 2"}, nil, m{"a": int64(2)}},
		{"a map replaces a scalar", []string{"a: 2", "a: {b: 1}"}, nil, m{"a": m{"b": int64(1)}}},
		{"a map over an empty list", []string{"a: []", "a: {b: 1}"}, nil, m{"a": m{"b": int64(1)}}},
		{"an empty file", []string{"a: 1", ""}, nil, m{"a": int64(1)}},
		{"override", []string{"a: {b: 1}"}, []string{"a.b=2", "a.c=x"}, m{"a": m{"b": int64(2), "c": "x"}}},
		{"override by index", []string{"tags: [c, b]"}, []string{"tags=[z]"}, m{"tags": l{"z", "b"}}},
		{"override into a list", []string{"in: [{p: 1}]"}, []string{"in.0.p=2", "in.1.p=3"}, m{"in": l{m{"p": int64(2)}, m{"p": int64(3)}}}},
		{"override without a value", nil, []string{"a.b"}, m{"a": m{"b": true}}},
		{"override with nothing", []string{"a: 1"}, []string{"a="}, m{}},
		{"override with a map", nil, []string{`a={b.c: 1, "d": [x, 'y,z'],}`}, m{"a": m{"b": m{"c": int64(1)}, "d": l{"x", "y,z"}}}},
		{"override with commas", nil, []string{"a=x,2,on"}, m{"a": l{"x", int64(2), true}}},
		{"override with an equals sign", nil, []string{"a=b=c"}, m{"a": "b=c"}},
		{"override with a reference", []string{"a: 7"}, []string{"b=${a}"}, m{"a": int64(7), "b": int64(7)}},
		{"last override wins", nil, []string{"a=1", "a=2"}, m{"a": int64(2)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var args []string
			for i, text := range c.files {
				args = append(args, fmt.Sprintf("%d.yml", i), text)
			}
			r, err := Load(write(t, args...), c.overrides, Settings{})
			if err != nil {
				t.Fatal(err)
			}
			if got := everything(t, r); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %#v\nwant %#v", got, c.want)
			}
		})
	}
}

func TestDefaultsLieBeneath(t *testing.T) {
	s := Settings{Defaults: map[string]string{"path.home": "/usr/share", "path.data": "${path.home}/data"}}
	table := &Table{Name: "t", Options: []Option{{Name: "x", Kind: String}}}
	r := load(t, "x: ${path.data}/r", s)
	equal(t, r.Section("", table).String("x", ""), "/usr/share/data/r")
	equal(t, otherLines(r), "") // nobody wrote path.home
	r = load(t, "x: ${path.data}/r\npath.home: /opt", s)
	equal(t, r.Section("", table).String("x", ""), "/opt/data/r")
}

func TestFileErrors(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'h'; c++ {
		prev := string(c - 1)
		bomb += fmt.Sprintf("%c: &%[1]c [%s]\n", c, strings.TrimSuffix(strings.Repeat("*"+prev+",", 10), ","))
	}
	mergeBomb := "a: &a {k: 1}\n"
	for c := 'b'; c < 'h'; c++ {
		prev := string(c - 1)
		mergeBomb += fmt.Sprintf("%c: &%[1]c {<<: [%s]}\n", c, strings.TrimSuffix(strings.Repeat("*"+prev+",", 10), ","))
	}
	for _, c := range []struct{ name, text, want string }{
		{"tab", "a:\n  b: 1\n\tc: 2\n", "f.yml:3: invalid YAML: found a tab character that violates indentation (indent with spaces: YAML does not take tabs)"},
		{"tab below a key", "a:\n\tb: 1\n", "f.yml:2: invalid YAML: found character that cannot start any token (indent with spaces: YAML does not take tabs)"},
		{"indentation", "a:\n  b:\n    c: 1\n   d: 2\ne: 3\n", "f.yml:4: invalid YAML: did not find expected key"},
		{"open quotes", "a: [1,\n  2]\nb: 'x\nc: 2\n", "f.yml:3: invalid YAML: found unexpected end of stream"},
		{"syntax", "a: 1\nb: [1\nc: 2\n", "f.yml:2: invalid YAML: did not find expected ',' or ']'"},
		{"reference in brackets", "a: 1\nb:\n  hosts: [k1, ${HOST}]\n", `f.yml:3: invalid YAML: did not find expected ',' or ']' (a reference in brackets needs quotes: ["${NAME}"])`},
		{"unknown alias", "a: *x", "f.yml:1: invalid YAML: unknown anchor 'x' referenced"},
		{"not UTF-8", "a: 1\nb: \xff\n", "f.yml:2: not UTF-8 text"},
		{"UTF-16", "\xff\xfea\x00:\x00", "f.yml:1: not UTF-8 text"},
		{"a list", "- a\n", "f.yml:1: expected a map of settings at the top, found a list"},
		{"a word", "\nhello\n", `f.yml:2: expected a map of settings at the top, found "hello"`},
		{"map as key", "? {a: b}\n: 1\n", "f.yml:1: a map's key must be a string"},
		{"empty key", "'': 1", "f.yml:1: empty key"},
		{"long key", strings.Repeat("k", 1001) + ": 1", "f.yml:1: key longer than 1000 bytes"},
		{"deep", strings.Repeat("[", 200) + strings.Repeat("]", 200), "f.yml:1: nested deeper than 100 levels"},
		{"deep by dots", strings.Repeat("a.", 150) + "a: 1", "f.yml:1: nested deeper than 100 levels"},
		{"alias cycle", "a: &x [*x]", "f.yml:1: alias *x contains itself"},
		{"merge cycle", "a: &x\n  <<: *x", "f.yml:2: alias *x contains itself"},
		{"merge of a scalar", "<<: 7", "f.yml:1: a merge key (<<) needs a map or a list of maps"},
		{"alias bomb", bomb, "more than 100000 values, aliases included"},
		{"merge bomb", mergeBomb, "more than 100000 values, aliases included"},
		{"wrong tag", "a: !!int x", `f.yml:1: "x" is not a !!int`},
		{"too long", strings.Repeat("# 56789\n", 1<<17) + "\n", "f.yml:1: longer than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(write(t, "f.yml", c.text), nil, Settings{})
			if err == nil {
				t.Fatal("no error")
			}
			contains(t, err.Error(), c.want)
		})
	}
}

func TestLoadReportsAllFilesAndOverrides(t *testing.T) {
	files := write(t, "bad.yml", "- a", "good.yml", "a: 1")
	if err := os.Mkdir("dir.yml", 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Load(append(files, "missing.yml", "dir.yml"), []string{"a=[1", "=x", `b="c`, "d=1", "e=\xff", `f="\xff"`, "g={a: 1"}, Settings{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
	equal(t, err.Error(), `bad.yml:1: expected a map of settings at the top, found a list
read configuration: open missing.yml: no such file or directory
read configuration: dir.yml is a directory
-E: a: cannot read "[1": a list needs , or ] after each value
-E: "=x" is not of the form key=value in UTF-8 text
-E: b: cannot read "\"c": " is not closed
-E: "e=\xff" is not of the form key=value in UTF-8 text
-E: f: cannot read "\"\\xff\"": "\"\\xff\"" is not a valid string in double quotes
-E: g: cannot read "{a: 1": a map needs , or } after each value`)
}

func TestLoadWarns(t *testing.T) {
	r := load(t, "on: 1\nx: {a: 1, 7: b, a: 2}\n---\ny: 1\n", Settings{})
	equal(t, otherLines(r), `warning f.yml:1: only the first YAML document of the file is read
warning f.yml:1: on: an unquoted on is not a string in YAML 1.1; write the key as "on"
warning f.yml:2: 7: an unquoted 7 is not a string in YAML 1.1; write the key as "7"
warning f.yml:2: a: set twice in one map, first on line 2; the last one holds`)
}

func TestLoadList(t *testing.T) {
	files := write(t, "in.yml", "- x: ${path.home}\n  typo: 1\n- x: b\n", "map.yml", "x: 1", "empty.yml", "")
	s := Settings{Defaults: map[string]string{"path.home": "/h"}}
	r, err := LoadList(files[0], s)
	if err != nil {
		t.Fatal(err)
	}
	items := r.Items(anything)
	equal(t, len(items), 2)
	equal(t, items[0].Any("x", Text), "/h")
	equal(t, items[1].Any("x", Text), "b")
	equal(t, items[1].Path(), "1")
	equal(t, otherLines(r), "warning in.yml:2: 0.typo: unknown key")
	_, err = LoadList(files[1], s)
	equal(t, fmt.Sprint(err), "map.yml:1: expected a list at the top, found a map")
	if r, err = LoadList(files[2], s); err != nil || len(r.Items(anything)) != 0 {
		t.Errorf("empty file: %v", err)
	}
	if _, err = LoadList("missing.yml", s); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestExport(t *testing.T) {
	files := write(t, "1.yml", "z: yes\nb.c: '010'\nb.a: 010\nl: [x, {k: 'on'}]\nr: '${V:x}'\ne: {}\n", "2.yml", "l: [w]\nn:\nv: 2.0\n")
	r, err := Load(files, []string{"t=T", "o=010"}, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, string(got), `b:
    a: 010
    c: "010"
e: {}
l:
    - w
    - k: "on"
"n": null
o: 010
r: ${V:x}
t: true
v: 2.0
z: yes
`)
}

// TestKeysHaveOneOrder: whatever order the map gives them in.
func TestKeysHaveOneOrder(t *testing.T) {
	n := &node{kind: container}
	for _, key := range []string{"b", "10", "2a", "02", "1a", "a", "2"} {
		n.set(key, newScalar(Pos{}, "", ""))
	}
	for range 20 {
		equal(t, strings.Join(n.keys(), " "), "2 10 02 1a 2a a b")
	}
}
