package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logcar/logcar/registry"
)

const takenOver = "positions taken over from Filebeat's registry"

// Registries of each generation of Filebeat, by the versions that write them.
// In them FILE, INODE, DEVICE and OFFSET stand for what they say.
var filebeats = map[string]map[string]string{
	"6.0": {"registry": `[{"source":"FILE","offset":OFFSET,"timestamp":"2020-01-02T03:04:05.678901234Z","ttl":-1,"type":"log","FileStateOS":{"inode":INODE,"device":DEVICE}}]`},
	"7.0": {
		"registry/filebeat/meta.json": `{"version":"0"}`,
		"registry/filebeat/data.json": `[{"source":"FILE","offset":OFFSET,"timestamp":"2020-01-02T03:04:05.678901234Z","ttl":-2,"type":"log","meta":null,"FileStateOS":{"inode":INODE,"device":DEVICE}}]`,
	},
	"7.9": {
		"registry/filebeat/meta.json": `{"version":"1"}`,
		"registry/filebeat/5.json":    `[{"_key":"filebeat::logs::native::INODE-DEVICE","id":"native::INODE-DEVICE","prev_id":"","source":"FILE","offset":1,"timestamp":[281470681743360,1577934245],"ttl":-1,"type":"log","FileStateOS":{"inode":INODE,"device":DEVICE},"identifier_name":"native"}]`,
		"registry/filebeat/log.json": `{"op":"set","id":6}
{"k":"filebeat::logs::native::INODE-DEVICE","v":{"id":"native::INODE-DEVICE","prev_id":"","source":"FILE","offset":OFFSET,"timestamp":[281470681743360,1577934246],"ttl":-1,"type":"log","FileStateOS":{"inode":INODE,"device":DEVICE},"identifier_name":"native"}}
{"op":"set","id":7}
{"k":"filebeat::logs::native::INO`,
	},
	"8.0": {
		"registry/filebeat/meta.json": `{"version":"1"}`,
		"registry/filebeat/log.json": `{"op":"set","id":1}
{"k":"filestream::my-id::native::INODE-DEVICE","v":{"ttl":-1,"updated":[281470681743360,18446744011573954816],"cursor":null,"meta":{"source":"FILE","identifier_name":"native"}}}
{"op":"set","id":2}
{"k":"filestream::my-id::native::INODE-DEVICE","v":{"ttl":1800000000000,"updated":[281470681743360,1577934245],"cursor":{"offset":OFFSET,"eof":false},"meta":{"source":"FILE","identifier_name":"native"}}}
`,
	},
}

// leave writes the registry that a Filebeat left, and returns its files' texts.
func (p *pod) leave(files map[string]string, log string, offset int) map[string]string {
	p.t.Helper()
	path := filepath.Join(p.logs, log)
	info, err := os.Stat(path)
	if err != nil {
		p.t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	now := time.Now()
	fill := strings.NewReplacer("2020-01-02T03:04:05.678901234Z", now.UTC().Format(time.RFC3339Nano), "1577934245", fmt.Sprint(now.Unix()), "1577934246", fmt.Sprint(now.Unix()+1),
		"FILE", path, "INODE", fmt.Sprint(st.Ino), "DEVICE", fmt.Sprint(st.Dev), "OFFSET", fmt.Sprint(offset))
	left := map[string]string{}
	for name, text := range files {
		name = filepath.Join(p.home, "data", name)
		text = fill.Replace(text)
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			p.t.Fatal(err)
		}
		left[name] = text
	}
	return left
}

// TestTakeOver: where Filebeat stopped, logcar goes on, in a file that has kept
// its name and in one that was renamed; and it leaves Filebeat's files as they are.
func TestTakeOver(t *testing.T) {
	for version, files := range filebeats {
		gone := "registry/filebeat"
		if version == "6.0" {
			gone = "registry"
		}
		for _, renamed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s renamed %v", version, renamed), func(t *testing.T) {
				p := newPod(t)
				p.write("a.log", "one", "two", "three", "four")
				left := p.leave(files, "a.log", len("one\ntwo\n"))
				want := []string{"three", "four"}
				if renamed {
					if err := os.Rename(filepath.Join(p.logs, "a.log"), filepath.Join(p.logs, "a.1.log")); err != nil {
						t.Fatal(err)
					}
					p.write("a.log", "five")
					want = append(want, "five")
				}
				p.ship()
				if got := p.delivered(); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
					t.Errorf("delivered %q, want %q", got, want)
				}
				for name, text := range left {
					if got, err := os.ReadFile(name); err != nil || string(got) != text {
						t.Errorf("%s is changed: %v %q", name, err, got)
					}
				}
				if n := p.notes.FilterMessage(takenOver).Len(); n != 1 {
					t.Errorf("said %d times that positions are taken over", n)
				}

				// From now on logcar's own positions count, Filebeat's file or not.
				p.write("b.log", "six")
				p.ship()
				if err := os.RemoveAll(filepath.Join(p.home, "data", gone)); err != nil {
					t.Fatal(err)
				}
				p.write("b.log", "seven")
				p.ship()
				want = append(want, "six", "seven")
				if got := p.delivered(); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
					t.Errorf("delivered in the end %q, want %q", got, want)
				}
				if n := p.notes.FilterMessage(takenOver).Len(); n != 1 {
					t.Errorf("said %d times that positions are taken over", n)
				}
			})
		}
	}
}

// delivered returns the messages of what was delivered, sorted.
func (p *pod) delivered() (list []string) {
	p.t.Helper()
	for _, d := range p.documents() {
		list = append(list, d.Message)
	}
	slices.Sort(list)
	return list
}

// TestTakeOverOnce: positions of logcar's own that are damaged are no reason to
// go back to Filebeat's.
func TestTakeOverOnce(t *testing.T) {
	p := newPod(t)
	p.write("a.log", "one", "two")
	p.leave(filebeats["7.0"], "a.log", 4)
	file := RegistryFile(p.config())
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.ship()
	p.wantMessages("one", "two")
}

// TestTakeOverFails: a registry that cannot be read costs repeated lines, and is
// told.
func TestTakeOverFails(t *testing.T) {
	p := newPod(t)
	p.write("a.log", "one", "two")
	p.leave(map[string]string{"registry/filebeat/meta.json": `{"version":"7"}`}, "a.log", 4)
	p.ship()
	p.wantMessages("one", "two")
	const said = "positions cannot be taken over from Filebeat's registry, files are read from their beginning"
	if notes := p.notes.complaints(); !slices.Equal(notes, []string{said}) {
		t.Errorf("said %q", notes)
	}
}

// TestTakeOverElsewhere: filebeat.registry.path, and Filebeat 6's file in path.data.
func TestTakeOverElsewhere(t *testing.T) {
	for _, files := range map[string]map[string]string{
		"7.0": {"positions/filebeat/meta.json": filebeats["7.0"]["registry/filebeat/meta.json"], "positions/filebeat/data.json": filebeats["7.0"]["registry/filebeat/data.json"]},
		"6.0": {"old/positions": filebeats["6.0"]["registry"]},
	} {
		p := newPod(t, "filebeat.registry.path: positions", "filebeat.registry_file: old/positions")
		p.write("a.log", "one", "two")
		p.leave(files, "a.log", 4)
		p.ship()
		p.wantMessages("two")
	}
}

// TestImport: files that logcar knows keep their positions, and a running logcar
// keeps others away.
func TestImport(t *testing.T) {
	p := newPod(t)
	p.write("a.log", "one", "two")
	p.ship()
	p.write("a.log", "three")
	p.leave(filebeats["7.9"], "a.log", 4)
	p.write("b.log", "1", "2")
	p.leave(map[string]string{"old/registry": filebeats["6.0"]["registry"]}, "b.log", 2)

	known, err := Import(p.config(), "")
	if err != nil || known.New != 0 || len(known.From.States) != 1 {
		t.Errorf("%+v, %v", known, err)
	}
	fresh, err := Import(p.config(), filepath.Join(p.home, "data", "old"))
	if err != nil || fresh.New != 1 {
		t.Errorf("%+v, %v", fresh, err)
	}
	p.ship()
	if got, want := p.delivered(), []string{"2", "one", "three", "two"}; !slices.Equal(got, want) {
		t.Errorf("delivered %q, want %q", got, want)
	}

	if _, err := Import(p.config(), p.logs); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a registry: %v", err)
	}
	lock, err := registry.Lock(filepath.Dir(RegistryFile(p.config())))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := Import(p.config(), ""); !errors.Is(err, registry.ErrLocked) {
		t.Errorf("while logcar runs: %v", err)
	}
}
