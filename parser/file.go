package parser

import (
	"math"
	"slices"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// File turns the bytes of one file into events, and keeps what is unfinished. It
// is for one goroutine at a time.
type File struct {
	chain *Chain
	first node   // of the chain
	parts *parts // the Container at work, or nil
	joins []*join

	// How the bytes are lines, as far as the file has a say in it.
	decoder transform.Transformer // nil: text is the bytes themselves
	nl      []byte                // the line terminator's bytes
	unknown bool                  // byte order: the first bytes are still to come

	buf  []byte    // the line that has no end yet, and bytes that are still to be cut
	line int       // where that line begins in buf
	scan int       // there is no line end before
	pos  int64     // file offset of its beginning
	lost int64     // bytes of it that were not kept, because it is too long
	now  time.Time // when the bytes that were fed last were read
	msg  message   // the line at work

	// For the time of a Take, Flush or Close.
	out   *Output
	again int64 // no byte before this file offset is to be read again
}

// File returns the state of a file that is read from its beginning. For another
// place, Reset it.
func (c *Chain) File() *File {
	f := &File{chain: c}
	var n node = &last{f: f}
	stripped := false
	strip := func() {
		n, stripped = &strip{terminator: []byte(c.lines.text), auto: c.lines.auto, next: n}, true
	}
	for i := len(c.config.Stages) - 1; i >= 0; i-- {
		if _, ok := c.config.Stages[i].(Multiline); !ok && !c.config.Filestream && !stripped {
			strip()
		}
		n = c.config.Stages[i].node(f, n)
	}
	if !stripped {
		strip()
	}
	f.first = n
	slices.Reverse(f.joins)
	f.Reset(0)
	return f
}

// Reset forgets everything; the bytes fed next are at file offset pos.
func (f *File) Reset(pos int64) {
	f.release()
	f.line, f.scan, f.pos, f.lost = 0, 0, pos, 0
	f.unknown = f.chain.lines.bom
	if !f.unknown {
		f.use(f.chain.lines.coding)
	}
	if f.parts != nil {
		f.parts.reset()
	}
	for _, j := range f.joins {
		j.reset()
	}
}

// use sets the encoding.
func (f *File) use(coding encoding.Encoding) {
	f.decoder = nil
	if coding != nil {
		f.decoder = coding.NewDecoder().Transformer
	}
	f.nl, _ = f.chain.lines.terminator(coding) // New has seen that it is there
}

// Head tells a file that was Reset to another place than its beginning what it
// begins with: two bytes or more. It is needed where Chain.NeedsHead says so;
// without it the byte order is the one that the encoding's name says, if it does.
func (f *File) Head(b []byte) error {
	if !f.unknown || f.pos == 0 || len(b) < 2 {
		return nil
	}
	coding, _, err := f.chain.lines.byteOrder(b)
	if err != nil {
		return err
	}
	f.use(coding)
	f.unknown = false
	return nil
}

// Feed takes the bytes that follow those fed before, which were read at now. It
// copies them. The error is a file that is not in the encoding: nothing of it can
// be read, and its position must stay where it is.
//
// Take what is complete before feeding more: an event is dated by the latest Feed.
func (f *File) Feed(b []byte, now time.Time) error {
	f.now = now
	f.grow(len(b))
	f.buf = append(f.buf, b...)
	if !f.unknown || len(f.buf) < 2 {
		return nil
	}
	head := f.buf
	if f.pos > 0 {
		head = []byte{0, 0} // Head was not called
	}
	coding, marked, err := f.chain.lines.byteOrder(head)
	if err != nil {
		f.release()
		return err
	}
	if marked {
		f.line, f.scan, f.pos = 2, 2, 2
	}
	f.use(coding)
	f.unknown = false
	return nil
}

// Take appends the events that are complete to out. It stops after most, give or
// take the few that one line completes together, and then says that there may be
// more at once.
func (f *File) Take(out *Output, most int) (more bool) {
	if f.unknown {
		return false
	}
	f.out = out
	for most += len(out.Events); ; {
		end := f.find()
		if end < 0 {
			f.shorten()
			f.compact()
			return false
		}
		if len(out.Events) >= most {
			return true
		}
		f.cut(end, len(f.nl))
	}
}

// Flush ends the open events without waiting for their next lines, except those
// that must be whole. Lines without an end and parts of a container's line stay.
func (f *File) Flush(out *Output, now time.Time) {
	f.out, f.now = out, now
	for _, j := range f.joins {
		if !j.Whole {
			j.close()
		}
	}
}

// Close is Flush when nothing more will come: what is not whole goes out too, and
// so do parts and a line without an end, flagged as partial. It returns the file
// offset up to which everything was complete: the rest is to be read again, should
// there be another time. The file must then be Reset before it is fed again.
func (f *File) Close(out *Output, now time.Time) (done int64) {
	f.out, f.now, f.again = out, now, math.MaxInt64
	if len(f.buf) > f.line && !f.unknown {
		f.cut(len(f.buf), 0)
	}
	f.release()
	f.line, f.scan = 0, 0
	if f.parts != nil {
		f.parts.close()
	}
	for _, j := range f.joins {
		if j.Whole && j.lines > 0 {
			f.again = min(f.again, j.open.begin)
		}
		j.close()
	}
	return min(f.again, f.pos)
}

// Settled is the file offset before which nothing is left to be cut. It may be
// less than the end of an event that was taken, when lines of two streams are
// mixed.
func (f *File) Settled() int64 {
	at := f.pos
	if f.parts != nil {
		at = min(at, f.parts.begin())
	}
	for _, j := range f.joins {
		if j.lines > 0 {
			at = min(at, j.open.begin)
		}
	}
	return at
}

// Deadline is when Flush is due because an open event has waited for its next
// line long enough. With ok false nothing waits.
func (f *File) Deadline() (at time.Time, ok bool) {
	for _, j := range f.joins {
		if j.lines == 0 || j.Timeout <= 0 {
			continue
		}
		if t := j.latest.Add(j.Timeout); !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	return at, ok
}
