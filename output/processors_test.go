package output

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/processor"
)

// chainOf makes processors of a list in JSON; "" is none.
func chainOf(tb testing.TB, text string) *processor.Chain {
	tb.Helper()
	if text == "" {
		return nil
	}
	var list []any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&list); err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	c, err := processor.New(withIntegers(list).([]any))
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return c
}

// withIntegers makes of numbers what a configuration has.
func withIntegers(v any) any {
	switch v := v.(type) {
	case json.Number:
		n, _ := v.Int64()
		return n
	case []any:
		for i := range v {
			v[i] = withIntegers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = withIntegers(v[key])
		}
	}
	return v
}

// newEncoder returns an encoder with processors for in and for all inputs.
func newEncoder(tb testing.TB, shape Shape, in *event.Input, input, global string) *Encoder {
	tb.Helper()
	opts := Options{Global: chainOf(tb, global)}
	if c := chainOf(tb, input); c != nil {
		opts.Inputs = map[*event.Input]*processor.Chain{in: c}
	}
	return NewEncoder(shape, testAgent, opts)
}

// start prepares e for b, which has to work.
func start(tb testing.TB, e *Encoder, b *event.Batch) {
	tb.Helper()
	if err := e.Start(b); err != nil {
		tb.Fatal(err)
	}
}

// documentOf encodes an event; nil when it is not to be delivered. It must not
// leave anything behind then.
func documentOf(tb testing.TB, e *Encoder, b *event.Batch, i int) map[string]any {
	tb.Helper()
	const before = "what was there"
	raw, ok := e.Append([]byte(before), b, i)
	if string(raw[:len(before)]) != before || !ok && len(raw) != len(before) {
		tb.Fatalf("delivered: %v, appended %q", ok, raw)
	}
	if !ok {
		return nil
	}
	var doc map[string]any
	if err := json.Unmarshal(raw[len(before):], &doc); err != nil {
		tb.Fatalf("%s: %v", raw, err)
	}
	return doc
}

// batchOfAll has an event for each text; every second one is flagged.
func batchOfAll(src *event.Source, texts ...string) *event.Batch {
	b := &event.Batch{Source: src, Time: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	for i, text := range texts {
		e := event.Event{Start: uint32(len(b.Data)), From: int64(len(b.Data)) + 10}
		b.Data = append(b.Data, text...)
		e.End, e.To = uint32(len(b.Data)), int64(len(b.Data))+11
		if i%2 == 1 {
			e.Flags = event.Multiline
		}
		b.Events = append(b.Events, e)
	}
	return b
}

// at follows a path of keys; nil when there is nothing.
func at(doc map[string]any, keys ...string) any {
	var v any = doc
	for _, key := range keys {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

// wayOf says how the plain events of a template become documents.
func wayOf(t *template) string {
	switch {
	case t.drop:
		return "dropped"
	case len(t.body) == 0:
		return "built"
	case t.filter != nil:
		return "judged"
	}
	return "template"
}

// TestWays: processors cost what they have to. What is the same for all events is
// done once, what only judges them needs no document.
func TestWays(t *testing.T) {
	const (
		constant = `[{"add_fields": {"target": "", "fields": {"team": "a"}}}, {"add_tags": {"tags": ["x"]}}, {"drop_fields": {"fields": ["ecs"]}}]`
		judge    = `[{"drop_event": {"when": {"contains": {"message": "DEBUG"}}}}]`
		change   = `[{"copy_fields": {"fields": [{"from": "message", "to": "text"}]}}]`
		never    = `[{"drop_event": {"when": {"equals": {"fields.a": "other"}}}}]`
		always   = `[{"drop_event": {"when": {"equals": {"fields.a": "b"}}}}]`
	)
	in := &event.Input{Type: "log", Fields: map[string]any{"a": "b"}}
	for _, tt := range []struct {
		input, global string
		want          string
	}{
		{"", "", "template"}, {constant, "", "template"}, {"", constant, "template"}, {constant, constant, "template"}, {never, never, "template"},
		{judge, "", "judged"}, {"", judge, "judged"}, {judge, constant, "judged"}, {constant, judge, "judged"}, {judge, judge, "judged"},
		{change, "", "built"}, {"", change, "built"}, {judge, change, "built"}, {change, constant, "built"}, {constant, change, "built"},
		{always, change, "dropped"}, {change, "", "built"}, {"", always, "dropped"},
	} {
		for _, shape := range []Shape{Shape8, Shape7, Shape6} {
			e := newEncoder(t, shape, in, tt.input, tt.global)
			b := batchOfAll(&event.Source{Path: "/a", Input: in}, "INFO", "DEBUG")
			start(t, e, b)
			if got := wayOf(e.current); got != tt.want {
				t.Errorf("shape %d: input %s, global %s: %s, want %s", shape, tt.input, tt.global, got, tt.want)
			}
		}
	}
}

// TestProcessorsInOrder: an input's processors see the event without the shipper's
// fields and cannot be seen by others; the global ones see everything.
func TestProcessorsInOrder(t *testing.T) {
	in := &event.Input{Type: "log", Tags: []string{"in"}}
	const (
		input  = `[{"add_fields": {"target": "", "fields": {"agent": {"name": "mine"}, "seen": "input"}}}, {"drop_fields": {"fields": ["host"], "ignore_missing": true}}]`
		global = `[{"copy_fields": {"fields": [{"from": "seen", "to": "saw"}, {"from": "agent.name", "to": "shipper"}, {"from": "host.name", "to": "node"}], "fail_on_error": false}}]`
		late   = `[{"copy_fields": {"fields": [{"from": "message", "to": "text"}]}}]`
	)
	for _, extra := range []string{"", late[1:len(late)-1] + ","} { // one that makes all documents be built
		for _, shape := range []Shape{Shape8, Shape7} {
			e := newEncoder(t, shape, in, "["+extra+input[1:], global)
			b := batchOfAll(&event.Source{Path: "/a", Input: in}, "m")
			start(t, e, b)
			doc := documentOf(t, e, b, 0)
			for _, want := range []struct {
				value any
				keys  []string
			}{
				{"input", []string{"saw"}}, {"mine", []string{"shipper"}}, {"pod-1", []string{"node"}}, {"pod-1", []string{"host", "name"}},
				{"mine", []string{"agent", "name"}}, {"filebeat", []string{"agent", "type"}},
			} {
				if got := at(doc, want.keys...); got != want.value {
					t.Errorf("%v is %v, want %v, in %v", want.keys, got, want.value, doc)
				}
			}
			other := batchOfAll(&event.Source{Path: "/b", Input: &event.Input{}}, "m")
			start(t, e, other)
			if doc := documentOf(t, e, other, 0); doc["seen"] != nil || doc["text"] != nil || doc["shipper"] != "pod-1" {
				t.Errorf("another input's event: %v", doc)
			}
		}
	}
}

// TestGenerationsWithProcessors: the fields of a generation can be changed by
// their own names.
func TestGenerationsWithProcessors(t *testing.T) {
	in := &event.Input{Type: "log"}
	for _, tt := range []struct {
		shape  Shape
		global string
		want   string
	}{
		{Shape6, `[{"rename": {"fields": [{"from": "source", "to": "file"}, {"from": "offset", "to": "end"}]}}, {"drop_fields": {"fields": ["beat.version", "prospector"]}}]`,
			`{"@timestamp":"2026-03-01T08:00:00.000Z","@metadata":{"beat":"filebeat","type":"doc","version":"6.0.0"},"message":"m","file":"/a","end":12,
			"beat":{"name":"pod-1","hostname":"pod-1"}}`},
		{Shape7, `[{"rename": {"fields": [{"from": "agent.hostname", "to": "node"}]}}, {"drop_fields": {"fields": ["agent", "log.offset", "ecs"]}},
			{"add_fields": {"target": "@metadata", "fields": {"pipeline": "p"}}}]`,
			`{"@timestamp":"2026-03-01T08:00:00.000Z","@metadata":{"beat":"filebeat","type":"_doc","version":"7.17.0","pipeline":"p"},"message":"m","node":"pod-1",
			"log":{"file":{"path":"/a"}},"input":{"type":"log"},"host":{"name":"pod-1"}}`},
		{Shape8, `[{"add_fields": {"target": "", "fields": {"log": {"level": "info"}}}}, {"drop_fields": {"fields": ["agent", "log.file", "input", "message"]}}]`,
			`{"@timestamp":"2026-03-01T08:00:00.000Z","@metadata":{"beat":"filebeat","type":"_doc","version":"8.1.0"},"log":{"level":"info","offset":10},
			"ecs":{"version":"8.0.0"},"host":{"name":"pod-1"}}`},
	} {
		e := newEncoder(t, tt.shape, in, "", tt.global)
		b := batchOfAll(&event.Source{Path: "/a", Input: in}, "m")
		start(t, e, b)
		var want map[string]any
		if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		if got := documentOf(t, e, b, 0); !reflect.DeepEqual(got, want) {
			t.Errorf("shape %d: got %v\nwant %v", tt.shape, got, want)
		}
	}
}

// TestDroppedAreCounted: whichever way an event goes.
func TestDroppedAreCounted(t *testing.T) {
	const judge = `[{"drop_event": {"when": {"contains": {"message": "DEBUG"}}}}]`
	const all = `[{"drop_event": {}}]`
	const change = `{"copy_fields": {"fields": [{"from": "message", "to": "text"}]}},`
	in := &event.Input{}
	src := &event.Source{Path: "/a", Input: in}
	for _, tt := range []struct {
		input, global string
		want          []any
	}{
		{judge, "", []any{"1", "3 multi", "4"}}, {"", judge, []any{"1", "3 multi", "4"}}, {"[" + change + judge[1:], "", []any{"1", "3 multi", "4"}},
		{"", "[" + change + judge[1:], []any{"1", "3 multi", "4"}}, {all, "", nil}, {"", all, nil}, {"[" + change + all[1:], "", nil},
	} {
		for name, extra := range map[string]event.Extra{"plain": {}, "parsed": {Meta: map[string]any{}}} {
			e := newEncoder(t, Shape8, in, tt.input, tt.global)
			b := batchOfAll(src, "1", "DEBUG 2", "3 multi", "DEBUG", "4", "DEBUG")
			for range b.Events {
				b.Extras = append(b.Extras, extra)
			}
			start(t, e, b)
			var got []any
			for i := range b.Events {
				if doc := documentOf(t, e, b, i); doc != nil {
					got = append(got, doc["message"])
				}
			}
			if n := uint64(len(b.Events) - len(tt.want)); !reflect.DeepEqual(got, tt.want) || e.Stats() != (Stats{Dropped: n}) {
				t.Errorf("%s, input %s, global %s: got %v, %+v", name, tt.input, tt.global, got, e.Stats())
			}
		}
	}
}

// TestTimeFollowsProcessors: Time is what the document says.
func TestTimeFollowsProcessors(t *testing.T) {
	in := &event.Input{}
	e := newEncoder(t, Shape8, in, `[{"timestamp": {"field": "message", "layouts": ["2006-01-02 15:04:05"]}}]`, "")
	b := batchOfAll(&event.Source{Path: "/a", Input: in}, "2020-05-06 07:08:09", "no time", "2021-05-06 07:08:09")
	b.Extras = []event.Extra{{}, {}, {Time: b.Time.Add(-time.Hour)}}
	start(t, e, b)
	for i, want := range []time.Time{
		time.Date(2020, 5, 6, 7, 8, 9, 0, time.UTC), b.Time, time.Date(2021, 5, 6, 7, 8, 9, 0, time.UTC),
	} {
		doc := documentOf(t, e, b, i)
		if !e.Time().Equal(want) || doc["@timestamp"] != want.Format(timeLayout) {
			t.Errorf("event %d: Time %v, @timestamp %v, want %v", i, e.Time(), doc["@timestamp"], want)
		}
	}
}

// TestWithoutJSONForm: an event with such a value is counted, and the next one is
// as it should be.
func TestWithoutJSONForm(t *testing.T) {
	in := &event.Input{}
	e := newEncoder(t, Shape8, in, "", `[{"copy_fields": {"fields": [{"from": "x", "to": "y"}], "fail_on_error": false}}]`)
	b := batchOfAll(&event.Source{Path: "/a", Input: in}, "1", "2", "3", "4")
	b.Extras = []event.Extra{{Fields: map[string]any{"x": make(chan int)}}, {}, {Meta: map[string]any{"x": struct{}{}}}, {}}
	start(t, e, b)
	for i, want := range []any{nil, "2", nil, "4"} {
		if got := documentOf(t, e, b, i)["message"]; got != want {
			t.Errorf("event %d: %v, want %v", i, got, want)
		}
	}
	if got := e.Stats(); got.Failed != 2 || got.Dropped != 0 || got.Failure == nil {
		t.Errorf("%+v", got)
	}
}

// TestEventsDoNotMeet: what a processor does to one document is not seen in the
// next, nor in the configuration's maps.
func TestEventsDoNotMeet(t *testing.T) {
	const first = `"when": {"contains": {"message": "first"}}`
	const spoil = `[{"drop_fields": {"fields": ["agent.build.original", "host.name", "fields.deep.a", "log.file"], "ignore_missing": true, ` + first + `}},
		{"add_fields": {"target": "", "fields": {"agent": {"build": {"spoiled": true}}, "fields": {"deep": {"b": 2}}}, ` + first + `}},
		{"add_tags": {"tags": ["spoiled"], ` + first + `}}, {"add_fields": {"target": "@metadata", "fields": {"spoiled": true}, ` + first + `}}]`
	const late = `[{"copy_fields": {"fields": [{"from": "message", "to": "text"}]}}]`
	fields := func() map[string]any { return map[string]any{"deep": map[string]any{"a": 1.0}} }
	for _, input := range []string{"", late} {
		for name, extra := range map[string]event.Extra{"plain": {}, "parsed": {Meta: map[string]any{}}} {
			in := &event.Input{Fields: fields(), Tags: []string{"t"}}
			e := newEncoder(t, Shape8, in, input, spoil)
			b := batchOfAll(&event.Source{Path: "/a", Input: in}, "clean", "not", "clean", "first", "clean", "not")
			for range b.Events {
				b.Extras = append(b.Extras, extra)
			}
			start(t, e, b)
			want := documentOf(t, e, b, 0)
			if doc := documentOf(t, e, b, 3); at(doc, "agent", "build", "spoiled") != true || at(doc, "agent", "build", "original") != nil || at(doc, "@metadata", "spoiled") != true {
				t.Fatalf("%s: nothing was spoiled: %v", name, doc)
			}
			got := documentOf(t, e, b, 4)
			want["log"].(map[string]any)["offset"] = at(got, "log", "offset")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, input %q: got %v\nwant %v", name, input, got, want)
			}
			if !reflect.DeepEqual(in.Fields, fields()) || len(in.Tags) != 1 {
				t.Errorf("%s: the configuration is now %v %v", name, in.Fields, in.Tags)
			}
		}
	}
}

// TestUntouchedEventsCostNothing: processors that do the same to all events, and
// those of other inputs, are paid for once.
func TestUntouchedEventsCostNothing(t *testing.T) {
	in := &event.Input{Type: "log"}
	src := &event.Source{Path: "/mnt/app.log", Input: in}
	const constant = `[{"add_host_metadata": {}}, {"add_fields": {"fields": {"a": 1}}}, {"drop_fields": {"fields": ["ecs"]}},
		{"if": {"equals": {"input.type": "log"}}, "then": [{"add_tags": {"tags": ["x"]}}]}]`
	for name, e := range map[string]*Encoder{
		"another input's":    newEncoder(t, Shape8, &event.Input{}, `[{"dissect": {"tokenizer": "%{a} %{b}", "field": "message"}}]`, ""),
		"constant":           newEncoder(t, Shape8, in, "", constant),
		"constant, input's":  newEncoder(t, Shape7, in, constant, constant),
		"constant, shape 6":  newEncoder(t, Shape6, in, constant, ""),
		"all are dropped":    newEncoder(t, Shape8, in, `[{"drop_event": {}}]`, ""),
		"none is concerned":  newEncoder(t, Shape8, in, "", `[{"drop_event": {"when": {"equals": {"input.type": "filestream"}}}}]`),
		"conditions of path": newEncoder(t, Shape8, in, "", `[{"add_fields": {"fields": {"a": 1}, "when": {"contains": {"log.file.path": "app"}}}}]`),
	} {
		for _, extras := range [][]event.Extra{nil, {{}}} {
			b := batchOf(src, 0, javaTrace, event.Multiline)
			b.Extras = extras
			dst := make([]byte, 0, 64<<10)
			if n := testing.AllocsPerRun(100, func() {
				if err := e.Start(b); err != nil {
					t.Fatal(err)
				}
				dst, _ = e.Append(dst[:0], b, 0)
			}); n != 0 {
				t.Errorf("%s, %d extras: %v allocations per event, want 0", name, len(extras), n)
			}
		}
	}
}

// TestManySources: the cache of templates is bounded, and a template that is gone
// is made again.
func TestManySources(t *testing.T) {
	in := &event.Input{}
	e := newEncoder(t, Shape8, in, "", `[{"add_tags": {"tags": ["x"]}}]`)
	for i := range 3 * maxTemplates {
		path := "/mnt/" + strconv.Itoa(i%(maxTemplates+1))
		b := batchOfAll(&event.Source{Path: path, Input: in}, "m")
		start(t, e, b)
		if doc := documentOf(t, e, b, 0); at(doc, "log", "file", "path") != path {
			t.Fatalf("%s: %v", path, doc)
		}
		if len(e.templates) > maxTemplates {
			t.Fatalf("%d templates", len(e.templates))
		}
	}
}
