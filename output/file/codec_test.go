package file

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/logcar/logcar/output"
)

// newIndented returns a sink of indented documents, small files, and the newest
// one gone on with.
func newIndented(t *testing.T, dir string) *Sink {
	t.Helper()
	cfg := configIn(dir)
	cfg.RotateEveryKB, cfg.NumberOfFiles, cfg.RotateOnStartup = 1, 100, false
	s, err := New(cfg, output.NewEncoder(output.Shape8, output.Agent{Name: "pod-1"}, output.Options{Codec: output.Codec{Pretty: true}}), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// TestIndentedDocumentsStayWhole: files are cut between documents, not at the
// line ends in them.
func TestIndentedDocumentsStayWhole(t *testing.T) {
	dir := t.TempDir()
	s := newIndented(t, dir)
	const events = 20
	for range events {
		send(t, s, "one\ntwo")
	}
	docs := 0
	for name, text := range content(t, dir) {
		for d := json.NewDecoder(strings.NewReader(text)); ; docs++ {
			var doc struct{ Message string }
			if err := d.Decode(&doc); errors.Is(err, io.EOF) {
				break
			} else if err != nil || doc.Message != "one\ntwo" {
				t.Fatalf("%s: message %q, error %v", name, doc.Message, err)
			}
		}
	}
	if files := len(content(t, dir)); docs != events || files < 5 {
		t.Errorf("%d documents of %d in %d files", docs, events, files)
	}
}

// TestIndentedDocumentCutOff: a file that ends at a line end within a document is
// left alone, one that ends with a document is gone on with.
func TestIndentedDocumentCutOff(t *testing.T) {
	const whole = "{\n  \"message\": \"old\"\n}\n"
	for text, files := range map[string]int{
		whole: 1, whole + "{\n": 2, whole + "{\n  \"message\": {\n  }\n": 2, "}": 2, "": 1,
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"filebeat-20000101.ndjson": text})
		send(t, newIndented(t, dir), "new")
		if got := content(t, dir); len(got) != files {
			t.Errorf("after %q: %q, want %d files", text, got, files)
		}
		if b, err := os.ReadFile(dir + "/filebeat-20000101.ndjson"); err != nil || files == 2 && string(b) != text {
			t.Errorf("%q became %q, error %v", text, b, err)
		}
	}
}
