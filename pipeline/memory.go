package pipeline

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/internal/cgroup"
)

// ofLimit is how many percent of the control group's memory the Go runtime may
// use. The rest is for what it does not count: the program's own pages, and what
// the kernel keeps for sockets and files.
const ofLimit = 90

// LimitMemory has the garbage collector work harder when the memory of the
// control group runs short, instead of the kernel ending the process. Whoever
// sets GOMEMLIMIT has decided already. How many processors may be used, the
// runtime asks the control group itself (Go 1.25 and later).
func LimitMemory(log *zap.Logger) {
	if os.Getenv("GOMEMLIMIT") != "" {
		log.Debug("memory limit is GOMEMLIMIT", zap.Int64("bytes", debug.SetMemoryLimit(-1)))
		return
	}
	limit, err := cgroup.Memory(os.DirFS("/"))
	if err != nil || limit.Bytes == 0 {
		log.Debug("no memory limit", zap.Error(err))
		return
	}
	share := limit.Bytes / 100 * ofLimit
	debug.SetMemoryLimit(share)
	log.Debug("memory limit", zap.Int64("bytes", share), zap.Int64("of", limit.Bytes), zap.String("file", limit.File))
}

// giveBack returns to the system what an idle sidecar does not need: the heap's
// free pages, and those pages of the program that only its start or a busy time
// has used. They are the file's own, so that the kernel reads them again when
// somebody comes back to them.
func giveBack() {
	debug.FreeOSMemory()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return // no such system: it keeps the pages
	}
	defer func() { _ = maps.Close() }() // it was only read
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if start, size, ok := programPages(lines.Text(), exe); ok {
			// An error means that the pages stay.
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, start, size, unix.MADV_DONTNEED)
		}
	}
}

// programPages reads a line of /proc/self/maps: it returns the range when that is
// code or constants of the program. What can be written to is not the file's.
func programPages(line, exe string) (start, size uintptr, ok bool) {
	f := strings.Fields(line)
	if len(f) < 6 || f[5] != exe || len(f[1]) != 4 || f[1][1] != '-' {
		return 0, 0, false
	}
	from, to, _ := strings.Cut(f[0], "-")
	a, err1 := strconv.ParseUint(from, 16, 64)
	b, err2 := strconv.ParseUint(to, 16, 64)
	if err1 != nil || err2 != nil || b <= a {
		return 0, 0, false
	}
	return uintptr(a), uintptr(b - a), true
}
