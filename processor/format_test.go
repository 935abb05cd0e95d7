package processor

import (
	"testing"
	"time"
)

func TestFormat(t *testing.T) {
	d := document(t, `{"a":{"b":"x","n":7,"f":1.5,"t":true,"e":"","l":[1],"z":null},"c d":"space","big":1000000.5}`)
	d.Time = time.Date(2024, 1, 2, 3, 4, 5, 67_000_000, time.FixedZone("", 8*3600))
	d.Meta = map[string]any{"pipeline": "p"}
	d.Fields["u"], d.Fields["when"] = uint64(1<<63), d.Time
	for _, c := range []struct {
		format, want string // want "!" and the error
	}{
		{"", ""},
		{"plain", "plain"},
		{"100% of %x", "100% of %x"},
		{"%", "%"},
		{`\%{a}`, "%{a}"},
		{`a\\b\`, `a\b`},
		{"%{[a.b]}", "x"},
		{"%{[a][b]}", "x"},
		{"%{ [a][b] }", `!parse format string "%{ [a][b] }": unsupported format expression " [a][b] "; a field is written %{[ [a][b] ]}`},
		{"%{[a.b] }", "x"},
		{"%{[c d]}", "space"},
		{"logs-%{[a.b]}-%{[a.n]}%{[a.f]}%{[a.t]}", "logs-x-71.5true"},
		{"%{[big]} %{[u]}", "1.0000005e+06 9223372036854775808"},
		{"%{[when]} %{[@timestamp]} %{[@metadata.pipeline]}", "2024-01-01T19:04:05.067Z 2024-01-01T19:04:05.067Z p"},
		{"%{[nope]:default}", "default"},
		{"%{[nope]:}", ""},
		{"%{[a.e]:default}", "default"},
		{"%{[a.e]}", ""},
		{"%{[a.l]:list}%{[a.z]:null}%{[a.b.c]:deep}", "listnulldeep"},
		{`%{[nope]:a\:b\}c}`, "a:b}c"},
		{"%{[nope]}", "!field nope: key not found"},
		{"x%{[a.l]}", "!field a.l: value cannot be converted to a string"},
		{"%{[a.z]}", "!field a.z: value cannot be converted to a string"},
		{"%{[a]}", "!field a: value cannot be converted to a string"},
		{"%{[a.b]", `!parse format string "%{[a.b]": missing closing '}'`},
		{"%{}", `!parse format string "%{}": empty format expansion`},
		{"%{:x}", `!parse format string "%{:x}": empty format expansion`},
		{"%{nobracket}", `!parse format string "%{nobracket}": unsupported format expression "nobracket"; a field is written %{[nobracket]}`},
		{"%{[]}", `!parse format string "%{[]}": empty fields selector '[]'`},
		{"%{[a}", `!parse format string "%{[a}": missing closing ']'`},
		{"%{[a]b}", `!parse format string "%{[a]b}": expected field extractor start with '['`},
		{"%{[a%{[b]}]}", `!parse format string "%{[a%{[b]}]}": format string variables can not be nested`},
		{"%{[a]:x:y}", `!parse format string "%{[a]:x:y}": too many format modifiers given; write "\:" for a colon in a default`},
		{"%{[a]:?x}", `!parse format string "%{[a]:?x}": unsupported format operator :?`},
		{"%{+yyyy.MM.dd}", "2024.01.01"},
		{"logs-%{+yyyy.MM.dd}-%{[a.b]}", "logs-2024.01.01-x"},
		{"%{+YYYY-MM-dd'T'HH:mm}", "2024-01-01T19"}, // a colon ends the pattern
		{`%{+HH\:mm\:ss.SSS}`, "19:04:05.067"},
		{"%{+yy y xx xxxx ww e E EEEE}", "24 2024 24 2024 01 1 Mon Monday"},
		{"%{+M MMM MMMM d D DDD}", "1 Jan January 1 1 001"},
		{"%{+a h hh K k H m s S SS SSSSSSSSSS z}", "PM 8 08 7 20 19 4 5 0 06 0670000000 +00:00"},
		{"%{+'it''s' yyyyyy '''' ü}", "it's 002024 '' ü"},
		{"%{+yyyy 'x}", `!parse format string "%{+yyyy 'x}": missing closing ' in timestamp expression`},
		{"%{+q}", `!parse format string "%{+q}": unsupported format 'q' in timestamp expression`},
		{"%{+}", ""},
	} {
		f, err := ParseFormat(c.format)
		got := ""
		if err == nil {
			got, err = f.Run(d)
			if f.String() != c.format {
				t.Errorf("%s prints as %s", c.format, f)
			}
		}
		if err != nil {
			got = "!" + err.Error()
		}
		if got != c.want {
			t.Errorf("%s is %q, want %q", c.format, got, c.want)
		}
		if f != nil && err == nil {
			if b, err := f.Append([]byte("x"), d); err != nil || string(b) != "x"+got {
				t.Errorf("%s appends %q, %v", c.format, b, err)
			}
		}
	}
}

func TestFormatAppendKeepsWhatWasThere(t *testing.T) {
	f, err := ParseFormat("a%{[nope]}")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := f.Append([]byte("x"), &Document{}); err == nil || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestFormatConstant(t *testing.T) {
	for _, c := range []struct {
		format           string
		constant, varies bool
	}{
		{"x", true, false},
		{"", true, false},
		{`\%{x}`, true, false},
		{"%{[fields.topic]:x}", false, false},
		{"%{[message]}", false, true},
		{"%{[log]}", false, true},
		{"%{+yyyy}", false, true},
	} {
		f, err := ParseFormat(c.format)
		if err != nil {
			t.Fatal(err)
		}
		if f.Constant() != c.constant || f.Varies(Overlap("message", "@timestamp", "log.offset")) != c.varies {
			t.Errorf("%s: constant %v, varies %v", c.format, f.Constant(), !c.varies)
		}
	}
}
