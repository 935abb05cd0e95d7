package output

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/processor"
)

func formatOf(t testing.TB, text string) *processor.Format {
	t.Helper()
	f, err := processor.ParseFormat(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func encodeWith(t testing.TB, e *Encoder, b *event.Batch) (doc string, kept bool) {
	t.Helper()
	if err := e.Start(b); err != nil {
		t.Fatal(err)
	}
	const before = "what came before "
	got, kept := e.Append([]byte(before), b, 0)
	doc, intact := strings.CutPrefix(string(got), before)
	if !intact || !kept && doc != "" {
		t.Fatalf("%q does not follow what came before", got)
	}
	return doc, kept
}

// TestJSONCodecs: whatever the codec does to JSON, it means the same.
func TestJSONCodecs(t *testing.T) {
	in := &event.Input{Type: "log", Fields: map[string]any{"a<b": "x&y", "empty": map[string]any{}, "n": 1e6}}
	b := batchOf(&event.Source{Path: "/mnt/<a>.log", Input: in}, 0, "<&> \u2028 \"\\ \x01 \xff\n\tat java.util.List<E>", event.Multiline)
	want, _ := encodeWith(t, NewEncoder(Shape8, testAgent, Options{}), b)
	for name, codec := range map[string]Codec{
		"pretty": {Pretty: true}, "escaped": {EscapeHTML: true}, "pretty and escaped": {Pretty: true, EscapeHTML: true},
	} {
		t.Run(name, func(t *testing.T) {
			e := NewEncoder(Shape8, testAgent, Options{Codec: codec})
			got, kept := encodeWith(t, e, b)
			if !kept || !reflect.DeepEqual(decode(t, got), decode(t, want)) {
				t.Errorf("%s\ndoes not mean\n%s", got, want)
			}
			if escaped := !strings.ContainsAny(got, "<>&\u2028"); escaped != codec.EscapeHTML {
				t.Errorf("escaped: %v: %s", escaped, got)
			}
			if pretty := strings.HasPrefix(got, "{\n  \"@timestamp\": \"") && strings.HasSuffix(got, "\n}"); pretty != codec.Pretty {
				t.Errorf("pretty: %v: %s", pretty, got)
			}
			if !e.Ended([]byte(got + "\n")) {
				t.Error("a whole document does not count as one")
			}
		})
	}
}

func TestEnded(t *testing.T) {
	for _, tt := range []struct {
		codec Codec
		text  string
		want  bool
	}{
		{Codec{}, "}\n", true},
		{Codec{}, `{"a":`, false},
		{Codec{}, "", false},
		{Codec{Pretty: true}, "\n}\n", true},
		{Codec{Pretty: true}, "  }\n", false},
		{Codec{Pretty: true}, "1,\n", false},
		{Codec{Pretty: true}, "\n}", false},
		{Codec{Pretty: true, Format: &processor.Format{}}, "abc\n", true},
	} {
		if got := NewEncoder(Shape8, testAgent, Options{Codec: tt.codec}).Ended([]byte(tt.text)); got != tt.want {
			t.Errorf("%+v: %q ends a document: %v", tt.codec, tt.text, got)
		}
	}
}

func TestLocalTime(t *testing.T) {
	zone := time.Local
	defer func() { time.Local = zone }()
	time.Local = time.FixedZone("", 8*3600)
	src := &event.Source{Path: "/a"}
	b := batchOf(src, 0, "x", 0)
	parsed := *b
	parsed.Extras = []event.Extra{{NoMessage: true, Fields: map[string]any{"a": "b"}}}
	for name, b := range map[string]*event.Batch{"by template": b, "built": &parsed} {
		got, _ := encodeWith(t, NewEncoder(Shape8, testAgent, Options{Codec: Codec{LocalTime: true}}), b)
		if !strings.HasPrefix(got, `{"@timestamp":"2026-03-01T08:00:00.987+08:00",`) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestFormatCodec(t *testing.T) {
	in := &event.Input{Type: "log", Pipeline: "p1", Fields: map[string]any{"service": "pay", "port": int64(80)}, Tags: []string{"a"}}
	src := &event.Source{Path: "/mnt/a.log", Input: in}
	for _, tt := range []struct {
		format, want string // empty: the event is dropped
	}{
		{`%{[@timestamp]} %{[message]}`, "2026-03-01T00:00:00.987Z one\n\ttwo"},
		{`%{+yyyy.MM.dd} %{[fields.service]}:%{[fields.port]} %{[log.file.path]}@%{[log.offset]}`, "2026.03.01 pay:80 /mnt/a.log@105"},
		{"constant", "constant"},
		{`%{[message]}`, "one\n\ttwo"},
		{`%{[agent.name]} %{[host.name]} %{[input.type]} %{[ecs.version]}`, "pod-1 pod-1 log 8.0.0"},
		{`%{[@metadata.pipeline]} %{[@metadata.beat]}`, "p1 filebeat"},
		{`%{[fields.none]:default} %{[added]}`, "default by a processor"},
		{`%{[fields.none]}`, ""},
		{`%{[message]} %{[tags]}`, ""},
	} {
		t.Run(tt.format, func(t *testing.T) {
			global, err := processor.New([]any{map[string]any{"add_fields": map[string]any{
				"target": "", "fields": map[string]any{"added": "by a processor"}}}})
			if err != nil {
				t.Fatal(err)
			}
			e := NewEncoder(Shape8, testAgent, Options{Global: global, Codec: Codec{Format: formatOf(t, tt.format), Pretty: true}})
			b := batchOf(src, 100, "one\n\ttwo", event.Multiline)
			for range 2 { // one leaves nothing behind for the next
				if got, kept := encodeWith(t, e, b); got != tt.want || kept != (tt.want != "") {
					t.Errorf("got %q, kept %v", got, kept)
				}
			}
			st, failed := e.Stats(), uint64(0)
			if tt.want == "" {
				failed = 2
			} else if !e.Time().Equal(b.Time) {
				t.Errorf("time %v", e.Time())
			}
			if st.Failed != failed || (st.Failure != nil) != (failed > 0) || st.Dropped != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestFormatSeesParsersAndProcessors: text is made of what all of them have left.
func TestFormatSeesParsersAndProcessors(t *testing.T) {
	chain, err := processor.New([]any{
		map[string]any{"drop_event": map[string]any{"when": map[string]any{"contains": map[string]any{"message": "secret"}}}},
		map[string]any{"truncate_fields": map[string]any{"fields": []any{"message"}, "max_bytes": int64(4)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	e := NewEncoder(Shape8, testAgent, Options{Global: chain, Codec: Codec{Format: formatOf(t, `%{[level]:-} %{[message]}`)}})
	src := &event.Source{Path: "/a"}
	if got, _ := encodeWith(t, e, batchOf(src, 0, "a longer one", 0)); got != "- a lo" {
		t.Errorf("got %q", got)
	}
	parsed := batchOf(src, 0, "of a parser", 0)
	parsed.Extras = []event.Extra{{Fields: map[string]any{"level": "WARN"}}}
	if got, _ := encodeWith(t, e, parsed); got != "WARN of a" {
		t.Errorf("got %q", got)
	}
	if _, kept := encodeWith(t, e, batchOf(src, 0, "secret", 0)); kept || e.Stats().Dropped != 1 {
		t.Errorf("kept %v, %+v", kept, e.Stats())
	}
}

func TestEventIDInFormat(t *testing.T) {
	b := batchOf(&event.Source{Path: "/a"}, 0, "x", 0)
	doc, _ := encodeWith(t, NewEncoder(Shape8, testAgent, Options{EventID: true}), b)
	text, _ := encodeWith(t, NewEncoder(Shape8, testAgent, Options{EventID: true, Codec: Codec{Format: formatOf(t, `%{[@metadata._id]}`)}}), b)
	if id := decode(t, doc)["@metadata"].(map[string]any)["_id"]; text != id || len(text) != idSize {
		t.Errorf("the format says %q, JSON %q", text, id)
	}
}

// TestTruncate: each half is a document of the same codec, until no text is left.
func TestTruncate(t *testing.T) {
	b := batchOf(&event.Source{Path: "/<a>"}, 1<<60, strings.Repeat("日本", 5), event.Multiline)
	for name, codec := range map[string]Codec{
		"json": {}, "pretty": {Pretty: true}, "escaped": {EscapeHTML: true},
		"format": {Format: formatOf(t, `{"not":"json" %{[message]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			e := NewEncoder(Shape8, testAgent, Options{Codec: codec})
			doc, _ := encodeWith(t, e, b)
			for rounds, before := 0, 1<<20; before > 0; rounds++ {
				shorter, left, err := e.Truncate([]byte(doc))
				if err != nil || left >= before || rounds > 10 {
					t.Fatalf("%d bytes left of %d, error %v: %s", left, before, err, shorter)
				}
				if codec.Format == nil {
					checkTruncated(t, doc, string(shorter), left, codec)
				} else if !strings.HasPrefix(doc, string(shorter)) || len(shorter) != left || strings.ContainsRune(string(shorter), '\ufffd') {
					t.Errorf("%q became %q, %d bytes left", doc, shorter, left)
				}
				doc, before = string(shorter), left
			}
		})
	}
	if _, _, err := NewEncoder(Shape8, testAgent, Options{}).Truncate([]byte(`{"message":1}`)); err == nil {
		t.Error("a number was halved")
	}
}

// checkTruncated compares JSON with what it was made of.
func checkTruncated(t *testing.T, before, after string, left int, codec Codec) {
	t.Helper()
	want, got := decode(t, before), decode(t, after)
	text := got["message"].(string)
	if !strings.HasPrefix(want["message"].(string), text) || len(text) != left {
		t.Errorf("%q became %q, %d bytes left", want["message"], text, left)
	}
	log := maps.Clone(want["log"].(map[string]any))
	log["flags"] = []any{"truncated", "multiline"}
	want["log"], want["message"] = log, text
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s, want %v", after, want)
	}
	if strings.Contains(after, "\n") != codec.Pretty || strings.Contains(after, "<") == codec.EscapeHTML {
		t.Errorf("not written as by the codec: %s", after)
	}
}

func decode(t testing.TB, doc string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil || d.More() {
		t.Fatalf("%s: %v", doc, err)
	}
	return m
}

func BenchmarkAppend(b *testing.B) {
	batch := batchOf(&event.Source{Path: "/mnt/app.log", Input: &event.Input{Type: "log", Fields: map[string]any{"service": "pay"}}},
		0, "2026-03-01 08:00:00.987 INFO  [http-nio-8080-exec-7] c.e.p.PaymentController - payment 4711 accepted in 37 ms", 0)
	for name, codec := range map[string]Codec{
		"none": {}, "pretty": {Pretty: true}, "escaped": {EscapeHTML: true},
		"format": {Format: formatOf(b, `%{[@timestamp]} %{[fields.service]} %{[message]}`)},
	} {
		b.Run(name, func(b *testing.B) {
			e := NewEncoder(Shape8, testAgent, Options{Codec: codec})
			if err := e.Start(batch); err != nil {
				b.Fatal(err)
			}
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = e.Append(dst[:0], batch, 0)
			}
		})
	}
}
