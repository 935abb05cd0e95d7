package output

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/logcar/logcar/event"
)

var testAgent = Agent{Name: "pod-1", Hostname: "pod-1", ID: "id-1", EphemeralID: "eph-1", Build: "logcar test"}

func batchOf(src *event.Source, base int64, text string, flags event.Flags) *event.Batch {
	return &event.Batch{
		Source: src, Time: time.Date(2026, 3, 1, 8, 0, 0, 987654321, time.FixedZone("", 8*3600)),
		Data:   []byte(text),
		Events: []event.Event{{End: uint32(len(text)), From: base + 5, To: base + 6 + int64(len(text)), Flags: flags}},
	}
}

func encodeOne(t *testing.T, shape Shape, b *event.Batch) map[string]any {
	t.Helper()
	e := NewEncoder(shape, testAgent, Options{})
	if err := e.Start(b); err != nil {
		t.Fatal(err)
	}
	raw, ok := e.Append(nil, b, 0)
	if !ok {
		t.Fatal("dropped")
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return doc
}

func TestDocuments(t *testing.T) {
	in := &event.Input{Type: "log", Tags: []string{"a", "b"},
		Fields: map[string]any{"namespace": "dac-prod", "n": int64(7), "f": 1.5, "l": []any{"x", true, nil}}}
	src := &event.Source{Path: `/mnt/a "b".log`, Input: in}
	const fields = `{"namespace":"dac-prod","n":7,"f":1.5,"l":["x",true,null]}`
	for _, c := range []struct {
		name  string
		shape Shape
		want  string
	}{
		{"8", Shape8, `{"@timestamp":"2026-03-01T00:00:00.987Z","@metadata":{"beat":"filebeat","type":"_doc","version":"8.1.0"},
			"message":"m\n\tat x","log":{"offset":105,"file":{"path":"/mnt/a \"b\".log"},"flags":["truncated","multiline"]},
			"input":{"type":"log"},"fields":` + fields + `,"tags":["a","b"],"ecs":{"version":"8.0.0"},"host":{"name":"pod-1"},
			"agent":{"type":"filebeat","name":"pod-1","id":"id-1","ephemeral_id":"eph-1","version":"8.1.0","build":{"original":"logcar test"}}}`},
		{"7", Shape7, `{"@timestamp":"2026-03-01T00:00:00.987Z","@metadata":{"beat":"filebeat","type":"_doc","version":"7.17.0"},
			"message":"m\n\tat x","log":{"offset":105,"file":{"path":"/mnt/a \"b\".log"},"flags":["truncated","multiline"]},
			"input":{"type":"log"},"fields":` + fields + `,"tags":["a","b"],"ecs":{"version":"1.12.0"},"host":{"name":"pod-1"},
			"agent":{"type":"filebeat","name":"pod-1","hostname":"pod-1","id":"id-1","ephemeral_id":"eph-1","version":"7.17.0","build":{"original":"logcar test"}}}`},
		{"6", Shape6, `{"@timestamp":"2026-03-01T00:00:00.987Z","@metadata":{"beat":"filebeat","type":"doc","version":"6.0.0"},
			"message":"m\n\tat x","source":"/mnt/a \"b\".log","offset":113,"prospector":{"type":"log"},
			"fields":` + fields + `,"tags":["a","b"],"beat":{"name":"pod-1","hostname":"pod-1","version":"6.0.0"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := encodeOne(t, c.shape, batchOf(src, 100, "m\n\tat x", event.Multiline|event.Truncated))
			var want map[string]any
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				g, _ := json.MarshalIndent(got, "", " ")
				t.Errorf("got %s\nwant %s", g, c.want)
			}
		})
	}
}

// Standard input has neither a path nor offsets; Filebeat says so with these.
func TestStream(t *testing.T) {
	src := &event.Source{Stream: true, Input: &event.Input{Type: "stdin"}}
	b := batchOf(src, 100, "text", 0)
	b.Extras = []event.Extra{{Fields: map[string]any{"level": "x"}}}
	for range 2 { // parsed, and not
		log := encodeOne(t, Shape8, b)["log"].(map[string]any)
		if path := log["file"].(map[string]any)["path"]; log["offset"] != 0.0 || path != "" {
			t.Errorf("log %v", log)
		}
		if doc := encodeOne(t, Shape6, b); doc["offset"] != 0.0 || doc["source"] != "" {
			t.Errorf("offset %v, source %q", doc["offset"], doc["source"])
		}
		b.Extras = nil
	}
}

func TestOwner(t *testing.T) {
	file := encodeOne(t, Shape8, batchOf(&event.Source{Path: "/a", Owner: "app", Group: "logs"}, 0, "text", 0))["log"].(map[string]any)["file"]
	if want := (map[string]any{"path": "/a", "owner": "app", "group": "logs"}); !reflect.DeepEqual(file, want) {
		t.Errorf("log.file %v, want %v", file, want)
	}
}

func TestRootFields(t *testing.T) {
	src := &event.Source{Path: "/a", Input: &event.Input{DisableHost: true, Pipeline: "p",
		Root: map[string]any{"namespace": "n", "message": "not this", "log": "nor this", "agent": "mine"}}}
	doc := encodeOne(t, Shape8, batchOf(src, 0, "text", 0))
	if doc["namespace"] != "n" || doc["agent"] != "mine" || doc["message"] != "text" || doc["host"] != nil {
		t.Errorf("got %v", doc)
	}
	if doc["@metadata"].(map[string]any)["pipeline"] != "p" {
		t.Errorf("metadata %v", doc["@metadata"])
	}
}

func TestUnencodableField(t *testing.T) {
	src := &event.Source{Path: "/a", Input: &event.Input{Fields: map[string]any{"x": make(chan int)}}}
	if err := NewEncoder(Shape8, testAgent, Options{}).Start(batchOf(src, 0, "t", 0)); err == nil {
		t.Error("no error for a field without a JSON form")
	}
}

func TestInvalidUTF8IsCounted(t *testing.T) {
	b := batchOf(&event.Source{Path: "/a"}, 0, "cut \xe4\xb8, \xff\xfe and 日本", 0)
	e := NewEncoder(Shape8, testAgent, Options{})
	if err := e.Start(b); err != nil {
		t.Fatal(err)
	}
	got, _ := e.Append(nil, b, 0)
	if !bytes.Contains(got, []byte(`"cut \ufffd\ufffd, \ufffd\ufffd and 日本"`)) {
		t.Errorf("got %s", got)
	}
	if e.Stats().InvalidUTF8 != 4 {
		t.Errorf("%d invalid bytes counted, want 4", e.Stats().InvalidUTF8)
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c\n\t\r\x00\x1f\x7f", strings.Repeat("x", 31) + "\n\tat", "日本\u2028", "\xff\xc0\xaf", "\x80\x80\x80\x80\x80\x80\x80\x1f"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		raw, bad := AppendEscaped([]byte{'"'}, text)
		raw = append(raw, '"')
		if !utf8.Valid(raw) {
			t.Fatalf("%q is not UTF-8", raw)
		}
		var got string
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		var want strings.Builder
		n := 0
		for i := 0; i < len(text); {
			r, size := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && size == 1 {
				n++
			}
			want.WriteRune(r)
			i += size
		}
		if got != want.String() || n != bad {
			t.Fatalf("%q: got %q with %d invalid bytes, want %q with %d", text, got, bad, want.String(), n)
		}
	})
}

func TestAppendAllocatesNothing(t *testing.T) {
	b := batchOf(&event.Source{Path: "/mnt/app.log", Input: &event.Input{Type: "log"}}, 0, javaTrace, event.Multiline)
	e := NewEncoder(Shape8, testAgent, Options{})
	dst := make([]byte, 0, 64<<10)
	if n := testing.AllocsPerRun(100, func() {
		if err := e.Start(b); err != nil {
			t.Fatal(err)
		}
		dst, _ = e.Append(dst[:0], b, 0)
	}); n != 0 {
		t.Errorf("%v allocations per event, want 0", n)
	}
}

const javaTrace = "2026-03-01 08:00:00.123 ERROR 1 --- [nio-9090-exec-3] c.d.c.s.ConfigService : request failed\n" +
	"java.lang.IllegalStateException: no instance available for \"dac-api-center\"\n" +
	"\tat org.springframework.cloud.netflix.ribbon.RibbonClient.execute(RibbonClient.java:82)\n" +
	"\tat com.dac.Api.call(Api.java:41)\nCaused by: java.net.ConnectException: Connection refused\n\t... 12 more"

func BenchmarkEscape(b *testing.B) {
	line := "2026-03-01 08:00:00.123  INFO 1 --- [nio-9090-exec-3] c.d.c.s.ConfigService : refreshed 42 keys of dac-api-center in 1204 ms"
	for _, c := range []struct{ name, text string }{{"line", line}, {"trace", javaTrace}, {"chinese", strings.Repeat("配置刷新完成 ", 20)}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			dst, text := make([]byte, 0, 4096), []byte(c.text)
			for b.Loop() {
				dst, _ = AppendEscaped(dst[:0], text)
			}
		})
	}
}
