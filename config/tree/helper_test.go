package tree

import (
	"os"
	"strings"
	"testing"
)

// write makes the files in an empty directory, which becomes the current one, so
// that messages hold short names. Names and contents alternate.
func write(t *testing.T, filesAndContents ...string) (files []string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for i := 0; i < len(filesAndContents); i += 2 {
		if err := os.WriteFile(filesAndContents[i], []byte(filesAndContents[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, filesAndContents[i])
	}
	return files
}

// env is a Lookup that knows the given names; values follow an equals sign.
func env(pairs ...string) Settings {
	return Settings{Lookup: func(name string) (string, bool) {
		for _, p := range pairs {
			if k, v, _ := strings.Cut(p, "="); k == name {
				return v, true
			}
		}
		return "", false
	}}
}

func load(t *testing.T, text string, s Settings, overrides ...string) *Root {
	t.Helper()
	r, err := Load(write(t, "f.yml", text), overrides, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// anything is a table that takes one free-form key, x.
var anything = &Table{Name: "anything", Options: []Option{{Name: "x", Kind: Any}}}

// errorLines are the errors of a Root, one per line.
func errorLines(r *Root) string {
	_, err := r.Finish()
	if err == nil {
		return ""
	}
	return err.Error()
}

// otherLines are its warnings and notices.
func otherLines(r *Root) string {
	others, _ := r.Finish()
	var lines []string
	for _, p := range others {
		lines = append(lines, p.Severity.String()+" "+p.Error())
	}
	return strings.Join(lines, "\n")
}

func equal[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func contains(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("got  %s\nwant %s in it", got, want)
	}
}
