//go:build unix

package kafka

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// pom.xml names the jars, and is the one place that names Kafka's version.
//
//go:embed pom.xml
var pom []byte

const downloadLimit = 10 * time.Minute

// Version returns the version of the Kafka that this package runs.
func Version() string {
	var project struct {
		Version string `xml:"properties>kafka.version"`
	}
	if err := xml.Unmarshal(pom, &project); err != nil {
		panic("kafka: embedded pom.xml: " + err.Error())
	}
	return project.Version
}

// Jars returns the folder of Kafka's jars, which it lets Maven fill when it is
// not there yet: logcar/kafka-VERSION below $LOGCAR_CACHE, or else below the
// user's cache folder ($XDG_CACHE_HOME, ~/.cache). Processes that need it at the
// same time wait for the first of them.
func Jars(ctx context.Context) (string, error) {
	dir, err := jarsDir()
	if err != nil {
		return "", fmt.Errorf("find kafka's jars: %w", err)
	}
	if complete(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("fetch kafka's jars: %w", err)
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", fmt.Errorf("fetch kafka's jars: %w", err)
	}
	defer unlock()
	if complete(dir) { // another process was faster
		return dir, nil
	}
	if err := download(ctx, dir); err != nil {
		return "", fmt.Errorf("fetch kafka's jars: %w", err)
	}
	return dir, nil
}

func jarsDir() (string, error) {
	root := os.Getenv("LOGCAR_CACHE")
	if root == "" {
		var err error
		if root, err = os.UserCacheDir(); err != nil {
			return "", err
		}
	}
	return filepath.Abs(filepath.Join(root, "logcar", "kafka-"+Version()))
}

// The stamp is written when all jars are there, and it names the pom.xml that
// they were fetched for: half a download and an outdated one both lack it.
func stampFile(dir string) string { return filepath.Join(dir, "complete") }

func stamp() string {
	sum := sha256.Sum256(pom)
	return hex.EncodeToString(sum[:])
}

func complete(dir string) bool {
	text, err := os.ReadFile(stampFile(dir))
	return err == nil && string(text) == stamp()
}

// lock takes a lock that the kernel drops when this process ends, so that an
// interrupted download blocks nobody.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return func() { _ = file.Close() }, nil // nothing was written to it
}

// download fills dir by Maven, which takes the registry from its own settings.
func download(ctx context.Context, dir string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("find mvn: %w; install Apache Maven 3.6 or newer (package maven)", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file := filepath.Join(dir, "pom.xml")
	if err := os.WriteFile(file, pom, 0o644); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, mvn, "--batch-mode", "--quiet", "--file", file,
		"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+dir)
	cmd.SysProcAttr = childAttributes()
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run mvn: %w: %s", errors.Join(err, ctx.Err()), tail(out))
	}
	return os.WriteFile(stampFile(dir), []byte(stamp()), 0o644)
}
