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
	"golang.org/x/sys/unix"

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
	path   string        // where the file is now
	file   *os.File      // nil while closed
	cursor *registry.Cursor
	head   registry.Head

	parse    *parser.File // the slow path; nil: cut does it
	headed   bool         // the parser knows what the file begins with
	cut      cutter
	small    []byte // cut's own buffer while it works in the shared one
	borrowed bool   // it does
	offset   int64  // of the next byte to read
	issued   int64  // everything before is in a batch

	gone     bool      // no path of the input leads to it any more
	left     time.Time // when that was found out
	troubled bool      // the last attempt to read failed, and was logged
	active   time.Time
	empty    int // turns without data since then

	due    time.Time
	index  int // in waiters; -1: not there
	queued bool
	noted  bool // the inbox has a message to wake it; the inbox's
	dead   atomic.Bool
	read   atomic.Int64 // offset, for others to see
}

func (t *Tailer) newReader(in *Input, st registry.State, file *os.File) *reader {
	r := &reader{
		in: in, path: st.Path, file: file, head: st.Head, offset: st.Position, issued: st.Position,
		source: &event.Source{ID: st.ID, Path: st.Path, Input: in.Event},
		active: time.Now(), index: -1,
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
	if r.parse != nil {
		return t.turnParsed(ctx, r)
	}
	t.load(r)
	c := &r.cut
	room := c.buf[len(c.buf) : len(c.buf)+readSize]
	n, err := pread(r.file, room, r.offset)
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
	return n == readSize, nil
}

// progress notes that n bytes were read, just now.
func (t *Tailer) progress(r *reader, n int) (now time.Time) {
	now = time.Now()
	r.active, r.empty = now, 0
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
	t.stats.filtered.Add(r.cut.filtered)
	t.stats.filteredBytes.Add(r.cut.filteredBytes)
	r.cut.filtered, r.cut.filteredBytes = 0, 0
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
	fi, err := r.file.Stat()
	if err != nil {
		return false, fmt.Errorf("stat %s: %w", r.path, err)
	}
	r.empty++
	if fi.Size() >= r.offset {
		return false, nil
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
	t.files.follow(r, t.reg.Cursor(registry.State{ID: r.source.ID, Path: r.path}))
	return nil
}

// state is what there is to say of a file that has no more for now.
type state struct {
	closing  bool // nothing more is expected of it
	inactive bool // it can be opened again when it grows
	late     bool // its open event has waited for long enough
}

func (t *Tailer) judge(r *reader, now time.Time) state {
	idle := now.Sub(r.active)
	deadline, waits := r.deadline()
	left := r.gone && idle >= r.patience() && now.Sub(r.left) >= goneQuiet
	return state{
		closing:  r.in.CloseEOF || t.draining || left,
		inactive: !r.gone && idle >= r.in.CloseInactive && !r.unfinished(),
		late:     waits && !deadline.After(now),
	}
}

// rest decides what becomes of a reader whose file has no more for now.
func (t *Tailer) rest(ctx context.Context, r *reader) error {
	now := time.Now()
	is := t.judge(r, now)
	final := is.closing && (r.gone || !t.draining)
	if r.empty == 0 && (final || is.inactive || is.late) {
		// The time may have passed in Send, and there may be more by now.
		t.enqueue(r)
		return nil
	}
	if is.closing || is.late {
		last := is.closing && (r.gone || t.draining && (t.opts.Unterminated || t.announced.Load()))
		if err := t.finishEvent(ctx, r, last, now); err != nil {
			return err
		}
	}
	switch {
	case t.draining || (r.gone && is.closing):
		t.bury(r)
	case is.closing || is.inactive:
		t.shut(r) // the finder notices when it grows
	default:
		t.park(r, t.due(r, now))
	}
	return nil
}

// due is when a file is to be looked at again, unless something is heard of it.
func (t *Tailer) due(r *reader, now time.Time) time.Time {
	due := now.Add(t.pause(r))
	if d, waits := r.deadline(); waits && d.Before(due) {
		return d
	}
	return due
}

// deadline is when the open event has waited for its next line long enough.
func (r *reader) deadline() (at time.Time, waits bool) {
	if r.parse != nil {
		return r.parse.Deadline()
	}
	c := &r.cut
	return c.latest.Add(c.Timeout), c.lines > 0 && c.Timeout > 0
}

// unfinished says that there is an open event or a line without an end.
func (r *reader) unfinished() bool {
	if r.parse != nil {
		return r.parse.Settled() < r.offset
	}
	return r.cut.lines > 0 || len(r.cut.buf) > 0
}

// patience is how long a file that has gone must be quiet.
func (r *reader) patience() time.Duration {
	if r.unfinished() {
		// The rest of an event or a line may still come from a writer that
		// keeps the file open.
		return max(goneQuiet, r.cut.Timeout)
	}
	soon := r.in.CloseRenamed
	if r.deleted() {
		soon = r.in.CloseRemoved
	}
	if soon {
		return goneQuiet
	}
	return max(goneQuiet, r.in.CloseInactive)
}

// holds says that closing the file would lose the reader's place in an event.
func (r *reader) holds() bool {
	if r.parse != nil {
		return r.unfinished()
	}
	return r.cut.lines > 0
}

// deleted says that the file has no name at all any more.
func (r *reader) deleted() bool {
	var st unix.Stat_t
	return r.file != nil && unix.Fstat(int(r.file.Fd()), &st) == nil && st.Nlink == 0
}

// finishEvent delivers the open event without waiting for its next line; last
// includes a line that has no end.
func (t *Tailer) finishEvent(ctx context.Context, r *reader, last bool, now time.Time) error {
	if r.parse != nil {
		return t.finishParsed(ctx, r, last, now)
	}
	c := &r.cut
	at, end := now, int64(0)
	if c.lines > 0 {
		at = c.since
	}
	if last {
		// The position stays before a line without an end: should its writer
		// still live, the whole line is read next time.
		t.events, end = c.flushPartial(t.events[:0], now)
	} else {
		t.events = c.flush(t.events[:0])
		end = c.settled()
	}
	err := t.send(ctx, r, event.Batch{Time: at, Data: c.buf, Events: t.events}, end)
	c.compact()
	return err
}

// pause is how long to wait before looking at the file again unless something
// is heard of it: doubling from Backoff to MaxBackoff.
func (t *Tailer) pause(r *reader) time.Duration {
	d := r.in.Backoff
	if t.announced.Load() {
		return min(d, hurry)
	}
	for range min(r.empty, 20) {
		if d *= 2; d >= r.in.MaxBackoff {
			return r.in.MaxBackoff
		}
	}
	return d
}

// reopen opens a file that was closed, if its path still leads to it. It begins
// anew when another file has got the inode meanwhile.
func (t *Tailer) reopen(ctx context.Context, r *reader) error {
	file, err := openFile(r.path)
	if err != nil {
		return err
	}
	id, size, err := identify(file)
	if err == nil && id != r.source.ID {
		err = errReplaced
	}
	same := true
	if err == nil {
		same, err = sameHead(file, r.head)
	}
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("open %s: %w", r.path, err)
	}
	r.file = file
	t.makeRoom(r)
	if !same {
		return t.restart(ctx, r, size)
	}
	return nil
}

// mayOpen counts one more open file, unless there are as many as may be.
func (t *Tailer) mayOpen() bool {
	for {
		n := t.open.Load()
		if int(n) >= t.opts.MaxOpen {
			return false
		}
		if t.open.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// makeRoom counts one more open file, and closes those idle ones that were quiet
// for longest while there are too many.
func (t *Tailer) makeRoom(r *reader) {
	t.open.Add(1)
	for int(t.open.Load()) > t.opts.MaxOpen {
		var quiet *reader
		for _, w := range t.waiting {
			if w != r && w.file != nil && !w.gone && !w.holds() && (quiet == nil || w.active.Before(quiet.active)) {
				quiet = w
			}
		}
		if quiet == nil {
			return
		}
		t.shut(quiet)
		t.waiting.remove(quiet)
	}
}

// shut closes r's file. The reader remains, and opens it again when it grows.
func (t *Tailer) shut(r *reader) {
	if r.file != nil {
		_ = r.file.Close() // it was only read
		r.file = nil
		t.open.Add(-1)
	}
}

// bury ends r for good.
func (t *Tailer) bury(r *reader) {
	t.shut(r)
	t.waiting.remove(r)
	if !t.draining {
		t.files.remove(r) // at the end, the last word is about all files
		if r.gone {
			t.reg.Remove(r.source.ID)
		}
	}
	r.dead.Store(true)
}

// learn hashes more of the head of a file that has grown since.
func (t *Tailer) learn(r *reader) {
	if h, err := readHead(r.file); err == nil && h.Len > r.head.Len {
		r.head = h
		r.cursor.SetHead(h)
	}
}

func pread(f *os.File, b []byte, off int64) (int, error) {
	for {
		n, err := unix.Pread(int(f.Fd()), b, off)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}
