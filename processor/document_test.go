package processor

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

func TestPaths(t *testing.T) {
	d := document(t, `{"a":{"b":{"c":1}},"a.b":{"d":2},"x.y":3,"t":"text","null":null,"a.b.e":4,"":{"":5},"@metadata":{"p":"q","r.s":6}}`)
	for _, c := range []struct {
		path string
		want any
		err  error
	}{
		{"a.b.c", int64(1), nil},
		{"a.b.d", nil, errNotFound}, // "a" is followed, not "a.b", as in Filebeat
		{"a.b.e", int64(4), nil},
		{"x.y", int64(3), nil},
		{"x", nil, errNotFound},
		{"x.z", nil, errNotFound},
		{"t.u", nil, errNotMap},
		{"null", nil, nil},
		{"null.x", nil, errNotMap},
		{"", map[string]any{"": int64(5)}, nil},
		{".", int64(5), nil},
		{"..", nil, errNotMap},
		{"@timestamp", noon, nil},
		{"@timestamp.x", nil, errNotFound},
		{"@metadata", nil, errWholeMeta},
		{"@metadata.p", "q", nil},
		{"@metadata.r.s", int64(6), nil},
		{"@metadata.x", nil, errNotFound},
		{"@metadata.", nil, errNotFound},
	} {
		got, err := d.get(newPath(c.path))
		if !errors.Is(err, c.err) || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q is %v, %v", c.path, got, err)
		}
		if v, ok := d.Get(c.path); ok != (err == nil) || !reflect.DeepEqual(v, got) {
			t.Errorf("Get of %q is %v, %v", c.path, v, ok)
		}
	}
}

func TestPut(t *testing.T) {
	for _, c := range []struct {
		doc, path string
		want      string
		err       error
	}{
		{`{}`, "a", `{"a":1}`, nil},
		{`{}`, "a.b.c", `{"a":{"b":{"c":1}}}`, nil},
		{`{"a":{"b":2}}`, "a.b", `{"a":{"b":1}}`, nil},
		{`{"a.b":2}`, "a.b", `{"a.b":1}`, nil},
		{`{"a.b":2}`, "a.b.c", `{"a.b":2,"a":{"b":{"c":1}}}`, nil},
		{`{"a":{"b.c":2}}`, "a.b.c", `{"a":{"b.c":1}}`, nil},
		{`{"a":"t"}`, "a.b", `{"a":"t"}`, errNotMap},
		{`{"a":null}`, "a.b", `{"a":null}`, errNotMap},
		{`{}`, "@metadata.x.y", `{"@metadata":{"x":{"y":1}}}`, nil},
		{`{}`, "@metadata", `{}`, errWholeMeta},
		{`{}`, "@timestamp", `{}`, errNotTime},
	} {
		d := document(t, c.doc)
		err := d.Put(c.path, int64(1))
		if got := text(t, d); got != canonical(t, c.want) || !errors.Is(err, c.err) {
			t.Errorf("%s with %q is %s, %v", c.doc, c.path, got, err)
		}
	}
	d := Document{}
	if err := d.Put("a.b", "x"); err != nil || d.Put("@timestamp", noon) != nil || !d.Time.Equal(noon) {
		t.Errorf("an empty document takes nothing: %v", err)
	}
	d.DeepMerge(map[string]any{"@timestamp": noon.Add(1), "@metadata": map[string]any{"x": 1}, "a": map[string]any{"c": 2}}, true)
	d.DeepMerge(map[string]any{"@timestamp": noon, "a": map[string]any{"c": 3, "d": 4}}, false)
	if got := toJSON(t, d.Fields) + toJSON(t, d.Meta) + d.Time.Sub(noon).String(); got != `{"a":{"b":"x","c":2,"d":4}}{"x":1}1ns` {
		t.Errorf("merged is %s", got)
	}
	d = Document{}
	d.DeepMerge(map[string]any{"@metadata": map[string]any{"x": 1}, "a": map[string]any{"c": 2}}, false)
	if got := toJSON(t, d.Fields) + toJSON(t, d.Meta); got != `{"a":{"c":2}}{"x":1}` {
		t.Errorf("merged into nothing is %s", got)
	}
}

func TestDelete(t *testing.T) {
	d := document(t, `{"a":{"b":1},"c.d":2,"@metadata":{"x":1}}`)
	for path, want := range map[string]bool{"a.b": true, "a.z": false, "c.d": true, "@metadata.x": true, "@timestamp": false, "@metadata": false} {
		if d.Delete(path) != want {
			t.Errorf("deleting %s: %v", path, !want)
		}
	}
	if got := text(t, d); got != `{"a":{}}` {
		t.Errorf("what is left is %s", got)
	}
}

func TestDeepMergeKeepsNothing(t *testing.T) {
	src := map[string]any{"a": map[string]any{"b": map[string]any{"c": 1}}}
	d := &Document{}
	d.DeepMerge(src, true)
	if err := d.Put("a.b.c", 2); err != nil || d.Put("a.x", 1) != nil {
		t.Fatal(err)
	}
	if toJSON(t, src) != `{"a":{"b":{"c":1}}}` {
		t.Errorf("the source is %s", toJSON(t, src))
	}
}

// randomValue makes maps, lists and scalars of few names, so that they collide.
func randomValue(r *rand.Rand, depth int) any {
	switch n := r.IntN(10); {
	case n < 4 && depth > 0:
		return randomMap(r, depth-1)
	case n == 4:
		return []any{"x", int64(1), map[string]any{"a": "in list"}}
	case n < 7:
		return []string{"x", "text", "", "1 2", "10.0.0.1", `{"a":{"b":1}}`}[r.IntN(6)]
	case n == 7:
		return nil
	case n == 8:
		return 1.5
	}
	return int64(r.IntN(3))
}

var names = []string{"a", "b", "c", "a.b", "message", "log", "tags", "fields", "host"}

func randomMap(r *rand.Rand, depth int) map[string]any {
	m := map[string]any{}
	for range r.IntN(4) {
		m[names[r.IntN(len(names))]] = randomValue(r, depth)
	}
	return m
}

func randomPath(r *rand.Rand) string {
	p := names[r.IntN(len(names))]
	for r.IntN(3) == 0 {
		p += "." + names[r.IntN(len(names))]
	}
	return p
}

func TestRollback(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		d := &Document{Time: noon, Fields: randomMap(r, 3), Meta: randomMap(r, 1)}
		before := d.Clone()
		d.begin()
		for range r.IntN(8) {
			switch r.IntN(4) {
			case 0:
				_ = d.Put(randomPath(r), randomValue(r, 2))
			case 1:
				d.Delete(randomPath(r))
			case 2:
				d.DeepMerge(randomMap(r, 2), r.IntN(2) == 0)
			case 3:
				_ = d.Put("@timestamp", noon.Add(time.Hour))
				_ = d.Put("@metadata."+randomPath(r), 1)
			}
		}
		d.rollback()
		if !reflect.DeepEqual(d.Fields, before.Fields) || !reflect.DeepEqual(d.Meta, before.Meta) || !d.Time.Equal(noon) {
			t.Fatalf("after taking all back it is %s, was %s", text(t, d), text(t, before))
		}
	}
}

func TestSaveAndRestore(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		template := &Document{Time: noon, Fields: randomMap(r, 3), Meta: randomMap(r, 1)}
		if r.IntN(5) == 0 {
			template.Meta = nil
		}
		was := text(t, template)
		d := template.Clone()
		d.Save()
		for range 4 {
			if !reflect.DeepEqual(d.Fields, template.Fields) || !reflect.DeepEqual(d.Meta, template.Meta) || !d.Time.Equal(template.Time) {
				t.Fatalf("it is %s of %s", text(t, d), was)
			}
			for range r.IntN(5) {
				inner := r.IntN(2) == 0
				if inner {
					d.begin()
				}
				before := text(t, d)
				_ = d.Put(randomPath(r), randomValue(r, 2))
				d.Delete(randomPath(r))
				d.DeepMerge(randomMap(r, 2), true)
				_ = d.Put("@timestamp", noon.Add(time.Hour))
				if inner && r.IntN(2) == 0 {
					if d.rollback(); text(t, d) != before {
						t.Fatalf("taken back it is %s, was %s", text(t, d), before)
					}
				} else if inner {
					d.commit()
				}
			}
			if r.IntN(3) == 0 {
				d.Fields = map[string]any{} // as include_fields does
			}
			if text(t, template) != was {
				t.Fatalf("the template is %s, was %s", text(t, template), was)
			}
			d.Restore()
		}
	}
}

func TestRestoreKeepsLittle(t *testing.T) {
	d := &Document{Fields: map[string]any{}}
	d.Save()
	for i := range 3 * maxUndo {
		_ = d.Put("a", i)
	}
	d.Restore()
	if cap(d.undo) > maxUndo || len(d.Fields) > 0 {
		t.Errorf("room for %d changes, %v", cap(d.undo), d.Fields)
	}
}
