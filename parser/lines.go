package parser

import (
	"bytes"
	"sync"
	"unicode/utf8"
)

// bom is stripped from every line, as Filebeat does from 7.0 on.
var bom = []byte("\ufeff")

// find returns where in buf the next line terminator begins, or -1.
func (f *File) find() int {
	for {
		i := bytes.Index(f.buf[f.scan:], f.nl)
		if i < 0 {
			f.scan = max(f.scan, f.line, len(f.buf)-len(f.nl)+1)
			return -1
		}
		i += f.scan
		// The bytes may be part of something else.
		aligned := (int64(i-f.line)+f.lost)%int64(f.chain.lines.width) == 0
		if aligned && (!f.chain.lines.bareNEL() || !insideRune(f.buf[f.line:i])) {
			f.scan = i
			return i
		}
		f.scan = i + 1
	}
}

// cut takes the line that ends at buf[end], and nl more bytes. With none it is
// the last line of a file that does not end with a terminator.
func (f *File) cut(end, nl int) {
	text := f.buf[f.line:end]
	next := f.pos + int64(len(text)+nl) + f.lost
	f.msg = message{from: f.pos, begin: f.pos, to: next, since: f.now, eol: nl > 0, partial: nl == 0, cut: f.lost > 0}
	if limit := f.chain.limit; limit > 0 && len(text) > limit {
		text, f.msg.cut = text[:limit], true
	}
	if nl == 1 && f.chain.lines.bareNEL() {
		text = bytes.TrimSuffix(text, []byte{0xc2})
	}
	switch {
	case f.decoder != nil:
		text = decode(f.out.scratch[:0], text, f.decoder)
		f.out.scratch = text
	case f.chain.lines.valid && !utf8.Valid(text):
		text = appendValid(f.out.scratch[:0], text)
		f.out.scratch = text
	}
	f.msg.text = bytes.TrimPrefix(text, bom)
	f.line, f.scan, f.pos, f.lost = end+nl, end+nl, next, 0
	f.first.take(&f.msg)
	f.msg = message{} // it held on to maps
}

// shorten drops what is too much of an endless line, but not the beginning of a
// terminator.
func (f *File) shorten() {
	rest := len(f.nl) + 2 // insideRune looks back
	if f.chain.limit == 0 || len(f.buf)-f.line <= f.chain.limit+1+rest {
		return
	}
	keep := f.line + f.chain.limit + 1
	f.lost += int64(len(f.buf) - rest - keep)
	f.buf = append(f.buf[:keep], f.buf[len(f.buf)-rest:]...)
	f.scan = len(f.buf) - len(f.nl) + 1
}

// compact moves what is unfinished to the front of buf, or into a buffer of its
// size: many files are quiet for a long time.
func (f *File) compact() {
	rest := f.buf[f.line:]
	switch {
	case len(rest) == 0:
		f.release()
	case cap(f.buf) > 4*len(rest)+smallest:
		rest = append(make([]byte, 0, 2*len(rest)), rest...)
		f.release()
		f.buf = rest
	case f.line > 0:
		f.buf = f.buf[:copy(f.buf, rest)]
	}
	f.scan -= f.line
	f.line = 0
}

const (
	// smallest is the size of a buffer that is not worth being exchanged.
	smallest = 1 << 10
	// bufferSize is that of the buffers that files hand on to each other.
	bufferSize = 256 << 10
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, bufferSize); return &b }}

// grow makes room for n more bytes.
func (f *File) grow(n int) {
	need := len(f.buf) + n
	if need <= cap(f.buf) || need > bufferSize {
		return // append knows best
	}
	b := append(*buffers.Get().(*[]byte), f.buf...)
	f.release()
	f.buf = b
}

// release gives buf away.
func (f *File) release() {
	if b := f.buf[:0]; cap(b) >= bufferSize && cap(b) <= 4*bufferSize {
		buffers.Put(&b)
	}
	f.buf = nil
}
