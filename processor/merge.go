package processor

import (
	"time"
)

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

// addMissing copies what dst does not have. Unlike DeepMerge it leaves values alone
// that stand where src has a map.
func (d *Document) addMissing(dst, src map[string]any) {
	for key, v := range src {
		old, exists := dst[key]
		m, isMap := v.(map[string]any)
		switch sub, ok := old.(map[string]any); {
		case !exists:
			d.set(dst, key, clone(v))
		case isMap && ok && sub != nil:
			d.addMissing(sub, m)
		}
	}
}

// Clone returns a copy that shares no map with d.
func (d *Document) Clone() *Document {
	return &Document{Time: d.Time, Meta: cloneMap(d.Meta), Fields: cloneMap(d.Fields)}
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
