package parser

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"
)

func object(tb testing.TB, s string) map[string]any {
	tb.Helper()
	m, err := reference([]byte(s))
	if err != nil {
		tb.Fatalf("%s: %v", s, err)
	}
	return m
}

func text(tb testing.TB, m map[string]any) string {
	tb.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func TestMerge(t *testing.T) {
	for _, tt := range []struct {
		doc, fields     string
		keep, overwrite string
	}{
		{`{"a":1}`, `{"b":2}`, `{"a":1,"b":2}`, `{"a":1,"b":2}`},
		{`{"a":1}`, `{"a":2}`, `{"a":1}`, `{"a":2}`},
		{`{"a":null}`, `{"a":2}`, `{"a":null}`, `{"a":2}`},
		{`{"a":{"x":1,"y":{"z":2}}}`, `{"a":{"x":3,"y":{"z":4,"n":5}}}`, `{"a":{"x":1,"y":{"n":5,"z":2}}}`, `{"a":{"x":3,"y":{"n":5,"z":4}}}`},
		{`{"a":{"x":1}}`, `{"a":2}`, `{"a":{"x":1}}`, `{"a":2}`},
		{`{"a":1}`, `{"a":{"x":2}}`, `{"a":{"x":2}}`, `{"a":{"x":2}}`}, // as in Filebeat
		{`{"a":[1]}`, `{"a":[2,3]}`, `{"a":[1]}`, `{"a":[2,3]}`},
	} {
		for overwrite, want := range map[bool]string{false: tt.keep, true: tt.overwrite} {
			doc, fields := object(t, tt.doc), object(t, tt.fields)
			x := Extra{Fields: fields, Overwrite: overwrite}
			x.MergeInto(doc)
			if got := text(t, doc); got != want {
				t.Errorf("%s and %s, overwrite %v: %s, want %s", tt.doc, tt.fields, overwrite, got, want)
			}
		}
	}
	doc := map[string]any{}
	new(Extra).MergeInto(doc)
	if len(doc) > 0 {
		t.Errorf("nothing became %v", doc)
	}
}

func TestIsZero(t *testing.T) {
	if !(&Extra{Overwrite: true}).IsZero() {
		t.Error("nothing to overwrite is something")
	}
	for _, x := range []Extra{{Fields: map[string]any{}}, {Meta: map[string]any{}}, {Time: time.Now()}, {NoMessage: true}} {
		if x.IsZero() {
			t.Errorf("%+v is nothing", x)
		}
	}
}

func TestExpandKeys(t *testing.T) {
	for _, tt := range []struct{ in, want, err string }{
		{`{"hello.world":15}`, `{"hello":{"world":15}}`, ""},
		{`{"test":15,"hello.there":1,"hello.world.ok":"x","a.":1,".b":2}`, `{"":{"b":2},"a":{"":1},"hello":{"there":1,"world":{"ok":"x"}},"test":15}`, ""},
		{`{"root":{"ok":1},"root.shared":"yes","root.one.two":4}`, `{"root":{"ok":1,"one":{"two":4},"shared":"yes"}}`, ""},
		{`{"a":{"b.c":1,"b":{"d":2}}}`, `{"a":{"b":{"c":1,"d":2}}}`, ""},
		{`{"l":[{"a.b":1}]}`, `{"l":[{"a.b":1}]}`, ""},
		{`{"root":{"seven":1},"root.seven.eight":2}`, "", `cannot expand "root.seven.eight": found conflicting key: "seven" is not an object`},
		{`{"a.b":1,"a":{"b":2}}`, "", `cannot expand "a.b": found existing (int64) value`},
		{`{"a.b":{"c":{"d":1}},"a.b.c":{"d":2}}`, "", `cannot expand "a.b.c": cannot merge "d": found existing (int64) value`},
		{`{"x":{"a.b":1,"a":2}}`, "", `cannot expand "a.b": found conflicting key: "a" is not an object`},
		{`{"` + strings.Repeat("a.", maxDepth) + `a":1}`, "", `cannot expand: deeper than 10000`},
	} {
		in := object(t, tt.in)
		before := fmt.Sprint(in)
		got, err := expandKeys(in)
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%.100s: %v, want %s", tt.in, err, tt.err)
			}
		} else if err != nil || text(t, got) != tt.want {
			t.Errorf("%s: %v, %v; want %s", tt.in, text(t, got), err, tt.want)
		}
		if after := fmt.Sprint(in); after != before {
			t.Errorf("%s became %s", before, after)
		}
	}
}

func TestDropNulls(t *testing.T) {
	m := object(t, `{"a":null,"b":{"c":null,"d":[null,{"e":null},[{"f":null}]]}}`)
	dropNulls(m)
	if got, want := text(t, m), `{"b":{"d":[null,{},[{}]]}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestStreamsAreShared: the fields that all of a stream's events share are never
// written to.
func TestStreamsAreShared(t *testing.T) {
	before := maps.Clone(onlyStdout)
	c := Config{Filestream: true, Stages: []Stage{Container{}, NDJSON{KeyOptions: KeyOptions{OverwriteKeys: true, MessageKey: "m"}}, anchored(t, "^a")}}
	z := "2017-09-12T22:32:21.2Z stdout F "
	docs(t, c, z+`{"m":"a","stream":"x","message":1}`+"\n"+z+"b\n"+z+`{"stream":null,"c":1}`+"\n", flush)
	if !reflect.DeepEqual(onlyStdout, before) {
		t.Errorf("%v became %v", before, onlyStdout)
	}
}
