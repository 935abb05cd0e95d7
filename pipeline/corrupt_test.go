package pipeline

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/logcar/logcar/registry"
)

// TestOnCorrupt: what becomes of files whose positions are lost.
func TestOnCorrupt(t *testing.T) {
	for value, want := range map[string][]string{
		"reread": {"one", "one", "new"},
		"end":    {"one", "new"},
	} {
		t.Run(value, func(t *testing.T) {
			p := newPod(t, "logcar.registry.on_corrupt: "+value)
			p.write("a.log", "one")
			p.ship()
			p.spoil()
			p.ship()
			p.write("a.log", "new")
			p.ship()
			p.wantMessages(want...)
			if got := p.notes.complaints(); !slices.Equal(got, []string{
				"registry is corrupt and is set aside", "positions are lost with the registry (logcar.registry.on_corrupt)",
			}) {
				t.Errorf("complaints %q", got)
			}
		})
	}
}

// TestOnCorruptFail: logcar does not start, and whoever mends the registry finds
// it as it was.
func TestOnCorruptFail(t *testing.T) {
	p := newPod(t, "logcar.registry.on_corrupt: fail")
	p.write("a.log", "one")
	p.ship()
	file := p.spoil()
	if _, err := New(p.config(), true, "test", p.notes.log); !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("error %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != spoilt {
		t.Errorf("the registry is %q, %v", text, err)
	}
}

const spoilt = "\x00\x00"

// spoil makes the registry one that cannot be understood, and returns its name.
func (p *pod) spoil() string {
	p.t.Helper()
	file := RegistryFile(p.config())
	if err := os.WriteFile(file, []byte(spoilt), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return file
}
