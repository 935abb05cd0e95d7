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

// State is what is known of one file.
type State struct {
	ID   event.FileID
	Head Head
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
	s.Updated = s.Updated.UTC().Truncate(time.Second)
	if y := s.Updated.Year(); s.Updated.IsZero() || y < 1 || y > 9999 { // RFC 3339 has four digits
		s.Updated = now()
	}
	return s
}

// now is the time as the file holds it, which makes a State read back equal to
// the one that was written.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
