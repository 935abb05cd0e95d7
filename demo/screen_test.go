package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

const traced = "2026-03-01 08:00:00.123 ERROR 1 --- [nio-9090-exec-3] c.d.c.order.application.OrderService     : seq=00000042 Order 7 failed : 库存不足\n" +
	"java.lang.IllegalStateException\n\tat a.B.c(B.java:1)"

func TestHeadline(t *testing.T) {
	tests := []struct {
		message string
		want    headline
	}{
		{traced, headline{"08:00:00.123", "ERROR", "OrderService", "Order 7 failed : 库存不足"}},
		{"2026-03-01 08:00:00.123  INFO 1 --- [main] App : ready", headline{"08:00:00.123", " INFO", "App", "ready"}},
		{"\tat a.B.c(B.java:1)", headline{text: "\tat a.B.c(B.java:1)"}},
		{"key : value", headline{text: "key : value"}},
		{"[x] y : value", headline{text: "[x] y : value"}},
		{"", headline{}},
	}
	for _, test := range tests {
		if got := (document{Message: test.message}).headline(); got != test.want {
			t.Errorf("%q: got %+v, want %+v", test.message, got, test.want)
		}
	}
}

func TestParseDocument(t *testing.T) {
	got, err := parseDocument([]byte(`{"@timestamp":"2026-03-01T08:00:00.123Z","message":"a\nb","log":{"offset":3,"flags":["multiline"]},` +
		`"fields":{"namespace":"shop","service-name":"orders","pod-ip":"10.42.0.17","more":1}}`))
	if want := (document{"a\nb", podFields}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := parseDocument([]byte(`{"message":`)); err == nil {
		t.Error("half a document: got no error")
	}
}

func TestCompact(t *testing.T) {
	s := newScreen(new(bytes.Buffer))
	d := document{traced, podFields}
	want := "shop/orders 10.42.0.17 | 08:00:00.123 ERROR OrderService: Order 7 failed : 库存不足 (+2 lines of stack trace)"
	if got := s.compact(d); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	s.width = 100
	want = "shop/orders 10.42.0.17 | 08:00:00.123 ERROR OrderService: Order 7 faile… (+2 lines of stack trace)"
	if got := s.compact(d); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	s.colour = true
	if got := s.compact(d); !strings.Contains(got, red+"ERROR\x1b[0m") {
		t.Errorf("a terminal's line has no colours: %q", got)
	}
}

func TestScreenShowsSomeDocuments(t *testing.T) {
	out := new(bytes.Buffer)
	s := newScreen(out)
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for ms := 0; ms < 10_000; ms += 10 {
		d := document{"ready", podFields}
		if ms%1000 == 990 {
			d.Message = traced
		}
		s.document(d, start.Add(time.Duration(ms)*time.Millisecond))
	}
	lines := strings.Count(out.String(), "\n")
	traces := strings.Count(out.String(), "stack trace")
	if lines < 12 || lines > 20 || traces < 4 || traces > 10 {
		t.Errorf("of ten seconds: got %d documents, %d with a trace, want about two a second, and some traces:\n%s", lines, traces, out)
	}
}

func TestFit(t *testing.T) {
	tests := []struct {
		text    string
		columns int
		want    string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"müß", 3, "müß"},
		{"müßig", 3, "mü…"},
		{"库存不足", 8, "库存不足"},
		{"库存不足", 7, "库存不…"},
		{"库存不足", 6, "库存…"},
		{"abc", 0, "…"},
		{"", 0, ""},
	}
	for _, test := range tests {
		if got := fit(test.text, test.columns); got != test.want {
			t.Errorf("fit(%q, %d): got %q, want %q", test.text, test.columns, got, test.want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -999: "-999", -1000: "-1,000"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestSummary(t *testing.T) {
	good := result{
		tally:    tally{written: 10_000, delivered: 10_000, traces: 271, tracesDelivered: 271, repeated: 3},
		logBytes: 3_100_000, wireBytes: 620_000, codec: "gzip",
		cpu: 120 * time.Millisecond, memory: 14_200_000, p50: 26 * time.Millisecond, p99: 135 * time.Millisecond,
	}
	const want = `
  events written           10,000
  delivered                10,000  as they were written
  missing                       0
  repeated                      3  allowed: delivery is at least once
  torn                          0  documents that are not one whole event
  out of order                  0  within a file and partition
  wrong fields                  0  namespace, service or pod IP
  stack traces                271  of 271, each in one document

  log files                3.1 MB
  sent to Kafka            0.6 MB  gzip batches of JSON documents, 20 % of the log
  logcar's CPU             0.12 s
  logcar's memory         14.2 MB  at its peak
  latency                   26 ms  median from writing to reading back, p99 135 ms

  Every event arrived, whole and in order.

`
	out := new(bytes.Buffer)
	newScreen(out).summary(good)
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out, want)
	}

	bad := map[string]func(*result){
		"FAILED: not every event arrived whole and in order.": func(r *result) { r.tally.missing = 1 },
		"FAILED: logcar did not end well: exit status 1":      func(r *result) { r.exit = errors.New("exit status 1") },
		"FAILED: nothing was written.":                        func(r *result) { *r = result{} },
	}
	for want, spoil := range bad {
		r := good
		spoil(&r)
		out.Reset()
		newScreen(out).summary(r)
		if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "Every event arrived") {
			t.Errorf("got:\n%s\nwant %q", out, want)
		}
	}
}
