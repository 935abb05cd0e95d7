package parser

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Container is the stage that reads what a container's runtime writes for each
// line: Docker's json-file or the format of the Kubernetes CRI. It sets the field
// stream and the event's time, and joins the parts that the runtime has cut long
// lines into. Lines that are in neither format are left out, and counted.
type Container struct {
	// Stream is the one that is wanted: stdout, stderr, or all; empty is all.
	Stream string
	// Format is docker (or json-file), cri, or auto, which looks at each line;
	// empty is auto.
	Format string
	// Separate keeps the parts of a line apart (combine_partial: false).
	Separate bool
}

func (s Container) check() error {
	switch s.Stream {
	case "", "all", "stdout", "stderr":
	default:
		return fmt.Errorf("stream: %q is none of all, stdout, stderr", s.Stream)
	}
	switch strings.ToLower(s.Format) {
	case "", "auto", "docker", "json-file", "cri":
	default:
		return fmt.Errorf("format: %q is none of auto, docker, json-file, cri", s.Format)
	}
	return nil
}

func (s Container) node(f *File, next node) node {
	p := &parts{f: f, next: next, wanted: s.Stream, separate: s.Separate}
	if s.Stream == "all" {
		p.wanted = ""
	}
	switch strings.ToLower(s.Format) {
	case "docker", "json-file":
		p.parse = (*parts).parseDocker
	case "cri":
		p.parse = (*parts).parseCRI
	default:
		p.parse = (*parts).parseAuto
	}
	p.reset()
	f.parts = p
	return p
}

// parts is a Container at work on one file.
type parts struct {
	f        *File
	next     node
	wanted   string // stream; empty: all
	separate bool
	parse    func(p *parts, m *message) (stream string, more bool, err error)

	// The line of which only parts have come so far: one for stderr, one for all
	// else. (Filebeat mixes the streams' parts.)
	open [2]struct {
		message
		used bool
		text []byte
	}
	left int64  // file offset from which lines were left out; the next event takes them in
	text []byte // of a docker line
}

func (p *parts) take(m *message) {
	stream, more, err := p.parse(p, m)
	if err != nil {
		p.f.out.Skipped++
		p.f.out.note(m.from, err)
		p.leave(m)
		return
	}
	if p.wanted != "" && stream != p.wanted {
		p.f.out.Filtered++
		p.leave(m)
		return
	}
	m.from, p.left = min(m.from, p.left), math.MaxInt64
	m.parsed = true

	slot := 0
	if stream == "stderr" {
		slot = 1
	}
	line := &p.open[slot]
	more = more && !p.separate
	if !line.used && !more {
		p.next.take(m)
		return
	}
	if !line.used {
		line.message, line.used = *m, true
		line.text = line.text[:0]
	} else {
		line.absorb(m)
		line.eol, line.cut = m.eol, line.cut || m.cut
	}
	p.add(slot, m.text)
	if !more {
		p.deliver(slot)
	}
}

// leave leaves a line out.
func (p *parts) leave(m *message) {
	p.left = min(p.left, m.from)
	if m.partial {
		p.f.again = min(p.f.again, m.begin)
	}
}

// add appends a part to the open line, as far as a line can be long.
func (p *parts) add(slot int, text []byte) {
	line := &p.open[slot]
	if limit := p.f.chain.limit; limit > 0 && len(line.text)+len(text) > limit {
		text = text[:limit-len(line.text)]
		line.cut = true
	}
	line.text = append(line.text, text...)
}

func (p *parts) deliver(slot int) {
	line := &p.open[slot]
	line.used = false
	m := &line.message
	m.text = line.text
	p.next.take(m)
	line.message = message{} // it held on to maps
	if cap(line.text) > maxIdle {
		line.text = nil
	}
}

// close delivers what is open although the rest is missing.
func (p *parts) close() {
	for slot := range p.open {
		if line := &p.open[slot]; line.used {
			line.partial = true
			p.deliver(slot)
		}
	}
}

// begin is the file offset of the first open line.
func (p *parts) begin() int64 {
	at := int64(math.MaxInt64)
	for slot := range p.open {
		if p.open[slot].used {
			at = min(at, p.open[slot].begin)
		}
	}
	return at
}

func (p *parts) reset() {
	for slot := range p.open {
		p.open[slot].message, p.open[slot].used = message{}, false
	}
	p.left = math.MaxInt64
}

var (
	errCRI    = errors.New("not in the CRI's format: expected time, stream, tags and text")
	errDocker = errors.New("not in docker's format: log, stream and time must be strings")

	// The fields of nearly all lines.
	onlyStdout = map[string]any{"stream": "stdout"}
	onlyStderr = map[string]any{"stream": "stderr"}
)

// setStream sets the field stream.
func (m *message) setStream(stream string) {
	switch stream {
	case "stdout":
		m.fields, m.shared = onlyStdout, true
	case "stderr":
		m.fields, m.shared = onlyStderr, true
	default:
		m.fields, m.shared = map[string]any{"stream": stream}, false
	}
}

func (p *parts) parseAuto(m *message) (string, bool, error) {
	if len(m.text) > 0 && m.text[0] == '{' {
		return p.parseDocker(m)
	}
	return p.parseCRI(m)
}

// parseCRI reads "time stream tags text". The tags are separated by colons; P is
// a part that will be continued. (kubelet's logs.go and containerd have the format.)
func (p *parts) parseCRI(m *message) (stream string, more bool, err error) {
	at, rest, _ := bytes.Cut(m.text, []byte{' '})
	name, rest, _ := bytes.Cut(rest, []byte{' '})
	tags, text, ok := bytes.Cut(rest, []byte{' '})
	if !ok {
		return "", false, errCRI
	}
	if m.time, err = time.Parse(time.RFC3339Nano, string(at)); err != nil {
		return "", false, fmt.Errorf("CRI's time: %w", err)
	}
	for tag := range bytes.SplitSeq(tags, []byte{':'}) {
		more = more || string(tag) == "P"
	}
	switch string(name) { // without an allocation
	case "stdout":
		stream = "stdout"
	case "stderr":
		stream = "stderr"
	default:
		stream = string(name)
	}
	m.setStream(stream)
	m.text = text
	m.eol = m.eol && !more
	return stream, more, nil
}

// parseDocker reads a line of docker's json-file driver. A text that does not end
// with a line feed will be continued.
func (p *parts) parseDocker(m *message) (stream string, more bool, err error) {
	doc, _, err := decodeObject(m.text)
	if err != nil {
		return "", false, fmt.Errorf("docker's JSON: %w", err)
	}
	text, ok := optional(doc, "log")
	stream, ok2 := optional(doc, "stream")
	at, ok3 := optional(doc, "time")
	if !ok || !ok2 || !ok3 || doc == nil {
		return "", false, errDocker
	}
	if m.time, err = time.Parse(time.RFC3339Nano, at); err != nil {
		return "", false, fmt.Errorf("docker's time: %w", err)
	}
	m.setStream(stream)
	if attrs, ok := doc["attrs"].(map[string]any); ok && len(attrs) > 0 {
		m.root()["docker"] = map[string]any{"attrs": attrs}
	}
	p.text = append(p.text[:0], text...)
	m.text, m.eol = p.text, false
	return stream, !strings.HasSuffix(text, "\n"), nil
}

// optional returns the string under key; a key that is missing or null has an
// empty one. ok is false if there is something else.
func optional(doc map[string]any, key string) (s string, ok bool) {
	v := doc[key]
	if v == nil {
		return "", true
	}
	s, ok = v.(string)
	return s, ok
}
