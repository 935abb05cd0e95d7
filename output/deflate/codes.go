package deflate

const (
	endOfBlock  = 256
	firstLength = 257 // the symbol of the shortest length

	// literalSymbols counts two that never occur: deflate's fixed codes would come
	// out otherwise without them.
	literalSymbols  = 288
	lastLiteral     = 285
	distanceSymbols = 30

	// maxLiteralBits is one less than deflate allows, so that four codes and a
	// rest of seven bits fit into 64.
	maxLiteralBits  = 14
	maxDistanceBits = 15
	maxHeaderBits   = 7
)

// A code is a prefix code and how many bits it has, in the lowest byte.
type code uint32

func (c code) bits() uint64 { return uint64(c >> 8) }
func (c code) size() uint   { return uint(c & 0xff) }

// codes are what a block is written with, and what is counted for them.
type codes struct {
	literalCounts  [literalSymbols]uint32
	distanceCounts [distanceSymbols]uint32

	literals  [literalSymbols]code
	distances [distanceSymbols]code
	lengths   [maxLength + 1]code // of a length's symbol, with the bits that follow it

	literalSizes  [literalSymbols]uint8
	distanceSizes [distanceSymbols]uint8

	head header
}

// lengths are the symbols of deflate's lengths: those from base on have the bits
// of extra behind them.
var lengths = newLengths()

type lengthTables struct {
	code  [maxLength + 1]uint8 // less firstLength
	base  [29]uint16
	extra [29]uint8
}

func newLengths() *lengthTables {
	t := &lengthTables{}
	n := minLength
	for i := range 28 {
		if i >= 8 {
			t.extra[i] = uint8(i/4 - 1)
		}
		t.base[i] = uint16(n)
		for range 1 << t.extra[i] {
			if n < maxLength { // which has a symbol of its own
				t.code[n] = uint8(i)
			}
			n++
		}
	}
	t.code[maxLength], t.base[28] = 28, maxLength
	return t
}

// build makes the best codes for the counts.
func (c *codes) build() {
	sizes(c.literalSizes[:], c.literalCounts[:], maxLiteralBits)
	sizes(c.distanceSizes[:], c.distanceCounts[:], maxDistanceBits)
	c.assign()
}

// assign makes the codes of the sizes.
func (c *codes) assign() {
	canonical(c.literals[:], c.literalSizes[:])
	canonical(c.distances[:], c.distanceSizes[:])
	for n := minLength; n <= maxLength; n++ {
		i := lengths.code[n]
		symbol := c.literals[firstLength+int(i)]
		size := symbol.size()
		value := symbol.bits() | uint64(n-int(lengths.base[i]))<<size
		c.lengths[n] = code(value<<8) | code(size+uint(lengths.extra[i]))
	}
}

// choose begins a block with the codes that were built, or with deflate's fixed
// ones if that makes it smaller, as it does when there is little to write.
func (c *codes) choose(w *bitWriter, last bool) {
	h := c.header()
	dynamic := h.bits() + cost(c.literalCounts[:], c.literalSizes[:]) + cost(c.distanceCounts[:], c.distanceSizes[:])
	fixed := cost(c.literalCounts[:], fixedSizes[:]) + 5*sum(c.distanceCounts[:])
	if dynamic < fixed {
		w.put(blockHeader(2, last), 3)
		h.put(w)
		return
	}
	w.put(blockHeader(1, last), 3)
	c.literalSizes = fixedSizes
	for i := range c.distanceSizes {
		c.distanceSizes[i] = 5
	}
	c.assign()
}

// putDynamic begins a block with the codes that were built.
func (c *codes) putDynamic(w *bitWriter, last bool) {
	w.put(blockHeader(2, last), 3)
	h := c.header()
	h.put(w)
}

func blockHeader(form uint64, last bool) uint64 {
	if last {
		return form<<1 | 1
	}
	return form << 1
}

// fixedSizes are those of deflate's fixed literal codes.
var fixedSizes = newFixedSizes()

func newFixedSizes() (s [literalSymbols]uint8) {
	for i := range s {
		switch {
		case i < 144:
			s[i] = 8
		case i < 256:
			s[i] = 9
		case i < 280:
			s[i] = 7
		default:
			s[i] = 8
		}
	}
	return s
}

func cost(counts []uint32, sizes []uint8) (bits int) {
	for i, n := range counts {
		bits += int(n) * int(sizes[i])
	}
	return bits
}

func sum(counts []uint32) (total int) {
	for _, n := range counts {
		total += int(n)
	}
	return total
}
