package image_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logcar/logcar/deploy/tests/binary"
	"github.com/logcar/logcar/deploy/tests/image"
)

var logcar string // the binary

func TestMain(m *testing.M) {
	image.Enter()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "logcar-image-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }() // it is temporary
		logcar, err = binary.Build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

const configuration = `filebeat.inputs:
- type: log
  paths: /mnt/*.log
  fields: {namespace: "${POD_NAMESPACE}"}
  multiline: {pattern: '^[0-9]{4}-', negate: true, match: after}
output.file.path: /var/lib/logcar/out
http.enabled: true
http.host: unix:///var/lib/logcar/http.sock
`

const events = 1000

// The binary ships from an image that holds it alone, as the image's user, with
// the image's command line.
func TestShipsFromEmptyImage(t *testing.T) {
	dirs := map[string]string{}
	for _, name := range []string{"root", "logs", "data", "config"} {
		dirs[name] = t.TempDir()
	}
	writeLog(t, filepath.Join(dirs["logs"], "app.log"))
	if err := os.WriteFile(filepath.Join(dirs["config"], "filebeat.yml"), []byte(configuration), 0o644); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(dirs["data"], image.User, image.User); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"logs", "data", "config"} {
		openParents(t, dirs[name])
	}
	dockerfile := dockerfile(t)
	if user := instruction(t, dockerfile, "USER"); user != fmt.Sprintf("%d:%[1]d", image.User) {
		t.Errorf("the image's user is %s", user)
	}
	command := append(list(t, dockerfile, "ENTRYPOINT"), list(t, dockerfile, "CMD")...)
	cmd := image.Command(dirs["root"], []image.Mount{
		{Host: logcar, Path: "/logcar"},
		{Host: dirs["logs"], Path: "/mnt"},
		{Host: dirs["config"], Path: "/etc/filebeat"},
		{Host: dirs["data"], Path: "/var/lib/logcar", Writable: true},
	}, []string{"POD_NAMESPACE=dac-prod"}, command[0], command[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("start in a sandbox (it needs root, or user namespaces): %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	await(t, &stderr, ended, func() bool { return len(shipped(t, dirs["data"])) == events })
	checkEndpoint(t, filepath.Join(dirs["data"], "http.sock"))
	stop(t, cmd, ended, &stderr)

	for i, line := range shipped(t, dirs["data"]) {
		var doc struct {
			Message string
			Fields  map[string]string
		}
		if err := json.Unmarshal([]byte(line), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Message != message(i) || doc.Fields["namespace"] != "dac-prod" {
			t.Fatalf("event %d: %s", i, line)
		}
	}
	for line := range strings.Lines(stderr.String()) {
		if !strings.Contains(line, `"log.level":"info"`) {
			t.Errorf("logcar misses something: %s", line)
		}
	}
}

func message(i int) string {
	return fmt.Sprintf("2024-03-01 08:00:01.234 ERROR event %d\njava.lang.Error: x\n\tat a.B.c(B.java)", i)
}

func writeLog(t *testing.T, path string) {
	t.Helper()
	var log bytes.Buffer
	for i := range events {
		fmt.Fprintln(&log, message(i))
	}
	if err := os.WriteFile(path, log.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// openParents lets the image's user through to a folder of the test's.
func openParents(t *testing.T, dir string) {
	t.Helper()
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// shipped are the lines of the output files.
func shipped(t *testing.T, data string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "out", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.TrimSuffix(string(text), "\n"); text != "" {
			lines = append(lines, strings.Split(text, "\n")...)
		}
	}
	return lines
}

// await waits until done, and fails when logcar ends before.
func await(t *testing.T, stderr *bytes.Buffer, ended <-chan error, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for !done() {
		select {
		case err := <-ended:
			t.Fatalf("logcar ended: %v\n%s", err, stderr)
		case <-limit:
			t.Fatal("not delivered in time")
		case <-tick.C:
		}
	}
}

// checkEndpoint asks what kubelet and Prometheus ask.
func checkEndpoint(t *testing.T, socket string) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	for path, want := range map[string]string{
		"/health": "ok", "/ready": "ok", "/drain": "ok", "/stats": binary.Version,
		"/metrics": `logcar_build_info{version="` + binary.Version + `"} 1`,
	} {
		response, err := client.Get("http://logcar" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close() // it is read
		if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s %v\n%s", path, response.Status, err, body)
		}
	}
}

// stop is what kubelet does: SIGTERM, and the end within the grace period.
func stop(t *testing.T, cmd *exec.Cmd, ended <-chan error, stderr *bytes.Buffer) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("logcar ended: %v\n%s", err, stderr)
		}
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill() // the test fails anyway
		t.Fatalf("logcar doesn't end")
	}
}

// The sandbox is what it says: a program that runs in it finds itself alone.
func TestSandboxIsEmpty(t *testing.T) {
	probe := filepath.Join(t.TempDir(), "probe")
	source := filepath.Join(t.TempDir(), "probe.go")
	if err := os.WriteFile(source, []byte(probeSource), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", probe, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := image.Command(t.TempDir(), []image.Mount{{Host: probe, Path: "/probe"}}, nil, "/probe").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := "uid 65532 gid 65532\n/ [probe proc]\ncreate read-only file system\nenvironment []\ninterfaces 1\n"
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

const probeSource = `package main

import (
	"errors"
	"fmt"
	"net"
	"os"
)

func main() {
	fmt.Println("uid", os.Getuid(), "gid", os.Getgid())
	entries, _ := os.ReadDir("/")
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	fmt.Println("/", names)
	_, err := os.Create("/x")
	fmt.Println("create", errors.Unwrap(err))
	fmt.Println("environment", os.Environ())
	interfaces, _ := net.Interfaces()
	fmt.Println("interfaces", len(interfaces))
}
`

const maxImage = 10e6 // bytes, compressed

// The image is small, and its binary needs no other file.
func TestBinary(t *testing.T) {
	file, err := elf.Open(logcar)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it is only read
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary is not static: %v", p.Type)
		}
	}
	text, err := os.ReadFile(logcar)
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
	if stages := regexp.MustCompile(`(?m)^FROM .*$`).FindAllString(text, -1); !slices.Equal(stages[1:], []string{"FROM scratch"}) {
		t.Errorf("stages %q", stages)
	}
}

func dockerfile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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
