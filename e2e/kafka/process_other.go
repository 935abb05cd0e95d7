//go:build unix && !linux

package kafka

import "syscall"

// childAttributes keep Ctrl-C for this process, which then ends its children in
// order. Only Linux can tie a child's life to its parent's.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
