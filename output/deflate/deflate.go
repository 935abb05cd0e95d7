// Package deflate compresses a buffer into a gzip stream (RFC 1951 and 1952) that
// every reader decodes, faster than general encoders do it.
//
// It is made for a batch of log events: half a megabyte that lies in memory as a
// whole, text that repeats itself a lot, and statistics that are the same from
// its beginning to its end. So there is no sliding of windows, no state between
// calls, and the code lengths of a large block are found from a sample of it.
//
// It must never know what the bytes mean. That the constant parts of documents
// repeat at known places was left out on purpose: knowing it would save a sixth of
// the work at most, and nothing has to be handed here but bytes.
package deflate

import (
	"encoding/binary"
	"hash/crc32"
)

// Effort says how hard to look for repetitions.
type Effort uint8

// The size and the speed of both, compared with other encoders' levels, are in
// docs/performance.md.
const (
	// Fast looks at one earlier place for each position.
	Fast Effort = iota
	// Dense looks at two, and prefers a longer repetition one byte further on.
	Dense
)

const (
	// maxDistance and the lengths are deflate's own limits.
	maxDistance = 32 << 10
	minLength   = 3
	maxLength   = 258

	// maxSequences bounds a block. A batch of half a megabyte is one or two.
	maxSequences = 16 << 10

	// tableBits makes tables that are larger than the window has positions: fewer
	// of these push each other out, and the second-level cache has room.
	tableBits = 16
)

// A sequence is some literal bytes and the repetition that follows them.
type sequence struct {
	literals uint32
	length   uint16 // of the repetition; 0: there is none
	distance uint16 // less 1
}

// firstBase puts the zeros of a new table out of reach.
const firstBase = maxDistance + 1

type table [1 << tableBits]uint32

// Encoder compresses one buffer after the other. It is some 400 KB large, 650 KB
// if Dense, and not for concurrent use.
type Encoder struct {
	// base is added to the positions in the tables. It moves with each input, so
	// far that what the earlier ones have left there is out of reach; clearing
	// the tables would cost more than compressing a small input.
	base  uint32
	short *table // the last position of six bytes, or of five if Dense
	long  *table // of eight bytes; nil: not Dense

	sequences [maxSequences]sequence
	count     int

	out   bitWriter
	codes codes
}

// NewEncoder returns an encoder of the effort.
func NewEncoder(effort Effort) *Encoder {
	e := &Encoder{base: firstBase, short: new(table)}
	if effort == Dense {
		e.long = new(table)
	}
	return e
}

// AppendGzip appends src to dst as one gzip member, and returns the extended
// slice. src, of less than 1 GiB, is not kept.
func (e *Encoder) AppendGzip(dst, src []byte) []byte {
	// Deflate; no flags, no time; the operating system is unknown.
	e.out = bitWriter{bytes: append(dst, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)}
	e.deflate(src)
	out := e.out.flush()
	e.out = bitWriter{} // dst is the caller's
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(src))
	return binary.LittleEndian.AppendUint32(out, uint32(len(src)))
}

func (e *Encoder) deflate(src []byte) {
	if e.base > 1<<31 {
		clear(e.short[:])
		if e.long != nil {
			clear(e.long[:])
		}
		e.base = firstBase
	}
	e.count = 0
	if e.long != nil {
		e.findDense(src)
	} else {
		e.findFast(src)
	}
	e.base += uint32(len(src)) + maxDistance
}
