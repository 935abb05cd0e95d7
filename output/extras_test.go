package output

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
)

type object = map[string]any

// TestExtras: what parsers found, what the configuration says of the input and
// what the shipper says of itself, each in its place.
func TestExtras(t *testing.T) {
	for _, tt := range []struct {
		name  string
		shape Shape
		in    event.Input
		extra event.Extra
		want  string // the document without what every one has
	}{
		{name: "fields beside the message", extra: event.Extra{Fields: object{"level": "info", "n": int64(7)}}, want: `{"message":"m","level":"info","n":7}`},
		{name: "fields without a message", extra: event.Extra{Fields: object{"level": "info"}, NoMessage: true}, want: `{"level":"info"}`},
		{name: "a message of theirs", extra: event.Extra{Fields: object{"message": object{"a": true}}, NoMessage: true}, want: `{"message":{"a":true}}`},
		{name: "no message and nothing else", extra: event.Extra{NoMessage: true}, want: `{}`},
		{
			name: "the reader's fields stay", extra: event.Extra{Fields: object{"log": object{"level": "info", "offset": int64(3), "file": "x"}}},
			want: `{"message":"m","log":{"level":"info"}}`,
		},
		{
			name: "unless they may be replaced", extra: event.Extra{Fields: object{"log": object{"offset": int64(3), "flags": "x"}}, Overwrite: true},
			want: `{"message":"m","log":{"offset":3,"flags":"x"}}`,
		},
		{
			name: "or are no object", extra: event.Extra{Fields: object{"log": "x"}, Overwrite: true}, want: `{"message":"m","log":"x"}`,
		},
		{
			name: "the input's win", in: event.Input{Type: "log", Fields: object{"a": "in", "deep": object{"x": "in"}}, Root: object{"team": "in"}},
			extra: event.Extra{Fields: object{"fields": object{"a": "theirs", "b": "theirs", "deep": object{"y": "theirs"}}, "team": "theirs", "input": object{"type": "x", "y": "z"}}},
			want:  `{"message":"m","fields":{"a":"in","b":"theirs","deep":{"x":"in","y":"theirs"}},"team":"in","input":{"type":"log","y":"z"}}`,
		},
		{
			name: "the input's win over those that overwrite", in: event.Input{Fields: object{"a": "in"}},
			extra: event.Extra{Fields: object{"fields": object{"a": "theirs"}}, Overwrite: true}, want: `{"message":"m","fields":{"a":"in"}}`,
		},
		{
			name: "tags are appended", in: event.Input{Tags: []string{"in"}}, extra: event.Extra{Fields: object{"tags": []any{"theirs", int64(1)}}},
			want: `{"message":"m","tags":["theirs",1,"in"]}`,
		},
		{name: "a single tag", in: event.Input{Tags: []string{"in"}}, extra: event.Extra{Fields: object{"tags": "theirs"}}, want: `{"message":"m","tags":["theirs","in"]}`},
		{name: "tags of theirs alone", extra: event.Extra{Fields: object{"tags": []any{"theirs"}}}, want: `{"message":"m","tags":["theirs"]}`},
		{
			name: "the shipper's fill up", extra: event.Extra{Fields: object{"agent": object{"name": "app", "build": object{"x": "y"}}, "ecs": "none", "host": object{"ip": "::1"}}},
			want: `{"message":"m","agent":{"type":"filebeat","name":"app","id":"id-1","ephemeral_id":"eph-1","version":"8.1.0","build":{"original":"logcar test","x":"y"}},
				"ecs":"none","host":{"name":"pod-1","ip":"::1"}}`,
		},
		{
			name: "meta", in: event.Input{Pipeline: "p"}, extra: event.Extra{Meta: object{"_id": "1", "op_type": "create"}},
			want: `{"message":"m","@metadata":{"beat":"filebeat","type":"_doc","version":"8.1.0","pipeline":"p","_id":"1","op_type":"create"}}`,
		},
		{name: "meta replaces", in: event.Input{Pipeline: "p"}, extra: event.Extra{Meta: object{"pipeline": "q"}}, want: `{"message":"m",
			"@metadata":{"beat":"filebeat","type":"_doc","version":"8.1.0","pipeline":"q"}}`},
		{name: "time", extra: event.Extra{Time: time.Date(2020, 1, 2, 3, 4, 5, 6789000, time.UTC)}, want: `{"message":"m","@timestamp":"2020-01-02T03:04:05.006Z"}`},
		{
			name: "nulls and lists", extra: event.Extra{Fields: object{"n": nil, "l": []any{nil, 1.5, object{"k": nil}}}},
			want: `{"message":"m","n":null,"l":[null,1.5,{"k":null}]}`,
		},
		{
			name: "generation 6", shape: Shape6, in: event.Input{Type: "log"}, extra: event.Extra{Fields: object{"source": "x", "offset": "x", "log": object{"a": "b"}, "beat": object{"name": "x"}}},
			want: `{"message":"m","log":{"a":"b"},"beat":{"name":"x","hostname":"pod-1","version":"6.0.0"},"prospector":{"type":"log"}}`,
		},
		{
			name: "generation 6, overwritten", shape: Shape6, extra: event.Extra{Fields: object{"source": "x", "offset": "y"}, Overwrite: true},
			want: `{"message":"m","source":"x","offset":"y"}`,
		},
		{
			name: "generation 7", shape: Shape7, in: event.Input{DisableHost: true}, extra: event.Extra{Fields: object{"agent": object{"hostname": "x"}}},
			want: `{"message":"m","agent":{"type":"filebeat","name":"pod-1","hostname":"x","id":"id-1","ephemeral_id":"eph-1","version":"7.17.0","build":{"original":"logcar test"}}}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := tt.in
			b := batchOfAll(&event.Source{Path: "/a", Input: &in}, "m", "m")
			b.Events[1] = b.Events[0]
			b.Extras = []event.Extra{{}, tt.extra}
			e := NewEncoder(tt.shape, testAgent, Options{})
			start(t, e, b)
			// What the first event has and the wanted one does not name is the same in both.
			want := documentOf(t, e, b, 0)
			delete(want, "message")
			var more object
			if err := json.Unmarshal([]byte(tt.want), &more); err != nil {
				t.Fatal(err)
			}
			for key, v := range more {
				if log, ok := v.(object); ok && key == "log" && tt.shape != Shape6 {
					event.Merge(want[key].(object), log, true)
				} else {
					want[key] = v
				}
			}
			before := fmt.Sprint(tt.extra, tt.in)
			if got := documentOf(t, e, b, 1); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
			if after := fmt.Sprint(tt.extra, in); after != before {
				t.Errorf("the parser's and the configuration's values were %s\nand are %s", before, after)
			}
		})
	}
}

// TestAddedIsBuilt: a document that parsers have only added to is the same whether
// it is written by template or built, and it has no key twice.
func TestAddedIsBuilt(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	keys := []string{"level", "logger", "stream", "message", "log", "source", "offset", "fields", "tags", "agent", "host", "ecs", "input", "prospector", "beat", "team"}
	values := []any{nil, "text \xff", int64(7), 1.5, true, []any{"a", nil}, object{"a": "b", "file": "x"}, object{}, math.NaN(), make(chan int)}
	ways := map[bool]int{}
	for range 3000 {
		shape := []Shape{Shape8, Shape7, Shape6}[r.IntN(3)]
		in := &event.Input{Type: "log", Fields: object{"a": "b"}, DisableHost: r.IntN(2) == 0, Pipeline: "p"}
		if r.IntN(2) == 0 {
			in.Tags, in.Root = []string{"t"}, object{"team": "in"}
		}
		extra := event.Extra{Overwrite: r.IntN(2) == 0, NoMessage: r.IntN(2) == 0}
		if r.IntN(3) == 0 {
			extra.Time = time.Date(2020, 1, 2, 3, 4, 5, 6789000, time.UTC)
		}
		for n := r.IntN(4); n > 0; n-- {
			if key := keys[r.IntN(len(keys))]; key != "message" || extra.NoMessage {
				if extra.Fields == nil {
					extra.Fields = object{}
				}
				extra.Fields[key] = values[r.IntN(len(values))]
			}
		}
		options := Options{EventID: r.IntN(3) == 0, Codec: Codec{LocalTime: r.IntN(3) == 0}}
		added, built := NewEncoder(shape, testAgent, options), NewEncoder(shape, testAgent, options)
		b := batchOfAll(&event.Source{Path: "/a", Input: in}, "text \xff")
		whole := *b
		b.Extras = []event.Extra{extra}
		extra.Meta = object{} // this says nothing, but must be added
		whole.Extras = []event.Extra{extra}
		start(t, added, b)
		start(t, built, &whole)
		ways[!b.Extras[0].IsZero() && added.addsOnly(&b.Extras[0])]++
		got, want := documentOf(t, added, b, 0), documentOf(t, built, &whole, 0)
		if !reflect.DeepEqual(got, want) || got != nil && !added.Time().Equal(built.Time()) {
			t.Fatalf("shape %d, %+v: got\n%v at %v, want\n%v at %v", shape, extra, got, added.Time(), want, built.Time())
		}
		short, _ := added.Append(nil, b, 0)
		if long, _ := built.Append(nil, &whole, 0); len(short) != len(long) {
			t.Fatalf("%s\nhas more or less in it than\n%s", short, long)
		}
		if a, b := added.Stats(), built.Stats(); a.Failed != b.Failed || a.InvalidUTF8 != b.InvalidUTF8 {
			t.Fatalf("%+v: got %+v, want %+v", extra, a, b)
		}
	}
	if ways[true] < 300 || ways[false] < 300 {
		t.Errorf("%d were added, %d built", ways[true], ways[false])
	}
}

// TestExtrasAreShared: events may have the same maps; whatever processors do to one
// of their documents, the others do not see it.
func TestExtrasAreShared(t *testing.T) {
	in := &event.Input{Fields: object{"deep": object{"a": "b"}}, Tags: []string{"t"}}
	shared := event.Extra{
		Fields: object{"k": object{"x": object{"y": "z"}}, "fields": object{"deep": object{"c": "d"}}, "tags": []any{"s"}, "agent": object{"build": object{}}},
		Meta:   object{"m": object{"x": "y"}},
	}
	b := batchOfAll(&event.Source{Path: "/a", Input: in}, "first", "first", "last", "last")
	b.Extras = []event.Extra{shared, shared, shared, shared}
	const when = `"when": {"contains": {"message": "first"}}`
	e := newEncoder(t, Shape8, in, `[{"drop_fields": {"fields": ["k.x.y", "fields.deep.a"], `+when+`}}, {"add_tags": {"tags": ["p"], `+when+`}}]`,
		`[{"add_fields": {"target": "@metadata.m", "fields": {"x": "p"}, `+when+`}}, {"add_fields": {"target": "k.x", "fields": {"p": 1}, `+when+`}}]`)
	start(t, e, b)
	var docs []object
	for i := range b.Events {
		doc := documentOf(t, e, b, i)
		delete(doc, "log") // its own
		docs = append(docs, doc)
	}
	if !reflect.DeepEqual(docs[0], docs[1]) || !reflect.DeepEqual(docs[2], docs[3]) || at(docs[0], "k", "x", "y") != nil {
		t.Errorf("documents %v", docs)
	}
	for _, want := range []struct {
		keys []string
		v    any
	}{
		{[]string{"k"}, object{"x": object{"y": "z"}}}, {[]string{"fields"}, object{"deep": object{"a": "b", "c": "d"}}}, {[]string{"tags"}, []any{"s", "t"}},
		{[]string{"@metadata", "m"}, object{"x": "y"}}, {[]string{"agent", "build"}, object{"original": "logcar test"}},
	} {
		if got := at(docs[2], want.keys...); !reflect.DeepEqual(got, want.v) {
			t.Errorf("%v is %v, want %v", want.keys, got, want.v)
		}
	}
}
