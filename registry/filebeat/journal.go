package filebeat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/logcar/logcar/event"
)

// A journal is the key-value store that Filebeat keeps since 7.9: a checkpoint
// with all values and a log of the changes since.
type journal struct {
	values map[string]json.RawMessage
	txid   uint64 // of the last change in values
}

// parseJournal reads the newest checkpoint and applies the log to it.
func parseJournal(dir fs.FS) (entries, error) {
	j := journal{values: map[string]json.RawMessage{}}
	skipped, err := j.restore(dir)
	if err != nil {
		return entries{}, err
	}
	changes, err := load(dir, "log.json")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return entries{}, err
	}
	found := entries{torn: !j.replay(bytes.NewReader(changes)), skipped: skipped}
	for _, key := range slices.Sorted(maps.Keys(j.values)) {
		e, ok := parseEntry(key, j.values[key])
		found.add(e, ok)
	}
	return found, nil
}

// restore loads the checkpoint with the highest number, if there is one. Numbers
// may wrap around. It returns how many of its values have no key.
func (j *journal) restore(dir fs.FS) (skipped int, err error) {
	files, err := fs.ReadDir(dir, ".")
	if err != nil {
		return 0, err
	}
	newest := ""
	for _, f := range files {
		number, ok := strings.CutSuffix(f.Name(), ".json")
		txid, err := strconv.ParseUint(number, 10, 64)
		if ok && err == nil && (newest == "" || int64(txid-j.txid) > 0) {
			newest, j.txid = f.Name(), txid
		}
	}
	if newest == "" {
		return 0, nil
	}
	data, err := load(dir, newest)
	if err != nil {
		return 0, err
	}
	var values []json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return 0, fmt.Errorf("%s: %w", newest, err)
	}
	for _, v := range values {
		var named struct {
			Key string `json:"_key"`
		}
		if err := json.Unmarshal(v, &named); err != nil || named.Key == "" {
			skipped++
			continue
		}
		j.values[named.Key] = v
	}
	return skipped, nil
}

// replay applies the changes of a log, each a pair of values, until it ends or
// stops making sense, and reports whether it was whole. Those that the checkpoint
// has already are passed over.
func (j *journal) replay(r io.Reader) (whole bool) {
	dec := json.NewDecoder(r)
	for {
		var action struct {
			Op string
			ID uint64
		}
		if err := dec.Decode(&action); err != nil {
			return errors.Is(err, io.EOF)
		}
		var change struct {
			K string
			V json.RawMessage
		}
		if err := dec.Decode(&change); err != nil {
			return false
		}
		ahead := int64(action.ID - j.txid)
		if ahead <= 0 {
			continue
		}
		switch {
		case ahead > 1:
			return false
		case action.Op == "set":
			j.values[change.K] = change.V
		case action.Op == "remove":
			delete(j.values, change.K)
		default:
			return false
		}
		j.txid = action.ID
	}
}

func parseEntry(key string, value []byte) (entry, bool) {
	switch {
	case strings.HasPrefix(key, "filebeat::logs::"):
		return parseLog(value)
	case strings.HasPrefix(key, "filestream::"):
		return parseFilestream(key, value)
	}
	return entry{}, false
}

// fileRecord is the state of a filestream input.
type fileRecord struct {
	TTL     *int64
	Updated json.RawMessage
	Cursor  *struct{ Offset int64 } // null until something was confirmed
	Meta    struct {
		Source     string
		Identifier string `json:"identifier_name"`
	}
}

// parseFilestream reads an entry with the key
// filestream::<input>::<identifier>::<what it says of the file>[-<stream>].
func parseFilestream(key string, value []byte) (entry, bool) {
	var r fileRecord
	if err := json.Unmarshal(value, &r); err != nil || r.Meta.Source == "" {
		return entry{}, false
	}
	e := entry{source: r.Meta.Source, updated: parseTime(r.Updated)}
	if r.Cursor != nil && (r.TTL == nil || *r.TTL != 0) {
		e.offset = r.Cursor.Offset
	}
	for _, stream := range []string{"stdout", "stderr"} {
		if rest, ok := strings.CutSuffix(key, "-"+stream); ok && r.Meta.Identifier != "path" {
			key, e.stream = rest, stream
		}
	}
	rest, says := cutLast(key)
	if r.Meta.Identifier == "" {
		_, r.Meta.Identifier = cutLast(rest)
	}
	switch r.Meta.Identifier {
	case "native":
		inode, device, _ := strings.Cut(says, "-")
		var err1, err2 error
		e.id.Inode, err1 = strconv.ParseUint(inode, 10, 64)
		e.id.Device, err2 = strconv.ParseUint(device, 10, 64)
		e.identity = native
		return e, err1 == nil && err2 == nil
	case "path":
		e.identity = byPath
		return e, true
	case "inode_marker":
		inode, _, _ := strings.Cut(says, "-")
		n, err := strconv.ParseUint(inode, 10, 64)
		e.identity, e.id = byInode, event.FileID{Inode: n}
		return e, err == nil
	case "fingerprint":
		e.identity, e.print = byContent, says
		return e, true
	}
	return entry{}, false
}

// cutLast cuts off the last part of a key.
func cutLast(key string) (rest, last string) {
	i := max(strings.LastIndex(key, "::"), 0)
	return key[:i], strings.TrimPrefix(key[i:], "::")
}
