package logstash_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/logcar/logcar/internal/javalog"

	"github.com/logcar/logcar/deploy/tests/logstash"
	"github.com/logcar/logcar/deploy/tests/samples"
)

const pipelineFile = "../../logstash/pipeline/applog.conf"

func parsePipeline(t testing.TB) *logstash.Pipeline {
	t.Helper()
	text, err := os.ReadFile(pipelineFile)
	if err != nil {
		t.Fatal(err)
	}
	p, err := logstash.Parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", pipelineFile, err)
	}
	return p
}

// run filters one document and returns the event.
func run(t testing.TB, p *logstash.Pipeline, env map[string]string, document string) *logstash.Event {
	t.Helper()
	filters, err := logstash.NewFilters(p, env)
	if err != nil {
		t.Fatal(err)
	}
	e, err := logstash.Decode([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := filters.Run(e); err != nil {
		t.Fatal(err)
	}
	return e
}

// record is a document of logcar's with a message, as it comes from Kafka.
func record(t testing.TB, message string) string {
	t.Helper()
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return `{"@timestamp":"2024-03-01T08:00:09.000Z",
		"@metadata":{"beat":"filebeat","type":"_doc","version":"8.1.0","kafka":{"topic":"applog","partition":3,"offset":42,"timestamp":1709280009100}},
		"fields":{"namespace":"dac-prod","service-name":"dac-config-server","pod-ip":"10.1.2.3"},
		"input":{"type":"log"},"log":{"file":{"path":"/mnt/app.log"},"offset":5},"message":` + string(text) + `}`
}

func TestFirstLine(t *testing.T) {
	p := parsePipeline(t)
	for _, c := range samples.Lines {
		for _, rest := range []string{"", samples.Trace} {
			t.Run(fmt.Sprintf("%s/%d", c.Name, strings.Count(rest, "\n")), func(t *testing.T) {
				e := run(t, p, nil, record(t, c.Text+rest))
				got := samples.First{}
				got.Level, _ = e.Get("[log][level]").(string)
				got.Logger, _ = e.Get("[log][logger]").(string)
				got.Thread, _ = e.Get("[process][thread][name]").(string)
				got.Pid, _ = e.Get("[process][pid]").(int)
				got.Line, _ = e.Get("[log][origin][file][line]").(int)
				if got != c.Want {
					t.Errorf("got %+v, want %+v", got, c.Want)
				}
				if tags := e.Get("tags"); tags != nil {
					t.Errorf("tags %v", tags)
				}
				if at := e.Get("@timestamp").(time.Time).Format(time.RFC3339Nano); at != "2024-03-01T08:00:01.234Z" {
					t.Errorf("@timestamp %s", at)
				}
				wantException(t, e, rest)
			})
		}
	}
}

func wantException(t *testing.T, e *logstash.Event, rest string) {
	t.Helper()
	want := map[string]any{"[error][type]": nil, "[error][message]": nil, "[error][stack_trace]": nil}
	if rest != "" {
		want = map[string]any{"[error][type]": "java.lang.IllegalStateException", "[error][message]": "order 7 is CLOSED\nand stays so",
			"[error][stack_trace]": strings.TrimPrefix(samples.Trace, "\n")}
	}
	for field, value := range want {
		if got := e.Get(field); got != value {
			t.Errorf("%s = %q, want %q", field, got, value)
		}
	}
}

func TestTime(t *testing.T) {
	p := parsePipeline(t)
	for _, c := range []struct{ name, stamp, zone, own, want string }{
		{"UTC by default", "2024-03-01 08:00:01.234", "", "", "2024-03-01T08:00:01.234Z"},
		{"zone of the installation", "2024-03-01 08:00:01.234", "Asia/Shanghai", "", "2024-03-01T00:00:01.234Z"},
		{"zone of the service", "2024-07-01 08:00:01,234", "Asia/Shanghai", "Europe/Berlin", "2024-07-01T06:00:01.234Z"},
		{"zone in the line", "2024-03-01T08:00:01.234+01:00", "Asia/Shanghai", "", "2024-03-01T07:00:01.234Z"},
		{"zone without a colon", "2024-03-01 08:00:01,234-0530", "Asia/Shanghai", "", "2024-03-01T13:30:01.234Z"},
		{"microseconds", "2024-03-01 08:00:01.234567", "", "", "2024-03-01T08:00:01.234Z"},
		{"nanoseconds", "2024-03-01T08:00:01.234567891Z", "", "", "2024-03-01T08:00:01.234Z"},
		{"another separator", "2024-03-01 08:00:01:234", "", "", "2024-03-01T08:00:01.234Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			document := record(t, c.stamp+" INFO [main] com.demo.A - x")
			if c.own != "" {
				document = strings.Replace(document, `"fields":{`, `"fields":{"timezone":"`+c.own+`",`, 1)
			}
			env := map[string]string{}
			if c.zone != "" {
				env["LOG_ZONE"] = c.zone
			}
			e := run(t, p, env, document)
			if at := e.Get("@timestamp").(time.Time).Format(time.RFC3339Nano); at != c.want {
				t.Errorf("@timestamp %s, want %s", at, c.want)
			}
			if read := e.Get("[event][created]").(time.Time).Format(time.RFC3339); read != "2024-03-01T08:00:09Z" {
				t.Errorf("event.created %s", read)
			}
		})
	}
}

// What is not understood is tagged, keeps its text and the time of reading.
func TestFailuresAreKept(t *testing.T) {
	p := parsePipeline(t)
	for _, c := range []struct {
		name, message string
		tags          []string
	}{
		{"no time", "Exception in thread main", []string{"_applog_unparsed", "_applog_no_level"}},
		{"empty", "", []string{"_applog_unparsed", "_applog_no_level"}},
		{"a time that is none", "2024-13-01 08:00:01.234 INFO [main] a.B - x", []string{"_applog_time"}},
		{"no level", "2024-03-01 08:00:01.234 hello", []string{"_applog_no_level"}},
		{"a stack without a class", "2024-03-01 08:00:01.234 INFO [main] a.B - x\n\tat nowhere", []string{"_applog_no_exception"}},
		{"continuation that lost its beginning", "\tat com.demo.Order.close(Order.java:42)\n\tat com.demo.X.y(X.java)", []string{"_applog_unparsed", "_applog_no_level", "_applog_no_exception"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := run(t, p, nil, record(t, c.message))
			if got, want := fmt.Sprint(e.Get("tags")), fmt.Sprint(c.tags); got != want {
				t.Errorf("tags %s, want %s", got, want)
			}
			if e.Get("message") != c.message {
				t.Errorf("message %q", e.Get("message"))
			}
			if e.Get("@timestamp") == nil || e.Get("[@metadata][_id]") == nil || e.Get("[@metadata][namespace]") != "dac-prod" {
				t.Errorf("not ready for the output: %v", e.Fields)
			}
		})
	}
}

// The documents of all generations of Filebeat end in the same fields.
func TestFilebeat6(t *testing.T) {
	e := run(t, parsePipeline(t), nil, `{"@timestamp":"2024-03-01T08:00:09.000Z","@metadata":{"beat":"filebeat","type":"doc","version":"6.0.0"},
		"beat":{"name":"n","hostname":"h","version":"6.0.0"},"prospector":{"type":"log"},"fields":{"namespace":"dac-prod"},
		"source":"/mnt/app.log","offset":1234,"message":"2024-03-01 08:00:01.234 INFO [main] a.B - x"}`)
	for field, want := range map[string]any{
		"[log][file][path]": "/mnt/app.log", "[log][offset]": 1234.0, "[log][level]": "INFO", "[input][type]": "log",
		"[agent][name]": "n", "[agent][version]": "6.0.0", "[host][name]": "h",
		"source": nil, "offset": nil, "beat": nil, "prospector": nil,
	} {
		if got := e.Get(field); got != want {
			t.Errorf("%s = %v, want %v", field, got, want)
		}
	}
}

func TestDocumentID(t *testing.T) {
	p := parsePipeline(t)
	const line = "2024-03-01 08:00:01.234 INFO [main] a.B - x"
	plain := record(t, line)
	id := func(document string) any { return run(t, p, nil, document).Get("[@metadata][_id]") }
	if got := id(strings.Replace(plain, `"@metadata":{`, `"@metadata":{"_id":"own",`, 1)); got != "own" {
		t.Errorf("id of the document: %v", got)
	}
	if got := id(strings.Replace(plain, `"kafka":{`, `"kafka":{"headers":{"logcar-id":"header"},`, 1)); got != "header" {
		t.Errorf("id of the record: %v", got)
	}
	place := id(plain)
	if place != id(plain) || len(fmt.Sprint(place)) != 64 {
		t.Errorf("id of the place in Kafka: %v", place)
	}
	for _, other := range [][2]string{{`"offset":42`, `"offset":43`}, {`"partition":3`, `"partition":4`}, {`"topic":"applog"`, `"topic":"b"`}, {`"timestamp":1709280009100`, `"timestamp":1`}} {
		if id(strings.Replace(plain, other[0], other[1], 1)) == place {
			t.Errorf("%s makes no difference", other[1])
		}
	}
}

func TestIndex(t *testing.T) {
	p := parsePipeline(t)
	index := p.Output[0].Plugin.Options.Get("index").(string)
	for namespace, want := range map[string]string{
		`"dac-prod"`: "applog-dac-prod-2024.03.01", `"Dac Prod/1"`: "applog-dac-prod-1-2024.03.01", `7`: "applog-7-2024.03.01", `null`: "applog-none-2024.03.01",
	} {
		document := strings.Replace(record(t, "2024-03-01 00:00:00.000 INFO [main] a.B - x"), `"dac-prod"`, namespace, 1)
		got, err := run(t, p, nil, document).Expand(index)
		if err != nil || got != want {
			t.Errorf("%s: %s (%v), want %s", namespace, got, err, want)
		}
	}
}

// Every event of a whole service's log is understood.
func TestServiceLog(t *testing.T) {
	filters, err := logstash.NewFilters(parsePipeline(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	const events = 5000
	traces := 0
	generator := javalog.New(1, time.Date(2024, 3, 1, 8, 0, 0, 0, time.UTC))
	for range events {
		text := strings.TrimSuffix(string(generator.Append(nil)), "\n")
		e, err := logstash.Decode([]byte(record(t, text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := filters.Run(e); err != nil {
			t.Fatal(err)
		}
		if e.Get("tags") != nil || e.Get("[log][logger]") == nil || e.Get("[process][thread][name]") == nil {
			t.Fatalf("not understood: %v", e.Fields)
		}
		if strings.Contains(text, "\n") {
			traces++
			if e.Get("[error][type]") == nil {
				t.Fatalf("no exception: %s", text)
			}
		}
	}
	if traces < events/100 {
		t.Errorf("only %d of %d events had a stack trace", traces, events)
	}
}

// What the pipeline promises besides its filters.
func TestPlugins(t *testing.T) {
	p := parsePipeline(t)
	kafka := p.Input[0].Plugin
	codec, _ := kafka.Options.Get("codec").(*logstash.Plugin)
	if kafka.Name != "kafka" || codec == nil || codec.Name != "json" || kafka.Options.Get("decorate_events") != "extended" || kafka.Options.Get("group_id") == nil {
		t.Errorf("input %+v", kafka)
	}
	elasticsearch := p.Output[0].Plugin
	if elasticsearch.Name != "elasticsearch" || elasticsearch.Options.Get("document_id") != "%{[@metadata][_id]}" {
		t.Errorf("output %+v", elasticsearch)
	}
	for _, plugin := range logstash.Plugins(p.Filter) {
		if plugin.Name == "drop" {
			t.Errorf("line %d drops events", plugin.Line)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, text := range []string{
		`filter {`, `filters { }`, `filter { grok { match => } }`, `filter { mutate { a => "1" a => "2" } }`,
		`filter { if [a] { } else else { } }`, `filter { mutate { a => [1 2] } }`, `filter { mutate { a => { "b" => 1 "b" => 2 } } }`, "filter { \x01 }",
	} {
		if _, err := logstash.Parse(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
	for _, text := range []string{
		`filter { grok { match => { "message" => "%{NONE}" } } }`,
		`filter { grok { match => { "message" => "(a)" } } }`,
		`filter { grok { match => { "message" => "%{A}" } pattern_definitions => { "A" => "%{A}" } } }`,
		`filter { grok { match => { "message" => "(?<=a)b" } } }`,
	} {
		p, err := logstash.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := logstash.NewFilters(p, nil); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}
