package match

import (
	"bytes"
	"regexp"
	"testing"
	"unicode/utf8"
)

const timestamp = `^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}`

func mustCompile(tb testing.TB, expr string) *Pattern {
	tb.Helper()
	p, err := Compile(expr)
	if err != nil {
		tb.Fatalf("Compile(%q): %v", expr, err)
	}
	return p
}

// lines are texts at which the patterns below begin to differ.
var lines = []string{
	"", " ", "\n", "\t", "a", "[", "\\", ";", "0",
	"2018-10-30 08:00:00.123",
	"2018-10-30 08:00:00.123 ERROR [http-1] c.d.Api - request failed",
	"2018-10-30 08:00:00,123 INFO",
	"2018-10-30 08:00:00\t123 INFO",
	"2018-10-30 08:00:00\n123 INFO",
	"2018-10-30 08:00:00é123 INFO",
	"2018-10-30 08:00:00\xff123 INFO",
	"2018-10-30 08:00:00\xe2\x82123 INFO",
	"2018-10-30 08:00:00€123 INFO",
	"2018-10-30 08:00:00é12x INFO",
	"2018-10-30 08:00:00.12",
	"2018-10-30 08:00:00.12é",
	"2018-10-30T08:00:00.123Z",
	"2018-10-30 08:0\xb0:00.123",
	"\xb2018-10-30 08:00:00.123",
	"x2018-10-30 08:00:00.123",
	"\n2018-10-30 08:00:00.123",
	"\tat com.example.Api.call(Api.java:41)",
	"    ... 12 more",
	"Caused by: java.net.ConnectException: Connection refused",
	"caused BY: x",
	"java.lang.IllegalStateException: no instance",
	"[2018-10-30] x", "[INFO] x", "INFO x", "WARN", "ERROR", "an ERROR here", "an error here",
	"line \\", "line \\\n", "select 1;", "select 1; ", "select 1;\n", ";;",
	"été", "Été", "\xc3", "\xc3(", "\xa9t\xc3\xa9", "日本語", "\ufffd", "\xff", "x\xff", "x\ufffd",
	"K", "k", "\u212a", "\u212aelvin", "sS", "\u017f", "Kelvin",
	"true", "false", "foo", "foobar", "foobaz", "foo\nbar", "barfoo", "foo bar",
	"{\"a\":1}", "<14>1 2018-10-30", "Oct 30 08:00:00 host", "Jan  1 08:00:00 host", "10.0.0.1 - -",
	"\x00", "\x00\x00\x00", "\x7f", "\u0080", "\u0085", "\u00a0x",
}

func matcherName(p *Pattern) string {
	switch p.matcher.(type) {
	case *sequence:
		return "sequence"
	case suffix:
		return "suffix"
	case substring:
		return "substring"
	case anyOf:
		return "any of them"
	case *automaton:
		return "automaton"
	default:
		return "regexp"
	}
}

// TestMatch holds the answers against regexp's, and says what decides a pattern.
func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		expr string
		how  string
	}{
		// What Filebeat configurations are made of.
		{timestamp, "sequence"},
		{`^\d{4}-\d{2}-\d{2}`, "sequence"},
		{`^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}[.,]\d{3}`, "sequence"},
		{`^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}$`, "sequence"},
		{`^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?`, "sequence"},
		{`^([0-9]{4}-[0-9]{2}-[0-9]{2})`, "sequence"},
		{`^(?P<date>[0-9]{4})-.*`, "sequence"},
		{`^\[?[0-9]{4}-[0-9]{2}`, "automaton"},
		{`^\d{1,2}/\d{1,2}/\d{4}`, "automaton"},
		{`^[A-Z][a-z]{2} [ 0-9]\d \d{2}:\d{2}:\d{2}`, "sequence"},
		{`^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) `, "automaton"},
		{`^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`, "automaton"},
		{`^\[`, "sequence"},
		{`^\{`, "sequence"},
		{`^<\d`, "sequence"},
		{`^\s`, "sequence"},
		{`^\s+`, "sequence"},
		{`^\S`, "sequence"},
		{`^[^\s]`, "sequence"},
		{`^[[:space:]]`, "sequence"},
		{`^[[:space:]]+`, "sequence"},
		{`^[^[:space:]]`, "sequence"},
		{`^(INFO|WARN|ERROR)`, "automaton"},
		{`^\[(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\]`, "automaton"},
		{`^Caused by:`, "sequence"},
		{`^Caused by:|^\tat `, "automaton"},
		{`^[[:space:]]+(at|\.{3})[[:space:]]+\b|^Caused by:`, "automaton"},
		{`^[[:space:]]+at|^Caused by:`, "automaton"},
		{`\\$`, "suffix"},
		{`;$`, "suffix"},
		{`;\s*$`, "regexp"},
		{`^\s*$`, "automaton"},
		{`^$`, "sequence"},
		{`ERROR`, "substring"},
		{`ERROR|WARN`, "any of them"},
		{`ERROR|;$|^WARN`, "automaton"},
		{`(ERROR|;$)`, "any of them"},
		{`.*ERROR.*`, "substring"},
		{`^.*ERROR`, "automaton"},
		{`^.*`, "sequence"},
		{`.*`, "substring"},
		{``, "substring"},
		{`^`, "sequence"},
		{`$`, "suffix"},
		{`foo|^bar|;$|^foo bar$`, "automaton"},

		// Runes of several bytes.
		{`^été`, "sequence"},
		{`^É?té`, "automaton"},
		{`é$`, "suffix"},
		{`té`, "substring"},
		{`日本`, "substring"},
		{`^日.語`, "sequence"},
		{`^.日`, "sequence"},
		{`^..$`, "sequence"},
		{`^.$`, "sequence"},
		{`^(?s).`, "sequence"},
		{`^(?s)..\n`, "sequence"},
		{`^[é-ü]`, "sequence"},
		{`^[^é]`, "sequence"},
		{`^[^é]x`, "sequence"},
		{`^[a-z日]{2}`, "sequence"},
		{`^\x{fffd}`, "sequence"},
		{`\x{fffd}`, "automaton"},
		{`\x{fffd}$`, "automaton"},
		{`^x[^a]`, "sequence"},
		{`^[\x00-\x7f]`, "sequence"},
		{`^[\x{80}-\x{10ffff}]`, "sequence"},
		{`^[\x{80}-\x{10fffe}]`, "sequence"},
		{`^\pL`, "sequence"},

		// Case.
		{`(?i)^caused by:`, "sequence"},
		{`(?i)^kelvin`, "sequence"},
		{`(?i)^k$`, "sequence"},
		{`(?i)^s{2}`, "sequence"},
		{`(?i)^été`, "sequence"},
		{`(?i)error`, "automaton"},
		{`(?i)^error|^[^k]$`, "automaton"},
		{`^[Ff]oo`, "sequence"},

		// Flags, anchors and repetitions that change what matches.
		{`(?m)^foo`, "automaton"},
		{`(?m)foo$`, "regexp"},
		{`(?m)^ba[rz]`, "automaton"},
		{`(?m)[of]$`, "automaton"},
		{`\B[ao]`, "automaton"},
		{`foo\z`, "suffix"},
		{`\Afoo`, "sequence"},
		{`^foo\b`, "automaton"},
		{`a^b`, "regexp"},
		{`a$b`, "regexp"},
		{`$^`, "automaton"},
		{`^^foo$$`, "sequence"},
		{`(^a)*foo`, "substring"},
		{`x*^foo`, "sequence"},
		{`foo$x*`, "suffix"},
		{`^x*foo`, "automaton"},
		{`^foo(bar)*`, "sequence"},
		{`^foo(bar\b)?`, "sequence"},
		{`^foo(bar\b)?x`, "automaton"},
		{`^(foo|ba[rz])+`, "automaton"},
		{`^(foo|bar)+$`, "automaton"},
		{`^f{0}oo`, "sequence"},
		{`^.{2,}`, "sequence"},
		{`^.{2,4}$`, "automaton"},
		{`^.{1,40}x`, "automaton"},
		{`^.{64}`, "sequence"},
		{`^.{65}`, "automaton"},
		{`^[0-9]{1000}`, "regexp"},
		{`[0-9]`, "automaton"},
		{`[0-9]$`, "automaton"},
		{`[^\x00-\x{10ffff}]`, "automaton"},
		{`^[^\x00-\x{10ffff}]|^a`, "automaton"},
	} {
		p := mustCompile(t, tt.expr)
		if how := matcherName(p); how != tt.how || p.Fast() != (how != "regexp") {
			t.Errorf("%q: decided by %s, not by %s; fast: %v", tt.expr, how, tt.how, p.Fast())
		}
		if p.String() != tt.expr {
			t.Errorf("%q: String is %q", tt.expr, p)
		}
		re := regexp.MustCompile(tt.expr)
		for _, line := range lines {
			for end := range len(line) + 1 { // each beginning of it
				if got, want := p.Match([]byte(line[:end])), re.MatchString(line[:end]); got != want {
					t.Errorf("%q on %q: %v, regexp says %v", tt.expr, line[:end], got, want)
				}
			}
		}
	}
}

func TestCompileError(t *testing.T) {
	for expr, want := range map[string]string{
		`(`:       "error parsing regexp: missing closing ): `(`",
		`[a`:      "error parsing regexp: missing closing ]: `[a`",
		`a**`:     "error parsing regexp: invalid nested repetition operator: `**`",
		`a{2000}`: "error parsing regexp: invalid repeat count: `{2000}`",
		`(?=a)`:   "error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
	} {
		if _, err := Compile(expr); err == nil || err.Error() != want {
			t.Errorf("Compile(%q): %v, want %s", expr, err, want)
		}
	}
}

// TestFirst: a pattern that regexp decides is still spared the lines whose first
// byte rules a match out, and only those.
func TestFirst(t *testing.T) {
	for _, tt := range []struct{ expr, first string }{
		{`^[[:space:]]+(at|\.{3})[[:space:]]+\b|^Caused by:`, "\t\n\v\f\r C"},
		{`^(?i)k+\b`, "Kk"},
		{`^\bfoo`, "f"},
		{`(?:(^a+b)|^b+c)`, "ab"},
	} {
		p := mustCompile(t, tt.expr)
		var got []byte
		for c := range 0x80 {
			if p.first[c] {
				got = append(got, byte(c))
			}
		}
		if string(got) != tt.first {
			t.Errorf("%q: first bytes %q, want %q", tt.expr, got, tt.first)
		}
	}
	for _, expr := range []string{`foo`, `^a|b`, `^a*`, `(?m)^a`, `^(a|b|)`, `^a|$`} {
		if p := mustCompile(t, expr); p.first['z'] != true || p.first['\n'] != true {
			t.Errorf("%q: has first bytes, but a match may begin otherwise", expr)
		}
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	for _, expr := range []string{timestamp, `^\[`, `^\s`, `^[^\s]`, `ERROR|WARN`, `\\$`, `^(INFO|WARN) \d`} {
		p := mustCompile(t, expr)
		if !p.Fast() {
			t.Errorf("%q is not fast", expr)
		}
		for _, line := range lines {
			b := []byte(line)
			if bytes.ContainsFunc(b, func(r rune) bool { return r >= utf8.RuneSelf }) {
				continue // regexp may be asked, and its pool forgets under the race detector
			}
			if n := testing.AllocsPerRun(100, func() { p.Match(b) }); n != 0 {
				t.Errorf("%q on %q: %v allocations", expr, line, n)
			}
		}
	}
}
