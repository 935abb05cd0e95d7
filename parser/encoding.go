package parser

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

var (
	utf16be encoding.Encoding = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	utf16le encoding.Encoding = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
)

// encodings are Filebeat's own names. All others are those of the WHATWG standard,
// of which some are changed here: gbk is not gb18030, iso8859-1 is not windows-1252,
// and hz-gb-2312 is read (in Filebeat it yields nothing).
var encodings = map[string]encoding.Encoding{
	"gbk":        simplifiedchinese.GBK,
	"hz-gb-2312": simplifiedchinese.HZGB2312,

	"iso8859-1": charmap.ISO8859_1, "iso8859-2": charmap.ISO8859_2, "iso8859-3": charmap.ISO8859_3, "iso8859-4": charmap.ISO8859_4,
	"iso8859-5": charmap.ISO8859_5, "iso8859-6": charmap.ISO8859_6, "iso8859-7": charmap.ISO8859_7, "iso8859-8": charmap.ISO8859_8,
	"iso8859-9": charmap.ISO8859_9, "iso8859-10": charmap.ISO8859_10, "iso8859-13": charmap.ISO8859_13, "iso8859-14": charmap.ISO8859_14,
	"iso8859-15": charmap.ISO8859_15, "iso8859-16": charmap.ISO8859_16,
	"iso8859-6e": charmap.ISO8859_6, "iso8859-6i": charmap.ISO8859_6, "iso8859-8e": charmap.ISO8859_8, "iso8859-8i": charmap.ISO8859_8,

	"cp437": charmap.CodePage437, "cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp855": charmap.CodePage855,
	"cp858": charmap.CodePage858, "cp860": charmap.CodePage860, "cp862": charmap.CodePage862, "cp863": charmap.CodePage863,
	"cp865": charmap.CodePage865, "cp866": charmap.CodePage866,
	"ebcdic-037": charmap.CodePage037, "ebcdic-1040": charmap.CodePage1140, "ebcdic-1047": charmap.CodePage1047,

	"koi8r": charmap.KOI8R, "koi8u": charmap.KOI8U,
	"macintosh": charmap.Macintosh, "macintosh-cyrillic": charmap.MacintoshCyrillic,

	"windows1250": charmap.Windows1250, "windows1251": charmap.Windows1251, "windows1252": charmap.Windows1252,
	"windows1253": charmap.Windows1253, "windows1254": charmap.Windows1254, "windows1255": charmap.Windows1255,
	"windows1256": charmap.Windows1256, "windows1257": charmap.Windows1257, "windows1258": charmap.Windows1258,
	"windows874": charmap.Windows874,

	"utf-16-bom": nil, "utf-16be-bom": utf16be, "utf-16le-bom": utf16le,
}

// terminators are Filebeat's names of line terminators.
var terminators = map[string]string{
	"":                          "\n",
	"auto":                      "\n",
	"line_feed":                 "\n",
	"vertical_tab":              "\v",
	"form_feed":                 "\f",
	"carriage_return":           "\r",
	"carriage_return_line_feed": "\r\n",
	"next_line":                 "\u0085",
	"line_separator":            "\u2028",
	"paragraph_separator":       "\u2029",
	"null_terminator":           "\x00",
}

// lineFormat is how a file's bytes are lines.
type lineFormat struct {
	coding encoding.Encoding // nil: plain, or of the byte order that bom is waiting for
	valid  bool              // it is UTF-8, and what is not valid is replaced
	bom    bool              // the first two bytes can say the byte order
	name   string            // the encoding's

	text  string // the line terminator
	auto  bool   // a carriage return before it belongs to it
	width int    // bytes that a character is at least, and a multiple of

	// rawPerText is how many bytes there can be to one byte of text, escape
	// sequences aside: UTF-16 has two for a letter.
	rawPerText int
}

func newLineFormat(name, terminator string) (lineFormat, error) {
	l := lineFormat{name: strings.ToLower(strings.TrimSpace(name)), width: 1, rawPerText: 1}
	text, ok := terminators[terminator]
	if !ok {
		return l, fmt.Errorf("line_terminator: %q is none of Filebeat's, such as auto or line_feed", terminator)
	}
	l.text, l.auto = text, terminator == "" || terminator == "auto"
	switch l.name {
	case "", "plain", "nop":
		return l, nil
	case "utf-8", "utf8", "unicode-1-1-utf-8":
		l.valid = true
		return l, nil
	case "utf-16-bom", "utf-16be-bom", "utf-16le-bom":
		l.bom = true
	}
	coding, ok := encodings[l.name]
	if !ok {
		var err error
		if coding, err = htmlindex.Get(l.name); err != nil {
			return l, fmt.Errorf("encoding: %q is unknown", name)
		}
		if coding == encoding.Replacement {
			return l, fmt.Errorf("encoding: %q cannot be read: the WHATWG standard gives it no decoder", name)
		}
	}
	l.coding, l.rawPerText = coding, 2
	if l.bom || coding == utf16be || coding == utf16le {
		l.width = 2
		return l, nil
	}
	nl, err := l.terminator(coding)
	if err != nil {
		return l, err
	}
	if coding == simplifiedchinese.GB18030 && nl[0] >= utf8.RuneSelf {
		// Its bytes are also the end of one character and the beginning of another.
		return l, fmt.Errorf("line_terminator: %s cannot be told from letters in encoding %s", terminator, l.name)
	}
	return l, nil
}

// terminator returns the line terminator's bytes in a file.
func (l *lineFormat) terminator(coding encoding.Encoding) ([]byte, error) {
	if coding == nil {
		if l.bareNEL() {
			return []byte{0x85}, nil
		}
		return []byte(l.text), nil
	}
	nl, err := coding.NewEncoder().Bytes([]byte(l.text))
	if err != nil {
		return nil, fmt.Errorf("line_terminator: encoding %s has no character %U", l.name, []rune(l.text))
	}
	return nl, nil
}

// bareNEL: without an encoding Filebeat takes the byte 0x85 alone for the line
// terminator next_line. It then tears the letters apart that have it in their
// UTF-8 form; insideRune tells these.
func (l *lineFormat) bareNEL() bool {
	return l.text == "\u0085" && l.coding == nil && !l.valid && !l.bom
}

// insideRune says whether the byte after b continues a letter in UTF-8. The rune
// U+0085 itself (0xc2 0x85) is none.
func insideRune(b []byte) bool {
	for back := 1; back <= 3 && back <= len(b); back++ {
		switch c := b[len(b)-back]; {
		case c >= 0xf0:
			return true
		case c >= 0xe0:
			return back <= 2
		case c > 0xc2:
			return back == 1
		case c < 0x80 || c >= 0xc0:
			return false
		}
	}
	return false
}

// errNoBOM: Filebeat does not read such a file either.
var errNoBOM = errors.New("encoding utf-16-bom: the file does not begin with a byte order mark")

// byteOrder returns the encoding of a file that begins with head, at least two
// bytes, and whether they are a byte order mark.
func (l *lineFormat) byteOrder(head []byte) (encoding.Encoding, bool, error) {
	switch {
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return utf16be, true, nil
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return utf16le, true, nil
	case l.coding == nil:
		return nil, false, errNoBOM
	}
	return l.coding, false, nil
}

// decode appends src, a whole line, to dst as UTF-8.
func decode(dst, src []byte, t transform.Transformer) []byte {
	t.Reset() // encodings with shifts are back in ASCII at the end of each line
	for {
		dst = slices.Grow(dst, len(src)+2*utf8.UTFMax)
		nDst, nSrc, _ := t.Transform(dst[len(dst):cap(dst)], src, true)
		dst, src = dst[:len(dst)+nDst], src[nSrc:]
		if len(src) == 0 {
			return dst
		}
		if nDst == 0 && nSrc == 0 { // there was room, so it is no character
			dst, src = utf8.AppendRune(dst, utf8.RuneError), src[1:]
		}
	}
}

// appendValid appends src to dst with each byte that is not UTF-8 as U+FFFD.
func appendValid(dst, src []byte) []byte {
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		if r == utf8.RuneError {
			dst = utf8.AppendRune(dst, r)
		} else {
			dst = append(dst, src[:n]...)
		}
		src = src[n:]
	}
	return dst
}
