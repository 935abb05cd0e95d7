package registry

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// keepAside is how many corrupt files are kept to be looked into.
const keepAside = 3

// setAside renames the corrupt file at path to <path>.corrupt-<unix time> and
// returns that name. It removes the oldest of such files, so that a disk that
// spoils the registry again and again is not filled by what was spoilt.
func setAside(path string) (string, error) {
	prefix := path + ".corrupt-"
	times, err := asides(prefix)
	if err != nil {
		return "", err
	}
	at := time.Now().Unix()
	if n := len(times); n > 0 {
		at = max(at, times[n-1]+1) // the second one within the second is the newer one
	}
	name := prefix + strconv.FormatInt(at, 10)
	if err := os.Rename(path, name); err != nil {
		return "", err
	}
	var errs []error
	for _, at := range times[:max(0, len(times)+1-keepAside)] {
		errs = append(errs, os.Remove(prefix+strconv.FormatInt(at, 10)))
	}
	return name, errors.Join(errs...)
}

// asides returns the times of the files named prefix and a unix time, in order.
func asides(prefix string) ([]int64, error) {
	entries, err := os.ReadDir(filepath.Dir(prefix))
	if err != nil {
		return nil, err
	}
	var times []int64
	for _, e := range entries {
		suffix, ok := strings.CutPrefix(e.Name(), filepath.Base(prefix))
		if at, err := strconv.ParseInt(suffix, 10, 64); ok && err == nil {
			times = append(times, at)
		}
	}
	slices.Sort(times)
	return times, nil
}
