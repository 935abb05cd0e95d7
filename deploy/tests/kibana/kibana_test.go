package kibana_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/logcar/logcar/deploy/tests/elasticsearch"
	"github.com/logcar/logcar/deploy/tests/kibana"
)

const (
	savedObjects = "../../kibana/applog.ndjson"
	templates    = "../../elasticsearch"
)

func TestGenerated(t *testing.T) {
	want, err := os.ReadFile(savedObjects)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := kibana.Write(&got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s is not what the program makes; in deploy/tests: go run ./cmd/kibana > ../kibana/applog.ndjson", savedObjects)
	}
}

// load reads the file as Kibana would, without this package's help.
func load(t *testing.T) []kibana.Object {
	t.Helper()
	text, err := os.ReadFile(savedObjects)
	if err != nil {
		t.Fatal(err)
	}
	var objects []kibana.Object
	for line := range strings.Lines(string(text)) {
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		var o kibana.Object
		if err := dec.Decode(&o); err != nil {
			t.Fatal(err)
		}
		if o.References == nil {
			t.Errorf("%s %s: references is null", o.Type, o.ID)
		}
		o.Attributes = open(o.Attributes).(map[string]any)
		objects = append(objects, o)
	}
	return objects
}

// open replaces JSON within strings by what it holds.
func open(v any) any {
	switch v := v.(type) {
	case string:
		var inner any
		if (strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[")) && json.Unmarshal([]byte(v), &inner) == nil {
			return open(inner)
		}
	case []any:
		for i := range v {
			v[i] = open(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = open(v[k])
		}
	}
	return v
}

// walk calls visit for every key of every object within v.
func walk(v any, visit func(key string, value any)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			walk(x, visit)
		}
	case map[string]any:
		for k, x := range v {
			visit(k, x)
			walk(x, visit)
		}
	}
}

// Every reference leads to an object of the file, is used by the name that it
// has, and every name that is used is a reference.
func TestReferences(t *testing.T) {
	objects := load(t)
	known := map[string]bool{}
	for _, o := range objects {
		if known[o.Type+"/"+o.ID] {
			t.Errorf("%s %s twice", o.Type, o.ID)
		}
		known[o.Type+"/"+o.ID] = true
	}
	for _, o := range objects {
		names := map[string]bool{}
		for _, r := range o.References {
			if !known[r.Type+"/"+r.ID] {
				t.Errorf("%s %s: %s leads to %s %s, which is not there", o.Type, o.ID, r.Name, r.Type, r.ID)
			}
			if names[r.Name] {
				t.Errorf("%s %s: reference %s twice", o.Type, o.ID, r.Name)
			}
			names[r.Name] = true
		}
		used := usedNames(o)
		if got, want := slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(used)); !slices.Equal(got, want) {
			t.Errorf("%s %s: references %q, used are %q", o.Type, o.ID, got, want)
		}
	}
}

// usedNames are the names that an object's attributes ask for, by the rules by
// which Kibana takes the ids out of the attributes.
func usedNames(o kibana.Object) map[string]bool {
	used := map[string]bool{}
	walk(o.Attributes, func(key string, value any) {
		switch key {
		case "indexRefName":
			used[value.(string)] = true
		case "layers":
			if layers, ok := value.(map[string]any); ok {
				for id := range layers {
					used["indexpattern-datasource-layer-"+id] = true
				}
			}
		}
	})
	panels, _ := o.Attributes["panelsJSON"].([]any)
	for _, p := range panels {
		p := p.(map[string]any)
		index := p["panelIndex"].(string)
		used[index+":"+p["panelRefName"].(string)] = true
		walk(p, func(key string, value any) {
			if key == "eventId" {
				used[index+":drilldown:DASHBOARD_TO_DASHBOARD_DRILLDOWN:"+value.(string)+":dashboardId"] = true
			}
		})
	}
	if group, ok := o.Attributes["controlGroupInput"].(map[string]any); ok {
		for id := range group["panelsJSON"].(map[string]any) {
			used["controlGroup_"+id+":optionsListDataView"] = true
		}
	}
	return used
}

var queried = regexp.MustCompile(`([\w@.-]+) *:`)

// Every field that is shown, counted or asked for is in the template, in a form
// that allows it.
func TestFields(t *testing.T) {
	fields, err := elasticsearch.Fields(templates)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	need := func(where, name string, allowed func(elasticsearch.Field) bool) {
		checked++
		if f, ok := fields[name]; !ok || !allowed(f) {
			t.Errorf("%s: field %q: in the template %v, %+v", where, name, ok, f)
		}
	}
	shown := func(elasticsearch.Field) bool { return true }
	counted := func(f elasticsearch.Field) bool { return f.Aggregatable }
	asked := func(f elasticsearch.Field) bool { return f.Searchable }
	for _, o := range load(t) {
		where := o.Type + " " + o.ID
		walk(o.Attributes, func(key string, value any) {
			switch key {
			case "timeFieldName", "fieldName":
				need(where, value.(string), counted)
			case "sourceField":
				if value != "___records___" {
					need(where, value.(string), counted)
				}
			case "query":
				if text, ok := value.(string); ok {
					for _, m := range queried.FindAllStringSubmatch(text, -1) {
						need(where, m[1], asked)
					}
				}
			case "fieldFormatMap":
				for name := range value.(map[string]any) {
					need(where, name, shown)
				}
			case "columns":
				if names, ok := value.([]any); ok && o.Type == "search" {
					for _, name := range names {
						need(where, name.(string), shown)
					}
				}
			}
		})
	}
	if checked < 50 {
		t.Errorf("only %d uses of fields found", checked)
	}
}

// A Lens layer is consistent: buckets stand before metrics, and whatever names a
// column names one that is there.
func TestLensColumns(t *testing.T) {
	for _, o := range load(t) {
		if o.Type != "lens" {
			continue
		}
		state := o.Attributes["state"].(map[string]any)
		layers := state["datasourceStates"].(map[string]any)["formBased"].(map[string]any)["layers"].(map[string]any)
		for id, l := range layers {
			l := l.(map[string]any)
			columns := l["columns"].(map[string]any)
			metrics := false
			for _, name := range l["columnOrder"].([]any) {
				c, ok := columns[name.(string)].(map[string]any)
				if !ok {
					t.Fatalf("%s: no column %s", o.ID, name)
				}
				if c["isBucketed"] == true && metrics {
					t.Errorf("%s: bucket %s behind a metric", o.ID, name)
				}
				metrics = metrics || c["isBucketed"] == false
			}
			if len(columns) != len(l["columnOrder"].([]any)) {
				t.Errorf("%s: %d columns, %d in order", o.ID, len(columns), len(l["columnOrder"].([]any)))
			}
			check := func(key string, value any) {
				names, list := value.([]any)
				if !list {
					names = []any{value}
				}
				switch key {
				case "columnId", "xAccessor", "splitAccessor", "metricAccessor", "accessors":
					for _, name := range names {
						if columns[name.(string)] == nil {
							t.Errorf("%s: %s names column %s, which is not there", o.ID, key, name)
						}
					}
				case "layerId":
					if value != id {
						t.Errorf("%s: layer %s is not there", o.ID, value)
					}
				}
			}
			walk(columns, check)
			walk(state["visualization"], check)
		}
	}
}

func TestDashboardGrid(t *testing.T) {
	for _, o := range load(t) {
		if o.Type != "dashboard" {
			continue
		}
		taken := map[[2]int]string{}
		for _, p := range o.Attributes["panelsJSON"].([]any) {
			p := p.(map[string]any)
			index := p["panelIndex"].(string)
			at := map[string]int{}
			for k, v := range p["gridData"].(map[string]any) {
				if n, ok := v.(float64); ok {
					at[k] = int(n)
				}
			}
			if at["x"]+at["w"] > 48 || at["w"] == 0 || at["h"] == 0 {
				t.Errorf("%s: %s lies at %v", o.ID, index, at)
			}
			for x := at["x"]; x < at["x"]+at["w"]; x++ {
				for y := at["y"]; y < at["y"]+at["h"]; y++ {
					if other := taken[[2]int{x, y}]; other != "" {
						t.Fatalf("%s: %s lies over %s", o.ID, index, other)
					}
					taken[[2]int{x, y}] = index
				}
			}
		}
	}
}

// There is a search for every level that the pipeline writes.
func TestSearchPerLevel(t *testing.T) {
	queries := ""
	for _, o := range load(t) {
		if o.Type == "search" {
			walk(o.Attributes, func(key string, value any) {
				if text, ok := value.(string); key == "query" && ok && strings.HasPrefix(text, "log.level") {
					queries += text + " "
				}
			})
		}
	}
	for _, level := range []string{"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "FATAL"} {
		if !regexp.MustCompile(`\b` + level + `\b`).MatchString(queries) {
			t.Errorf("no search for %s", level)
		}
	}
}
