//go:build unix

package kafka

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// minJava is the oldest Java that Kafka 4 brokers run on.
const minJava = 17

//go:embed log4j2.properties
var log4jProperties []byte

// java starts Kafka's main classes.
type java struct {
	binary  string
	jars    string // folder
	logging string // log4j2 configuration file
	tmp     string // for the native libraries that the codecs unpack
}

// newJava finds Java and the jars, and puts what both need into dir.
func newJava(ctx context.Context, dir string) (*java, error) {
	binary, err := findJava(ctx)
	if err != nil {
		return nil, err
	}
	jars, err := Jars(ctx)
	if err != nil {
		return nil, err
	}
	j := &java{
		binary:  binary,
		jars:    jars,
		logging: filepath.Join(dir, "log4j2.properties"),
		tmp:     filepath.Join(dir, "tmp"),
	}
	if err := os.MkdirAll(j.tmp, 0o755); err != nil {
		return nil, fmt.Errorf("prepare java: %w", err)
	}
	if err := os.WriteFile(j.logging, log4jProperties, 0o644); err != nil {
		return nil, fmt.Errorf("prepare java: %w", err)
	}
	return j, nil
}

var javaVersion = regexp.MustCompile(`version "(\d+)`)

// findJava prefers JAVA_HOME, as all Java tools do.
func findJava(ctx context.Context) (string, error) {
	name := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		name = filepath.Join(home, "bin", "java")
	}
	binary, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find java: %w; install a Java runtime of version %d or newer (openjdk-17-jre-headless)", err, minJava)
	}
	out, err := exec.CommandContext(ctx, binary, "-version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask java for its version: %w: %s", err, out)
	}
	match := javaVersion.FindSubmatch(out)
	if match == nil {
		return "", fmt.Errorf("ask java for its version: no version in %q", out)
	}
	if major, _ := strconv.Atoi(string(match[1])); major < minJava {
		return "", fmt.Errorf("find java: %s is of version %s; install a Java runtime of version %d or newer", binary, match[1], minJava)
	}
	return binary, nil
}

// command returns a command that runs a main class of Kafka's. It starts fast
// and small rather than running fast: a test's brokers live for a minute.
func (j *java) command(ctx context.Context, logLevel, class string, args ...string) *exec.Cmd {
	flags := []string{
		"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
		"-Djava.io.tmpdir=" + j.tmp,
		"-Dlog4j2.configurationFile=" + j.logging,
		"-Dlog.level=" + logLevel,
		"-cp", filepath.Join(j.jars, "*"),
		class,
	}
	cmd := exec.CommandContext(ctx, j.binary, append(flags, args...)...)
	cmd.SysProcAttr = childAttributes()
	cmd.WaitDelay = time.Second
	return cmd
}

// run runs a main class to its end and returns what it printed.
func (j *java) run(ctx context.Context, class string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, toolLimit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := j.command(ctx, "warn", class, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run %s: %w: %s", class, errors.Join(err, ctx.Err()), tail(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// tail cuts a program's output to what fits an error message.
func tail(out []byte) []byte {
	const limit = 4 << 10
	if len(out) > limit {
		out = out[len(out)-limit:]
	}
	return bytes.TrimSpace(out)
}
