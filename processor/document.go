package processor

import (
	"errors"
	"maps"
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

	recording bool
	undo      []change
	before    time.Time
}

// change is what a map held under a key before it was written to.
type change struct {
	in  map[string]any
	key string
	old any
	had bool
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

// set and remove are the only writers of maps, so that begin can record them.

func (d *Document) set(m map[string]any, key string, v any) {
	if d.recording {
		old, had := m[key]
		d.undo = append(d.undo, change{m, key, old, had})
	}
	m[key] = v
}

func (d *Document) remove(m map[string]any, key string) {
	if d.recording {
		old, had := m[key]
		d.undo = append(d.undo, change{m, key, old, had})
	}
	delete(m, key)
}

// begin starts a change that can be taken back. To record what is written costs
// less than the copy of each event that Filebeat makes in its place.
func (d *Document) begin() {
	d.recording, d.before = true, d.Time
}

func (d *Document) commit() {
	clear(d.undo)
	d.recording, d.undo = false, d.undo[:0]
}

func (d *Document) rollback() {
	for i := len(d.undo) - 1; i >= 0; i-- {
		if c := d.undo[i]; c.had {
			c.in[c.key] = c.old
		} else {
			delete(c.in, c.key)
		}
	}
	d.Time = d.before
	d.commit()
}

// DeepMerge copies src into the document, maps into maps. Without overwrite,
// values that are there stay, unless src has a map in their place, as in
// Filebeat. "@timestamp" needs a time.Time and overwrite, "@metadata" a map; else
// they are ignored. The document keeps none of src's maps.
func (d *Document) DeepMerge(src map[string]any, overwrite bool) {
	for key, v := range src {
		switch key {
		case "@timestamp":
			if t, ok := v.(time.Time); ok && overwrite {
				d.Time = t
			}
		case "@metadata":
			if m, ok := v.(map[string]any); ok {
				if d.Meta == nil {
					d.Meta = map[string]any{}
				}
				d.mergeMap(d.Meta, m, overwrite)
			}
		default:
			if d.Fields == nil {
				d.Fields = map[string]any{}
			}
			d.merge(d.Fields, key, v, overwrite)
		}
	}
}

func (d *Document) mergeMap(dst, src map[string]any, overwrite bool) {
	for key, v := range src {
		d.merge(dst, key, v, overwrite)
	}
}

func (d *Document) merge(dst map[string]any, key string, v any, overwrite bool) {
	old, exists := dst[key]
	m, ok := v.(map[string]any)
	if !ok {
		if overwrite || !exists {
			d.set(dst, key, v)
		}
		return
	}
	if sub, ok := old.(map[string]any); ok && sub != nil {
		d.mergeMap(sub, m, overwrite)
		return
	}
	d.set(dst, key, cloneMap(m))
}

// Clone returns a copy that shares no map with d.
func (d *Document) Clone() *Document {
	return &Document{Time: d.Time, Meta: cloneMap(d.Meta), Fields: cloneMap(d.Fields)}
}

// Reset makes d the same as template, as Clone would, with the maps that d has
// already. Nothing else may hold on to those.
func (d *Document) Reset(template *Document) {
	d.Time = template.Time
	d.Meta = refill(d.Meta, template.Meta)
	d.Fields = refill(d.Fields, template.Fields)
}

func refill(dst, src map[string]any) map[string]any {
	if dst == nil || src == nil {
		return cloneMap(src)
	}
	maps.DeleteFunc(dst, func(key string, _ any) bool {
		_, ok := src[key]
		return !ok
	})
	for key, v := range src {
		if m, ok := v.(map[string]any); ok {
			old, _ := dst[key].(map[string]any)
			v = refill(old, m)
		}
		dst[key] = v
	}
	return dst
}

// clone copies v if it is a map; nothing else is changed in place.
func clone(v any) any {
	if m, ok := v.(map[string]any); ok {
		return cloneMap(m)
	}
	return v
}

// cloneMap copies a map and the maps in it. Lists are shared.
func cloneMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	c := make(map[string]any, len(m))
	for key, v := range m {
		if sub, ok := v.(map[string]any); ok {
			v = cloneMap(sub)
		}
		c[key] = v
	}
	return c
}
