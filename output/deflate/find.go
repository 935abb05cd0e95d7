package deflate

import (
	"encoding/binary"
	"math/bits"
)

const (
	// margin is how far from the end the search stops: it loads eight bytes at a
	// time, also one position ahead.
	margin = 12
	// patience is how many positions in vain make the search take longer steps.
	patience = 5 // as a power of two
)

// Multiplicative hashes of the lowest five, six and eight bytes: of the product,
// the uppermost bits depend on all of them.
const (
	prime5 = 889523592379
	prime6 = 227718039650203
	prime8 = 0xcf1bbcdcb7a56463
)

// A cursor is how far the search has come.
type cursor struct {
	src   []byte
	block int // where the open block begins
	done  int // up to here sequences say it all
}

// findFast divides src into sequences. At each position it looks at the last
// place that had the same six bytes, as far as their hash can tell.
func (e *Encoder) findFast(src []byte) {
	c := cursor{src: src}
	short, base := e.short, int(e.base)
	limit := len(src) - margin
	for s := 0; s < limit; {
		v := binary.LittleEndian.Uint64(src[s:])
		h := v << 16 * prime6 >> (64 - tableBits)
		at := int(short[h&(1<<tableBits-1)]) - base
		short[h&(1<<tableBits-1)] = uint32(s + base)
		if uint(s-at-1) >= maxDistance || binary.LittleEndian.Uint32(src[at:]) != uint32(v) {
			s += 1 + (s-c.done)>>patience
			continue
		}
		start := s
		s = e.repetition(&c, s, at)
		if s < limit {
			v = binary.LittleEndian.Uint64(src[start+1:])
			short[v<<16*prime6>>(64-tableBits)&(1<<tableBits-1)] = uint32(start + 1 + base)
			v = binary.LittleEndian.Uint64(src[s-2:])
			short[v<<16*prime6>>(64-tableBits)&(1<<tableBits-1)] = uint32(s - 2 + base)
			short[v>>8<<16*prime6>>(64-tableBits)&(1<<tableBits-1)] = uint32(s - 1 + base)
		}
	}
	e.rest(&c)
}

// findDense divides src into sequences. It prefers the last place that had the
// same eight bytes to the last that had the same five; before it takes the
// latter, it looks whether one byte further there is one of the former.
func (e *Encoder) findDense(src []byte) {
	c := cursor{src: src}
	short, long, base := e.short, e.long, int(e.base)
	limit := len(src) - margin
	for s := 0; s < limit; {
		v := binary.LittleEndian.Uint64(src[s:])
		h5, h8 := v<<24*prime5>>(64-tableBits)&(1<<tableBits-1), v*prime8>>(64-tableBits)&(1<<tableBits-1)
		at, far := int(short[h5])-base, int(long[h8])-base
		short[h5], long[h8] = uint32(s+base), uint32(s+base)
		switch {
		case uint(s-far-1) < maxDistance && binary.LittleEndian.Uint64(src[far:]) == v:
			at = far
		case uint(s-at-1) < maxDistance && binary.LittleEndian.Uint32(src[at:]) == uint32(v):
			v = binary.LittleEndian.Uint64(src[s+1:])
			h8 = v * prime8 >> (64 - tableBits) & (1<<tableBits - 1)
			if far = int(long[h8]) - base; uint(s-far) < maxDistance && binary.LittleEndian.Uint64(src[far:]) == v {
				long[h8] = uint32(s + 1 + base)
				s, at = s+1, far
			}
		default:
			s += 1 + (s-c.done)>>patience
			continue
		}
		start := s
		s = e.repetition(&c, s, at)
		if s < limit {
			v = binary.LittleEndian.Uint64(src[start+1:])
			short[v<<24*prime5>>(64-tableBits)&(1<<tableBits-1)] = uint32(start + 1 + base)
			long[v*prime8>>(64-tableBits)&(1<<tableBits-1)] = uint32(start + 1 + base)
			v = binary.LittleEndian.Uint64(src[s-2:])
			short[v<<24*prime5>>(64-tableBits)&(1<<tableBits-1)] = uint32(s - 2 + base)
			long[v*prime8>>(64-tableBits)&(1<<tableBits-1)] = uint32(s - 2 + base)
			short[v>>8<<24*prime5>>(64-tableBits)&(1<<tableBits-1)] = uint32(s - 1 + base)
		}
	}
	e.rest(&c)
}

// repetition notes that at least four bytes at s stand at "at" as well, and
// returns where the repetition ends.
func (e *Encoder) repetition(c *cursor, s, at int) int {
	src := c.src
	for s > c.done && at > 0 && src[s-1] == src[at-1] {
		s, at = s-1, at-1
	}
	left := 4 + same(src[s+4:], src[at+4:])
	end, distance := s+left, uint16(s-at-1)
	for literals := s - c.done; left > 0; literals = 0 {
		n := min(left, maxLength)
		if rest := left - n; rest > 0 && rest < minLength {
			n -= minLength
		}
		e.sequences[e.count] = sequence{uint32(literals), uint16(n), distance}
		e.count++
		left -= n
		if e.count == maxSequences {
			e.writeBlock(src[c.block:end-left], false)
			c.block = end - left
		}
	}
	c.done = end
	return end
}

// rest notes that no repetition follows, and writes the last block.
func (e *Encoder) rest(c *cursor) {
	e.sequences[e.count] = sequence{literals: uint32(len(c.src) - c.done)}
	e.count++
	e.writeBlock(c.src[c.block:], true)
}

// same is how many bytes a and the longer b have in common at their beginning.
func same(a, b []byte) (n int) {
	for len(a) >= 8 && len(b) >= 8 {
		if x := binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		a, b, n = a[8:], b[8:], n+8
	}
	for i := range a {
		if a[i] != b[i] {
			return n + i
		}
	}
	return n + len(a)
}
