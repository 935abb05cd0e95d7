package tailer

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/logcar/logcar/event"
)

// IdentityKind is what makes two files the same one.
type IdentityKind uint8

const (
	// Native is device and inode, and that a file begins as it did before.
	Native IdentityKind = iota
	// ByPath is the path alone. A renamed file is another one. What stands at a
	// path goes on if it begins as before, as on a share whose inodes change.
	ByPath
	// ByMarker is the inode and the contents of a marker file, for volumes whose
	// device number changes.
	ByMarker
	// ByFingerprint is a hash of a run of bytes near the beginning of the text.
	ByFingerprint
)

// Identity says what makes two files of an input the same one: Filebeat's
// file_identity.
type Identity struct {
	Kind   IdentityKind
	Marker string // of ByMarker: the marker file's path

	// Of ByFingerprint: which bytes of the text are hashed. A file that is too
	// short for that waits until it is long enough; with Growing it is read, and
	// identified as Native meanwhile.
	Offset, Length int
	Growing        bool
}

// errShort is that a file is too short to tell which it is.
var errShort = errors.New("is too short for its fingerprint")

// identify returns which file f is to the input. With short, this will be another
// one once the file has grown.
func (in *Input) identify(f *textFile, path string, info os.FileInfo) (id event.FileID, short bool, err error) {
	switch w := &in.Identity; w.Kind {
	case ByPath:
		return hashID("path", []byte(path)), false, nil
	case ByMarker:
		marker, err := os.ReadFile(w.Marker)
		if err != nil {
			return id, false, fmt.Errorf("file_identity: %w", err)
		}
		return event.FileID{Device: hashID("marker", marker).Device, Inode: idOf(info).Inode}, false, nil
	case ByFingerprint:
		text := make([]byte, w.Offset+w.Length)
		n, whole, err := f.head(text)
		switch {
		case err != nil:
			return id, false, err
		case n == len(text), n > 0 && whole:
			return hashID("fingerprint", text[min(n, w.Offset):n]), false, nil
		case w.Growing && n > 0 && f.from == nil:
			return idOf(info), true, nil
		}
		return id, false, errShort
	}
	return idOf(info), false, nil
}

// hashID makes an identity of what is no number.
func hashID(kind string, b []byte) event.FileID {
	h := sha256.New()
	h.Write([]byte(kind + "\x00"))
	h.Write(b)
	sum := h.Sum(nil)
	return event.FileID{Device: binary.BigEndian.Uint64(sum), Inode: binary.BigEndian.Uint64(sum[8:])}
}
