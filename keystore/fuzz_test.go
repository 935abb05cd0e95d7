package keystore

import (
	"bytes"
	"maps"
	"os"
	"testing"
)

// FuzzDecode: no file makes the reader panic, and only a file under the right key
// is one.
func FuzzDecode(f *testing.F) {
	good, err := os.ReadFile("testdata/filebeat.keystore")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(append(bytes.Clone(good), '\n'))
	f.Add(good[:100])
	f.Add([]byte("v1"))
	f.Add([]byte("v2"))
	f.Fuzz(func(t *testing.T, data []byte) {
		secrets, err := decode(data)
		if (err == nil) == (secrets == nil) {
			t.Fatalf("%q, error %v", secrets, err)
		}
	})
}

// FuzzParse: whatever was sealed can be sealed again, and is the same then.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"A":{"value":"c2VjcmV0"},"":{"value":null},"B":null}`))
	f.Add([]byte("null\n"))
	f.Add([]byte(`{"A":{"VALUE":"", "x":1}}`))
	f.Fuzz(func(t *testing.T, plain []byte) {
		secrets, err := parse(plain)
		if err != nil {
			return
		}
		data, err := encode(secrets)
		if err != nil {
			return // too large
		}
		again, err := decode(data)
		if err != nil || !maps.EqualFunc(secrets, again, bytes.Equal) {
			t.Fatalf("%q became %q, error %v", secrets, again, err)
		}
	})
}
