package floor

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// keep writes a file as package broker does: each chunk an uncompressed batch.
func keep(t *testing.T, chunks ...string) string {
	t.Helper()
	var b []byte
	for _, c := range chunks {
		batch := append(make([]byte, 61), c...)
		b = append(b, make([]byte, 8)...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(batch)))
		b = append(b, batch...)
	}
	path := filepath.Join(t.TempDir(), "batches")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t *testing.T, level int, text string) int64 {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return int64(b.Len())
}

func TestCompressesEachChunkOrAllInOne(t *testing.T) {
	one, two := strings.Repeat("the one ", 5000), strings.Repeat("the other ", 5000)
	path := keep(t, one, two)
	for _, level := range []int{1, 3, 9} {
		r, err := Measure(path, level, false)
		if want := gzipped(t, level, one) + gzipped(t, level, two); err != nil || r.Chunks != 2 || r.In != 90_000 || r.Out != want || r.CPU <= 0 {
			t.Errorf("level %d: got %+v, %v; want 2 chunks, 90000 bytes in, %d out", level, r, err, want)
		}
		r, err = Measure(path, level, true)
		if want := gzipped(t, level, one+two); err != nil || r.In != 90_000 || r.Out != want || r.CPU <= 0 {
			t.Errorf("level %d, one stream: got %+v, %v; want %d bytes out", level, r, err, want)
		}
	}
}

func TestCommand(t *testing.T) {
	path := keep(t, "text")
	var out, errs strings.Builder
	if status := Main([]string{"-level", "2", path}, &out, &errs); status != 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	var r Result
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil || r.In != 4 {
		t.Errorf("got %q, %v", &out, err)
	}
	for _, args := range [][]string{nil, {"-levels", "1", path}, {path, path}} {
		if status := Main(args, io.Discard, io.Discard); status != 2 {
			t.Errorf("%q: status %d, want 2", args, status)
		}
	}
	for _, args := range [][]string{{"-level", "99", path}, {path + "-not-there"}} {
		errs.Reset()
		if status := Main(args, io.Discard, &errs); status != 1 || !strings.HasPrefix(errs.String(), "floor: ") {
			t.Errorf("%q: status %d, %q; want 1 and the reason", args, status, &errs)
		}
	}
}
