//go:build e2e && linux

package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	fetchLimit = 10 * time.Minute
	startLimit = 2 * time.Minute
)

// A server is an OpenSearch node of its own on loopback.
type server struct {
	url    string
	cmd    *exec.Cmd
	output bytes.Buffer
	ended  chan struct{}
}

// startServer starts a node that keeps its data below dir.
func startServer(ctx context.Context, dir string) (*server, error) {
	jars, err := fetchJars(ctx)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &server{url: fmt.Sprintf("http://127.0.0.1:%d", port), ended: make(chan struct{})}
	s.cmd = exec.Command("java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir="+dir,
		"-cp", filepath.Join(jars, "*"), "Node.java", dir, strconv.Itoa(port))
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start opensearch: %w (a JDK of version 17 is needed)", err)
	}
	go func() {
		_ = s.cmd.Wait() // it is killed in the end
		close(s.ended)
	}()
	if err := s.await(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := s.call(ctx, "GET", "/_cluster/health", ""); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("start opensearch: %w\n%s", ctx.Err(), &s.output)
		case <-s.ended:
			return fmt.Errorf("start opensearch: it ended\n%s", &s.output)
		case <-tick.C:
		}
	}
}

func (s *server) stop() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
}

// call sends a request with a JSON body and returns the answer; a status other
// than 200 and 201 is an error.
func (s *server) call(ctx context.Context, method, path, body string) (map[string]any, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it is read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return answer, nil
}

// fetchJars returns the folder of OpenSearch's jars, which it lets Maven fill
// when it isn't there yet: below $LOGCAR_CACHE, or else the user's cache folder.
// Its name changes with pom.xml.
func fetchJars(ctx context.Context) (string, error) {
	pom, err := os.ReadFile("pom.xml")
	if err != nil {
		return "", err
	}
	cache := os.Getenv("LOGCAR_CACHE")
	if cache == "" {
		if cache, err = os.UserCacheDir(); err != nil {
			return "", fmt.Errorf("fetch opensearch: %w", err)
		}
	}
	sum := sha256.Sum256(pom)
	dir := filepath.Join(cache, "logcar", "opensearch-"+hex.EncodeToString(sum[:4]))
	if _, err := os.Stat(dir); err == nil {
		return filepath.Abs(dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("fetch opensearch: %w", err)
	}
	// Half a download must not be taken for a whole one.
	part, err := os.MkdirTemp(filepath.Dir(dir), "opensearch-part-")
	if err != nil {
		return "", fmt.Errorf("fetch opensearch: %w", err)
	}
	defer func() { _ = os.RemoveAll(part) }() // it has moved away, or is useless
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	mvn := exec.CommandContext(ctx, "mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+part)
	if out, err := mvn.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetch opensearch: %w (Maven is needed)\n%s", err, out)
	}
	if err := os.Rename(part, dir); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("fetch opensearch: %w", err)
	}
	return filepath.Abs(dir)
}
