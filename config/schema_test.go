package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSchemaFile: docs/filebeat.schema.json is what the tables say. It is written
// by `go generate ./config`.
func TestSchemaFile(t *testing.T) {
	path := filepath.Join("..", "docs", "filebeat.schema.json")
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, text) {
		t.Errorf("%s is not what the tables say: run go generate ./config", path)
	}
}

// TestSchemaHasEveryOption: under its dotted name, which is a path of nested ones
// as well, and maps by what is in them.
func TestSchemaHasEveryOption(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var top struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	for _, c := range chapters {
		has := top.Properties
		if c.table != &topTable {
			has = top.Defs[strings.ReplaceAll(c.table.Name, " ", "_")].Properties
		}
		if c.table == &inputTable || c.table == &filesTable {
			has = top.Defs["log"].Properties
		}
		for _, o := range c.table.Options {
			if _, ok := has[o.Name]; !ok {
				t.Errorf("%s: %s is missing", c.table.Name, o.Name)
			}
		}
	}
	for name, def := range top.Defs {
		if len(def.Properties) == 0 && def.Properties != nil {
			t.Errorf("%s takes no keys: what is in it is not listed", name)
		}
	}
	for _, path := range []string{"output.kafka.ssl.verification_mode", "output.file.codec.format.string", "filebeat.registry.flush"} {
		if _, ok := top.Properties[path]; !ok {
			t.Errorf("%s is missing at the top", path)
		}
	}
}
