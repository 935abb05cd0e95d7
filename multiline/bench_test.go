package multiline

import (
	"bytes"
	"testing"
)

// BenchmarkJudge judges a Java service's log: one event in four has a stack trace
// of a dozen frames. Bytes per second are of the log.
func BenchmarkJudge(b *testing.B) {
	const event = "2018-10-30 08:00:00.123 INFO  [http-nio-8080-exec-7] c.d.api.RequestFilter - GET /api/orders/4711 200 in 12 ms\n"
	text := []byte(event + event + event + event + "java.lang.IllegalStateException: no instance available for dac-api-center\n")
	for range 12 {
		text = append(text, "\tat org.springframework.cloud.netflix.ribbon.RibbonClient.execute(RibbonClient.java:82)\n"...)
	}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))

	for _, bm := range []struct {
		name   string
		config Config
	}{
		{"timestamp", Config{Pattern: timestamp, Negate: true, Match: "after"}},
		{"indent", Config{Pattern: `^[[:space:]]+(at|\.{3})[[:space:]]+\b|^Caused by:`, Match: "after"}},
		{"space", Config{Pattern: `^[[:space:]]`, Match: "after"}},
		{"flush", Config{Pattern: timestamp, Negate: true, Match: "after", FlushPattern: "^end"}},
		{"backslash", Config{Pattern: `\\$`, Match: "before"}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r := mustNew(b, bm.config)
			open := 0
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				for _, line := range lines {
					v := r.Judge(line, open)
					open++
					if v&Begin != 0 {
						open = 1
					}
					if v&End != 0 {
						open = 0
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/line")
		})
	}
}
