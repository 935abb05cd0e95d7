package deflate

import "encoding/binary"

// A bitWriter appends bits to bytes, from the lowest bit of each byte up.
type bitWriter struct {
	bytes []byte
	acc   uint64 // bits that do not fill a byte yet, fewer than eight
	n     uint   // how many
}

// put appends the n lowest bits of v, of which no others are set; n is 56 at most.
func (w *bitWriter) put(v uint64, n uint) {
	w.acc |= v << w.n
	w.n += n
	for ; w.n >= 8; w.n -= 8 {
		w.bytes = append(w.bytes, byte(w.acc))
		w.acc >>= 8
	}
}

// flush fills the last byte with zeros, and returns all bytes.
func (w *bitWriter) flush() []byte {
	if w.n > 0 {
		w.bytes = append(w.bytes, byte(w.acc))
		w.acc, w.n = 0, 0
	}
	return w.bytes
}

// putStored appends src as blocks that are not compressed.
func (w *bitWriter) putStored(src []byte, last bool) {
	for {
		n := min(len(src), 1<<16-1)
		var final uint64
		if last && n == len(src) {
			final = 1
		}
		w.put(final, 3)
		w.flush()
		w.bytes = binary.LittleEndian.AppendUint16(w.bytes, uint16(n))
		w.bytes = binary.LittleEndian.AppendUint16(w.bytes, ^uint16(n))
		w.bytes = append(w.bytes, src[:n]...)
		if src = src[n:]; len(src) == 0 {
			return
		}
	}
}
