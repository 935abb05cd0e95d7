package image_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
processors:
- add_locale: # knows the zone of TZ, for which there is no file
output.file.path: /var/lib/logcar/out
http.enabled: true
http.host: unix:///var/lib/logcar/http.sock
`

const events = 1000

// The binary ships from an image that holds it alone, as the image's user, with
// the image's command line. Where a runtime has mounted /proc, as all do, it has
// started itself once more to have its timers relaxed; it doesn't need that.
func TestShipsFromEmptyImage(t *testing.T) {
	t.Run("with proc", func(t *testing.T) { testShips(t, true) })
	t.Run("without proc", func(t *testing.T) { testShips(t, false) })
}

func testShips(t *testing.T, proc bool) {
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
	mounts := []image.Mount{
		{Host: logcar, Path: "/logcar"},
		{Host: dirs["logs"], Path: "/mnt"},
		{Host: dirs["config"], Path: "/etc/filebeat"},
		{Host: dirs["data"], Path: "/var/lib/logcar", Writable: true},
	}
	if proc {
		mounts = append(mounts, image.Proc)
	}
	dockerfile := dockerfile(t)
	if user := instruction(t, dockerfile, "USER"); user != fmt.Sprintf("%d:%[1]d", image.User) {
		t.Errorf("the image's user is %s", user)
	}
	command := append(list(t, dockerfile, "ENTRYPOINT"), list(t, dockerfile, "CMD")...)
	cmd := image.Command(dirs["root"], mounts, []string{"POD_NAMESPACE=dac-prod", "TZ=Asia/Shanghai"}, command[0], command[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("start in a sandbox (it needs root, or user namespaces): %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	await(t, &stderr, ended, func() bool { return len(shipped(t, dirs["data"])) == events })
	checkEndpoint(t, filepath.Join(dirs["data"], "http.sock"))
	if relaxed := slices.Contains(environment(t, cmd.Process.Pid), "LOGCAR_TIMER_SLACK=1ms"); relaxed != proc {
		t.Errorf("it has started itself once more: %v", relaxed)
	}
	stop(t, cmd, ended, &stderr)
	checkDocuments(t, dirs["data"])
	for line := range strings.Lines(stderr.String()) {
		if !strings.Contains(line, `"log.level":"info"`) {
			t.Errorf("logcar misses something: %s", line)
		}
	}
}

// environment is what a running process was started with.
func environment(t *testing.T, pid int) []string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\x00")
}

func checkDocuments(t *testing.T, data string) {
	t.Helper()
	for i, line := range shipped(t, data) {
		var doc struct {
			Message string
			Fields  map[string]string
			Event   struct{ Timezone string }
		}
		if err := json.Unmarshal([]byte(line), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Message != message(i) || doc.Fields["namespace"] != "dac-prod" || doc.Event.Timezone != "+08:00" {
			t.Fatalf("event %d: %s", i, line)
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
	for _, c := range []struct {
		mounts []image.Mount
		root   string
	}{
		{[]image.Mount{{Host: probe, Path: "/probe"}}, "[probe]"},
		{[]image.Mount{{Host: probe, Path: "/probe"}, image.Proc}, "[probe proc]"},
	} {
		out, err := image.Command(t.TempDir(), c.mounts, nil, "/probe").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		want := "uid 65532 gid 65532\n/ " + c.root + "\ncreate read-only file system\nenvironment []\ninterfaces 1\n"
		if string(out) != want {
			t.Errorf("got\n%s\nwant\n%s", out, want)
		}
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
