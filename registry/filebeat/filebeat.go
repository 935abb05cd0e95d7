// Package filebeat reads the registry that a Filebeat has left behind, so that
// logcar goes on where it stopped.
//
// It knows the three formats that Filebeat 6.0 to 9 write, and how their entries
// name a file. It only reads: Filebeat's files are the way back. It must never
// know of logcar's own registry file, of readers or of configuration.
package filebeat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/logcar/logcar/registry"
)

// Format is one of the formats of Filebeat's registry, named by the versions
// that write it.
type Format string

// The formats.
const (
	File    Format = "6.0 to 6.8"    // one file
	List    Format = "7.0 to 7.8"    // a directory with data.json, the same list
	Journal Format = "7.9 and newer" // a directory with checkpoints and log.json
)

// Registry is what Filebeat knew.
type Registry struct {
	Path   string // the file or directory that was read
	Format Format
	// States has one entry for each file, sorted by path; Head is not known.
	// Updated is zero where Filebeat's time makes no sense.
	States []registry.State
	// Moved counts the states whose path leads to another file by now, or to
	// none. They hold for the file wherever it is found.
	Moved int
	// Skipped counts the entries that give no position: other inputs' than log
	// and filestream, damaged ones, and those that name a file by its path or
	// its content when there is no such file any more.
	Skipped int
	// Torn says that the journal ends in the middle of a change, as a crash
	// leaves it. What came before is used, as Filebeat does.
	Torn bool
}

// Read reads the registry at path: a registry file of Filebeat 6, the directory
// of a newer one (filebeat.registry.path, with or without "filebeat" at its end),
// or path.data, in which it has its default place. If there are several, the
// newest format counts. The error wraps fs.ErrNotExist when there is none.
func Read(path string) (*Registry, error) {
	inData := filepath.Join(path, "registry")
	for _, dir := range []string{filepath.Join(inData, "filebeat"), filepath.Join(path, "filebeat"), path} {
		switch info, err := os.Stat(dir); {
		case errors.Is(err, fs.ErrPermission): // there may be one
			return nil, fmt.Errorf("read Filebeat's registry: %w", err)
		case err != nil || !info.IsDir():
			continue
		}
		r, err := readDir(dir)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
	}
	for _, file := range []string{inData, path} {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return readFile(file)
		}
	}
	return nil, fmt.Errorf("read Filebeat's registry %s: %w", path, fs.ErrNotExist)
}

func readFile(file string) (*Registry, error) {
	data, err := load(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	var found entries
	if err == nil {
		found, err = parseList(data)
	}
	if err != nil {
		return nil, fmt.Errorf("read Filebeat's registry %s: %w", file, err)
	}
	return found.registry(file, File), nil
}

func readDir(dir string) (*Registry, error) {
	found, format, err := parseDir(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("read Filebeat's registry %s: %w", dir, err)
	}
	return found.registry(dir, format), nil
}

// parseDir reads the registry in a directory. The error wraps fs.ErrNotExist if
// there is none, as in a path.data, whose meta.json is another.
func parseDir(dir fs.FS) (entries, Format, error) {
	format, err := formatOf(dir)
	if err != nil {
		return entries{}, "", err
	}
	if format == Journal {
		found, err := parseJournal(dir)
		return found, Journal, err
	}
	data, err := load(dir, "data.json")
	if err != nil {
		return entries{}, "", err
	}
	found, err := parseList(data)
	if err != nil {
		return entries{}, "", fmt.Errorf("data.json: %w", err)
	}
	return found, List, nil
}

// formatOf goes by the version in meta.json, or without one by the files there.
func formatOf(dir fs.FS) (Format, error) {
	var meta struct{ Version *string }
	data, err := load(dir, "meta.json")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err == nil {
		if err := json.Unmarshal(data, &meta); err != nil {
			return "", fmt.Errorf("meta.json: %w", err)
		}
	}
	switch {
	case meta.Version == nil:
		for _, known := range []struct {
			name   string
			format Format
		}{{"log.json", Journal}, {"data.json", List}} {
			if info, err := fs.Stat(dir, known.name); err == nil && info.Mode().IsRegular() {
				return known.format, nil
			}
		}
		return "", fs.ErrNotExist
	case *meta.Version == "0":
		return List, nil
	case *meta.Version == "1":
		return Journal, nil
	}
	return "", fmt.Errorf("meta.json: version %q is not known", *meta.Version)
}

// sizeLimit is more than any registry has: Filebeat folds its log at 10 MB, and
// an entry has some 300 bytes.
const sizeLimit = 256 << 20

// load reads a whole file. A pipe in its place would block its reader for ever.
func load(dir fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(dir, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", name)
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, sizeLimit+1))
	if err == nil && len(data) > sizeLimit {
		err = fmt.Errorf("%s: larger than %d bytes", name, sizeLimit)
	}
	return data, err
}
