package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/processor"
)

// Codec is how documents are written, for every destination alike. The zero Codec
// is Filebeat's default: JSON on one line, times in UTC. It is the one that costs
// nothing; the others work on what it has written, or on a document of their own.
type Codec struct {
	// Format makes text of each document instead of JSON (codec.format). An
	// event that lacks a field of it is dropped and counted, as by Filebeat.
	Format *processor.Format

	Pretty     bool // JSON with a line per value, indented by two spaces
	EscapeHTML bool // JSON with <, > and & as \u003c, \u003e and \u0026
	LocalTime  bool // @timestamp in the local time zone, with its offset
}

// localLayout is how Filebeat writes times with local_time.
const localLayout = "2006-01-02T15:04:05.000-07:00"

// styles says whether JSON needs work after it was written.
func (c *Codec) styles() bool { return c.Format == nil && (c.Pretty || c.EscapeHTML) }

// style appends doc, which is JSON on one line, as the codec wants it.
func (c *Codec) style(dst, doc []byte) ([]byte, error) {
	if c.EscapeHTML {
		var escaped bytes.Buffer
		json.HTMLEscape(&escaped, doc)
		doc = escaped.Bytes()
	}
	if !c.Pretty {
		return append(dst, doc...), nil
	}
	indented := bytes.NewBuffer(dst)
	if err := json.Indent(indented, doc, "", "  "); err != nil {
		return dst, fmt.Errorf("indent document: %w", err)
	}
	return indented.Bytes(), nil
}

func (c *Codec) appendTime(dst []byte, t time.Time) []byte {
	if c.LocalTime {
		return t.Local().AppendFormat(dst, localLayout)
	}
	return t.UTC().AppendFormat(dst, timeLayout)
}

// maxPlain is how large the buffer of a document that is to be styled may be to
// be kept.
const maxPlain = 1 << 20

// appendStyled is Append for codecs that work on JSON.
func (e *Encoder) appendStyled(dst []byte, b *event.Batch, i int) ([]byte, bool) {
	doc, kept := e.appendPlain(e.plain[:0], b, i)
	if e.plain = doc; cap(doc) > maxPlain {
		e.plain = nil
	}
	if !kept {
		return dst, false
	}
	styled, err := e.opts.Codec.style(dst, doc)
	if err != nil {
		return e.fail(dst, err)
	}
	return styled, true
}

// appendFormatted appends what the codec's format makes of a document.
func (e *Encoder) appendFormatted(dst []byte, d *processor.Document) ([]byte, bool) {
	text, err := e.opts.Codec.Format.Append(dst, d)
	if err != nil {
		return e.fail(dst, err)
	}
	e.time = d.Time
	return text, true
}

// Ended says whether text, as a destination has stored it, ends behind a whole
// document and its line end. The last three bytes are enough. Lines of a document
// that a format has made cannot be told from documents.
func (e *Encoder) Ended(text []byte) bool {
	if c := &e.opts.Codec; c.Pretty && c.Format == nil {
		return bytes.HasSuffix(text, []byte("\n}\n"))
	}
	return bytes.HasSuffix(text, []byte("\n"))
}
