package processor

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/config/tree"
)

// values reads YAML the way a configuration is read, and returns what is under
// "x": dotted keys become maps in maps.
func values(tb testing.TB, text string) any {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "x.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	root, err := tree.Load([]string{file}, nil, tree.Settings{})
	if err != nil {
		tb.Fatal(err)
	}
	v := root.Section("", &tree.Table{Name: "x", Options: []tree.Option{{Name: "x", Kind: tree.Any}}}).Any("x", tree.Text)
	if _, err := root.Finish(); err != nil {
		tb.Fatal(err)
	}
	return v
}

// list reads "[{drop_event: {}}]", or the same in lines.
func list(tb testing.TB, text string) []any {
	tb.Helper()
	sep := " "
	if strings.Contains(text, "\n") {
		sep = "\n"
	}
	l, ok := values(tb, "x:"+sep+text).([]any)
	if !ok {
		tb.Fatalf("%s is no list", text)
	}
	return l
}

func build(tb testing.TB, text string) *Chain {
	tb.Helper()
	c, err := New(list(tb, text))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

var noon = time.Date(2024, 5, 6, 12, 0, 0, 123456789, time.UTC)

// document reads JSON; "@metadata" and "@timestamp" go where they belong.
func document(tb testing.TB, text string) *Document {
	tb.Helper()
	v, err := parseJSON(text)
	if err != nil {
		tb.Fatalf("%s: %v", text, explainJSON(text))
	}
	d := &Document{Time: noon, Fields: v.(map[string]any)}
	if m, ok := d.Fields["@metadata"].(map[string]any); ok {
		d.Meta = m
		delete(d.Fields, "@metadata")
	}
	if s, ok := d.Fields["@timestamp"].(string); ok {
		if d.Time, err = time.Parse(time.RFC3339, s); err != nil {
			tb.Fatal(err)
		}
		delete(d.Fields, "@timestamp")
	}
	return d
}

// text prints a document as JSON, with keys in order and @timestamp unless it is
// noon.
func text(tb testing.TB, d *Document) string {
	tb.Helper()
	m := cloneMap(d.Fields)
	if len(d.Meta) > 0 {
		m["@metadata"] = d.Meta
	}
	if !d.Time.Equal(noon) {
		m["@timestamp"] = d.Time
	}
	return toJSON(tb, m)
}

func toJSON(tb testing.TB, v any) string {
	tb.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func canonical(tb testing.TB, s string) string {
	tb.Helper()
	v, err := parseJSON(s)
	if err != nil {
		tb.Fatalf("%s: %v", s, explainJSON(s))
	}
	return toJSON(tb, v)
}

// runCase is a row of a table: a document before and after.
type runCase struct {
	name       string
	processors string
	in         string
	out        string // "dropped", or a document; empty: as it came
	failed     int    // processors that fail
}

func (c runCase) run(t *testing.T) {
	t.Run(c.name, c.runHere)
}

func (c runCase) runHere(t *testing.T) {
	t.Helper()
	chain := build(t, c.processors)
	d := document(t, c.in)
	want := c.out
	if want == "" {
		want = c.in
	}
	got := "dropped"
	if chain.Run(d) {
		got = text(t, d)
	}
	if want != "dropped" {
		want = canonical(t, want)
	}
	if got != want {
		t.Errorf("%s\nof   %s\nis   %s\nwant %s", c.processors, c.in, got, want)
	}
	failed := 0
	for _, s := range chain.Stats() {
		failed += int(s.Failed)
		if (s.Err == nil) != (s.Failed == 0) {
			t.Errorf("%s: %d failures, the last is %v", s.Path, s.Failed, s.Err)
		}
	}
	if failed != c.failed {
		t.Errorf("%d processors failed, want %d: %v", failed, c.failed, chain.Stats())
	}
	if d.levels > 0 || len(d.undo) > 0 {
		t.Error("a change is still being recorded")
	}
}

// errorLines are a joined error's, each with its type.
func errorLines(tb testing.TB, err error) string {
	tb.Helper()
	if err == nil {
		return ""
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		tb.Fatalf("%v is not joined", err)
	}
	for _, e := range joined.Unwrap() {
		var own *Error
		if !errors.As(e, &own) {
			tb.Errorf("%v is not an Error", e)
		}
	}
	return err.Error()
}

func noteLines(notes []Note) string {
	var lines []string
	for _, n := range notes {
		lines = append(lines, n.Path+": "+n.Text)
	}
	return strings.Join(lines, "\n")
}
