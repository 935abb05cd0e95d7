package output

import (
	"fmt"
	"maps"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/processor"
)

// Options are what the configuration wants done to documents.
type Options struct {
	// Inputs are the processors of each input, Global those of all. Events that
	// none of them touches are written by template, at no cost but the bytes.
	Inputs map[*event.Input]*processor.Chain
	Global *processor.Chain
	// EventID puts an id into @metadata._id that is the same whenever an event
	// is delivered again.
	EventID bool
	// Codec is how they are written.
	Codec Codec
}

// Encoder writes events as JSON documents. It is used by one goroutine at a
// time; only its counters may be read by others.
type Encoder struct {
	shape     Shape
	agent     Agent
	opts      Options
	templates map[*event.Source]*template

	// The batch at hand.
	current *template
	begin   []byte    // the beginning of its documents, time included
	time    time.Time // of the document that was appended last
	key     []byte    // what an id is made of
	plain   []byte    // a document that its codec has still to work on
	id      []byte    // of the document that was appended last

	// The document of an event that Document has worked out and Append has not
	// yet written; nil when there is none.
	doc *processor.Document
	at  int // the event

	invalid, dropped, failed atomic.Uint64
	failure                  atomic.Pointer[error]
}

const (
	// maxTemplates bounds the cache: a file that comes and goes leaves its source
	// behind. Templates are cheap to make again.
	maxTemplates = 1024

	// head begins every document; the time follows.
	head = `{"@timestamp":"`
)

// NewEncoder returns an encoder of documents of the given shape.
func NewEncoder(shape Shape, agent Agent, opts Options) *Encoder {
	return &Encoder{shape: shape, agent: agent, opts: opts, templates: map[*event.Source]*template{}}
}

// Start prepares the encoder for b's events. The error is a field whose value
// has no JSON form; configuration should have refused it.
func (e *Encoder) Start(b *event.Batch) error {
	t := e.templates[b.Source]
	if t == nil || t.all.Version() != t.seen {
		var err error
		if t, err = e.newTemplate(b.Source); err != nil {
			return fmt.Errorf("encode %s: %w", b.Source.Path, err)
		}
		if len(e.templates) >= maxTemplates {
			clear(e.templates)
		}
		e.templates[b.Source] = t
	}
	e.letGo()
	e.current = t
	e.begin = e.appendBegin(e.begin[:0], b.Time)
	return nil
}

// appendBegin writes a document up to the end of the template, or to where its
// id follows.
func (e *Encoder) appendBegin(dst []byte, at time.Time) []byte {
	dst = e.opts.Codec.appendTime(append(dst, head...), at)
	if e.opts.EventID {
		return append(dst, beginID...)
	}
	return append(dst, e.current.body...)
}

// Append appends the document of b.Events[i] to dst; Start(b) must have been
// called. It says false when a processor drops the event, or when it cannot be
// written (a value without a JSON form, a field that the codec's format misses),
// and counts it. For an event that no processor and no parser touches, and
// without a codec, it allocates nothing but room in dst.
func (e *Encoder) Append(dst []byte, b *event.Batch, i int) ([]byte, bool) {
	if e.opts.Codec.styles() {
		return e.appendStyled(dst, b, i)
	}
	return e.appendPlain(dst, b, i)
}

// appendPlain is Append but for what the codec does to finished JSON.
func (e *Encoder) appendPlain(dst []byte, b *event.Batch, i int) ([]byte, bool) {
	t := e.current
	switch {
	case parsed(b, i):
		return e.appendParsed(dst, b, i)
	case len(t.body) == 0:
		return e.appendBuilt(dst, b, i, &t.fixed)
	case e.doc != nil && e.at == i:
		e.letGo() // it has shown itself, and is kept
	case t.drop:
		return e.drop(dst)
	case t.filter != nil && !e.wanted(b, i):
		return e.drop(dst)
	}
	e.time = b.Time
	dst = e.appendPosition(append(dst, e.begin...), b, i)
	return append(e.appendText(dst, b, i), '}'), true
}

// appendPosition writes what follows appendBegin: the id, and where the event
// stands.
func (e *Encoder) appendPosition(dst []byte, b *event.Batch, i int) []byte {
	if e.opts.EventID {
		e.id = e.appendID(e.id[:0], b, i)
		dst = append(append(dst, e.id...), e.current.body...)
	}
	ev := &b.Events[i]
	if e.shape == Shape6 {
		// Filebeat 6.0 gives the end of the event, not its start.
		dst = append(dst, `"offset":`...)
		return strconv.AppendInt(dst, b.Source.Place(ev.To), 10)
	}
	dst = appendFlags(dst, ev.Flags)
	dst = append(dst, `"offset":`...)
	return append(strconv.AppendInt(dst, b.Source.Place(ev.From), 10), '}')
}

// appendText writes the event's text.
func (e *Encoder) appendText(dst []byte, b *event.Batch, i int) []byte {
	ev := &b.Events[i]
	dst, bad := AppendEscaped(append(dst, `,"message":"`...), b.Data[ev.Start:ev.End])
	if bad > 0 {
		e.invalid.Add(uint64(bad))
	}
	return append(dst, '"')
}

// wanted asks the processors that only look.
func (e *Encoder) wanted(b *event.Batch, i int) bool {
	d := e.current.doc
	defer d.Restore()
	d.Time = b.Time
	e.putEvent(d, b, i)
	return e.current.filter.Run(d)
}

// appendBuilt is the way of events whose document is built.
func (e *Encoder) appendBuilt(dst []byte, b *event.Batch, i int, known *fixed) ([]byte, bool) {
	if e.doc == nil || e.at != i {
		if _, kept := e.Document(b, i); !kept {
			return dst, false
		}
	}
	dst, kept := e.appendDocument(dst, b, i, e.doc, known)
	e.letGo()
	return dst, kept
}

// putEvent adds what is the event's own. Where a processor has put something else
// in the place of log, an offset cannot be added to it.
func (e *Encoder) putEvent(d *processor.Document, b *event.Batch, i int) {
	ev := &b.Events[i]
	_ = d.Put("message", string(b.Data[ev.Start:ev.End])) // there is nothing on the way
	if e.shape == Shape6 {
		_ = d.Put("offset", b.Source.Place(ev.To))
		return
	}
	_ = d.Put("log.offset", b.Source.Place(ev.From))
	if flags := flagList(ev.Flags); flags != nil {
		_ = d.Put("log.flags", flags)
	}
}

// appendDocument writes d, but for what is known of it already.
func (e *Encoder) appendDocument(dst []byte, b *event.Batch, i int, d *processor.Document, known *fixed) ([]byte, bool) {
	meta := e.metadata(b, i, d)
	if e.opts.Codec.Format != nil {
		d.Meta = meta
		return e.appendFormatted(dst, d)
	}
	before, bad := dst, 0
	dst = append(dst, head...)
	dst = e.opts.Codec.appendTime(dst, d.Time)
	dst = append(dst, `","@metadata":`...)
	var err error
	if len(known.meta) > 0 && len(d.Meta) == 0 && !e.opts.EventID {
		dst = append(dst, known.meta...)
	} else {
		dst, err = appendValue(dst, meta, &bad)
	}
	if dst = append(dst, known.fields...); err == nil && len(d.Fields) > len(known.names) {
		dst, err = appendOthers(append(dst, ','), d.Fields, known.names, &bad)
	}
	if err != nil {
		return e.fail(before, err)
	}
	e.invalid.Add(uint64(bad))
	e.time = d.Time
	return append(dst, '}'), true
}

// metadata is @metadata of a document that is not written by template.
func (e *Encoder) metadata(b *event.Batch, i int, d *processor.Document) map[string]any {
	meta := e.current.meta
	if len(d.Meta) == 0 && !e.opts.EventID {
		return meta
	}
	meta = maps.Clone(meta)
	if e.opts.EventID {
		e.id = e.appendID(e.id[:0], b, i)
		meta["_id"] = string(e.id)
	}
	maps.Copy(meta, d.Meta)
	if id, ok := d.Meta["_id"].(string); ok && e.opts.EventID {
		e.id = append(e.id[:0], id...) // a parser or a processor knows better
	}
	return meta
}

func (e *Encoder) drop(dst []byte) ([]byte, bool) {
	e.dropped.Add(1)
	return dst, false
}

func (e *Encoder) fail(dst []byte, err error) ([]byte, bool) {
	e.failed.Add(1)
	e.failure.Store(&err)
	return dst, false
}

// Time is the @timestamp of the document that was appended last.
func (e *Encoder) Time() time.Time { return e.time }

// Stats are an encoder's numbers since the start.
type Stats struct {
	InvalidUTF8 uint64 // bytes that were replaced by U+FFFD
	Dropped     uint64 // events that processors dropped
	Failed      uint64 // events that could not be written
	Failure     error  // of the last of these; nil without one
}

// Stats returns the encoder's numbers. It may be called by any goroutine.
func (e *Encoder) Stats() Stats {
	s := Stats{InvalidUTF8: e.invalid.Load(), Dropped: e.dropped.Load(), Failed: e.failed.Load()}
	if failure := e.failure.Load(); failure != nil {
		s.Failure = *failure
	}
	return s
}
