package pipeline

import (
	"runtime"
	"testing"
)

// TestScaleProcs: one processor when there is little to do, the others when there
// is more, and no more of them than were asked for.
func TestScaleProcs(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer func() {
		procs.Store(0)
		runtime.GOMAXPROCS(before)
	}()
	hurry()
	calm()
	if n := runtime.GOMAXPROCS(0); n != before {
		t.Fatalf("%d processors without ScaleProcs, there were %d", n, before)
	}
	for most, want := range map[int]int{1: 1, 2: 2, 5: 5, 0: min(asked, busyProcs)} {
		ScaleProcs(most)
		if n := runtime.GOMAXPROCS(0); n != 1 {
			t.Errorf("%d processors at the start, most %d", n, most)
		}
		for range 2 {
			hurry()
			if n := runtime.GOMAXPROCS(0); n != want || workers() != want {
				t.Errorf("%d processors and %d workers for much to do, want %d", n, workers(), want)
			}
		}
		calm()
		if n := runtime.GOMAXPROCS(0); n != 1 {
			t.Errorf("%d processors afterwards", n)
		}
	}
}
