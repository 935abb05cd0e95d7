package tree

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
)

// loadBytes is Load without files.
func loadBytes(data []byte, override string, s Settings) (*Root, error) {
	r := newRoot(s)
	n, err := r.parse("f.yml", data)
	if err != nil {
		return nil, err
	}
	if n.kind == container && !n.list {
		r.scope = merge(r.scope, n)
	}
	if override != "" {
		if n, err = parseOverride(override); err != nil {
			return nil, err
		}
		r.scope = merge(r.scope, n)
	}
	r.top = r.scope
	return r, nil
}

// misprint is what fmt makes of a message that is put together wrong. A file may
// well have "%!" in it, which messages quote.
var misprint = regexp.MustCompile(`%![a-zA-Z]?\([A-Za-z*]`)

// FuzzLoad: no file and no override makes the package panic or hang; errors have
// a place in the file; what is exported loads again as the same.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"", "a: 1", "a.b: [1, {c: yes}]", "a: &x {b: 1}\nc: {<<: *x}", "- a", "a:\n\tb: 1", "on: off\n7: ~",
		"filebeat.inputs:\n- type: log\n  paths: ['${V:x}/*']\n  multiline: {pattern: x}\n  fields: {a.0: 1}\n  processors: [{then: [{add_tags.tags: '${V}'}]}]",
		"x: ${y}\ny: ${x}", "output: ${o}\no: {kafka: {topic: ${name}}}", "a: !!int x", "a: 'x", "? [a]\n: b", "filebeat.inputs: '${V}'", "int: ${V:08}\nsize: 1.5MiB\nwait: 1e3",
	} {
		f.Add([]byte(text), "x=1", "a,b")
	}
	f.Add([]byte("a: 1"), "a={b: [1, 'c'], \"d\": on}", "[a]")
	f.Add([]byte("\"\\t\\n\": \"  \\n\\tx\""), "0=T", "\xff")
	f.Fuzz(func(t *testing.T, data []byte, override, value string) {
		s := Settings{Lookup: func(name string) (string, bool) { return value, name == "V" }}
		r, err := loadBytes(data, override, s)
		if err != nil {
			var p Problem
			if !errors.As(err, &p) {
				t.Fatalf("%v is no Problem", err)
			}
			if p.Pos.File == "f.yml" && (p.Pos.Line < 1 || p.Pos.Line > 1+bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r"))+bytes.Count(data, []byte("\u0085"))+bytes.Count(data, []byte("\u2028"))+bytes.Count(data, []byte("\u2029"))) {
				t.Fatalf("%v: no such line", err)
			}
			return
		}
		readAll(r)
		s1 := r.Section("", kindsTable)
		for _, o := range kindsTable.Options {
			readKind(s1, o.Name)
		}
		x := r.Section("", anything)
		x.Any("x", Typed)
		x.Any("x", Text)
		if _, err := r.Finish(); err != nil && misprint.MatchString(err.Error()) {
			t.Fatal(err)
		}
		r.Report()

		out, err := r.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if len(out) > maxFile {
			return
		}
		again, err := loadBytes(out, "", s)
		if err != nil {
			t.Fatalf("%v in the export:\n%s", err, out)
		}
		if out2, err := again.YAML(); err != nil || !bytes.Equal(out, out2) {
			t.Fatalf("%v: exported\n%s\nand then\n%s", err, out, out2)
		}
	})
}

// FuzzExpand: no scalar and no value makes an expansion panic or hang; a value's
// text arrives as it is; escaped text is itself.
func FuzzExpand(f *testing.F) {
	for _, text := range []string{"${V}", "a ${V:b} c", "${V:+x}", "${V:?why}", "$$ $} $", "${${N}}", "${y}${y}", "${x}", "${", "${V:${V:${V}}}", "'${V}'", "[${V}, {a: 'b'}]"} {
		for _, value := range []string{"", "010", "a,b", "[1, two]", `{"x": 1}`, `"q\t"`, "'q'", "on", "${V}", "1e999", "]"} {
			f.Add(text, value)
		}
	}
	f.Add(strings.Repeat("\x80", 81), "\xff")
	f.Fuzz(func(t *testing.T, text, value string) {
		r := newRoot(Settings{Lookup: func(name string) (string, bool) {
			return map[string]string{"V": value, "N": "V"}[name], true
		}})
		set := func(key, text string) { r.scope.set(key, newScalar(Pos{"f.yml", 1}, text, text)) }
		set("x", text)
		set("y", value)
		set("int", text)
		set("wait", text)
		set("list", text)
		r.top = r.scope
		s := r.Section("", anything)
		s.Any("x", Typed)
		s.Any("x", Text)
		for _, name := range []string{"int", "wait", "list"} {
			readKind(r.Section("", kindsTable), name)
		}
		_, _ = r.Finish() // only that it returns

		set("x", "${V}")
		if got := s.Any("x", Text); len(value) < maxText/4 && value != "" && got != stringText(value) {
			t.Fatalf("%q came out as %q", value, got)
		}
		set("x", strings.ReplaceAll(text, "$", "$$"))
		if got := s.Any("x", Typed); len(text) < maxText/4 && got != text {
			t.Fatalf("escaped %q came out as %q", text, got)
		}
	})
}
