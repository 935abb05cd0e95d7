package kafka

import (
	"encoding/binary"
	"hash/crc32"
)

// A record batch in Kafka's format v2, as the protocol guide lays it out:
//
//	 0 baseOffset int64          23 lastOffsetDelta int32
//	 8 batchLength int32         27 baseTimestamp int64 (ms)
//	12 partitionLeaderEpoch      35 maxTimestamp int64 (ms)
//	16 magic int8 = 2            43 producerId int64
//	17 crc int32 (CRC-32C of     51 producerEpoch int16
//	   everything from 21 on)    53 baseSequence int32
//	21 attributes int16          57 records int32
//	                             61 the records, compressed as one
//
// A produce request carries its length in front.
const (
	lengthPrefix = 4
	headerSize   = 61

	offLength      = 8
	offEpoch       = 12
	offMagic       = 16
	offCRC         = 17
	offAttributes  = 21
	offLastDelta   = 23
	offBaseTime    = 27
	offMaxTime     = 35
	offProducer    = 43
	offProducerEp  = 51
	offSequence    = 53
	offRecordCount = 57
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stamp fills in the length prefix and the header of wire, whose records are in
// place. A producer id of -1 means a producer that is not idempotent.
func stamp(wire []byte, codec Codec, count int32, baseTime, maxTime int64) {
	be := binary.BigEndian
	b := wire[lengthPrefix:]
	be.PutUint32(wire, uint32(len(b)))
	be.PutUint64(b, 0)
	be.PutUint32(b[offLength:], uint32(len(b)-offLength-4))
	be.PutUint32(b[offEpoch:], ^uint32(0))
	b[offMagic] = 2
	be.PutUint16(b[offAttributes:], uint16(codec))
	be.PutUint32(b[offLastDelta:], uint32(count-1))
	be.PutUint64(b[offBaseTime:], uint64(baseTime))
	be.PutUint64(b[offMaxTime:], uint64(maxTime))
	be.PutUint64(b[offProducer:], ^uint64(0))
	be.PutUint16(b[offProducerEp:], ^uint16(0))
	be.PutUint32(b[offSequence:], ^uint32(0))
	be.PutUint32(b[offRecordCount:], uint32(count))
	be.PutUint32(b[offCRC:], crc32.Checksum(b[offAttributes:], castagnoli))
}

// codecOf is the codec that wire was stamped with.
func codecOf(wire []byte) Codec {
	return Codec(binary.BigEndian.Uint16(wire[lengthPrefix+offAttributes:]))
}

// guessedHead is the room that beginRecord leaves before a value: a length of
// two bytes, attributes, time and offset deltas and a null key of one byte each,
// a value length of two bytes. Values of 64 to 8191 bytes early in a batch fit
// exactly; the others are moved once.
const guessedHead = 2 + 1 + 1 + 1 + 1 + 2

// beginRecord leaves room for the head of a record; its value is appended next.
func beginRecord(dst []byte) []byte {
	return append(dst, make([]byte, guessedHead)...)
}

// endRecord writes the head of the record whose room began at start.
func endRecord(dst []byte, start int, timeDelta, offsetDelta int64) []byte {
	value := len(dst) - start - guessedHead
	var head [40]byte
	h := append(head[:0], 0) // attributes
	h = binary.AppendVarint(h, timeDelta)
	h = binary.AppendVarint(h, offsetDelta)
	h = append(h, 1) // key length -1: null
	h = binary.AppendVarint(h, int64(value))
	var length [binary.MaxVarintLen64]byte
	l := binary.AppendVarint(length[:0], int64(len(h)+value+1)) // +1: no headers
	if n := len(l) + len(h); n != guessedHead {
		if n > guessedHead {
			dst = append(dst, head[:n-guessedHead]...)
		}
		copy(dst[start+n:], dst[start+guessedHead:start+guessedHead+value])
		dst = dst[:start+n+value]
	}
	copy(dst[start:], l)
	copy(dst[start+len(l):], h)
	return append(dst, 0)
}

// A record as it is read back from a batch's records region.
type record struct {
	timeDelta int64
	value     []byte
}

// nextRecord cuts the first record off b. ok is false when b is not a record.
func nextRecord(b []byte) (r record, rest []byte, ok bool) {
	size, n := binary.Varint(b)
	if n <= 0 || size < 0 || size > int64(len(b)-n) {
		return r, nil, false
	}
	body, rest := b[n:n+int(size)], b[n+int(size):]
	if len(body) < 1 {
		return r, nil, false
	}
	body = body[1:]
	var fields [4]int64 // time delta, offset delta, key length, value length
	for i := range fields {
		v, n := binary.Varint(body)
		if n <= 0 {
			return r, nil, false
		}
		fields[i], body = v, body[n:]
		if i == 2 && v > 0 {
			if v > int64(len(body)) {
				return r, nil, false
			}
			body = body[v:]
		}
	}
	if fields[3] < 0 || fields[3] > int64(len(body)) {
		return r, nil, false
	}
	return record{timeDelta: fields[0], value: body[:fields[3]]}, rest, true
}
