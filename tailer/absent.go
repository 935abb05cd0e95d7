package tailer

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// absent looks, once at the start, for the files that were followed before and
// that no pattern leads to any more. One that was renamed while logcar was down,
// as rotation does it, is still in its directory: its rest is read. One that is
// nowhere is forgotten.
func (f *finder) absent() {
	listed := map[string]map[event.FileID]fs.FileInfo{}
	for _, st := range f.t.reg.States() {
		in := f.inputOf(st.Path)
		if in == nil || f.entries[st.ID] != nil {
			continue
		}
		if file := f.t.held.take(st.ID); file != nil {
			f.inherit(in, st, file)
			continue
		}
		dir := filepath.Dir(st.Path)
		files, ok := listed[dir]
		if !ok {
			files = regularFiles(dir)
			listed[dir] = files
		}
		switch info := files[st.ID]; {
		case files == nil: // not mounted yet, perhaps
		case info == nil:
			f.t.reg.Remove(st.ID)
		case info.Size() > st.Position:
			f.finishRenamed(in, st, filepath.Join(dir, info.Name()), info)
		}
	}
}

// finishRenamed reads the rest of a file that has another name now.
func (f *finder) finishRenamed(in *Input, st registry.State, path string, info fs.FileInfo) {
	if file, err := openFile(path); err == nil {
		same, err := sameHead(file, st.Head)
		_ = file.Close() // begin opens it again
		if err != nil || !same {
			return // another file has got the inode, and none of ours
		}
	}
	f.t.log.Info("file was renamed while nobody read it, reading its rest", zap.String("path", path), zap.String("was", st.Path))
	f.begin(candidate{in: in, path: path, info: info, was: st.Path})
}

// inputOf is the input whose patterns lead to path, exclusions aside.
func (f *finder) inputOf(path string) *Input {
	for i, in := range f.t.inputs {
		if slices.ContainsFunc(f.patterns[i], func(pattern string) bool {
			ok, _ := filepath.Match(pattern, path) // the pattern was checked
			return ok
		}) {
			return in
		}
	}
	return nil
}

// regularFiles lists a directory by identity; nil when it cannot be read.
func regularFiles(dir string) map[event.FileID]fs.FileInfo {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	files := make(map[event.FileID]fs.FileInfo, len(entries))
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files[idOf(info)] = info
		}
	}
	return files
}
