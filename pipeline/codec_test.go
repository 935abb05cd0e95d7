package pipeline

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestFormat: text is delivered in place of documents; what cannot be written is
// dropped, counted and told once, and the files are done with all the same.
func TestFormat(t *testing.T) {
	p := newPod(t, `processors: [{drop_fields: {fields: [host.name], when.contains.message: bad}}]`)
	p.text = strings.Replace(p.text, "filename: out", `filename: out, codec.format.string: '%{[host.name]} says %{[message]}'`, 1)
	p.text = "name: pod-1\n" + p.text
	p.write("a.log", "one", "bad", "two", "bad")
	pipe := p.pipeline(true)
	if err := pipe.Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(slices.Collect(maps.Values(p.files())), "")
	if want := "pod-1 says one\npod-1 says two\n"; got != want {
		t.Errorf("delivered %q, want %q", got, want)
	}
	if s := pipe.snapshot(); s.EventsDropped["unencodable"] != 2 || s.EventsAcked != 2 || s.EventsFlying != 0 || s.BytesInFlight != 0 {
		t.Errorf("%+v", s)
	}
	if got := p.notes.complaints(); len(got) != 1 || !strings.HasPrefix(got[0], "events are dropped that cannot be written") {
		t.Errorf("complaints %q, want one", got)
	}
	told := p.notes.await(t, "events are dropped that cannot be written").ContextMap()
	if told["events"] != uint64(2) || !strings.Contains(told["last"].(string), "host.name") {
		t.Errorf("told %v", told)
	}
}

// files are what was delivered, by name.
func (p *pod) files() map[string]string {
	p.t.Helper()
	entries, err := os.ReadDir(p.out)
	if err != nil {
		p.t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(p.out + "/" + e.Name())
		if err != nil {
			p.t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}
