package deflate

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

const (
	// Of a block with at least so many sequences only a part is counted: runs of
	// sampleRun in each sampleOf times as many. They are runs and not single ones,
	// because lines of the same form have their sequences in the same order.
	sampled   = 2 << 10
	sampleRun = 64
	sampleOf  = 4
)

// writeBlock writes src, which the sequences at hand describe, as one block in the
// form that is smallest, and forgets the sequences.
func (e *Encoder) writeBlock(src []byte, last bool) {
	sequences := e.sequences[:e.count]
	e.count = 0
	start := e.out
	c := &e.codes
	if len(sequences) < sampled {
		c.count(src, sequences)
		c.build()
		c.choose(&e.out, last)
	} else {
		c.sample(src, sequences)
		c.build()
		c.putDynamic(&e.out, last)
	}
	c.writeSequences(&e.out, src, sequences)
	if len(e.out.bytes)-len(start.bytes) > len(src)+5+5*(len(src)>>16) {
		// What does not repeat is best left alone. The bytes behind start are
		// written over.
		e.out = bitWriter{bytes: e.out.bytes[:len(start.bytes)], acc: start.acc, n: start.n}
		e.out.putStored(src, last)
	}
}

// count counts all symbols of the sequences.
func (c *codes) count(src []byte, sequences []sequence) {
	clear(c.literalCounts[:])
	clear(c.distanceCounts[:])
	c.add(src, sequences, 1)
	c.literalCounts[endOfBlock] = 1
}

// sample estimates how often each symbol occurs. Those that it does not meet may
// occur all the same, and get a count that makes a long code.
func (c *codes) sample(src []byte, sequences []sequence) {
	clear(c.literalCounts[:])
	for i := range lastLiteral + 1 {
		c.literalCounts[i] = 1
	}
	for i := range c.distanceCounts {
		c.distanceCounts[i] = 1
	}
	for i := 0; i < len(sequences); i += sampleRun * sampleOf {
		n := min(sampleRun, len(sequences)-i)
		src = src[c.add(src, sequences[i:i+n], sampleOf):]
		for _, q := range sequences[i+n : min(i+sampleRun*sampleOf, len(sequences))] {
			src = src[int(q.literals)+int(q.length):]
		}
	}
}

// add adds weight for each symbol of sequences, which describe the beginning of
// src, and returns how long that is.
func (c *codes) add(src []byte, sequences []sequence, weight uint32) int {
	at := 0
	for i := range sequences {
		q := &sequences[i]
		for _, b := range src[at : at+int(q.literals)] {
			c.literalCounts[b] += weight
		}
		at += int(q.literals) + int(q.length)
		if q.length > 0 {
			c.literalCounts[firstLength+int(lengths.code[q.length])] += weight
			code, _ := distanceCode(uint32(q.distance))
			c.distanceCounts[code] += weight
		}
	}
	return at
}

// writeSequences writes the symbols of the sequences, and the end of the block. It
// is here that the time goes: four literals at a time, whatever their number is,
// since loops whose length cannot be foreseen are what costs.
func (c *codes) writeSequences(w *bitWriter, src []byte, sequences []sequence) {
	out, at, acc, n := w.bytes[:cap(w.bytes)], len(w.bytes), w.acc, w.n
	p := 0
	for i := range sequences {
		q := &sequences[i]
		left := int(q.literals)
		if need := at + 2*left + 16; need > len(out) {
			out = slices.Grow(out[:at], need-at)
			out = out[:cap(out)]
		}
		for ; left > 0; left -= 4 {
			four := fourBytes(src, p)
			// A code of no bits for those that are not there.
			c0 := c.literals[four&0xff]
			c1 := c.literals[four>>8&0xff] & code((1-left)>>31)
			c2 := c.literals[four>>16&0xff] & code((2-left)>>31)
			c3 := c.literals[four>>24] & code((3-left)>>31)
			acc |= c0.bits() << (n & 63)
			n += c0.size()
			acc |= c1.bits() << (n & 63)
			n += c1.size()
			acc |= c2.bits() << (n & 63)
			n += c2.size()
			acc |= c3.bits() << (n & 63)
			n += c3.size()
			binary.LittleEndian.PutUint64(out[at:], acc)
			at += int(n / 8)
			acc >>= n &^ 7 & 63
			n &= 7
			p += min(left, 4)
		}
		if q.length == 0 {
			continue
		}
		length := c.lengths[q.length]
		acc |= length.bits() << (n & 63)
		n += length.size()
		d := uint32(q.distance)
		symbol, extra := distanceCode(d)
		distance := c.distances[symbol]
		acc |= distance.bits() << (n & 63)
		n += distance.size()
		acc |= uint64(d&(1<<extra-1)) << (n & 63)
		n += extra
		binary.LittleEndian.PutUint64(out[at:], acc)
		at += int(n / 8)
		acc >>= n &^ 7 & 63
		n &= 7
		p += int(q.length)
	}
	w.bytes, w.acc, w.n = out[:at], acc, n
	end := c.literals[endOfBlock]
	w.put(end.bits(), end.size())
}

// fourBytes are those of src from p on, the first one lowest; beyond its end zeros.
func fourBytes(src []byte, p int) (v uint32) {
	if p+4 <= len(src) {
		return binary.LittleEndian.Uint32(src[p:])
	}
	for i, b := range src[p:] {
		v |= uint32(b) << (8 * i)
	}
	return v
}

// distanceCode is the code for a distance, of which d is one less, and how many
// of d's lowest bits follow it.
func distanceCode(d uint32) (symbol uint32, extra uint) {
	if d < 4 {
		return d, 0
	}
	extra = uint(bits.Len32(d)) - 2
	return 2*uint32(extra) + d>>extra, extra
}
