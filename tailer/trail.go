package tailer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/logcar/logcar/registry"
)

// A file can be emptied and filled again before anybody looks. What is in it then
// is told from what was read of it by two things: the head, and the trail, which
// are the last bytes that were read. Every read begins with the trail once more,
// so that it proves for nothing that it goes on where the last one ended.
const (
	// trailSize is room for the time of a line, or of the one before.
	trailSize = 256
	// headEvery is how often at most the head of a file that has grown is compared,
	// in case that the trail is the same by accident.
	headEvery = time.Second
)

// readOn reads what stands at r's offset into room. It returns errEmptied when the
// bytes before are not those that were read, or not there any more.
func (t *Tailer) readOn(r *reader, room []byte) (int, error) {
	if r.file.from != nil {
		r.trail = nil // its text goes forwards only
	}
	before := t.before[:len(r.trail)]
	n, err := r.file.readBehind(before, room, r.offset)
	switch {
	case err != nil:
		return 0, fmt.Errorf("read %s at %d: %w", r.path, r.offset, err)
	case n < len(before) || !bytes.Equal(before, r.trail):
		return 0, errEmptied
	}
	if n -= len(before); n > 0 && !r.file.foreign() && time.Since(r.sure) >= headEvery {
		r.doubt.Store(true)
		err = t.verify(r)
	}
	return n, err
}

// extend adds what was read to the trail.
func (c *content) extend(b []byte) {
	if c.trail == nil {
		c.trail = make([]byte, 0, trailSize)
	}
	b = b[max(0, len(b)-trailSize):]
	keep := min(len(c.trail), trailSize-len(b))
	copy(c.trail, c.trail[len(c.trail)-keep:])
	c.trail = append(c.trail[:keep], b...)
}

// verify compares the file with what is known of its content, when there is a
// reason to. It returns errEmptied when that is not there any more.
func (t *Tailer) verify(r *reader) error {
	if !r.doubt.Load() {
		return nil
	}
	if ok, err := r.file.decide(); !ok || err != nil {
		return err
	}
	if r.doubt.Store(false); r.file.foreign() {
		return nil
	}
	m := r.known()
	if r.in.Identity.Kind == ByFingerprint {
		m.head = registry.Head{} // its own bytes tell it
	}
	same, err := m.in(r.file)
	if err == nil && same && len(r.trail) == 0 && r.offset > 0 {
		same, err = r.pickUp()
	}
	switch {
	case err != nil:
		r.doubt.Store(true)
		return err
	case !same:
		return errEmptied
	}
	r.last, r.sure = registry.Tail{}, time.Now()
	if r.head.Len < headSize {
		t.learn(r)
	}
	return nil
}

// pickUp reads the trail of a file that is not read from its beginning.
func (r *reader) pickUp() (whole bool, err error) {
	b := make([]byte, min(trailSize, r.offset))
	n, err := r.file.ReadAt(b, r.offset-int64(len(b)))
	if n == len(b) {
		r.trail = b
		r.cursor.SetTail(r.offset, b)
		return true, nil
	}
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return false, fmt.Errorf("read %s: %w", r.path, err)
}

// A mark is what a content is known by.
type mark struct {
	head registry.Head
	tail registry.Tail
}

func (c *content) known() mark {
	if c.last.Len > 0 {
		return mark{c.head, c.last}
	}
	return mark{c.head, registry.TailOf(c.offset, c.trail)}
}

// in says whether f holds the content.
func (m mark) in(f *textFile) (bool, error) {
	if same, err := sameHead(f, m.head); err != nil || !same {
		return false, err
	}
	b := make([]byte, m.tail.Len)
	n, err := f.ReadAt(b, m.tail.End-int64(len(b))) // a file that is its own text
	if n < len(b) && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return n == len(b) && m.tail.Matches(b), nil
}

// strong says that no other content is likely to have the same mark.
func (m mark) strong() bool { return m.head.Len == headSize && m.tail.Len >= trailSize }
