package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLocked is wrapped by Lock's error when the directory is in use.
var ErrLocked = errors.New("already locked by another logcar, give each its own data directory")

// DirLock keeps other processes from using a directory.
type DirLock struct {
	file *os.File
}

// Lock takes the directory for this process, by an exclusive flock on its file
// logcar.lock. It does not wait: the error wraps ErrLocked when another process,
// or another DirLock of this one, has it. Any other error says that the lock
// can't be had here at all, as on a volume that is read-only or has no locks.
//
// The kernel releases the lock when the process ends, however it ends. The file
// stays: removing it could take the lock from under the next process.
//
// Filebeat does the same with filebeat.lock ("data path already locked by
// another beat").
func Lock(dir string) (*DirLock, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "logcar.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if err := flock(f); err != nil {
		_ = f.Close() // nothing was written
		return nil, fmt.Errorf("lock data directory %s: %w", dir, err)
	}
	return &DirLock{file: f}, nil
}

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return ErrLocked
		default:
			return err
		}
	}
}

// Close releases the lock.
func (l *DirLock) Close() error {
	return l.file.Close()
}
