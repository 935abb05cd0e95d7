package deflate

import (
	"math/bits"
	"slices"
)

// sizes works out how many bits each symbol's code shall have, at most limit, so
// that what was counted becomes as short as it can, or nearly so where the limit
// matters. Symbols that do not occur have none; a single one has a bit.
func sizes(dst []uint8, counts []uint32, limit int) {
	clear(dst)
	// Sorted by count. The symbol stands in the lowest bits.
	const symbolBits = 9
	var keys [literalSymbols]uint64
	n := 0
	for symbol, count := range counts {
		if count > 0 {
			keys[n] = uint64(count)<<symbolBits | uint64(symbol)
			n++
		}
	}
	slices.Sort(keys[:n])
	if n < 2 {
		for _, key := range keys[:n] {
			dst[key&(1<<symbolBits-1)] = 1
		}
		return
	}
	var depths [literalSymbols]uint64
	for i, key := range keys[:n] {
		depths[i] = key >> symbolBits
	}
	codeLengths(depths[:n])
	var perSize [maxDistanceBits + 1]int
	for _, depth := range depths[:n] {
		perSize[min(int(depth), limit)]++
	}
	shorten(perSize[:limit+1])
	i := n // the most frequent ones get the shortest codes
	for size, count := range perSize[:limit+1] {
		for range count {
			i--
			dst[keys[i]&(1<<symbolBits-1)] = uint8(size)
		}
	}
}

// shorten makes codes of the sizes possible again after longer ones were counted
// among the longest: it moves others down until there is room.
func shorten(perSize []int) {
	limit := len(perSize) - 1
	room := 1 << limit
	for size := 1; size <= limit; size++ {
		room -= perSize[size] << (limit - size)
	}
	for ; room < 0; room++ {
		// One of the longest goes up beside one that comes down to meet it.
		size := limit - 1
		for perSize[size] == 0 {
			size--
		}
		perSize[limit]--
		perSize[size]--
		perSize[size+1] += 2
	}
}

// codeLengths replaces counts, at least two and ascending, by the lengths of their
// Huffman codes, in place (A. Moffat, J. Katajainen: In-Place Calculation of
// Minimum-Redundancy Codes, 1995).
func codeLengths(a []uint64) {
	n := len(a)
	// Left to right: a[i] is the weight of a leaf, or of an inner node, or the
	// parent of an inner node that has been used.
	a[0] += a[1]
	root, leaf := 0, 2
	for next := 1; next < n-1; next++ {
		if leaf >= n || a[root] < a[leaf] {
			a[next], a[root] = a[root], uint64(next)
			root++
		} else {
			a[next] = a[leaf]
			leaf++
		}
		if leaf >= n || root < next && a[root] < a[leaf] {
			a[next] += a[root]
			a[root] = uint64(next)
			root++
		} else {
			a[next] += a[leaf]
			leaf++
		}
	}
	// Right to left: the depth of each inner node is its parent's and one more.
	a[n-2] = 0
	for i := n - 3; i >= 0; i-- {
		a[i] = a[a[i]] + 1
	}
	// And right to left again: what the inner nodes of a depth leave is leaves.
	inner, next := n-2, n-1
	for open, depth := 1, uint64(0); open > 0; depth++ {
		nodes := 0
		for inner >= 0 && a[inner] == depth {
			nodes++
			inner--
		}
		for ; open > nodes; open-- {
			a[next] = depth
			next--
		}
		open = 2 * nodes
	}
}

// canonical makes the codes that deflate derives from their sizes, which it wants
// written from their highest bit on.
func canonical(dst []code, sizes []uint8) {
	var perSize [maxDistanceBits + 1]uint32
	for _, size := range sizes {
		perSize[size]++
	}
	perSize[0] = 0
	var next [maxDistanceBits + 1]uint32
	for size := 1; size <= maxDistanceBits; size++ {
		next[size] = (next[size-1] + perSize[size-1]) << 1
	}
	for symbol, size := range sizes {
		dst[symbol] = 0
		if size > 0 {
			dst[symbol] = code(bits.Reverse32(next[size])>>(32-size))<<8 | code(size)
			next[size]++
		}
	}
}
