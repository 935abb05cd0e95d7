// Package kibana makes the saved objects of deploy/kibana: a data view, searches,
// visualizations and two dashboards.
//
// They are written in Go because Kibana's format hides JSON in strings of JSON,
// which nobody can review or change by hand. The package knows the format of
// Kibana 8.9 to 8.19 and nothing of a running Kibana.
package kibana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// An Object is a saved object as Kibana exports and imports it.
type Object struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Attributes map[string]any `json:"attributes"`
	References []Reference    `json:"references"`
	// The versions of the format: Kibana brings older ones up to its own.
	CoreMigrationVersion string `json:"coreMigrationVersion"`
	TypeMigrationVersion string `json:"typeMigrationVersion"`
	Managed              bool   `json:"managed"`
}

// A Reference names another object that this one uses under a name.
type Reference struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

const coreVersion = "8.8.0"

// typeVersions are those of Kibana 8.9.
var typeVersions = map[string]string{"index-pattern": "8.0.0", "search": "8.0.0", "lens": "8.9.0", "dashboard": "8.9.0"}

func newObject(typ, id string, attributes map[string]any, references ...Reference) Object {
	return Object{
		Type: typ, ID: id, Attributes: attributes, References: append([]Reference{}, references...), // never null
		CoreMigrationVersion: coreVersion, TypeMigrationVersion: typeVersions[typ],
	}
}

// Write writes all objects, one per line. The same program always writes the
// same bytes.
func Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, o := range Objects() {
		if err := enc.Encode(o); err != nil {
			return fmt.Errorf("write %s %s: %w", o.Type, o.ID, err)
		}
	}
	return nil
}

// inner is JSON as a string within JSON.
func inner(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("kibana: " + err.Error()) // maps and strings of this package
	}
	return string(bytes.TrimSpace(b.Bytes()))
}

type object = map[string]any

func kql(query string) object { return object{"language": "kuery", "query": query} }
