package processor

import (
	"strings"
	"testing"
)

// benchTemplate is what events of a file have in common.
func benchTemplate(b *testing.B) *Document {
	return document(b, `{"input":{"type":"log"},"log":{"file":{"path":"/logs/app.log"}},"fields":{"namespace":"prod","service":"pay","pod_ip":"10.1.2.3"},
		"agent":{"type":"filebeat","name":"pay-7c9","id":"cfe08cb8","ephemeral_id":"3fc97cb7","version":"8.1.0"},"ecs":{"version":"8.0.0"},"host":{"name":"pay-7c9"}}`)
}

var benchLine = "2018-10-30 08:00:00.123 INFO  [http-nio-8080-exec-1] c.e.pay.OrderService - order=4711 user=alice took=12ms " + strings.Repeat("x", 60)

// BenchmarkEvent is what an event costs, from the copy of what its file's events
// have in common on, without its encoding.
func BenchmarkEvent(b *testing.B) {
	for _, c := range []struct{ name, processors, message string }{
		{"drop_event contains", `[{drop_event: {when: {contains: {message: DEBUG}}}}]`, benchLine},
		{"drop_event regexp", `[{drop_event: {when: {regexp: {message: '^\d{4}-\d\d-\d\d \S+ DEBUG'}}}}]`, benchLine},
		{"add_tags when", `[{add_tags: {tags: [order], when: {contains: {message: 'order='}}}}]`, benchLine},
		{"rename", `[{rename: {fields: [{from: message, to: event.original}]}}]`, benchLine},
		{"replace that matches", `[{replace: {fields: [{field: message, pattern: 'user=\w+', replacement: 'user=*'}]}}]`, benchLine},
		{"replace that does not", `[{replace: {fields: [{field: message, pattern: 'passwd=\w+', replacement: 'passwd=*'}]}}]`, benchLine},
		{"dissect", `[{dissect: {tokenizer: '%{date} %{time} %{level->} [%{thread}] %{class} - %{text}'}}]`, benchLine},
		{"dissect, timestamp, drop_fields", `[{dissect: {tokenizer: '%{ts} %{+ts} %{level->} [%{thread}] %{class} - %{text}', target_prefix: d}}, {timestamp: {field: d.ts, layouts: ['2006-01-02 15:04:05.000']}}, {drop_fields: {fields: [d.ts]}}]`, benchLine},
		{"decode_json_fields", `[{decode_json_fields: {fields: [message], target: j}}]`, `{"level":"INFO","thread":"http-nio-8080-exec-1","logger":"c.e.pay.OrderService","message":"order=4711 user=alice took=12ms","order":4711,"took":12.5,"mdc":{"user":"alice","trace":"4bf92f3577b34da6"}}`},
		{"fingerprint", `[{fingerprint: {fields: [message, log.offset]}}]`, benchLine},
		{"add_host_metadata, unfolded", `[{add_host_metadata: {}}]`, benchLine},
	} {
		b.Run(c.name, func(b *testing.B) {
			template := benchTemplate(b)
			chain := build(b, c.processors)
			filter, rest := chain.Filter()
			shared, d := template.Clone(), template.Clone()
			d.Save()
			b.SetBytes(int64(len(c.message)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if filter != nil {
					_ = shared.Put("message", c.message)
					filter.Run(shared)
				}
				if rest != nil {
					d.Restore()
					_ = d.Put("message", c.message)
					_ = d.Put("log.offset", int64(i))
					rest.Run(d)
				}
			}
			for _, s := range chain.Stats() {
				if s.Failed > 0 {
					b.Fatal(s.Err)
				}
			}
		})
	}
}

func BenchmarkClone(b *testing.B) {
	template := benchTemplate(b)
	b.Run("Clone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			template.Clone()
		}
	})
	b.Run("Restore", func(b *testing.B) {
		b.ReportAllocs()
		d := template.Clone()
		d.Save()
		for b.Loop() {
			_ = d.Put("message", benchLine)
			_ = d.Put("log.offset", int64(1))
			d.Restore()
		}
	})
}

func BenchmarkFormat(b *testing.B) {
	d := benchTemplate(b)
	for _, s := range []string{"%{[fields.namespace]}", "logs-%{[fields.namespace]}-%{+yyyy.MM.dd}"} {
		f, err := ParseFormat(s)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				if buf, err = f.Append(buf[:0], d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJSON(b *testing.B) {
	s := jsonSeeds[0]
	for name, parse := range map[string]func(string) (any, error){"own": parseJSON, "encoding/json": slowJSON} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				if _, err := parse(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFold(b *testing.B) {
	l := list(b, `[{add_host_metadata: {}}, {add_fields: {fields: {a: 1}}}, {add_tags: {tags: x}}, {add_pod_metadata: {}}]`)
	template := benchTemplate(b)
	for b.Loop() {
		c, err := New(l)
		if err != nil {
			b.Fatal(err)
		}
		if rest, _ := c.Fold(template.Clone(), Overlap("message")); rest != nil {
			b.Fatal("something is left")
		}
	}
}
