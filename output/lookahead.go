package output

import (
	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/processor"
)

// This file is for destinations that make something of an event's fields, such as
// the name of a topic: what they may see of a document before it is written.

// Common returns what the documents of Start's batch have in common, @timestamp
// included, or nil when they may differ in more than varies tells of. It is for
// destinations that make something of fields, and holds until the next call of
// one of the encoder's methods. It must not be changed.
func (e *Encoder) Common(b *event.Batch) *processor.Document {
	t := e.current
	if t.drop || t.rest != nil || len(b.Extras) > 0 {
		return nil
	}
	t.doc.Time = b.Time
	return t.doc
}

// Varies tells of a path whether documents that have a common part differ there.
func Varies(path string) bool { return ownFields(path) }

// Document works out the document of b.Events[i], for destinations that make
// something of its fields, before Append writes it; Start(b) must have been
// called. It says false when a processor drops the event, and counts it. The
// document holds until the next call of one of the encoder's methods. It must not
// be changed.
func (e *Encoder) Document(b *event.Batch, i int) (*processor.Document, bool) {
	e.letGo()
	t := e.current
	if parsed(b, i) {
		d := e.merged(b, i)
		if !t.all.Run(d) {
			e.dropped.Add(1)
			return nil, false
		}
		e.doc, e.at = d, i
		return d, true
	}
	if t.drop {
		e.dropped.Add(1)
		return nil, false
	}
	// All work on one document, which is made again what it was after each.
	d := t.doc
	d.Time = b.Time
	e.putEvent(d, b, i)
	if (t.filter != nil && !t.filter.Run(d)) || (t.rest != nil && !t.rest.Run(d)) {
		d.Restore()
		e.dropped.Add(1)
		return nil, false
	}
	e.doc, e.at = d, i
	return d, true
}

// letGo ends what Document has begun.
func (e *Encoder) letGo() {
	if e.doc != nil && e.doc == e.current.doc {
		e.doc.Restore()
	}
	e.doc = nil
}

// ID is the id of the document that was appended last, where Options ask for ids;
// empty otherwise. The bytes are the encoder's, until the next Append.
func (e *Encoder) ID() []byte { return e.id }

// HasIDs says whether documents have ids.
func (e *Encoder) HasIDs() bool { return e.opts.EventID }
