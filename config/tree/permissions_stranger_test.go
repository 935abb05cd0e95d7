//go:build unix

package tree

import (
	"io/fs"
	"os"
	"syscall"
)

// stranger is a file that belongs to neither root nor the effective user.
type stranger struct{ fs.FileInfo }

func (s stranger) Sys() any {
	stat := *s.FileInfo.Sys().(*syscall.Stat_t)
	stat.Uid = uint32(os.Geteuid()) + 1
	return &stat
}
