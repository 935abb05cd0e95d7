// Package keystore reads and writes the file in which Filebeat keeps secrets that
// a configuration refers to as ${NAME}: filebeat.keystore, below path.data.
//
// It is no vault: the file is encrypted under an empty password, which keeps a
// secret from those who glance at it and from nobody who has the file. Its
// permissions are what protects it. The package must never know of configuration
// syntax, of the environment, or of what a secret is for.
package keystore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// maxFile bounds what is read: a ConfigMap or a Secret holds at most 1 MiB.
const maxFile = 1 << 20

// Store is the content of one file. It is used by one goroutine at a time.
type Store struct {
	path    string
	exists  bool
	secrets map[string][]byte
}

// Open reads the file at path. Without one the store is empty, and Save makes it.
// With strict, a file that does not belong to root or to the effective user, or
// whose permissions let anybody but its owner near it, is an error.
func Open(path string, strict bool) (*Store, error) {
	s := &Store{path: path}
	data, err := read(path, strict)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		s.secrets = map[string][]byte{}
		return s, nil
	}
	if err == nil {
		s.secrets, err = decode(data)
	}
	if err != nil {
		return nil, fmt.Errorf("open keystore %s: %w", path, err)
	}
	s.exists = true
	return s, nil
}

func read(path string, strict bool) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if strict {
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		if err := check(path, info); err != nil {
			return nil, err
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("longer than %d bytes", maxFile)
	}
	return data, err
}

// check is Filebeat's --strict.perms for this file, but for one thing: Filebeat
// wants the permissions to be 0600 exactly, and so refuses 0400.
func check(path string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if uid := os.Geteuid(); ok && st.Uid != 0 && int(st.Uid) != uid {
		return fmt.Errorf("must be owned by the user identifier (uid=%d) or root", uid)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("can only be writable and readable by the owner but the permissions are %q "+
			"(to fix the permissions use: 'chmod go-wrx %s')", perm, path)
	}
	return nil
}

// Path is where the store's file is, or will be.
func (s *Store) Path() string { return s.path }

// Exists says whether there is a file.
func (s *Store) Exists() bool { return s.exists }

// Get returns a secret, and whether there is one of that name.
func (s *Store) Get(name string) (secret string, ok bool) {
	value, ok := s.secrets[name]
	return string(value), ok
}

// Set adds a secret, or replaces it.
func (s *Store) Set(name, secret string) { s.secrets[name] = []byte(secret) }

// Remove forgets a secret.
func (s *Store) Remove(name string) { delete(s.secrets, name) }

// Clear forgets all secrets.
func (s *Store) Clear() { clear(s.secrets) }

// Names returns the secrets' names in order.
func (s *Store) Names() []string { return slices.Sorted(maps.Keys(s.secrets)) }

// Save writes the file, for its owner alone, and its directory if there is none.
// A crash leaves the old file or the new one, never less.
func (s *Store) Save() error {
	data, err := encode(s.secrets)
	if err == nil {
		err = replace(s.path, data)
	}
	if err != nil {
		return fmt.Errorf("save keystore %s: %w", s.path, err)
	}
	s.exists = true
	return nil
}

// replace makes data the content of the file at path.
func replace(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+".tmp*") // with 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync() // or the rename may reach the disk before the content
	}
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some network and FUSE file systems have no sync of directories.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
