package javalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var (
	morning = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

	// The multiline pattern of the deployments that logcar is made for.
	anchor = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}`)

	// Spring Boot's default pattern, column by column.
	firstLine = regexp.MustCompile(`^[-0-9]{10} [:0-9]{8}\.[0-9]{3} (DEBUG| INFO| WARN|ERROR) 1 --- \[.{15}\] .{40} : `)

	frame = regexp.MustCompile(`^\t\t?at [\w.$]+\.[\w$<>]+\((Native Method|Unknown Source|<generated>|\w+\.java(:\d+)?)\)$`)
	more  = regexp.MustCompile(`^\t\t?\.\.\. \d+ more$`)

	// What is left of a placeholder whose name is misspelt.
	unfilled = regexp.MustCompile(`\{[a-z0-9]+\}`)
)

// generate returns n events of one generator.
func generate(g *Generator, n int) [][]byte {
	events := make([][]byte, n)
	for i := range events {
		events[i] = g.Append(nil)
	}
	return events
}

func TestSeedDecidesEveryByte(t *testing.T) {
	// Benchmarks of different days are comparable as long as these hold. A
	// deliberate change of the messages changes them.
	tests := []struct {
		seed    uint64
		options []Option
		want    string
	}{
		{seed: 1, want: "6bf1da263ab803e8"},
		{seed: 2, want: "db8f7cb9d5890da7"},
		{seed: 1, options: []Option{Numbered}, want: "5197ee35e951e310"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("seed %d with %d options", test.seed, len(test.options)), func(t *testing.T) {
			hash := sha256.New()
			g := New(test.seed, morning, test.options...)
			for range 10_000 {
				hash.Write(g.Append(nil))
			}
			if got := hex.EncodeToString(hash.Sum(nil)[:8]); got != test.want {
				t.Errorf("hash of 10000 events: got %s, want %s", got, test.want)
			}
		})
	}
}

func TestAppendKeepsWhatDstHolds(t *testing.T) {
	one, two := New(7, morning), New(7, morning)
	var together []byte
	var apart [][]byte
	for range 500 {
		together = one.Append(together)
		apart = append(apart, two.Append([]byte{}))
	}
	if !bytes.Equal(together, bytes.Join(apart, nil)) {
		t.Error("events appended to one slice differ from the same events appended to empty ones")
	}
}

func TestOnlyFirstLinesAreAnchored(t *testing.T) {
	for i, event := range generate(New(3, morning), 20_000) {
		text, ended := bytes.CutSuffix(event, []byte("\n"))
		if !ended {
			t.Fatalf("event %d does not end with a line feed: %q", i, event)
		}
		lines := bytes.Split(text, []byte("\n"))
		if !anchor.Match(lines[0]) || !firstLine.Match(lines[0]) {
			t.Fatalf("event %d: first line is not in logback's pattern: %q", i, lines[0])
		}
		for _, line := range lines[1:] {
			if anchor.Match(line) {
				t.Fatalf("event %d: a later line looks like a first one: %q", i, line)
			}
		}
		if !utf8.Valid(event) || bytes.ContainsRune(event, '\r') {
			t.Fatalf("event %d is not UTF-8 with plain line feeds: %q", i, event)
		}
		// Spring prints {masked} itself.
		if name := unfilled.Find(bytes.ReplaceAll(event, []byte("{masked}"), nil)); name != nil {
			t.Fatalf("event %d holds the placeholder %s: %q", i, name, event)
		}
	}
}

func TestLogLooksLikeABusyService(t *testing.T) {
	const count = 50_000
	var size, lines, traced, nonASCII, causes, suppressed int
	levels := map[string]int{}
	threads := map[string]bool{}
	loggers := map[string]bool{}
	lengths := []int{}
	for _, event := range generate(New(4, morning), count) {
		first, rest, _ := bytes.Cut(event, []byte("\n"))
		size += len(event)
		lines += bytes.Count(event, []byte("\n"))
		levels[strings.TrimSpace(string(first[24:29]))]++
		threads[string(first[37:52])] = true
		loggers[string(first[54:94])] = true
		lengths = append(lengths, len(first))
		if len(rest) > 0 {
			traced++
		}
		if len(event) != utf8.RuneCount(event) {
			nonASCII++
		}
		if bytes.Contains(rest, []byte("\nCaused by: ")) {
			causes++
		}
		if bytes.Contains(rest, []byte("\n\tSuppressed: ")) {
			suppressed++
		}
	}
	slices.Sort(lengths)

	share := func(n int) float64 { return 100 * float64(n) / count }
	checks := []struct {
		what           string
		got, low, high float64
	}{
		{"bytes per line", float64(size) / float64(lines), 170, 210},
		{"bytes per event", float64(size) / count, 250, 350},
		{"% of events with a trace", share(traced), 2, 4},
		{"% not in ASCII", share(nonASCII), 5, 20},
		{"% INFO", share(levels["INFO"]), 75, 83},
		{"% DEBUG", share(levels["DEBUG"]), 10, 14},
		{"% WARN", share(levels["WARN"]), 4, 8},
		{"% ERROR", share(levels["ERROR"]), 2, 4},
		{"% of traces with a cause", 100 * float64(causes) / float64(traced), 30, 70},
		{"% of traces with a suppressed exception", 100 * float64(suppressed) / float64(traced), 4, 14},
		{"threads", float64(len(threads)), 100, 400},
		{"loggers", float64(len(loggers)), 25, 60},
		{"shortest first line", float64(lengths[0]), 97, 140},
		{"longest first line", float64(lengths[count-1]), 400, 1000},
	}
	for _, c := range checks {
		if c.got < c.low || c.got > c.high {
			t.Errorf("%s: got %.1f, want %.0f to %.0f", c.what, c.got, c.low, c.high)
		}
	}
}

func TestTracesAreWhatJavaPrints(t *testing.T) {
	shallowest, deepest := 1000, 0
	for _, event := range generate(New(5, morning), 50_000) {
		_, rest, _ := bytes.Cut(event, []byte("\n"))
		if len(rest) == 0 {
			continue
		}
		frames := 0
		inCause := false
		for line := range strings.Lines(string(rest)) {
			line = strings.TrimSuffix(line, "\n")
			switch {
			case strings.HasPrefix(line, "Caused by: "), strings.HasPrefix(line, "\tSuppressed: "):
				inCause = true
			case strings.HasPrefix(line, "\tat "), strings.HasPrefix(line, "\t\tat "):
				if !frame.MatchString(line) {
					t.Fatalf("not a frame: %q", line)
				}
				if !inCause {
					frames++
				}
			case strings.HasPrefix(line, "\t"):
				if !more.MatchString(line) {
					t.Fatalf("neither frame nor rest: %q", line)
				}
			}
		}
		shallowest, deepest = min(shallowest, frames), max(deepest, frames)
	}
	if shallowest != 8 || deepest < 50 || deepest > 60 {
		t.Errorf("frames: got %d to %d, want 8 to between 50 and 60", shallowest, deepest)
	}
}

func TestClock(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	g := New(6, morning.In(shanghai))
	const layout = "2006-01-02 15:04:05.000"
	last := morning
	for range 20_000 {
		event := g.Append(nil)
		at, err := time.ParseInLocation(layout, string(event[:len(layout)]), shanghai)
		if err != nil || at.Before(last) || at.After(last.Add(time.Second)) {
			t.Fatalf("time after %v: got %v, %v", last, at, err)
		}
		last = at
	}
	if last.Before(morning.Add(10 * time.Second)) {
		t.Errorf("20000 events took until %v, want the clock to move", last)
	}

	// A live log follows the caller's clock, backwards too.
	for _, at := range []time.Time{
		morning.Add(59*time.Minute + 999*time.Millisecond),
		morning,
		time.Date(1969, 12, 31, 23, 59, 59, int(7*time.Millisecond), time.UTC),
	} {
		event := g.AppendAt(nil, at)
		if got, want := string(event[:len(layout)]), at.Format(layout); got != want {
			t.Errorf("AppendAt(%v): got %s, want %s", at, got, want)
		}
	}
}

func TestNumbered(t *testing.T) {
	g := New(8, morning, Numbered)
	for want := uint64(1); want <= 5000; want++ {
		event := string(g.Append(nil))
		if got, ok := Sequence(event); !ok || got != want || g.Events() != want {
			t.Fatalf("event %d: Sequence says %d, %v and Events %d: %q", want, got, ok, g.Events(), event)
		}
		_, rest, _ := strings.Cut(event, "\n")
		if n, ok := Sequence(rest); ok {
			t.Fatalf("event %d without its first line still has number %d: %q", want, n, event)
		}
	}
	for _, event := range generate(New(8, morning), 5000) {
		if n, ok := Sequence(string(event)); ok {
			t.Fatalf("an event of a log without numbers has number %d: %q", n, event)
		}
	}
}

func TestSequence(t *testing.T) {
	const head = "2026-03-01 08:00:00.004  INFO 1 --- [           main] c.d.App                                  : "
	tests := []struct {
		event string
		want  uint64
		ok    bool
	}{
		{head + "seq=00000042 started", 42, true},
		{head + "seq=99999999 started", 99_999_999, true},
		{head + "seq=100000000 started", 100_000_000, true},
		{head + "seq=00000042 a : seq=00000043 b", 42, true},
		{head + "seq=00000042 \n\tat a.B.c(B.java:1)", 42, true},
		{head + "seq=00000042", 0, false}, // cut off within the number, perhaps
		{head + "seq=42 started", 0, false},
		{head + "seq=0000004x started", 0, false},
		{head + "seq=99999999999999999999 started", 0, false},
		{head + "started seq=00000042 ", 0, false},
		{head + "\nx : seq=00000042 ", 0, false},
		{"seq=00000042 started", 0, false},
		{"", 0, false},
	}
	for _, test := range tests {
		if n, ok := Sequence(test.event); n != test.want || ok != test.ok {
			t.Errorf("Sequence(%q): got %d, %v, want %d, %v", test.event, n, ok, test.want, test.ok)
		}
	}
	for _, n := range []uint64{1, 9, 10, 9_999_999, 10_000_000, 99_999_999, 100_000_000, 1 << 62} {
		if got, want := string(appendNumber(nil, n)), fmt.Sprintf("seq=%08d ", n); got != want {
			t.Errorf("number %d: got %q, want %q", n, got, want)
		}
	}
}

func TestAbbreviate(t *testing.T) {
	tests := []struct{ name, want string }{
		{"com.demo.App", "com.demo.App"},
		{"com.netflix.discovery.DiscoveryClient", "com.netflix.discovery.DiscoveryClient"},
		{"com.demo.cloud.config.server.environment.ConfigService", "c.d.c.c.s.environment.ConfigService"},
		{"org.springframework.data.redis.core.RedisConnectionUtils", "o.s.d.redis.core.RedisConnectionUtils"},
		{"ANameWithoutPackagesThatIsLongerThanTheColumn", "ANameWithoutPackagesThatIsLongerThanTheColumn"},
		{"", ""},
	}
	for _, test := range tests {
		if got := abbreviate(test.name); got != test.want {
			t.Errorf("abbreviate(%q): got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	g := New(9, morning, Numbered)
	buf := make([]byte, 0, 64<<10)
	if n := testing.AllocsPerRun(20_000, func() { buf = g.Append(buf[:0]) }); n != 0 {
		t.Errorf("allocations per event: got %v, want 0", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	g := New(1, morning)
	buf := make([]byte, 0, 64<<10)
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		buf = g.Append(buf[:0])
		size += len(buf)
	}
	b.SetBytes(int64(size / b.N))
}
