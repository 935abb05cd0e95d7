package multiline

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// model groups lines by the definition of Filebeat's options, as a reader of its
// documentation would: with the line before at hand, and with regexp.
func model(c Config, lines []string) []string {
	pattern, flush := regexp.MustCompile(c.Pattern), regexp.MustCompile(c.FlushPattern)
	is := func(line string) bool { return pattern.MatchString(line) != c.Negate }

	var events []string
	lines = slices.Clone(lines)
	for len(lines) > 0 {
		n := 1 // lines of the event that begins with lines[0]
		switch c.Type {
		case Count:
			n = min(c.CountLines, len(lines))
		case WhilePattern:
			for n < len(lines) && is(lines[n-1]) && is(lines[n]) {
				n++
			}
		case Pattern:
			for n < len(lines) {
				last, line := lines[n-1], lines[n]
				if c.Match == "before" && !is(last) { // over before flush is asked
					break
				}
				if c.FlushPattern != "" && flush.MatchString(line) {
					n++
					break
				}
				if c.Match == "after" && !is(line) {
					break
				}
				n++
			}
		}
		events = append(events, strings.Join(lines[:n], "\n"))
		lines = lines[n:]
	}
	return events
}

// FuzzJoin makes a configuration of how, and takes text's lines.
func FuzzJoin(f *testing.F) {
	for how := range uint16(3 * 2 * 2 * 4 * 6) {
		f.Add(how, "b1\nc\n\nb2 \\\nend\n\tat\nb\n2018-10-30 08:00:00.001 x\n{\nend\nend;\n\xff\nü\n")
	}
	f.Fuzz(func(t *testing.T, how uint16, text string) {
		pick := func(n int) int {
			i := int(how) % n
			how /= uint16(n)
			return i
		}
		c := Config{
			Type:         Type(pick(3)),
			Negate:       pick(2) == 1,
			Match:        []string{"after", "before"}[pick(2)],
			FlushPattern: []string{"", "^end", "b", `^[^\s]`}[pick(4)],
			Pattern:      []string{"^b", `^\s`, `[\\;]$`, timestamp, `^.{2}|end`, `c?`}[pick(6)],
		}
		c.CountLines = 1 + pick(4)
		lines := strings.Split(text, "\n")
		if got, want := join(mustNew(t, c), lines), model(c, lines); !slices.Equal(got, want) {
			t.Errorf("%+v\nevents %q\nwant   %q", c, got, want)
		}
	})
}
