// Package tailer finds log files, reads them as they grow, and cuts their bytes
// into events.
//
// Two goroutines share the work. The finder looks at directories: which files
// there are, which have gone, which were written to; it goes on while the sink
// blocks, so that a file that is rotated meanwhile is held open and not lost.
// The loop reads: one file at a time, a bounded piece each turn, so that files
// take turns and one buffer is enough for all of them.
//
// The package must never know of documents, destinations or configuration
// syntax: it hands batches to an event.Sink, and positions to the registry.
package tailer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/parser"
	"github.com/logcar/logcar/registry"
)

// Options hold what concerns all inputs.
type Options struct {
	// Unterminated delivers, at the end, a last line that has no line end, with
	// event.Partial. Without it the line stays unread: its writer may live on,
	// and the next run reads it whole.
	Unterminated bool
	// Quiet is how long no file must have grown, once Run was told to finish,
	// before it does: an ordinary sidecar is told at the same moment as the
	// application, which has more to say.
	Quiet time.Duration
	// MaxQuiet is how long Run waits for that at most: an application that never
	// pauses must not use up the time that is left to deliver. 0: no limit.
	MaxQuiet time.Duration
	// MaxOpen bounds the open files; idle ones are closed first. 0: half of what
	// the system allows.
	MaxOpen int
	// AtEnd begins every file that is there at the start, and of which the registry
	// knows nothing, at its end, as Input.TailFiles does it for one input.
	AtEnd bool
	// DeletedTimeout is how long a deleted file is kept open of which nothing is
	// read or confirmed: then it is closed, so that the disk is freed of it, and what
	// was not read of it is counted as lost. 0: for as long as it takes.
	DeletedTimeout time.Duration
	// FirstStart is when logcar was started for the first time; see SinceFirstStart.
	FirstStart time.Time
}

const (
	// readSize is how much of a file is read in one turn.
	readSize = 128 << 10
	// maxEvents bounds the events of a batch.
	maxEvents = 4096
	// keepRest is how much unfinished text is copied from turn to turn; what is
	// longer keeps a buffer of its own.
	keepRest = 64 << 10
)

// Tailer reads the files of all inputs into a sink.
type Tailer struct {
	inputs []*Input
	opts   Options
	reg    *registry.Registry
	sink   event.Sink
	log    *zap.Logger

	watch    func(*zap.Logger) *watcher        // newWatcher, but in tests
	writers  func(*os.File) (busy, known bool) // writersOf, but in tests
	stdin    *os.File                          // os.Stdin, but in tests
	inbox    inbox
	look     chan struct{}            // holds one when the finder is to look where a file is
	open     atomic.Int64             // open files
	opened   map[*Input]*atomic.Int64 // of each input that has a limit
	draining bool

	// own is held by whoever deals with readers: the loop, except while it waits
	// for the sink or for something to do.
	own     sync.Mutex
	sending time.Time // when the call of the sink began; zero: there is none

	ready   fifo
	waiting waiters
	scratch []byte
	before  [trailSize]byte // what a read finds before its offset
	events  []event.Event
	out     parser.Output

	stats     counters
	files     fileSet
	announced atomic.Bool  // the end of the pod
	hurrying  bool         // the loop has heard of it, or of the end itself
	lastRead  atomic.Int64 // when data was read, in Unix nanoseconds

	handover     Handover
	held, leaves *Held // from the Tailer before this one, and for the next
}

// New returns a tailer. Nothing is opened before Run.
func New(inputs []*Input, opts Options, reg *registry.Registry, sink event.Sink, log *zap.Logger) (*Tailer, error) {
	opened := map[*Input]*atomic.Int64{}
	for i, in := range inputs {
		switch {
		case in.Stdin && len(inputs) > 1:
			return nil, fmt.Errorf("input %d: standard input must be the only one", i)
		case !in.Stdin && len(in.Paths) == 0:
			return nil, fmt.Errorf("input %d: no paths", i)
		}
		if in.HarvesterLimit > 0 {
			opened[in] = new(atomic.Int64)
		}
		if in.ScanFrequency <= 0 || in.Backoff <= 0 || in.MaxBackoff < in.Backoff {
			return nil, fmt.Errorf("input %d: scan frequency %v, back-off %v to %v: must be positive and in order", i, in.ScanFrequency, in.Backoff, in.MaxBackoff)
		}
		for _, path := range in.Paths {
			if _, err := expand(path, in.RecursiveGlob); err != nil {
				return nil, fmt.Errorf("input %d: %w", i, err)
			}
		}
	}
	if opts.MaxOpen == 0 {
		opts.MaxOpen = fileLimit() / 2
	}
	return &Tailer{
		inputs: inputs, opts: opts, reg: reg, sink: sink, log: log, watch: newWatcher, writers: writersOf, stdin: os.Stdin,
		inbox: newInbox(), look: make(chan struct{}, 1), opened: opened,
		scratch: make([]byte, 0, readSize+keepRest),
	}, nil
}

// Run reads until ctx ends, which abandons what is not read, or until finish is
// closed: then it goes on until all is quiet, looks for files a last time, reads
// each to its end, delivers open events, and returns nil. A Handover ends it with
// ErrHandedOver, unless it reads standard input.
func (t *Tailer) Run(ctx context.Context, finish <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	find, err := t.searcher()
	if err != nil {
		cancel()
		return err
	}
	found, last := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(found)
		find.run(ctx, last)
	}()
	end := &ending{finish: finish, last: last, found: found, done: found, begin: t.handover.Begin}
	if t.streams() {
		end.begin = nil // what was read of it cannot be read by another
	}
	if err = t.loop(ctx, end); end.handsOver(ctx, err) {
		t.handOver(ctx, end, find)
		err = ErrHandedOver
	}
	cancel()
	<-found
	find.closeAll()
	return err
}

// A searcher finds what there is to read, and tells the loop.
type searcher interface {
	// run searches until ctx ends or last is closed; then it searches a last time.
	run(ctx context.Context, last <-chan struct{})
	// leave gives up the open files, for another Tailer.
	leave() map[event.FileID]*textFile
	// closeAll closes what is still open when Run ends.
	closeAll()
}

// streams says that there is no file to read, but standard input.
func (t *Tailer) streams() bool { return len(t.inputs) == 1 && t.inputs[0].Stdin }

func (t *Tailer) searcher() (searcher, error) {
	if t.streams() {
		return newStdin(t)
	}
	return newFinder(t)
}

// ending is how Run comes to its end: finish says that it shall, last tells the
// finder to look a last time, and found says that it has.
type ending struct {
	finish <-chan struct{}
	last   chan<- struct{}
	found  <-chan struct{}
	since  time.Time       // when finish was heard
	done   <-chan struct{} // the same as found, which is forgotten once it was heard
	begin  <-chan struct{} // of the Handover; nil once finish was heard
}

// hear notes that Run shall finish.
func (e *ending) hear(now time.Time) { e.finish, e.begin, e.since = nil, nil, now }

// handsOver says that Run has ended for a handover. When that took too long ctx
// has ended, too.
func (e *ending) handsOver(ctx context.Context, err error) bool {
	select {
	case <-e.begin:
		return errors.Is(err, ErrHandedOver) || ctx.Err() != nil
	default:
		return false
	}
}

// quiet is when the files will have been quiet for long enough; zero while
// nobody wants to know.
func (e *ending) quiet(t *Tailer) time.Time {
	if e.since.IsZero() || e.last == nil {
		return time.Time{}
	}
	from := e.since
	if r := time.Unix(0, t.lastRead.Load()); r.After(from) {
		from = r
	}
	at := from.Add(t.opts.Quiet)
	if last := e.since.Add(t.opts.MaxQuiet); t.opts.MaxQuiet > 0 && last.Before(at) {
		return last
	}
	return at
}

// step moves on towards the end, as far as it goes without waiting.
func (e *ending) step(t *Tailer, now time.Time) {
	select {
	case <-e.finish:
		e.hear(now)
		t.hasten() // or the time to be quiet could pass without a look
	case <-e.found:
		e.found = nil
		t.drain()
	default:
	}
	q := e.quiet(t)
	if q.IsZero() || q.After(now) {
		return
	}
	// What is ready may be more of the same; only the limit does not wait for it.
	if limit := e.since.Add(t.opts.MaxQuiet); t.ready.empty() || (t.opts.MaxQuiet > 0 && !limit.After(now)) {
		close(e.last)
		e.last = nil
	}
}

// loop reads the files that have something, and sleeps until one has.
func (t *Tailer) loop(ctx context.Context, end *ending) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	t.own.Lock()
	defer t.own.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := time.Now()
		t.receive()
		t.ring(now)
		end.step(t, now)
		select {
		case <-end.begin:
			return ErrHandedOver
		default:
		}
		if r := t.ready.pop(); r != nil {
			if err := t.serve(ctx, r); err != nil {
				return err
			}
			continue
		}
		if t.draining {
			return nil
		}
		timer.Reset(t.due(now, end).Sub(now))
		t.own.Unlock()
		select {
		case <-ctx.Done():
		case <-t.inbox.signal:
		case <-timer.C:
		case <-end.begin:
			t.own.Lock()
			return ErrHandedOver
		case <-end.finish:
		case <-end.found:
		}
		t.own.Lock()
	}
}

// due is when there is something to do, unless something is heard before.
func (t *Tailer) due(now time.Time, end *ending) time.Time {
	due := now.Add(time.Hour)
	if len(t.waiting) > 0 {
		due = t.waiting[0].due
	}
	if q := end.quiet(t); !q.IsZero() && q.Before(due) {
		due = q
	}
	return due
}

// Announce says that the end is near: the pod is going. From now on files are
// looked at more often, and a last line without a line end is delivered when Run
// finishes, since nobody will come to complete it.
func (t *Tailer) Announce() {
	t.announced.Store(true)
	t.inbox.wake()
}

// drain turns to reading to the end: every reader gets its turns until its file
// has no more, and is closed then.
func (t *Tailer) drain() {
	t.receive()
	t.draining = true
	t.enqueueAll()
}

// receive carries out what the finder has left in the inbox.
func (t *Tailer) receive() {
	for _, m := range t.inbox.take() {
		r := m.r
		switch m.kind {
		case isFound, wasWritten:
			if !r.dead.Load() {
				t.enqueue(r)
			}
		case isLeaving:
			t.hold(r, m.file)
		case isStaying:
			r.held = false
		case hasMoved:
			r.path, r.gone, r.held = m.path, false, false
			r.cursor.SetPath(m.path)
			if m.other && !r.dead.Load() {
				t.follow(r)
			}
		case wasTouched:
			if !r.dead.Load() {
				r.touched = true
				t.enqueue(r)
			}
		case isIdentified:
			t.reg.Rename(r.id, m.id)
			t.files.rename(r, m.id)
		case isStale:
			t.forget(r)
		case hasGone:
			r.gone, r.left, r.held = true, time.Now(), false
			if !t.fits(r) {
				t.shut(r) // the text that it had is nowhere any more
			}
			if !r.queued && !r.dead.Load() {
				// Not at once: what was written before the file went was
				// notified, and its successor's first lines must not wait.
				t.park(r, time.Now().Add(goneLook))
			}
		}
	}
}

// ring enqueues the readers whose time has come.
func (t *Tailer) ring(now time.Time) {
	if t.announced.Load() {
		t.hasten()
	}
	for len(t.waiting) > 0 && !t.waiting[0].due.After(now) {
		t.enqueue(t.waiting[0])
	}
}

// hasten has every file looked at often from now on.
func (t *Tailer) hasten() {
	if !t.hurrying {
		t.hurrying = true
		t.enqueueAll() // their times were set without hurry
	}
}

// enqueueAll enqueues every reader that waits.
func (t *Tailer) enqueueAll() {
	for len(t.waiting) > 0 {
		t.enqueue(t.waiting[0])
	}
}

func (t *Tailer) enqueue(r *reader) {
	if r.queued {
		return
	}
	t.waiting.remove(r)
	r.queued = true
	t.ready.push(r)
}

func (t *Tailer) park(r *reader, due time.Time) {
	r.due = due
	t.waiting.put(r)
}

// serve gives r a turn and decides when it has the next.
func (t *Tailer) serve(ctx context.Context, r *reader) error {
	r.queued = false
	if r.after != nil || r.dead.Load() || t.condemned(r, time.Now()) {
		return nil
	}
	more, err := t.turn(ctx, r)
	if errors.Is(err, errEmptied) {
		more, err = true, t.emptied(ctx, r)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errSink):
		return err
	case errors.Is(err, errCorrupt):
		return t.giveUp(ctx, r, err)
	case err != nil && r.gone && r.file == nil:
		// What was not read cannot be read any more; what was, can go out.
		t.lose(r, &t.stats.lostDeleted, goneUnread, r.most.Swap(0)-r.offset)
		err = t.finishEvent(ctx, r, true, time.Now())
		t.bury(r)
		return err
	case err != nil:
		t.failed(r, err)
		return nil
	case r.guess.waits:
		t.wait(r)
		return nil
	case r.file == nil: // it was freed meanwhile
		t.enqueue(r)
		return nil
	case t.overdue(r):
		return t.letGo(ctx, r, more)
	case more && t.crowded(r.in): // no idle file could make room
		t.makeWay(r)
		return nil
	case more:
		t.enqueue(r)
		return nil
	}
	return t.rest(ctx, r)
}

// failed deals with a file that cannot be opened or read: it is tried again.
func (t *Tailer) failed(r *reader, err error) {
	// When the path leads elsewhere, the finder will say where the file is now.
	moved := errors.Is(err, os.ErrNotExist) || errors.Is(err, errReplaced)
	if !r.troubled && !moved {
		t.log.Error("cannot read file, trying again", zap.String("path", r.path), zap.Error(err))
		r.troubled = true
	}
	t.release(r)
	if t.draining {
		t.log.Error("file is not read to its end", zap.String("path", r.path), zap.Int64("offset", r.offset))
		t.bury(r)
		return
	}
	t.park(r, time.Now().Add(t.pause(r)))
}
