package match

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

const maxRune = unicode.MaxRune

// class says what may stand at one position.
type class struct {
	bytes  [256]bool // ASCII; beyond it only the bytes of a literal
	beyond coverage
}

// coverage is how many of the runes beyond ASCII a class has. An invalid byte is
// one of them, for regexp reads it as U+FFFD.
type coverage uint8

const (
	none coverage = iota
	some
	every
)

// newClass makes a class of a list of pairs: the first and last rune of a range.
func newClass(ranges ...rune) *class {
	c := new(class)
	for i := 0; i < len(ranges); i += 2 {
		low, high := ranges[i], ranges[i+1]
		for r := low; r <= high && r < utf8.RuneSelf; r++ {
			c.bytes[r] = true
		}
		switch {
		case high < utf8.RuneSelf:
		case low <= utf8.RuneSelf && high == maxRune:
			c.beyond = every
		default:
			c.beyond = max(c.beyond, some)
		}
	}
	return c
}

// literalItems returns a literal's bytes: fixed ones, or where the case is to be
// ignored the class of the runes that differ in their case alone. These may lie
// beyond ASCII: (?i)k matches the Kelvin sign.
func literalItems(re *syntax.Regexp) []item {
	var items []item
	for _, r := range re.Rune {
		ranges := []rune{r, r}
		if re.Flags&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				ranges = append(ranges, f, f)
			}
		}
		if len(ranges) > 2 || r < utf8.RuneSelf || r == utf8.RuneError {
			items = append(items, item{class: newClass(ranges...)})
			continue
		}
		// UTF-8 synchronizes itself: where these bytes stand, regexp reads this
		// rune, whatever is around them. Only U+FFFD is read from other bytes too.
		for _, b := range utf8.AppendRune(nil, r) {
			c := new(class)
			c.bytes[b] = true
			items = append(items, item{class: c})
		}
	}
	return items
}

// fixed returns the one byte that the class allows, if it is only one.
func (c *class) fixed() (b byte, ok bool) {
	n := 0
	for i, in := range c.bytes {
		if in {
			b, n = byte(i), n+1
		}
	}
	return b, n == 1 && c.beyond == none
}

// run returns the longest run of ASCII bytes in the class.
func (c *class) run() (low, high byte, ok bool) {
	best := 0
	for i := 0; i < utf8.RuneSelf; i++ {
		n := 0
		for i+n < utf8.RuneSelf && c.bytes[i+n] {
			n++
		}
		if n > best {
			best, low, high = n, byte(i), byte(i+n-1)
		}
		i += n
	}
	return low, high, best > 0
}
