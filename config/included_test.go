package config

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/output"

	"github.com/logcar/logcar/config/watch"
)

// writeBeside puts files beside the main one.
func writeBeside(t *testing.T, args Args, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(args.Home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// pathsOf are the paths of all inputs, in their order.
func pathsOf(c *Config) string {
	var all []string
	for _, in := range c.Inputs {
		all = append(all, in.Paths...)
	}
	return strings.Join(all, " ")
}

// TestIncluded: inputs of other files come after those of the main one, in the
// order of the files' names, and have what is set for all inputs.
func TestIncluded(t *testing.T) {
	lists := map[string]string{
		"in.d/2.yml": "- {paths: /2a, tags: own}\n- {paths: '${path.home}/2b', processors: [drop_event: {}]}\n", "in.d/1.yml": "- paths: ['/1']\n",
		"in.d/3.yml": "", "in.d/4.yaml": "- paths: /4\n", "in.d/5.yml/x.yml": "- paths: /5\n", "in.d/6.yml": "- {paths: /6, enabled: false, encoding: nosuch}\n",
		"in.d/7.yml": "- {paths: /7}\n",
	}
	maps := map[string]string{"in.d/1.yml": "filebeat.prospectors: [paths: /1]\n", "in.d/2.yml": "name: nobody\nfilebeat.inputs: [{paths: /2}]\n"}
	for _, tt := range []struct {
		name, text, want string
		files            map[string]string
		shape            output.Shape
	}{
		{"inputs", "filebeat.config.inputs.path: in.d/*.yml\ntags: all\nfilebeat.inputs: [paths: /main]\n", "/main /1 /2a HOME/2b /7", lists, output.Shape8},
		{"absolute", "filebeat.config.inputs.path: ${path.home}/in.d/1.yml\n", "/1", lists, output.Shape8},
		{"prospectors", "filebeat.config.prospectors: {path: in.d/1.yml}\n", "/1", lists, output.Shape6},
		{"both", "filebeat.config: {prospectors.path: in.d/1.yml, inputs.path: in.d/7.yml}\n", "/1 /7", lists, output.Shape6},
		{"disabled", "filebeat.config.inputs: {path: in.d/*.yml, enabled: false}\nfilebeat.inputs: [paths: /main]\n", "/main", lists, output.Shape8},
		{"a directory", "filebeat.config_dir: in.d\n", "/1 /2", maps, output.Shape8},
		{"none yet", "filebeat.config.inputs.path: in.d/*.none\n", "", lists, output.Shape8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := write(t, tt.text+"output.console: {}\n")
			writeBeside(t, args, tt.files)
			c := mustLoad(t, args)
			if got := strings.ReplaceAll(pathsOf(c), args.Home, "HOME"); got != tt.want {
				t.Errorf("paths %q, want %q", got, tt.want)
			}
			if c.Shape != tt.shape {
				t.Errorf("shape %v", c.Shape)
			}
			if tt.name == "inputs" && (!slices.Equal(c.Inputs[2].Event.Tags, []string{"all", "own"}) || len(c.Documents.Inputs) != 1) {
				t.Errorf("input %+v, processors %v", c.Inputs[2].Event, c.Documents.Inputs)
			}
		})
	}
}

// TestIncludedProblems: they are said with file, line and key, those of all files
// at once.
func TestIncludedProblems(t *testing.T) {
	args := write(t, "filebeat.config.inputs.path: in.d/*.yml\nfilebeat.inputs: [{paths: /a, encoding: klingon}]\noutput.console: {}\n")
	writeBeside(t, args, map[string]string{
		"in.d/1.yml": "- paths: /1\n- type: log\n  multiline:\n    pattern: '('\n    match: after\n",
		"in.d/2.yml": "paths: /2\n", "in.d/3.yml": "- paths: [\n", "in.d/4.yml": "- {type: tcp}\n- {enabled: false, encoding: klingon}\n",
	})
	_, err := Load(args)
	if err == nil {
		t.Fatal("no error")
	}
	const want = `load configuration: in.d/2.yml:1: expected a list at the top, found a map
load configuration: in.d/3.yml:1: invalid YAML: did not find expected node content
filebeat.yml:2: filebeat.inputs.0.encoding: "klingon" is unknown
in.d/1.yml:2: 1.paths: no paths
in.d/1.yml:4: 1.multiline.pattern: error parsing regexp
in.d/4.yml:1: 0.type: input type "tcp" is not supported`
	got, wanted := strings.Split(nowhere(err.Error(), args.Home), "\n"), strings.Split(want, "\n")
	for i := range max(len(got), len(wanted)) {
		if i >= len(got) || i >= len(wanted) || !strings.HasPrefix(got[i], wanted[i]) {
			t.Fatalf("errors\n%s\nwant\n%s", strings.Join(got, "\n"), want)
		}
	}

	writeBeside(t, args, map[string]string{"filebeat.yml": "filebeat.config.inputs.path: in.d/1.yml\noutput.console: {}\n", "in.d/1.yml": "- {paths: /1, pathz: /2}\n"})
	c := mustLoad(t, args)
	if len(c.Warnings) != 1 || nowhere(c.Warnings[0].Error(), args.Home) != "in.d/1.yml:1: 0.pathz: unknown key; did you mean \"paths\"?" {
		t.Errorf("warnings %v", c.Warnings)
	}
	if !slices.ContainsFunc(c.Keys, func(k KeyReport) bool { return k.Key == "0.paths" && k.Read }) {
		t.Errorf("keys %v", c.Keys)
	}
	if err := os.Chmod(filepath.Join(args.Home, "in.d/1.yml"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(args); err == nil || !strings.Contains(err.Error(), "can only be writable by the owner") {
		t.Errorf("a file that others may write: %v", err)
	}
}

// TestPipe: what can be read once alone is not watched.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString(basic); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, Args{Files: []string{fmt.Sprintf("/dev/fd/%d", r.Fd())}, Home: t.TempDir()})
	if len(c.Inputs) != 1 || len(c.Reload.Watch) != 0 {
		t.Errorf("%d inputs, watched: %v", len(c.Inputs), c.Reload.Watch)
	}
}

// TestOrigin: the hash is what sha256sum prints, and what is watched is what the
// configuration says.
func TestOrigin(t *testing.T) {
	certificate, _ := keyPair(t)
	input := "filebeat.inputs: [paths: /a]\noutput.console: {}\n"
	include := "filebeat.config.inputs.path: in.d/*.yml\n" + input
	for _, tt := range []struct {
		name, text, watched string
		files               int
		period              time.Duration
	}{
		{"alone", input, "filebeat.yml", 1, watch.Every},
		{"off", input + "logcar.reload: false\n", "", 1, watch.Every},
		{"included", include, "in.d/*.yml filebeat.yml", 3, watch.Every},
		{"included alone", include + "logcar.reload: false\nfilebeat.config.inputs.reload: {enabled: true, period: 3s}\n", "in.d/*.yml", 3, 3 * time.Second},
		{"all but the included", include + "filebeat.config.inputs.reload: {enabled: false, period: 3s}\n", "filebeat.yml", 3, watch.Every},
		{"certificates", "filebeat.inputs: [paths: /a]\noutput.kafka: {hosts: k, topic: t, ssl.certificate_authorities: [" + certificate + "]}\n",
			"filebeat.yml " + certificate, 2, watch.Every},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := write(t, tt.text)
			writeBeside(t, args, map[string]string{"in.d/1.yml": "- paths: /1\n", "in.d/2.yml": "- paths: /2\n"})
			c := mustLoad(t, args)
			var watched []string
			for _, w := range c.Reload.Watch {
				if w.Pattern != strings.Contains(w.Path, "*") {
					t.Errorf("%s is a pattern: %v", w.Path, w.Pattern)
				}
				watched = append(watched, nowhere(w.Path, args.Home))
			}
			if got := strings.Join(watched, " "); got != tt.watched || c.Reload.Enabled != (got != "") || c.Reload.Period != tt.period {
				t.Errorf("reload %+v", c.Reload)
			}
			sum := fmt.Sprintf("%x", sha256.Sum256([]byte(tt.text)))
			if (c.Hash == sum) != (tt.files == 1) || len(c.Hash) != 64 {
				t.Errorf("hash %s; that of the main file is %s", c.Hash, sum)
			}
			if again := mustLoad(t, args); again.Hash != c.Hash {
				t.Errorf("hash %s, and then %s", c.Hash, again.Hash)
			}
			if tt.files > 1 && tt.name != "certificates" {
				writeBeside(t, args, map[string]string{"in.d/2.yml": "- paths: /two\n"})
				if changed := mustLoad(t, args); changed.Hash == c.Hash {
					t.Error("a changed file leaves the hash as it was")
				}
			}
		})
	}
}
