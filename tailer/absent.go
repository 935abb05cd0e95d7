package tailer

import (
	"errors"
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
	type listing struct {
		dir string
		in  *Input
	}
	listed := map[listing]map[event.FileID]fs.FileInfo{}
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
		files, ok := listed[listing{dir, in}]
		if !ok {
			files = f.regularFiles(dir, in)
			listed[listing{dir, in}] = files
		}
		switch info := files[st.ID]; {
		case files == nil: // not mounted yet, perhaps
		case info == nil && in.CleanRemoved:
			f.t.reg.Remove(st.ID)
		case info == nil:
		case info.Size() > st.Position || in.Compression != Plain:
			f.finishRenamed(in, st, filepath.Join(dir, info.Name()), info)
		}
	}
}

// finishRenamed reads the rest of a file that has another name now.
func (f *finder) finishRenamed(in *Input, st registry.State, path string, info fs.FileInfo) {
	if file, _, err := openFile(path, in.Compression); err == nil {
		same := !differs(in.birthOf(file.File), st.Born)
		if same && file.foreign() {
			same, err = sameHead(file, st.Head)
		} else if same {
			same, err = mark{st.Head, st.Tail}.in(file)
		}
		_ = file.Close() // begin opens it again
		if err != nil || !same {
			return // another file has got the inode, and none of ours
		}
	}
	f.t.log.Info("file was renamed while nobody read it, reading its rest", zap.String("path", path), zap.String("was", st.Path))
	f.begin(sight{in: in, path: path, info: info, id: st.ID, growing: in.Identity.Kind == ByFingerprint && st.ID == idOf(info), away: true})
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

// regularFiles lists a directory by what the files are to an input; nil when that
// cannot be found out.
func (f *finder) regularFiles(dir string, in *Input) map[event.FileID]fs.FileInfo {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	files := make(map[event.FileID]fs.FileInfo, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		switch s, err := f.recognise(in, filepath.Join(dir, info.Name()), info); {
		case err == nil:
			files[s.id] = info
			if _, ok := files[idOf(info)]; !ok && in.Identity.Growing {
				files[idOf(info)] = info // as which it was known while it was short
			}
		case !errors.Is(err, errShort) && !errors.Is(err, errCorrupt):
			return nil
		}
	}
	return files
}
