package processor

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// slowJSON is what parseJSON has to be like: encoding/json, with numbers as
// Filebeat has them.
func slowJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	_, typed := v.(map[string]any)
	return typeNumbers(v, typed), nil
}

func typeNumbers(v any, typed bool) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = typeNumbers(v[k], typed)
		}
	case []any:
		for i := range v {
			v[i] = typeNumbers(v[i], typed)
		}
	case json.Number:
		if i, err := v.Int64(); err == nil && typed {
			return i
		}
		if f, err := v.Float64(); err == nil && typed {
			return f
		}
		return v.String()
	}
	return v
}

var jsonSeeds = []string{
	`{"level":"INFO","message":"hello","n":1,"o":{"x":true}}`, `[1,2.5,-0,1e3,1E+2,0.1e-1,12345678901234567890,1e999]`, `{"n":[1,2.5,-0,1e3,12345678901234567890,1e999]}`,
	`"str"`, `"\u00e9\ud83d\ude00\ud800\ud800x\udc00\"\\\/\b\f\n\r\t"`, "\"\xff\xc3\"", "{\"\xff\":\"a\xe2\x28b\"}", `null`, `true`, `fals`, ` { } `, `{"a":1,"a":{"b":2}}`, `{} {}`, `{}x`, `[1,]`, `{"a":}`, `{"a" 1}`,
	`01`, `-`, `1.`, `.5`, `+1`, `1e`, "\"a\nb\"", `"\x"`, `"\u12"`, `"abc`, `[`, `{`, `nul`, "", " ", "\v1", `{"a":[{"b":[[[]]]}]}`, "\"世界\"", `{"":{"":""}}`, "\"\x7f\"", `"\ud83d\u0041"`,
}

func TestJSONIsThatOfEncodingJSON(t *testing.T) {
	for _, s := range jsonSeeds {
		checkJSON(t, s)
	}
	for _, deep := range []int{9999, 10000, 10001, 20000} {
		checkJSON(t, strings.Repeat("[", deep)+strings.Repeat("]", deep))
		checkJSON(t, strings.Repeat(`{"":`, deep)+"1"+strings.Repeat("}", deep))
	}
}

func checkJSON(t *testing.T, s string) {
	t.Helper()
	got, err := parseJSON(s)
	want, wantErr := slowJSON(s)
	if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%.200q is %#v, %v, want %#v, %v", s, got, err, want, wantErr)
	}
	if err != nil && explainJSON(s) == "" {
		t.Fatalf("%.200q is wrong, and nothing says why", s)
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, s := range jsonSeeds {
		f.Add(s, uint8(3))
	}
	f.Fuzz(func(t *testing.T, s string, mode uint8) {
		checkJSON(t, s)
		options := map[string]any{"fields": "m", "max_depth": int64(1 + mode%4), "process_array": mode&4 > 0, "add_error_key": mode&8 > 0,
			"overwrite_keys": mode&16 > 0, "expand_keys": mode&32 > 0, "document_id": "id"}
		if mode&64 > 0 {
			options["target"] = ""
		}
		c, err := New([]any{map[string]any{"decode_json_fields": options}})
		if err != nil {
			t.Fatal(err)
		}
		d := &Document{Fields: map[string]any{"m": s, "a": map[string]any{"b": "text"}}}
		if !c.Run(d) {
			t.Fatal("the event is dropped")
		}
	})
}

func FuzzDissect(f *testing.F) {
	f.Add("%{ts} %{level} user=%{user} id=%{id|integer}", "2018 INFO user=alice id=7")
	f.Add("%{a->} %{+b/2}-%{+b/1}%{?c}%{*k}=%{&k}", "x   y-z k=v")
	f.Add("%{a#3},%{b#2->}-%{}", "abc,de---")
	f.Add("[%{a->}]]%{b}", "[x]]]]y")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		tok, err := parseTokenizer(pattern)
		if err != nil {
			return
		}
		spans, err := tok.split(s, nil)
		if err == nil {
			checkSpans(t, tok, s, spans)
		}
		c, err := New([]any{map[string]any{"dissect": map[string]any{"tokenizer": pattern, "trim_values": "all", "overwrite_keys": true}}})
		if err != nil {
			t.Fatalf("%q is a tokenizer, and no option: %v", pattern, err)
		}
		d := &Document{Fields: map[string]any{"message": s}}
		if !c.Run(d) {
			t.Fatal("the event is dropped")
		}
	})
}

// checkSpans holds values and delimiters against the text: put together they make
// it again, where no key has a form of its own.
func checkSpans(t *testing.T, tok *tokenizer, s string, spans []span) {
	t.Helper()
	if len(spans) != len(tok.keys) {
		t.Fatalf("%d values for %d keys", len(spans), len(tok.keys))
	}
	again, plain := "", true
	for i, k := range tok.keys {
		at := spans[i]
		if at.start < 0 || at.end < at.start || at.end > len(s) || i > 0 && at.start < spans[i-1].end {
			t.Fatalf("value %d is at %v of %d", i, at, len(s))
		}
		plain = plain && !k.padded && k.length == 0
		again += k.delimiter + s[at.start:at.end]
	}
	if again += tok.trailing; plain && !strings.HasPrefix(s, again) {
		t.Fatalf("%q becomes %q", s, again)
	}
}

func FuzzTimestamp(f *testing.F) {
	f.Add("2006-01-02 15:04:05.000", "2018-10-30 08:00:00.123", "UTC")
	f.Add("UNIX", "1.5e9", "+0800")
	f.Add("UNIX_MS", "-9223372036854775808", "Local")
	f.Add("Jan _2 15:04:05", "Feb 29 00:00:00", "-12:59")
	f.Fuzz(func(t *testing.T, layout, s, zone string) {
		c, err := New([]any{map[string]any{"timestamp": map[string]any{"field": "t", "layouts": []any{layout}, "timezone": zone}}})
		if err != nil {
			return
		}
		d := &Document{Fields: map[string]any{"t": s}, Time: noon}
		if !c.Run(d) {
			t.Fatal("the event is dropped")
		}
		if d.Time.Location() != time.UTC {
			t.Fatalf("the time is in %v", d.Time.Location())
		}
		if failed := c.Stats()[0].Failed > 0; failed && !d.Time.Equal(noon) {
			t.Fatal("what cannot be read sets the time")
		}
	})
}

func FuzzFormat(f *testing.F) {
	for _, s := range []string{"logs-%{[fields.topic]:x}-%{+yyyy.MM.dd}", `\%{a}%{[a][b]}`, "%{+'it''s' SSSSSSSSS z}", "%{[m]:a\\:b}", "%", "%{", "%{[a]}}"} {
		f.Add(s, "value")
	}
	f.Fuzz(func(t *testing.T, format, value string) {
		p, err := ParseFormat(format)
		if err != nil {
			return
		}
		d := &Document{Time: noon, Fields: map[string]any{"m": value, "a": map[string]any{"b": value}}}
		got, err := p.Run(d)
		b, err2 := p.Append([]byte("x"), d)
		if (err == nil) != (err2 == nil) || err == nil && string(b) != "x"+got {
			t.Fatalf("%q gives %q, %v and %q, %v", format, got, err, b, err2)
		}
		if p.Constant() {
			if other, err := p.Run(&Document{}); err != nil || other != got {
				t.Fatalf("constant %q is %q and %q, %v", format, got, other, err)
			}
			if !strings.ContainsAny(format, `%\`) && got != format {
				t.Fatalf("%q is %q", format, got)
			}
		}
	})
}

// FuzzNew makes trees of configuration out of JSON, and out of a grammar with
// parts of the tree replaced by the fuzzer's.
func FuzzNew(f *testing.F) {
	for _, s := range []string{`[{"drop_event":{"when":{"equals":{"a":1}}}}]`, `[{"if":{"not":{"range":{"a":{"gt":1}}}},"then":[{"add_tags":{"tags":["x"]}}]}]`,
		`[{"rename":{"fields":[{"from":"a","to":"b"}]}}]`, `[null,{"add_fields":null},{"timestamp":{"layouts":[{}]}}]`} {
		f.Add(s, uint64(1))
	}
	f.Fuzz(func(t *testing.T, s string, seed uint64) {
		v, err := parseJSON(s)
		if err != nil || utf8.RuneCountInString(s) > 2000 {
			return
		}
		tryConfiguration(t, v)
		g := grammar{rand.New(rand.NewPCG(seed, 1))}
		generated := graft(g, any(g.list(2)), v)
		tryConfiguration(t, generated)
	})
}

// tryConfiguration builds a chain, and runs it when that works.
func tryConfiguration(t *testing.T, v any) {
	t.Helper()
	list, ok := v.([]any)
	if !ok {
		m, ok := v.(map[string]any)
		if ok {
			if c, err := ParseCondition(m); err == nil {
				c.Check(&Document{Fields: map[string]any{"a": "b"}})
			}
		}
		return
	}
	c, err := New(list)
	if (c == nil) == (err == nil) {
		t.Fatalf("a chain %v and an error %v", c, err)
	}
	if err != nil {
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			var own *Error
			if !errors.As(e, &own) || own.Text == "" || own.Index < 0 || own.Index >= max(len(list), 1) {
				t.Fatalf("error %#v", e)
			}
			if first, _, _ := strings.Cut(own.Path, "."); first != strconv.Itoa(own.Index) {
				t.Fatalf("path %s of index %d", own.Path, own.Index)
			}
		}
		return
	}
	template := grammar{rand.New(rand.NewPCG(7, 7))}.template()
	for _, s := range c.steps {
		if s.touched.unsteady { // two runs may differ
			fillEvent(template, 1)
			c.Run(template)
			return
		}
	}
	checkFold(t, list, template)
}

// graft replaces some of a tree's values by others.
func graft(g grammar, tree, by any) any {
	if g.chance(12) {
		return by
	}
	switch tree := tree.(type) {
	case []any:
		for i := range tree {
			tree[i] = graft(g, tree[i], by)
		}
	case map[string]any:
		for _, key := range sortedKeys(tree) {
			tree[key] = graft(g, tree[key], by)
		}
	}
	return tree
}
