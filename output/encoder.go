package output

import (
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/logcar/logcar/event"
)

// Encoder writes events as JSON documents. It is used by one goroutine at a
// time; only its counters may be read by others.
type Encoder struct {
	shape     Shape
	agent     Agent
	templates map[*event.Source]*template

	// The document's beginning for the batch at hand, time included.
	current *template
	begin   []byte

	invalid atomic.Uint64
}

// maxTemplates bounds the cache: a file that comes and goes leaves its source
// behind. Templates are cheap to make again.
const maxTemplates = 1024

// NewEncoder returns an encoder of documents of the given shape.
func NewEncoder(shape Shape, agent Agent) *Encoder {
	return &Encoder{shape: shape, agent: agent, templates: map[*event.Source]*template{}}
}

// Start prepares the encoder for b's events. The error is a field whose value
// has no JSON form; configuration should have refused it.
func (e *Encoder) Start(b *event.Batch) error {
	t := e.templates[b.Source]
	if t == nil {
		var err error
		if t, err = newTemplate(e.shape, &e.agent, b.Source); err != nil {
			return fmt.Errorf("encode %s: %w", b.Source.Path, err)
		}
		if len(e.templates) >= maxTemplates {
			clear(e.templates)
		}
		e.templates[b.Source] = t
	}
	e.current = t
	e.begin = append(e.begin[:0], head...)
	e.begin = b.Time.UTC().AppendFormat(e.begin, "2006-01-02T15:04:05.000Z")
	e.begin = append(e.begin, t.body...)
	return nil
}

// Append appends the document of b.Events[i] to dst. Start(b) must have been
// called. It allocates nothing but room in dst.
func (e *Encoder) Append(dst []byte, b *event.Batch, i int) []byte {
	ev := &b.Events[i]
	dst = append(dst, e.begin...)
	if e.shape == Shape6 {
		// Filebeat 6.0 gives the end of the event, not its start.
		dst = append(dst, `,"offset":`...)
		dst = strconv.AppendInt(dst, ev.To, 10)
		dst = append(dst, `,"message":"`...)
	} else {
		dst = appendFlags(dst, e.shape, ev.Flags)
		dst = append(dst, `,"offset":`...)
		dst = strconv.AppendInt(dst, ev.From, 10)
		dst = append(dst, `},"message":"`...)
	}
	dst, bad := AppendEscaped(dst, b.Data[ev.Start:ev.End])
	if bad > 0 {
		e.invalid.Add(uint64(bad))
	}
	return append(dst, e.current.tail...)
}

// InvalidUTF8 is the number of bytes so far that were replaced by U+FFFD.
func (e *Encoder) InvalidUTF8() uint64 { return e.invalid.Load() }
