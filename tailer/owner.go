package tailer

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// ownerOf names the owner and the group of a file, as far as somebody asks and the
// system knows their names; in an image without /etc/passwd it does not.
func ownerOf(info os.FileInfo, owner, group bool) (o, g string) {
	st := info.Sys().(*syscall.Stat_t)
	if owner {
		if u, err := user.LookupId(strconv.FormatUint(uint64(st.Uid), 10)); err == nil {
			o = u.Username
		}
	}
	if group {
		if u, err := user.LookupGroupId(strconv.FormatUint(uint64(st.Gid), 10)); err == nil {
			g = u.Name
		}
	}
	return o, g
}
