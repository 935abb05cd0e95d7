package parser

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/logcar/logcar/event"
)

// KeyOptions say what becomes of the keys of a JSON line.
type KeyOptions struct {
	// MessageKey is the key whose text goes through the rest of the chain; empty:
	// none does, and the event has no text.
	MessageKey string
	// DocumentID is the key whose string becomes @metadata._id, instead.
	DocumentID string
	// OverwriteKeys lets keys replace what is at the document's root, and set its
	// @timestamp and @metadata.
	OverwriteKeys bool
	// ExpandKeys makes objects of keys with dots. It is for keys at the root.
	ExpandKeys bool
	// AddErrorKey puts what was wrong into the field error.
	AddErrorKey bool
	// IgnoreDecodingError keeps it out of Output.Err.
	IgnoreDecodingError bool
}

// JSON is the log input's json: each line is an object. What its MessageKey
// holds goes through multiline, limits and filters and is then put back there; of
// joined lines the last one's object counts.
type JSON struct {
	KeyOptions
	// KeysUnderRoot puts the keys at the document's root instead of under json.
	KeysUnderRoot bool
}

// NDJSON is filestream's parser ndjson: each message's text is an object. What
// MessageKey holds becomes the text.
type NDJSON struct {
	KeyOptions
	// Target is the field that the object becomes; empty: the document's root.
	Target string
}

func (s JSON) check() error { return nil }

func (s NDJSON) check() error {
	if strings.HasPrefix(s.Target, "@") {
		return fmt.Errorf("ndjson.target: %q is not a field", s.Target)
	}
	return nil
}

func (s JSON) node(f *File, next node) node {
	return &decoding{KeyOptions: s.KeyOptions, f: f, next: next, use: keepForFinish}
}

func (s NDJSON) node(f *File, next node) node {
	return &decoding{KeyOptions: s.KeyOptions, f: f, next: next, use: s.use}
}

// decoding is a JSON or NDJSON at work on one file.
type decoding struct {
	KeyOptions
	f    *File
	next node
	use  func(m *message, object map[string]any) // what becomes of the object
	text []byte
}

func (n *decoding) take(m *message) {
	object, nulls, err := decodeObject(m.text)
	if err == nil && object != nil {
		m.nulls = m.nulls || nulls
		m.parsed = true
		n.text = append(n.text[:0], n.textOf(object)...)
		m.text, m.eol = n.text, false
	} else {
		object = n.failed(m, err)
	}
	n.use(m, object)
	n.next.take(m)
	if cap(n.text) > maxIdle {
		n.text = nil
	}
}

// textOf returns the text that the rest of the chain is to see.
func (n *decoding) textOf(object map[string]any) string {
	if n.MessageKey == "" {
		return ""
	}
	v, there := object[n.MessageKey]
	text, ok := v.(string)
	if ok || !n.AddErrorKey {
		return text
	}
	if there {
		object["error"] = jsonError(fmt.Sprintf("Value of key '%s' is not a string", n.MessageKey))
	} else {
		object["error"] = jsonError(fmt.Sprintf("Key '%s' not found", n.MessageKey))
	}
	return ""
}

// failed counts a text that is no object, and goes on as it is. It returns what
// the event says of that.
func (n *decoding) failed(m *message, err error) map[string]any {
	n.f.out.Failed++
	if !n.AddErrorKey && (n.IgnoreDecodingError || n.f.out.Err != nil) {
		return nil // nobody wants to know
	}
	if m.eol && errors.Is(err, io.ErrUnexpectedEOF) {
		// Filebeat's log input decodes lines with their ends, and its error says so.
		_, _, err = decodeObject(slices.Concat(m.text, []byte(n.f.chain.lines.text)))
	}
	text := fmt.Sprintf("Error decoding JSON: %v", err)
	if !n.IgnoreDecodingError {
		n.f.out.note(m.from, errors.New(text))
	}
	if !n.AddErrorKey {
		return nil
	}
	return map[string]any{"error": jsonError(text)}
}

func jsonError(text string) map[string]any {
	return map[string]any{"message": text, "type": "json"}
}

// keepForFinish keeps the object for JSON.finish.
func keepForFinish(m *message, object map[string]any) {
	m.json, m.isJSON, m.parsed = object, true, true
}

// finish puts a log input's object and the text that came of its MessageKey into
// the event's fields. An empty object leaves the text in the document's message
// and an empty json beside it, as in Filebeat.
func (s *JSON) finish(m *message) {
	object := m.json
	if len(object) == 0 {
		m.root()["json"] = map[string]any{}
		return
	}
	m.dropText = true
	switch {
	case s.MessageKey == "":
	case s.MessageKey == "message" && s.KeysUnderRoot && s.DocumentID != "message":
		delete(object, "message") // it is where the text goes by itself
		m.dropText = false
	default:
		object[s.MessageKey] = string(m.text)
	}
	if len(object) == 1 && object["error"] != nil {
		m.dropText = false // there is nothing but what was wrong with the text
	}
	s.takeID(m, object)
	if s.KeysUnderRoot {
		s.write(m, object)
	} else {
		m.root()["json"] = object
	}
}

// use puts a filestream's object into the event's fields.
func (s NDJSON) use(m *message, object map[string]any) {
	if len(object) == 0 {
		return
	}
	m.parsed = true
	if s.MessageKey != "" && len(m.text) > 0 {
		object[s.MessageKey] = string(m.text)
	}
	if len(object) == 1 && object["error"] != nil {
		m.root()["message"] = string(m.text)
	}
	s.takeID(m, object)
	if s.Target == "" {
		s.write(m, object)
	} else {
		m.root()[s.Target] = object
	}
}

// takeID moves the document's id to @metadata.
func (o *KeyOptions) takeID(m *message, object map[string]any) {
	if o.DocumentID == "" {
		return
	}
	parent, key := find(object, o.DocumentID)
	if id, ok := parent[key].(string); ok {
		delete(parent, key)
		m.setMeta(map[string]any{"_id": id})
	}
}

func (m *message) setMeta(meta map[string]any) {
	if m.meta == nil {
		m.meta = map[string]any{}
	}
	event.Merge(m.meta, meta, true)
}

// find returns the object that holds the value at path, whose steps are separated
// by dots, and the value's key in it. A key that has dots itself goes first.
func find(object map[string]any, path string) (parent map[string]any, key string) {
	for {
		if _, ok := object[path]; ok {
			return object, path
		}
		step, rest, ok := strings.Cut(path, ".")
		if !ok {
			return object, path
		}
		object, _ = object[step].(map[string]any)
		path = rest
	}
}

// write merges keys into the fields at the root.
func (o *KeyOptions) write(m *message, keys map[string]any) {
	if o.ExpandKeys {
		// Filebeat loses all keys when one cannot be expanded.
		if expanded, err := expandKeys(keys); err != nil {
			o.complain(m, err.Error())
		} else {
			keys = expanded
		}
	}
	if o.OverwriteKeys {
		m.overwrite = true
		o.takeTime(m, keys)
		o.checkType(m, keys)
		switch meta, there := keys["@metadata"]; meta := meta.(type) {
		case map[string]any:
			m.setMeta(meta)
		default:
			if there {
				o.complain(m, "failed to update @metadata")
			}
		}
	}
	delete(keys, "@timestamp")
	delete(keys, "@metadata")
	if m.fields == nil {
		m.fields = keys
		return
	}
	event.Merge(m.root(), keys, o.OverwriteKeys)
}

// complain sets the field error.
func (o *KeyOptions) complain(m *message, text string) {
	if o.AddErrorKey {
		m.root()["error"] = jsonError(text)
	}
}

// iso8601 is the other form of @timestamp that Filebeat reads from 8.0 on.
const iso8601 = "2006-01-02T15:04:05.000Z0700"

// takeTime sets the event's time to the one under @timestamp.
func (o *KeyOptions) takeTime(m *message, keys map[string]any) {
	v, there := keys["@timestamp"]
	if !there {
		return
	}
	text, ok := v.(string)
	if !ok {
		o.complain(m, "@timestamp not overwritten (not string)")
		return
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = time.Parse(iso8601, text)
	}
	if err != nil {
		o.complain(m, fmt.Sprintf("@timestamp not overwritten (parse error on %s)", text))
		return
	}
	m.time = at
}

// checkType removes the key type if it is no name: Elasticsearch once had types.
func (o *KeyOptions) checkType(m *message, keys map[string]any) {
	v, there := keys["type"]
	if !there {
		return
	}
	text, ok := v.(string)
	switch {
	case !ok:
		o.complain(m, "type not overwritten (not string)")
	case text == "" || text[0] == '_':
		o.complain(m, fmt.Sprintf("type not overwritten (invalid value [%s])", text))
	default:
		return
	}
	delete(keys, "type")
}
