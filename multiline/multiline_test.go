package multiline

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const timestamp = `^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}`

func mustNew(tb testing.TB, c Config) Rule {
	tb.Helper()
	r, err := New(c)
	if err != nil {
		tb.Fatalf("New(%+v): %v", c, err)
	}
	return r
}

// join is the simplest caller: it joins the lines as r says, and takes the end of
// the lines for the end of the last event.
func join(r Rule, lines []string) []string {
	var events, open []string
	end := func() {
		if len(open) > 0 {
			events = append(events, strings.Join(open, "\n"))
			open = nil
		}
	}
	for _, line := range lines {
		v := r.Judge([]byte(line), len(open))
		if v&Begin != 0 {
			end()
		}
		open = append(open, line)
		if v&End != 0 {
			end()
		}
	}
	end()
	return events
}

// TestJoin holds the grouping against what Filebeat 8.1 makes of the same lines.
func TestJoin(t *testing.T) {
	var (
		java = []string{
			"2018-10-30 08:00:00.001 INFO  [main] c.d.ConfigServer - started on port 9090",
			"2018-10-30 08:00:00.123 ERROR [http-1] c.d.Api - request failed",
			"java.lang.IllegalStateException: no instance available for dac-api-center",
			"\tat org.springframework.cloud.netflix.ribbon.RibbonClient.execute(RibbonClient.java:82)",
			"\tat com.dac.Api.call(Api.java:41)",
			"Caused by: java.net.ConnectException: Connection refused",
			"\t... 12 more",
			"2018-10-30 08:00:00.456 WARN  [http-2] c.d.Api - slow call: 1204 ms",
			"",
			"2018-10-30 08:00:01,789 INFO  [main] c.d.ConfigServer - comma instead of dot",
			"2018-10-30 08:00:02.000 INFO  [main] c.d.ConfigServer - stopped",
		}
		b       = []string{"c", "b1", "b2", "a", "c", "b3", "a", "a", "b4", "c", "c"}
		bFirst  = []string{"b0", "b1", "x", "b2", "y", "y2", "b3"}
		shell   = []string{`printf \`, `  a \`, `  b`, `next`, `last \`}
		flushes = []string{"start 1", "x", "end", "between", "start 2", "y", "end", "start 3", "z"}
		braces  = []string{"{a", "{b", "plain", "{c", "plain2", "plain3"}
	)
	after := func(pattern string, negate bool) Config {
		return Config{Pattern: pattern, Negate: negate, Match: "after"}
	}
	before := func(pattern string, negate bool) Config {
		return Config{Pattern: pattern, Negate: negate, Match: "before"}
	}
	for _, tt := range []struct {
		name   string
		config Config
		lines  []string
		want   []int // lines of each event
	}{
		{"timestamp", after(timestamp, true), java, []int{1, 6, 2, 1, 1}},
		{"timestamp, no first one", after(timestamp, true), java[3:], []int{4, 2, 1, 1}},
		{"indent", after(`^[[:space:]]+(at|\.{3})[[:space:]]+\b|^Caused by:`, false), java, []int{1, 1, 5, 1, 1, 1, 1}},
		{"after", after("^b", false), b, []int{3, 1, 2, 1, 2, 1, 1}},
		{"after, match first", after("^b", false), bFirst, []int{2, 2, 1, 2}},
		{"after, negated", after("^b", true), b, []int{1, 1, 3, 3, 3}},
		{"before", before("^b", false), b, []int{1, 3, 1, 2, 1, 2, 1}},
		{"before, match first", before("^b", false), bFirst, []int{3, 2, 1, 1}},
		{"before, negated", before("^b", true), b, []int{2, 1, 3, 3, 2}},
		{"backslash", before(`\\$`, false), shell, []int{3, 1, 1}},
		{"semicolon", before(`;$`, true), []string{"select 1", "from dual;", "commit;", ";", "x"}, []int{2, 1, 1, 1}},
		{"empty lines", after(`^\[`, true), []string{"[1]", "", "", "x", "", "[2]", ""}, []int{5, 2}},
		{"leading empty lines", after(`^\[`, true), []string{"", "", "[1]"}, []int{2, 1}},
		{"flush pattern", Config{Pattern: "^start", Negate: true, Match: "after", FlushPattern: "^end"}, flushes, []int{3, 1, 3, 2}},
		{"flush pattern on an event's first line", Config{Pattern: "^start", Negate: true, Match: "after", FlushPattern: "^start|^end"}, flushes, []int{3, 2, 2, 2}},
		{"flush pattern takes in what would begin an event", Config{Pattern: "^b", Negate: true, Match: "after", FlushPattern: "2$"}, []string{"b1", "b2", "c", "b3"}, []int{2, 1, 1}},
		{"flush pattern on lines that join the next", Config{Pattern: `\\$`, Match: "before", FlushPattern: "^!"}, []string{`a \`, `!\`, `b \`, "c"}, []int{2, 2}},
		{"count", Config{Type: Count, CountLines: 3}, []string{"1", "2", "", "4", "5", "6", "7"}, []int{3, 3, 1}},
		{"count one", Config{Type: Count, CountLines: 1}, []string{"1", "", "3"}, []int{1, 1, 1}},
		{"while", Config{Type: WhilePattern, Pattern: `^\{`}, braces, []int{2, 1, 1, 1, 1}},
		{"while, negated", Config{Type: WhilePattern, Pattern: `^\{`, Negate: true}, braces, []int{1, 1, 1, 1, 2}},
		{"while has no flush pattern", Config{Type: WhilePattern, Pattern: `^\{`, FlushPattern: "a"}, braces, []int{2, 1, 1, 1, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			rest := tt.lines
			for _, n := range tt.want {
				want = append(want, strings.Join(rest[:n], "\n"))
				rest = rest[n:]
			}
			if len(rest) > 0 {
				t.Fatalf("the table says nothing of %q", rest)
			}
			if got := join(mustNew(t, tt.config), tt.lines); !slices.Equal(got, want) {
				t.Errorf("events %q\nwant   %q", got, want)
			}
		})
	}
}

// TestJudge: an event that is known to be over is ended with its last line, not
// with the line after it.
func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config Config
		line   string
		lines  int
		want   Verdict
	}{
		{"anchor", Config{Pattern: "^b", Negate: true, Match: "after"}, "b", 3, Begin},
		{"continuation", Config{Pattern: "^b", Negate: true, Match: "after"}, "a", 3, 0},
		{"not joined to the next", Config{Pattern: `\\$`, Match: "before"}, "a", 3, End},
		{"not joined to the next, alone", Config{Pattern: `\\$`, Match: "before"}, "a", 0, End},
		{"joined to the next", Config{Pattern: `\\$`, Match: "before"}, `a\`, 0, 0},
		{"flush", Config{Pattern: "^b", Negate: true, Match: "after", FlushPattern: "^b"}, "b", 1, End},
		{"flush, first line", Config{Pattern: "^b", Negate: true, Match: "after", FlushPattern: "^b"}, "b", 0, Begin},
		{"count", Config{Type: Count, CountLines: 2}, "", 0, 0},
		{"count, last", Config{Type: Count, CountLines: 2}, "", 1, End},
		{"while", Config{Type: WhilePattern, Pattern: "^b"}, "b", 1, 0},
		{"while, other", Config{Type: WhilePattern, Pattern: "^b"}, "a", 1, Begin | End},
		{"empty pattern for count", Config{Type: Count, CountLines: 2, Match: "nowhere"}, "", 1, End},
	} {
		if got := mustNew(t, tt.config).Judge([]byte(tt.line), tt.lines); got != tt.want {
			t.Errorf("%s: Judge(%q, %d) is %b, want %b", tt.name, tt.line, tt.lines, got, tt.want)
		}
	}
}

func TestNewErrors(t *testing.T) {
	for _, tt := range []struct {
		config Config
		want   string
	}{
		{Config{Match: "after"}, "pattern: missing; expected a regular expression"},
		{Config{Type: WhilePattern}, "pattern: missing; expected a regular expression"},
		{Config{Pattern: "("}, "pattern: error parsing regexp: missing closing ): `(`"},
		{Config{Type: Count, CountLines: 2, Pattern: "("}, "pattern: error parsing regexp: missing closing ): `(`"},
		{Config{Pattern: "a", Match: "after", FlushPattern: "[z"}, "flush_pattern: error parsing regexp: missing closing ]: `[z`"},
		{Config{Pattern: "a"}, "match: missing; expected after or before"},
		{Config{Pattern: "a", Match: "befor"}, `match: "befor" is neither after nor before`},
		{Config{Type: Count}, "count_lines: 0; expected 1 or more"},
		{Config{Type: Count, CountLines: -3}, "count_lines: -3; expected 1 or more"},
		{Config{Pattern: "a", Match: "after", Timeout: -time.Second}, "timeout: -1s is negative; 0 is no timeout"},
		{Config{Type: 9, Pattern: "a"}, "type: Type(9) is none of pattern, count, while_pattern"},
	} {
		if r, err := New(tt.config); err == nil || err.Error() != tt.want || r != nil {
			t.Errorf("New(%+v): %v, %v; want %s", tt.config, r, err, tt.want)
		}
	}
}

func TestParseType(t *testing.T) {
	for name, want := range map[string]Type{
		"":              Pattern,
		"pattern":       Pattern,
		"count":         Count,
		"while_pattern": WhilePattern,
		"while-pattern": WhilePattern,
	} {
		if got, err := ParseType(name); err != nil || got != want {
			t.Errorf("ParseType(%q): %v, %v; want %v", name, got, err, want)
		}
		if got, err := ParseType(want.String()); err != nil || got != want {
			t.Errorf("ParseType(%q): %v, %v; want %v", want, got, err, want)
		}
	}
	const want = `type: "Pattern" is none of pattern, count, while_pattern`
	if _, err := ParseType("Pattern"); err == nil || err.Error() != want {
		t.Errorf("ParseType: %v, want %s", err, want)
	}
}

func TestJudgeDoesNotAllocate(t *testing.T) {
	line := []byte("2018-10-30 08:00:00.001 INFO started")
	for _, c := range []Config{
		{Pattern: timestamp, Negate: true, Match: "after", FlushPattern: "^end"},
		{Pattern: `\\$`, Match: "before"},
		{Type: WhilePattern, Pattern: `^\{`},
		{Type: Count, CountLines: 3},
	} {
		r := mustNew(t, c)
		if n := testing.AllocsPerRun(100, func() { r.Judge(line, 1) }); n != 0 {
			t.Errorf("%+v: %v allocations", c, n)
		}
	}
}
