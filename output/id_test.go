package output

import (
	"encoding/json"
	"testing"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/processor"
)

func idOf(t *testing.T, opts Options, b *event.Batch) string {
	t.Helper()
	opts.EventID = true
	e := NewEncoder(Shape8, testAgent, opts)
	if err := e.Start(b); err != nil {
		t.Fatal(err)
	}
	raw, _ := e.Append(nil, b, 0)
	var doc struct {
		Meta map[string]string `json:"@metadata"`
		Text string            `json:"message"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	if doc.Meta["beat"] != "filebeat" || doc.Text != string(b.Data) {
		t.Errorf("document %s", raw)
	}
	return doc.Meta["_id"]
}

// An id is the event's own: the same from another process and on every way that
// leads to a document, another one as soon as anything of the event differs.
func TestEventID(t *testing.T) {
	src := &event.Source{ID: event.FileID{Device: 1, Inode: 2}, Path: "/a"}
	id := idOf(t, Options{}, batchOf(src, 100, "text", 0))
	if len(id) != idSize {
		t.Errorf("id %q", id)
	}
	renamed := &event.Source{ID: src.ID, Path: "/b"}
	if again := idOf(t, Options{}, batchOf(renamed, 100, "text", event.Multiline)); again != id {
		t.Errorf("delivered again: %q, was %q", again, id)
	}
	change, err := processor.New([]any{map[string]any{"copy_fields": map[string]any{"fields": []any{map[string]any{"from": "message", "to": "x"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if built := idOf(t, Options{Global: change}, batchOf(src, 100, "text", 0)); built != id {
		t.Errorf("built: %q, by template %q", built, id)
	}
	parsed := batchOf(src, 100, "text", 0)
	parsed.Extras = []event.Extra{{Fields: map[string]any{"stream": "stdout"}}}
	if got := idOf(t, Options{}, parsed); got != id {
		t.Errorf("parsed: %q, by template %q", got, id)
	}
	parsed.Extras[0].Meta = map[string]any{"_id": "its own"}
	if got := idOf(t, Options{}, parsed); got != "its own" {
		t.Errorf("the event brings an id: %q", got)
	}
	for what, b := range map[string]*event.Batch{
		"offset": batchOf(src, 101, "text", 0),
		"text":   batchOf(src, 100, "texu", 0),
		"inode":  batchOf(&event.Source{ID: event.FileID{Device: 1, Inode: 3}, Path: "/a"}, 100, "text", 0),
		"device": batchOf(&event.Source{ID: event.FileID{Device: 3, Inode: 2}, Path: "/a"}, 100, "text", 0),
	} {
		if other := idOf(t, Options{}, b); other == id {
			t.Errorf("another %s, the same id", what)
		}
	}
}

func TestEventIDAllocatesNothing(t *testing.T) {
	b := batchOf(&event.Source{Path: "/a"}, 0, javaTrace, event.Multiline)
	e := NewEncoder(Shape8, testAgent, Options{EventID: true})
	dst := make([]byte, 0, 64<<10)
	if n := testing.AllocsPerRun(100, func() {
		if err := e.Start(b); err != nil {
			t.Fatal(err)
		}
		dst, _ = e.Append(dst[:0], b, 0)
	}); n != 0 {
		t.Errorf("%v allocations per event, want 0", n)
	}
}
