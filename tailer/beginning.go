package tailer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// begin makes a reader of a new file.
func (f *finder) begin(c candidate) {
	if e := f.entries[idOf(c.info)]; e != nil && e.seen == f.rounds {
		return // two paths of one new file
	}
	st, file, err := f.state(c)
	if err != nil {
		if !f.said[c.path] && !errors.Is(err, fs.ErrNotExist) {
			f.said[c.path] = true
			f.t.log.Error("cannot open file, trying again", zap.String("path", c.path), zap.Error(err))
		}
		return
	}
	delete(f.said, c.path)
	old := c.in.IgnoreOlder > 0 && time.Since(c.info.ModTime()) > c.in.IgnoreOlder
	_, known := f.t.reg.Lookup(st.ID)
	if !known && (old || (c.in.TailFiles && f.rounds == 1 && !f.t.held.had(c.in))) {
		st.Position = c.info.Size()
	}
	if old || !f.t.mayOpen() {
		_ = file.Close()
		file = nil
	}
	e := &entry{r: f.t.newReader(c.in, st, file), path: c.path, size: c.info.Size(), seen: f.rounds}
	if c.was != "" {
		e.r.cursor.SetPath(c.was) // by which it is found again
	}
	f.entries[st.ID], f.paths[c.path] = e, e
	f.t.log.Info("Harvester started for file: "+c.path, zap.Int64("offset", st.Position), zap.Int64("size", e.size))
	if !old {
		f.t.inbox.put(message{kind: isFound, r: e.r})
	}
}

// state opens a new file and finds out where to begin.
func (f *finder) state(c candidate) (registry.State, *os.File, error) {
	file, err := openFile(c.path)
	if err != nil {
		return registry.State{}, nil, err
	}
	id, size, err := identify(file)
	st := registry.State{ID: id, Path: c.path}
	if err == nil && id != idOf(c.info) {
		err = fmt.Errorf("%s: %w", c.path, fs.ErrNotExist) // replaced just now: the next scan sees it
	}
	if err == nil {
		st.Head, err = readHead(file)
	}
	if err == nil {
		st.Position, err = f.resume(file, id, size)
	}
	if err != nil {
		_ = file.Close()
		return registry.State{}, nil, err
	}
	return st, file, nil
}

// resume is where the registry says that a file goes on.
func (f *finder) resume(file *os.File, id event.FileID, size int64) (int64, error) {
	known, ok := f.t.reg.Lookup(id)
	if !ok || known.Position == 0 {
		return 0, nil
	}
	same, err := sameHead(file, known.Head)
	if err != nil {
		return 0, err
	}
	switch {
	case !same:
		f.t.log.Info("file has the inode of another that is no more, reading it from the beginning",
			zap.String("path", file.Name()), zap.String("other", known.Path))
		f.t.reg.Remove(id)
		return 0, nil
	case known.Position > size:
		f.t.log.Info("file has become shorter since it was read, reading it from the beginning",
			zap.String("path", file.Name()), zap.Int64("position", known.Position), zap.Int64("size", size))
		return 0, nil
	}
	return known.Position, nil
}
