package suggest

import "testing"

func TestDidYouMean(t *testing.T) {
	known := []string{"paths", "scan_frequency", "close_eof", "a"}
	for _, c := range []struct{ name, want string }{
		{"path", `; did you mean "paths"?`},
		{"scan_frequnecy", `; did you mean "scan_frequency"?`},
		{"close_oef", `; did you mean "close_eof"?`},
		{"something_else", ""},
		{"", ""},
		{"zzz", ""},
	} {
		if got := DidYouMean(c.name, known); got != c.want {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "ab", 1}, {"abc", "xabc", 1}, {"kitten", "sitting", 3}, {"", "abc", 3}} {
		if got := distance(c.a, c.b, 10); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
