package processor

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestErrors(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{`[{drop_event: {foo: 1, when: {equals: {a: 1}}}}]`, `0.drop_event.foo: unexpected foo option`},
		{`[{drop_fields: {feilds: [a]}}]`, "0.drop_fields.feilds: unexpected feilds option; did you mean \"fields\"?\n0.drop_fields: missing fields option"},
		{`[{add_tags: {tags: [a]}, drop_event: {}}]`, `0: each processor must have exactly one action, but found 2 actions (add_tags,drop_event)`},
		{`[{}]`, `0: each processor must have exactly one action, but found 0 actions ()`},
		{`[add_locale]`, `0: expected a map with one action, found "add_locale"`},
		{`[{add_tags: [a]}]`, `0.add_tags: expected a map of options, found a list`},
		{`[{add_tags: a}]`, `0.add_tags: expected a map of options, found "a"`},
		{`[{add_locale: {}}, {rename: {fields: [{from: a}, {to: b}, x], fail_on_error: maybe}}]`, `1.rename.fail_on_error: expected true or false, found "maybe"
1.rename.fields.0: missing to option
1.rename.fields.1: missing from option
1.rename.fields.2: expected a map, found "x"`},
		{`[{rename: {fields: [{from: '', to: b}]}}]`, `0.rename.fields.0.from: needs the name of a field`},
		{`[{copy_fields: {fields: 5}}]`, `0.copy_fields.fields.0: expected a map, found 5`},
		{`[{replace: {fields: {field: a, pattern: '('}}}]`, "0.replace.fields.0.pattern: cannot compile the pattern: error parsing regexp: missing closing ): `(`"},
		{`[{drop_fields: {fields: [a, '/(/', '']}}]`, "0.drop_fields.fields.2: needs the name of a field\n0.drop_fields.fields.1: cannot compile the pattern: error parsing regexp: missing closing ): `(`"},
		{`[{drop_fields: {fields: {a: 1}}}]`, `0.drop_fields.fields: expected a list of field names, found a map`},
		{`[{add_tags: {tags: [[a]]}}]`, `0.add_tags.tags: expected a list of strings, found a list in it`},
		{`[{add_fields: {fields: [a]}}]`, `0.add_fields.fields: expected a map, found a list`},
		{`[{add_labels: {labels: x}}]`, `0.add_labels.labels: expected a map, found "x"`},
		{`[{add_fields: {fields: {a: 1}, target: [x]}}]`, `0.add_fields.target: expected a single value, found a list`},
		{`[{truncate_fields: {fields: [a], max_bytes: 1, max_characters: 2}}]`, `0.truncate_fields.max_characters: max_bytes and max_characters are mutually exclusive`},
		{`[{truncate_fields: {fields: [a]}}]`, `0.truncate_fields: missing option, select one from max_bytes, max_characters`},
		{`[{truncate_fields: {fields: [a], max_bytes: -1}}]`, `0.truncate_fields.max_bytes: a length cannot be negative`},
		{`[{truncate_fields: {fields: [a], max_bytes: 10KB}}]`, `0.truncate_fields.max_bytes: expected a whole number, found "10KB"`},
		{`[{convert: {fields: [{from: a, type: int}, {from: b}], mode: move}}]`, `0.convert.mode: "move" is not one of copy, rename
0.convert.fields.0.type: "int" is not one of integer, long, float, double, string, boolean, ip
0.convert.fields.1: each field must have a "to" or a "type"`},
		{`[{dissect: {tokenizer: 'no key'}}]`, `0.dissect.tokenizer: invalid dissect tokenizer: no %{key} in it`},
		{`[{dissect: {}}]`, `0.dissect: missing tokenizer option`},
		{`[{dissect: {tokenizer: '%{a}', trim_values: both}}]`, `0.dissect.trim_values: "both" is not one of none, left, right, all`},
		{`[{decode_json_fields: {fields: [a], max_depth: 0}}]`, `0.decode_json_fields.max_depth: must be at least 1`},
		{`[{timestamp: {field: a, layouts: ['2006'], timezone: Mars/Base}}]`, `0.timestamp.timezone: "Mars/Base" is no time zone that is known here; expected a name such as Asia/Shanghai, an offset such as +0800, or Local`},
		{`[{timestamp: {field: a, layouts: ['2006'], test: ['2020', soon]}}]`, `0.timestamp.test.1: none of the layouts fits "soon"`},
		{`[{timestamp: {field: a, layouts: []}}]`, `0.timestamp.layouts: needs at least one layout`},
		{`[{fingerprint: {fields: [], method: crc}}]`, "0.fingerprint.method: \"crc\" is not one of md5, sha1, sha256, sha384, sha512, xxhash\n0.fingerprint.fields: needs at least one field"},
		{`[{rate_limit: {limit: 5}}]`, `0.rate_limit.limit: "5" is no rate; expected a number and a unit such as 100/s, 100/m or 100/h`},
		{`[{rate_limit: {limit: 5/d}}]`, `0.rate_limit.limit: "5/d" is no rate; expected a number and a unit such as 100/s, 100/m or 100/h`},
		{`[{rate_limit: {limit: 5/s, algorithm.token_bucket.burst_multiplier: -1}}]`, `0.rate_limit.algorithm.token_bucket.burst_multiplier: must be more than 0`},
		{`[{rate_limit: {limit: 5/s, algorithm.token_bucket.burst_multiplier: x, algorithm.token_bucket.gc.num_calls: 1.5}}]`, `0.rate_limit.algorithm.token_bucket.burst_multiplier: expected a number, found "x"
0.rate_limit.algorithm.token_bucket.burst_multiplier: must be more than 0
0.rate_limit.algorithm.token_bucket.gc.num_calls: expected a whole number, found 1.5`},
		{`[{add_host_metadata: {cache.ttl: 5x, netinfo.enabled: 2, geo.location: here}}]`, `0.add_host_metadata.netinfo.enabled: expected true or false, found 2
0.add_host_metadata.geo.location: "here" is no location; expected latitude and longitude such as 40.7128, -74.0060
0.add_host_metadata.cache.ttl: expected a duration such as 10s or 1m30s, found "5x"`},
		{`[{decode_csv_fields: {fields: {a: 1, b: c}, separator: ';;'}}]`, "0.decode_csv_fields.separator: must be a single character, and neither a quote nor a line end\n0.decode_csv_fields.fields.a: expected the name of a field, found 1"},
		{`[{decode_csv_fields: {fields: {}}}]`, `0.decode_csv_fields.fields: needs at least one field`},
		{`[{extract_array: {field: a, mappings: {b: -1, c: x}}}]`, "0.extract_array.mappings.b: expected the number of an element, found -1\n0.extract_array.mappings.c: expected the number of an element, found \"x\"\n0.extract_array.mappings: needs at least one mapping"},
		{`[{decode_base64_field: {field: a}}]`, `0.decode_base64_field.field: expected a map, found "a"
0.decode_base64_field.field: missing from option`},
		{`[{append: {target_field: t, values: {a: 1}}}]`, `0.append.values: expected a list, found a map`},
		{`[{add_locale: {format: long}}]`, `0.add_locale.format: "long" is not one of offset, abbreviation`},
		{`[{script: {lang: javascript, source: x}}]`, `0.script: is not supported: logcar runs no JavaScript; dissect, replace, convert, timestamp, copy_fields, rename, drop_event and if/then/else do what scripts mostly do`},
		{`[{drop_events: {}}]`, "0.drop_events: " + unknownAction("drop_events")},
		{`[{add_tags: {tags: x, when: {equal: {a: 1}}}}]`, `0.add_tags.when.equal: equal is not a condition; did you mean "equals"?; conditions: equals, contains, regexp, range, has_fields, network, or, and, not`},
		{`[{add_tags: {tags: x, when: {}}}]`, `0.add_tags.when: missing or invalid condition; conditions: equals, contains, regexp, range, has_fields, network, or, and, not`},
		{`[{add_tags: {when: {equals: 1}}}]`, "0.add_tags.when.equals: expected a map of fields to values, found 1\n0.add_tags: missing tags option"},
		{`[{if: {has_fields: [a]}}]`, `0: missing then option`},
		{`[{if: x, then: {drop_event: {x: 1}}, else: [{add_tags: {}}, 5]}]`, `0.if: expected a condition, found "x"
0.then.drop_event.x: unexpected x option
0.else.0.add_tags: missing tags option
0.else.1: expected a map with one action, found 5`},
		{`[{if: {has_fields: [a]}, then: x}]`, `0.then: expected a list of processors, found "x"`},
	} {
		_, err := New(list(t, c.yaml))
		if got := errorLines(t, err); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.yaml, got, c.want)
		}
	}
}

func TestErrorsHaveIndexes(t *testing.T) {
	_, err := New(list(t, `[{add_locale: {}}, {drop_event: {x: 1}}, {if: {has_fields: a}, then: [{add_locale: {}}, {drop_event: {x: 1}}]}]`))
	var got []int
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var own *Error
		if errors.As(e, &own) {
			got = append(got, own.Index)
		}
	}
	if !slices.Equal(got, []int{1, 2}) {
		t.Errorf("indexes are %v", got)
	}
}

func TestUnknownActionListsAll(t *testing.T) {
	got := unknownAction("drop_evnt")
	for _, want := range []string{`the processor action drop_evnt does not exist; did you mean "drop_event"?`, "add_fields", "add_docker_metadata", "urldecode"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	if strings.Contains(got, "script") {
		t.Errorf("script is offered: %s", got)
	}
}

func TestNestedTooDeep(t *testing.T) {
	v := map[string]any{"drop_event": nil}
	for range 1000 {
		v = map[string]any{"if": map[string]any{"has_fields": "a"}, "then": v}
	}
	if _, err := New([]any{v}); err == nil || !strings.Contains(err.Error(), "nested deeper") {
		t.Errorf("a thousand times if: %v", err)
	}
}

func TestNotes(t *testing.T) {
	c := build(t, `
- add_docker_metadata: {host: unix:///x, when: {nonsense: 1}}
- add_cloud_metadata: {}
- add_kubernetes_metadata: {host: '${NODE:x}', default_indexers.enabled: false, matchers: [{logs_path: {}}]}
- timestamp: {field: a, layouts: ['2006'], id: x, ignore_failur: true}
- rename: {fields: [{from: a, to: b, why: c}]}
- drop_event: {when: {equals: {a: 1}, contains: {a: b}}}
- if: {has_fields: [a]}
  then: {drop_fields: {fields: [type, b]}}
  elze: {}
- lowercase: {fields: [type]}
`)
	want := `0.add_docker_metadata: has no effect: asks the Docker daemon, which a pod's container cannot reach; add_pod_metadata knows the pod
1.add_cloud_metadata: has no effect: asks the cloud's metadata service; add_fields with variables of the environment says the same
2.add_kubernetes_metadata.host: has no effect: the pod tells of itself
2.add_kubernetes_metadata.matchers: has no effect: the pod tells of itself
2.add_kubernetes_metadata.default_indexers: has no effect: the pod tells of itself
2.add_kubernetes_metadata: is answered from the pod's own environment and files, as add_pod_metadata; no API server is asked
3.timestamp.ignore_failur: unexpected ignore_failur option; did you mean "ignore_failure"? (ignored, as in Filebeat)
3.timestamp.id: has no effect: the place in the configuration names the processor
4.rename.fields.0.why: unexpected why option (ignored, as in Filebeat)
5.drop_event.when.contains: is ignored, as in Filebeat: of several conditions in one map only the first counts, here equals; "and" joins them
6.elze: is ignored beside "if", as in Filebeat
6.then.drop_fields.fields.0: type always stays
7.lowercase.fields: type keeps its name`
	if got := noteLines(c.Notes()); got != want {
		t.Errorf("notes are\n%s\nwant\n%s", got, want)
	}
	if c.Len() != 6 {
		t.Errorf("there are %d processors", c.Len())
	}
}

// A table that says something else than what is read would be a lie.
func TestTableIsWhatIsRead(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			if k.Note == "" {
				t.Error("has no note")
			}
			if k.Status != Honoured {
				return
			}
			b := &builder{}
			o := b.options(k, "0."+k.Name, fill(k.Options))
			if b.build(k, o, nil) == nil {
				t.Fatalf("cannot be built with all options: %v", b.errs)
			}
			for _, info := range k.Options {
				if !o.asked[info.Name] {
					t.Errorf("%s is in the table and not read", info.Name)
				}
				if info.Note == "" && !strings.HasPrefix(info.Name, "geo.") {
					t.Errorf("%s has no note", info.Name)
				}
				if info.Required && info.Default != "" || info.Type == Enum && len(info.Values) == 0 {
					t.Errorf("%s contradicts itself", info.Name)
				}
			}
		})
	}
}

// fill gives each option a value that fits.
func fill(infos []OptionInfo) map[string]any {
	values := map[string]any{}
	for _, i := range infos {
		switch {
		case i.Name == "max_characters": // not together with max_bytes
			continue
		case i.Name == "mappings":
			values[i.Name] = map[string]any{"a": int64(0)}
		case i.Name == "tokenizer":
			values[i.Name] = "%{a}"
		case i.Name == "limit":
			values[i.Name] = "1/s"
		case i.Name == "timezone":
			values[i.Name] = "UTC"
		case i.Name == "test":
			values[i.Name] = []any{}
		case i.Name == "separator":
			values[i.Name] = ","
		case i.Name == "geo.location":
			values[i.Name] = "1,2"
		default:
			values[i.Name] = fitting(i)
		}
	}
	return values
}

func fitting(i OptionInfo) any {
	switch i.Type {
	case Bool:
		return true
	case Int, Float:
		return int64(1)
	case Duration:
		return "1s"
	case Enum:
		return i.Values[0]
	case Strings, Fields, List:
		return []any{"a"}
	case Group:
		return fill(i.Options)
	case Groups:
		return []any{fill(i.Options)}
	case Map:
		return map[string]any{"a": "b"}
	}
	return "a"
}

func TestReadingWhatTheTableLacksPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an option is read that is not in the table")
		}
	}()
	o := (&builder{}).options(&addTagsKind, "0", map[string]any{})
	o.text("nonsense")
}

func TestTable(t *testing.T) {
	table := Table()
	names := make([]string, len(table))
	for i, info := range table {
		names[i] = info.Name
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names are not in order, or come twice: %v", names)
	}
	for _, name := range strings.Fields(`add_fields add_labels add_tags add_id add_locale add_host_metadata copy_fields convert decode_base64_field
		decode_json_fields decompress_gzip_field decode_csv_fields dissect drop_event drop_fields extract_array fingerprint include_fields
		rate_limit registered_domain rename replace timestamp truncate_fields urldecode append lowercase uppercase move_fields
		detect_mime_type add_pod_metadata add_kubernetes_metadata`) {
		if i := slices.Index(names, name); i < 0 || table[i].Status != Honoured {
			t.Errorf("%s is not there", name)
		}
	}
	for typ := Bool; typ <= Any; typ++ {
		if typ.String() == "" {
			t.Errorf("type %d has no name", typ)
		}
	}
	if Honoured.String() != "honoured" || NoEffect.String() != "no effect" || Refused.String() != "refused" {
		t.Error("statuses have wrong names")
	}
}

func TestNullIsAnEmptyMapOfOptions(t *testing.T) {
	c, err := New([]any{map[string]any{"add_locale": nil}, map[string]any{"add_host_metadata": nil}, map[string]any{"add_cloud_metadata": nil}})
	if err != nil || c.Len() != 2 {
		t.Fatalf("%v", err)
	}
}

func TestStatsKnowNestedProcessors(t *testing.T) {
	c := build(t, `[{if: {has_fields: a}, then: [{add_tags: {tags: x}}, {drop_event: {}}], else: {drop_fields: {fields: q}}}, {add_locale: {}}]`)
	c.Run(document(t, `{"a":1}`))
	c.Run(document(t, `{"b":1}`))
	got := map[string][3]uint64{}
	for _, s := range c.Stats() {
		got[s.Path] = [3]uint64{s.Events, s.Dropped, s.Failed}
	}
	want := map[string][3]uint64{"0.if": {2, 1, 1}, "0.then.0.add_tags": {1, 0, 0}, "0.then.1.drop_event": {1, 1, 0}, "0.else.drop_fields": {1, 0, 1}, "1.add_locale": {1, 0, 0}}
	if !maps.Equal(got, want) {
		t.Errorf("counts are %v, want %v", got, want)
	}
}
