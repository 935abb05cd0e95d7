// Package binary builds the logcar binary as the image has it, for tests that
// run it.
//
// The command is the Dockerfile's own, so that what is tested is what is shipped.
// The package knows nothing of what logcar does.
package binary

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// Version is what the built binary says of itself.
const Version = "0.0.0-deploytest"

// Root is the repository's root, seen from a package below deploy/tests.
func Root() (string, error) { return filepath.Abs(filepath.Join("..", "..", "..")) }

// target is where the Dockerfile's build stage puts the binary.
const target = "/out/logcar"

var buildLine = regexp.MustCompile(`(?m)^RUN (.*go build .*)$`)

// Command is the Dockerfile's command that builds the binary.
func Command(dockerfile string) (string, error) {
	text, err := os.ReadFile(dockerfile)
	if err != nil {
		return "", fmt.Errorf("read Dockerfile: %w", err)
	}
	m := buildLine.FindStringSubmatch(strings.ReplaceAll(string(text), "\\\n", ""))
	if m == nil || !strings.Contains(m[1], target) {
		return "", fmt.Errorf("read Dockerfile: no RUN line with go build and %s", target)
	}
	return m[1], nil
}

// Build builds the binary for this machine into dir and returns its path.
func Build(ctx context.Context, dir string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return BuildFrom(ctx, root, dir, runtime.GOARCH)
}

// BuildFrom builds the binary for Linux on an architecture, from the sources in
// root.
func BuildFrom(ctx context.Context, root, dir, arch string) (string, error) {
	command, err := Command(filepath.Join(root, "Dockerfile"))
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "logcar")
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", strings.ReplaceAll(command, target, `"$TARGET"`))
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "TARGET="+path, "TARGETOS=linux", "TARGETARCH="+arch, "VERSION="+Version)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build logcar: %w\n%s", err, out)
	}
	return path, nil
}
