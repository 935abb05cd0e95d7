package kafka

import "syscall"

// childAttributes make a child die with this process, however that ends: a test
// binary that is killed at its time limit runs no clean-up. The group of its own
// keeps Ctrl-C for this process, which then ends its children in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
