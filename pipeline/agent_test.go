package pipeline

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/logcar/logcar/output"
)

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// TestAgent: agent.id outlives a restart, agent.ephemeral_id doesn't.
func TestAgent(t *testing.T) {
	p := newPod(t, "name: the-pod")
	p.write("a.log", "1")
	p.ship()
	p.write("a.log", "2")
	p.ship()
	docs := p.documents()
	if len(docs) != 2 {
		t.Fatalf("%d documents, want 2", len(docs))
	}
	a, b := docs[0].Agent, docs[1].Agent
	if !uuid4.MatchString(a.ID) || a.ID != b.ID {
		t.Errorf("agent.id %q, then %q: want one UUID", a.ID, b.ID)
	}
	if !uuid4.MatchString(a.Ephemeral) || a.Ephemeral == b.Ephemeral || a.Ephemeral == a.ID {
		t.Errorf("agent.ephemeral_id %q, then %q: want two UUIDs", a.Ephemeral, b.Ephemeral)
	}
	if a.Name != "the-pod" || a.Build.Original != "logcar test" {
		t.Errorf("agent.name %q, agent.build.original %q", a.Name, a.Build.Original)
	}
}

// TestAgentID: the one that Filebeat left is kept; what cannot be read is replaced.
func TestAgentID(t *testing.T) {
	const filebeats = `{"uuid":"3fc97cb7-0a1b-4c2d-8e3f-001122334455","first_start":"2024-01-02T03:04:05Z"}`
	for _, tt := range []struct {
		name, meta string
		kept       bool
		since      string // the first start; empty: now
	}{
		{"Filebeat's", filebeats, true, "2024-01-02T03:04:05Z"},
		{"empty", "", false, ""},
		{"torn", filebeats[:20], false, ""},
		{"no UUID", `{"uuid":"x"}`, false, ""},
		{"without a time", `{"uuid":"3fc97cb7-0a1b-4c2d-8e3f-001122334455"}`, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPod(t)
			file := filepath.Join(p.home, "data", "meta.json")
			if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(tt.meta), 0o600); err != nil {
				t.Fatal(err)
			}
			agent := func() (output.Agent, time.Time) {
				m, unkept := newMeta(p.config().Data)
				a, err := newAgent(m, "test")
				if err != nil || unkept != nil {
					t.Fatal(err, unkept)
				}
				return a, m.FirstStart
			}
			began := time.Now()
			first, since := agent()
			if tt.since != "" && since.Format(time.RFC3339) != tt.since || tt.since == "" && since.Before(began) {
				t.Errorf("first start %v", since)
			}
			if kept := first.ID == "3fc97cb7-0a1b-4c2d-8e3f-001122334455"; kept != tt.kept {
				t.Errorf("agent.id %q, kept: %v", first.ID, kept)
			}
			second, again := agent()
			if !again.Equal(since) {
				t.Errorf("first start %v, then %v", since, again)
			}
			if first.ID != second.ID {
				t.Errorf("agent.id %q, then %q", first.ID, second.ID)
			}
			if first.Name != first.Hostname || first.Hostname == "" {
				t.Errorf("agent.name %q, host name %q: want the same", first.Name, first.Hostname)
			}
		})
	}
}
