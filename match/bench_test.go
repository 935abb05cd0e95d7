package match

import (
	"regexp"
	"testing"
)

// BenchmarkMatch compares Match with regexp: a line that matches, one whose first
// byte rules it out, and one that fails late or, without a first byte, in the end.
func BenchmarkMatch(b *testing.B) {
	const (
		event = "2018-10-30 08:00:00.123 ERROR [http-nio-8080-exec-7] c.d.Api - request failed"
		frame = "\tat org.springframework.cloud.netflix.ribbon.RibbonClient.execute(RibbonClient.java:82)"
		cause = "Caused by: java.net.ConnectException: Connection refused"
	)
	for _, bm := range []struct {
		name, expr      string
		hit, miss, late string
	}{
		{"timestamp", timestamp, event, frame, "2018-10-30 08:00:00.12x ERROR"},
		{"timestamp-t", `^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}`, event, frame, "2018-10-30T08:00:x0"},
		{"bracket", `^\[`, "[2018-10-30]", frame, event},
		{"space", `^[[:space:]]`, frame, event, cause},
		{"alternatives", `^Caused by:|^\tat |^\t\.\.\. `, frame, event, "Caused at last"},
		{"literal", `ERROR`, event, frame, cause},
		{"suffix", `\\$`, frame + `\`, frame, event},
		{"ignore-case", `(?i)error`, event, frame, cause},
		{"indent", `^[[:space:]]+(at|\.{3})[[:space:]]+\b|^Caused by:`, frame, event, "\t."},
	} {
		p, re := mustCompile(b, bm.expr), regexp.MustCompile(bm.expr)
		for _, line := range []struct{ name, text string }{{"hit", bm.hit}, {"miss", bm.miss}, {"late", bm.late}} {
			text := []byte(line.text)
			if want := line.name == "hit"; p.Match(text) != want || re.Match(text) != want {
				b.Fatalf("%q on %q: not a %s", bm.expr, text, line.name)
			}
			b.Run(bm.name+"/"+line.name+"/match", func(b *testing.B) {
				for b.Loop() {
					p.Match(text)
				}
			})
			b.Run(bm.name+"/"+line.name+"/regexp", func(b *testing.B) {
				for b.Loop() {
					re.Match(text)
				}
			})
		}
	}
}
