package match

import (
	"regexp"
	"testing"
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

// TestMatch holds the answers against regexp's, and says which patterns a byte
// matcher decides.
func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		expr string
		fast bool
	}{
		// What Filebeat configurations are made of.
		{timestamp, true},
		{`^\d{4}-\d{2}-\d{2}`, true},
		{`^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}[.,]\d{3}`, true},
		{`^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}$`, true},
		{`^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?`, true},
		{`^([0-9]{4}-[0-9]{2}-[0-9]{2})`, true},
		{`^(?P<date>[0-9]{4})-.*`, true},
		{`^\[?[0-9]{4}-[0-9]{2}`, true},
		{`^\d{1,2}/\d{1,2}/\d{4}`, true},
		{`^[A-Z][a-z]{2} [ 0-9]\d \d{2}:\d{2}:\d{2}`, true},
		{`^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) `, true},
		{`^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`, false},
		{`^\[`, true},
		{`^\{`, true},
		{`^<\d`, true},
		{`^\s`, true},
		{`^\s+`, true},
		{`^\S`, true},
		{`^[^\s]`, true},
		{`^[[:space:]]`, true},
		{`^[[:space:]]+`, true},
		{`^[^[:space:]]`, true},
		{`^(INFO|WARN|ERROR)`, true},
		{`^\[(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\]`, true},
		{`^Caused by:`, true},
		{`^Caused by:|^\tat `, true},
		{`^[[:space:]]+(at|\.{3})[[:space:]]+\b|^Caused by:`, false},
		{`^[[:space:]]+at|^Caused by:`, false},
		{`\\$`, true},
		{`;$`, true},
		{`;\s*$`, false},
		{`^\s*$`, false},
		{`^$`, true},
		{`ERROR`, true},
		{`ERROR|WARN`, true},
		{`.*ERROR.*`, true},
		{`^.*ERROR`, false},
		{`^.*`, true},
		{`.*`, true},
		{``, true},
		{`^`, true},
		{`$`, true},
		{`foo|^bar|;$|^foo bar$`, true},

		// Runes of several bytes.
		{`^été`, true},
		{`^É?té`, true},
		{`é$`, true},
		{`té`, true},
		{`日本`, true},
		{`^日.語`, true},
		{`^.日`, true},
		{`^..$`, true},
		{`^.$`, true},
		{`^(?s).`, true},
		{`^(?s)..\n`, true},
		{`^[é-ü]`, true},
		{`^[^é]`, true},
		{`^[^é]x`, true},
		{`^[a-z日]{2}`, true},
		{`^\x{fffd}`, true},
		{`\x{fffd}`, false},
		{`\x{fffd}$`, false},
		{`^x[^a]`, true},
		{`^[\x00-\x7f]`, true},
		{`^[\x{80}-\x{10ffff}]`, true},
		{`^[\x{80}-\x{10fffe}]`, true},
		{`^\pL`, true},

		// Case.
		{`(?i)^caused by:`, true},
		{`(?i)^kelvin`, true},
		{`(?i)^k$`, true},
		{`(?i)^s{2}`, true},
		{`(?i)^été`, true},
		{`(?i)error`, false},
		{`(?i)^error|^[^k]$`, true},
		{`^[Ff]oo`, true},

		// Flags, anchors and repetitions that change what matches.
		{`(?m)^foo`, false},
		{`(?m)foo$`, false},
		{`foo\z`, true},
		{`\Afoo`, true},
		{`^foo\b`, false},
		{`a^b`, false},
		{`a$b`, false},
		{`$^`, false},
		{`^^foo$$`, true},
		{`(^a)*foo`, true},
		{`x*^foo`, true},
		{`foo$x*`, true},
		{`^x*foo`, false},
		{`^foo(bar)*`, true},
		{`^foo(bar\b)?`, true},
		{`^foo(bar\b)?x`, false},
		{`^(foo|ba[rz])+`, true},
		{`^(foo|bar)+$`, false},
		{`^f{0}oo`, true},
		{`^.{2,}`, true},
		{`^.{2,4}$`, true},
		{`^.{1,40}x`, false},
		{`^.{64}`, true},
		{`^.{65}`, false},
		{`^[0-9]{1000}`, false},
		{`[0-9]`, false},
		{`[0-9]$`, false},
		{`[^\x00-\x{10ffff}]`, false},
		{`^[^\x00-\x{10ffff}]|^a`, true},
	} {
		p := mustCompile(t, tt.expr)
		if p.Fast() != tt.fast {
			t.Errorf("%q: fast is %v", tt.expr, p.Fast())
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
		if p.first == anyByte {
			t.Errorf("%q: no first bytes", tt.expr)
			continue
		}
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
	for _, expr := range []string{`foo`, `^a|b`, `^a*`, `^$`, `(?m)^a`, `^(a|\b)`} {
		if p := mustCompile(t, expr); p.first != anyByte {
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
			if n := testing.AllocsPerRun(100, func() { p.Match(b) }); n != 0 {
				t.Errorf("%q on %q: %v allocations", expr, line, n)
			}
		}
	}
}
