package logstash

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// An Event is what the filters change. Its metadata stand under "@metadata".
type Event struct {
	Fields map[string]any
}

// Decode makes an event of a JSON document, as the codec does: "@timestamp"
// becomes a time.
func Decode(document []byte) (*Event, error) {
	e := &Event{}
	if err := json.Unmarshal(document, &e.Fields); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	stamp, ok := e.Fields["@timestamp"].(string)
	if !ok {
		return nil, fmt.Errorf("decode event: no @timestamp")
	}
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	e.Fields["@timestamp"] = at
	return e, nil
}

// path splits a field reference: "[a][b]", or "a" for a field at the top.
func path(ref string) []string {
	if !strings.HasPrefix(ref, "[") {
		return []string{ref}
	}
	return strings.Split(strings.Trim(ref, "[]"), "][")
}

// Get returns the value of a field, or nil.
func (e *Event) Get(ref string) any {
	var v any = e.Fields
	for _, key := range path(ref) {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// Set sets a field, and makes the objects that it lies in.
func (e *Event) Set(ref string, value any) error {
	keys := path(ref)
	m := e.Fields
	for _, key := range keys[:len(keys)-1] {
		if m[key] == nil {
			m[key] = map[string]any{}
		}
		inner, ok := m[key].(map[string]any)
		if !ok {
			return fmt.Errorf("set %s: %s is no object", ref, key)
		}
		m = inner
	}
	m[keys[len(keys)-1]] = value
	return nil
}

// Remove removes a field, if it is there.
func (e *Event) Remove(ref string) {
	keys := path(ref)
	parent, _ := e.Get("[" + strings.Join(keys[:len(keys)-1], "][") + "]").(map[string]any)
	if len(keys) == 1 {
		parent = e.Fields
	}
	delete(parent, keys[len(keys)-1])
}

// AddTag adds a tag once.
func (e *Event) AddTag(tag string) {
	if !e.HasTag(tag) {
		tags, _ := e.Fields["tags"].([]any)
		e.Fields["tags"] = append(tags, tag)
	}
}

// HasTag says whether the event has a tag.
func (e *Event) HasTag(tag string) bool {
	tags, _ := e.Fields["tags"].([]any)
	for _, t := range tags {
		if t == tag {
			return true
		}
	}
	return false
}

var placeholder = regexp.MustCompile(`%\{([^}]+)\}`)

// dateLayouts are the formats of %{+...} that the pipeline uses.
var dateLayouts = map[string]string{"YYYY.MM.dd": "2006.01.02"}

// Expand fills in %{[field]} and %{+format}. As in Logstash, a field that is not
// there leaves its placeholder standing.
func (e *Event) Expand(text string) (string, error) {
	var failed error
	expanded := placeholder.ReplaceAllStringFunc(text, func(s string) string {
		ref := s[2 : len(s)-1]
		if format, ok := strings.CutPrefix(ref, "+"); ok {
			layout, ok := dateLayouts[format]
			at, isTime := e.Fields["@timestamp"].(time.Time)
			if !ok || !isTime {
				failed = fmt.Errorf("expand %q: no such date", text)
			}
			return at.UTC().Format(layout)
		}
		switch v := e.Get(ref).(type) {
		case nil:
			return s
		case string:
			return v
		default:
			return fmt.Sprint(v)
		}
	})
	return expanded, failed
}

// Document is the event as Elasticsearch gets it: without the metadata.
func (e *Event) Document() ([]byte, error) {
	document := map[string]any{}
	for k, v := range e.Fields {
		if k != "@metadata" {
			document[k] = v
		}
	}
	return json.Marshal(document)
}
