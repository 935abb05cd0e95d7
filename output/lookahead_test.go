package output

import (
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
)

// lines is a batch of one event for each text.
func lines(in *event.Input, texts ...string) *event.Batch {
	b := &event.Batch{Source: &event.Source{Path: "/a.log", Input: in}, Time: time.UnixMilli(1_772_323_200_123)}
	for _, text := range texts {
		start := len(b.Data)
		b.Data = append(b.Data, text...)
		b.Events = append(b.Events, event.Event{Start: uint32(start), End: uint32(len(b.Data)), From: int64(start), To: int64(len(b.Data))})
	}
	return b
}

// What a destination sees of a document beforehand is what Append then writes,
// and looking changes nothing, whichever way an event takes.
func TestDocumentIsWhatAppendWrites(t *testing.T) {
	in := &event.Input{Type: "log", Fields: map[string]any{"service": "order"}}
	for _, c := range []struct {
		name   string
		opts   Options
		extras []event.Extra
		common bool
	}{
		{name: "by template", common: true},
		{name: "some are dropped", opts: Options{Global: chainOf(t, `[{"drop_event": {"when": {"contains": {"message": "-"}}}}]`)}, common: true},
		{name: "all are dropped", opts: Options{Global: chainOf(t, `[{"drop_event": {}}]`)}},
		{name: "changed by a processor", opts: Options{Global: chainOf(t, `[{"add_fields": {"target": "", "fields": {"x": "y"}, "when": {"contains": {"message": "-"}}}}]`), EventID: true}},
		{name: "parsed", extras: []event.Extra{{Fields: map[string]any{"service": "x"}}, {}, {Meta: map[string]any{"_id": "own"}}}, opts: Options{EventID: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			looking, plain := NewEncoder(Shape8, Agent{Name: "pod"}, c.opts), NewEncoder(Shape8, Agent{Name: "pod"}, c.opts)
			b := lines(in, "one", "two -", "three")
			b.Extras = c.extras
			for range 2 {
				for _, e := range []*Encoder{looking, plain} {
					if err := e.Start(b); err != nil {
						t.Fatal(err)
					}
				}
				d := looking.Common(b)
				if (d != nil) != c.common {
					t.Fatalf("have a common part: %v", d != nil)
				}
				if d != nil {
					if v, _ := d.Get("fields.service"); v != "order" || !d.Time.Equal(b.Time) {
						t.Errorf("in common: %v at %v", d.Fields, d.Time)
					}
				}
				for i := range b.Events {
					ev := &b.Events[i]
					want, kept := plain.Append(nil, b, i)
					d, seen := looking.Document(b, i)
					if seen != kept {
						t.Fatalf("event %d is kept: %v, was seen: %v", i, kept, seen)
					}
					if !seen {
						continue
					}
					if v, _ := d.Get("message"); v != string(b.Data[ev.Start:ev.End]) {
						t.Errorf("message of event %d is %v", i, v)
					}
					if i == 2 {
						continue // looked at, and then left alone
					}
					got, kept := looking.Append(nil, b, i)
					if !kept || string(got) != string(want) {
						t.Errorf("event %d\nis  %s\nwas %s", i, got, want)
					}
					if id := string(looking.ID()); c.opts.EventID && !strings.Contains(string(got), `"_id":"`+id+`"`) || !c.opts.EventID && id != "" {
						t.Errorf("id %q of %s", id, got)
					}
				}
			}
			if a, b := looking.Stats(), plain.Stats(); a != b {
				t.Errorf("counted %+v, want %+v", a, b)
			}
		})
	}
}

func TestVaries(t *testing.T) {
	for path, want := range map[string]bool{"message": true, "log": true, "log.offset": true, "log.file.path": false, "@timestamp": false, "fields.x": false} {
		if Varies(path) != want {
			t.Errorf("%s varies: %v", path, !want)
		}
	}
}
