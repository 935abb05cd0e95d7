//go:build e2e && linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/logcar/logcar/e2e/kafka"
	"github.com/logcar/logcar/internal/javalog"

	"github.com/logcar/logcar/deploy/tests/binary"
	"github.com/logcar/logcar/deploy/tests/elasticsearch"
	"github.com/logcar/logcar/deploy/tests/logstash"
	"github.com/logcar/logcar/deploy/tests/samples"
)

var (
	cluster *kafka.Cluster
	node    *server
	logcar  string // the binary
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "logcar-chain-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }() // it is temporary
		logcar, err = binary.Build(context.Background(), dir)
	}
	if err == nil {
		cluster, err = kafka.Start(context.Background(), kafka.Options{Dir: dir})
	}
	if err == nil {
		defer func() { _ = cluster.Close() }() // what it held is read
		node, err = startServer(context.Background(), dir)
	}
	if err == nil {
		defer node.stop()
		err = setUp()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// setUp runs deploy's own script, twice: it may be run again.
func setUp() error {
	for range 2 {
		cmd := exec.Command("sh", "../../elasticsearch/setup.sh")
		cmd.Env = append(os.Environ(), "ELASTICSEARCH_URL="+node.url, "OPENSEARCH=true")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("setup.sh: %w\n%s", err, out)
		}
	}
	return nil
}

func call(t *testing.T, method, path, body string) map[string]any {
	t.Helper()
	answer, err := node.call(t.Context(), method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// at walks into a JSON answer.
func at(v any, keys ...string) any {
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

func pipeline(t *testing.T) (*logstash.Pipeline, *logstash.Filters) {
	t.Helper()
	text, err := os.ReadFile("../../logstash/pipeline/applog.conf")
	if err != nil {
		t.Fatal(err)
	}
	p, err := logstash.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	filters, err := logstash.NewFilters(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p, filters
}

const written = 400 // events per generation of documents

// writeLog writes a service's log into a folder of its own and returns that.
func writeLog(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var log bytes.Buffer
	generator := javalog.New(1, time.Date(2024, 3, 1, 8, 0, 0, 0, time.UTC))
	for range written {
		log.Write(generator.Append(nil))
	}
	if err := os.WriteFile(filepath.Join(dir, "app.log"), log.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// topic makes a topic of some partitions, as the trial's has.
func topic(t *testing.T, name string) string {
	t.Helper()
	if err := cluster.CreateTopic(t.Context(), name, 3, 1, nil); err != nil {
		t.Fatal(err)
	}
	return name
}

// ship lets a logcar without positions ship the logs in a folder to a topic, with
// some settings.
func ship(t *testing.T, topic, logs, namespace string, settings ...string) {
	t.Helper()
	args := []string{"--once", "-c", "../../filebeat.yml", "--strict.perms=false", "--path.data", t.TempDir(), "-E", "output.kafka.topic=" + topic}
	for _, s := range settings {
		args = append(args, "-E", s)
	}
	cmd := exec.CommandContext(t.Context(), logcar, args...)
	cmd.Env = append(os.Environ(), "KAFKA_HOSTS="+strings.Join(cluster.Bootstrap(), ","),
		"LOG_PATHS="+filepath.Join(logs, "*.log"), "POD_NAMESPACE="+namespace, "SERVICE_NAME=dac-config-server", "POD_IP=10.1.2.3")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("logcar: %v\n%s", err, out)
	}
}

// consume reads a topic, which must have so many records.
func consume(t *testing.T, topic string, want int) []kafka.Record {
	t.Helper()
	records, err := cluster.Consume(t.Context(), topic)
	if err != nil || len(records) != want {
		t.Fatalf("%d records, want %d; error %v", len(records), want, err)
	}
	return records
}

// index does what Logstash does: it filters the records of a topic and sends them
// in bulk, to the index and under the id that the pipeline says.
func index(t *testing.T, topic string, records []kafka.Record) {
	t.Helper()
	p, filters := pipeline(t)
	output := p.Output[0].Plugin.Options
	var bulk bytes.Buffer
	for _, record := range records {
		e, err := logstash.Decode(record.Value)
		if err != nil {
			t.Fatal(err)
		}
		decorate(t, e, topic, record)
		if err := filters.Run(e); err != nil {
			t.Fatal(err)
		}
		action := map[string]string{}
		for key, option := range map[string]string{"_index": "index", "_id": "document_id"} {
			if action[key], err = e.Expand(output.Get(option).(string)); err != nil {
				t.Fatal(err)
			}
		}
		head, err := json.Marshal(map[string]any{"index": action})
		if err != nil {
			t.Fatal(err)
		}
		body, err := e.Document()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&bulk, "%s\n%s\n", head, body)
	}
	if answer := call(t, "POST", "/_bulk?refresh=true", bulk.String()); answer["errors"] != false {
		text, _ := json.Marshal(answer) // for the message alone
		t.Fatalf("%.2000s", text)
	}
}

// decorate adds what Logstash's kafka input knows of a record (decorate_events).
func decorate(t *testing.T, e *logstash.Event, topic string, record kafka.Record) {
	t.Helper()
	known := map[string]any{
		"[topic]": topic, "[partition]": record.Partition, "[offset]": record.Offset, "[timestamp]": record.Timestamp.UnixMilli(),
	}
	for header := range strings.SplitSeq(record.Headers, ",") {
		if key, value, ok := strings.Cut(header, ":"); ok {
			known["[headers]["+key+"]"] = value
		}
	}
	for field, value := range known {
		if err := e.Set("[@metadata][kafka]"+field, value); err != nil {
			t.Fatal(err)
		}
	}
}

func hits(t *testing.T, query string) int {
	t.Helper()
	body, err := json.Marshal(map[string]any{"size": 0, "track_total_hits": true, "query": map[string]any{"query_string": map[string]any{"query": query}}})
	if err != nil {
		t.Fatal(err)
	}
	return int(at(call(t, "POST", "/applog-*/_search", string(body)), "hits", "total", "value").(float64))
}

// With logcar's ids an event is stored once, also when logcar has forgotten that
// it sent it; without them it is stored twice.
func TestSentTwice(t *testing.T) {
	for namespace, c := range map[string]struct {
		setting string
		want    int
	}{"dac-with-id": {"logcar.event_id=true", written}, "dac-without-id": {"logcar.event_id=false", 2 * written}} {
		logs, topic := writeLog(t), topic(t, namespace)
		for range 2 {
			ship(t, topic, logs, namespace, c.setting)
		}
		records := consume(t, topic, 2*written)
		checkIDs(t, records, c.want == written)
		index(t, topic, records)
		if n := hits(t, "fields.namespace:"+namespace); n != c.want {
			t.Errorf("%s: %d documents, want %d", namespace, n, c.want)
		}
	}
}

// checkIDs wants the ids, if there are any, in the headers as well: a consumer that
// doesn't read the documents finds them there.
func checkIDs(t *testing.T, records []kafka.Record, ids bool) {
	t.Helper()
	for _, record := range records {
		e, err := logstash.Decode(record.Value)
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if ids {
			want = fmt.Sprintf("logcar-id:%v", e.Get("[@metadata][_id]"))
		}
		if record.Headers != want || strings.Contains(want, "<nil>") {
			t.Fatalf("headers %q, want %q", record.Headers, want)
		}
	}
}

// Documents of all generations come to fields that the template knows, a record
// that is read again overwrites itself, and what the dashboards ask is answered.
func TestChain(t *testing.T) {
	for _, generation := range []string{"6", "7", "8"} {
		topic := topic(t, "applog-"+generation)
		ship(t, topic, writeLog(t), "dac-gen"+generation, "logcar.documents="+generation)
		records := consume(t, topic, written)
		index(t, topic, records)
		index(t, topic, records)
	}
	long := "2024-03-01 09:00:00.000 ERROR 1 --- [main] c.d.Deep : deep\njava.lang.StackOverflowError\n" + strings.Repeat("\tat com.demo.Deep.dig(Deep.java:7)\n", 2000)
	var records []kafka.Record
	for i, message := range []string{long, "no time at all", "2024-13-01 08:00:01.234 INFO [main] a.B - x", ""} {
		records = append(records, kafka.Record{Offset: int64(i), Value: odd(t, message)})
	}
	index(t, "odd", records)

	if n := hits(t, "fields.namespace:(dac-gen* OR dac-odd)"); n != 3*written+4 {
		t.Errorf("%d documents", n)
	}
	checkMapping(t)
	checkSearches(t)
	checkLag(t)
}

func odd(t *testing.T, message string) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"@timestamp": "2024-03-01T09:00:01.000Z", "message": message, "fields": map[string]string{"namespace": "dac-odd"}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// checkMapping finds fields that the template doesn't know: they would be
// guessed, by each index for itself.
func checkMapping(t *testing.T) {
	t.Helper()
	known, err := elasticsearch.Fields("../../elasticsearch")
	if err != nil {
		t.Fatal(err)
	}
	indices := call(t, "GET", "/applog-*/_mapping", "")
	if len(indices) < 4 {
		t.Errorf("indices %v", indices)
	}
	for name, i := range indices {
		var flatten func(prefix string, v any)
		flatten = func(prefix string, v any) {
			properties, _ := at(v, "properties").(map[string]any)
			for field, inner := range properties {
				if at(inner, "properties") != nil {
					flatten(prefix+field+".", inner)
				} else if got := at(inner, "type"); known[prefix+field].Type != got {
					t.Errorf("%s: field %s is of type %v, in the template %q", name, prefix+field, got, known[prefix+field].Type)
				}
			}
		}
		flatten("", at(i, "mappings"))
	}
}

var lucene = strings.NewReplacer(" or ", " OR ", ": (", ":(", ": ", ":")

// checkSearches asks what Kibana's saved searches ask.
func checkSearches(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile("../../kibana/applog.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, m := range regexp.MustCompile(`\\"query\\":\\"([^"\\]+)\\"`).FindAllStringSubmatch(string(text), -1) {
		asked[m[1]] = true
		if hits(t, lucene.Replace(m[1])) == 0 {
			t.Errorf("%s finds nothing", m[1])
		}
	}
	if len(asked) < 5 {
		t.Errorf("searches %v", asked)
	}
	for field, want := range map[string]int{"fields.service-name": 1, "fields.namespace": 4, "fields.pod-ip": 1, "log.level": 3, "error.type": 3, "log.logger": 10} {
		answer := call(t, "POST", "/applog-*/_search", `{"size":0,"aggs":{"top":{"terms":{"field":"`+field+`","size":100}}}}`)
		if buckets := at(answer, "aggregations", "top", "buckets").([]any); len(buckets) < want {
			t.Errorf("%s has %d values", field, len(buckets))
		}
	}
}

// checkLag counts what the scripts of the template count.
func checkLag(t *testing.T) {
	t.Helper()
	answer := call(t, "POST", "/applog-dac-odd-*/_search",
		`{"query":{"match":{"message":"deep"}},"fields":["lag_read","lag_total"],"aggs":{"p":{"percentiles":{"field":"lag_total","percents":[95]}}}}`)
	found := at(answer, "hits", "hits").([]any)
	if len(found) != 1 {
		t.Fatalf("%v", answer)
	}
	if got := at(found[0], "fields", "lag_read"); fmt.Sprint(got) != "[1]" {
		t.Errorf("lag_read %v", got)
	}
	arrived, err := time.Parse(time.RFC3339Nano, at(found[0], "_source", "event", "ingested").(string))
	if err != nil {
		t.Fatal(err)
	}
	want := float64(arrived.Truncate(time.Millisecond).UnixMilli()-time.Date(2024, 3, 1, 9, 0, 0, 0, time.UTC).UnixMilli()) / 1000
	if got := at(found[0], "fields", "lag_total").([]any)[0].(float64); got != want {
		t.Errorf("lag_total %v, want %v", got, want)
	}
	if got := at(answer, "aggregations", "p", "values", "95.0"); got != want {
		t.Errorf("95th percentile of lag_total %v, want %v", got, want)
	}
	if trace := at(found[0], "_source", "error", "stack_trace").(string); strings.Count(trace, "\n\tat ") != 2000 {
		t.Errorf("stack trace %.100q", trace)
	}
}

// The pipeline's patterns mean the same to grok's own engine as to the
// translation that the other tests use.
func TestGrok(t *testing.T) {
	p, _ := pipeline(t)
	var lines, traces *logstash.Plugin
	for _, plugin := range logstash.Plugins(p.Filter) {
		if plugin.Name == "grok" && lines == nil {
			lines = plugin
		} else if plugin.Name == "grok" {
			traces = plugin
		}
	}
	for _, sample := range samples.Lines {
		t.Run(sample.Name, func(t *testing.T) {
			source := grok(t, lines, sample.Text+samples.Trace)
			got := samples.First{}
			got.Level, _ = at(source, "log", "level").(string)
			got.Logger, _ = at(source, "log", "logger").(string)
			got.Thread, _ = at(source, "process", "thread", "name").(string)
			if pid, ok := at(source, "process", "pid").(float64); ok {
				got.Pid = int(pid)
			}
			if line, ok := at(source, "log", "origin", "file", "line").(float64); ok {
				got.Line = int(line)
			}
			if got.Level = renamed(got.Level); got != sample.Want {
				t.Errorf("got %+v, want %+v", got, sample.Want)
			}
			exception := at(grok(t, traces, sample.Text+samples.Trace), "error")
			want := map[string]any{"type": "java.lang.IllegalStateException", "message": "order 7 is CLOSED\nand stays so", "stack_trace": samples.Trace[1:]}
			for key, value := range want {
				if at(exception, key) != value {
					t.Errorf("error.%s = %q, want %q", key, at(exception, key), value)
				}
			}
		})
	}
}

// renamed is what the pipeline does to levels after grok.
func renamed(level string) string {
	switch level {
	case "WARNING":
		return "WARN"
	case "SEVERE", "CRITICAL":
		return "ERROR"
	}
	return level
}

// grok runs the patterns of a filter in an ingest pipeline, and returns what the
// message has become.
func grok(t *testing.T, filter *logstash.Plugin, message string) map[string]any {
	t.Helper()
	definitions := map[string]string{}
	for name, text := range logstash.Definitions(filter) {
		definitions[name] = dotted(text)
	}
	patterns := []string{}
	for _, text := range logstash.Patterns(filter)["message"] {
		patterns = append(patterns, dotted(text))
	}
	body, err := json.Marshal(map[string]any{
		"pipeline": map[string]any{"processors": []any{map[string]any{"grok": map[string]any{
			"field": "message", "patterns": patterns, "pattern_definitions": definitions}}}},
		"docs": []any{map[string]any{"_source": map[string]any{"message": message}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer := call(t, "POST", "/_ingest/pipeline/_simulate", string(body))
	source, ok := at(answer["docs"].([]any)[0], "doc", "_source").(map[string]any)
	if !ok {
		t.Fatalf("%v", answer)
	}
	return source
}

var use = regexp.MustCompile(`%\{(\w+):(\[[^:}]+\])`)

// dotted spells field references as an ingest pipeline does.
func dotted(pattern string) string {
	return use.ReplaceAllStringFunc(pattern, func(s string) string {
		name, ref, _ := strings.Cut(s, ":")
		return name + ":" + strings.ReplaceAll(strings.Trim(ref, "[]"), "][", ".")
	})
}
