package tailer

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
)

func gzipped(tb testing.TB, text string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func writeFile(tb testing.TB, path string, b []byte) {
	tb.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// A file that is still being compressed is read as far as it is there, and in the
// end once.
func TestGzipGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.do("input *.gz compression=auto identity=fingerprint length=64")
		text := lines("a", 300_000)
		b := gzipped(t, text)
		s.do("start")
		for _, n := range []int{1, 2, 9, len(b) / 3, len(b) / 2, len(b) - 8, len(b) - 1, len(b)} {
			writeFile(t, s.abs("a.gz"), b[:n])
			s.do("pass 30s")
		}
		s.wantText("a.gz", text)
		s.do("expect corrupt 0", "end")
	})
}

// From any place, in pieces of any size, the text is the same; and no byte that is
// wrong makes it hang, or something else that is not said to be.
func TestGunzip(t *testing.T) {
	text := lines("gunzip", 100_000)
	first := gzipped(t, text[:60_000])
	whole := append(bytes.Clone(first), gzipped(t, text[60_000:])...)
	path := filepath.Join(t.TempDir(), "a.gz")
	random := rand.New(rand.NewPCG(1, 2))
	read := func(from int64, piece int) (string, *textFile, error) {
		f, _, err := openFile(path, Auto)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var got []byte
		b := make([]byte, piece)
		for range 10*len(text)/piece + 10 {
			n, err := f.readAt(b, from+int64(len(got)))
			got = append(got, b[:n]...)
			if n == 0 && !f.busy() {
				return string(got), f, err
			}
		}
		t.Fatalf("from %d: no end", from)
		return "", nil, nil
	}
	writeFile(t, path, whole)
	for range 50 {
		from := random.IntN(len(text) + 1)
		got, f, err := read(int64(from), 1+random.IntN(len(text)))
		if got != text[from:] || err != nil || !f.final() {
			t.Fatalf("from %d: %d bytes, final: %v, %v", from, len(got), f.final(), err)
		}
	}
	for range 300 {
		bad := bytes.Clone(whole)
		if cut := random.IntN(3) == 0; cut {
			bad = bad[:2+random.IntN(len(bad)-2)]
		} else {
			bad[2+random.IntN(len(bad)-2)] ^= byte(1 << random.IntN(8))
		}
		writeFile(t, path, bad)
		got, f, err := read(0, 5000)
		if got != text && err == nil && !f.endsEarly() && len(bad) != len(first) {
			t.Fatalf("%d of %d bytes, and nothing is wrong", len(got), len(text))
		}
	}
}

// What was read before is skipped in pieces, so that other files have their turns.
func TestGunzipSkips(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.gz")
	const size = 3*skipSize + 100
	writeFile(t, path, gzipped(t, string(make([]byte, size))))
	f, _, err := openFile(path, Gzip)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1000)
	for range 3 {
		if n, err := f.readAt(b, size-10); n != 0 || err != nil || !f.busy() {
			t.Fatalf("read %d, %v, busy: %v", n, err, f.busy())
		}
	}
	if n, err := f.readAt(b, size-10); n != 10 || err != nil {
		t.Fatalf("read %d, %v", n, err)
	}
	if n, err := f.readAt(b, allOf); n != 0 || err != nil || !f.final() {
		t.Fatalf("behind the end: read %d, %v", n, err)
	}
}
