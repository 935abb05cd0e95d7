package tailer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/parser"
	"github.com/logcar/logcar/registry"
)

const (
	// goneLook is how soon after it has gone a file is looked at again.
	goneLook = 250 * time.Millisecond
	// goneQuiet is how long a file that was deleted must be quiet before it is
	// let go: its writer may still have it open.
	goneQuiet = 5 * time.Second
	// hurry is how often a file is looked at once the end is announced.
	hurry = 100 * time.Millisecond
	// headSize is how much of a file's beginning tells it from another that got
	// the same inode later.
	headSize = 1024
)

var (
	errReplaced = errors.New("another file has its place")
	errSink     = errors.New("the output has failed")
)

// A reader is one file. It belongs to the loop; the finder only makes it and
// passes it around.
type reader struct {
	in     *Input
	source *event.Source // keeps the path under which the file was found, as Filebeat does
	id     event.FileID  // to the input and the registry
	native event.FileID  // of the file that was opened last
	path   string        // where the file is now
	file   *textFile     // nil while closed
	opened time.Time
	cursor *registry.Cursor
	head   registry.Head

	parse    *parser.File // the slow path; nil: cut does it
	headed   bool         // the parser knows what the file begins with
	cut      cutter
	small    []byte // cut's own buffer while it works in the shared one
	borrowed bool   // it does
	offset   int64  // of the next byte to read
	issued   int64  // everything before is in a batch

	elsewhere bool      // path leads to another file of the system, which has the same identity
	touched   bool      // it is to be read again
	forgotten bool      // the registry does not know it any more
	size      int64     // the file's, when everything was read
	doomed    time.Time // when it is to be deleted; zero: it is not
	tries     int       // to delete it

	gone     bool      // no path of the input leads to it any more
	left     time.Time // when that was found out
	held     bool      // it is about to go, and must be open by then
	troubled bool      // the last attempt to read failed, and was logged
	active   time.Time
	empty    int // turns without data since then

	due    time.Time
	index  int // in waiters; -1: not there
	queued bool
	noted  bool // the inbox has a message to wake it; the inbox's
	dead   atomic.Bool
	read   atomic.Int64 // offset, for others to see
	packed atomic.Bool  // the file is compressed, for others to see
}

func (t *Tailer) newReader(in *Input, st registry.State, file *textFile, info os.FileInfo) *reader {
	now := time.Now()
	r := &reader{
		in: in, id: st.ID, path: st.Path, file: file, head: st.Head, offset: st.Position, issued: st.Position,
		source: &event.Source{ID: st.ID, Path: st.Path, Input: in.Event},
		native: idOf(info), opened: now, active: now, index: -1,
	}
	if in.Owner || in.OwnerGroup {
		r.source.Owner, r.source.Group = ownerOf(info, in.Owner, in.OwnerGroup)
	}
	r.cut.Cut = &in.Cut
	if in.Parse != nil {
		r.parse = in.Parse.File()
	}
	r.rewind(st.Position)
	r.cursor = t.reg.Cursor(st)
	r.read.Store(st.Position)
	t.files.add(r)
	return r
}

// rewind forgets what is unfinished and goes on at file offset pos.
func (r *reader) rewind(pos int64) {
	r.cut.reset(pos)
	if r.parse != nil {
		r.parse.Reset(pos)
		r.headed = false
	}
}

// turn reads a piece of r's file and sends what it completes. It says whether
// there may be more at once.
func (t *Tailer) turn(ctx context.Context, r *reader) (more bool, err error) {
	if r.file == nil {
		if err := t.reopen(ctx, r); err != nil {
			return false, err
		}
	}
	if r.touched {
		r.touched = false
		if err := t.restart(ctx, r, r.offset); err != nil {
			return false, err
		}
	}
	if r.parse != nil {
		return t.turnParsed(ctx, r)
	}
	t.load(r)
	c := &r.cut
	room := c.buf[len(c.buf) : len(c.buf)+readSize]
	n, err := r.file.readAt(room, r.offset)
	if err != nil {
		t.unload(r)
		return false, fmt.Errorf("read %s at %d: %w", r.path, r.offset, err)
	}
	r.troubled = false
	if n == 0 {
		t.unload(r)
		return t.atEnd(ctx, r)
	}
	now := t.progress(r, n)
	c.buf = c.buf[:len(c.buf)+n]
	for more := true; more; {
		carried, since := c.from, c.since
		if c.lines == 0 {
			carried = -1
		}
		t.events, more = c.cut(t.events[:0], maxEvents, now)
		events := t.events
		if len(events) > 0 && events[0].From == carried && since.UnixMilli() != now.UnixMilli() {
			// An event is dated by its first line, and this one began in an
			// earlier turn.
			if err := t.send(ctx, r, event.Batch{Time: since, Data: c.buf, Events: events[:1]}, events[0].To); err != nil {
				return false, err
			}
			events = events[1:]
		}
		if err := t.send(ctx, r, event.Batch{Time: now, Data: c.buf, Events: events}, c.settled()); err != nil {
			return false, err
		}
	}
	c.compact()
	t.unload(r)
	return n == readSize || r.file.foreign(), nil
}

// progress notes that n bytes were read, just now.
func (t *Tailer) progress(r *reader, n int) (now time.Time) {
	now = time.Now()
	r.active, r.empty = now, 0
	if r.forgotten {
		t.remember(r)
	}
	r.offset += int64(n)
	t.stats.bytes.Add(uint64(n))
	r.read.Store(r.offset)
	t.lastRead.Store(now.UnixNano())
	if r.head.Len < headSize && r.offset > int64(r.head.Len) {
		t.learn(r) // before the position can move
	}
	return now
}

// send hands over a batch that covers the file up to end. Its source and its
// token are filled in here.
func (t *Tailer) send(ctx context.Context, r *reader, b event.Batch, end int64) error {
	t.stats.add(&r.cut)
	if end <= r.issued && len(b.Events) == 0 {
		return nil
	}
	b.Source, b.Token = r.source, r.cursor.Issue(max(end, r.issued))
	r.issued = max(end, r.issued)
	if len(b.Events) == 0 {
		b.Token.Done()
		return nil
	}
	if err := t.sink.Send(ctx, &b); err != nil {
		return fmt.Errorf("%w: %w", errSink, err)
	}
	t.stats.events.Add(uint64(len(b.Events)))
	return nil
}

// load gives r a buffer with room for a read: the shared one, unless r holds a
// large unfinished event in a buffer of its own.
func (t *Tailer) load(r *reader) {
	c := &r.cut
	if len(c.buf) > keepRest {
		c.buf = slices.Grow(c.buf, readSize)
		return
	}
	r.small, r.borrowed = c.buf, true
	c.buf = append(t.scratch[:0], c.buf...)
}

// unload takes the shared buffer back and leaves r what is unfinished.
func (t *Tailer) unload(r *reader) {
	c := &r.cut
	switch {
	case len(c.buf) > keepRest && r.borrowed:
		t.scratch = make([]byte, 0, readSize+keepRest) // r keeps the shared one
		r.small = nil
	case len(c.buf) > keepRest:
	case r.borrowed:
		t.scratch = c.buf[:0]
		c.buf = append(r.small[:0], c.buf...)
	default:
		c.buf = slices.Clone(c.buf) // small again, it lets its own buffer go
	}
	if len(c.buf) == 0 && cap(c.buf) > 4<<10 {
		c.buf = nil
	}
	r.borrowed = false
}

// atEnd looks whether the file has become shorter than what was read of it.
func (t *Tailer) atEnd(ctx context.Context, r *reader) (more bool, err error) {
	if r.file.busy() {
		return true, nil
	}
	fi, err := r.file.Stat()
	if err != nil {
		return false, fmt.Errorf("stat %s: %w", r.path, err)
	}
	r.empty++
	r.size = fi.Size()
	r.packed.Store(r.file.from != nil)
	if r.size >= r.offset || r.file.foreign() {
		return false, nil
	}
	if !t.fits(r) {
		t.shut(r)
		t.lookAround() // the text may have been copied before
		return false, fmt.Errorf("read %s: %w", r.path, errReplaced)
	}
	return true, t.restart(ctx, r, fi.Size())
}

// restart begins a truncated file anew. What was open in the old content is
// complete: nothing can be added to it any more.
func (t *Tailer) restart(ctx context.Context, r *reader, size int64) error {
	t.log.Info("File was truncated. Begin reading file from offset 0: "+r.path,
		zap.Int64("offset", r.offset), zap.Int64("size", size))
	t.stats.truncations.Add(1)
	if err := t.finishEvent(ctx, r, true, time.Now()); err != nil {
		return err
	}
	r.rewind(0)
	r.offset, r.issued, r.head = 0, 0, registry.Head{}
	t.files.follow(r, t.reg.Cursor(registry.State{ID: r.id, Path: r.path}))
	return nil
}

// learn hashes more of the head of a file that has grown since.
func (t *Tailer) learn(r *reader) {
	if h, err := readHead(r.file); err == nil && h.Len > r.head.Len {
		r.head = h
		r.cursor.SetHead(h)
	}
}
