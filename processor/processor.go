// Package processor changes, drops and judges single events as Filebeat's
// processors, conditions and format strings do, under the same names and with the
// same options (Filebeat 8.1's, unless said otherwise).
//
//   - [New] makes a [Chain] from the "processors" list of a configuration, which
//     works on a [Document]: one event as a tree of plain values.
//   - [ParseCondition] makes what stands behind "when" and "if", [ParseFormat] what
//     is behind "%{[field]}", for settings elsewhere that have them.
//   - [Table] lists all processors and options. It is what New itself goes by, so
//     documentation made from it is true.
//
// Only events that some processor touches come here. Much of what a processor
// would do to each event is the same for all events of a file: [Chain.Fold] does
// it once, to the part of the document that they share, and [Chain.Filter] gives
// the processors that need no document of their own.
//
// The package must never know where events come from or go to, YAML, or how
// anything is logged or counted elsewhere. It asks nobody over a network: what it
// knows of host and pod comes from files and the environment.
package processor

import (
	"slices"
	"sync/atomic"
)

// Chain is a list of processors. It is safe for concurrent use, each call with a
// document of its own.
type Chain struct {
	steps    []*step
	notes    []Note
	surround []surrounding
}

// Note says something about a configuration that is worth knowing and no error.
type Note struct {
	Path string // of the key, from the processor's index on: "0.drop_event.when"
	Text string
}

// Stat is what a processor did so far.
type Stat struct {
	Path    string // from the index in the list on, "0.drop_event"; "1.then.0.add_tags" is inside another
	Events  uint64 // came in
	Dropped uint64
	Failed  uint64 // were not processed as they should; most went on
	Err     error  // the last failure, nil without one
}

// action is one processor.
type action interface {
	// run processes d and reports whether the event lives on. With an error as
	// well, the event goes on to the next processor; only if/then lists end.
	run(d *Document) (keep bool, err error)
	// touches tells what run looks at and what it writes to.
	touches() touched
}

// surrounding is an action that reads something outside of the document which
// rarely changes, such as the pod's labels.
type surrounding interface {
	// version looks again, at most once a second, and returns a number that is
	// another one when something has changed.
	version() uint64
}

// step is a processor with its name and counters.
type step struct {
	path    string
	action  action
	touched touched

	events, dropped, failed atomic.Uint64
	last                    atomic.Pointer[error]
}

func (s *step) run(d *Document) (keep bool, err error) {
	s.events.Add(1)
	keep, err = s.action.run(d)
	if err != nil {
		s.failed.Add(1)
		s.last.Store(&err)
	}
	if !keep {
		s.dropped.Add(1)
	}
	return keep, err
}

// Run lets the processors work on d, one after the other, and reports whether the
// event is kept. A processor that fails has changed nothing but, where Filebeat
// does so, error.message or log.flags; it is counted, and the next one follows.
func (c *Chain) Run(d *Document) (keep bool) {
	for _, s := range c.steps {
		if keep, _ := s.run(d); !keep {
			return false
		}
	}
	return true
}

// Len is the number of processors, those inside if and else not counted; a nil
// chain has none.
func (c *Chain) Len() int {
	if c == nil {
		return 0
	}
	return len(c.steps)
}

// Notes tells what is worth knowing of the configuration: what has no effect, and
// what is ignored as in Filebeat.
func (c *Chain) Notes() []Note { return c.notes }

// Version is a number that changes when something around the events does that
// processors put into them: the pod's labels, the host's addresses, summer time.
// What Fold did holds as long as it stays the same. It costs a look at the clock,
// and at most once a second at the file system.
func (c *Chain) Version() uint64 {
	var sum uint64
	for _, s := range c.surround {
		sum += s.version()
	}
	return sum
}

// Stats returns the counts of all processors, in order. Those of the chains that
// Fold and Filter made of this one are among them.
func (c *Chain) Stats() []Stat { return appendStats(nil, c.steps) }

func appendStats(stats []Stat, steps []*step) []Stat {
	for _, s := range steps {
		stat := Stat{Path: s.path, Events: s.events.Load(), Dropped: s.dropped.Load(), Failed: s.failed.Load()}
		if err := s.last.Load(); err != nil {
			stat.Err = *err
		}
		stats = append(stats, stat)
		if b, ok := s.action.(*branch); ok {
			stats = appendStats(appendStats(stats, b.then), b.otherwise)
		}
	}
	return stats
}

// when is a processor with a condition.
type when struct {
	condition *Condition
	action    action
}

func (w *when) run(d *Document) (bool, error) {
	if !w.condition.Check(d) {
		return true, nil
	}
	return w.action.run(d)
}

func (w *when) touches() touched {
	t := w.action.touches()
	t.reads = slices.Concat(t.reads, w.condition.reads)
	return t
}

// branch is if, then and else.
type branch struct {
	condition       *Condition
	then, otherwise []*step
}

func (b *branch) run(d *Document) (bool, error) {
	steps := b.otherwise
	if b.condition.Check(d) {
		steps = b.then
	}
	for _, s := range steps {
		if keep, err := s.run(d); !keep || err != nil {
			return keep, err
		}
	}
	return true, nil
}

func (b *branch) touches() touched {
	t := touched{reads: b.condition.reads}
	for _, steps := range [][]*step{b.then, b.otherwise} {
		for _, s := range steps {
			t = t.and(s.touched)
		}
	}
	return t
}

// dropEvent is drop_event.
type dropEvent struct{}

var dropEventKind = kind{
	Info:  Info{Name: "drop_event", Strict: true, Note: "Drops the event. Without \"when\" it drops all of them."},
	build: func(*options) action { return dropEvent{} },
}

func (dropEvent) run(*Document) (bool, error) { return false, nil }
func (dropEvent) touches() touched            { return touched{} }
