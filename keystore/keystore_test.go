package keystore

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// golden is what testdata/filebeat.keystore holds. The file was made by another
// program, from the description of the format alone.
var golden = map[string]string{
	"KAFKA_PASSWORD": `p,w: ${x} "日本"`, "output.kafka.username": "logcar", "EMPTY": "", "BYTES": "\x00\xff\n",
}

func contents(s *Store) map[string]string {
	m := map[string]string{}
	for _, name := range s.Names() {
		m[name], _ = s.Get(name)
	}
	return m
}

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path, true)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGolden(t *testing.T) {
	s, err := Open("testdata/filebeat.keystore", false) // a checkout has no permissions to speak of
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(s); !maps.Equal(got, golden) || !s.Exists() {
		t.Errorf("got %q", got)
	}
	if _, ok := s.Get("none"); ok {
		t.Error("there is a secret that nobody has added")
	}
}

// TestRoundTrip: what is saved is there when it is opened again, and never looks
// the same twice.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "filebeat.keystore")
	s := open(t, path)
	if s.Exists() || len(s.Names()) > 0 || s.Path() != path {
		t.Fatalf("a store without a file: %v, %q", s.Exists(), s.Names())
	}
	for name, secret := range golden {
		s.Set(name, secret)
	}
	var files [][]byte
	for range 2 {
		if err := s.Save(); err != nil || !s.Exists() {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
		if got := contents(open(t, path)); !maps.Equal(got, golden) {
			t.Errorf("got %q", got)
		}
	}
	if bytes.Equal(files[0][:20], files[1][:20]) {
		t.Error("two files have one salt")
	}
	s.Remove("EMPTY")
	s.Set("BYTES", "others")
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	if got := contents(open(t, path)); len(got) != len(golden)-1 || got["BYTES"] != "others" {
		t.Errorf("got %q", got)
	}
	s.Clear()
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	if s := open(t, path); len(s.Names()) != 0 || !s.Exists() {
		t.Errorf("cleared: %q, exists %v", s.Names(), s.Exists())
	}
}

// TestSaveIsPrivate: the file is its owner's alone, also when it was not, and
// nothing else is left in its directory.
func TestSaveIsPrivate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "filebeat.keystore")
	copyOf(t, "filebeat.keystore", path, 0o644)
	s, err := Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, error %v", entries, err)
	}
}

// TestFailedSave: the old file stays, and nothing lies beside it.
func TestFailedSave(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "filebeat.keystore")
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil { // no file replaces it
		t.Fatal(err)
	}
	s := &Store{path: path, secrets: map[string][]byte{"A": []byte("b")}}
	if err := s.Save(); err == nil || s.Exists() {
		t.Errorf("error %v, exists %v", err, s.Exists())
	}
	s.path = filepath.Join(dir, "huge")
	s.Set("A", strings.Repeat("x", maxFile))
	if err := s.Save(); err == nil {
		t.Error("a file was written that nobody would read")
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || !slices.Equal(names, []string{path}) {
		t.Errorf("left: %q, error %v", names, err)
	}
}

func copyOf(t *testing.T, name, path string, mode os.FileMode) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestPermissions(t *testing.T) {
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o644: false, 0o620: false, 0o610: false} {
		path := filepath.Join(t.TempDir(), "k")
		copyOf(t, "filebeat.keystore", path, mode)
		_, err := Open(path, true)
		if (err == nil) != ok {
			t.Errorf("%v: %v", mode, err)
		}
		if !ok && !strings.Contains(err.Error(), "can only be writable and readable by the owner but the permissions are") {
			t.Errorf("%v: %v", mode, err)
		}
		if _, err := Open(path, false); err != nil {
			t.Errorf("%v, not strict: %v", mode, err)
		}
	}
}

// TestErrors: what is no keystore is told, and no secret with it.
func TestErrors(t *testing.T) {
	good, err := os.ReadFile("testdata/filebeat.keystore")
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	tampered := bytes.Clone(good)
	tampered[len(tampered)-10] ^= 1
	for _, tt := range []struct {
		name, want string
		data       []byte
	}{
		{"empty", `not a keystore of version v1: it begins with ""`, nil},
		{"short", `not a keystore of version v1: it begins with "v"`, []byte("v")},
		{"another version", `not a keystore of version v1: it begins with "v2"`, append([]byte("v2"), good[2:]...)},
		{"header alone", "cut off after 2 bytes", good[:2]},
		{"salt alone", "cut off after 90 bytes", good[:90]},
		{"half", "damaged, or under a password: cipher: message authentication failed", good[:len(good)/2/4*4+2]},
		{"not base64", "damaged: illegal base64 data at input byte 2", []byte("v1ab!c")},
		{"one bit", "damaged, or under a password: cipher: message authentication failed", tampered},
		{"another password", "damaged, or under a password: cipher: message authentication failed", file("password.keystore")},
		{"a list", "its content is not a map of secrets", file("list.keystore")},
		{"too long", "longer than 1048576 bytes", append(bytes.Clone(good), make([]byte, maxFile)...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "k")
			if err := os.WriteFile(path, tt.data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path, true); err == nil || err.Error() != "open keystore "+path+": "+tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := Open(t.TempDir(), true); err == nil {
		t.Error("a directory is a keystore")
	}
	if s, err := Open("testdata/null.keystore", false); err != nil {
		t.Error(err)
	} else if s.Set("A", "b"); len(s.Names()) != 1 {
		t.Error("a store without a map takes no secret")
	}
}
