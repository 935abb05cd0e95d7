package tailer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

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
	// hurry is how often a file is looked at once the end is announced, or has come.
	hurry = 100 * time.Millisecond
	// headSize is how much of a file's beginning tells it from another that got
	// the same inode later.
	headSize = 1024
)

var (
	errReplaced = errors.New("another file has its place")
	errEmptied  = errors.New("what was read of it is not there any more")
	errSink     = errors.New("the output has failed")
)

// A reader is one file. It belongs to the loop; the finder only makes it and
// passes it around.
type reader struct {
	in *Input
	content
	id     event.FileID // to the input and the registry
	native event.FileID // of the file that was opened last
	born   int64        // when it was made; 0: not known
	path   string       // where the file is now
	file   *textFile    // nil while closed
	opened time.Time

	was   string       // where else it was, and may have been copied from
	doubt atomic.Bool  // the file may have been emptied: look before reading on
	sure  time.Time    // when the head was last compared
	most  atomic.Int64 // the file's size when it was largest, as the finder has seen it
	guess guess        // whether the file is a copy of another
	after *reader      // the reader of the copy that is to be read before
	heir  *reader      // the reader that waits for this one to come to its file's end

	elsewhere bool      // path leads to another file of the system, which has the same identity
	touched   bool      // it is to be read again
	forgotten bool      // the registry does not know it any more
	size      int64     // the file's, when everything was read
	doomed    time.Time // when it is to be deleted; zero: it is not
	tries     int       // to delete it

	gone     bool      // no path of the input leads to it any more
	left     time.Time // when that was found out
	held     bool      // it is about to go, and must be open by then
	stuck    stuck     // since when nothing of it is delivered, though it has no name any more
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

// A content is what is read, and how far. It goes over to another file's reader
// when it was copied there.
type content struct {
	source *event.Source // keeps the path under which the file was found, as Filebeat does
	cursor *registry.Cursor
	head   registry.Head
	trail  []byte        // the last bytes before offset, up to trailSize; nil: not yet read
	last   registry.Tail // what the registry knows of the trail; zero when that is compared

	parse    *parser.File // the slow path; nil: cut does it
	headed   bool         // the parser knows what the file begins with
	cut      cutter
	small    []byte // cut's own buffer while it works in the shared one
	borrowed bool   // it does
	offset   int64  // of the next byte to read
	issued   int64  // everything before is in a batch
}

func newContent(in *Input, source *event.Source, st registry.State) content {
	c := content{source: source, head: st.Head, last: st.Tail}
	c.cut.Cut = &in.Cut
	if in.Parse != nil {
		c.parse = in.Parse.File()
	}
	c.rewind(st.Position)
	return c
}

// rewind forgets what is unfinished and goes on at file offset pos.
func (c *content) rewind(pos int64) {
	c.cut.reset(pos)
	if c.parse != nil {
		c.parse.Reset(pos)
		c.headed = false
	}
	c.trail, c.offset, c.issued = nil, pos, pos
}

// A place is a file to be read.
type place struct {
	path string
	away bool // no path of the input leads to it: it stays known by the one where it was
	file *textFile
	info os.FileInfo
}

// newReader returns the reader of a file, or nil when it has one already. st.Path is
// where the file was known to be before.
func (t *Tailer) newReader(in *Input, st registry.State, at place) *reader {
	now := time.Now()
	source := &event.Source{ID: st.ID, Path: at.path, Input: in.Event}
	if in.Owner || in.OwnerGroup {
		source.Owner, source.Group = ownerOf(at.info, in.Owner, in.OwnerGroup)
	}
	r := &reader{
		in: in, content: newContent(in, source, st),
		id: st.ID, native: idOf(at.info), born: st.Born, path: at.path, was: st.Path, file: at.file,
		opened: now, active: now, index: -1,
	}
	r.read.Store(st.Position)
	r.doubt.Store(true)
	added := t.files.add(r, func() *registry.Cursor {
		c := t.reg.Cursor(st)
		if !at.away {
			c.SetPath(at.path)
		}
		return c
	})
	if !added {
		return nil
	}
	return r
}

// sized notes the size that the finder has seen, and whether it is one that lines
// which were added do not explain.
func (r *reader) sized(size int64, odd bool) {
	if odd {
		r.doubt.Store(true)
	}
	for {
		most := r.most.Load()
		if size <= most || r.most.CompareAndSwap(most, size) {
			return
		}
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
	if err := t.verify(r); err != nil {
		return false, err
	}
	if r.fresh() && !r.file.foreign() {
		if waits, err := t.mayBeCopy(r); waits || err != nil {
			return false, err
		}
	}
	if r.parse != nil {
		return t.turnParsed(ctx, r)
	}
	return t.turnPlain(ctx, r)
}

func (t *Tailer) turnPlain(ctx context.Context, r *reader) (more bool, err error) {
	t.load(r)
	c := &r.cut
	room := c.buf[len(c.buf) : len(c.buf)+readSize]
	n, err := t.readOn(r, room)
	if err != nil || n == 0 {
		t.unload(r)
		return t.atEnd(ctx, r, err)
	}
	goesOn := n == readSize || r.file.foreign() || r.heir != nil
	now := t.progress(r, room[:n])
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
	return goesOn, nil
}

// progress notes that b was read, just now.
func (t *Tailer) progress(r *reader, b []byte) (now time.Time) {
	now = time.Now()
	r.active, r.empty, r.troubled = now, 0, false
	if r.forgotten {
		t.remember(r)
	}
	r.offset += int64(len(b))
	if !r.file.foreign() {
		r.extend(b)
		r.cursor.SetTail(r.offset, r.trail)
	}
	t.stats.bytes.Add(uint64(len(b)))
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
	if err := t.handing(func() error { return t.sink.Send(ctx, &b) }); err != nil {
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

// atEnd deals with a read that brought nothing.
func (t *Tailer) atEnd(ctx context.Context, r *reader, err error) (more bool, _ error) {
	if err != nil {
		return false, err
	}
	if r.file.busy() {
		return true, nil
	}
	r.troubled = false
	r.empty++
	r.packed.Store(r.file.from != nil)
	if r.size = r.offset; r.file.foreign() {
		fi, err := r.file.Stat()
		if err != nil {
			return false, fmt.Errorf("stat %s: %w", r.path, err)
		}
		r.size = fi.Size()
	}
	if r.heir != nil {
		err = t.finishCopy(ctx, r)
		t.release(r)
	}
	return false, err
}

// learn hashes more of the head of a file that has grown since. It must be that of
// what was read: the file may have been emptied just now.
func (t *Tailer) learn(r *reader) {
	h, err := readHead(r.file)
	if err != nil || h.Len <= r.head.Len {
		return
	}
	if !r.file.foreign() {
		b := make([]byte, len(r.trail))
		if n, _ := r.file.ReadAt(b, r.offset-int64(len(b))); !bytes.Equal(b[:n], r.trail) {
			return
		}
	}
	r.head = h
	r.cursor.SetHead(h)
}
