package registry

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lockChild takes the lock, says so and keeps it until its input ends.
func lockChild(dir string) {
	_, err := Lock(dir)
	fmt.Println(err)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	lock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := Lock(dir)
		if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
			t.Errorf("second Lock = %v, want ErrLocked and the directory", err)
		}
	}
	other, err := Lock(filepath.Join(dir, "other"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(lock.Close(), other.Close()); err != nil {
		t.Fatal(err)
	}
	lock, err = Lock(dir)
	if err != nil {
		t.Fatalf("Lock after Close = %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLockIsReleasedOnDeath(t *testing.T) {
	dir := t.TempDir()
	cmd := childCommand(t, "lock", dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "<nil>\n" {
		t.Errorf("child's Lock = %q, %v", line, err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("Lock = %v while another process has it, want ErrLocked", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("child ended by itself")
	}
	lock, err := Lock(dir)
	if err != nil {
		t.Fatalf("Lock after the other process died = %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
}

// A place without a lock is told from one that is locked: the caller may go on.
func TestLockImpossible(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "")
	block(t, filepath.Join(dir, "dir", "logcar.lock"))
	for _, name := range []string{"file", "dir"} {
		if _, err := Lock(filepath.Join(dir, name)); err == nil || errors.Is(err, ErrLocked) {
			t.Errorf("Lock(%s) = %v, want an error other than ErrLocked", name, err)
		}
	}
}
