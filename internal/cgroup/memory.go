// Package cgroup finds out what the control group of this process allows, for
// both versions of control groups, nested ones and those that a container sees
// only a part of.
//
// It reads files. It must never know what somebody makes of the answer.
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Limit is how much memory a process may use together with the others of its
// group.
type Limit struct {
	Bytes int64
	File  string // that says so
}

// unlimited is what version 1 writes for no limit, or less by a page.
const unlimited = 1 << 62

// Memory returns the least limit on memory of this process's group and of those
// that it is in; a zero Limit when there is none. Everything is read below root,
// which is the root of the file system.
//
// See cgroups(7): a process's groups are in /proc/self/cgroup, where their files
// are in /proc/self/mountinfo. Of version 2, memory.high counts, too: beyond it
// the kernel makes a process wait.
func Memory(root fs.FS) (Limit, error) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return Limit{}, fmt.Errorf("find memory limit: %w", err)
	}
	mounts, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return Limit{}, fmt.Errorf("find memory limit: %w", err)
	}
	var least Limit
	for line := range strings.Lines(string(mounts)) {
		m, ok := parseMount(line)
		if !ok {
			continue
		}
		group, ok := groupOf(string(groups), m.controller())
		if !ok {
			continue
		}
		for _, file := range m.files(group) {
			l, err := read(root, file)
			if err != nil {
				return Limit{}, fmt.Errorf("find memory limit: %w", err)
			}
			if l.Bytes > 0 && (least.Bytes == 0 || l.Bytes < least.Bytes) {
				least = l
			}
		}
	}
	return least, nil
}

// A mount is a hierarchy of groups with limits on memory.
type mount struct {
	v2    bool
	root  string // the group that it begins with
	point string // where that is
}

// parseMount reads a line of mountinfo, see proc_pid_mountinfo(5).
func parseMount(line string) (mount, bool) {
	where, what, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
	f, g := strings.Fields(where), strings.Fields(what)
	if !ok || len(f) < 5 || len(g) < 3 {
		return mount{}, false
	}
	m := mount{v2: g[0] == "cgroup2", root: unescape(f[3]), point: unescape(f[4])}
	return m, m.v2 || (g[0] == "cgroup" && slices.Contains(strings.Split(g[2], ","), "memory"))
}

// unescape undoes the kernel's \040 and the like.
func unescape(s string) string {
	var b strings.Builder
	for ; len(s) > 0; s = s[1:] {
		if s[0] == '\\' && len(s) >= 4 {
			if c, err := strconv.ParseUint(s[1:4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				s = s[3:]
				continue
			}
		}
		b.WriteByte(s[0])
	}
	return b.String()
}

// controller is how /proc/self/cgroup calls the hierarchy.
func (m mount) controller() string {
	if m.v2 {
		return ""
	}
	return "memory"
}

// groupOf finds the group of a hierarchy among lines such as "4:cpu,memory:/a/b".
func groupOf(groups, controller string) (string, bool) {
	for line := range strings.Lines(groups) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(f) == 3 && slices.Contains(strings.Split(f[1], ","), controller) {
			return f[2], true
		}
	}
	return "", false
}

// files lists what can hold a limit for the group, from it up to where the mount
// begins. A group that is not below it has its own files there: that is how a
// container's part of the hierarchy is mounted where it sees the whole path.
func (m mount) files(group string) []string {
	below, ok := group, true
	if m.root != "/" {
		below, ok = strings.CutPrefix(group, m.root)
	}
	if !ok || strings.HasPrefix(below, "/..") || (below != "" && below[0] != '/') {
		below = "/"
	}
	names := []string{"memory.limit_in_bytes"}
	if m.v2 {
		names = []string{"memory.max", "memory.high"}
	}
	var files []string
	for dir := path.Clean("/" + below); ; dir = path.Dir(dir) {
		for _, name := range names {
			files = append(files, path.Join(m.point, dir, name))
		}
		if dir == "/" {
			return files
		}
	}
}

// read reads a limit. A file that is not there sets none, as in the root of the
// hierarchy.
func read(root fs.FS, file string) (Limit, error) {
	text, err := fs.ReadFile(root, strings.TrimPrefix(file, "/"))
	if errors.Is(err, fs.ErrNotExist) {
		return Limit{}, nil
	}
	if err != nil {
		return Limit{}, err
	}
	word := strings.TrimSpace(string(text))
	if word == "max" {
		return Limit{}, nil
	}
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		return Limit{}, fmt.Errorf("read %s: %w", file, err)
	}
	if n >= unlimited {
		return Limit{}, nil
	}
	return Limit{Bytes: int64(n), File: file}, nil
}
