package tailer

import (
	"context"
	"errors"
	"slices"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// Handover is how Run ends when another Tailer shall go on with the files: at
// once, and without ending anything that is open. The other begins where the
// registry says, so that nothing is read twice of what Settle has seen confirmed,
// and an event whose first lines are read comes whole.
type Handover struct {
	// Begin is closed when Run shall end, after the turn that it is at. Once Run
	// was told to finish it is not looked at any more.
	Begin <-chan struct{}
	// Settle waits for the confirmations of what was sent. Until it returns new
	// files are found and held open, since that can take a while. Its context is
	// Run's.
	Settle func(context.Context)
}

// ErrHandedOver is what Run returns after a handover.
var ErrHandedOver = errors.New("the files are another's to read")

// Held is what a Tailer leaves to the next one. A file that has no name any more
// can only be read by who has it open.
type Held struct {
	files    map[event.FileID]*textFile
	inputs   []*Input
	lastRead int64
}

// Yield says when Run shall end for another Tailer; call it before Run.
func (t *Tailer) Yield(h Handover) { t.handover = h }

// Held returns what Run has left, after ErrHandedOver. It is the caller's: to
// Inherit, or to Close.
func (t *Tailer) Held() *Held { return t.leaves }

// Inherit gives a tailer what another one has left; call it before Run, which
// closes what is of no use.
func (t *Tailer) Inherit(h *Held) {
	t.held = h
	t.lastRead.Store(h.lastRead)
}

// Close closes the files.
func (h *Held) Close() {
	if h == nil {
		return
	}
	for id := range h.files {
		_ = h.take(id).Close() // it was only read
	}
}

// take returns a file that is held, and nil if it is not.
func (h *Held) take(id event.FileID) *textFile {
	if h == nil {
		return nil
	}
	file := h.files[id]
	delete(h.files, id)
	return file
}

// had says that an input was there before: the files that it has now are no
// beginning.
func (h *Held) had(in *Input) bool {
	return h != nil && slices.ContainsFunc(h.inputs, func(was *Input) bool { return slices.Equal(was.Paths, in.Paths) })
}

// handOver ends a Run whose files go to another one.
func (t *Tailer) handOver(ctx context.Context, end *ending, f searcher) {
	t.handover.Settle(ctx)
	if end.last != nil {
		close(end.last) // the finder looks a last time
		<-end.done
	}
	t.leaves = &Held{files: f.leave(), inputs: t.inputs, lastRead: t.lastRead.Load()}
}

// leave implements searcher.
func (f *finder) leave() map[event.FileID]*textFile {
	files := map[event.FileID]*textFile{}
	for _, r := range f.t.files.all() {
		if r.file != nil && !r.dead.Load() {
			files[r.id], r.file = r.file, nil
			f.t.count(r.in, -1)
		}
	}
	return files
}

// inherit makes a reader of a held file that no path leads to. It is one that has
// gone, whose rest may still come.
func (f *finder) inherit(in *Input, st registry.State, file *textFile) {
	info, err := file.Stat()
	if err == nil {
		st.Head, err = readHead(file)
	}
	s := sight{in: in, path: st.Path, info: info, id: st.ID}
	if st.Born = in.birthOf(file.File); err == nil {
		st, err = f.resume(file, s, st, info)
	}
	if err != nil {
		f.t.log.Error("file has gone and cannot be read to its end", zap.String("path", st.Path), zap.Error(err))
		_ = file.Close()
		return
	}
	r := f.t.newReader(in, st, place{path: st.Path, file: file, info: info})
	if r == nil { // it was found to be a copy just now
		_ = file.Close()
		return
	}
	f.t.count(in, 1)
	f.entries[st.ID] = &entry{
		r: r, id: st.ID, native: idOf(info), path: st.Path, size: info.Size(), mtime: info.ModTime(), seen: f.rounds, gone: true,
	}
	f.t.inbox.put(message{kind: isFound, r: r})
	f.t.inbox.put(message{kind: hasGone, r: r})
}
