package storage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// A space is what can be full: the directories together, or a volume.
type space struct {
	volume     string // a directory on it; empty: the directories together
	dirs       []string
	used, size int64
	largest    string // the largest file, where that is known
	*alarms
}

func (s *space) together() bool { return s.volume == "" }

// reaches says whether so many percent are used.
func (s *space) reaches(percent int) bool { return s.percent() >= float64(percent) }

func (s *space) percent() float64 { return 100 * float64(s.used) / float64(s.size) }

// measure returns the spaces that there are now.
func (g *Guard) measure() []space {
	dirs := g.logs.Directories()
	spaces := g.volumes(dirs)
	if g.cfg.MaxBytes > 0 {
		u := usage{report: g.unreadable}
		for _, dir := range dirs {
			u.add(dir)
		}
		spaces = append(spaces, space{
			dirs: dirs, used: u.bytes, size: g.cfg.MaxBytes, largest: u.largest, alarms: &g.together,
		})
	}
	return spaces
}

// volumes returns those that the directories are on. A directory that has gone
// meanwhile is on none.
func (g *Guard) volumes(dirs []string) []space {
	var spaces []space
	index := map[uint64]int{}
	for _, dir := range dirs {
		var st unix.Stat_t
		if unix.Stat(dir, &st) != nil {
			continue
		}
		if i, ok := index[st.Dev]; ok {
			spaces[i].dirs = append(spaces[i].dirs, dir)
			continue
		}
		v, err := g.statfs(dir)
		if err != nil || v.Size <= 0 {
			continue // some volumes have no size
		}
		if g.alone[st.Dev] == nil {
			g.alone[st.Dev] = &alarms{}
		}
		index[st.Dev] = len(spaces)
		spaces = append(spaces, space{volume: dir, dirs: []string{dir}, used: v.Size - v.Free, size: v.Size, alarms: g.alone[st.Dev]})
	}
	return spaces
}

// statfs asks the system. What is kept for root alone does not count, as df sees
// it.
func statfs(dir string) (Volume, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return Volume{}, err
	}
	used, free := int64(st.Blocks-st.Bfree)*st.Frsize, int64(st.Bavail)*st.Frsize
	return Volume{Path: dir, Size: used + free, Free: free}, nil
}

// usage adds up what files take up, as du and kubelet do: allocated blocks, of
// everything below a directory on its volume, once for all names of a file.
type usage struct {
	bytes   int64
	largest string
	most    int64 // bytes of the largest file
	report  func(error)
	seen    map[inode]struct{} // directories, and files with several names
}

type inode struct{ dev, ino uint64 }

// add adds a directory with all that is below.
func (u *usage) add(dir string) {
	if u.seen == nil {
		u.seen = map[inode]struct{}{}
	}
	for below := []string{dir}; len(below) > 0; {
		last := len(below) - 1
		dir, below = below[last], below[:last]
		var err error
		if below, err = u.list(dir, below); err != nil && !errors.Is(err, fs.ErrNotExist) {
			u.report(err)
		}
	}
}

// list adds what is in a directory, and its subdirectories to below.
func (u *usage) list(dir string, below []string) ([]string, error) {
	const some = 256 // names at once, so that a large directory needs no large memory
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return below, err
	}
	defer f.Close()
	var self, st unix.Stat_t
	fd := int(f.Fd())
	if err := unix.Fstat(fd, &self); err != nil || !u.first(&self) {
		return below, err
	}
	u.bytes += self.Blocks * 512
	for {
		names, err := f.Readdirnames(some)
		for _, name := range names {
			if unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil || st.Dev != self.Dev {
				continue // gone, or another volume's
			}
			if st.Mode&unix.S_IFMT == unix.S_IFDIR {
				below = append(below, filepath.Join(dir, name))
				continue
			}
			u.file(dir, name, &st)
		}
		if err == io.EOF {
			return below, nil
		}
		if err != nil {
			return below, err
		}
	}
}

func (u *usage) file(dir, name string, st *unix.Stat_t) {
	if st.Nlink > 1 && !u.first(st) {
		return
	}
	size := st.Blocks * 512
	u.bytes += size
	if size > u.most {
		u.most, u.largest = size, filepath.Join(dir, name)
	}
}

// first says whether this is the first time that something is seen.
func (u *usage) first(st *unix.Stat_t) bool {
	id := inode{st.Dev, st.Ino}
	_, known := u.seen[id]
	u.seen[id] = struct{}{}
	return !known
}

// unreadable says once that something does not count.
func (g *Guard) unreadable(err error) {
	if !g.blind {
		g.blind = true
		g.log.Warn("cannot look into a directory, what is in it does not count", zap.Error(err))
	}
}
