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
