package processor

import (
	"sync"
	"testing"
)

const line = `{"message":"2018 INFO user=alice id=7 took=12ms","log":{"offset":0,"file":{"path":"/logs/p.log"}},"input":{"type":"log"}}`

func TestFields(t *testing.T) {
	for _, c := range []runCase{
		{"add_fields with a target", `[{add_fields: {target: project, fields: {name: dac, id: '5'}}}]`, `{"m":1}`, `{"m":1,"project":{"name":"dac","id":"5"}}`, 0},
		{"add_fields below fields", `[{add_fields: {fields: {name: dac}}}]`, `{"fields":{"a":1}}`, `{"fields":{"a":1,"name":"dac"}}`, 0},
		{"add_fields at the top", `[{add_fields: {target: '', fields: {a.b: 1, c: [1, x]}}}]`, `{"a":{"b":0,"x":2}}`, `{"a":{"b":1,"x":2},"c":[1,"x"]}`, 0},
		{"add_fields replaces", `[{add_fields: {target: '', fields: {a: {b: 1}, s: x}}}]`, `{"a":"text","s":{"t":1}}`, `{"a":{"b":1},"s":"x"}`, 0},
		{"add_fields to metadata", `[{add_fields: {target: '@metadata', fields: {pipeline: p}}}]`, `{}`, `{"@metadata":{"pipeline":"p"}}`, 0},
		{"add_fields with a dotted target has a dotted key", `[{add_fields: {target: a.b, fields: {c: 1}}}]`, `{"a":{}}`, `{"a":{},"a.b":{"c":1}}`, 0},
		{"add_labels", `[{add_labels: {labels: {number: 1, on: true, with.dots: test, nested: {with.dots: nested}, array: [do, re, {with.field: mi}]}}}]`, `{"labels":{"old":"x","number":2}}`,
			`{"labels":{"old":"x","array.0":"do","array.1":"re","array.2.with.field":"mi","nested.with.dots":"nested","number":"1","on":"true","with.dots":"test"}}`, 0},
		{"add_tags", `[{add_tags: {tags: [web, web]}}]`, `{"tags":["base"]}`, `{"tags":["base","web","web"]}`, 0},
		{"add_tags makes a list", `[{add_tags: {tags: one, target: a.b}}]`, `{}`, `{"a":{"b":["one"]}}`, 0},
		{"add_tags to text", `[{add_tags: {tags: [x]}}, {add_tags: {tags: ['y'], target: other}}]`, `{"tags":"t"}`, `{"tags":"t","other":["y"]}`, 1},
		{"drop_fields", `[{drop_fields: {fields: [log.offset, input, not.there], ignore_missing: true}}]`, line, `{"message":"2018 INFO user=alice id=7 took=12ms","log":{"file":{"path":"/logs/p.log"}}}`, 0},
		{"drop_fields that are missing", `[{drop_fields: {fields: [x, a]}}]`, `{"a":1,"b":2}`, `{"b":2}`, 1},
		{"drop_fields below text", `[{drop_fields: {fields: [b.c, a], ignore_missing: true}}]`, `{"a":1,"b":"t"}`, `{"b":"t"}`, 1},
		{"drop_fields spares some", `[{drop_fields: {fields: ['@timestamp', type, type.x, '@metadata.a']}}]`, `{"type":"t","@metadata":{"a":1,"b":2}}`, `{"type":"t","@metadata":{"b":2}}`, 0},
		{"drop_fields by pattern", `[{drop_fields: {fields: ['/^a\./', '/d$/']}}]`, `{"a":{"x":1,"y":{"z":2}},"b":{"c":1,"d":2},"type":"d","ad":3}`, `{"a":{},"b":{"c":1},"type":"d"}`, 0},
		{"drop_fields by a pattern that takes a map with its values", `[{drop_fields: {fields: ['/^b/']}}]`, `{"a":1,"b":{"c":{"d":2}}}`, `{"a":1}`, 0},
		{"drop_fields with dots in a key", `[{drop_fields: {fields: [a.b, c.d.e]}}]`, `{"a.b":1,"c":{"d.e":2,"f":3}}`, `{"c":{"f":3}}`, 0},
		{"include_fields", `[{include_fields: {fields: [message, log.file, none]}}]`, line, `{"message":"2018 INFO user=alice id=7 took=12ms","log":{"file":{"path":"/logs/p.log"}}}`, 0},
		{"include_fields keeps more", `[{include_fields: {fields: ['@timestamp']}}]`, `{"type":"t","a":1,"@metadata":{"b":2}}`, `{"type":"t","@metadata":{"b":2}}`, 0},
		{"include_fields below text", `[{include_fields: {fields: [a.b, c]}}]`, `{"a":"x","c":1,"d":2}`, `{"c":1}`, 1},
		{"move_fields", `[{move_fields: {from: app, to: my., fields: [method, url], exclude: [url]}}]`, `{"app":{"method":"a","url":"b","c":1}}`, `{"app":{"url":"b","c":1},"my":{"method":"a"}}`, 0},
		{"move_fields, all", `[{move_fields: {to: 'x.', exclude: [b]}}]`, `{"a":1,"b":2,"c":{"d":3}}`, `{"b":2,"x":{"a":1,"c":{"d":3}}}`, 0},
		{"move_fields that are missing", `[{move_fields: {to: 'x.', fields: [a, z]}}]`, `{"a":1}`, ``, 1},
		{"move_fields that may be missing", `[{move_fields: {to: 'x.', fields: [z, a], ignore_missing: true}}, {move_fields: {from: q, to: y, ignore_missing: true}}]`, `{"a":1}`, `{"x":{"a":1}}`, 0},
		{"move_fields from text", `[{move_fields: {from: a, to: x}}, {move_fields: {from: b, to: x}}]`, `{"a":"1"}`, ``, 2},
		{"move_fields into text", `[{move_fields: {to: a., fields: [b]}}]`, `{"a":"1","b":2}`, ``, 1},
	} {
		c.run(t)
	}
}

func TestFieldwise(t *testing.T) {
	for _, c := range []runCase{
		{"rename", `[{rename: {fields: [{from: message, to: event.original}], ignore_missing: true, fail_on_error: false}}]`, `{"message":"m"}`, `{"event":{"original":"m"}}`, 0},
		{"rename a to a.b", `[{rename: {fields: [{from: a, to: a.b}]}}]`, `{"a":1}`, `{"a":{"b":1}}`, 0},
		{"rename in a row", `[{rename: {fields: [{from: a, to: b}, {from: b, to: c}]}}]`, `{"a":{"x":1}}`, `{"c":{"x":1}}`, 0},
		{"rename to what exists", `[{rename: {fields: [{from: a, to: x}, {from: b, to: c}]}}]`, `{"a":1,"b":2,"c":null}`,
			`{"a":1,"b":2,"c":null,"error":{"message":"Failed to rename fields in processor: target field c: it exists already; drop or rename it first"}}`, 1},
		{"rename to what exists, whatever comes", `[{rename: {fields: [{from: a, to: x}, {from: b, to: c}, {from: c, to: d}], fail_on_error: false}}]`, `{"a":1,"b":2,"c":3}`, `{"x":1,"b":2,"d":3}`, 0},
		{"rename what is missing", `[{rename: {fields: [{from: a, to: x}]}}]`, `{"b":1}`, `{"b":1,"error":{"message":"Failed to rename fields in processor: could not fetch value for key: a: key not found"}}`, 1},
		{"rename below text is not missing", `[{rename: {fields: [{from: a.b, to: x}], ignore_missing: true}}]`, `{"a":"t"}`, `{"a":"t","error":{"message":"Failed to rename fields in processor: could not fetch value for key: a.b: a part of the path is not a map"}}`, 1},
		{"rename into text takes all back", `[{rename: {fields: [{from: c, to: n.e.w}, {from: a, to: b.x}]}}]`, `{"a":1,"b":"t","c":3,"error":"taken"}`, ``, 1},
		{"rename the time", `[{rename: {fields: [{from: '@timestamp', to: x}]}}]`, `{}`, `{"error":{"message":"Failed to rename fields in processor: could not delete key: @timestamp: @timestamp cannot be deleted"}}`, 1},
		{"rename metadata", `[{rename: {fields: [{from: '@metadata.a', to: x}, {from: b, to: '@metadata.c'}]}}]`, `{"b":2,"@metadata":{"a":1}}`, `{"x":1,"@metadata":{"c":2}}`, 0},
		{"copy_fields", `[{copy_fields: {fields: [{from: a, to: b}]}}, {add_fields: {target: a, fields: {y: 2}}}]`, `{"a":{"x":1}}`, `{"a":{"x":1,"y":2},"b":{"x":1}}`, 0},
		{"copy_fields into itself", `[{copy_fields: {fields: [{from: a, to: a.b}]}}]`, `{"a":{"x":1}}`, `{"a":{"x":1,"b":{"x":1}}}`, 0},
		{"copy_fields to what exists", `[{copy_fields: {fields: [{from: a, to: b}]}}]`, `{"a":1,"b":2}`, `{"a":1,"b":2,"error":{"message":"Failed to copy fields in copy_fields processor: target field b: it exists already; drop or rename it first"}}`, 1},
		{"replace", `[{replace: {fields: [{field: m, pattern: '(\d+)-(\d+)', replacement: '$2/$1'}, {field: o, pattern: x, replacement: ''}]}}]`, `{"m":"a 1-2 b 3-4","o":"axbx"}`, `{"m":"a 2/1 b 4/3","o":"ab"}`, 0},
		{"replace nothing", `[{replace: {fields: [{field: m, pattern: 'z+', replacement: y}]}}]`, `{"m":"abc"}`, ``, 0},
		{"replace nothing at all", `[{replace: {fields: [{field: m, pattern: 'z*', replacement: '-'}]}}]`, `{"m":"ab"}`, `{"m":"-a-b-"}`, 0},
		{"replace in a number", `[{replace: {fields: [{field: m, pattern: a, replacement: b}, {field: o, pattern: a, replacement: b}]}}]`, `{"m":"a","o":1}`,
			`{"m":"a","o":1,"error":{"message":"Failed to replace fields in processor: could not read o: value is not a string"}}`, 1},
		{"urldecode", `[{urldecode: {fields: [{from: a, to: x.y}, {from: b}, {from: c}]}}]`, `{"a":"a%20b+c","b":"%C3%A9","c":"plain"}`, `{"a":"a%20b+c","x":{"y":"a b c"},"b":"é","c":"plain"}`, 0},
		{"urldecode what is not", `[{urldecode: {fields: [{from: a}]}}]`, `{"a":"%zz"}`, `{"a":"%zz","error":{"message":"failed to decode fields in urldecode processor: could not decode a: not URL-encoded"}}`, 1},
		{"decode_base64_field", `[{decode_base64_field: {field: {from: a, to: b}}}, {decode_base64_field: {field: {from: c}}}]`, `{"a":"aGVsbG8=","c":"aGk"}`, `{"a":"aGVsbG8=","b":"hello","c":"hi"}`, 0},
		{"decode_base64_field that is missing", `[{decode_base64_field: {field: {from: a, to: b}, ignore_missing: true}}, {decode_base64_field: {field: {from: a, to: b}, fail_on_error: false}}]`, `{}`, ``, 0},
		{"truncate_fields", `[{truncate_fields: {fields: [message], max_characters: 5}}, {truncate_fields: {fields: [p], max_bytes: 3, fail_on_error: false, ignore_missing: true}}]`, `{"message":"2018 INFO","p":"/tmp"}`, `{"message":"2018 ","p":"/tm","log":{"flags":["truncated","truncated"]}}`, 0},
		{"truncate_fields by characters", `[{truncate_fields: {fields: [m], max_characters: 2}}]`, `{"m":"é世界"}`, `{"m":"é世","log":{"flags":["truncated"]}}`, 0},
		{"truncate_fields that fit", `[{truncate_fields: {fields: [m, n], max_characters: 2}}]`, `{"m":"ab","n":""}`, ``, 0},
		{"truncate_fields that cannot", `[{truncate_fields: {fields: [m, n], max_bytes: 1, fail_on_error: true}}, {truncate_fields: {fields: [n, m], max_bytes: 1}}]`, `{"m":"ab","n":1}`, `{"m":"a","n":1,"log":{"flags":["truncated"]}}`, 1},
		{"truncate_fields to nothing", `[{truncate_fields: {fields: m, max_bytes: 0}}]`, `{"m":"ab","log":"x"}`, `{"m":"","log":"x"}`, 0},
		{"append", `[{append: {target_field: t, fields: [a, b, c], values: [v, 1]}}]`, `{"a":"x","b":["y","z"],"c":{"m":1}}`, `{"a":"x","b":["y","z"],"c":{"m":1},"t":["x","y","z",{"m":1},"v",1]}`, 0},
		{"append to a value", `[{append: {target_field: t, values: [v, v, '', w], allow_duplicate: false, ignore_empty_values: true}}]`, `{"t":"w"}`, `{"t":["w","v"]}`, 0},
		{"append what is missing", `[{append: {target_field: t, fields: [a]}}, {append: {target_field: u, fields: [a], values: x, ignore_missing: true}}]`, `{}`,
			`{"error":{"message":"failed to append fields in append processor: could not fetch value for key: a: key not found"},"u":["x"]}`, 1},
		{"append maps twice", `[{append: {target_field: t, fields: [a, a], allow_duplicate: false}}]`, `{"a":{"x":1}}`, `{"a":{"x":1},"t":[{"x":1},{"x":1}]}`, 0},
		{"lowercase", `[{lowercase: {fields: [a.b], values: [C]}}]`, `{"A":{"B":1,"X":2},"C":"Text"}`, `{"a":{"b":1,"X":2},"C":"text"}`, 0},
		{"uppercase the last part", `[{uppercase: {fields: [a.b], alter_full_field: false}}]`, `{"a":{"b":1}}`, `{"a":{"B":1}}`, 0},
		{"uppercase what comes twice", `[{uppercase: {fields: [x, a]}}]`, `{"a":1,"A":2,"x":3}`, `{"a":1,"A":2,"x":3,"error":{"message":"failed to change case: could not rename a: more than one key has this name, but for its case"}}`, 1},
		{"uppercase what is missing or below text", `[{uppercase: {fields: [x], values: [y], ignore_missing: true}}, {uppercase: {fields: [a.b], fail_on_error: false}}]`, `{"a":"t"}`, `{"A":"t"}`, 0},
		{"decode_csv_fields", `[{decode_csv_fields: {fields: {a: x.y, b: b}, separator: ;, trim_leading_space: true}}]`, `{"a":"1; \"two;3\";","b":"c;d"}`, `{"a":"1; \"two;3\";","x":{"y":["1","two;3",""]},"b":["c","d"]}`, 0},
		{"decode_csv_fields onto what exists", `[{decode_csv_fields: {fields: {a: b}}}, {decode_csv_fields: {fields: {a: b}, fail_on_error: false}}]`, `{"a":"1,2","b":0}`, ``, 1},
		{"decode_csv_fields over what exists", `[{decode_csv_fields: {fields: {a: b}, overwrite_keys: true}}]`, `{"a":"1,2","b":0}`, `{"a":"1,2","b":["1","2"]}`, 0},
		{"decode_csv_fields of nothing", `[{decode_csv_fields: {fields: {a: a}}}]`, `{"a":""}`, ``, 1},
		{"extract_array", `[{extract_array: {field: l, mappings: {a.b: 0, c: 2}}}]`, `{"l":["x","y",{"z":1}]}`, `{"l":["x","y",{"z":1}],"a":{"b":"x"},"c":{"z":1}}`, 0},
		{"extract_array of too little", `[{extract_array: {field: l, mappings: {a: 0, b: 1}}}, {extract_array: {field: l, mappings: {c: 0, d: 1}, fail_on_error: false}}]`, `{"l":["x"]}`, `{"l":["x"],"c":"x"}`, 1},
		{"extract_array onto what exists", `[{extract_array: {field: l, mappings: {a: 0}}}, {extract_array: {field: l, mappings: {b: 0}, overwrite_keys: true}}]`, `{"l":["x"],"a":1,"b":2}`, `{"l":["x"],"a":1,"b":"x"}`, 1},
		{"extract_array without nothings", `[{extract_array: {field: l, mappings: {a: 0, b: 1, c: 2, d: 3}, omit_empty: true}}]`, `{"l":["",null,[],0]}`, `{"l":["",null,[],0],"d":0}`, 0},
		{"extract_array of text", `[{extract_array: {field: l, mappings: {a: 0}}}, {extract_array: {field: n, mappings: {a: 0}, ignore_missing: true}}]`, `{"l":"x"}`, ``, 1},
	} {
		c.run(t)
	}
}

func TestConvert(t *testing.T) {
	for _, c := range []runCase{
		{"integer and float", `[{convert: {fields: [{from: d.id, to: d.idn, type: integer}, {from: d.took, type: float}]}}]`, `{"d":{"id":"7","took":"12"}}`, `{"d":{"id":"7","idn":7,"took":12}}`, 0},
		{"all types", `[{convert: {fields: [{from: a, type: long}, {from: b, type: double}, {from: c, type: boolean}, {from: d, type: ip}, {from: e, type: string}, {from: f, type: Float}]}}]`,
			`{"a":"0x1F","b":"1e3","c":"T","d":"::1","e":1.5,"f":"1.1"}`, `{"a":31,"b":1000,"c":true,"d":"::1","e":"1.5","f":1.1}`, 0},
		{"numbers to text", `[{convert: {fields: [{from: a, type: string}, {from: b, type: string}, {from: c, type: string}]}}]`, `{"a":1000000.5,"b":true,"c":-3}`, `{"a":"1.0000005e+06","b":"true","c":"-3"}`, 0},
		{"numbers to numbers", `[{convert: {fields: [{from: a, type: integer}, {from: b, type: double}, {from: c, type: float}]}}]`, `{"a":2.9,"b":3,"c":0.1}`, `{"a":2,"b":3,"c":0.1}`, 0},
		{"mode rename", `[{convert: {fields: [{from: a, to: b.c, type: long}, {from: x, to: 'y'}], mode: rename}}]`, `{"a":"1","x":{"z":1}}`, `{"b":{"c":1},"y":{"z":1}}`, 0},
		{"all or nothing", `[{convert: {fields: [{from: a, type: long}, {from: b, type: long}]}}]`, `{"a":"1","b":"x"}`, ``, 1},
		{"what can be", `[{convert: {fields: [{from: a, type: long}, {from: b, type: long}, {from: c, type: ip}], fail_on_error: false}}]`, `{"a":"1","b":"x"}`, `{"a":1,"b":"x"}`, 0},
		{"missing", `[{convert: {fields: [{from: a, type: long}]}}, {convert: {fields: [{from: a, type: long}], ignore_missing: true}}]`, `{}`, ``, 1},
		{"into text", `[{convert: {fields: [{from: a, to: n.w}, {from: a, to: b.c}]}}]`, `{"a":"1","b":"t"}`, ``, 1},
		{"read before written", `[{convert: {fields: [{from: a, to: b}, {from: b, to: c}]}}]`, `{"a":1,"b":2}`, `{"a":1,"b":1,"c":2}`, 0},
		{"too large", `[{convert: {fields: [{from: a, type: integer}]}}, {convert: {fields: [{from: b, type: long}]}}, {convert: {fields: [{from: c, type: integer}]}}, {convert: {fields: [{from: d, type: float}]}}, {convert: {fields: [{from: e, type: long}]}}]`,
			`{"a":"3000000000","b":"9223372036854775808","c":3000000000,"d":1e300,"e":1e300}`, ``, 5},
		{"nonsense", `[{convert: {fields: [{from: a, type: string}]}}, {convert: {fields: [{from: b, type: string}]}}, {convert: {fields: [{from: b, type: long}]}}, {convert: {fields: [{from: b, type: double}]}}, {convert: {fields: [{from: c, type: boolean}]}}, {convert: {fields: [{from: d, type: ip}]}}, {convert: {fields: [{from: e, type: double}]}}]`,
			`{"a":null,"b":{},"c":"maybe","d":"fe80::1%eth0","e":"inf"}`, ``, 7},
	} {
		c.run(t)
	}
}

func TestDecodeJSON(t *testing.T) {
	for _, c := range []runCase{
		{"object", `[{decode_json_fields: {fields: [message], target: j}}]`, `{"message":"{\"level\":null,\"n\":1,\"big\":12345678901234567890,\"o\":{\"x\":[1,2.5]}}"}`,
			`{"message":"{\"level\":null,\"n\":1,\"big\":12345678901234567890,\"o\":{\"x\":[1,2.5]}}","j":{"level":null,"n":1,"big":12345678901234567000,"o":{"x":[1,2.5]}}}`, 0},
		{"list", `[{decode_json_fields: {fields: [m], target: j}}]`, `{"m":"[1,{\"a\":2}]"}`, `{"m":"[1,{\"a\":2}]","j":["1",{"a":"2"}]}`, 0},
		{"text and number", `[{decode_json_fields: {fields: [a, b, c, d]}}]`, `{"a":"\"str\"","b":"7","c":"true","d":1}`, `{"a":"str","b":"7","c":true,"d":1}`, 0},
		{"not JSON", `[{decode_json_fields: {fields: [a, b]}}]`, `{"a":"not json","b":"{\"x\":1} trailing"}`, ``, 1},
		{"not JSON, said so", `[{decode_json_fields: {fields: [a], add_error_key: true}}]`, `{"a":"{\"broken\": "}`, `{"a":"{\"broken\": ","error":{"message":"parsing input as JSON: unexpected EOF","data":"{\"broken\": ","field":"a"}}`, 1},
		{"two values", `[{decode_json_fields: {fields: [a], add_error_key: true}}]`, `{"a":"{} {}"}`, `{"a":"{} {}","error":{"message":"parsing input as JSON: multiple json elements found","data":"{} {}","field":"a"}}`, 1},
		{"missing", `[{decode_json_fields: {fields: [x, a]}}]`, `{"a":"{}"}`, `{"a":{}}`, 0},
		{"below text", `[{decode_json_fields: {fields: [a.b]}}]`, `{"a":"{}"}`, ``, 1},
		{"into text", `[{decode_json_fields: {fields: [a], target: b.c}}]`, `{"a":"{}","b":"t"}`, ``, 1},
		{"into the document", `[{decode_json_fields: {fields: [m], target: ''}}]`, `{"m":"{\"a\":1,\"log\":{\"x\":2,\"offset\":9},\"m\":\"no\",\"@timestamp\":\"2020-01-01T00:00:00Z\",\"@metadata\":{\"a\":1},\"type\":\"t\"}","log":{"offset":0}}`,
			`{"m":"{\"a\":1,\"log\":{\"x\":2,\"offset\":9},\"m\":\"no\",\"@timestamp\":\"2020-01-01T00:00:00Z\",\"@metadata\":{\"a\":1},\"type\":\"t\"}","a":1,"log":{"offset":0,"x":2},"type":"t"}`, 0},
		{"a map takes the place of text", `[{decode_json_fields: {fields: [m], target: ''}}]`, `{"m":"{\"a\":{\"b\":1}}","a":"t"}`, `{"m":"{\"a\":{\"b\":1}}","a":{"b":1}}`, 0},
		{"over the document", `[{decode_json_fields: {fields: [m], target: '', overwrite_keys: true}}]`, `{"m":"{\"m\":\"new\",\"log\":{\"x\":2},\"@timestamp\":\"2020-01-01T00:00:00.500+0200\",\"@metadata\":{\"a\":1},\"type\":\"t\"}","log":{"offset":0}}`,
			`{"m":"new","log":{"offset":0,"x":2},"@timestamp":"2019-12-31T22:00:00.5Z","@metadata":{"a":1},"type":"t"}`, 0},
		{"over the document, wrongly", `[{decode_json_fields: {fields: [m], target: '', overwrite_keys: true, add_error_key: true}}]`, `{"m":"{\"@timestamp\":\"soon\",\"a\":1}"}`, `{"m":"{\"@timestamp\":\"soon\",\"a\":1}","a":1,"error":{"message":"@timestamp not overwritten (parse error on soon)","type":"json"}}`, 0},
		{"over the type", `[{decode_json_fields: {fields: [m], target: '', overwrite_keys: true, add_error_key: true}}]`, `{"m":"{\"type\":\"_x\"}"}`, `{"m":"{\"type\":\"_x\"}","error":{"message":"type not overwritten (invalid value [_x])","type":"json"}}`, 0},
		{"over the type with a number", `[{decode_json_fields: {fields: [m], target: '', overwrite_keys: true, add_error_key: true}}]`, `{"m":"{\"type\":1}"}`, `{"m":"{\"type\":1}","error":{"message":"type not overwritten (not string)","type":"json"}}`, 0},
		{"over metadata with a number", `[{decode_json_fields: {fields: [m], target: '', overwrite_keys: true, add_error_key: true}}]`, `{"m":"{\"@metadata\":1}"}`, `{"m":"{\"@metadata\":1}","error":{"message":"failed to update @metadata","type":"json"}}`, 0},
		{"time that is none", `[{decode_json_fields: {fields: [m], target: '', overwrite_keys: true, add_error_key: true}}]`, `{"m":"{\"@timestamp\":1}"}`, `{"m":"{\"@timestamp\":1}","error":{"message":"@timestamp not overwritten (not string)","type":"json"}}`, 0},
		{"a list into the document", `[{decode_json_fields: {fields: [m], target: ''}}]`, `{"m":"[]"}`, ``, 1},
		{"deeper", `[{decode_json_fields: {fields: [m], max_depth: 3}}]`, `{"m":"{\"a\":\" {\\\"b\\\":\\\"{}\\\"}\",\"c\":\"[1]\",\"d\":\"{no}\",\"e\":\"7\"}"}`, `{"m":{"a":{"b":{}},"c":"[1]","d":"{no}","e":"7"}}`, 0},
		{"deeper in lists", `[{decode_json_fields: {fields: [m], max_depth: 2, process_array: true}}]`, `{"m":"[\"{\\\"a\\\":1}\",\"[2]\"]"}`, `{"m":[{"a":1},["2"]]}`, 0},
		{"a list that is skipped", `[{decode_json_fields: {fields: [m], max_depth: 2}}]`, `{"m":"[1]"}`, ``, 1},
		{"document_id", `[{decode_json_fields: {fields: [m], target: '', document_id: a.id}}, {drop_fields: {fields: [m]}}]`, `{"m":"{\"a\":{\"id\":\"x\"},\"b\":1}"}`, `{"a":{},"b":1,"@metadata":{"_id":"x"}}`, 0},
		{"document_id that is no text", `[{decode_json_fields: {fields: [m], document_id: id}}]`, `{"m":"{\"id\":1}"}`, `{"m":{"id":1}}`, 0},
		{"expand_keys", `[{decode_json_fields: {fields: [m], target: '', expand_keys: true}}, {drop_fields: {fields: [m]}}]`, `{"m":"{\"a.b\":1,\"a\":{\"c.d\":2},\"a.c\":{\"e\":3},\"x.y.z\":4}"}`, `{"a":{"b":1,"c":{"d":2,"e":3}},"x":{"y":{"z":4}}}`, 0},
		{"expand_keys that collide", `[{decode_json_fields: {fields: [m], target: '', expand_keys: true, add_error_key: true}}]`, `{"m":"{\"a\":1,\"a.b\":2}"}`, `{"m":"{\"a\":1,\"a.b\":2}","error":{"message":"cannot expand \"a.b\": found conflicting key","type":"json"}}`, 0},
	} {
		c.run(t)
	}
}

func TestWhenAndIf(t *testing.T) {
	for _, c := range []runCase{
		{"drop_event", `[{drop_event: {when: {contains: {message: INFO}}}}]`, line, `dropped`, 0},
		{"drop_event that is not meant", `[{drop_event: {when: {contains: {message: ERROR}}}}]`, line, ``, 0},
		{"drop_event for all", `[{drop_event: {}}]`, line, `dropped`, 0},
		{"drop_fields when", `[{drop_fields: {when: {contains: {m: x}}, fields: [a]}}]`, `{"m":"x","a":1}`, `{"m":"x"}`, 0},
		{"then", `[{if: {contains: {m: x}}, then: [{add_tags: {tags: [a]}}, {add_tags: {tags: [b]}}], else: [{add_tags: {tags: [c]}}]}]`, `{"m":"x"}`, `{"m":"x","tags":["a","b"]}`, 0},
		{"else", `[{if: {contains: {m: x}}, then: {add_tags: {tags: [a]}}, else: {add_tags: {tags: [c]}}}]`, `{"m":"y"}`, `{"m":"y","tags":["c"]}`, 0},
		{"no else", `[{if: {contains: {m: x}}, then: {drop_event: {}}}]`, `{"m":"y"}`, ``, 0},
		{"drop in then", `[{if: {contains: {m: x}}, then: [{drop_event: {}}, {add_tags: {tags: [a]}}]}]`, `{"m":"x"}`, `dropped`, 0},
		{"a failure ends the list", `[{if: {has_fields: [m]}, then: [{drop_fields: {fields: [z]}}, {add_tags: {tags: [a]}}]}, {add_tags: {tags: [b]}}]`, `{"m":"x"}`, `{"m":"x","tags":["b"]}`, 2},
		{"a failure ends no list at the top", `[{drop_fields: {fields: [z]}}, {add_tags: {tags: [a]}}]`, `{"m":"x"}`, `{"m":"x","tags":["a"]}`, 1},
		{"if in then", `[{if: {has_fields: [m]}, then: {if: {has_fields: [n]}, then: {add_tags: {tags: [a]}}, else: [{add_tags: {tags: [b]}}]}}]`, `{"m":"x"}`, `{"m":"x","tags":["b"]}`, 0},
	} {
		c.run(t)
	}
}

func TestConcurrentUse(t *testing.T) {
	c := build(t, `
- add_id: {}
- add_locale: {}
- add_host_metadata: {}
- add_pod_metadata: {}
- add_fields: {fields: {a: {b: 1}}}
- add_tags: {tags: [x]}
- rate_limit: {limit: 100/s, fields: [who]}
- dissect: {tokenizer: '%{a} %{b}', ignore_failure: true}
- rename: {fields: [{from: nope, to: x}]}
- if: {regexp: {message: 'a+b'}}
  then: {drop_event: {}}
  else: {fingerprint: {fields: [message]}}
`)
	const users, events = 4, 200
	var wg sync.WaitGroup
	for range users {
		wg.Go(func() {
			d := document(t, `{"message":"x y","who":"me"}`)
			d.Save()
			for range events {
				c.Run(d)
				c.Version()
				c.Stats()
				d.Restore()
			}
		})
	}
	wg.Wait()
	if s := c.Stats()[0]; s.Events != users*events {
		t.Errorf("%d events are counted", s.Events)
	}
}
