package cgroup

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestMemory(t *testing.T) {
	const (
		v2 = "35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
		v1 = "36 24 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	)
	for _, c := range []struct {
		name   string
		group  string
		mounts string
		files  string // "path=content", separated by spaces
		bytes  int64
		file   string
		err    string
	}{
		{name: "none", group: "0::/\n", mounts: v2},
		{name: "version 2", group: "0::/\n", mounts: v2, files: "sys/fs/cgroup/memory.max=67108864", bytes: 64 << 20, file: "/sys/fs/cgroup/memory.max"},
		{name: "no limit", group: "0::/\n", mounts: v2, files: "sys/fs/cgroup/memory.max=max sys/fs/cgroup/memory.high=max"},
		{name: "memory.high", group: "0::/\n", mounts: v2, files: "sys/fs/cgroup/memory.max=200 sys/fs/cgroup/memory.high=100", bytes: 100, file: "/sys/fs/cgroup/memory.high"},
		{name: "nested", group: "0::/kubepods/pod1/a\n", mounts: v2,
			files: "sys/fs/cgroup/kubepods/pod1/a/memory.max=300 sys/fs/cgroup/kubepods/pod1/memory.max=200 sys/fs/cgroup/kubepods/memory.max=1000",
			bytes: 200, file: "/sys/fs/cgroup/kubepods/pod1/memory.max"},
		{name: "version 1", group: "5:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/y\n", mounts: v1,
			files: "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes=100 sys/fs/cgroup/memory/memory.limit_in_bytes=9223372036854771712",
			bytes: 100, file: "/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes"},
		{name: "version 1, no limit", group: "4:memory:/\n", mounts: v1, files: "sys/fs/cgroup/memory/memory.limit_in_bytes=9223372036854771712"},
		{name: "beyond what an int64 holds", group: "4:memory:/\n", mounts: v1, files: "sys/fs/cgroup/memory/memory.limit_in_bytes=18446744073709551615"},
		{name: "version 1 in a container, which is told the whole path", group: "4:memory:/kubepods/pod1/a\n",
			mounts: "36 24 0:31 /kubepods/pod1/a /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
			files:  "sys/fs/cgroup/memory/memory.limit_in_bytes=100", bytes: 100, file: "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
		{name: "below what is mounted", group: "4:memory:/pod/a/b\n",
			mounts: "36 24 0:31 /pod/a /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
			files:  "sys/fs/cgroup/memory/b/memory.limit_in_bytes=100", bytes: 100, file: "/sys/fs/cgroup/memory/b/memory.limit_in_bytes"},
		{name: "beside what is mounted", group: "4:memory:/pod/ab\n",
			mounts: "36 24 0:31 /pod/a /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
			files:  "sys/fs/cgroup/memory/memory.limit_in_bytes=100", bytes: 100, file: "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
		{name: "outside of the namespace", group: "0::/../b\n", mounts: v2, files: "sys/fs/cgroup/memory.max=100", bytes: 100, file: "/sys/fs/cgroup/memory.max"},
		{name: "both versions", group: "4:memory:/\n0::/\n", mounts: v1 + v2,
			files: "sys/fs/cgroup/memory/memory.limit_in_bytes=100", bytes: 100, file: "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
		{name: "another controller's mount", group: "4:memory:/\n", mounts: "36 24 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
			files: "sys/fs/cgroup/cpu/memory.limit_in_bytes=100"},
		{name: "nonsense", group: "x\n::\n", mounts: "y\n - \n", files: ""},
		{name: "no number", group: "0::/\n", mounts: v2, files: "sys/fs/cgroup/memory.max=lots", err: "find memory limit: read /sys/fs/cgroup/memory.max"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := fstest.MapFS{
				"proc/self/cgroup":    &fstest.MapFile{Data: []byte(c.group)},
				"proc/self/mountinfo": &fstest.MapFile{Data: []byte(c.mounts)},
			}
			for f := range strings.FieldsSeq(c.files) {
				name, text, _ := strings.Cut(f, "=")
				root[name] = &fstest.MapFile{Data: []byte(text + "\n")}
			}
			got, err := Memory(root)
			if got != (Limit{c.bytes, c.file}) {
				t.Errorf("got %+v, want %d of %s", got, c.bytes, c.file)
			}
			if (err == nil) != (c.err == "") || (err != nil && !strings.HasPrefix(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

func TestEscapedMountPoint(t *testing.T) {
	root := fstest.MapFS{
		"proc/self/cgroup":    &fstest.MapFile{Data: []byte("0::/\n")},
		"proc/self/mountinfo": &fstest.MapFile{Data: []byte(`35 24 0:30 / /c\040g\1 rw - cgroup2 cgroup2 rw` + "\n")},
		`c g\1/memory.max`:    &fstest.MapFile{Data: []byte("100\n")},
	}
	if got, err := Memory(root); err != nil || got.Bytes != 100 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestNoProc(t *testing.T) {
	for _, root := range []fstest.MapFS{{}, {"proc/self/cgroup": {}}} {
		if _, err := Memory(root); err == nil {
			t.Errorf("no error of %v", root)
		}
	}
}

// This machine's own answer, whatever it is, is one.
func TestHere(t *testing.T) {
	l, err := Memory(os.DirFS("/"))
	if err != nil || l.Bytes < 0 || (l.Bytes > 0) != (l.File != "") {
		t.Errorf("%+v, %v", l, err)
	}
}

func FuzzMemory(f *testing.F) {
	f.Add("4:memory:/a/b\n0::/\n", "36 24 0:31 /a /c rw - cgroup cgroup rw,memory\n", "100")
	f.Fuzz(func(t *testing.T, group, mounts, limit string) {
		_, _ = Memory(everywhere{group, mounts, limit})
	})
}

// everywhere is a file system with a limit wherever one looks.
type everywhere struct{ group, mounts, limit string }

func (e everywhere) Open(name string) (fs.File, error) {
	text := e.limit
	switch name {
	case "proc/self/cgroup":
		text = e.group
	case "proc/self/mountinfo":
		text = e.mounts
	}
	return fstest.MapFS{"f": {Data: []byte(text)}}.Open("f")
}
