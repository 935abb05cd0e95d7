package output

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/logcar/logcar/event"
)

// idSize is the length of an event's id: 120 bits as base64.
const idSize = 20

// beginID is the beginning of @metadata when documents have ids.
const beginID = `","@metadata":{"_id":"`

// appendID appends an id that is the same whenever the event is delivered again,
// also by another process, and no other event's: of the host, the file's identity,
// the offset and the text. Without the text, a file that was truncated, or that
// has got the inode of another, would give its events the ids of others, and
// whoever stores by id would lose these.
func (e *Encoder) appendID(dst []byte, b *event.Batch, i int) []byte {
	ev := &b.Events[i]
	k := e.key[:0]
	k = append(k, e.agent.Hostname...)
	k = append(k, 0)
	k = binary.BigEndian.AppendUint64(k, b.Source.ID.Device)
	k = binary.BigEndian.AppendUint64(k, b.Source.ID.Inode)
	k = binary.BigEndian.AppendUint64(k, uint64(ev.From))
	k = append(k, b.Data[ev.Start:ev.End]...)
	if e.key = k; cap(k) > maxKey {
		e.key = nil
	}
	sum := sha256.Sum256(k)
	return base64.RawURLEncoding.AppendEncode(dst, sum[:idSize*6/8])
}

// maxKey is how large the buffer for ids may be to be kept.
const maxKey = 64 << 10
