package output

import (
	"maps"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/processor"
)

// parsed says whether parsers have found something out about an event.
func parsed(b *event.Batch, i int) bool { return len(b.Extras) > 0 && !b.Extras[i].IsZero() }

// appendParsed is the way of such events.
func (e *Encoder) appendParsed(dst []byte, b *event.Batch, i int) ([]byte, bool) {
	if e.addsOnly(&b.Extras[i]) {
		e.letGo()
		return e.appendAdded(dst, b, i)
	}
	return e.appendBuilt(dst, b, i, &fixed{})
}

// merged is the document of such an event before the processors: what parsers found
// comes first, what the configuration says of the input replaces it, and all
// processors see both.
func (e *Encoder) merged(b *event.Batch, i int) *processor.Document {
	in, x := b.Source.Input, &b.Extras[i]
	if in == nil {
		in = &event.Input{}
	}
	d := &processor.Document{Time: b.Time, Meta: maps.Clone(x.Meta), Fields: e.place(b.Source)}
	if !x.Time.IsZero() {
		d.Time = x.Time
	}
	e.putEvent(d, b, i)
	if x.NoMessage {
		d.Delete("message")
	}
	x.MergeInto(d.Fields)
	d = d.Clone() // maps of x may be shared
	said := described(e.shape, in)
	if tags, ok := said["tags"].([]string); ok {
		delete(said, "tags")
		d.Fields["tags"] = addTags(d.Fields["tags"], tags)
	}
	d.DeepMerge(said, true)
	return d
}

// addTags appends the configuration's tags to those that an event has already.
func addTags(have any, tags []string) []any {
	var list []any
	switch have := have.(type) {
	case []any:
		list = append(list, have...)
	case string:
		list = append(list, have)
	}
	for _, t := range tags {
		list = append(list, t)
	}
	return list
}

// addsOnly says whether the event's document is the template with x.Fields added:
// no processor sees it, and no two of its fields meet.
func (e *Encoder) addsOnly(x *event.Extra) bool {
	t := e.current
	if !t.untouched || x.Meta != nil {
		return false
	}
	for key := range x.Fields {
		if key == "message" && x.NoMessage {
			continue // it stands in the text's place
		}
		if _, taken := t.doc.Fields[key]; taken || Reserved(e.shape, key) {
			return false
		}
	}
	return true
}

// appendAdded is appendParsed for such an event. Nothing is built for it.
func (e *Encoder) appendAdded(dst []byte, b *event.Batch, i int) ([]byte, bool) {
	x, before, bad := &b.Extras[i], dst, 0
	at := b.Time
	if x.Time.IsZero() {
		dst = append(dst, e.begin...)
	} else {
		at = x.Time
		dst = e.appendBegin(dst, at)
	}
	dst = e.appendPosition(dst, b, i)
	if len(x.Fields) > 0 {
		var err error
		if dst, err = appendMembers(append(dst, ','), x.Fields, &bad); err != nil {
			return e.fail(before, err)
		}
		e.invalid.Add(uint64(bad))
	}
	if !x.NoMessage {
		dst = e.appendText(dst, b, i)
	}
	e.time = at
	return append(dst, '}'), true
}
