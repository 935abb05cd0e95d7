package tailer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// asleep is for how long nobody must have written to a file that is deleted
// although the kernel does not say whether somebody has it open to write.
const asleep = 5 * time.Minute

// Delete removes the file at path, which must be absolute, when nothing of it can
// be lost by that, and returns how many bytes the volume gets back. Otherwise the
// file stays, and the error says why.
//
// All of this must hold: an input leads to the path and the file is followed; it
// has no other name; it is read, confirmed and saved as confirmed to its very
// end; and nobody has it open to write, or nobody has written to it for a while
// where that cannot be asked. The file is then read on for as long as any deleted
// one, for whoever writes to it after all. That nobody will open the path again
// is for the caller to know: it is the name that tells a rotated file.
//
// It may be called by any goroutine, also while the sink blocks.
func (t *Tailer) Delete(path string) (freed int64, err error) {
	if freed, err = t.delete(path); err != nil {
		return 0, fmt.Errorf("delete %s: %w", path, err)
	}
	return freed, nil
}

func (t *Tailer) delete(path string) (freed int64, err error) {
	file, err := openItself(path)
	if err != nil {
		return 0, err
	}
	held := false
	defer func() {
		if !held {
			_ = file.Close() // it was only read
		}
	}()
	fi, err := file.Stat()
	if err != nil {
		return 0, err
	}
	r, err := t.finished(path, file, fi)
	if err != nil {
		return 0, err
	}
	switch busy, known := t.writers(file); {
	case busy:
		return 0, errors.New("somebody has it open to write")
	case !known && time.Since(fi.ModTime()) < asleep:
		return 0, fmt.Errorf("it was written to within %v, and the kernel does not say whether somebody has it open", asleep)
	case !known:
		// Before it goes: once it has, the loop may let its reader go.
		held = true
		t.inbox.put(message{kind: isLeaving, r: r, file: file})
	}
	if err := remove(path, fi); err != nil {
		t.inbox.put(message{kind: isStaying, r: r})
		return 0, err
	}
	return blocks(fi), nil
}

// openItself opens a regular file, and nothing that a symbolic link leads to.
func openItself(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// finished returns the reader of a file of which nothing is left to do.
func (t *Tailer) finished(path string, file *os.File, fi os.FileInfo) (*reader, error) {
	id := idOf(fi)
	r, read, confirmed := t.files.find(id)
	switch {
	case r == nil || !fi.Mode().IsRegular():
		return nil, errors.New("it is not followed")
	case !r.in.leadsTo(path):
		return nil, errors.New("no input leads to it")
	case r.in.TailFiles, r.in.IgnoreOlder > 0 && time.Since(fi.ModTime()) > r.in.IgnoreOlder:
		// The position is then behind what nobody has read.
		return nil, errors.New("tail_files or ignore_older may have passed it over")
	case !named(fi):
		return nil, errors.New("it has other names")
	case read != fi.Size() || confirmed != fi.Size():
		return nil, fmt.Errorf("of %d bytes %d are read and %d confirmed", fi.Size(), read, confirmed)
	}
	st, err := t.saved(id)
	if err != nil {
		return nil, err
	}
	same, err := mark{st.Head, st.Tail}.in(&textFile{File: file, decided: true})
	if err == nil && (!same || st.Position != fi.Size()) {
		err = errReplaced
	}
	return r, err
}

// saved returns what is known of a file when that is on disk: the position of a
// file that is no more must not be found beside a new one that got its inode.
func (t *Tailer) saved(id event.FileID) (registry.State, error) {
	st, ok := t.reg.Lookup(id)
	if !ok {
		return st, errors.New("its position is not known")
	}
	return st, t.reg.Save()
}

// remove deletes the file at path if it still is the one of fi, unchanged. Its
// name may be another file's at any moment, and asking who has it before taking
// it would leave a gap: it is taken first, atomically, and then looked at.
func remove(path string, fi os.FileInfo) error {
	aside := filepath.Join(filepath.Dir(path), fmt.Sprintf(".logcar-delete-%d", idOf(fi).Inode))
	if err := rename(path, aside); err != nil {
		return err
	}
	now, err := os.Lstat(aside)
	switch {
	case err != nil:
		return err
	case idOf(now) != idOf(fi):
		err = errReplaced
	case now.Size() != fi.Size() || !now.ModTime().Equal(fi.ModTime()):
		err = errors.New("it was written to just now")
	default:
		err = os.Remove(aside)
	}
	if err == nil {
		return nil
	}
	if back := rename(aside, path); back != nil {
		return fmt.Errorf("%w; it is %s now: %w", err, aside, back)
	}
	return err
}

// rename gives a file another name that nobody has.
func rename(from, to string) error {
	if err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE); err != nil {
		return fmt.Errorf("rename to %s: %w", filepath.Base(to), err)
	}
	return nil
}

// writersOf asks the kernel whether somebody has the file open to write, in
// whatever container. It answers by granting a read lease, or not: see fcntl(2).
// It tells only the file's owner, or who has CAP_LEASE. The lease lasts until the
// file is closed, and makes an open to write wait until then.
func writersOf(f *os.File) (busy, known bool) {
	switch _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK); err {
	case nil:
		return false, true
	case unix.EAGAIN:
		return true, true
	}
	return false, false
}

// leadsTo says whether one of the input's patterns does.
func (in *Input) leadsTo(path string) bool {
	if !in.wants(path) {
		return false
	}
	return slices.ContainsFunc(in.Paths, func(p string) bool {
		patterns, _ := expand(p, in.RecursiveGlob) // the path was checked
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			ok, _ := filepath.Match(pattern, path) // the pattern was checked
			return ok
		})
	})
}

// hold gives a reader a file that is about to go, and keeps it open until the
// finder knows what has become of it.
func (t *Tailer) hold(r *reader, file *os.File) {
	r.held = !r.dead.Load()
	if !r.held || r.file != nil {
		_ = file.Close() // it was only read
		return
	}
	r.file = &textFile{File: file, decided: true} // a compressed one is never as long as what was read
	t.count(r.in, 1)
	t.enqueue(r)
}
