package parser

import (
	"bytes"
	"maps"
	"time"
)

// message is what moves through a chain: a line at first.
type message struct {
	text     []byte
	eol      bool  // a line terminator stood behind the text
	from, to int64 // the file's bytes that it stands for
	begin    int64 // of these, the first that is needed to have it again; lines left out come before

	since time.Time // when it was read, or its first line
	time  time.Time // @timestamp, if a stage found one

	fields    map[string]any // for the document's root
	shared    bool           // fields is not the message's own
	overwrite bool           // fields replace what the document has
	nulls     bool           // there are nulls among them
	meta      map[string]any
	parsed    bool // a stage understood the text: it is an event even without one

	// What the log input's JSON has read; it is put into fields when all is done.
	json     map[string]any
	isJSON   bool
	dropText bool // see Extra.NoMessage

	cut       bool // the line was too long to be kept
	truncated bool // and so was something later
	joined    bool // from several lines
	partial   bool // the line's end was missing when reading had to stop
}

// root returns the fields for changing them.
func (m *message) root() map[string]any {
	switch {
	case m.fields == nil:
		m.fields = map[string]any{}
	case m.shared:
		m.fields = maps.Clone(m.fields)
	}
	m.shared = false
	return m.fields
}

func (m *message) has(key string) bool {
	_, ok := m.fields[key]
	return ok
}

// absorb takes over what stages found in next, a message that continues m.
func (m *message) absorb(next *message) {
	m.from, m.to = min(m.from, next.from), max(m.to, next.to)
	m.begin = min(m.begin, next.begin)
	if m.fields == nil {
		m.fields, m.shared = next.fields, next.shared
	} else if len(next.fields) > 0 && !m.sameFields(next) {
		// Of the same key the latest line's value counts, as in Filebeat.
		maps.Copy(m.root(), next.fields)
	}
	if next.meta != nil {
		m.meta = next.meta
	}
	if next.isJSON {
		m.json, m.isJSON = next.json, true
	}
	m.overwrite = m.overwrite || next.overwrite
	m.nulls = m.nulls || next.nulls
	m.parsed = m.parsed || next.parsed
	m.truncated = m.truncated || next.truncated
	m.joined = m.joined || next.joined
	m.partial = m.partial || next.partial
}

// sameFields spares joining the streams of a container's lines one by one.
func (m *message) sameFields(next *message) bool {
	return m.shared && next.shared && m.fields["stream"] == next.fields["stream"]
}

// strip removes the line end from texts that still have one: in a log input those
// that a Container or JSON took out of a line, too.
type strip struct {
	terminator []byte
	auto       bool
	next       node
}

func (s *strip) take(m *message) {
	if !m.eol {
		m.eol = bytes.HasSuffix(m.text, s.terminator)
		m.text = bytes.TrimSuffix(m.text, s.terminator)
	}
	if n := len(m.text); s.auto && m.eol && n > 0 && m.text[n-1] == '\r' {
		m.text = m.text[:n-1]
	}
	m.eol = false
	s.next.take(m)
}
