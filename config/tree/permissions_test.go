//go:build unix

package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestStrictPermissions(t *testing.T) {
	file := write(t, "f.yml", "a: 1")[0]
	abs, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode fs.FileMode
		want string
	}{
		{0o600, ""}, {0o640, ""}, {0o644, ""}, {0o444, ""},
		{0o660, `config file ("f.yml") can only be writable by the owner but the permissions are "-rw-rw----" (to fix the permissions use: 'chmod go-w ` + abs + `')`},
		{0o602, `config file ("f.yml") can only be writable by the owner but the permissions are "-rw-----w-" (to fix the permissions use: 'chmod go-w ` + abs + `')`},
	} {
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		for _, check := range []func() error{
			func() error { return CheckPermissions(file) },
			func() error { _, err := Load([]string{file}, nil, Settings{StrictPerms: true}); return err },
		} {
			got := ""
			if err := check(); err != nil {
				got = err.Error()
			}
			equal(t, got, c.want)
		}
	}
	if _, err := Load([]string{file}, nil, Settings{}); err != nil {
		t.Errorf("without StrictPerms: %v", err)
	}
	if err := CheckPermissions("missing.yml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestStrictOwner(t *testing.T) {
	file := write(t, "f.yml", "a: 1")[0]
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`config file ("f.yml") must be owned by the user identifier (uid=%d) or root`, os.Geteuid())
	if err := checkPermissions(file, stranger{info}); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
}

// stranger is a file that belongs to neither root nor the effective user.
type stranger struct{ fs.FileInfo }

func (s stranger) Sys() any {
	stat := *s.FileInfo.Sys().(*syscall.Stat_t)
	stat.Uid = uint32(os.Geteuid()) + 1
	return &stat
}
