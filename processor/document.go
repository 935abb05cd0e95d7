package processor

import (
	"errors"
	"strings"
	"time"
)

// Document is one event as processors see it: a tree of plain Go values, which
// are map[string]any, []any, string, int64, float64, bool, nil, and time.Time
// where Filebeat has one. Integers of other types and []string are understood
// too, since an event may come with them.
//
// The maps belong to the document and change with it. Lists, and all that is in
// them, are never changed in place, so that documents can share them. A Document
// is used by one goroutine at a time.
//
// Paths are Filebeat's: names with dots between them, where a key that has dots
// itself is found under its whole name first. "@timestamp" is Time, "@metadata.x"
// is in Meta.
type Document struct {
	Time   time.Time      // @timestamp
	Meta   map[string]any // @metadata, beside beat, type and version
	Fields map[string]any // everything else

	undo     []change
	levels   int   // how many want changes to be recorded
	restored state // by Restore
	before   state // by rollback
}

var (
	errNotFound   = errors.New("key not found")
	errNotMap     = errors.New("a part of the path is not a map")
	errNotTime    = errors.New("value is not a timestamp")
	errWholeMeta  = errors.New("@metadata can only be reached by the keys in it")
	errDeleteTime = errors.New("@timestamp cannot be deleted")
	errNotList    = errors.New("value is not a list")
)

// path is a field's name, looked at once.
type path struct {
	text string // as written
	key  string // inside of what it is in
	in   scope
}

type scope uint8

const (
	inFields scope = iota
	inMeta
	isTime
	isMeta
)

const metaPrefix = "@metadata."

func newPath(text string) path {
	switch {
	case text == "@timestamp":
		return path{text: text, in: isTime}
	case text == "@metadata":
		return path{text: text, in: isMeta}
	case strings.HasPrefix(text, metaPrefix) && len(text) > len(metaPrefix):
		return path{text: text, key: text[len(metaPrefix):], in: inMeta}
	}
	return path{text: text, key: text}
}

// Get returns the value at path and whether there is one; nil can be one. What
// it returns still belongs to the document.
func (d *Document) Get(path string) (any, bool) {
	v, err := d.get(newPath(path))
	return v, err == nil
}

// Put sets the value at path, and makes maps on the way. It fails when something
// on the way is not a map, and when @timestamp is given anything but a time.Time.
// The document owns the maps in v from then on.
func (d *Document) Put(path string, v any) error { return d.put(newPath(path), v) }

// Delete removes the value at path and reports whether there was one. The maps
// around it stay, even when they are empty.
func (d *Document) Delete(path string) bool { return d.delete(newPath(path)) == nil }

func (d *Document) get(p path) (any, error) {
	m := d.Fields
	switch p.in {
	case isTime:
		return d.Time, nil
	case isMeta:
		return nil, errWholeMeta
	case inMeta:
		m = d.Meta
	}
	_, _, v, err := find(m, p.key)
	return v, err
}

func (d *Document) has(p path) bool {
	_, err := d.get(p)
	return err == nil
}

// find looks for a value, the map that holds it, and its key there.
func find(m map[string]any, key string) (in map[string]any, last string, v any, err error) {
	for {
		if v, ok := m[key]; ok {
			return m, key, v, nil
		}
		dot := strings.IndexByte(key, '.')
		if dot < 0 {
			return nil, "", nil, errNotFound
		}
		next, ok := m[key[:dot]]
		if !ok {
			return nil, "", nil, errNotFound
		}
		if m, ok = next.(map[string]any); !ok {
			return nil, "", nil, errNotMap
		}
		key = key[dot+1:]
	}
}

func (d *Document) put(p path, v any) error {
	switch p.in {
	case isTime:
		t, ok := v.(time.Time)
		if !ok {
			return errNotTime
		}
		d.Time = t
		return nil
	case isMeta:
		return errWholeMeta
	case inMeta:
		if d.Meta == nil {
			d.Meta = map[string]any{}
		}
		return d.putIn(d.Meta, p.key, v)
	}
	if d.Fields == nil {
		d.Fields = map[string]any{}
	}
	return d.putIn(d.Fields, p.key, v)
}

func (d *Document) putIn(m map[string]any, key string, v any) error {
	for {
		dot := strings.IndexByte(key, '.')
		if dot < 0 {
			d.set(m, key, v)
			return nil
		}
		if _, ok := m[key]; ok {
			d.set(m, key, v)
			return nil
		}
		next, exists := m[key[:dot]]
		sub, ok := next.(map[string]any)
		if exists && !ok {
			return errNotMap
		}
		if sub == nil {
			sub = map[string]any{}
			d.set(m, key[:dot], sub)
		}
		m, key = sub, key[dot+1:]
	}
}

func (d *Document) delete(p path) error {
	m := d.Fields
	switch p.in {
	case isTime:
		return errDeleteTime
	case isMeta:
		return errWholeMeta
	case inMeta:
		m = d.Meta
	}
	m, key, _, err := find(m, p.key)
	if err != nil {
		return err
	}
	d.remove(m, key)
	return nil
}

// addTo appends to the list at p, or makes one.
func (d *Document) addTo(p path, items []any) error {
	v, err := d.get(p)
	if errors.Is(err, errNotFound) {
		return d.put(p, items)
	}
	if err != nil {
		return err
	}
	list, ok := asList(v)
	if !ok {
		return errNotList
	}
	joined := make([]any, 0, len(list)+len(items))
	return d.put(p, append(append(joined, list...), items...))
}

// asList takes both forms that a list can have.
func asList(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list, true
	}
	return nil, false
}
