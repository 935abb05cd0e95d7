package tree

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

// TestSources: all that was read is listed, what an option names included.
func TestSources(t *testing.T) {
	files := write(t, "1.yml", "x: 1\n", "2.yml", "x: 2\n", "c.pem", "PEM")
	r, err := Load(files[:2], nil, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	s := r.Section("", anything)
	data, err := s.ReadFile(files[2])
	equal(t, fmt.Sprint(string(data), err), "PEM<nil>")
	if _, err := s.ReadFile("missing.pem"); err == nil {
		t.Error("a missing file was read")
	}
	var got string
	for _, f := range r.Sources() {
		got += fmt.Sprintf("%s %x %v\n", f.Path, f.Sum[:2], f.Regular)
	}
	sum := func(text string) []byte { h := sha256.Sum256([]byte(text)); return h[:2] }
	equal(t, got, fmt.Sprintf("1.yml %x true\n2.yml %x true\nc.pem %x true\n", sum("x: 1\n"), sum("x: 2\n"), sum("PEM")))
}
