package filebeat

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// A field is a directory with the files a.log (2000 bytes), b.log (20 bytes) and
// a registry beside them. In the texts of a registry A and B stand for their
// "<inode>-<device>", Ai, Ad, Bi and Bd for these alone, LOGS for the directory.
type field struct {
	t    *testing.T
	logs string
	a, b event.FileID
	text *strings.Replacer
}

func newField(t *testing.T) *field {
	t.Helper()
	f := &field{t: t, logs: t.TempDir()}
	f.write("a.log", strings.Repeat("0123456789", 200))
	f.write("b.log", "line one\nline two..\n")
	f.a, f.b = f.id("a.log"), f.id("b.log")
	f.text = strings.NewReplacer("LOGS", f.logs,
		"$A", fmt.Sprintf("%d-%d", f.a.Inode, f.a.Device), "$B", fmt.Sprintf("%d-%d", f.b.Inode, f.b.Device),
		"#A", fmt.Sprintf(`"FileStateOS":{"inode":%d,"device":%d}`, f.a.Inode, f.a.Device),
		"#B", fmt.Sprintf(`"FileStateOS":{"inode":%d,"device":%d}`, f.b.Inode, f.b.Device),
		"$I", fmt.Sprint(f.a.Inode))
	return f
}

func (f *field) write(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.logs, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *field) id(name string) event.FileID {
	f.t.Helper()
	info, err := os.Stat(filepath.Join(f.logs, name))
	if err != nil {
		f.t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	return event.FileID{Device: st.Dev, Inode: st.Ino}
}

func (f *field) path(name string) string { return filepath.Join(f.logs, name) }

// read writes the files of a registry and reads it.
func (f *field) read(files map[string]string) (*Registry, error) {
	f.t.Helper()
	for name, text := range files {
		f.write(name, f.text.Replace(text))
	}
	return Read(f.path("data"))
}

// positions are "name position" of each state, names relative to the logs.
func (f *field) positions(r *Registry) (list []string) {
	f.t.Helper()
	for _, s := range r.States {
		switch s.ID {
		case f.a:
			list = append(list, fmt.Sprintf("a %d", s.Position))
		case f.b:
			list = append(list, fmt.Sprintf("b %d", s.Position))
		default:
			list = append(list, fmt.Sprintf("%d-%d %d", s.ID.Inode, s.ID.Device, s.Position))
		}
		if s.Head != (registry.Head{}) {
			f.t.Errorf("%s has a head", s.Path)
		}
	}
	return list
}

// TestList: the formats of 6.0 to 7.8 hold the same list.
func TestList(t *testing.T) {
	for _, tt := range []struct {
		name, list     string
		want           []string
		moved, skipped int
	}{
		{"nothing", ``, nil, 0, 0},
		{"null", `null`, nil, 0, 0},
		{"no files", `[]`, nil, 0, 0},
		{"one", `[{"source":"LOGS/a.log","offset":98,"timestamp":"2020-01-02T03:04:05.678901234Z","ttl":-1,"type":"log",#A}]`, []string{"a 98"}, 0, 0},
		{"two, with meta", `[{"source":"LOGS/b.log","offset":9,"ttl":-2,"type":"log","meta":null,#B},
			{"source":"LOGS/a.log","offset":2000,"ttl":3600000000000,"type":"container","meta":{"x":1},#A}]`, []string{"a 2000", "b 9"}, 0, 0},
		{"to be deleted", `[{"source":"LOGS/a.log","offset":98,"ttl":0,#A}]`, []string{"a 0"}, 0, 0},
		{"truncated meanwhile", `[{"source":"LOGS/a.log","offset":2001,"ttl":-1,#A}]`, []string{"a 0"}, 0, 0},
		{"twice", `[{"source":"LOGS/a.log","offset":98,"timestamp":"2020-01-02T03:04:05Z",#A},
			{"source":"LOGS/a.log","offset":120,"timestamp":"2019-01-02T03:04:05Z",#A},
			{"source":"LOGS/a.log","offset":60,"timestamp":"2021-01-02T03:04:05Z",#A}]`, []string{"a 120"}, 0, 0},
		{"two streams", `[{"source":"LOGS/a.log","offset":98,"meta":{"stream":"stdout"},#A},
			{"source":"LOGS/a.log","offset":60,"meta":{"stream":"stderr"},#A}]`, []string{"a 60"}, 0, 0},
		{"streams, and the whole", `[{"source":"LOGS/a.log","offset":98,"meta":{"stream":"stdout"},#A},
			{"source":"LOGS/a.log","offset":99,"meta":{"stream":"stderr"},#A},{"source":"LOGS/a.log","offset":70,#A}]`, []string{"a 98"}, 0, 0},
		{"another file has the path", `[{"source":"LOGS/b.log","offset":98,#A}]`, []string{"a 98"}, 1, 0},
		{"no file has the path", `[{"source":"LOGS/gone.log","offset":98,"FileStateOS":{"inode":18446744073709551615,"device":7}}]`,
			[]string{"18446744073709551615-7 98"}, 1, 0},
		{"moved and in place", `[{"source":"LOGS/a.log.1","offset":10,#A},{"source":"LOGS/a.log","offset":20,#A}]`, []string{"a 20"}, 0, 0},
		{"strangers", `[7, null, "x", {}, {"source":"LOGS/a.log"}, {"source":"LOGS/a.log","offset":-1,#A}, {"source":"LOGS/a.log","offset":"9",#A},
			{"source":"LOGS/a.log","offset":1.5,#A}, {"source":"LOGS/a.log","offset":1,"FileStateOS":{"idxhi":1,"idxlo":2,"vol":3}},
			{"source":"LOGS/b.log","offset":9,#B}]`, []string{"b 9"}, 0, 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for format, files := range map[Format]map[string]string{
				File: {"data/registry": tt.list},
				List: {"data/registry/filebeat/meta.json": `{"version":"0"}`, "data/registry/filebeat/data.json": tt.list},
			} {
				f := newField(t)
				r, err := f.read(files)
				if err != nil {
					t.Fatal(err)
				}
				if r.Format != format || r.Torn || r.Moved != tt.moved || r.Skipped != tt.skipped || !reflect.DeepEqual(f.positions(r), tt.want) {
					t.Errorf("%s: %q, %+v\nwant %q, %d moved, %d skipped", format, f.positions(r), r, tt.want, tt.moved, tt.skipped)
				}
			}
		})
	}
}

// TestPathOfDuplicates: the path is the newest one's, wherever it stands.
func TestPathOfDuplicates(t *testing.T) {
	f := newField(t)
	r, err := f.read(map[string]string{"data/registry": `[{"source":"/new","offset":1,"timestamp":"2021-01-02T03:04:05Z",#A},
		{"source":"/old","offset":120,"timestamp":"2019-01-02T03:04:05Z",#A}]`})
	want := []registry.State{{ID: f.a, Path: "/new", Position: 120, Updated: time.Date(2021, 1, 2, 3, 4, 5, 0, time.UTC)}}
	if err != nil || !reflect.DeepEqual(r.States, want) {
		t.Errorf("%+v, %v\nwant %+v", r, err, want)
	}
}

const checkpoint = `[{"_key":"filebeat::logs::native::$A","id":"native::$A","prev_id":"","source":"LOGS/a.log","offset":98,"timestamp":[281470681743360,1577934245],"ttl":-1,"type":"log",#A,"identifier_name":"native"}]`

// TestJournal: the format since 7.9.
func TestJournal(t *testing.T) {
	set := func(id int, key, value string) string {
		return fmt.Sprintf("{\"op\":\"set\",\"id\":%d}\n{\"k\":%q,\"v\":%s}\n", id, key, value)
	}
	stateOf := func(offset int) string {
		return fmt.Sprintf(`{"source":"LOGS/a.log","offset":%d,"ttl":-1,#A}`, offset)
	}
	for _, tt := range []struct {
		name    string
		files   map[string]string
		want    []string
		skipped int
		torn    bool
	}{
		{"nothing yet", map[string]string{}, nil, 0, false},
		{"checkpoint", map[string]string{"7.json": checkpoint, "log.json": "", "active.dat": "/else/where/7.json"}, []string{"a 98"}, 0, false},
		{"no log", map[string]string{"7.json": checkpoint}, []string{"a 98"}, 0, false},
		{"log alone", map[string]string{"log.json": set(1, "filebeat::logs::native::$A", stateOf(5))}, []string{"a 5"}, 0, false},
		{"the newest checkpoint", map[string]string{"7.json": "[]", "12.json": checkpoint, "checkpoint.new": "{", "x.json": "{", "11.json": "{"}, []string{"a 98"}, 0, false},
		{"numbers that wrap", map[string]string{"18446744073709551615.json": "[]", "0.json": checkpoint,
			"log.json": set(1, "filebeat::logs::native::$A", stateOf(99))}, []string{"a 99"}, 0, false},
		{"log on checkpoint", map[string]string{"7.json": checkpoint, "log.json": set(6, "filebeat::logs::native::$A", stateOf(6)) +
			set(7, "filebeat::logs::native::$A", stateOf(7)) + set(8, "filebeat::logs::native::$A", stateOf(108)) +
			set(9, "filebeat::logs::native::$A", stateOf(109))}, []string{"a 109"}, 0, false},
		{"removed", map[string]string{"7.json": checkpoint, "log.json": `{"op":"remove","id":8}{"k":"filebeat::logs::native::$A"}`}, nil, 0, false},
		{"upper case", map[string]string{"log.json": `{"Op":"set","ID":1}{"K":"filebeat::logs::native::$A","V":` + stateOf(5) + `}`}, []string{"a 5"}, 0, false},
		{"a gap", map[string]string{"7.json": checkpoint, "log.json": set(9, "filebeat::logs::native::$A", stateOf(109))}, []string{"a 98"}, 0, true},
		{"unknown operation", map[string]string{"7.json": checkpoint, "log.json": `{"op":"swap","id":8}{"k":"x"}`}, []string{"a 98"}, 0, true},
		{"torn in a value", map[string]string{"7.json": checkpoint, "log.json": set(8, "filebeat::logs::native::$A", stateOf(108)) +
			`{"op":"set","id":9}` + "\n" + `{"k":"filebeat::logs::native::$A","v":{"sou`}, []string{"a 108"}, 0, true},
		{"torn between the two", map[string]string{"7.json": checkpoint, "log.json": `{"op":"set","id":8}` + "\n"}, []string{"a 98"}, 0, true},
		{"zeroes at the end", map[string]string{"7.json": checkpoint, "log.json": set(8, "filebeat::logs::native::$A", stateOf(108)) + "\x00\x00\x00"}, []string{"a 108"}, 0, true},
		{"other inputs", map[string]string{"7.json": `[{"_key":"journald::x","cursor":1},{"no":"key"},3,{"_key":"filebeat::other::x"}]`,
			"log.json": set(8, "httpjson::y::z", `{"ttl":0}`)}, nil, 5, false},
		{"a container's stream", map[string]string{"log.json": set(1, "filebeat::logs::0123456789abcdef-native::$A",
			`{"id":"0123456789abcdef-native::$A","source":"LOGS/a.log","offset":7,"meta":{"stream":"stdout"},#A,"identifier_name":"native"}`)}, []string{"a 7"}, 0, false},
		{"by path", map[string]string{"log.json": set(1, "filebeat::logs::path::LOGS/b.log",
			`{"id":"path::LOGS/b.log","source":"LOGS/b.log","offset":9,"FileStateOS":{"inode":5,"device":5},"identifier_name":"path"}`) +
			set(2, "filebeat::logs::path::LOGS/gone", `{"source":"LOGS/gone","offset":9,#A,"identifier_name":"path"}`)}, []string{"b 9"}, 1, false},
		{"by inode", map[string]string{"log.json": set(1, "filebeat::logs::inode_marker::x-y", `{"id":"inode_marker::x-y","source":"LOGS/a.log","offset":9,"FileStateOS":{"inode":$I,"device":5}}`) +
			set(2, "filebeat::logs::inode_marker::x-z", `{"id":"inode_marker::x-z","source":"LOGS/b.log","offset":9,"FileStateOS":{"inode":$I,"device":5}}`)}, []string{"a 9"}, 1, false},
		{"unknown identity", map[string]string{"log.json": set(1, "filebeat::logs::moon::x", `{"source":"LOGS/a.log","offset":9,#A,"identifier_name":"moon"}`)}, nil, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newField(t)
			files := map[string]string{"data/registry/filebeat/meta.json": `{"version":"1"}`}
			for name, text := range tt.files {
				files["data/registry/filebeat/"+name] = text
			}
			r, err := f.read(files)
			if err != nil {
				t.Fatal(err)
			}
			if r.Format != Journal || r.Torn != tt.torn || r.Skipped != tt.skipped || !reflect.DeepEqual(f.positions(r), tt.want) {
				t.Errorf("%q, %+v\nwant %q, %d skipped, torn: %v", f.positions(r), r, tt.want, tt.skipped, tt.torn)
			}
		})
	}
}

// TestFilestream: the entries of filestream inputs.
func TestFilestream(t *testing.T) {
	sum := sha256.Sum256([]byte(strings.Repeat("0123456789", 103)[:1024]))
	hash := hex.EncodeToString(sum[:])
	small := hex.EncodeToString([]byte("line one\nline two..\n"))
	for _, tt := range []struct {
		name, key, value string
		want             []string
		skipped          int
	}{
		{"native", "filestream::.global::native::$A", `{"ttl":1800000000000,"updated":[281470681743360,1577934245],"cursor":{"offset":98},"meta":{"source":"LOGS/a.log","identifier_name":"native"}}`, []string{"a 98"}, 0},
		{"for ever, at its end", "filestream::my::id::native::$A", `{"ttl":-1,"cursor":{"offset":98,"eof":true},"meta":{"source":"LOGS/a.log","identifier_name":"native"}}`, []string{"a 98"}, 0},
		{"one stream", "filestream::id::native::$A-stdout", `{"ttl":-1,"cursor":{"offset":98},"meta":{"source":"LOGS/a.log","identifier_name":"native"}}`, []string{"a 98"}, 0},
		{"no identifier", "filestream::id::native::$A", `{"ttl":-1,"cursor":{"offset":98},"meta":{"source":"LOGS/a.log"}}`, []string{"a 98"}, 0},
		{"nothing confirmed", "filestream::id::native::$A", `{"ttl":-1,"cursor":null,"meta":{"source":"LOGS/a.log","identifier_name":"native"}}`, []string{"a 0"}, 0},
		{"to be deleted", "filestream::id::native::$A", `{"ttl":0,"cursor":{"offset":98},"meta":{"source":"LOGS/a.log","identifier_name":"native"}}`, []string{"a 0"}, 0},
		{"another file at the path", "filestream::id::native::$A", `{"ttl":-1,"cursor":{"offset":98},"meta":{"source":"LOGS/b.log","identifier_name":"native"}}`, []string{"a 98"}, 0},
		{"by path", "filestream::id::path::LOGS/a.log", `{"ttl":-1,"cursor":{"offset":98},"meta":{"source":"LOGS/a.log","identifier_name":"path"}}`, []string{"a 98"}, 0},
		{"by a path that is gone", "filestream::id::path::LOGS/c.log", `{"ttl":-1,"cursor":{"offset":98},"meta":{"source":"LOGS/c.log","identifier_name":"path"}}`, nil, 1},
		{"by inode", "filestream::id::inode_marker::$I-volume", `{"ttl":-1,"cursor":{"offset":98},"meta":{"source":"LOGS/a.log","identifier_name":"inode_marker"}}`, []string{"a 98"}, 0},
		{"by content", "filestream::id::fingerprint::" + hash, `{"ttl":-1,"cursor":{"offset":98},"meta":{"source":"LOGS/a.log","identifier_name":"fingerprint"}}`, []string{"a 98"}, 0},
		{"by content, another", "filestream::id::fingerprint::" + hash, `{"ttl":-1,"cursor":{"offset":9},"meta":{"source":"LOGS/b.log","identifier_name":"fingerprint"}}`, nil, 1},
		{"by content, small", "filestream::id::fingerprint::" + small, `{"ttl":-1,"cursor":{"offset":9},"meta":{"source":"LOGS/b.log","identifier_name":"fingerprint","fingerprint_len":20}}`, []string{"b 9"}, 0},
		{"by no content", "filestream::id::fingerprint::", `{"ttl":-1,"cursor":{"offset":9},"meta":{"source":"LOGS/b.log","identifier_name":"fingerprint"}}`, nil, 1},
		{"content that is not hexadecimal", "filestream::id::fingerprint::xyz", `{"ttl":-1,"cursor":{"offset":9},"meta":{"source":"LOGS/b.log","identifier_name":"fingerprint"}}`, nil, 1},
		{"a directory", "filestream::id::path::LOGS", `{"ttl":-1,"cursor":{"offset":98},"meta":{"source":"LOGS","identifier_name":"path"}}`, nil, 1},
		{"no inode", "filestream::id::native::x-y", `{"ttl":-1,"cursor":{"offset":98},"meta":{"source":"LOGS/a.log","identifier_name":"native"}}`, nil, 1},
		{"unknown identity", "filestream::id::moon::x", `{"ttl":-1,"cursor":{"offset":98},"meta":{"source":"LOGS/a.log","identifier_name":"moon"}}`, nil, 1},
		{"cursor of something else", "filestream::id::native::$A", `{"ttl":-1,"cursor":"x","meta":{"source":"LOGS/a.log","identifier_name":"native"}}`, nil, 1},
		{"no source", "filestream::", `{"ttl":-1,"cursor":{"offset":1}}`, nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newField(t)
			r, err := f.read(map[string]string{
				"data/registry/filebeat/meta.json": `{"version":"1"}`,
				"data/registry/filebeat/log.json":  fmt.Sprintf(`{"op":"set","id":1}{"k":%q,"v":%s}`, tt.key, tt.value),
			})
			if err != nil {
				t.Fatal(err)
			}
			if r.Skipped != tt.skipped || !reflect.DeepEqual(f.positions(r), tt.want) {
				t.Errorf("%q, %+v\nwant %q, %d skipped", f.positions(r), r, tt.want, tt.skipped)
			}
		})
	}
}

func TestTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		`"2020-01-02T03:04:05.678901234Z"`:       time.Date(2020, 1, 2, 3, 4, 5, 678901234, time.UTC),
		`"2020-01-02T03:04:05+01:00"`:            time.Date(2020, 1, 2, 2, 4, 5, 0, time.UTC),
		`[281470681743360,1577934245]`:           time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), // zone: UTC
		`[281471360644594,1577934245]`:           time.Date(2020, 1, 2, 3, 4, 5, 678901234, time.UTC),
		`[257698037760,1577934245]`:              time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), // zone: an hour
		`[0,18446744073709551615]`:               time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC),
		`[281470681743360,18446744011573954816]`: {},
		`[72057594037927936,1577934245]`:         {}, // another version
		`[0,9223372036854775807]`:                {},
		`[0,9223372036854775808]`:                {},
		`[0]`:                                    {}, `[0,-1]`: {}, `[0,1.5]`: {}, `"x"`: {}, `{}`: {}, `null`: {}, ``: {},
	} {
		if got := parseTime([]byte(text)); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// TestFind: which directory may be named, and which of several registries counts.
func TestFind(t *testing.T) {
	log := map[string]string{
		"data/registry/filebeat/meta.json": `{"version":"1"}`, "data/registry/filebeat/7.json": checkpoint,
		"data/meta.json": `{"uuid":"0b1de6a4-5bd1-4c4a-8d3b-5f7b3a0f9a11","first_start":"2020-01-02T03:04:05Z"}`,
	}
	for _, name := range []string{"data", "data/registry", "data/registry/filebeat"} {
		f := newField(t)
		if _, err := f.read(log); err != nil {
			t.Fatal(err)
		}
		r, err := Read(f.path(name))
		if err != nil || r.Path != f.path("data/registry/filebeat") || len(r.States) != 1 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	file := map[string]string{"data/registry": `[{"source":"LOGS/a.log","offset":98,#A}]`, "data/meta.json": `{"uuid":"x"}`}
	for _, name := range []string{"data", "data/registry"} {
		f := newField(t)
		if _, err := f.read(file); err != nil {
			t.Fatal(err)
		}
		r, err := Read(f.path(name))
		if err != nil || r.Path != f.path("data/registry") || len(r.States) != 1 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	f := newField(t)
	list := `[{"source":"LOGS/a.log","offset":1,#A}]`
	r, err := f.read(map[string]string{ // what a start that did not get far left
		"data/registry/filebeat/data.json": list, "data/filebeat/meta.json": `{"version":"1"}`,
	})
	if err != nil || r.Format != List || len(r.States) != 1 {
		t.Errorf("without meta.json: %+v, %v", r, err)
	}
	f = newField(t)
	if r, err = f.read(map[string]string{"data/registry/filebeat/log.json": "", "data/registry/filebeat/data.json": list}); err != nil || r.Format != Journal {
		t.Errorf("without meta.json: %+v, %v", r, err)
	}
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string // of the error, behind the path
	}{
		{"nothing", map[string]string{"data/other": ""}, "data: file does not exist"},
		{"path.data alone", map[string]string{"data/meta.json": `{"uuid":"x"}`}, "data: file does not exist"},
		{"damaged file", map[string]string{"data/registry": `[{"source":`}, "data/registry: unexpected end of JSON input"},
		{"no list", map[string]string{"data/registry": `{}`}, "data/registry: json: cannot unmarshal object into Go value of type []json.RawMessage"},
		{"damaged list", map[string]string{"data/registry/filebeat/meta.json": `{"version":"0"}`, "data/registry/filebeat/data.json": `[`},
			"data/registry/filebeat: data.json: unexpected end of JSON input"},
		{"damaged checkpoint", map[string]string{"data/registry/filebeat/meta.json": `{"version":"1"}`, "data/registry/filebeat/3.json": `[`},
			"data/registry/filebeat: 3.json: unexpected end of JSON input"},
		{"a version of the future", map[string]string{"data/registry/filebeat/meta.json": `{"version":"2"}`}, `data/registry/filebeat: meta.json: version "2" is not known`},
		{"damaged version", map[string]string{"data/registry/filebeat/meta.json": `{"version":2}`},
			"data/registry/filebeat: meta.json: json: cannot unmarshal number into Go struct field .Version of type string"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newField(t)
			_, err := f.read(tt.files)
			if err == nil || err.Error() != "read Filebeat's registry "+f.path(tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			if errors.Is(err, fs.ErrNotExist) != strings.HasSuffix(tt.want, "not exist") {
				t.Error("the wrong kind of error")
			}
		})
	}
}

// TestPipe: a pipe where a file should be would block for ever.
func TestPipe(t *testing.T) {
	f := newField(t)
	f.write("data/registry/filebeat/meta.json", `{"version":"1"}`)
	if err := syscall.Mkfifo(f.path("data/registry/filebeat/log.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(f.path("data")); err == nil || !strings.HasSuffix(err.Error(), "log.json: not a regular file") {
		t.Error(err)
	}
}
