package main

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timerSlack is by how much the kernel may let a timer of ours be late, to serve
// several at one wake-up. Go's runtime has a thread that looks after the others
// every 20 µs while something runs: for a process that wakes a hundred times a
// second to do little, that thread is much of the cost (docs/performance.md).
// What waits for a timer here waits for milliseconds.
const timerSlack = time.Millisecond

// slackVariable says that the timers have been seen to; whoever sets it leaves
// them as they are.
const slackVariable = "LOGCAR_TIMER_SLACK"

// relaxTimers gives all threads of this process the timer slack, which a thread
// inherits from the one that starts it. Since the runtime has started its own
// already, the process starts itself once more: same arguments, same process id.
// Where that cannot be done, it goes on as it is.
func relaxTimers() {
	if _, seen := os.LookupEnv(slackVariable); seen {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0); err != nil {
		return
	}
	env := append(os.Environ(), slackVariable+"="+timerSlack.String())
	_ = syscall.Exec("/proc/self/exe", os.Args, env) // it returns only when it fails
}
