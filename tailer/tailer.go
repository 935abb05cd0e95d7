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
