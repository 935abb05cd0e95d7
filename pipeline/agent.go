package pipeline

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/logcar/logcar/output"
)

// newAgent finds out what documents say of this process.
func newAgent(m meta, version string) (a output.Agent, err error) {
	host, err := os.Hostname()
	if err != nil {
		return a, fmt.Errorf("find host name: %w", err)
	}
	return output.Agent{Name: host, Hostname: host, ID: m.UUID, EphemeralID: newUUID(), Build: "logcar " + version}, nil
}

// meta is what is kept of this installation in path.data/meta.json, where Filebeat
// keeps its own: what is there stays.
type meta struct {
	UUID       string    `json:"uuid"` // agent.id
	FirstStart time.Time `json:"first_start"`
}

// newMeta reads what is kept, and makes what is missing; unkept is why that will
// not be there next time.
func newMeta(data string) (m meta, unkept error) {
	path := filepath.Join(data, "meta.json")
	m = readMeta(path)
	if m.UUID != "" && !m.FirstStart.IsZero() {
		return m, nil
	}
	if m.UUID == "" {
		m.UUID = newUUID()
	}
	if m.FirstStart.IsZero() {
		m.FirstStart = time.Now()
	}
	return m, writeMeta(path, m)
}

// readMeta reads what is there and of use.
func readMeta(path string) (m meta) {
	b, err := os.ReadFile(path)
	if err != nil {
		return meta{}
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return meta{}
	}
	if len(m.UUID) != 36 {
		m.UUID = ""
	}
	return m
}

func writeMeta(path string, m meta) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	b, err := json.Marshal(m)
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
