package deflate

// A header says, run-length encoded and with codes of its own, which sizes a
// block's codes have.
type header struct {
	literals, distances int // how many sizes are given
	runs                [literalSymbols + distanceSymbols]run
	count               int
	codes               [19]code
	sizes               [19]uint8
	given               int // how many of sizes are given, in headerOrder
}

// A run is a symbol of a header: a size, or how often one is repeated.
type run struct{ symbol, extra uint8 }

const (
	repeatLast      = 16 // 3 to 6 times; 2 bits say how often
	repeatZero      = 17 // 3 to 10 times; 3 bits
	repeatManyZeros = 18 // 11 to 138 times; 7 bits
)

// extraBits is how many bits follow a symbol.
var extraBits = [19]uint8{repeatLast: 2, repeatZero: 3, repeatManyZeros: 7}

// headerOrder is the order in which the sizes of a header's own codes are given.
var headerOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// header makes the header for the codes that were built. It is valid until the
// next one is made.
func (c *codes) header() *header {
	h := &c.head
	h.literals = max(used(c.literalSizes[:]), firstLength)
	h.distances = max(used(c.distanceSizes[:]), 1)
	h.count = 0
	// The runs may go on from the literals' sizes to the distances'.
	var all [literalSymbols + distanceSymbols]uint8
	n := copy(all[:], c.literalSizes[:h.literals])
	n += copy(all[n:], c.distanceSizes[:h.distances])
	for i := 0; i < n; {
		times := 1
		for i+times < n && all[i+times] == all[i] {
			times++
		}
		h.add(all[i], times)
		i += times
	}
	var counts [19]uint32
	for _, r := range h.runs[:h.count] {
		counts[r.symbol]++
	}
	sizes(h.sizes[:], counts[:], maxHeaderBits)
	canonical(h.codes[:], h.sizes[:])
	h.given = len(headerOrder)
	for h.given > 4 && h.sizes[headerOrder[h.given-1]] == 0 {
		h.given--
	}
	return h
}

// used is how many sizes there are up to the last that is not 0.
func used(sizes []uint8) int {
	n := len(sizes)
	for n > 0 && sizes[n-1] == 0 {
		n--
	}
	return n
}

// add adds a size that is given so many times in a row.
func (h *header) add(size uint8, times int) {
	if size == 0 {
		for times >= 11 {
			n := min(times, 138)
			h.append(run{repeatManyZeros, uint8(n - 11)})
			times -= n
		}
		if times >= 3 {
			h.append(run{repeatZero, uint8(times - 3)})
			return
		}
	} else {
		h.append(run{symbol: size})
		times--
		for times >= 3 {
			n := min(times, 6)
			h.append(run{repeatLast, uint8(n - 3)})
			times -= n
		}
	}
	for range times {
		h.append(run{symbol: size})
	}
}

func (h *header) append(r run) {
	h.runs[h.count] = r
	h.count++
}

// bits is how long the header is.
func (h *header) bits() int {
	n := 14 + 3*h.given
	for _, r := range h.runs[:h.count] {
		n += int(h.sizes[r.symbol]) + int(extraBits[r.symbol])
	}
	return n
}

func (h *header) put(w *bitWriter) {
	w.put(uint64(h.literals-firstLength)|uint64(h.distances-1)<<5|uint64(h.given-4)<<10, 14)
	for _, symbol := range headerOrder[:h.given] {
		w.put(uint64(h.sizes[symbol]), 3)
	}
	for _, r := range h.runs[:h.count] {
		c := h.codes[r.symbol]
		w.put(c.bits(), c.size())
		w.put(uint64(r.extra), uint(extraBits[r.symbol]))
	}
}
