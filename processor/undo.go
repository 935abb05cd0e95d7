package processor

import "time"

// change is what a map held under a key before it was written to.
type change struct {
	in  map[string]any
	key string
	old any
	had bool
}

// state is what a document was at some time, with the changes to its maps since
// then taken back.
type state struct {
	time         time.Time
	meta, fields map[string]any
	changes      int // that had been recorded
}

// set and remove are the only writers of maps, so that changes can be recorded.

func (d *Document) set(m map[string]any, key string, v any) {
	if d.levels > 0 {
		old, had := m[key]
		d.undo = append(d.undo, change{m, key, old, had})
	}
	m[key] = v
}

func (d *Document) remove(m map[string]any, key string) {
	if d.levels > 0 {
		old, had := m[key]
		d.undo = append(d.undo, change{m, key, old, had})
	}
	delete(m, key)
}

// Save makes the document, as it is now, what Restore makes it again. From then on
// its maps may only be changed by its methods, and by processors.
//
// To take back what was done for one event is a good deal cheaper than to copy,
// for each event, what its file's events have in common.
func (d *Document) Save() {
	if d.levels == 0 {
		d.levels = 1
	}
	d.forget(0)
	d.restored = d.state()
}

// Restore takes back what has changed since Save, as often as one likes.
func (d *Document) Restore() { d.takeBack(&d.restored) }

// begin starts a change that can be taken back as a whole. Filebeat copies the
// event.
func (d *Document) begin() {
	d.levels++
	d.before = d.state()
}

func (d *Document) commit() {
	if d.levels--; d.levels == 0 {
		d.forget(0)
	}
}

func (d *Document) rollback() {
	d.takeBack(&d.before)
	d.levels--
}

func (d *Document) state() state { return state{d.Time, d.Meta, d.Fields, len(d.undo)} }

func (d *Document) takeBack(to *state) {
	for i := len(d.undo) - 1; i >= to.changes; i-- {
		if c := &d.undo[i]; c.had {
			c.in[c.key] = c.old
		} else {
			delete(c.in, c.key)
		}
	}
	d.forget(to.changes)
	d.Time, d.Meta, d.Fields = to.time, to.meta, to.fields
}

// forget drops records, and what they hold on to.
func (d *Document) forget(from int) {
	clear(d.undo[from:])
	if d.undo = d.undo[:from]; cap(d.undo) > maxUndo {
		d.undo = append([]change(nil), d.undo...) // one event was out of the ordinary
	}
}

// maxUndo is how much room for records is kept from one event to the next.
const maxUndo = 4096
