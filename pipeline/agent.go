package pipeline

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/logcar/logcar/output"
)

// newAgent finds out what documents say of this process. agent.id is kept in
// path.data/meta.json, where Filebeat keeps its own: one that is there stays.
// Without it a new one is made; unkept is why that will not be there next time.
func newAgent(data, version string) (a output.Agent, unkept, err error) {
	host, err := os.Hostname()
	if err != nil {
		return a, nil, fmt.Errorf("find host name: %w", err)
	}
	a = output.Agent{Name: host, Hostname: host, EphemeralID: newUUID(), Build: "logcar " + version}
	path := filepath.Join(data, "meta.json")
	if a.ID, err = readID(path); err != nil {
		a.ID = newUUID()
		unkept = writeID(path, a.ID)
	}
	return a, unkept, nil
}

type meta struct {
	UUID string `json:"uuid"`
}

func readID(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var m meta
	if err := json.Unmarshal(b, &m); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	if len(m.UUID) != 36 {
		return "", fmt.Errorf("read %s: %q is no UUID", path, m.UUID)
	}
	return m.UUID, nil
}

func writeID(path, id string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	b, err := json.Marshal(meta{UUID: id})
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o600)
}

// newUUID returns a random UUID (version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
