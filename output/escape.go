package output

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// escapable has the top bit set in the lowest byte of w that JSON wants escaped:
// below 0x20, a quote or a backslash. Bytes above that one may be marked
// wrongly (a borrow runs upwards), so only the lowest mark counts.
func escapable(w uint64) uint64 {
	control := w - ones*0x20
	quote := (w ^ ones*'"') - ones
	backslash := (w ^ ones*'\\') - ones
	// The complement of w keeps bytes from 0x80 on from looking like control
	// characters; XOR with an ASCII character leaves their top bit alone.
	return (control | quote | backslash) &^ w & highs
}

const hexDigits = "0123456789abcdef"

// escapes holds what follows the backslash, or 'u' for the long form.
var escapes = func() (t [256]byte) {
	for c := range 0x20 {
		t[c] = 'u'
	}
	t['\n'], t['\r'], t['\t'], t['"'], t['\\'] = 'n', 'r', 't', '"', '\\'
	return t
}()

// AppendEscaped appends text as the inside of a JSON string, as Filebeat writes
// it: quote, backslash, \n, \r and \t in their short forms, other control
// characters as \u00xx, everything else raw, and each byte that is not part of
// valid UTF-8 as \ufffd. It returns how many such bytes there were.
func AppendEscaped(dst, text []byte) ([]byte, int) {
	if !utf8.Valid(text) {
		return appendInvalid(dst, text)
	}
	return appendValid(dst, text), 0
}

// appendValid looks at eight bytes at a time and starts again after each escape,
// since a stack trace has an escape per line.
func appendValid(dst, text []byte) []byte {
	start, i := 0, 0
	for {
		for i+8 <= len(text) {
			m := escapable(binary.LittleEndian.Uint64(text[i:]))
			if m != 0 {
				i += bits.TrailingZeros64(m) / 8
				goto escape
			}
			i += 8
		}
		for i < len(text) && escapes[text[i]] == 0 {
			i++
		}
		if i == len(text) {
			return append(dst, text[start:]...)
		}
	escape:
		dst = append(dst, text[start:i]...)
		// A line end is mostly followed by a tab: escape as many as there are.
		for i < len(text) && escapes[text[i]] != 0 {
			dst = appendEscape(dst, text[i])
			i++
		}
		start = i
	}
}

func appendEscape(dst []byte, c byte) []byte {
	if e := escapes[c]; e != 'u' {
		return append(dst, '\\', e)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

func appendInvalid(dst, text []byte) ([]byte, int) {
	bad, start := 0, 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			dst = appendValid(dst, text[start:i])
			dst = append(dst, `\ufffd`...)
			bad++
			start = i + 1
		}
		i += n
	}
	return appendValid(dst, text[start:]), bad
}
