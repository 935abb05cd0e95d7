package pipeline

import (
	"runtime"
	"sync/atomic"
)

// busyProcs is how many threads a backlog can keep busy: one reads and encodes,
// two compress.
const busyProcs = 3

// asked is what the environment or the control group wanted at the start.
var asked = runtime.GOMAXPROCS(0)

// procs is how many threads may run Go code while there is much to do; 0: whatever
// the runtime has.
var procs atomic.Int32

// ScaleProcs lets one thread run Go code while there is little to do, and up to
// most of them while batches fill up faster than they are compressed; 0 stands for what the
// environment or the control group wants, within reason. With a second one at hand
// the runtime wakes it for each thing that could be done at the same time, which
// for a line now and then doubles the switches between threads.
func ScaleProcs(most int) {
	if most <= 0 {
		most = min(asked, busyProcs)
	}
	procs.Store(int32(most))
	calm()
}

// workers is how many batches may be compressed at once.
func workers() int {
	if n := procs.Load(); n > 0 {
		return int(n)
	}
	return runtime.GOMAXPROCS(0)
}

// hurry is called when there is more to do than one thread can.
func hurry() {
	if n := int(procs.Load()); n > runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(n)
	}
}

// calm is called when there has been nothing to do for a while.
func calm() {
	if procs.Load() > 0 {
		runtime.GOMAXPROCS(1)
	}
}
