package pipeline

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

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
