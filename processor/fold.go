package processor

import (
	"slices"
	"strings"
)

// touched is what a processor looks at and writes to, as far as its configuration
// tells.
type touched struct {
	reads, writes []string // paths; what is written may be read as well
	everything    bool     // fields that the configuration does not name
	unsteady      bool     // the outcome depends on more than the document and its surroundings
}

func (t touched) and(o touched) touched {
	return touched{
		reads:      slices.Concat(t.reads, o.reads),
		writes:     slices.Concat(t.writes, o.writes),
		everything: t.everything || o.everything,
		unsteady:   t.unsteady || o.unsteady,
	}
}

// static tells whether run does the same to each event.
func (t touched) static(varying func(path string) bool) bool {
	return !t.everything && !t.unsteady && !slices.ContainsFunc(t.reads, varying) && !slices.ContainsFunc(t.writes, varying)
}

// passes tells whether a processor can run before another one instead of after
// it: neither sees what the other one writes. Fields count as the same when their
// first names are, since a write may replace the map that another one is in.
func (t touched) passes(o touched) bool {
	if t.everything || o.everything {
		return false
	}
	return !shareTop(t.writes, o.writes) && !shareTop(t.writes, o.reads) && !shareTop(t.reads, o.writes)
}

func shareTop(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return top(x) == top(y) })
	})
}

func top(path string) string {
	name, _, _ := strings.Cut(path, ".")
	return name
}

// Overlap returns a function for Fold that knows of these paths that events differ
// there: it says yes to them, to what is below them and to the maps they are in.
func Overlap(paths ...string) func(path string) bool {
	return func(path string) bool {
		return slices.ContainsFunc(paths, func(v string) bool {
			return v == path || strings.HasPrefix(v, path+".") || strings.HasPrefix(path, v+".")
		})
	}
}

// Fold runs the processors that do the same to each event, once, on d: a document
// with all that the events have in common. It returns the chain of those that are
// left, nil when there are none, to run on a copy of d with the event's own
// values put in. When keep is false, all events are dropped.
//
// Varying tells of a path whether events differ in anything that is there, below
// it or above it (see [Overlap]): message, @timestamp, log.offset, log.flags and
// whatever parsers add. What Fold did holds until [Chain.Version] changes.
//
// A processor is taken out of the list only if none that stays before it has to
// do with the same fields.
func (c *Chain) Fold(d *Document, varying func(path string) bool) (rest *Chain, keep bool) {
	var left []*step
	for _, s := range c.steps {
		if !s.touched.static(varying) || slices.ContainsFunc(left, func(l *step) bool { return !s.touched.passes(l.touched) }) {
			left = append(left, s)
			continue
		}
		if keep, _ := s.run(d); !keep {
			return nil, false
		}
	}
	return c.part(left), true
}

// Join makes one chain of several, some of which may be nil, so that Fold sees
// them all. Their Notes, Stats and Version are the joint chain's too.
func Join(chains ...*Chain) *Chain {
	joint := &Chain{}
	for _, c := range chains {
		if c != nil {
			joint.steps = append(joint.steps, c.steps...)
			joint.notes = append(joint.notes, c.notes...)
			joint.surround = append(joint.surround, c.surround...)
		}
	}
	return joint
}

// Defaults returns a chain that adds fields where an event has none of its own,
// maps into maps. That is how agent, ecs and host come into events, after the
// processors of an input and before those for all.
func Defaults(fields map[string]any) *Chain {
	d := defaults(fields)
	return &Chain{steps: []*step{{path: "defaults", action: d, touched: d.touches()}}}
}

type defaults map[string]any

func (p defaults) run(d *Document) (bool, error) {
	if d.Fields == nil {
		d.Fields = map[string]any{}
	}
	d.addMissing(d.Fields, p)
	return true, nil
}

func (p defaults) touches() touched { return touched{writes: leaves(nil, "", p)} }

// Filter splits the chain after those processors that only look at events and may
// drop them. They need no document of the event's own: one will do for all, in
// which the values that vary are put in anew. Either part is nil when it is empty.
func (c *Chain) Filter() (filter, rest *Chain) {
	n := slices.IndexFunc(c.steps, func(s *step) bool { return s.touched.everything || len(s.touched.writes) > 0 })
	if n < 0 {
		n = len(c.steps)
	}
	return c.part(c.steps[:n]), c.part(c.steps[n:])
}

// Keeps returns a function that says of a top-level field whether the chain leaves
// it, and all that is in it, as it is, whatever the event. A nil chain does.
func (c *Chain) Keeps() func(field string) bool {
	var all touched
	if c != nil {
		for _, s := range c.steps {
			all = all.and(s.touched)
		}
	}
	return func(field string) bool {
		return !all.everything && !slices.ContainsFunc(all.writes, func(path string) bool { return top(path) == top(field) })
	}
}

func (c *Chain) part(steps []*step) *Chain {
	if len(steps) == 0 {
		return nil
	}
	return &Chain{steps: steps}
}
