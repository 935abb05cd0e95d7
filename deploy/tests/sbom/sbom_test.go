package sbom_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdxlib"

	"github.com/logcar/logcar/deploy/tests/binary"
	"github.com/logcar/logcar/deploy/tests/sbom"
)

var date = time.Date(2024, 3, 1, 8, 0, 0, 0, time.FixedZone("", 3600))

// The document is valid SPDX, and names what go version -m names.
func TestBinary(t *testing.T) {
	logcar, err := binary.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var text, again bytes.Buffer
	for _, w := range []*bytes.Buffer{&text, &again} {
		d, err := sbom.New(logcar, "0.1.0", date)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write(w); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(text.Bytes(), again.Bytes()) {
		t.Error("the same binary gives two documents")
	}
	doc, err := spdxjson.Read(&text)
	if err != nil {
		t.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(doc); err != nil {
		t.Error(err)
	}
	if doc.CreationInfo.Created != "2024-03-01T07:00:00Z" {
		t.Errorf("created %s", doc.CreationInfo.Created)
	}
	var got []string
	for _, p := range doc.Packages[1:] {
		got = append(got, p.PackageName+" "+p.PackageVersion)
		if p.PackageName != "stdlib" && len(p.PackageChecksums) != 1 {
			t.Errorf("%s has no checksum", p.PackageName)
		}
	}
	want := modules(t, logcar)
	slices.Sort(got)
	slices.Sort(want)
	if len(want) < 5 || !slices.Equal(got, want) {
		t.Errorf("packages %q, go version -m says %q", got, want)
	}
	if main := doc.Packages[0]; main.PackageName != "github.com/logcar/logcar" || main.PackageVersion != "0.1.0" || !strings.Contains(main.PackageComment, "CGO_ENABLED=0") {
		t.Errorf("the binary: %+v", main)
	}
}

// modules asks the go command.
func modules(t *testing.T, path string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "version", "-m", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(out), "\n")
	list := []string{"stdlib " + strings.TrimPrefix(head[strings.LastIndex(head, " ")+1:], "go")}
	for line := range strings.Lines(rest) {
		if f := strings.Fields(line); f[0] == "dep" {
			list = append(list, f[1]+" "+f[2])
		}
	}
	return list
}

func TestNoBinary(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, filepath.Join(t.TempDir(), "none")} {
		if _, err := sbom.New(path, "1", date); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
