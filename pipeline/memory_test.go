package pipeline

import "testing"

func TestProgramPages(t *testing.T) {
	for _, c := range []struct {
		line  string
		start uintptr
		size  uintptr
		ok    bool
	}{
		{"00400000-009c1000 r-xp 00000000 fe:00 123   /logcar", 0x400000, 0x5c1000, true},
		{"009c1000-01000000 r--p 005c1000 fe:00 123   /logcar", 0x9c1000, 0x63f000, true},
		{"01000000-01100000 rw-p 00c00000 fe:00 123   /logcar", 0, 0, false},
		{"00400000-009c1000 r-xp 00000000 fe:00 123   /other", 0, 0, false},
		{"7ffd1000-7ffd3000 r-xp 00000000 00:00 0     [vdso]", 0, 0, false},
		{"nonsense", 0, 0, false},
		{"zz-yy r-xp 00000000 fe:00 123 /logcar", 0, 0, false},
	} {
		start, size, ok := programPages(c.line, "/logcar")
		if start != c.start || size != c.size || ok != c.ok {
			t.Errorf("%s: %x %x %v", c.line, start, size, ok)
		}
	}
}

// The program runs on after its pages are given back.
func TestGiveBack(t *testing.T) {
	for range 3 {
		giveBack()
	}
}
