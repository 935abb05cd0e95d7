package match

import (
	"math/rand/v2"
	"regexp"
	"testing"
)

// agree fails the test unless Match and regexp say the same of line.
func agree(t *testing.T, p *Pattern, re *regexp.Regexp, line []byte) {
	t.Helper()
	if got, want := p.Match(line), re.Match(line); got != want {
		t.Fatalf("%q on %q: %v, regexp says %v (fast: %v)", p, line, got, want, p.Fast())
	}
}

// FuzzExpr takes any pattern and any text.
func FuzzExpr(f *testing.F) {
	for i, expr := range []string{timestamp, `^\s`, `^[^\s]|b$`, `(?i)^k.s`, `^é?.x$`, `ERROR|WARN`, `^(a|b(c|d))?[^é].*`} {
		f.Add(expr, []byte(lines[i]))
		f.Add(expr, []byte("2018-10-30 08:00:00é123 k\xffs"))
	}
	f.Fuzz(func(t *testing.T, expr string, line []byte) {
		p, err := Compile(expr)
		re, want := regexp.Compile(expr)
		if (err == nil) != (want == nil) {
			t.Fatalf("Compile(%q): %v, regexp says %v", expr, err, want)
		}
		if err != nil {
			return
		}
		agree(t, p, re, line)
	})
}

// FuzzGrammar makes patterns of the kinds that have shapes, each with texts that
// nearly match: what random texts would never find.
func FuzzGrammar(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(seed, []byte{byte(seed), 0xc3, 'a', '\n'})
	}
	f.Fuzz(checkGrammar)
}

// TestGrammar is FuzzGrammar on some hundred patterns, for every run.
func TestGrammar(t *testing.T) {
	made := make(map[string]int)
	for seed := range uint64(600) {
		expr, _ := newGrammar(seed).pattern()
		made[matcherName(mustCompile(t, expr))]++
		checkGrammar(t, seed, nil)
	}
	for _, name := range []string{"sequence", "suffix", "substring", "any of them", "automaton"} {
		if made[name] < 5 {
			t.Errorf("only %d patterns are decided by %s: the grammar proves too little", made[name], name)
		}
	}
	t.Log(made)
}

func checkGrammar(t *testing.T, seed uint64, noise []byte) {
	g := newGrammar(seed)
	expr, texts := g.pattern()
	p, err := Compile(expr)
	if err != nil {
		t.Fatalf("the grammar made %q: %v", expr, err)
	}
	re := regexp.MustCompile(expr)
	for _, text := range texts {
		line := []byte(text)
		agree(t, p, re, line)
		agree(t, p, re, append(line[:len(line):len(line)], noise...))
		agree(t, p, re, append(noise[:len(noise):len(noise)], line...))
		agree(t, p, re, line[:g.IntN(len(line)+1)])
		for range 8 {
			agree(t, p, re, g.spoil(line))
		}
	}
	agree(t, p, re, noise)
}

// grammar makes random patterns.
type grammar struct{ *rand.Rand }

func newGrammar(seed uint64) grammar { return grammar{rand.New(rand.NewPCG(seed, 1))} }

// atoms are pieces of patterns with texts that they match; first the literals.
var atoms = []struct {
	expr  string
	texts []string
}{
	{`-`, []string{"-"}},
	{`:`, []string{":"}},
	{`\.`, []string{"."}},
	{`é`, []string{"é"}},
	{`日本`, []string{"日本"}},
	{`ERROR`, []string{"ERROR"}},
	{`\[`, []string{"["}},
	{`[0-9]{4}`, []string{"2018", "0000"}},
	{`\d{2}`, []string{"08", "59"}},
	{`\d`, []string{"7"}},
	{`.`, []string{".", "é", "€", "😀", "\xff", "\x00"}},
	{`(?s:.)`, []string{"x", "\n", "é", "\xe2\x82"}},
	{`[.,]`, []string{".", ","}},
	{`[T ]`, []string{"T", " "}},
	{`\s`, []string{" ", "\t", "\n"}},
	{`\S`, []string{"x", "é", "\xc3"}},
	{`[^\]]`, []string{"x", "日", "\n"}},
	{`[a-z]{3}`, []string{"abc"}},
	{`[A-Za-z]`, []string{"A", "z"}},
	{`\w`, []string{"_", "A"}},
	{`[é-ü]`, []string{"é", "ü"}},
	{`[^é]`, []string{"a", "ê", "\xff"}},
	{`[a日]`, []string{"a", "日"}},
	{`\x{fffd}`, []string{"\ufffd", "\xff", "\xe2\x82"}},
	{`(?i:ks)`, []string{"KS", "ks", "\u212a\u017f"}},
	{`(?i:É)`, []string{"é", "É"}},
	{`(INFO|WARN)`, []string{"INFO", "WARN"}},
	{`(a|bc|)`, []string{"a", "bc", ""}},
	{`x?`, []string{"x", ""}},
	{`\b`, []string{"", " "}},
	{`\B`, []string{"", "_"}},
	{`(?m:^)`, []string{"", "\n"}},
	{`(?m:$)`, []string{"", "\n"}},
	{`é?`, []string{"é", ""}},
	{`(?:ab){2}`, []string{"abab"}},
	{`.{8}`, []string{"12345678", "1234567é", "\xff\xff345678"}},
}

const literals = 7

// tails are what may stand at a pattern's beginning or end.
var tails = []string{"", "", "", ".*", ".+", `\s*`, "x?", "(é|b)*", "a{2,}"}

// pattern returns a pattern of one to three alternatives, and texts for each.
func (g grammar) pattern() (expr string, texts []string) {
	atoms, words := atoms, g.IntN(4) == 0
	if words { // for the suffixes and substrings
		atoms = atoms[:literals]
	}
	for n := range 1 + g.IntN(3) {
		if n > 0 {
			expr += "|"
		}
		if !words && g.IntN(4) > 0 {
			expr += "^"
		} else {
			expr += tails[g.IntN(len(tails))]
		}
		made := make([]string, 3) // texts
		for range 1 + g.IntN(6) {
			a := atoms[g.IntN(len(atoms))]
			expr += a.expr
			for i := range made {
				made[i] += a.texts[g.IntN(len(a.texts))]
			}
		}
		if g.IntN(4) == 0 {
			expr += "$"
		} else {
			expr += tails[g.IntN(len(tails))]
		}
		texts = append(texts, made...)
	}
	return expr, texts
}

// spoil returns line with a byte or two replaced, taken out or put in.
func (g grammar) spoil(line []byte) []byte {
	const bytes = "09azAZ .,-:[]\n\t\x00\x7f\x80\xa9\xc3\xe2\xf0\xff"
	out := append([]byte(nil), line...)
	for range 1 + g.IntN(2) {
		at, c := g.IntN(len(out)+1), bytes[g.IntN(len(bytes))]
		switch {
		case at == len(out) || g.IntN(3) == 0:
			out = append(out[:at], append([]byte{c}, out[at:]...)...)
		case g.IntN(2) == 0:
			out[at] = c
		default:
			out = append(out[:at], out[at+1:]...)
		}
	}
	return out
}
