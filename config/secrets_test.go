package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/logcar/logcar/keystore"
)

// save makes a keystore.
func save(t *testing.T, path string, secrets map[string]string) {
	t.Helper()
	s, err := keystore.Open(path, true)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range secrets {
		s.Set(name, secret)
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
}

// TestKeystore: a reference is a key of the configuration, else a secret, else a
// variable of the environment; an empty one is none.
func TestKeystore(t *testing.T) {
	for _, name := range []string{"BOTH", "EMPTY", "ENVIRONMENT", "name"} {
		t.Setenv(name, "environment")
	}
	args := write(t, `
name: key
filebeat.inputs:
- paths: /a
  fields: {secret: "${SECRET}", both: "${BOTH}", empty: "${EMPTY}", variable: "${ENVIRONMENT}", key: "${name}",
    dotted: "${output.password}", default: "${NONE:default}", list: "${LIST}", inside: "<${SECRET}>"}
output.kafka: {hosts: "${LIST}", topic: t, username: u, password: "${SECRET}"}
`)
	save(t, filepath.Join(args.Home, "data", "filebeat.keystore"), map[string]string{
		"SECRET": "s", "BOTH": "secret", "EMPTY": "", "name": "secret", "output.password": "dotted", "LIST": "a,b",
	})
	c := mustLoad(t, args)
	if got, want := c.Inputs[0].Event.Fields, map[string]any{
		"secret": "s", "both": "secret", "empty": "environment", "variable": "environment", "key": "key",
		"dotted": "dotted", "default": "default", "list": "a,b", "inside": "<s>",
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
	if c.Kafka.SASL.Password != "s" || !reflect.DeepEqual(c.Kafka.Hosts, []string{"a:9092", "b:9092"}) {
		t.Errorf("password %q, hosts %q", c.Kafka.SASL.Password, c.Kafka.Hosts)
	}
}

// TestKeystorePath: where the keystore is may depend on the environment, and not
// on the keystore.
func TestKeystorePath(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DIR", dir)
	save(t, filepath.Join(dir, "filebeat.keystore"), map[string]string{"NAME": "in data", "DIR": "/nowhere"})
	save(t, filepath.Join(dir, "other"), map[string]string{"NAME": "in other"})
	const basic = "filebeat.inputs: [paths: /a]\noutput.console: {}\nname: ${NAME}\n"
	for text, want := range map[string]string{
		"path.data: ${DIR}\n":                           "in data",
		"keystore.path: ${DIR}/other\n":                 "in other",
		"path.data: ${DIR}\nkeystore.path: other\n":     "in other",
		"path.data: ${DIR:/nowhere}\nkeystore: \n":      "in data",
		"keystore.path: ${path.data}/other\n# as Beats": "in other",
	} {
		args := write(t, basic+text)
		if strings.Contains(text, "# as Beats") {
			args.Data = dir // the flag
		}
		store, err := OpenKeystore(args)
		if err != nil {
			t.Fatal(err)
		}
		if c := mustLoad(t, args); c.Name != want || store.Path() != c.Keystore || c.Data != dir && strings.Contains(text, "path.data: ") {
			t.Errorf("%s: name %q, want %q; keystore %s and %s", text, c.Name, want, store.Path(), c.Keystore)
		}
	}
}

// TestKeystoreErrors: a keystore that cannot be read ends the start, for what it
// holds would be missing.
func TestKeystoreErrors(t *testing.T) {
	args := write(t, "filebeat.inputs: [paths: /a]\noutput.console: {}\n")
	path := filepath.Join(args.Home, "data", "filebeat.keystore")
	save(t, path, map[string]string{"A": "b"})
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	_, err := Load(args)
	if err == nil || !strings.HasPrefix(err.Error(), "load configuration: open keystore "+path+": can only be writable and readable by the owner") {
		t.Errorf("error %v", err)
	}
	args.StrictPerms = false
	mustLoad(t, args)
	if err := os.WriteFile(path, []byte("v2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(args); err == nil {
		t.Error("a damaged keystore is no error")
	}
	// Under a file there is none, and one that nobody may look for ends nothing.
	args.Data = path
	mustLoad(t, args)
	if c := mustLoad(t, write(t, "filebeat.inputs: [paths: /a]\noutput.console: {}\nkeystore.path: "+unreadable(t)+"\n")); len(c.Warnings) != 1 ||
		!strings.HasSuffix(c.Warnings[0].Text, "permission denied; references find the environment alone") {
		t.Errorf("warnings %v", c.Warnings)
	}
	// The configuration may be wrong in all else when the keystore is worked on.
	if _, err := OpenKeystore(write(t, "filebeat.inputs: 3\nname: ${NONE}\n")); err != nil {
		t.Error(err)
	}
}

// unreadable is a file that this user may not open for reading. For root there
// are few: one of the kernel's switches, which are written to.
func unreadable(t *testing.T) string {
	t.Helper()
	path := "/proc/sys/net/ipv4/route/flush"
	if os.Geteuid() != 0 {
		path = filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(path, nil, 0o200); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.ReadFile(path); !errors.Is(err, fs.ErrPermission) {
		t.Fatalf("%s: %v", path, err)
	}
	return path
}
