package tailer

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// openFile opens a log file to read. O_NONBLOCK keeps a pipe of that name from
// hanging us; regular files do not mind.
func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

// identify returns which file it is, and how large.
func identify(f *os.File) (event.FileID, int64, error) {
	fi, err := f.Stat()
	if err != nil {
		return event.FileID{}, 0, err
	}
	if !fi.Mode().IsRegular() {
		return event.FileID{}, 0, fmt.Errorf("%s is no regular file", f.Name())
	}
	return idOf(fi), fi.Size(), nil
}

func idOf(fi os.FileInfo) event.FileID {
	st := fi.Sys().(*syscall.Stat_t)
	return event.FileID{Device: st.Dev, Inode: st.Ino}
}

// named says whether a file has this one name and no other.
func named(fi os.FileInfo) bool { return fi.Sys().(*syscall.Stat_t).Nlink == 1 }

// blocks is how many bytes of its volume a file takes up.
func blocks(fi os.FileInfo) int64 { return fi.Sys().(*syscall.Stat_t).Blocks * 512 }

// readHead hashes what there is of a file's first bytes.
func readHead(f *os.File) (registry.Head, error) {
	b := make([]byte, headSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return registry.Head{}, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return registry.HeadOf(b[:n]), nil
}

// sameHead says whether f begins as the file did that head was made of.
func sameHead(f *os.File, head registry.Head) (bool, error) {
	b := make([]byte, head.Len)
	if n, err := f.ReadAt(b, 0); n < len(b) {
		if err == io.EOF {
			return false, nil
		}
		return false, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return head.Matches(b), nil
}

// fileLimit is how many files the process may have open.
func fileLimit() int {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil || l.Cur > 1<<16 {
		return 1 << 16
	}
	return max(int(l.Cur), 16)
}
