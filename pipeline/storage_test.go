package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/registry"
)

// rotating is a pod whose volume is small for what is written.
func rotating(t *testing.T, output string) *pod {
	p := newPodTo(t, output, "logcar.storage: {max_bytes: 100KiB, delete: 70%}")
	p.text = strings.Replace(p.text, "*.log", "*.log*", 1)
	if output == "" {
		p.text += fmt.Sprintf("output.file: {path: %s, filename: out}\n", p.out)
	}
	return p
}

// watched builds a pipeline that looks at its volume all the time.
func watched(t *testing.T, p *pod) (*Supervisor, *running) {
	t.Helper()
	cfg := p.config()
	cfg.Storage.Every = 5 * time.Millisecond
	pipe, err := New(cfg, false, "test", p.notes.log)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, stop: make(chan struct{}), ended: make(chan error, 1)}
	go func() { r.ended <- pipe.Run(t.Context(), r.stop) }()
	return pipe, r
}

// line is a line of so many KiB.
func line(text string, kib int) string { return text + strings.Repeat(".", kib<<10) }

// TestRoomIsMade: rotated files go when they are confirmed, as many as it takes,
// and with them what is known of them.
func TestRoomIsMade(t *testing.T) {
	p := rotating(t, "")
	for i, name := range []string{"app.log.3", "app.log.2", "app.log.1", "app.log"} {
		p.write(name, line(name, 24))
		at := time.Now().Add(time.Duration(i-10) * time.Minute)
		if err := os.Chtimes(filepath.Join(p.logs, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	pipe, r := watched(t, p)
	p.notes.await(t, "rotated file deleted: "+filepath.Join(p.logs, "app.log.3"))
	p.notes.await(t, "rotated file deleted: "+filepath.Join(p.logs, "app.log.2"))
	close(r.stop)
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	if got := p.documents(); len(got) != 4 {
		t.Errorf("%d documents", len(got))
	}
	s := pipe.snapshot().Storage
	if s.Deleted != 2 || s.DeletedBytes < 48<<10 || s.Limit != 100<<10 || s.Used >= 100<<10 || len(s.Volumes) != 1 {
		t.Errorf("%+v", s)
	}
	for name, want := range map[string]error{"app.log.3": fs.ErrNotExist, "app.log.2": fs.ErrNotExist, "app.log.1": nil, "app.log": nil} {
		if _, err := os.Stat(filepath.Join(p.logs, name)); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnconfirmedStays: however full it is, nothing goes that Kafka has not
// confirmed, and it is said that nothing can go.
func TestUnconfirmedStays(t *testing.T) {
	p := rotating(t, fmt.Sprintf("output.kafka: {hosts: %q, topic: t}\nfilebeat.shutdown_timeout: 1s", silentBroker(t)))
	p.write("app.log.1", line("old", 60))
	p.write("app.log", line("new", 60))
	at := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(p.logs, "app.log.1"), at, at); err != nil {
		t.Fatal(err)
	}
	_, r := watched(t, p)
	p.notes.await(t, "Harvester started for file: "+filepath.Join(p.logs, "app.log.1"))
	p.notes.await(t, "the directories of the logs are nearly full")
	p.notes.await(t, "the volume of the logs stays too full")
	close(r.stop)
	if err := r.wait(); err == nil {
		t.Error("ended well without a broker")
	}
	if _, err := os.Stat(filepath.Join(p.logs, "app.log.1")); err != nil {
		t.Error(err)
	}
}

// TestNothingGoesUnsaved: where positions cannot be saved, nothing is deleted.
func TestNothingGoesUnsaved(t *testing.T) {
	p := rotating(t, "")
	p.write("app.log.1", line("old", 60))
	p.write("app.log", line("new", 60))
	at := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(p.logs, "app.log.1"), at, at); err != nil {
		t.Fatal(err)
	}
	// A directory in its place cannot be replaced by a file, not by root either.
	if err := os.MkdirAll(filepath.Join(RegistryFile(p.config())+".tmp", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, r := watched(t, p)
	e := p.notes.await(t, "the volume of the logs stays too full")
	close(r.stop)
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(p.logs, "app.log.1")); err != nil {
		t.Errorf("%v, after %v", err, e.ContextMap())
	}
	if got := p.notes.FilterMessage("rotated file deleted").Len(); got > 0 {
		t.Errorf("%d files were deleted", got)
	}
	if _, err := registry.Load(RegistryFile(p.config())); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the registry was saved: %v", err)
	}
}
