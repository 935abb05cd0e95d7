// Package image runs a binary as a container runtime would run it from an image
// that holds nothing else: an empty root that nobody can write to, an unprivileged
// user, no network. Nothing of what a runtime adds by itself is there, unless it is
// asked for.
//
// It knows namespaces and mounts and nothing of what runs in them.
package image

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// User is the user and the group of the image.
const User = 65532

// A Mount makes a file or folder of the host appear in the sandbox.
type Mount struct {
	Host, Path string
	Writable   bool
}

// Proc is what every container runtime mounts: the processes of the sandbox.
var Proc = Mount{Host: "proc", Path: "/proc"}

// helper marks the process that prepares the sandbox; its value is the root.
const (
	helper      = "LOGCAR_SANDBOX_ROOT"
	helperMount = "LOGCAR_SANDBOX_MOUNTS"
)

// Command prepares a command that runs in a sandbox with the mounts and nothing
// else. The program that calls it must call Enter first thing in main, or in
// TestMain. root is an empty folder.
func Command(root string, mounts []Mount, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", append([]string{name}, args...)...)
	cmd.Env = append([]string{helper + "=" + root, helperMount + "=" + join(mounts)}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Geteuid() != 0 {
		// Whoever isn't root may be the image's user in a user namespace, and keeps
		// there what the preparation needs.
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT}
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: User, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: User, HostID: os.Getegid(), Size: 1}}
	}
	return cmd
}

func join(mounts []Mount) string {
	parts := make([]string, len(mounts))
	for i, m := range mounts {
		mode := "ro"
		if m.Writable {
			mode = "rw"
		}
		parts[i] = m.Host + "\x1f" + m.Path + "\x1f" + mode
	}
	return strings.Join(parts, "\x1e")
}

func split(text string) []Mount {
	var mounts []Mount
	for part := range strings.SplitSeq(text, "\x1e") {
		if f := strings.Split(part, "\x1f"); len(f) == 3 {
			mounts = append(mounts, Mount{Host: f[0], Path: f[1], Writable: f[2] == "rw"})
		}
	}
	return mounts
}

// Enter returns at once, unless this process was started by Command: then it
// never returns but becomes the command in its sandbox.
func Enter() {
	root := os.Getenv(helper)
	if root == "" {
		return
	}
	err := enter(root, split(os.Getenv(helperMount)), os.Args[1:])
	fmt.Fprintln(os.Stderr, "sandbox:", err)
	os.Exit(125)
}

func enter(root string, mounts []Mount, command []string) error {
	runtime.LockOSThread() // some of what follows is a thread's own
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to ourselves: %w", err)
	}
	if err := unix.Mount("tmpfs", root, "tmpfs", unix.MS_NODEV|unix.MS_NOSUID, "mode=0755"); err != nil {
		return fmt.Errorf("mount the root: %w", err)
	}
	for _, m := range mounts {
		mount := bind
		if m == Proc {
			mount = mountProc
		}
		if err := mount(root, m); err != nil {
			return fmt.Errorf("mount %s: %w", m.Path, err)
		}
	}
	if err := unix.Mount("", root, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NODEV|unix.MS_NOSUID, ""); err != nil {
		return fmt.Errorf("make the root read-only: %w", err)
	}
	if err := errors.Join(unix.Chroot(root), unix.Chdir("/")); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	if os.Geteuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setresgid(User, User, User), syscall.Setresuid(User, User, User)); err != nil {
			return fmt.Errorf("become the user: %w", err)
		}
	}
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, helper+"=") && !strings.HasPrefix(e, helperMount+"=") {
			env = append(env, e)
		}
	}
	return fmt.Errorf("run %s: %w", command[0], unix.Exec(command[0], command, env))
}

func mountProc(root string, m Mount) error {
	target := filepath.Join(root, m.Path)
	return errors.Join(os.Mkdir(target, 0o555), unix.Mount("proc", target, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""))
}

// bind mounts a file or folder of the host below root.
func bind(root string, m Mount) error {
	target := filepath.Join(root, m.Path)
	info, err := os.Stat(m.Host)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(target, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil {
		err = os.WriteFile(target, nil, 0o755)
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(m.Host, target, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	if m.Writable {
		return nil
	}
	// A bind mount takes on new flags only in a second step, which must keep those
	// of the file system that it shows.
	var fs unix.Statfs_t
	if err := unix.Statfs(target, &fs); err != nil {
		return err
	}
	kept := uintptr(fs.Flags) & (unix.MS_NODEV | unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NOATIME | unix.MS_NODIRATIME | unix.MS_RELATIME)
	return unix.Mount("", target, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|kept, "")
}
