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

// guessedHead is the room that beginRecord leaves before a value, the key aside: a
// length of two bytes, attributes, time and offset deltas and a key length of one
// byte each, a value length of two bytes. Values of 64 to 8191 bytes early in a
// batch fit exactly; the others are moved once.
const guessedHead = 2 + 1 + 1 + 1 + 1 + 2

// beginRecord leaves room for the head of a record; its value is appended next.
func beginRecord(dst, key []byte) []byte {
	dst = append(dst, make([]byte, guessedHead)...)
	if key != nil {
		dst = append(dst, key...)
	}
	return dst
}

// endRecord writes the head of the record whose room began at start, with the same
// key, and its end. A nil key is none; headers are what encodeHeaders makes, nil
// is none.
func endRecord(dst []byte, start int, key, headers []byte, timeDelta, offsetDelta int64) []byte {
	room := guessedHead + len(key)
	value := len(dst) - start - room
	var head [48]byte
	h := append(head[:0], 0) // attributes
	h = binary.AppendVarint(h, timeDelta)
	h = binary.AppendVarint(h, offsetDelta)
	if key == nil {
		h = append(h, 1) // length -1: null
	} else {
		h = binary.AppendVarint(h, int64(len(key)))
	}
	beforeKey := len(h)
	h = binary.AppendVarint(h, int64(value))
	var length [binary.MaxVarintLen64]byte
	l := binary.AppendVarint(length[:0], int64(len(h)+len(key)+value+max(len(headers), 1)))
	if n := len(l) + len(h) + len(key); n != room {
		if n > room {
			dst = append(dst, head[:n-room]...)
		}
		copy(dst[start+n:], dst[start+room:start+room+value])
		dst = dst[:start+n+value]
	}
	copy(dst[start:], l)
	if at := start + len(l); key == nil {
		copy(dst[at:], h)
	} else {
		at += copy(dst[at:], h[:beforeKey])
		at += copy(dst[at:], key)
		copy(dst[at:], h[beforeKey:])
	}
	if headers == nil {
		return append(dst, 0) // none
	}
	return append(dst, headers...)
}

// A record as it is read back from a batch's records region.
type record struct {
	timeDelta  int64
	key, value []byte // a nil key is none
	headers    []byte // as they stand there
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
	if r.timeDelta, n = binary.Varint(body); n <= 0 {
		return r, nil, false
	}
	body = body[n:]
	if _, n = binary.Varint(body); n <= 0 { // the offset
		return r, nil, false
	}
	body = body[n:]
	if r.key, body, ok = lengthAndBytes(body); !ok {
		return r, nil, false
	}
	if r.value, body, ok = lengthAndBytes(body); !ok || r.value == nil {
		return r, nil, false
	}
	r.headers = body
	return r, rest, true
}

// lengthAndBytes cuts bytes with their length in front off b; nil for the length -1.
func lengthAndBytes(b []byte) (found, rest []byte, ok bool) {
	size, n := binary.Varint(b)
	if n <= 0 || size > int64(len(b)-n) {
		return nil, nil, false
	}
	if size < 0 {
		return nil, b[n:], true
	}
	end := n + int(size)
	return b[n:end:end], b[end:], true
}

// encodeRecord appends r.
func encodeRecord(dst []byte, r record, offsetDelta int64) []byte {
	start := len(dst)
	return endRecord(append(beginRecord(dst, r.key), r.value...), start, r.key, r.headers, r.timeDelta, offsetDelta)
}
