package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.uber.org/zap"
)

const (
	minBackoff = time.Second
	maxBackoff = 30 * time.Second
)

// Run saves the positions when something changed, at most once per
// [Options.Flush], until ctx ends; then it saves a last time and returns that
// save's error. While nothing changes it does not wake up. Failed saves are
// retried after 1 s and up to 30 s, and logged when the first one fails and when
// one succeeds again.
//
// Nobody waits for a save but Run and Save themselves: a disk that hangs delays
// their return and nothing else.
func (r *Registry) Run(ctx context.Context) error {
	var backoff time.Duration
	for {
		select {
		case <-ctx.Done():
			return r.Save()
		case <-r.wake:
		}
		known := r.failing.Load()
		if err := r.Save(); err != nil {
			backoff = min(max(2*backoff, minBackoff), maxBackoff)
			if !known {
				r.log.Error("positions can't be saved; a restart would read files again; saving is retried", zap.Error(err))
			}
		} else {
			backoff = 0
		}
		// The rest comes after the save, so that a lone change is safe at once.
		if !rest(ctx, max(r.opts.Flush, backoff)) {
			return r.Save()
		}
	}
}

// rest waits for d and reports whether it is over before ctx.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Save writes the positions now, if any of them is not saved yet, and returns
// when they are on disk. After an error the file holds what it held before, or
// already the new positions when the error is the directory's sync.
func (r *Registry) Save() error {
	r.saving.Lock()
	defer r.saving.Unlock()
	// Cleared before the states are taken: what changes from here on is marked
	// again, and saved next time if it came too late for this one.
	if !r.dirty.Swap(false) {
		return nil
	}
	data, err := encode(r.States())
	if err == nil {
		err = replace(r.path, data)
	}
	if err != nil {
		r.failures.Add(1)
		r.failing.Store(true)
		r.mark()
		return fmt.Errorf("save registry: %w", err)
	}
	r.saves.Add(1)
	if r.failing.Swap(false) {
		r.log.Info("positions are saved again")
	}
	return nil
}

// replace makes data the content of the file at path, such that a crash at any
// point leaves the old content or the new one, and the new one is on disk when
// it returns.
func replace(path string, data []byte) error {
	tmp, err := create(path)
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync() // or the rename may reach the disk before the content
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		// A full disk needs the space more than the next try, which removes it, too.
		_ = os.Remove(tmp.Name())
		return err
	}
	return syncDir(filepath.Dir(path))
}

// create makes the directory of path, removes what a crash left in the
// temporary file's place, and creates that file. Its name is always the same,
// so that there is never more than one.
func create(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	tmp := path + ".tmp"
	_ = os.Remove(tmp) // what can't be removed makes the next line fail
	return os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// prepare finds out at the start whether saving will work.
func prepare(path string) error {
	tmp, err := create(path)
	if err != nil {
		return err
	}
	return errors.Join(tmp.Close(), os.Remove(tmp.Name()))
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some network and FUSE file systems have no sync of directories; there is
	// nothing better to be had on them.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
