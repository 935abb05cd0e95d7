package registry

import (
	"strings"
	"testing"
	"time"
)

func TestHeadOf(t *testing.T) {
	// printf abc | sha256sum | cut -c1-16
	if got, want := HeadOf([]byte("abc")), (Head{Len: 3, Sum: 0xba7816bf8f01cfea}); got != want {
		t.Errorf("HeadOf(abc) = %x, want %x", got, want)
	}
	if got := HeadOf(nil); got != (Head{}) {
		t.Errorf("HeadOf(nil) = %x, want the zero Head", got)
	}
	b := []byte(strings.Repeat("x", 1024))
	if n := testing.AllocsPerRun(100, func() { HeadOf(b) }); n != 0 {
		t.Errorf("HeadOf allocates %v times", n)
	}
}

func TestHeadMatches(t *testing.T) {
	tests := []struct {
		name string
		head Head
		file string
		want bool
	}{
		{"same", HeadOf([]byte("abc")), "abc", true},
		{"grown", HeadOf([]byte("abc")), "abcdef", true},
		{"another file", HeadOf([]byte("abc")), "abd", false},
		{"shorter", HeadOf([]byte("abc")), "ab", false},
		{"empty now", HeadOf([]byte("abc")), "", false},
		{"nothing known", Head{}, "abc", true},
		{"nothing known, empty", Head{}, "", true},
		{"negative length", Head{Len: -1, Sum: 1}, "abc", true},
	}
	for _, tt := range tests {
		if got := tt.head.Matches([]byte(tt.file)); got != tt.want {
			t.Errorf("%s: Matches = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestStateNormal(t *testing.T) {
	cest := time.FixedZone("CEST", 2*60*60)
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name    string
		in      State
		want    State
		wantNow bool
	}{
		{"already", State{Position: 7, Head: Head{1, 2}, Updated: noon}, State{Position: 7, Head: Head{1, 2}, Updated: noon}, false},
		{"zone and fraction", State{Updated: time.Date(2026, 6, 1, 14, 0, 0, 999, cest)}, State{Updated: noon}, false},
		{"negative position", State{Position: -1, Updated: noon}, State{Updated: noon}, false},
		{"head of nothing", State{Head: Head{0, 5}, Updated: noon}, State{Updated: noon}, false},
		{"head of less", State{Head: Head{-4, 5}, Updated: noon}, State{Updated: noon}, false},
		{"no time", State{}, State{}, true},
		{"year 10000", State{Updated: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, State{}, true},
		{"year 0", State{Updated: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)}, State{}, true},
		{"year 10000 in UTC", State{Updated: time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -7200))}, State{}, true},
	}
	for _, tt := range tests {
		got := tt.in.normal()
		if tt.wantNow {
			if age := time.Since(got.Updated); age < 0 || age > time.Minute {
				t.Errorf("%s: Updated = %v, want now", tt.name, got.Updated)
			}
			got.Updated = time.Time{}
		}
		if got != tt.want {
			t.Errorf("%s: normal = %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
