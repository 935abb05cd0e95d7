package filebeat

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/logcar/logcar/event"
)

// logRecord is the state of a log input, the same in all formats.
type logRecord struct {
	Source      string
	Offset      int64
	Timestamp   json.RawMessage
	TTL         *int64 // ns; -1: for ever, -2: nobody's since the restart, 0: to be deleted
	Meta        json.RawMessage
	FileStateOS struct{ Inode, Device uint64 }
	ID          string // "native::<inode>-<device>"; since 7.9
	Identifier  string `json:"identifier_name"`
}

// parseList reads the list of states that Filebeat 6.0 to 7.8 write. The list
// must be whole, it is only ever replaced as such.
func parseList(data []byte) (entries, error) {
	var found entries
	if len(bytes.TrimSpace(data)) == 0 {
		return found, nil
	}
	var records []json.RawMessage
	if err := json.Unmarshal(data, &records); err != nil {
		return found, err
	}
	for _, data := range records {
		e, ok := parseLog(data)
		found.add(e, ok)
	}
	return found, nil
}

func parseLog(data []byte) (entry, bool) {
	var r logRecord
	if err := json.Unmarshal(data, &r); err != nil || r.Source == "" {
		return entry{}, false
	}
	e := entry{
		identity: native,
		id:       event.FileID{Device: r.FileStateOS.Device, Inode: r.FileStateOS.Inode},
		source:   r.Source,
		offset:   r.Offset,
		updated:  parseTime(r.Timestamp),
	}
	name := r.Identifier
	if name == "" {
		name, _, _ = strings.Cut(r.ID, "::")
	}
	switch name {
	case "", "native":
	case "path":
		e.identity = byPath
	case "inode_marker":
		e.identity = byInode
	default:
		return entry{}, false
	}
	if r.TTL != nil && *r.TTL == 0 {
		e.offset = 0
	}
	var meta struct{ Stream string }
	if json.Unmarshal(r.Meta, &meta) == nil {
		e.stream = meta.Stream
	}
	return e, true
}
