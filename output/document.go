// Package output turns events into Filebeat-shaped JSON documents.
//
// Everything that decides the shape of a document stands in this package, the
// destinations are its sub-packages. It must never know of files being read, of
// brokers, of configuration syntax or of time passing.
package output

import (
	"fmt"
	"maps"
	"sort"
	"strconv"

	"github.com/logcar/logcar/event"
)

// Shape is a generation of Filebeat's documents.
type Shape uint8

const (
	// Shape8 is the document of Filebeat 8 (ECS 8.0).
	Shape8 Shape = iota
	// Shape7 is the document of Filebeat 7 (ECS 1.12, agent.hostname).
	Shape7
	// Shape6 is the document of Filebeat 6.0: source, offset at the end of the
	// event, beat, no log object and no flags.
	Shape6
)

// The versions that documents name. Logstash pipelines and index templates test
// them, so they are Filebeat's and not logcar's.
const (
	version8, ecs8 = "8.1.0", "8.0.0"
	version7, ecs7 = "7.17.0", "1.12.0"
	version6       = "6.0.0"
)

// Agent is what documents say of the shipper.
type Agent struct {
	Name        string // host.name and agent.name: the "name" setting or the host name
	Hostname    string // the host name, for the shapes that have both
	ID          string // UUID kept under path.data
	EphemeralID string // UUID of this process
	Build       string // logcar's own version, agent.build.original
}

// A template is a document of one source with holes for what differs from event
// to event: head, time, body, flags, offset, message, tail.
type template struct {
	body []byte // from the end of the time to the beginning of the flags
	tail []byte // after the message
}

// head begins every document; the time follows.
const head = `{"@timestamp":"`

// newTemplate builds the constant parts of src's documents. Their order is
// chosen for the compressor: all that repeats stands in one run, what differs
// follows it.
func newTemplate(shape Shape, agent *Agent, src *event.Source) (*template, error) {
	in := src.Input
	if in == nil {
		in = &event.Input{}
	}
	root := map[string]any{}
	maps.Copy(root, in.Root)
	if len(in.Fields) > 0 {
		root["fields"] = in.Fields
	}
	if len(in.Tags) > 0 {
		root["tags"] = in.Tags
	}
	inputKey := "input"
	switch shape {
	case Shape6:
		inputKey = "prospector"
		addMissing(root, "beat", map[string]any{"name": agent.Name, "hostname": agent.Hostname, "version": version6})
	case Shape7:
		addMissing(root, "ecs", map[string]any{"version": ecs7})
		addMissing(root, "agent", map[string]any{"type": "filebeat", "name": agent.Name, "hostname": agent.Hostname, "id": agent.ID,
			"ephemeral_id": agent.EphemeralID, "version": version7, "build": map[string]any{"original": agent.Build}})
	default:
		addMissing(root, "ecs", map[string]any{"version": ecs8})
		addMissing(root, "agent", map[string]any{"type": "filebeat", "name": agent.Name, "id": agent.ID,
			"ephemeral_id": agent.EphemeralID, "version": version8, "build": map[string]any{"original": agent.Build}})
	}
	if shape != Shape6 && !in.DisableHost {
		addMissing(root, "host", map[string]any{"name": agent.Name})
	}
	if in.Type != "" {
		addMissing(root, inputKey, map[string]any{"type": in.Type})
	}

	t := &template{tail: []byte(`"}`)}
	t.body = append(t.body, `","@metadata":`...)
	var err error
	if t.body, err = appendValue(t.body, metadata(shape, in)); err != nil {
		return nil, err
	}
	for _, k := range sortedKeys(root) {
		if reserved(shape, k) {
			continue
		}
		t.body = append(t.body, ',')
		t.body = appendString(t.body, k)
		t.body = append(t.body, ':')
		if t.body, err = appendValue(t.body, root[k]); err != nil {
			return nil, fmt.Errorf("encode field %s: %w", k, err)
		}
	}
	if shape == Shape6 {
		t.body = append(t.body, `,"source":`...)
		t.body = appendString(t.body, src.Path)
	} else {
		t.body = append(t.body, `,"log":{"file":{"path":`...)
		t.body = appendString(t.body, src.Path)
		t.body = append(t.body, '}')
	}
	return t, nil
}

// reserved says which top-level keys belong to the event itself: a field of the
// configuration (fields_under_root) cannot replace them, since a document with
// one key twice would be read differently by every reader.
func reserved(shape Shape, key string) bool {
	switch key {
	case "@timestamp", "@metadata", "message":
		return true
	case "log":
		return shape != Shape6
	case "source", "offset":
		return shape == Shape6
	}
	return false
}

func metadata(shape Shape, in *event.Input) map[string]any {
	m := map[string]any{"beat": "filebeat", "type": "_doc", "version": version8}
	switch shape {
	case Shape7:
		m["version"] = version7
	case Shape6:
		m["type"], m["version"] = "doc", version6
	}
	if in.Pipeline != "" {
		m["pipeline"] = in.Pipeline
	}
	return m
}

func addMissing(m map[string]any, key string, v any) {
	if _, ok := m[key]; !ok {
		m[key] = v
	}
}

// appendFlags writes what stands between body and offset.
func appendFlags(dst []byte, shape Shape, f event.Flags) []byte {
	if f == 0 || shape == Shape6 {
		return dst
	}
	dst = append(dst, `,"flags":[`...)
	n := len(dst)
	for _, fl := range flagNames {
		if f&fl.flag == 0 {
			continue
		}
		if len(dst) > n {
			dst = append(dst, ',')
		}
		dst = append(dst, fl.name...)
	}
	return append(dst, ']')
}

// flagNames stand in the order in which Filebeat adds them.
var flagNames = [...]struct {
	flag event.Flags
	name string
}{
	{event.Truncated, `"truncated"`},
	{event.Multiline, `"multiline"`},
	{event.Partial, `"partial"`},
}

// appendValue writes a value of the configuration: what YAML can hold.
func appendValue(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return appendString(dst, v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	case float64:
		return appendFloat(dst, v)
	case []string:
		dst = append(dst, '[')
		for i, s := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, s)
		}
		return append(dst, ']'), nil
	case []any:
		return appendList(dst, v)
	case map[string]any:
		return appendMap(dst, v)
	}
	return nil, fmt.Errorf("value of type %T has no JSON form", v)
}

func appendList(dst []byte, l []any) ([]byte, error) {
	dst = append(dst, '[')
	for i, x := range l {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendValue(dst, x); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendMap(dst []byte, m map[string]any) ([]byte, error) {
	dst = append(dst, '{')
	for i, k := range sortedKeys(m) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, k)
		dst = append(dst, ':')
		var err error
		if dst, err = appendValue(dst, m[k]); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// appendFloat writes a number as Filebeat does (Go's shortest 'g' form).
func appendFloat(dst []byte, f float64) ([]byte, error) {
	if f != f || f-f != 0 {
		return nil, fmt.Errorf("number %v has no JSON form", f)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64), nil
}

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst, _ = AppendEscaped(dst, []byte(s))
	return append(dst, '"')
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
