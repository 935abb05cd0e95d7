package match

import (
	"encoding/binary"
	"regexp"
	"unicode/utf8"
)

// sequence matches a fixed number of bytes at the beginning of a text, each
// against a class of its own. The table decides; the words are a short cut to
// yes, eight bytes at a time: for a timestamp, twice as fast as the table alone.
type sequence struct {
	n     int            // bytes
	whole bool           // nothing may follow them
	re    *regexp.Regexp // the whole pattern
	// table[c] has bit i if the byte c may stand at position i.
	table [256]uint64
	// wide has bit i if runes beyond ASCII may stand at position i; they move what
	// follows them, and so re must decide.
	wide  uint64
	words []word
}

// word holds, for eight positions, the longest run of ASCII bytes in their
// classes: eight lanes, the first position in the lowest.
type word struct {
	at    int    // first position; the last word overlaps the one before it
	low   uint64 // the run's first byte
	slack uint64 // 0x7f less the run's last byte: added to a greater one, it sets the lane's high bit
}

const highBits = 0x8080808080808080

func newSequence(classes []*class, whole bool, re *regexp.Regexp) *sequence {
	s := &sequence{n: len(classes), whole: whole, re: re, words: newWords(classes)}
	for i, c := range classes {
		last := i == len(classes)-1 && !whole
		if c.beyond == some || c.beyond == every && !last {
			s.wide |= 1 << i
		}
		for b, in := range c.bytes {
			// With nothing to come, the first byte of any rune is as good as all.
			if in || last && c.beyond == every && b >= utf8.RuneSelf {
				s.table[b] |= 1 << i
			}
		}
	}
	return s
}

// newWords returns no words where they could not help: below eight bytes, or if
// a position has no ASCII byte.
func newWords(classes []*class) []word {
	const lanes = 8
	if len(classes) < lanes {
		return nil
	}
	var words []word
	for done := 0; done < len(classes); done += lanes {
		w := word{at: min(done, len(classes)-lanes)}
		for lane := range lanes {
			low, high, ok := classes[w.at+lane].run()
			if !ok {
				return nil
			}
			w.low |= uint64(low) << (8 * lane)
			w.slack |= uint64(0x7f-high) << (8 * lane)
		}
		words = append(words, w)
	}
	return words
}

func (s *sequence) Match(b []byte) bool {
	if len(b) < s.n {
		return false // a rune has at least one byte
	}
	for i := range s.words {
		w := &s.words[i]
		x := binary.LittleEndian.Uint64(b[w.at:])
		// A lane's high bit says that the byte is above the run, not ASCII, or
		// below the run. A carry into the next lane needs a byte that isn't ASCII,
		// which is enough to fail; with the high bits set nothing is borrowed.
		if ((x+w.slack)|x|^((x|highBits)-w.low))&highBits != 0 {
			return s.walk(b, w.at)
		}
	}
	if len(s.words) == 0 {
		return s.walk(b, 0)
	}
	return s.ends(b)
}

// walk asks the table about the bytes from position i on; those before it match.
func (s *sequence) walk(b []byte, i int) bool {
	for ; i < s.n; i++ {
		c := b[i]
		if s.table[c]>>uint(i)&1 != 0 {
			continue
		}
		if c >= utf8.RuneSelf && s.wide>>uint(i)&1 != 0 {
			return s.re.Match(b)
		}
		return false
	}
	return s.ends(b)
}

// ends reports whether b may end, or go on, where the sequence ends.
func (s *sequence) ends(b []byte) bool { return !s.whole || len(b) == s.n }
