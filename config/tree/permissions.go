package tree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckPermissions returns an error unless the file belongs to root or to the
// effective user and nobody else may write it. Rule and messages are Filebeat's
// --strict.perms. Systems without Unix permissions pass everything.
func CheckPermissions(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("check permissions: %w", err)
	}
	return checkPermissions(file, info)
}

func checkPermissions(file string, info fs.FileInfo) error {
	owner, ok := ownerOf(info)
	if !ok {
		return nil
	}
	if uid := os.Geteuid(); owner != 0 && owner != uid {
		return fmt.Errorf("config file (%q) must be owned by the user identifier (uid=%d) or root", file, uid)
	}
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		abs, err := filepath.Abs(file)
		if err != nil {
			abs = file
		}
		return fmt.Errorf("config file (%q) can only be writable by the owner but the permissions are %q "+
			"(to fix the permissions use: 'chmod go-w %s')", file, perm, abs)
	}
	return nil
}
