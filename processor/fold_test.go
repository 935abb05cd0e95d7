package processor

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// grammar makes random configurations, in which few names meet often.
type grammar struct{ *rand.Rand }

func (g grammar) pick(of ...string) string { return of[g.IntN(len(of))] }

func (g grammar) field() string {
	return g.pick("message", "message", "fields.env", "fields.n", "fields", "tags", "host.name", "host", "agent.id", "input.type", "log.offset",
		"log.file.path", "log.flags", "log", "a", "a.b", "b", "c.d", "event.timezone", "error.message", "@timestamp", "@metadata.pipeline", "dissect.x", "type")
}

func (g grammar) fields() []any {
	list := []any{}
	for range 1 + g.IntN(3) {
		list = append(list, g.field())
	}
	return list
}

func (g grammar) scalar() any {
	return []any{"prod", "x", "ERROR", "1", int64(1), true, ""}[g.IntN(7)]
}

func (g grammar) chance(n int) bool { return g.IntN(n) == 0 }

func (g grammar) list(depth int) []any {
	list := []any{}
	for range 1 + g.IntN(6) {
		list = append(list, g.element(depth))
	}
	return list
}

func (g grammar) element(depth int) any {
	if depth > 0 && g.chance(8) {
		e := map[string]any{"if": g.condition(2), "then": g.list(depth - 1)}
		if g.chance(2) {
			e["else"] = g.list(depth - 1)
		}
		return e
	}
	name, options := g.action()
	if g.chance(4) {
		options["when"] = g.condition(2)
	}
	return map[string]any{name: options}
}

func (g grammar) condition(depth int) map[string]any {
	switch n := g.IntN(9); {
	case n == 0 && depth > 0:
		return map[string]any{"not": g.condition(depth - 1)}
	case n == 1 && depth > 0:
		return map[string]any{g.pick("or", "and"): []any{g.condition(depth - 1), g.condition(depth - 1)}}
	case n < 4:
		return map[string]any{"equals": map[string]any{g.field(): g.scalar()}}
	case n < 6:
		return map[string]any{g.pick("contains", "regexp"): map[string]any{g.field(): g.pick("prod", "ERROR", "x", "1")}}
	case n == 6:
		return map[string]any{"range": map[string]any{g.field(): map[string]any{g.pick("gt", "lte"): int64(g.IntN(3))}}}
	case n == 7:
		return map[string]any{"network": map[string]any{g.field(): "private"}}
	}
	return map[string]any{"has_fields": g.fields()}
}

func (g grammar) action() (string, map[string]any) {
	fromTo := func() []any {
		list := []any{}
		for range 1 + g.IntN(2) {
			list = append(list, map[string]any{"from": g.field(), "to": g.field()})
		}
		return list
	}
	flags := func(m map[string]any) map[string]any {
		for _, name := range []string{"ignore_missing", "fail_on_error"} {
			if g.chance(2) {
				m[name] = g.chance(2)
			}
		}
		return m
	}
	switch g.IntN(24) {
	case 0, 1, 2:
		add := map[string]any{g.pick("env", "n", "b", "x"): g.scalar()}
		if g.chance(4) {
			add["sub"] = map[string]any{g.pick("y", "z"): g.scalar(), "none": map[string]any{}}
		}
		m := map[string]any{"fields": add}
		if g.chance(2) {
			m["target"] = g.pick("", "fields", "a", "host", "c", "@metadata")
		}
		return "add_fields", m
	case 3:
		return "add_tags", map[string]any{"tags": g.fields(), "target": g.pick("tags", "a", "log.flags")}
	case 4:
		return "add_labels", map[string]any{"labels": map[string]any{"env": g.scalar()}}
	case 5:
		return "drop_fields", map[string]any{"fields": append(g.fields(), g.pick("a", "/b$/")), "ignore_missing": g.chance(2)}
	case 6:
		return "include_fields", map[string]any{"fields": append(g.fields(), "message")}
	case 7, 8:
		return "rename", flags(map[string]any{"fields": fromTo()})
	case 9, 10:
		return "copy_fields", flags(map[string]any{"fields": fromTo()})
	case 11:
		return "replace", flags(map[string]any{"fields": []any{map[string]any{"field": g.field(), "pattern": g.pick("o", "x*", "[0-9]+"), "replacement": "<$0>"}}})
	case 12:
		return "convert", flags(map[string]any{"fields": []any{map[string]any{"from": g.field(), "to": g.field(), "type": valueTypes[g.IntN(len(valueTypes))]}}, "mode": g.pick("copy", "rename")})
	case 13:
		return "dissect", map[string]any{"tokenizer": g.pick("%{x} %{y}", "%{*k}=%{&k} %{}", "%{a.b}"), "field": g.field(), "target_prefix": g.pick("", "dissect", "a"), "overwrite_keys": g.chance(2)}
	case 14:
		return "decode_json_fields", map[string]any{"fields": g.fields(), "target": g.pick("", "a", "b.c"), "overwrite_keys": g.chance(2), "add_error_key": g.chance(2)}
	case 15:
		return "timestamp", map[string]any{"field": g.field(), "layouts": []any{"UNIX"}, "target_field": g.field(), "ignore_failure": g.chance(2)}
	case 16:
		return "fingerprint", map[string]any{"fields": g.fields(), "target_field": g.field(), "ignore_missing": !g.chance(4)}
	case 17:
		return "truncate_fields", flags(map[string]any{"fields": g.fields(), "max_bytes": int64(2)})
	case 18:
		return "append", flags(map[string]any{"target_field": g.field(), "fields": g.fields(), "values": []any{g.scalar()}, "allow_duplicate": g.chance(2)})
	case 19:
		return g.pick("lowercase", "uppercase"), flags(map[string]any{g.pick("fields", "values"): g.fields()})
	case 20:
		return "extract_array", flags(map[string]any{"field": g.field(), "mappings": map[string]any{g.pick("a", "b", "message"): int64(g.IntN(2))}})
	case 21:
		return "move_fields", map[string]any{"from": g.pick("", "a", "fields", "log"), "to": g.pick("x", "x.", "a.", "host."), "fields": g.fields(), "ignore_missing": g.chance(2)}
	case 22:
		return g.pick("add_locale", "add_host_metadata"), map[string]any{}
	}
	if g.chance(2) {
		return "rate_limit", map[string]any{"limit": "3/h", "fields": g.fields()}
	}
	return "drop_event", map[string]any{"when": g.condition(1)}
}

func (g grammar) template() *Document {
	fields := randomMap(g.Rand, 2)
	for key, v := range map[string]any{
		"fields": map[string]any{"env": "prod", "n": int64(1), "ip": "10.0.0.1"},
		"tags":   []any{"x"},
		"host":   map[string]any{"name": "h"},
		"agent":  map[string]any{"id": "u"},
		"input":  map[string]any{"type": "log"},
	} {
		if !g.chance(4) {
			fields[key] = v
		}
	}
	fields["log"] = map[string]any{"file": map[string]any{"path": "/a b"}}
	delete(fields, "message")
	return &Document{Time: noon, Fields: fields, Meta: map[string]any{"pipeline": "p"}}
}

// fill puts an event's own values into a document.
func fillEvent(d *Document, i int) {
	d.Time = noon.Add(time.Duration(i) * time.Second)
	messages := []string{"ERROR x=1 b", "INFO prod", `{"a":{"b":2},"message":"inner","tags":"t"}`, "1", ""}
	_ = d.Put("message", messages[i%len(messages)])
	_ = d.Put("log.offset", int64(i%3))
	if i%4 == 0 {
		_ = d.Put("log.flags", []any{"multiline"})
	}
}

var eventPaths = []string{"message", "@timestamp", "log.offset", "log.flags"}

// checkFold compares a chain with what Fold and Filter make of it.
func checkFold(t *testing.T, list []any, template *Document) (folded, filtered int) {
	t.Helper()
	whole, err := New(list)
	if err != nil {
		t.Fatalf("%v: %v", list, err)
	}
	split, err := New(list)
	if err != nil {
		t.Fatal(err)
	}
	base := template.Clone()
	rest, keep := split.Fold(base, Overlap(eventPaths...))
	var filter *Chain
	if rest != nil {
		folded = whole.Len() - rest.Len()
		filter, rest = rest.Filter()
	} else {
		folded = whole.Len()
	}
	if filter != nil {
		filtered = filter.Len()
	}
	shared := base.Clone()
	shared.Save()
	own := base.Clone()
	own.Save()
	for i := range 10 {
		want := template.Clone()
		fillEvent(want, i)
		wantKeep := whole.Run(want)

		got, gotKeep := shared, keep
		shared.Restore()
		fillEvent(shared, i)
		if gotKeep && filter != nil {
			before := text(t, shared)
			gotKeep = filter.Run(shared)
			if text(t, shared) != before {
				t.Fatalf("a filter changes the document\n%s", toJSON(t, list))
			}
		}
		if gotKeep && rest != nil {
			own.Restore()
			if text(t, own) != text(t, base) || own.levels != 1 {
				t.Fatalf("restored is %s\nwas %s\nafter %s", text(t, own), text(t, base), toJSON(t, list))
			}
			got = own
			fillEvent(got, i)
			gotKeep = rest.Run(got)
		}
		same := reflect.DeepEqual(got.Fields, want.Fields) && reflect.DeepEqual(got.Meta, want.Meta) && got.Time.Equal(want.Time)
		if gotKeep != wantKeep || wantKeep && !same {
			t.Fatalf("event %d of %s\nwith %s\nis %v %s\nwant %v %s", i, text(t, template), toJSON(t, list), gotKeep, text(t, got), wantKeep, text(t, want))
		}
	}
	return folded, filtered
}

// checkKeeps compares what the events have in common with what a chain has made
// of one of them.
func checkKeeps(t *testing.T, chain *Chain, common, got *Document) (kept int) {
	t.Helper()
	keeps, varying := chain.Keeps(), Overlap(eventPaths...)
	for name, v := range common.Fields {
		if !keeps(name) || varying(name) {
			continue
		}
		kept++
		if now, there := got.Fields[name]; !there || !reflect.DeepEqual(now, v) {
			t.Fatalf("%s is said to be kept and was %v; it is %v", name, v, now)
		}
	}
	return kept
}

func TestKeeps(t *testing.T) {
	kept := 0
	for seed := range 1500 {
		g := grammar{rand.New(rand.NewPCG(uint64(seed), 2))}
		chain, err := New(g.list(1))
		if err != nil {
			t.Fatal(err)
		}
		common := g.template()
		for i := range 5 {
			got := common.Clone()
			fillEvent(got, i)
			if chain.Run(got) {
				kept += checkKeeps(t, chain, common, got)
			}
		}
	}
	if kept < 5000 {
		t.Errorf("only %d fields are kept: that shows nothing", kept)
	}
	var none *Chain
	if !none.Keeps()("agent") {
		t.Error("no chain changes nothing")
	}
	if build(t, `[{add_fields: {target: a.b, fields: {c: 1}}}]`).Keeps()("a.x") {
		t.Error("a.x stays for sure, though it may be found under a")
	}
}

func TestFoldIsTheSame(t *testing.T) {
	chains, folded, filtered, all := 1500, 0, 0, 0
	if testing.Short() {
		chains = 300
	}
	for seed := range chains {
		g := grammar{rand.New(rand.NewPCG(uint64(seed), 1))}
		list := g.list(2)
		n, m := checkFold(t, list, g.template())
		folded, filtered, all = folded+n, filtered+m, all+len(list)
	}
	if folded < all/10 || filtered < all/100 {
		t.Errorf("only %d of %d are folded, %d filtered: that shows nothing", folded, all, filtered)
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		processors string
		left       string
		folded     string // the template then
	}{
		{`[{add_fields: {fields: {a: 1}}}, {add_tags: {tags: t}}]`, "[]", `{"fields":{"a":1,"env":"prod"},"tags":["t"]}`},
		{`[{drop_event: {when: {contains: {message: x}}}}, {add_fields: {fields: {a: 1}}}]`, "[0.drop_event]", `{"fields":{"a":1,"env":"prod"}}`},
		{`[{drop_event: {when: {equals: {fields.env: prod}}}}]`, "dropped", ``},
		{`[{drop_event: {when: {equals: {fields.env: test}}}}, {rename: {fields: [{from: fields.env, to: env}]}}]`, "[]", `{"env":"prod","fields":{}}`},
		{`[{dissect: {tokenizer: '%{a} %{b}'}}, {add_fields: {target: dissect, fields: {c: 1}}}, {add_fields: {fields: {c: 1}}}]`, "[0.dissect 1.add_fields]", `{"fields":{"c":1,"env":"prod"}}`},
		{`[{add_tags: {tags: x, when: {contains: {message: x}}}}, {add_tags: {tags: b}}]`, "[0.add_tags 1.add_tags]", `{"fields":{"env":"prod"}}`},
		{`[{drop_fields: {fields: [log.offset, fields]}}]`, "[0.drop_fields]", `{"fields":{"env":"prod"}}`},
		{`[{drop_fields: {fields: [log]}}]`, "[0.drop_fields]", `{"fields":{"env":"prod"}}`},
		{`[{add_fields: {target: '', fields: {log.level: x}}}]`, "[]", `{"fields":{"env":"prod"},"log":{"level":"x"}}`},
		{`[{add_fields: {target: '', fields: {message.x: 1}}}]`, "[0.add_fields]", `{"fields":{"env":"prod"}}`},
		{`[{include_fields: {fields: [message]}}, {add_locale: {}}]`, "[0.include_fields 1.add_locale]", `{"fields":{"env":"prod"}}`},
		{`[{if: {equals: {fields.env: prod}}, then: {add_tags: {tags: a}}, else: {drop_event: {}}}]`, "[]", `{"fields":{"env":"prod"},"tags":["a"]}`},
		{`[{add_id: {}}, {rate_limit: {limit: 1/s}}]`, "[0.add_id 1.rate_limit]", `{"fields":{"env":"prod"}}`},
	} {
		d := document(t, `{"fields":{"env":"prod"}}`)
		rest, keep := build(t, c.processors).Fold(d, Overlap(eventPaths...))
		left := []string{}
		if rest != nil {
			for _, s := range rest.Stats() {
				left = append(left, s.Path)
			}
		}
		got := fmt.Sprint(left)
		if !keep {
			got = "dropped"
		}
		if got != c.left || keep && text(t, d) != canonical(t, c.folded) {
			t.Errorf("%s leaves %s and %s", c.processors, got, text(t, d))
		}
	}
}

// The processors of an input, what Filebeat adds, and the processors for all make
// one chain, as if they ran one after the other.
func TestJoin(t *testing.T) {
	builtin := map[string]any{"host": map[string]any{"name": "n", "x": map[string]any{"y": "z"}}, "agent": map[string]any{"id": "i", "type": "filebeat"}, "ecs": map[string]any{"version": "8.0.0"}}
	for seed := range 400 {
		g := grammar{rand.New(rand.NewPCG(uint64(seed), 2))}
		template, lists := g.template(), [][]any{g.list(1), g.list(1)}
		var chains, again []*Chain
		for _, l := range lists {
			for _, to := range []*[]*Chain{&chains, &again} {
				c, err := New(l)
				if err != nil {
					t.Fatal(err)
				}
				*to = append(*to, c)
			}
		}
		base := template.Clone()
		rest, keep := Join(again[0], Defaults(builtin), nil, again[1]).Fold(base, Overlap(eventPaths...))
		for i := range 5 {
			want := template.Clone()
			fillEvent(want, i)
			wantKeep := chains[0].Run(want)
			if wantKeep {
				addByHand(want.Fields, builtin)
				wantKeep = chains[1].Run(want)
			}
			got := base.Clone()
			fillEvent(got, i)
			gotKeep := keep && (rest == nil || rest.Run(got))
			if gotKeep != wantKeep || wantKeep && text(t, got) != text(t, want) {
				t.Fatalf("%s\nis   %v %s\nwant %v %s", toJSON(t, lists), gotKeep, text(t, got), wantKeep, text(t, want))
			}
		}
	}
}

func addByHand(dst, src map[string]any) {
	for k, v := range src {
		if old, ok := dst[k]; !ok {
			dst[k] = clone(v)
		} else if a, ok := old.(map[string]any); ok {
			if b, ok := v.(map[string]any); ok {
				addByHand(a, b)
			}
		}
	}
}

func TestJoinKeepsWhatBelongs(t *testing.T) {
	a, b := build(t, `[{add_locale: {}}, {lowercase: {fields: type}}]`), build(t, `[{add_tags: {tags: x}}]`)
	c := Join(a, nil, b)
	if c.Run(&Document{}); len(c.Stats()) != 3 || a.Stats()[0].Events != 1 || len(c.Notes()) != 1 || c.Version() != a.Version() {
		t.Errorf("%v %v", c.Stats(), c.Notes())
	}
}

func TestFilter(t *testing.T) {
	for _, c := range []struct{ processors, filter, rest string }{
		{`[{drop_event: {when: {contains: {message: x}}}}, {rate_limit: {limit: 1/s, fields: a}}, {add_tags: {tags: a}}, {drop_event: {}}]`, "[0.drop_event 1.rate_limit]", "[2.add_tags 3.drop_event]"},
		{`[{drop_event: {}}]`, "[0.drop_event]", "[]"},
		{`[{include_fields: {fields: [a]}}, {drop_event: {}}]`, "[]", "[0.include_fields 1.drop_event]"},
		{`[{if: {has_fields: a}, then: {drop_event: {}}}, {if: {has_fields: a}, then: {add_tags: {tags: x}}}]`, "[0.if 0.then.drop_event]", "[1.if 1.then.add_tags]"},
	} {
		paths := func(c *Chain) string {
			list := []string{}
			if c != nil {
				for _, s := range c.Stats() {
					list = append(list, s.Path)
				}
			}
			return fmt.Sprint(list)
		}
		filter, rest := build(t, c.processors).Filter()
		if paths(filter) != c.filter || paths(rest) != c.rest {
			t.Errorf("%s is split into %s and %s", c.processors, paths(filter), paths(rest))
		}
	}
}

func TestOverlap(t *testing.T) {
	varying := Overlap("message", "log.offset")
	for path, want := range map[string]bool{"message": true, "message.x": true, "messages": false, "log": true, "log.offset": true, "log.offset.x": true, "log.off": false, "log.file": false, "lo": false} {
		if varying(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}
