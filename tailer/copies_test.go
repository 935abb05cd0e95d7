package tailer

import "testing"

// The names by which a copy is told, as rotators give them.
func TestDerived(t *testing.T) {
	for _, c := range []struct {
		from, path string
		want       bool
	}{
		{"/logs/app.log", "/logs/app.log.1", true},
		{"/logs/app.log", "/logs/app.log-20260102", true},
		{"/logs/app.log", "/logs/app.log.2026-01-02", true},
		{"/logs/app.log", "/logs/app.log.2026-01-02-13.1", true},
		{"/logs/app.log", "/logs/app.log.copy", true},
		{"/logs/app.log", "/logs/app.log~", true},
		{"/logs/app.log", "/logs/app.1.log", true},
		{"/logs/app.log", "/logs/app-2026-01-02.log", true},
		{"/logs/app.log", "/logs/app_old.log", true},
		{"/logs/app", "/logs/app.1", true},
		{"/logs/app.log", "/logs/app.log", false},
		{"/logs/app.log", "/old/app.log.1", false},
		{"/logs/app.log", "/logs/apple.log", false},
		{"/logs/app.log.1", "/logs/app.log", false},
		{"/logs/app.log", "/logs/.log", false},
	} {
		if got := derived(c.from, c.path); got != c.want {
			t.Errorf("%s of %s: %v, want %v", c.path, c.from, got, c.want)
		}
	}
}

// A trail is the last bytes that were read, however they came.
func TestTrail(t *testing.T) {
	var c content
	text := lines("trail", 4*trailSize)
	at := 0
	for n := 1; at+n < len(text); n += 7 {
		c.extend([]byte(text[at : at+n]))
		at += n
		if want := text[max(0, at-trailSize):at]; string(c.trail) != want || cap(c.trail) != trailSize {
			t.Fatalf("at %d: got %q in %d, want %q", at, c.trail, cap(c.trail), want)
		}
	}
}
