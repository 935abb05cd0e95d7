package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestConformance: the documents are those of a real Filebeat. What a case holds
// says testdata/conformance/README.md.
func TestConformance(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob(filepath.Join("..", "..", "testdata", "conformance", "*", "config.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("there are no cases")
	}
	// All run at once: those with steps mostly wait, and the others take turns.
	turns := make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	defer all.Wait()
	results := make([]chan error, len(cases))
	for i, config := range cases {
		c := conformanceCase{dir: filepath.Dir(config), work: t.TempDir()}
		results[i] = make(chan error, 1)
		all.Go(func() { results[i] <- c.run(t.Context(), turns) })
	}
	for i, config := range cases {
		t.Run(filepath.Base(filepath.Dir(config)), func(t *testing.T) {
			if err := <-results[i]; err != nil {
				t.Error(err)
			}
		})
	}
}

type conformanceCase struct {
	dir  string
	work string // an empty folder to run in
}

func (c *conformanceCase) logs() string  { return filepath.Join(c.work, "logs") }
func (c *conformanceCase) steps() string { return filepath.Join(c.dir, "steps.sh") }

// run ships the case's files and compares what came out.
func (c *conformanceCase) run(ctx context.Context, turns chan struct{}) error {
	golden, err := readDocuments(filepath.Join(c.dir, "expected.ndjson"))
	if err != nil {
		return err
	}
	if err := os.CopyFS(c.logs(), os.DirFS(filepath.Join(c.dir, "logs"))); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if _, err := os.Stat(c.steps()); err == nil {
		err = c.shipLive(ctx, len(golden))
		if err != nil {
			return err
		}
	} else {
		turns <- struct{}{}
		err := c.shipOnce(ctx)
		<-turns
		if err != nil {
			return err
		}
	}
	got, err := c.delivered()
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, d := range golden {
		for key := range d {
			keep[key] = true
		}
	}
	return compareDocuments(normalise(got, c.logs()+"/", keep), normalise(golden, "", keep))
}

// command is logcar with the case's configuration; what it says goes to stderr.
func (c *conformanceCase) command(ctx context.Context, stderr *bytes.Buffer, args ...string) (*exec.Cmd, error) {
	config, err := os.ReadFile(filepath.Join(c.dir, "config.yml"))
	if err != nil {
		return nil, err
	}
	config = fmt.Appendf(config, "\noutput.file: {path: '%s', filename: out, permissions: 0600}\nlogging.level: warning\n", c.work)
	file := filepath.Join(c.work, "config.yml")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary, append([]string{
		"-e", "-c", file, "--path.home", c.work, "--path.data", filepath.Join(c.work, "data"), "--strict.perms=false",
	}, args...)...)
	cmd.Env = c.environment()
	cmd.Stdout, cmd.Stderr = stderr, stderr
	return cmd, nil
}

func (c *conformanceCase) environment() []string {
	return append(os.Environ(), "LOGS="+c.logs(), "LOGS_LABEL=labelled")
}

func (c *conformanceCase) shipOnce(ctx context.Context) error {
	var stderr bytes.Buffer
	cmd, err := c.command(ctx, &stderr, "--once")
	if err != nil {
		return err
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("logcar --once: %w: %s", err, &stderr)
	}
	return nil
}

// shipLive changes the files while logcar runs, and ends it when as many
// documents have come as there should be, or after the time in which they should.
func (c *conformanceCase) shipLive(ctx context.Context, want int) error {
	var stderr bytes.Buffer
	cmd, err := c.command(ctx, &stderr)
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	steps := exec.CommandContext(ctx, "sh", "-c", `sleep 2; . "$0"`, c.steps())
	steps.Env = c.environment()
	out, err := steps.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("steps.sh: %w: %s", err, out)
	} else {
		err = c.await(ctx, want)
	}
	if serr := cmd.Process.Signal(syscall.SIGTERM); serr != nil {
		err = errors.Join(err, fmt.Errorf("end logcar: %w", serr))
	}
	if werr := cmd.Wait(); werr != nil {
		err = errors.Join(err, fmt.Errorf("logcar: %w: %s", werr, &stderr))
	}
	return err
}

// await waits for so many documents; seven seconds, as when the goldens were
// recorded, are enough for them to come.
func (c *conformanceCase) await(ctx context.Context, want int) error {
	deadline := time.NewTimer(7 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		lines := 0
		for _, file := range c.outputs() {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			lines += bytes.Count(text, []byte("\n"))
		}
		if lines >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-deadline.C:
			return nil // the comparison tells what is missing
		case <-tick.C:
		}
	}
}

// outputs are the files that the file output has written. Glob's only error is
// that of a bad pattern.
func (c *conformanceCase) outputs() []string {
	files, _ := filepath.Glob(filepath.Join(c.work, "out-*"))
	return files
}

func (c *conformanceCase) delivered() ([]jsonObject, error) {
	var docs []jsonObject
	for _, file := range c.outputs() {
		more, err := readDocuments(file)
		if err != nil {
			return nil, err
		}
		docs = append(docs, more...)
	}
	return docs, nil
}

type jsonObject = map[string]any

// readDocuments reads a file of one JSON object per line. Numbers are integers
// where they can be, so that none is rounded.
func readDocuments(file string) ([]jsonObject, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var docs []jsonObject
	for line := range bytes.Lines(text) {
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.UseNumber()
		var d jsonObject
		if err := dec.Decode(&d); err != nil {
			return nil, fmt.Errorf("%s: %w: %.80q", filepath.Base(file), err, line)
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// normalise takes out what differs from run to run: what names the machine or
// the moment unless a golden has it, the folder of the log files, an error's
// exact words, and the offset that filestream counts differently.
func normalise(docs []jsonObject, logs string, keep map[string]bool) []jsonObject {
	for _, d := range docs {
		for _, key := range []string{"@timestamp", "@metadata", "agent", "ecs", "host", "beat"} {
			if !keep[key] {
				delete(d, key)
			}
		}
		if input, ok := d["input"].(jsonObject); ok && input["type"] == "filestream" {
			if log, ok := d["log"].(jsonObject); ok {
				delete(log, "offset")
			}
		}
		if e, ok := d["error"].(jsonObject); ok && e["message"] != nil {
			e["message"] = "*"
		}
		for key, v := range d {
			d[key] = withoutFolder(v, logs)
		}
	}
	return docs
}

// withoutFolder returns v with the folder cut out of all texts, and its numbers
// as int64 or float64.
func withoutFolder(v any, folder string) any {
	switch v := v.(type) {
	case string:
		if folder != "" {
			return strings.ReplaceAll(v, folder, "")
		}
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
	case []any:
		for i := range v {
			v[i] = withoutFolder(v[i], folder)
		}
	case jsonObject:
		for key := range v {
			v[key] = withoutFolder(v[key], folder)
		}
	}
	return v
}

// compareDocuments compares file by file, each in order.
func compareDocuments(got, want []jsonObject) error {
	gotBy, wantBy := byFile(got), byFile(want)
	var paths []string
	for _, docs := range []map[string][]jsonObject{gotBy, wantBy} {
		for path := range docs {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	var errs []error
	for _, path := range slices.Compact(paths) {
		g, w := gotBy[path], wantBy[path]
		i := 0
		for i < min(len(g), len(w)) && reflect.DeepEqual(g[i], w[i]) {
			i++
		}
		if i < max(len(g), len(w)) {
			errs = append(errs, fmt.Errorf("%s: %d documents, want %d; number %d is\n%s\nwant\n%s", path, len(g), len(w), i, show(g, i), show(w, i)))
		}
	}
	return errors.Join(errs...)
}

func byFile(docs []jsonObject) map[string][]jsonObject {
	by := map[string][]jsonObject{}
	for _, d := range docs {
		log, _ := d["log"].(jsonObject)
		file, _ := log["file"].(jsonObject)
		path, _ := file["path"].(string)
		by[path] = append(by[path], d)
	}
	return by
}

func show(docs []jsonObject, i int) string {
	if i >= len(docs) {
		return "nothing"
	}
	text, err := json.Marshal(docs[i])
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%.600s", text)
}
