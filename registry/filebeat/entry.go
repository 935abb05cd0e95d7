package filebeat

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// identity is what an entry knows a file by (file_identity).
type identity uint8

const (
	native    identity = iota // device and inode
	byPath                    // the path alone
	byInode                   // the inode, on the volume with a certain marker file
	byContent                 // the file's first bytes
)

// An entry is what one input knew of one file.
type entry struct {
	identity identity
	id       event.FileID // of native; of byInode the inode alone
	print    string       // of byContent, hexadecimal
	source   string       // the path
	stream   string       // stdout or stderr, of an input that reads one of a container's streams
	offset   int64
	updated  time.Time
}

// entries are what a registry holds.
type entries struct {
	all     []entry
	skipped int
	torn    bool
}

func (s *entries) add(e entry, ok bool) {
	if ok && e.offset >= 0 {
		s.all = append(s.all, e)
	} else {
		s.skipped++
	}
}

// registry finds the files of the entries.
func (s *entries) registry(path string, format Format) *Registry {
	r := &Registry{Path: path, Format: format, Skipped: s.skipped, Torn: s.torn}
	streams := map[event.FileID]map[string]registry.State{}
	inPlace := map[event.FileID]bool{}
	for _, e := range s.all {
		state, placed, ok := e.locate()
		if !ok {
			r.Skipped++
			continue
		}
		inPlace[state.ID] = inPlace[state.ID] || placed
		if streams[state.ID] == nil {
			streams[state.ID] = map[string]registry.State{}
		}
		known, twice := streams[state.ID][e.stream]
		if twice {
			state = furthest(known, state)
		}
		streams[state.ID][e.stream] = state
	}
	for id, of := range streams {
		r.States = append(r.States, join(of))
		if !inPlace[id] {
			r.Moved++
		}
	}
	slices.SortFunc(r.States, func(a, b registry.State) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.ID.Device, b.ID.Device), cmp.Compare(a.ID.Inode, b.ID.Inode))
	})
	return r
}

// furthest joins two states of one file: Filebeat 6.3 could save a file twice,
// and an input that was renamed leaves its old state behind. Each position was
// confirmed, so that the higher one holds; the path is where it was seen last.
func furthest(a, b registry.State) registry.State {
	if b.Updated.Before(a.Updated) {
		a, b = b, a
	}
	b.Position = max(a.Position, b.Position)
	return b
}

// join makes one state of those of a file's streams. Lines of both alternate in
// the file: what lies behind the lower position was not sent by its input yet.
func join(streams map[string]registry.State) registry.State {
	whole, ok := streams[""]
	delete(streams, "")
	if len(streams) == 0 {
		return whole
	}
	least := slices.MinFunc(slices.Collect(maps.Values(streams)), func(a, b registry.State) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), a.Updated.Compare(b.Updated))
	})
	if ok {
		return furthest(whole, least)
	}
	return least
}

// locate finds out which file the entry speaks of. It is in place when it is at
// its path. An entry that names no device and inode is of no use when it is not.
func (e *entry) locate() (state registry.State, inPlace, ok bool) {
	state = registry.State{ID: e.id, Path: e.source, Position: e.offset, Updated: e.updated}
	there, size, err := stat(e.source)
	switch {
	case err != nil:
	case e.identity == native:
		inPlace = there == e.id
	case e.identity == byInode:
		inPlace = there.Inode == e.id.Inode
	case e.identity == byContent:
		inPlace = hasPrint(e.source, e.print)
	case e.identity == byPath:
		inPlace = true
	}
	if !inPlace {
		return state, false, e.identity == native && e.id.Inode != 0
	}
	state.ID = there
	if state.Position > size { // it was truncated meanwhile
		state.Position = 0
	}
	return state, true, there.Inode != 0
}

// stat returns which regular file a path leads to, and its size.
func stat(path string) (event.FileID, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return event.FileID{}, 0, err
	}
	if !info.Mode().IsRegular() {
		return event.FileID{}, 0, os.ErrInvalid
	}
	st := info.Sys().(*syscall.Stat_t)
	return event.FileID{Device: st.Dev, Inode: st.Ino}, info.Size(), nil
}

// printSize is how many of a file's first bytes are its fingerprint, unless
// prospector.scanner.fingerprint says otherwise, which the registry does not.
const printSize = 1024

// hasPrint reports whether a file begins with the bytes whose SHA-256 is hash.
// Of a file with fewer bytes Filebeat 9.5 writes those bytes themselves.
func hasPrint(path, hash string) bool {
	want, err := hex.DecodeString(hash)
	if err != nil || len(want) == 0 || len(want) > printSize {
		return false
	}
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, printSize)
	n, _ := io.ReadFull(f, head) // what can't be read doesn't match
	if sum := sha256.Sum256(head); n == printSize && bytes.Equal(sum[:], want) {
		return true
	}
	return bytes.HasPrefix(head[:n], want)
}
