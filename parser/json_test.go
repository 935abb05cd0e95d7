package parser

import (
	"strings"
	"testing"

	"github.com/logcar/logcar/match"
)

// jsonLog is the log of Filebeat's cases about JSON.
const jsonLog = `{"level":"INFO","message":"hello","n":1,"o":{"x":true}}
{"level":"WARN","message":"multi\nline","n":2.5}
not json
{"broken": 
[1,2]
"str"
{"level":null,"message":"last","big":12345678901234567890}
`

// TestJSON holds the log input's json against what Filebeat makes of the same
// lines.
func TestJSON(t *testing.T) {
	type keys = KeyOptions
	const (
		eof    = `"error":{"message":"Error decoding JSON: unexpected EOF","type":"json"}`
		noNull = `"error":{"message":"Error decoding JSON: invalid character 'o' in literal null (expecting 'u')","type":"json"}`
		list   = `"error":{"message":"Error decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}","type":"json"}`
		text   = `"error":{"message":"Error decoding JSON: json: cannot unmarshal string into Go value of type map[string]interface {}","type":"json"}`
	)
	for _, tt := range []struct {
		name   string
		config Config
		input  string
		want   []string
	}{
		{"default", Config{Stages: []Stage{JSON{}}}, jsonLog, []string{
			`{"json":{"level":"INFO","message":"hello","n":1,"o":{"x":true}},"log":{"offset":0}}`,
			`{"json":{"level":"WARN","message":"multi\nline","n":2.5},"log":{"offset":56}}`,
			`{"json":{},"log":{"offset":105},"message":"not json"}`,
			`{"json":{},"log":{"offset":114},"message":"{\"broken\": "}`,
			`{"json":{},"log":{"offset":126},"message":"[1,2]"}`,
			`{"json":{},"log":{"offset":132},"message":"\"str\""}`,
			`{"json":{"big":12345678901234567000,"message":"last"},"log":{"offset":138}}`,
		}},
		{"message key", Config{Stages: []Stage{JSON{KeyOptions: keys{MessageKey: "message"}}}}, jsonLog, []string{
			`{"json":{"level":"INFO","message":"hello","n":1,"o":{"x":true}},"log":{"offset":0}}`,
			`{"json":{"level":"WARN","message":"multi\nline","n":2.5},"log":{"offset":56}}`,
			`{"json":{},"log":{"offset":105},"message":"not json"}`,
			`{"json":{},"log":{"offset":114},"message":"{\"broken\": "}`,
			`{"json":{},"log":{"offset":126},"message":"[1,2]"}`,
			`{"json":{},"log":{"offset":132},"message":"\"str\""}`,
			`{"json":{"big":12345678901234567000,"message":"last"},"log":{"offset":138}}`,
		}},
		{"keys under root, error key", Config{Stages: []Stage{JSON{keys{AddErrorKey: true}, true}}}, jsonLog, []string{
			`{"level":"INFO","log":{"offset":0},"message":"hello","n":1,"o":{"x":true}}`,
			`{"level":"WARN","log":{"offset":56},"message":"multi\nline","n":2.5}`,
			`{` + noNull + `,"log":{"offset":105},"message":"not json"}`,
			`{` + eof + `,"log":{"offset":114},"message":"{\"broken\": "}`,
			`{` + list + `,"log":{"offset":126},"message":"[1,2]"}`,
			`{` + text + `,"log":{"offset":132},"message":"\"str\""}`,
			`{"big":12345678901234567000,"log":{"offset":138},"message":"last"}`,
		}},
		{"keys under root, message key", Config{Stages: []Stage{JSON{keys{MessageKey: "message"}, true}}}, jsonLog, []string{
			`{"level":"INFO","log":{"offset":0},"message":"hello","n":1,"o":{"x":true}}`,
			`{"level":"WARN","log":{"offset":56},"message":"multi\nline","n":2.5}`,
			`{"json":{},"log":{"offset":105},"message":"not json"}`,
			`{"json":{},"log":{"offset":114},"message":"{\"broken\": "}`,
			`{"json":{},"log":{"offset":126},"message":"[1,2]"}`,
			`{"json":{},"log":{"offset":132},"message":"\"str\""}`,
			`{"big":12345678901234567000,"log":{"offset":138},"message":"last"}`,
		}},
		{"error key", Config{Stages: []Stage{JSON{KeyOptions: keys{AddErrorKey: true}}}}, "not json\n", []string{
			`{"json":{` + noNull + `},"log":{"offset":0},"message":"not json"}`,
		}},
		{"error key, message key", Config{Stages: []Stage{JSON{keys{AddErrorKey: true, MessageKey: "msg"}, true}}}, "not json\n{}\n{\"msg\":1}\n", []string{
			`{` + noNull + `,"log":{"offset":0},"msg":"not json"}`,
			`{"error":{"message":"Key 'msg' not found","type":"json"},"log":{"offset":9},"msg":""}`,
			`{"error":{"message":"Value of key 'msg' is not a string","type":"json"},"log":{"offset":12},"msg":""}`,
		}},
		{"errors know the line end", Config{Stages: []Stage{JSON{keys{AddErrorKey: true}, true}}}, "{\"a\":\"b\nnul\r\n", []string{
			`{"error":{"message":"Error decoding JSON: invalid character '\\n' in string literal","type":"json"},"log":{"offset":0},"message":"{\"a\":\"b"}`,
			`{"error":{"message":"Error decoding JSON: invalid character '\\r' in literal null (expecting 'l')","type":"json"},"log":{"offset":8},"message":"nul"}`,
		}},
		{"include lines", Config{Stages: []Stage{JSON{KeyOptions: keys{MessageKey: "message"}}}, Include: []*match.Pattern{pattern(t, "^hel")}}, jsonLog, []string{
			`{"json":{"level":"INFO","message":"hello","n":1,"o":{"x":true}},"log":{"offset":0}}`,
		}},
		{"message key, multiline", Config{Stages: []Stage{JSON{keys{MessageKey: "msg"}, true}, anchored(t, `^\[`)}},
			"{\"msg\":\"[1] a\",\"s\":1,\"x\":1}\n{\"msg\":\"b\",\"s\":2}\n{\"msg\":\"[2] c\",\"s\":3}\n{\"msg\":\"d\",\"s\":4}\n", []string{
				`{"log":{"flags":["multiline"],"offset":0},"msg":"[1] a\nb","s":2}`,
				`{"log":{"flags":["multiline"],"offset":46},"msg":"[2] c\nd","s":4}`,
			}},
		{"message key, multiline, last line is no JSON", Config{Stages: []Stage{JSON{keys{MessageKey: "msg"}, true}, anchored(t, `^\[`)}},
			"{\"msg\":\"[1] a\",\"s\":1}\nb\n", []string{
				`{"json":{},"log":{"flags":["multiline"],"offset":0},"message":"[1] a\nb"}`,
			}},
		{"message key, line ends in the text", Config{Stages: []Stage{JSON{keys{MessageKey: "log"}, false}}}, "{\"log\":\"a\\r\\n\"}\r\n{\"log\":\"b\\n\\n\"}\n{\"log\":\"c\\r\"}\n", []string{
			`{"json":{"log":"a"},"log":{"offset":0}}`,
			`{"json":{"log":"b\n"},"log":{"offset":17}}`,
			`{"json":{"log":"c\r"},"log":{"offset":33}}`,
		}},
		{"message key log is lost at the root", Config{Stages: []Stage{JSON{keys{MessageKey: "log"}, true}}}, "{\"log\":\"a\",\"b\":1}\n", []string{
			`{"b":1,"log":{"offset":0}}`,
		}},
		{"message key and max_bytes", Config{Stages: []Stage{JSON{keys{MessageKey: "m"}, true}}, MaxBytes: 4}, "{\"m\":\"123456\",\"long\":\"1234567890\"}\nno json\n", []string{
			`{"log":{"flags":["truncated"],"offset":0},"long":"1234567890","m":"1234"}`,
			`{"json":{},"log":{"flags":["truncated"],"offset":35},"message":"no j"}`,
		}},
		{"no overwriting", Config{Stages: []Stage{JSON{KeysUnderRoot: true}}}, `{"message":"m","log":{"level":"x","offset":7},"@timestamp":"2020-01-02T03:04:05Z","@metadata":{"a":1},"type":"_t"}` + "\n", []string{
			`{"log":{"level":"x","offset":0},"message":"m","type":"_t"}`,
		}},
		{"no overwriting, scalar", Config{Stages: []Stage{JSON{KeysUnderRoot: true}}}, "{\"log\":\"x\"}\n", []string{
			`{"log":{"offset":0}}`,
		}},
		{"overwriting", Config{Stages: []Stage{JSON{keys{OverwriteKeys: true}, true}}}, `{"log":{"level":"x","offset":7}}` + "\n" + `{"log":"x"}` + "\n", []string{
			`{"log":{"level":"x","offset":7}}`,
			`{"log":"x"}`,
		}},
		{"@timestamp", Config{Stages: []Stage{JSON{keys{OverwriteKeys: true, AddErrorKey: true}, true}}},
			`{"@timestamp":"2020-01-02T03:04:05.678Z","type":"t","message":"ts"}` + "\n" +
				`{"@timestamp":"2020-01-02T03:04:06Z"}` + "\n" + `{"@timestamp":"2020-01-02T03:04:06.500+0200"}` + "\n" +
				`{"@timestamp":5,"a":1}` + "\n" + `{"@timestamp":"soon","error":{"a":1}}` + "\n", []string{
				`{"@timestamp":"2020-01-02T03:04:05.678Z","log":{"offset":0},"message":"ts","type":"t"}`,
				`{"@timestamp":"2020-01-02T03:04:06.000Z","log":{"offset":68}}`,
				`{"@timestamp":"2020-01-02T01:04:06.500Z","log":{"offset":106}}`,
				`{"a":1,"error":{"message":"@timestamp not overwritten (not string)","type":"json"},"log":{"offset":152}}`,
				`{"error":{"a":1,"message":"@timestamp not overwritten (parse error on soon)","type":"json"},"log":{"offset":175}}`,
			}},
		{"type", Config{Stages: []Stage{JSON{keys{OverwriteKeys: true, AddErrorKey: true}, true}}}, "{\"type\":1}\n{\"type\":\"\"}\n{\"type\":\"_x\"}\n", []string{
			`{"error":{"message":"type not overwritten (not string)","type":"json"},"log":{"offset":0}}`,
			`{"error":{"message":"type not overwritten (invalid value [])","type":"json"},"log":{"offset":11}}`,
			`{"error":{"message":"type not overwritten (invalid value [_x])","type":"json"},"log":{"offset":23}}`,
		}},
		{"type without error key", Config{Stages: []Stage{JSON{keys{OverwriteKeys: true}, true}}}, "{\"type\":1,\"a\":2}\n", []string{
			`{"a":2,"log":{"offset":0}}`,
		}},
		{"@metadata", Config{Stages: []Stage{JSON{keys{OverwriteKeys: true, AddErrorKey: true}, true}}}, "{\"@metadata\":{\"a\":{\"b\":1}}}\n{\"@metadata\":1}\n", []string{
			`{"@metadata":{"a":{"b":1}},"log":{"offset":0}}`,
			`{"error":{"message":"failed to update @metadata","type":"json"},"log":{"offset":28}}`,
		}},
		{"null, nothing, blank", Config{Stages: []Stage{JSON{KeysUnderRoot: true}}}, "null\n{}\n\n   \n", []string{
			`{"json":{},"log":{"offset":0},"message":"null"}`,
			`{"json":{},"log":{"offset":5},"message":""}`,
			`{"json":{},"log":{"offset":8},"message":""}`,
			`{"json":{},"log":{"offset":9},"message":"   "}`,
		}},
		{"null, blank, error key", Config{Stages: []Stage{JSON{keys{AddErrorKey: true}, true}}}, "null\n\n", []string{
			`{"error":{"message":"Error decoding JSON: <nil>","type":"json"},"log":{"offset":0},"message":"null"}`,
			`{"error":{"message":"Error decoding JSON: EOF","type":"json"},"log":{"offset":5},"message":""}`,
		}},
		{"trailing text, numbers", Config{Stages: []Stage{JSON{}}}, "{\"a\":1} trailing\n{\"i\":-9223372036854775808,\"f\":1.0,\"e\":1e3,\"u\":9223372036854775808}\n", []string{
			`{"json":{"a":1},"log":{"offset":0}}`,
			`{"json":{"e":1000,"f":1,"i":-9223372036854775808,"u":9223372036854776000},"log":{"offset":17}}`,
		}},
		{"nulls", Config{Stages: []Stage{JSON{KeysUnderRoot: true}}}, `{"a":null,"b":{"c":null,"d":{}},"e":[null,{"f":null}]}` + "\n", []string{
			`{"b":{"d":{}},"e":[null,{}],"log":{"offset":0}}`,
		}},
		{"kept nulls", Config{Stages: []Stage{JSON{KeysUnderRoot: true}}, KeepNull: true}, `{"a":null,"b":{"c":null}}` + "\n", []string{
			`{"a":null,"b":{"c":null},"log":{"offset":0}}`,
		}},
		{"document id", Config{Stages: []Stage{JSON{KeyOptions: keys{DocumentID: "o.id"}}}}, "{\"o\":{\"id\":\"x\",\"a\":1}}\n{\"o.id\":\"y\"}\n{\"o\":{\"id\":1}}\n{\"o\":1}\n", []string{
			`{"@metadata":{"_id":"x"},"json":{"o":{"a":1}},"log":{"offset":0}}`,
			`{"@metadata":{"_id":"y"},"json":{},"log":{"offset":23}}`,
			`{"json":{"o":{"id":1}},"log":{"offset":36}}`,
			`{"json":{"o":1},"log":{"offset":51}}`,
		}},
		{"document id is the message", Config{Stages: []Stage{JSON{keys{DocumentID: "message", MessageKey: "message"}, true}}}, "{\"message\":\"x\"}\n", []string{
			`{"@metadata":{"_id":"x"},"log":{"offset":0}}`,
		}},
		{"expanded keys", Config{Stages: []Stage{JSON{keys{ExpandKeys: true, AddErrorKey: true}, true}}},
			`{"a.b":1,"a":{"c.d":2},"log.level":"x"}` + "\n" + `{"a.b":1,"a":2}` + "\n" + `{"a.b":{"x":1},"a":{"b":{"y":2}}}` + "\n" + `{"a.b":{"x":1},"a":{"b":{"x":2}}}` + "\n", []string{
				`{"a":{"b":1,"c":{"d":2}},"log":{"level":"x","offset":0}}`,
				`{"a":2,"a.b":1,"error":{"message":"cannot expand \"a.b\": found conflicting key: \"a\" is not an object","type":"json"},"log":{"offset":40}}`,
				`{"a":{"b":{"x":1,"y":2}},"log":{"offset":56}}`,
				`{"a":{"b":{"x":2}},"a.b":{"x":1},"error":{"message":"cannot expand \"a.b\": cannot merge \"x\": found existing (int64) value","type":"json"},"log":{"offset":90}}`,
			}},
		{"an error of its own", Config{Stages: []Stage{JSON{KeysUnderRoot: true}}}, "{\"error\":\"x\"}\n", []string{
			`{"error":"x","log":{"offset":0},"message":""}`, // as in Filebeat
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := docs(t, tt.config, tt.input, flush)
			check(t, got, tt.want...)
		})
	}
}

// TestNDJSON holds filestream's parser against what Filebeat makes of the same
// lines.
func TestNDJSON(t *testing.T) {
	type keys = KeyOptions
	chain := func(stages ...Stage) Config { return Config{Filestream: true, Stages: stages} }
	noNull := `{"message":"Error decoding JSON: invalid character 'o' in literal null (expecting 'u')","type":"json"}`
	for _, tt := range []struct {
		name   string
		config Config
		input  string
		want   []string
	}{
		{"target", chain(NDJSON{keys{OverwriteKeys: true}, "j"}), jsonLog, []string{
			`{"j":{"level":"INFO","message":"hello","n":1,"o":{"x":true}},"log":{"offset":0}}`,
			`{"j":{"level":"WARN","message":"multi\nline","n":2.5},"log":{"offset":56}}`,
			`{"log":{"offset":105},"message":"not json"}`,
			`{"log":{"offset":114},"message":"{\"broken\": "}`,
			`{"log":{"offset":126},"message":"[1,2]"}`,
			`{"log":{"offset":132},"message":"\"str\""}`,
			`{"j":{"big":12345678901234567000,"message":"last"},"log":{"offset":138}}`,
		}},
		{"root", chain(NDJSON{KeyOptions: keys{AddErrorKey: true, MessageKey: "message"}}), "{\"level\":\"INFO\",\"message\":\"hello\"}\nnot json\n{\"level\":null,\"message\":\"last\"}\n", []string{
			`{"level":"INFO","log":{"offset":0},"message":"hello"}`,
			`{"error":` + noNull + `,"log":{"offset":35},"message":"not json"}`,
			`{"log":{"offset":44},"message":"last"}`,
		}},
		{"no message key", chain(NDJSON{}), "{\"message\":{\"a\":1}}\n{\"a\":1}\n{}\n\n{\"error\":\"x\"}\n", []string{
			`{"log":{"offset":0},"message":{"a":1}}`,
			`{"a":1,"log":{"offset":20}}`,
			`{"log":{"offset":28}}`,
			`{"error":"x","log":{"offset":32},"message":""}`,
		}},
		{"message key other than message", chain(NDJSON{keys{MessageKey: "m", AddErrorKey: true}, "t"}), "{\"m\":\"x\",\"message\":\"y\"}\n{\"m\":1}\nnot json\n\n", []string{
			`{"log":{"offset":0},"message":"x","t":{"m":"x","message":"y"}}`,
			`{"log":{"offset":24},"t":{"error":{"message":"Value of key 'm' is not a string","type":"json"},"m":1}}`,
			`{"log":{"offset":32},"message":"not json","t":{"error":` + noNull + `,"m":"not json"}}`,
			`{"log":{"offset":41},"message":"","t":{"error":{"message":"Error decoding JSON: EOF","type":"json"}}}`,
		}},
		{"errors know no line end", chain(NDJSON{KeyOptions: keys{AddErrorKey: true}}), "{\"a\":\"b\n", []string{
			`{"error":{"message":"Error decoding JSON: unexpected EOF","type":"json"},"log":{"offset":0},"message":"{\"a\":\"b"}`,
		}},
		{"@timestamp and document id", chain(NDJSON{KeyOptions: keys{OverwriteKeys: true, DocumentID: "id"}}), "{\"@timestamp\":\"2020-01-02T03:04:05Z\",\"id\":\"7\",\"a\":1}\n", []string{
			`{"@metadata":{"_id":"7"},"@timestamp":"2020-01-02T03:04:05.000Z","a":1,"log":{"offset":0}}`,
		}},
		{"multiline, then ndjson", chain(anchored(t, `^\{`), NDJSON{KeyOptions: keys{MessageKey: "m"}}), "{\n \"m\": \"x\",\n \"a\": 1\n}\n{\"m\": \"y\"}\n", []string{
			`{"a":1,"log":{"flags":["multiline"],"offset":0},"m":"x","message":"x"}`,
			`{"log":{"offset":23},"m":"y","message":"y"}`,
		}},
		{"ndjson, then multiline", chain(NDJSON{KeyOptions: keys{MessageKey: "m"}}, anchored(t, `^\[`)), "{\"m\":\"[1]\",\"a\":1,\"b\":1}\n{\"m\":\"x\",\"a\":2}\nplain\n", []string{
			`{"a":2,"b":1,"log":{"flags":["multiline"],"offset":0},"m":"x","message":"[1]\nx\nplain"}`,
		}},
		{"container, then ndjson", chain(Container{}, NDJSON{}), "2017-09-12T22:32:21.2Z stdout F {\"stream\":\"x\",\"a\":1}\n2017-09-12T22:32:21.2Z stderr F {\"stream\":{\"y\":1}}\n", []string{
			`{"@timestamp":"2017-09-12T22:32:21.200Z","a":1,"log":{"offset":0},"stream":"stdout"}`,
			`{"@timestamp":"2017-09-12T22:32:21.200Z","log":{"offset":53},"stream":{"y":1}}`,
		}},
		{"two of them", chain(NDJSON{keys{MessageKey: "inner"}, "outer"}, NDJSON{}), `{"inner":"{\"a\":1}"}` + "\n", []string{
			`{"a":1,"log":{"offset":0},"outer":{"inner":"{\"a\":1}"}}`,
		}},
		{"include_message", chain(NDJSON{KeyOptions: keys{MessageKey: "m"}}, IncludeMessage{[]*match.Pattern{pattern(t, "a"), pattern(t, "^x")}}),
			"{\"m\":\"a\"}\n{\"m\":\"b\"}\n{\"m\":\"x\"}\nno json\n", []string{
				`{"log":{"offset":0},"m":"a","message":"a"}`,
				`{"log":{"offset":20},"m":"x","message":"x"}`,
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := docs(t, tt.config, tt.input, flush)
			check(t, got, tt.want...)
		})
	}
}

func TestDecodingErrorsAreCounted(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		c := Config{Stages: []Stage{JSON{KeyOptions: KeyOptions{IgnoreDecodingError: ignore}}}}
		_, out := docs(t, c, jsonLog, wait)
		if out.Failed != 4 {
			t.Errorf("failed %d, want 4", out.Failed)
		}
		switch {
		case ignore && out.Err != nil:
			t.Errorf("error %v in spite of ignore_decoding_error", out.Err)
		case !ignore && (out.Err == nil || !strings.HasPrefix(out.Err.Error(), "line at offset 105: Error decoding JSON: invalid character 'o'")):
			t.Errorf("error %v", out.Err)
		}
	}
}
