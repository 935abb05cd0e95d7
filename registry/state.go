package registry

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/logcar/logcar/event"
)

// Head is the hash of a file's first Len bytes. With device and inode it tells
// a file from another one that was given the same inode later.
//
// The hash is the first 64 bits of SHA-256, so that it can be checked by hand:
//
//	head -c LEN FILE | sha256sum | cut -c1-16
//
// The zero Head says nothing and matches every file.
type Head struct {
	Len int // in bytes
	Sum uint64
}

// HeadOf returns the Head of a file that begins with b. It keeps none of b.
func HeadOf(b []byte) Head {
	if len(b) == 0 {
		return Head{}
	}
	sum := sha256.Sum256(b)
	return Head{Len: len(b), Sum: binary.BigEndian.Uint64(sum[:])}
}

// Matches reports whether b, the first bytes of a file, begins with the bytes
// that h was made of. A file that is shorter now does not match.
func (h Head) Matches(b []byte) bool {
	return h.Len <= 0 || len(b) >= h.Len && HeadOf(b[:h.Len]) == h
}

// Tail is the hash of the Len bytes of a file that stand before the file offset
// End, which were the last to be read. A file that begins as it did before may
// have been emptied and written anew all the same; this tells it.
//
//	head -c END FILE | tail -c LEN | sha256sum | cut -c1-16
//
// The zero Tail says nothing and matches every file.
type Tail struct {
	End int64
	Len int
	Sum uint64
}

// TailOf returns the Tail of a file in which b stands before offset end. It keeps
// none of b.
func TailOf(end int64, b []byte) Tail {
	if len(b) == 0 || end < int64(len(b)) {
		return Tail{}
	}
	return Tail{End: end, Len: len(b), Sum: HeadOf(b).Sum}
}

// Matches reports whether b, the bytes of a file from offset End-Len to End, are
// those that t was made of.
func (t Tail) Matches(b []byte) bool { return t.Len <= 0 || TailOf(t.End, b) == t }

// State is what is known of one file.
type State struct {
	ID event.FileID
	// Born is when the file was made, in Unix nanoseconds; 0: not known, since
	// not every file system remembers it.
	Born int64
	Head Head
	// Tail may lie behind Position: what was read need not be confirmed.
	Tail Tail
	// Path is where the file was last seen. It is there for people: it does not
	// identify the file, and bytes of it that are not UTF-8 are saved as U+FFFD.
	Path string
	// Position is the file offset before which every byte is confirmed.
	Position int64
	// Updated says when Position was set or moved, in UTC and whole seconds.
	Updated time.Time
}

// normal returns s as the file can hold it, so that nothing a caller says can
// make the whole registry unsavable.
func (s State) normal() State {
	s.Position = max(s.Position, 0)
	if s.Head.Len <= 0 {
		s.Head = Head{}
	}
	if s.Tail.Len <= 0 || s.Tail.End < int64(s.Tail.Len) {
		s.Tail = Tail{}
	}
	s.Updated = s.Updated.UTC().Truncate(time.Second)
	if y := s.Updated.Year(); s.Updated.IsZero() || y < 1 || y > 9999 { // RFC 3339 has four digits
		s.Updated = now()
	}
	return s
}

// now is the time as the file holds it, which makes a State read back equal to
// the one that was written.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
