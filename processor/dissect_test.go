package processor

import (
	"strings"
	"testing"
)

func TestDissect(t *testing.T) {
	for _, c := range []runCase{
		{"fields of a line", `[{dissect: {tokenizer: '%{ts} %{level} user=%{user} id=%{id} took=%{took}', field: message, target_prefix: d}}]`, `{"message":"2018 INFO user=alice id=7 took=12ms"}`,
			`{"message":"2018 INFO user=alice id=7 took=12ms","d":{"id":"7","level":"INFO","took":"12ms","ts":"2018","user":"alice"}}`, 0},
		{"a line that does not fit", `[{dissect: {tokenizer: '%{a} %{b}'}}, {dissect: {tokenizer: '%{a} %{b}', ignore_failure: true}}]`, `{"message":"x","log":{"flags":["multiline"]}}`,
			`{"message":"x","log":{"flags":["multiline","dissect_parsing_error","dissect_parsing_error"]}}`, 1},
		{"no text", `[{dissect: {tokenizer: '%{a}'}}, {dissect: {tokenizer: '%{a}', field: z, ignore_failure: true}}, {dissect: {tokenizer: '%{a}', field: log}}]`, `{"message":"","log":1}`, ``, 3},
		{"onto what exists", `[{dissect: {tokenizer: '%{x} %{a}', target_prefix: ''}}]`, `{"message":"1 2","a":0}`, ``, 1},
		{"over what exists", `[{dissect: {tokenizer: '%{x} %{a} %{m.n}', target_prefix: '', overwrite_keys: true}}]`, `{"message":"1 2 3","a":0,"m":"text"}`, `{"message":"1 2 3","x":"1","a":"2","m":"text"}`, 0},
		{"below text", `[{dissect: {tokenizer: '%{a.b}', target_prefix: ''}}]`, `{"message":"1","a":"t"}`, ``, 1},
		{"types", `[{dissect: {tokenizer: '%{a|integer} %{b|float} %{c|boolean} %{d|ip} %{e|long} %{f|double}'}}]`, `{"message":"12 1.1 true 10.0.0.1 x 2.5  "}`,
			`{"message":"12 1.1 true 10.0.0.1 x 2.5  ","dissect":{"a":12,"b":1.1,"c":true,"d":"10.0.0.1","e":"x","f":2.5}}`, 0},
		{"trim", `[{dissect: {tokenizer: '%{a};%{b}', trim_values: all, trim_chars: ' é'}}]`, `{"message":" é1 é; 2 "}`, `{"message":" é1 é; 2 ","dissect":{"a":"1","b":"2"}}`, 0},
		{"trim left", `[{dissect: {tokenizer: '%{a};%{b}', trim_values: left}}, {dissect: {tokenizer: '%{a};%{b}', trim_values: right, target_prefix: r}}]`, `{"message":" 1 ;   "}`, `{"message":" 1 ;   ","dissect":{"a":"1 ","b":""},"r":{"a":" 1","b":""}}`, 0},
	} {
		c.run(t)
	}
}

// outcome is what a tokenizer makes of a text: "a=1|b=2", or "no".
func outcome(t *testing.T, pattern, text string) string {
	t.Helper()
	tok, err := parseTokenizer(pattern)
	if err != nil {
		t.Fatalf("%s: %v", pattern, err)
	}
	spans, err := tok.split(text, nil)
	if err != nil {
		return "no"
	}
	var parts []string
	for _, f := range tok.resolve(text, spans, nil) {
		if !f.drop {
			parts = append(parts, f.name+"="+f.value)
		}
	}
	return strings.Join(parts, "|")
}

func TestTokenizer(t *testing.T) {
	for _, c := range []struct{ pattern, text, want string }{
		{"%{a} %{b}", "x y z", "a=x|b=y z"},
		{"[%{a}] %{b}.", "[x] y. rest", "a=x|b=y"},
		{"[%{a}]", "x[y]", "no"},
		{"%{a},%{b}", "x", "no"},
		{"%{a},%{b}", "x,", "a=x|b="},
		{"%{a} %{} %{b}", "x y z", "a=x|b=z"},
		{"%{a} %{?skip} %{b}", "x y z", "a=x|b=z"},
		{"%{+a} %{+a} %{b}", "x y z", "a=x y|b=z"},
		{"%{+a/2}-%{+a/1} %{b}", "x-y z", "b=z|a=y x"}, // joined by what stands before the second
		{"%{a} %{+a}", "x y", "a=x y"},
		{"%{+a}%{+a}", "xy", "a= xy"},
		{"%{*k}=%{&k} %{?l}=%{&l}", "a=1 b=2", "a=1|b=2"},
		{"%{&k}=%{*k}", "1=a", ""}, // the name comes too late
		{"%{a->} %{b}", "x     y", "a=x|b=y"},
		{"%{a} %{b}", "x  y", "a=x|b= y"},
		{"%{a->}, %{b}", "x, , y", "a=x|b=, y"}, // only one byte of the delimiter can overlap
		{"%{a->}--%{b}", "x-----y", "a=x|b=y"},
		{"%{?a->} %{b}", "x   y", "b=  y"}, // as in Filebeat
		{"%{a->}%{b}", "xy", "a=|b=xy"},
		{"%{->}", "x", "->=x"},
		{"%{a#3}%{b}", "abcdef", "a=abc|b=def"},
		{"%{a#3} %{b}", "abc def", "a=abc|b=def"},
		{"%{a#3},%{b}", "abcXdef", "a=abc|b=def"}, // nobody looks at the comma
		{"%{a#3},%{b}", "abc", "no"},
		{"%{a#3}", "abc", "a=abc"},
		{"%{a#3}", "abcd", "no"},
		{"%{a#9}", "abc", "no"},
		{"%{a#2->} %{b}", "ab    c", "a=ab|b=c"},
		{"%{a#1}-", "x-", "a=x"},
		{"%{a/x}", "1", "a/x=1"},
		{"%{a} %{a}", "x y", "a=y"},
		{"%{*a} %{a} %{&a}", "k v w", "v=w"}, // %{a} changes what *a is, and is left out with it
		{"世%{a}界", "世x界", "a=x"},
		{"%{a}\n%{b}", "x\ny\nz", "a=x|b=y\nz"},
		{"%{a}%{b", "x%{b", "a=x"}, // no key without its brace
	} {
		if got := outcome(t, c.pattern, c.text); c.want != got {
			t.Errorf("%q of %q is %q, want %q", c.pattern, c.text, got, c.want)
		}
	}
}

func TestTokenizerErrors(t *testing.T) {
	for _, c := range []struct{ pattern, want string }{
		{"", "no %{key} in it"},
		{"hello", "no %{key} in it"},
		{"%{a", "no %{key} in it"},
		{"%{&k}", `missing reference for key "k": %{&k} needs %{*k}`},
		{"%{&k} %{k}", `missing reference for key "k": %{&k} needs %{*k}`},
		{"%{+&k}", "%{+&k}: + and & cannot be used together"},
		{"%{&+k}", "%{&+k}: + and & cannot be used together"},
		{"%{+}", "%{+}: a name is missing"},
		{"%{a|}", `%{a|}: unknown type ""; expected one of integer, long, float, double, string, boolean, ip`},
		{"%{a|int}", `%{a|int}: unknown type "int"; expected one of integer, long, float, double, string, boolean, ip`},
	} {
		_, err := parseTokenizer(c.pattern)
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.pattern, err, c.want)
		}
	}
}
