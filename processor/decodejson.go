package processor

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// decodeJSON is decode_json_fields.
type decodeJSON struct {
	fields       []path
	maxDepth     int
	processArray bool
	target       *path // nil: the field itself; its text is empty for the document
	id           string
	overwrite    bool
	expand       bool
	addError     bool
}

var decodeJSONFieldsKind = kind{
	Info: Info{Name: "decode_json_fields", Strict: true, Note: "Decodes fields that hold JSON. Fields with anything else than a string are left alone.", Options: []OptionInfo{
		{Name: "fields", Type: Fields, Required: true, Note: "The fields."},
		{Name: "target", Type: String, Note: "Where the value goes; the field itself without it, the document when it is empty (an object's fields are then merged in)."},
		{Name: "max_depth", Type: Int, Default: "1", Note: "How often strings that look like objects or lists are decoded in turn, 1 for not at all."},
		{Name: "process_array", Type: Bool, Default: "false", Note: "Whether that goes for the strings in lists too."},
		{Name: "overwrite_keys", Type: Bool, Default: "false", Note: "Whether fields of the document are replaced."},
		{Name: "expand_keys", Type: Bool, Default: "false", Note: "Whether keys with dots become maps in maps, when the target is the document."},
		{Name: "document_id", Type: String, Note: "The key whose string moves to @metadata._id."},
		{Name: "add_error_key", Type: Bool, Default: "false", Note: "Whether the field error says what is wrong."},
	}},
	build: newDecodeJSON,
}

func newDecodeJSON(o *options) action {
	p := &decodeJSON{fields: o.fields("fields"), processArray: o.on("process_array"), id: o.text("document_id"),
		overwrite: o.on("overwrite_keys"), expand: o.on("expand_keys"), addError: o.on("add_error_key")}
	depth := o.integer("max_depth")
	if depth < 1 {
		o.errorf("max_depth", "must be at least 1")
	}
	p.maxDepth = int(min(depth, maxJSONDepth))
	target := o.text("target")
	if o.has("target") {
		to := newPath(target)
		p.target = &to
	}
	return p
}

func (p *decodeJSON) run(d *Document) (bool, error) {
	var first error
	for _, f := range p.fields {
		if err := p.decode(d, f); err != nil && first == nil {
			first = &failure{"cannot decode", f.text, err}
		}
	}
	return true, first
}

var errNotObject = errors.New("only an object can be merged into the document")

func (p *decodeJSON) decode(d *Document, f path) error {
	v, err := d.get(f)
	if err != nil && !errors.Is(err, errNotFound) {
		return err
	}
	text, ok := v.(string)
	if !ok {
		return nil
	}
	v, err = p.parse(text, p.maxDepth)
	if err != nil {
		p.setError(d, func() map[string]any {
			reason := err.Error()
			if errors.Is(err, errJSON) {
				reason = explainJSON(text)
			}
			return map[string]any{"message": "parsing input as JSON: " + reason, "data": text, "field": f.text}
		})
		return err
	}
	id := p.takeID(v)
	to := f
	if p.target != nil {
		to = *p.target
	}
	if to.text != "" {
		err = d.put(to, v)
	} else if m, ok := v.(map[string]any); ok {
		p.merge(d, m)
	} else {
		err = errNotObject
	}
	if err == nil && id != "" {
		err = d.put(documentID, id)
	}
	return err
}

var documentID = newPath("@metadata._id")

// takeID takes the document's id out of a decoded object.
func (p *decodeJSON) takeID(v any) string {
	m, _ := v.(map[string]any)
	if p.id == "" || m == nil {
		return ""
	}
	in, key, v, err := find(m, p.id)
	id, _ := v.(string)
	if err == nil && id != "" {
		delete(in, key)
	}
	return id
}

func (p *decodeJSON) setError(d *Document, err func() map[string]any) {
	if !p.addError {
		return
	}
	if d.Fields == nil {
		d.Fields = map[string]any{}
	}
	d.set(d.Fields, "error", err())
}

var errArray = errors.New("processing skipped")

// parse decodes text, and the strings in it that look like JSON, depth levels of
// them. A list is refused where strings in lists are not to be decoded, which is
// how Filebeat has it.
func (p *decodeJSON) parse(text string, depth int) (any, error) {
	v, err := parseJSON(text)
	if err != nil || depth == 1 {
		return v, err
	}
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = p.deeper(item, depth-1)
		}
	case []any:
		if !p.processArray {
			return nil, errArray
		}
		for i, item := range v {
			v[i] = p.deeper(item, depth-1)
		}
	}
	return v, nil
}

func (p *decodeJSON) deeper(v any, depth int) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	if !structured(strings.TrimSpace(text)) {
		return v
	}
	if decoded, err := p.parse(text, depth); err == nil {
		return decoded
	}
	return v
}

// structured tells text that looks like an object or a list.
func structured(s string) bool {
	if len(s) < 2 {
		return false
	}
	ends := s[:1] + s[len(s)-1:]
	return ends == "{}" || ends == "[]"
}

// merge puts an object's fields into the document. What is special in documents is
// special in them, too, but only with overwrite_keys.
func (p *decodeJSON) merge(d *Document, m map[string]any) {
	if p.expand {
		expanded, err := expand(m)
		if err != nil {
			p.jsonError(d, err.Error())
			return
		}
		m = expanded
	}
	stamp, meta, kind := m["@timestamp"], m["@metadata"], m["type"]
	_, hasStamp := m["@timestamp"]
	_, hasMeta := m["@metadata"]
	_, hasKind := m["type"]
	delete(m, "@timestamp")
	delete(m, "@metadata")
	if !p.overwrite {
		d.DeepMerge(m, false)
		return
	}
	delete(m, "type")
	if hasStamp {
		p.setTime(d, stamp)
	}
	if inner, ok := meta.(map[string]any); ok {
		d.DeepMerge(map[string]any{"@metadata": inner}, true)
	} else if hasMeta {
		p.jsonError(d, "failed to update @metadata")
	}
	if hasKind {
		p.setType(d, kind)
	}
	d.DeepMerge(m, true)
}

func (p *decodeJSON) setTime(d *Document, v any) {
	text, ok := v.(string)
	if !ok {
		p.jsonError(d, "@timestamp not overwritten (not string)")
		return
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.000Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			d.Time = t.UTC()
			return
		}
	}
	p.jsonError(d, fmt.Sprintf("@timestamp not overwritten (parse error on %s)", text))
}

func (p *decodeJSON) setType(d *Document, v any) {
	text, ok := v.(string)
	switch {
	case !ok:
		p.jsonError(d, "type not overwritten (not string)")
	case text == "" || text[0] == '_':
		p.jsonError(d, fmt.Sprintf("type not overwritten (invalid value [%s])", text))
	default:
		d.DeepMerge(map[string]any{"type": text}, true)
	}
}

func (p *decodeJSON) jsonError(d *Document, message string) {
	p.setError(d, func() map[string]any { return map[string]any{"message": message, "type": "json"} })
}

func (p *decodeJSON) touches() touched {
	if p.target != nil && p.target.text == "" {
		return touched{everything: true}
	}
	t := touched{reads: texts(p.fields), writes: texts(p.fields)}
	if p.target != nil {
		t.writes = []string{p.target.text}
	}
	if p.addError {
		t.writes = append(t.writes, "error")
	}
	if p.id != "" {
		t.writes = append(t.writes, documentID.text)
	}
	return t
}

// expand makes maps in maps of keys with dots. Where two keys want to be
// different things, it fails.
func expand(m map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(m))
	for _, key := range sortedKeys(m) {
		v := m[key]
		if sub, ok := v.(map[string]any); ok {
			expanded, err := expand(sub)
			if err != nil {
				return nil, fmt.Errorf("error expanding %q: %w", key, err)
			}
			v = expanded
		}
		if err := expandInto(out, key, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func expandInto(m map[string]any, key string, v any) error {
	name := key
	for {
		head, rest, dotted := strings.Cut(name, ".")
		old, exists := m[head]
		if !dotted {
			break
		}
		sub, ok := old.(map[string]any)
		if exists && !ok {
			return fmt.Errorf("cannot expand %q: found conflicting key", key)
		}
		if !exists {
			sub = map[string]any{}
			m[head] = sub
		}
		m, name = sub, rest
	}
	old, exists := m[name]
	if !exists {
		m[name] = v
		return nil
	}
	into, ok := old.(map[string]any)
	from, ok2 := v.(map[string]any)
	if !ok || !ok2 {
		return fmt.Errorf("cannot expand %q: found existing (%T) value", key, old)
	}
	for _, k := range sortedKeys(from) {
		if err := expandInto(into, k, from[k]); err != nil {
			return fmt.Errorf("cannot expand %q: %w", key, err)
		}
	}
	return nil
}
