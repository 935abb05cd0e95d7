package tree

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestExpansion holds what a scalar becomes in a free-form subtree. The typed
// column was observed on Filebeat; the text column is this package's difference
// where it is not the same.
func TestExpansion(t *testing.T) {
	same := struct{}{}
	for _, c := range []struct {
		yaml, v     string // of the key x, and of the variable V; "" is unset
		typed, text any
	}{
		{`${V}`, "10", int64(10), "10"},
		{`"${V}"`, "a,b", l{"a", "b"}, "a,b"},
		{`"${V}"`, "010", int64(8), "010"},
		{`"${V}"`, "0x1F", int64(31), "0x1F"},
		{`"${V}"`, "001", int64(1), "001"},
		{`"${V}"`, "-7", int64(-7), "-7"},
		{`"pre-${V}-post"`, "010", "pre-010-post", same},
		{`x ${V} y`, "a,b", l{"x a", "b y"}, "x a,b y"},
		{`${V}`, "[1, two]", l{int64(1), "two"}, "[1, two]"},
		{`${V}`, "[a, [b, 'c,d'], ]", l{"a", l{"b", "c,d"}}, "[a, [b, 'c,d'], ]"},
		{`${V}`, "[]", l{}, "[]"},
		{`${V}`, `{"x": 1}`, `{"x": 1}`, same},
		{`'${U:{"x": 1, y: [2]$}}'`, "", m{"x": int64(1), "y": l{int64(2)}}, `{"x": 1, y: [2]}`},
		{`' ${V}'`, `{"x": 1}`, m{"x": int64(1)}, `{"x": 1}`},
		{`${V}`, "'q,q'", "q,q", same},
		{`${V}`, `"q,q"`, "q,q", same},
		{`${V}`, `"a\tb"`, "a\tb", same},
		{`'"${V}"'`, "010", "010", same},
		{`"'${V}'"`, "on", "on", same},
		{`${V}`, "x: y", "x: y", same},
		{`${V}`, "on", true, "on"},
		{`${V}`, "T", true, "T"},
		{`${V}`, "true", true, "true"},
		{`${V}`, "False", false, "False"},
		{`${V}`, "off", false, "off"},
		{`${V}`, "yes", "yes", same},
		{`${V}`, "1", int64(1), "1"},
		{`${V}`, "1.50", 1.5, "1.50"},
		{`${V}`, "1e999", "1e999", same},
		{`${V}`, "NaN", "NaN", same},
		{`${V}`, "null", nil, "null"},
		{`"${V:}"`, "  sp  ", "sp", same},
		{`"${V}"`, "secret\n", "secret", same},
		{`"${V:}"`, "", "", same},
		{`"${V: }"`, "", "", same},
		{`"${V:a,b}"`, "", l{"a", "b"}, "a,b"},
		{`${V:true}`, "", true, "true"},
		{`'${V:"q"}'`, "", "q", same},
		{`'${V:"010"}'`, "", "010", same},
		{`${V:http://h:80/}`, "", "http://h:80/", same},
		{`"${V:a$}b}"`, "", "a}b", same},
		{`${V:d}`, "set", "set", same},
		{`${V:+alt}`, "set", "alt", same},
		{`"${V:+alt}"`, "", "", same},
		{`${V:?needed}`, "set", "set", same},
		{`${V:${U}}`, "set", "set", same},
		{`${U:${V}}`, "7", int64(7), "7"},
		{`${U:${V:x}}`, "", "x", same},
		{`${U:a ${V} c}`, "b", "a b c", same},
		{`${${N}}`, "by name", "by name", same},
		{`${V${E:}}`, "spliced name", "spliced name", same},
		{`$${V}`, "set", "${V}", same},
		{`a$$b$}c`, "", "a$b}c", same},
		{`$$010`, "", "$010", same},
		{`$V $ $(V)`, "set", "$V $ $(V)", same},
		{`^a$|b$`, "", "^a$|b$", same},
		{`$$$${V}`, "set", "$${V}", same},
		{`$$$ ${V}`, "a", "$$ a", same},
		{`${V}`, "${U}", "${U}", same}, // an environment value is never expanded
		{`[a, "${V}"]`, "1,2", l{"a", l{int64(1), int64(2)}}, l{"a", "1,2"}},
		{`{a: "${V}"}`, "007", m{"a": int64(7)}, m{"a": "007"}},
		{`plain,text`, "", "plain,text", same},
		{`010`, "", int64(8), same},
		{`${scalar}`, "", int64(8), same}, // what YAML typed stays typed
		{`${quoted}`, "", "010", same},
		{`${map}`, "", m{"a": "7", "b": l{"c"}}, same},
		{`${map.b.0}`, "", "c", same},
		{`${far.away}`, "", m{"a": "7", "b": l{"c"}}, same},
		{`see ${scalar}`, "", "see 010", same},
		{`${indirect}`, "3", int64(3), "3"},
	} {
		if c.text == same {
			c.text = c.typed
		}
		t.Run(c.yaml+"="+c.v, func(t *testing.T) {
			r := load(t, "x: "+c.yaml+"\nscalar: 010\nquoted: '010'\nmap: {a: '7', b: [c]}\nfar.away: ${map}\nindirect: ${V}\n",
				env("V="+c.v, "N=V", "U="))
			s := r.Section("", anything)
			if got := s.Any("x", Typed); !reflect.DeepEqual(got, c.typed) {
				t.Errorf("typed: got %#v, want %#v", got, c.typed)
			}
			if got := s.Any("x", Text); !reflect.DeepEqual(got, c.text) {
				t.Errorf("text:  got %#v, want %#v", got, c.text)
			}
			equal(t, errorLines(r), "")
		})
	}
}

func TestExpansionErrors(t *testing.T) {
	const unset = " is not set, neither as a key of the configuration nor in the environment or keystore; "
	for _, c := range []struct{ yaml, want string }{
		{`x: ${NONE}`, "f.yml:1: x: ${NONE}" + unset + "${NONE:value} gives it a default"},
		{"x:\n  deep:\n    - ok\n    - a-${NONE}", "f.yml:4: x.deep.1: ${NONE}" + unset + "${NONE:value} gives it a default"},
		{`x: ${EMPTY}`, "f.yml:1: x: ${EMPTY}" + unset + "${EMPTY:value} gives it a default"},
		{`x: ${NONE:?say which}`, "f.yml:1: x: ${NONE} is not set: say which"},
		{`x: ${NONE:${NONE}}`, "f.yml:1: x: ${NONE}" + unset + "${NONE:value} gives it a default"},
		{"x: ${y}\ny: ${NONE}", "f.yml:1: x: ${y}: ${NONE}" + unset + "${NONE:value} gives it a default"},
		{"x: a${y}\ny: {}", "f.yml:1: x: ${y} is a map; expected a single value"},
		{`x: ${x}`, "f.yml:1: x: ${x} refers to itself"},
		{"x: ${y}\ny: a${z}\nz: ${x}", "f.yml:1: x: ${y}: ${z}: ${x} refers to itself"},
		{`x: ${V`, "f.yml:1: x: ${ without a closing }; write $${ for the two characters"},
		{`x: "${V:${W}"`, "f.yml:1: x: ${ without a closing }; write $${ for the two characters"},
		{`x: "${}"`, "f.yml:1: x: ${} without a name"},
		{`x: ${:abc}`, "f.yml:1: x: ${} without a name"},
		{`x: ${OBJECT}`, `f.yml:1: x: cannot read "{\"a\": 1, \"b\": 2}": unexpected ": 2}" after a complete value (quotes around the value make it text)`},
		{`x: ${BRACKET}`, `f.yml:1: x: cannot read "[a": a list needs , or ] after each value (quotes around the value make it text)`},
		{"x: [\"${QUOTE}\", b]", `f.yml:1: x.0: cannot read "'a'b": unexpected "b" after a complete value (quotes around the value make it text)`},
		{`x: "` + strings.Repeat("${a:", 200) + strings.Repeat("}", 200) + `"`, "references nested deeper than 100 levels"},
		{"x: {a: {b: '${x}'}}", "f.yml:1: x: references lead round in a circle"},
		{multiply("", "${b}${b}${b}${b}"), "references lead round in a circle"},
		{multiply("", "${b:}${b:}${b:}${b:}"), "references lead round in a circle"},
		{multiply("[", "'${b}','${b}','${b}','${b}'"), "references lead round in a circle"},
	} {
		t.Run(c.yaml[:min(40, len(c.yaml))], func(t *testing.T) {
			r := load(t, c.yaml, env("EMPTY=", "BRACKET=[a", `OBJECT={"a": 1, "b": 2}`, "QUOTE='a'b"))
			r.Section("", anything).Any("x", Typed)
			contains(t, errorLines(r), c.want)
			equal(t, strings.Count(errorLines(r), "\n"), 0)
		})
	}
}

// multiply makes a chain of keys x, b, c and so on, each naming the next several
// times.
func multiply(open, names string) string {
	closing := ""
	if open == "[" {
		closing = "]"
	}
	text := ""
	for c := 'a'; c < 'q'; c++ {
		value := strings.ReplaceAll(names, "b", string(c+1))
		if open == "" {
			value = "'" + value + "'"
		}
		text += string(c) + ": " + open + value + closing + "\n"
	}
	return strings.Replace(text, "a: ", "x: ", 1) + "q: y\n"
}

func TestExpansionIsLazy(t *testing.T) {
	r := load(t, "x: 1\nunread: ${NONE}\n", Settings{})
	equal(t, r.Section("", anything).Any("x", Typed), any(int64(1)))
	equal(t, errorLines(r), "")
}

func TestConfigurationComesBeforeLookup(t *testing.T) {
	s := Settings{Lookup: func(name string) (string, bool) { return "from lookup " + name, true }}
	r := load(t, "x: ['${name}', '${other}', '${empty}', '${self}']\nname: here\nempty:\nself: ${self}", s)
	want := l{"here", "from lookup other", "from lookup empty", "from lookup self"}
	if got := r.Section("", anything).Any("x", Typed); !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

// TestStringKeepsText is the deliberate difference from Filebeat: what a reader
// wants as a string is not read as a number first.
func TestStringKeepsText(t *testing.T) {
	table := &Table{Name: "t", Options: []Option{{Name: "x", Kind: String}, {Name: "list", Kind: Strings}}}
	for _, c := range []struct{ yaml, v, want string }{
		{`${V}`, "010", "010"},
		{`${V}`, "a,b", "a,b"},
		{`${V}`, "on", "on"},
		{`${V}`, "1.0", "1.0"},
		{`${V}`, `{"x": 1}`, `{"x": 1}`},
		{`${V}`, "[a, b]", "[a, b]"},
		{`${V}`, `"quoted"`, "quoted"},
		{`${V}`, `"not" "one"`, `"not" "one"`},
		{`${V}`, `"C:\dir"`, `"C:\dir"`},
		{`${V}`, `'`, `'`},
		{`${V}`, " space\n", "space"},
		{`010`, "", "010"},
		{`1.0`, "", "1.0"},
		{`off`, "", "off"},
		{`'  '`, "", "  "},
		{`a$$b`, "", "a$b"},
		{`${y}`, "", "007"},
	} {
		r := load(t, "x: "+c.yaml+"\ny: 007", env("V="+c.v))
		equal(t, r.Section("", table).String("x", "default"), c.want)
		equal(t, errorLines(r), "")
	}
}

func TestTypedReadersOfReferences(t *testing.T) {
	table := &Table{Name: "t", Options: []Option{
		{Name: "int", Kind: Int}, {Name: "bool", Kind: Bool}, {Name: "wait", Kind: Duration}, {Name: "size", Kind: ByteSize}, {Name: "list", Kind: Strings},
	}}
	r := load(t, "int: ${I}\nbool: ${B}\nwait: ${D}\nsize: ${S}MiB\nlist: ${L}", env("I=010", "B='off'", `D="10s"`, "S=2", "L=/a.log, '/b,c.log', 010"))
	s := r.Section("", table)
	equal(t, s.Int("int", 0), 8)
	equal(t, s.Bool("bool", true), false)
	equal(t, s.Duration("wait", 0), 10*time.Second)
	equal(t, s.ByteSize("size", 0), 2<<20)
	equal(t, strings.Join(s.Strings("list", nil), "|"), "/a.log|/b,c.log|010")
	equal(t, errorLines(r), "")
}
