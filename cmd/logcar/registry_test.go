package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// tool runs another command than run on the pod's configuration, in this process.
func (p *pod) tool(args ...string) (status int, stdout, stderr string) {
	p.t.Helper()
	status, stdout, stderr = execute(append(args, "-c", p.config, "--path.home", p.dir, "--path.data", p.data(), "--strict.perms=false")...)
	return status, strings.ReplaceAll(stdout, p.dir, "DIR"), strings.ReplaceAll(stderr, p.dir, "DIR")
}

// wantTool runs a command and wants that status, and what it prints.
func (p *pod) wantTool(args string, status int, stdout, stderr string) {
	p.t.Helper()
	gotStatus, gotOut, gotErr := p.tool(strings.Fields(args)...)
	if gotStatus != status || gotOut != stdout || gotErr != stderr {
		p.t.Errorf("%s: status %d\n%s%s\nwant %d\n%s%s", args, gotStatus, gotOut, gotErr, status, stdout, stderr)
	}
}

// identity is a log file as device:inode.
func (p *pod) identity(name string) (device, inode uint64) {
	p.t.Helper()
	info, err := os.Stat(filepath.Join(p.logs(), name))
	if err != nil {
		p.t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	return st.Dev, st.Ino
}

// show returns the lines of registry show without the times, its columns
// separated by one space.
func (p *pod) show() string {
	p.t.Helper()
	status, stdout, stderr := p.tool("registry", "show")
	if status != 0 || stderr != "" {
		p.t.Fatalf("status %d, %s", status, stderr)
	}
	return regexp.MustCompile(` +(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?`).ReplaceAllString(stdout, " ")
}

func TestRegistryShow(t *testing.T) {
	p := newPod(t)
	p.wantTool("registry show", 0, "no positions yet: there is no DIR/data/registry/logcar/registry.json\n", "")
	p.write("a.log", "one")
	p.write("b.log", "two", "three")
	p.write("c\t.log", "four")
	p.once()
	p.write("b.log", "four")
	aDevice, aInode := p.identity("a.log")
	bDevice, bInode := p.identity("b.log")
	cDevice, cInode := p.identity("c\t.log")
	if err := os.Rename(filepath.Join(p.logs(), "a.log"), filepath.Join(p.dir, "a.log.1")); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`PATH POSITION SIZE LAG DEVICE:INODE UPDATED
DIR/logs/a.log 4 - - %d:%d 
DIR/logs/b.log 10 15 5 %d:%d 
"DIR/logs/c\t.log" 5 5 0 %d:%d 
`, aDevice, aInode, bDevice, bInode, cDevice, cInode)
	if got := p.show(); got != want {
		t.Errorf("registry show:\n%s\nwant\n%s", got, want)
	}
}

func TestRegistryRemove(t *testing.T) {
	p := newPod(t)
	p.write("a.log", "one")
	p.write("b.log", "two")
	p.once()
	p.wantTool("registry rm", 1, "", "Exiting: registry rm: no path: expected one as registry show prints it\n")
	p.wantTool("registry rm /nowhere.log", 1, "", "Exiting: registry rm: no position of /nowhere.log is known\n")
	p.wantTool("registry rm "+filepath.Join(p.logs(), "a.log"), 0, "forgotten: DIR/logs/a.log, position 4\n", "")
	p.once().wantMessages("one")
	p.once().wantMessages()
}

func TestRegistryImport(t *testing.T) {
	p := newPod(t)
	p.write("a.log", "one", "two")
	device, inode := p.identity("a.log")
	p.wantTool("registry import", 1, "", "Exiting: registry import: read Filebeat's registry DIR/data/registry: file does not exist\n")

	old := filepath.Join(p.dir, "old")
	if err := os.MkdirAll(filepath.Join(old, "filebeat"), 0o755); err != nil {
		t.Fatal(err)
	}
	log := fmt.Sprintf(`{"op":"set","id":1}
{"k":"filestream::id::native::%d-%d","v":{"ttl":-1,"cursor":{"offset":4},"meta":{"source":%q,"identifier_name":"native"}}}
{"op":"set","id":2}
{"k":"filestream::id::native::%d-%d","v":{"ttl":-1,"cursor":{"offset":9},"meta":{"source":"/logs/gone.log","identifier_name":"native"}}}
{"op":"set","id":3}
{"k":"journald::x","v":{}}
{"op":"se`, inode, device, filepath.Join(p.logs(), "a.log"), inode+1_000_000, device)
	for name, text := range map[string]string{"meta.json": `{"version":"1"}`, "log.json": log} {
		if err := os.WriteFile(filepath.Join(old, "filebeat", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const others = `1 are of files that are not at their path any more; they hold wherever the file is found
1 entries skipped: of other inputs, damaged, or of files that are gone
the journal's end is torn; what came before is imported
`
	p.wantTool("registry import "+old, 0, "2 positions imported from DIR/old/filebeat (Filebeat 7.9 and newer)\n"+others, "")
	p.once().wantMessages("two")
	p.wantTool("registry import "+old, 0, "0 positions imported from DIR/old/filebeat (Filebeat 7.9 and newer)\n2 left as they are: logcar knows these files itself\n"+others, "")
	p.once().wantMessages()
}

// TestRegistryLocked: what changes positions waits until logcar has ended; what
// looks at them does not.
func TestRegistryLocked(t *testing.T) {
	p := newPod(t)
	p.write("a.log", "one")
	run := p.start()
	run.awaitMessage("one")
	const locked = "change positions: lock data directory DIR/data/registry/logcar: already locked by another logcar, give each its own data directory\n"
	p.wantTool("registry import", 1, "", "Exiting: registry import: "+locked)
	p.wantTool("registry rm x.log", 1, "", "Exiting: registry rm: "+locked)
	if status, _, stderr := p.tool("registry", "show"); status != 0 {
		t.Errorf("registry show: status %d, %s", status, stderr)
	}
	run.terminate()
}
