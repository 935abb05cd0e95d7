package filebeat

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/logcar/logcar/event"
)

const list = `[{"source":"/logs/a.log","offset":98,"timestamp":"2020-01-02T03:04:05.678901234Z","ttl":-1,"type":"log","meta":{"stream":"stdout"},"FileStateOS":{"inode":10174630,"device":65024}}]`

// checkStates: what a registry of logcar's own could not hold must not come out.
func checkStates(t *testing.T, found entries) {
	t.Helper()
	r := found.registry("/x", Journal)
	seen := map[event.FileID]bool{}
	for _, s := range r.States {
		if s.Position < 0 || s.ID.Inode == 0 || seen[s.ID] || s.Path == "" || s.Updated.Year() < 1 || s.Updated.Year() > 9999 {
			t.Errorf("impossible state %+v", s)
		}
		seen[s.ID] = true
	}
	if r.Moved > len(r.States) {
		t.Errorf("%d of %d states are moved", r.Moved, len(r.States))
	}
}

func FuzzImportA(f *testing.F) {
	f.Add([]byte(list))
	f.Add([]byte(`[{"source":"x","ttl":0,"FileStateOS":{}},null,{}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := parseList(data)
		if err == nil {
			checkStates(t, found)
		}
	})
}

func FuzzImportB(f *testing.F) {
	f.Add([]byte(`{"version":"0"}`), []byte(list))
	f.Add([]byte(`{"version":null}`), []byte(``))
	f.Fuzz(func(t *testing.T, meta, data []byte) {
		checkDir(t, fstest.MapFS{"meta.json": {Data: meta}, "data.json": {Data: data}})
	})
}

func FuzzImportC(f *testing.F) {
	f.Add("7.json", []byte(`[{"_key":"filebeat::logs::native::1-2","source":"/a","offset":98,"timestamp":[281470681743360,1577934245],"ttl":-1,"FileStateOS":{"inode":1,"device":2},"identifier_name":"native"}]`),
		[]byte(`{"op":"set","id":8}{"k":"filestream::id::native::3-4-stdout","v":{"ttl":0,"updated":[0,0],"cursor":{"offset":5},"meta":{"source":"/b","identifier_name":"native"}}}`))
	f.Add("0.json", []byte(`[]`), []byte(`{"op":"set","id":1}{"k":"filestream::id::fingerprint::00ff","v":{"meta":{"source":"/dev/null","identifier_name":"fingerprint"}}}`))
	f.Add("18446744073709551615.json", []byte(`[]`), []byte(`{"op":"remove","id":0}{"k":"x"}{"op":"set","id":1}{"k":"filestream::id::path::/","v":{"meta":{"source":"/","identifier_name":"path"}}}`))
	f.Fuzz(func(t *testing.T, name string, checkpoint, log []byte) {
		if !fs.ValidPath(name) || name == "." {
			return
		}
		checkDir(t, fstest.MapFS{"meta.json": {Data: []byte(`{"version":"1"}`)}, name: {Data: checkpoint}, "log.json": {Data: log}})
	})
}

func checkDir(t *testing.T, dir fs.FS) {
	t.Helper()
	found, _, err := parseDir(dir)
	if err == nil {
		checkStates(t, found)
	} else if errors.Is(err, fs.ErrNotExist) && found.all != nil {
		t.Error("entries of a registry that does not exist")
	}
}
