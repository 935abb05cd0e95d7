package output

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/logcar/logcar/event"
)

// conditions that random processors have, "" being none.
var conditions = []string{
	"", "", "",
	`{"contains": {"message": "ERROR"}}`, `{"regexp": {"message": "^[{0-9]"}}`, `{"equals": {"fields.a": "b"}}`, `{"equals": {"fields.a": "c"}}`,
	`{"has_fields": ["log.flags"]}`, `{"has_fields": ["agent.name"]}`, `{"has_fields": ["host"]}`, `{"not": {"has_fields": ["text"]}}`,
	`{"contains": {"tags": "x"}}`, `{"contains": {"log.file.path": "app"}}`, `{"contains": {"source": "app"}}`,
	`{"range": {"log.offset": {"gt": 30}}}`, `{"range": {"offset": {"gt": 40}}}`,
	`{"or": [{"equals": {"n": 1}}, {"contains": {"text": "ERROR"}}]}`,
}

// actions are processors with the options that stand before "when".
var actions = []string{
	`"drop_event": {%s}`, `"drop_event": {%s}`,
	`"add_tags": {"tags": ["x", "y"]%s}`, `"add_tags": {"tags": ["z"], "target": "agent.tags"%s}`, `"add_labels": {"labels": {"l": "1"}%s}`,
	`"add_fields": {"target": "", "fields": {"n": 1, "text": "of the list"}%s}`, `"add_fields": {"target": "", "fields": {"log": {"level": "info"}}%s}`,
	`"add_fields": {"target": "", "fields": {"log": {"offset": 7, "flags": ["mine"]}}%s}`, `"add_fields": {"fields": {"a": "c", "deep": {"x": 1}}%s}`,
	`"add_fields": {"target": "@metadata", "fields": {"index": "i"}%s}`, `"add_fields": {"target": "agent.build", "fields": {"more": true}%s}`,
	`"add_fields": {"target": "host", "fields": {"name": "other"}%s}`, `"add_fields": {"target": "", "fields": {"message": "replaced"}%s}`,
	`"drop_fields": {"fields": ["agent.build", "log.file"], "ignore_missing": true%s}`, `"drop_fields": {"fields": ["fields.deep", "ecs"], "ignore_missing": true%s}`,
	`"drop_fields": {"fields": ["log"], "ignore_missing": true%s}`, `"drop_fields": {"fields": ["log.offset", "log.flags", "offset"], "ignore_missing": true%s}`,
	`"drop_fields": {"fields": ["message"], "ignore_missing": true%s}`, `"drop_fields": {"fields": ["host", "input", "tags"], "ignore_missing": true%s}`,
	`"include_fields": {"fields": ["message", "agent.name", "log.file", "fields"]%s}`,
	`"rename": {"fields": [{"from": "agent.name", "to": "shipper"}], "ignore_missing": true, "fail_on_error": false%s}`,
	`"rename": {"fields": [{"from": "message", "to": "text"}], "ignore_missing": true%s}`, `"rename": {"fields": [{"from": "log", "to": "origin"}], "fail_on_error": false%s}`,
	`"rename": {"fields": [{"from": "fields.a", "to": "log.level"}, {"from": "nothing", "to": "x"}]%s}`,
	`"copy_fields": {"fields": [{"from": "message", "to": "text"}], "fail_on_error": false%s}`, `"copy_fields": {"fields": [{"from": "fields", "to": "agent.fields"}], "fail_on_error": false%s}`,
	`"copy_fields": {"fields": [{"from": "log.file.path", "to": "fields.path"}, {"from": "@timestamp", "to": "read"}], "fail_on_error": false%s}`,
	`"dissect": {"tokenizer": "%%{level} %%{rest}", "field": "message", "target_prefix": "d"%s}`, `"dissect": {"tokenizer": "/%%{dir}/%%{name}", "field": "log.file.path"%s}`,
	`"decode_json_fields": {"fields": ["message"], "target": ""%s}`, `"decode_json_fields": {"fields": ["message"], "target": "j", "add_error_key": true%s}`,
	`"truncate_fields": {"fields": ["message"], "max_bytes": 5, "ignore_missing": true%s}`, `"convert": {"fields": [{"from": "n", "to": "s", "type": "string"}], "ignore_missing": true%s}`,
	`"timestamp": {"field": "message", "layouts": ["2006-01-02"], "ignore_missing": true%s}`, `"fingerprint": {"fields": ["message", "fields.a"], "ignore_missing": true%s}`,
	`"replace": {"fields": [{"field": "message", "pattern": "E", "replacement": "e"}], "ignore_missing": true%s}`, `"urldecode": {"fields": [{"from": "fields.a"}]%s}`,
}

// randomList returns processors in JSON.
func randomList(r *rand.Rand, depth int) string {
	items := make([]string, r.IntN(5))
	from := actions
	if r.IntN(3) == 0 {
		items, from = items[:min(len(items), 2)], actions[:3] // that judge, but for one
	}
	for i := range items {
		condition := conditions[r.IntN(len(conditions))]
		if depth > 0 && condition != "" && r.IntN(5) == 0 {
			items[i] = fmt.Sprintf(`{"if": %s, "then": %s, "else": %s}`, condition, randomList(r, depth-1), randomList(r, depth-1))
			continue
		}
		action := from[r.IntN(len(from))]
		if condition != "" {
			condition = `"when": ` + condition
			if !strings.Contains(action, "{%s") {
				condition = ", " + condition
			}
		}
		items[i] = "{" + fmt.Sprintf(action, condition) + "}"
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// TestFastIsTheSame: whatever the processors are, an event's document is what they
// make of it when all of them see the whole event.
func TestFastIsTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ways := map[string]int{}
	for range 600 {
		shape := []Shape{Shape8, Shape7, Shape6}[r.IntN(3)]
		input, global := randomList(r, 1), randomList(r, 1)
		switch r.IntN(3) {
		case 0:
			input = ""
		case 1:
			global = ""
		}
		in := &event.Input{Type: "log", Fields: object{"a": "b", "deep": object{"k": "v"}}, Tags: []string{"t"}, Pipeline: "p"}
		fast, slow := newEncoder(t, shape, in, input, global), newEncoder(t, shape, in, input, global)
		for _, path := range []string{"/mnt/app.log", "/mnt/other.log", "/mnt/app.log"} {
			b := batchOfAll(&event.Source{Path: path, Input: in}, "INFO one", "ERROR two", `{"k": {"l": 1}, "level": "x"}`, "2024-05-06", "INFO \xff", "ERROR", "ERROR multi\nline")
			whole := *b
			for range b.Events { // this says nothing, but has all processors see the event
				whole.Extras = append(whole.Extras, event.Extra{Meta: object{}})
			}
			start(t, fast, b)
			start(t, slow, &whole)
			ways[wayOf(fast.current)]++
			for i := range b.Events {
				got, want := documentOf(t, fast, b, i), documentOf(t, slow, &whole, i)
				if !reflect.DeepEqual(got, want) || got != nil && !fast.Time().Equal(slow.Time()) {
					t.Fatalf("shape %d, input %s,\nglobal %s,\n%s event %d: got\n%v at %v, want\n%v at %v", shape, input, global, path, i, got, fast.Time(), want, slow.Time())
				}
			}
		}
		if fast.Stats() != slow.Stats() {
			t.Fatalf("input %s,\nglobal %s: %+v, want %+v", input, global, fast.Stats(), slow.Stats())
		}
	}
	for _, way := range []string{"template", "judged", "built", "dropped"} {
		if ways[way] < 30 {
			t.Errorf("the templates were %v: too few %s", ways, way)
		}
	}
}
