package image_test

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/logcar/logcar/deploy/tests/binary"
)

const maxImage = 10e6 // bytes, compressed

// The image is small on each of its platforms, and its binary needs no other file.
func TestBinary(t *testing.T) {
	root, err := binary.Root()
	if err != nil {
		t.Fatal(err)
	}
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		t.Run(arch, func(t *testing.T) {
			path, err := binary.BuildFrom(t.Context(), root, t.TempDir(), arch)
			if err != nil {
				t.Fatal(err)
			}
			file, err := elf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }() // it is only read
			if file.Machine != machine {
				t.Errorf("the binary is for %v", file.Machine)
			}
			for _, p := range file.Progs {
				if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
					t.Errorf("the binary is not static: %v", p.Type)
				}
			}
			checkSize(t, path)
		})
	}
}

func checkSize(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("the binary: %.1f MB, %.1f MB compressed", float64(len(text))/1e6, float64(compressed.Len())/1e6)
	const certificates = 0.3e6 // the CA bundle, generously
	if float64(compressed.Len())+certificates > maxImage {
		t.Errorf("the image is about %d bytes", compressed.Len())
	}
}

// What .dockerignore lets through is enough to build the binary, and the same
// sources give the same bytes, wherever they lie.
func TestReproducible(t *testing.T) {
	root, err := binary.Root()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	copyContext(t, root, elsewhere)
	again, err := binary.BuildFrom(t.Context(), elsewhere, t.TempDir(), runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(content(t, logcar), content(t, again)) {
		t.Error("the same sources give another binary")
	}
}

// copyContext copies what is sent to a builder: all but what .dockerignore names.
func copyContext(t *testing.T, root, target string) {
	t.Helper()
	patterns, err := ignorefile.ReadAll(bytes.NewReader(content(t, filepath.Join(root, ".dockerignore"))))
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch skip, err := ignored.MatchesOrParentMatches(name); {
		case err != nil:
			return err
		case skip && d.IsDir():
			return fs.SkipDir // no pattern lets anything within it through
		case skip:
			return nil
		case d.IsDir():
			return os.Mkdir(filepath.Join(target, name), 0o755)
		}
		files++
		return os.WriteFile(filepath.Join(target, name), content(t, path), 0o644)
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files: %v", files, err)
	}
	// A builder doesn't need the Dockerfile, but the test reads the command there.
	if err := os.WriteFile(filepath.Join(target, "Dockerfile"), content(t, filepath.Join(root, "Dockerfile")), 0o644); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The image says what it is.
func TestLabels(t *testing.T) {
	text := dockerfile(t)
	for _, label := range []string{"title", "description", "source", "licenses", "version", "revision"} {
		if !strings.Contains(text, "org.opencontainers.image."+label+"=") {
			t.Errorf("no label %s", label)
		}
	}
	if !strings.Contains(text, "GOOS=$TARGETOS GOARCH=$TARGETARCH") || !strings.Contains(text, "--platform=$BUILDPLATFORM") {
		t.Error("the Dockerfile builds for one architecture alone")
	}
	if certificates := "/etc/ssl/certs/ca-certificates.crt"; !strings.Contains(text, "COPY --from=build "+certificates) {
		t.Errorf("no %s, which is where package x509 looks for authorities", certificates)
	}
	if stages := regexp.MustCompile(`(?m)^FROM .*$`).FindAllString(text, -1); !slices.Equal(stages[1:], []string{"FROM scratch"}) {
		t.Errorf("stages %q", stages)
	}
}

func dockerfile(t *testing.T) string {
	t.Helper()
	return string(content(t, "../../../Dockerfile"))
}

// instruction is the argument of a Dockerfile's instruction that stands once.
func instruction(t *testing.T, dockerfile, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^`+name+` (.*)$`).FindAllStringSubmatch(dockerfile, -1)
	if len(m) != 1 {
		t.Fatalf("%d instructions %s", len(m), name)
	}
	return m[0][1]
}

func list(t *testing.T, dockerfile, name string) []string {
	t.Helper()
	var words []string
	if err := json.Unmarshal([]byte(instruction(t, dockerfile, name)), &words); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return words
}
