package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestUnwritableData: without a place for positions logcar ships, and complains
// once.
func TestUnwritableData(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	if err := os.WriteFile(p.data(), nil, 0o600); err != nil { // where the directory should be
		t.Fatal(err)
	}
	p.write("a.log", "1")
	run := p.start()
	run.awaitMessage("1")
	p.write("a.log", "2")
	run.awaitMessage("2")
	if got := slices.Concat(run.logged("error"), run.logged("warn")); len(got) != 1 || !strings.Contains(got[0], "positions can't be saved") {
		t.Errorf("complaints %q, want one", got)
	}
	run.terminate()
	p.once().wantMessages("1", "2") // nothing was remembered
}

// TestCorruptRegistry: a registry that cannot be read is kept for whoever wants
// to know, loudly, and everything is sent again: twice is better than never.
func TestCorruptRegistry(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	p.write("a.log", "1")
	p.once().wantMessages("1")
	const spoilt = "\x00\x00\x00\x00"
	if err := os.WriteFile(p.registry(), []byte(spoilt), 0o600); err != nil {
		t.Fatal(err)
	}
	run := p.once()
	run.wantMessages("1")
	if got := run.logged("error"); len(got) != 1 || !strings.HasPrefix(got[0], "registry is corrupt and is set aside") {
		t.Errorf("errors %q", got)
	}
	aside, err := filepath.Glob(p.registry() + ".corrupt-*")
	if err != nil || len(aside) != 1 {
		t.Fatalf("set aside %q, %v", aside, err)
	}
	if text, err := os.ReadFile(aside[0]); err != nil || string(text) != spoilt {
		t.Errorf("set aside is %q, %v", text, err)
	}
	p.once().wantMessages()
}

// TestFullDisk: no room for positions, and none for agent.id: logcar ships. Here
// it is the limit on the size of files that leaves no room, which root has too.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	p.write("a.log", "1")
	cmd := p.command()
	limited := exec.Command("sh", append([]string{"-c", `ulimit -f 0; exec "$0" "$@"`}, cmd.Args...)...)
	run := begin(t, limited)
	run.awaitMessage("1")
	run.awaitLog("positions can't be saved")
	p.write("a.log", "2")
	run.awaitMessage("2")
	run.terminate()
	if n := strings.Count(run.log.String(), "positions can't be saved"); n != 1 {
		t.Errorf("said %d times that positions can't be saved", n)
	}
	p.once().wantMessages("1", "2")
}

// TestLateDirectory: the application makes its directory of logs when it wants.
func TestLateDirectory(t *testing.T) {
	t.Parallel()
	p := newPod(t, "filebeat.inputs: [{type: log, paths: LOGS/later/*/x.log, scan_frequency: 100ms}]")
	run := p.start()
	run.awaitLog("logcar start running.")
	if err := os.MkdirAll(filepath.Join(p.logs(), "later", "still"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.write("later/still/x.log", "1")
	run.awaitMessage("1")
	run.terminate()
	if got := slices.Concat(run.logged("error"), run.logged("warn")); len(got) > 0 {
		t.Errorf("complaints %q", got)
	}
}

// TestUnreadableFile: a file that logcar may not read does not keep it from the
// others, is complained about, and is shipped when it may be read.
func TestUnreadableFile(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	p.write("secret.log", "1")
	p.write("open.log", "2")
	secret := filepath.Join(p.logs(), "secret.log")
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	run := begin(t, asNobody(p, p.command()))
	run.awaitMessage("2")
	run.awaitLog("cannot open file, trying again")
	if err := os.Chmod(secret, 0o644); err != nil {
		t.Fatal(err)
	}
	run.awaitMessage("1")
	run.terminate()
	run.wantMessages("2", "1")
}

// asNobody runs a command without root's right to read every file. Whoever is
// not root runs it as it is.
func asNobody(p *pod, cmd *exec.Cmd) *exec.Cmd {
	p.t.Helper()
	if os.Geteuid() != 0 {
		return cmd
	}
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if err := os.Mkdir(p.data(), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chown(p.data(), nobody, nobody); err != nil {
		p.t.Fatal(err)
	}
	for _, dir := range []string{p.dir, filepath.Dir(p.dir)} { // a test's directory is for its user alone
		if err := os.Chmod(dir, 0o755); err != nil {
			p.t.Fatal(err)
		}
	}
	return cmd
}
