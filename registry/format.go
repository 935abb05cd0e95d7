package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/logcar/logcar/event"
)

// version is the file format's. It is raised when an older logcar would
// misunderstand a file, not when a member is added that it can do without.
const version = 1

var (
	// ErrCorrupt is wrapped by the error for a file that is no registry.
	ErrCorrupt = errors.New("corrupt")
	// ErrVersion is wrapped by the error for a file of a newer version.
	ErrVersion = errors.New("written by a newer logcar")
)

// document is the file: see docs/registry-format.md.
type document struct {
	Version int             `json:"version"`
	Files   json.RawMessage `json:"files"` // decoded when the version is known
}

type record struct {
	Device   uint64    `json:"device"`
	Inode    uint64    `json:"inode"`
	HeadLen  int       `json:"head_len"`
	HeadSum  string    `json:"head_sum"`
	Born     int64     `json:"born,omitempty"`
	TailEnd  int64     `json:"tail_end,omitempty"`
	TailLen  int       `json:"tail_len,omitempty"`
	TailSum  string    `json:"tail_sum,omitempty"`
	Path     string    `json:"path"`
	Position int64     `json:"position"`
	Updated  time.Time `json:"updated"`
}

// Load reads the registry file at path and nothing else, so that tools may look
// at the registry of a running logcar. The states are sorted by path. The error
// wraps fs.ErrNotExist, ErrCorrupt or ErrVersion where it is that.
func Load(path string) ([]State, error) {
	// A pipe in the file's place would block its reader for ever.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("load registry: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("load registry %s: not a regular file", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load registry: %w", err)
	}
	states, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("load registry %s: %w", path, err)
	}
	return states, nil
}

// decode returns the states that data holds, sorted by path. It takes all or
// nothing: half a registry would hide that the other half is lost.
func decode(data []byte) ([]State, error) {
	var doc document
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if doc.Version > version {
		return nil, fmt.Errorf("%w: version %d, this one knows %d", ErrVersion, doc.Version, version)
	}
	if doc.Version < 1 {
		return nil, fmt.Errorf("%w: no version", ErrCorrupt)
	}
	var records []record
	if err := json.Unmarshal(doc.Files, &records); err != nil {
		return nil, fmt.Errorf("%w: files: %w", ErrCorrupt, err)
	}
	if records == nil {
		return nil, fmt.Errorf("%w: no files", ErrCorrupt)
	}
	states := make([]State, 0, len(records))
	seen := make(map[event.FileID]bool, len(records))
	for i, rec := range records {
		s, err := rec.state()
		if err != nil {
			return nil, fmt.Errorf("%w: files[%d]: %w", ErrCorrupt, i, err)
		}
		if seen[s.ID] {
			return nil, fmt.Errorf("%w: files[%d]: device %d inode %d occurs twice", ErrCorrupt, i, s.ID.Device, s.ID.Inode)
		}
		seen[s.ID] = true
		states = append(states, s)
	}
	slices.SortFunc(states, byPath)
	return states, nil
}

func (rec record) state() (State, error) {
	if rec.Position < 0 {
		return State{}, fmt.Errorf("position %d is negative", rec.Position)
	}
	if rec.HeadLen < 0 {
		return State{}, fmt.Errorf("head_len %d is negative", rec.HeadLen)
	}
	sum, err := parseSum("head_sum", rec.HeadSum)
	if err != nil {
		return State{}, err
	}
	tail, err := rec.tail()
	if err != nil {
		return State{}, err
	}
	return State{
		ID:       event.FileID{Device: rec.Device, Inode: rec.Inode},
		Born:     rec.Born,
		Head:     Head{Len: rec.HeadLen, Sum: sum},
		Tail:     tail,
		Path:     rec.Path,
		Position: rec.Position,
		Updated:  rec.Updated,
	}.normal(), nil
}

// tail is what the members say that older versions did not write.
func (rec record) tail() (Tail, error) {
	if rec.TailLen == 0 {
		return Tail{}, nil
	}
	if rec.TailLen < 0 || rec.TailEnd < int64(rec.TailLen) {
		return Tail{}, fmt.Errorf("tail_len %d before tail_end %d is impossible", rec.TailLen, rec.TailEnd)
	}
	sum, err := parseSum("tail_sum", rec.TailSum)
	return Tail{End: rec.TailEnd, Len: rec.TailLen, Sum: sum}, err
}

func parseSum(name, text string) (uint64, error) {
	sum, err := strconv.ParseUint(text, 16, 64)
	if err != nil || len(text) != 16 {
		return 0, fmt.Errorf("%s %q is not of 16 hexadecimal digits", name, text)
	}
	return sum, nil
}

// encode is decode's inverse. The states must be normal.
func encode(states []State) ([]byte, error) {
	records := make([]record, len(states))
	for i, s := range states {
		records[i] = record{
			Device:   s.ID.Device,
			Inode:    s.ID.Inode,
			HeadLen:  s.Head.Len,
			HeadSum:  fmt.Sprintf("%016x", s.Head.Sum),
			Path:     s.Path,
			Position: s.Position,
			Updated:  s.Updated,
			Born:     s.Born,
		}
		if s.Tail.Len > 0 {
			records[i].TailEnd, records[i].TailLen = s.Tail.End, s.Tail.Len
			records[i].TailSum = fmt.Sprintf("%016x", s.Tail.Sum)
		}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // paths are for people
	err := enc.Encode(struct {
		Version int      `json:"version"`
		Files   []record `json:"files"`
	}{version, records})
	return buf.Bytes(), err
}
