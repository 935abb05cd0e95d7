// Package output turns events into Filebeat-shaped JSON documents.
//
// Everything that decides the shape of a document stands in this package, the
// destinations are its sub-packages. It must never know of files being read, of
// brokers, of configuration syntax or of time passing.
package output

import (
	"maps"

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

// described is what the configuration says of an input's events: its fields, its
// tags, and what kind of input it is.
func described(shape Shape, in *event.Input) map[string]any {
	root := map[string]any{}
	maps.Copy(root, in.Root)
	if len(in.Fields) > 0 {
		root["fields"] = in.Fields
	}
	if len(in.Tags) > 0 {
		root["tags"] = in.Tags
	}
	for key := range root {
		if Reserved(shape, key) {
			delete(root, key)
		}
	}
	if in.Type != "" {
		key := "input"
		if shape == Shape6 {
			key = "prospector"
		}
		addMissing(root, key, map[string]any{"type": in.Type})
	}
	return root
}

// builtins is what the shipper says of itself. It replaces nothing.
func builtins(shape Shape, agent *Agent, in *event.Input) map[string]any {
	m := map[string]any{}
	switch shape {
	case Shape6:
		return map[string]any{"beat": map[string]any{"name": agent.Name, "hostname": agent.Hostname, "version": version6}}
	case Shape7:
		m["ecs"] = map[string]any{"version": ecs7}
		m["agent"] = map[string]any{"type": "filebeat", "name": agent.Name, "hostname": agent.Hostname, "id": agent.ID,
			"ephemeral_id": agent.EphemeralID, "version": version7, "build": map[string]any{"original": agent.Build}}
	default:
		m["ecs"] = map[string]any{"version": ecs8}
		m["agent"] = map[string]any{"type": "filebeat", "name": agent.Name, "id": agent.ID,
			"ephemeral_id": agent.EphemeralID, "version": version8, "build": map[string]any{"original": agent.Build}}
	}
	if !in.DisableHost {
		m["host"] = map[string]any{"name": agent.Name}
	}
	return m
}

// Reserved says which top-level keys belong to the event itself: a field of the
// configuration (fields_under_root) cannot replace them, since a document with
// one key twice would be read differently by every reader.
func Reserved(shape Shape, key string) bool {
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
func appendFlags(dst []byte, f event.Flags) []byte {
	if f == 0 {
		return dst
	}
	dst = append(dst, `"flags":[`...)
	n := len(dst)
	for _, fl := range flagNames {
		if f&fl.flag == 0 {
			continue
		}
		if len(dst) > n {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), fl.name...), '"')
	}
	return append(dst, `],`...)
}

// flagNames stand in the order in which Filebeat adds them.
var flagNames = [...]struct {
	flag event.Flags
	name string
}{
	{event.Truncated, "truncated"},
	{event.Multiline, "multiline"},
	{event.Partial, "partial"},
}

// flagList is log.flags as a value; nil without flags.
func flagList(f event.Flags) []any {
	var list []any
	for _, fl := range flagNames {
		if f&fl.flag != 0 {
			list = append(list, fl.name)
		}
	}
	return list
}
