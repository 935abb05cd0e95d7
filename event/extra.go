package event

import "time"

// Extra is what parsers found out about an event besides its text. The zero value
// is nothing.
type Extra struct {
	// Fields are added to the document at its root, as MergeInto does it.
	// "@timestamp" and "@metadata" are never among them, and "message" only with
	// NoMessage. The values are what JSON has: nil (inside lists, or kept on
	// purpose), bool, string, int64, float64, []any and map[string]any. Several
	// events may share them at their top level: copy the map to change it.
	Fields map[string]any
	// Meta is added to @metadata, replacing what is there.
	Meta map[string]any
	// Time is the event's @timestamp; zero: the time of its batch.
	Time time.Time
	// Overwrite lets Fields replace what the document has already.
	Overwrite bool
	// NoMessage keeps the event's text out of the document: it has no "message",
	// or one that is among Fields.
	NoMessage bool
}

// IsZero reports whether e says nothing at all.
func (e *Extra) IsZero() bool {
	return e.Fields == nil && e.Meta == nil && e.Time.IsZero() && !e.NoMessage
}

// MergeInto adds e.Fields to doc, which has what the reader knows of the event
// ("log", or "source" and "offset" in documents of Filebeat 6). Objects are merged
// with objects. Of two other values the one in doc stays unless e.Overwrite is set;
// an object replaces a value that is none even so, as in Filebeat.
//
// What the configuration says of the input (input.type, fields, tags) is for
// later, and replaces what is here; what the shipper says of itself (agent, ecs,
// host) comes last, and does not. doc may keep objects of e.Fields as its own.
func (e *Extra) MergeInto(doc map[string]any) {
	Merge(doc, e.Fields, e.Overwrite)
}

// Merge merges src into dst: objects with objects; of two other values the one in
// dst stays unless overwrite is set. dst may keep objects of src as its own.
func Merge(dst, src map[string]any, overwrite bool) {
	for k, v := range src {
		old, exists := dst[k]
		object, ok := v.(map[string]any)
		if !ok {
			if overwrite || !exists {
				dst[k] = v
			}
			continue
		}
		if oldObject, ok := old.(map[string]any); ok && oldObject != nil {
			Merge(oldObject, object, overwrite)
			continue
		}
		dst[k] = object
	}
}
