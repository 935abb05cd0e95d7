package tailer

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

func idOf(fi os.FileInfo) event.FileID {
	st := fi.Sys().(*syscall.Stat_t)
	return event.FileID{Device: st.Dev, Inode: st.Ino}
}

// named says whether a file has this one name and no other.
func named(fi os.FileInfo) bool { return fi.Sys().(*syscall.Stat_t).Nlink == 1 }

// blocks is how many bytes of its volume a file takes up.
func blocks(fi os.FileInfo) int64 { return fi.Sys().(*syscall.Stat_t).Blocks * 512 }

// birthOf returns when a file was made, in Unix nanoseconds; 0 where the kernel or
// the file system does not say, and where it does not matter: an input may follow
// what stands at a path, or a text, whatever file that is.
func (in *Input) birthOf(f *os.File) int64 {
	if !in.tellsCopies() {
		return 0
	}
	var st unix.Statx_t
	if err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &st); err != nil || st.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
}

// differs says whether two times of birth are those of two files.
func differs(a, b int64) bool { return a != 0 && b != 0 && a != b }

// readHead hashes what there is of a file's first bytes.
func readHead(f *textFile) (registry.Head, error) {
	b := make([]byte, headSize)
	n, _, err := f.head(b)
	if err != nil {
		return registry.Head{}, err
	}
	return registry.HeadOf(b[:n]), nil
}

// sameHead says whether f begins as the file did that head was made of.
func sameHead(f *textFile, head registry.Head) (bool, error) {
	b := make([]byte, head.Len)
	n, _, err := f.head(b)
	return err == nil && n == len(b) && head.Matches(b), err
}

// fileLimit is how many files the process may have open.
func fileLimit() int {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil || l.Cur > 1<<16 {
		return 1 << 16
	}
	return max(int(l.Cur), 16)
}
