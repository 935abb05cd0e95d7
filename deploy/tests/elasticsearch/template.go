// Package elasticsearch knows the index template of deploy/elasticsearch: which
// fields it gives to an index, of which types.
//
// It reads the files as they are and judges nothing; it must never connect to
// anything.
package elasticsearch

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// A Field is one field of the mapping.
type Field struct {
	Type string
	// Searchable and Aggregatable as in Kibana: what a query may ask for, and what
	// may be counted and sorted.
	Searchable, Aggregatable bool
	Script                   string // of a runtime field
}

type mapping struct {
	Type      string             `json:"type"`
	Index     *bool              `json:"index"`
	DocValues *bool              `json:"doc_values"`
	Fields    map[string]mapping `json:"properties"`
	Script    struct {
		Source string `json:"source"`
	} `json:"script"`
}

// Fields are those of the mappings in dir, by their full names.
func Fields(dir string) (map[string]Field, error) {
	text, err := os.ReadFile(filepath.Join(dir, "component-mappings.json"))
	if err != nil {
		return nil, fmt.Errorf("read mappings: %w", err)
	}
	var file struct {
		Template struct {
			Mappings struct {
				Runtime    map[string]mapping `json:"runtime"`
				Properties map[string]mapping `json:"properties"`
			} `json:"mappings"`
		} `json:"template"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read mappings: %w", err)
	}
	fields := map[string]Field{}
	for name, m := range file.Template.Mappings.Runtime {
		fields[name] = Field{Type: m.Type, Searchable: true, Aggregatable: true, Script: m.Script.Source}
	}
	flatten(fields, "", file.Template.Mappings.Properties)
	return fields, nil
}

func flatten(fields map[string]Field, prefix string, properties map[string]mapping) {
	for name, m := range properties {
		if m.Fields != nil {
			flatten(fields, prefix+name+".", m.Fields)
			continue
		}
		fields[prefix+name] = Field{
			Type:         m.Type,
			Searchable:   m.Index == nil || *m.Index,
			Aggregatable: m.Type != "match_only_text" && m.Type != "text" && (m.DocValues == nil || *m.DocValues),
		}
	}
}
