package parser

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/logcar/logcar/event"
)

// Syslog is filestream's parser syslog: each message's text is one of RFC 3164 or
// RFC 5424. It sets log.syslog and the event's time, and leaves the message's own
// text. One that it cannot read goes on as far as it was read.
type Syslog struct {
	// Format is rfc3164, rfc5424 or auto, which looks at each message; empty is
	// auto.
	Format string
	// Location is the time zone of times that have none; nil is local time.
	Location *time.Location
	// LogErrors puts errors into Output.Err.
	LogErrors bool
	// AddErrorKey puts errors into error.message.
	AddErrorKey bool
}

func (s Syslog) check() error {
	switch s.Format {
	case "", "auto", "rfc3164", "rfc5424":
		return nil
	}
	return fmt.Errorf("syslog.format: %q is none of auto, rfc3164, rfc5424", s.Format)
}

func (s Syslog) node(f *File, next node) node {
	if s.Location == nil {
		s.Location = time.Local
	}
	return &syslog{Syslog: s, f: f, next: next}
}

// syslog is a Syslog at work on one file.
type syslog struct {
	Syslog
	f    *File
	next node
	text []byte
}

func (n *syslog) take(m *message) {
	record := syslogRecord{text: string(m.text), priority: -1}
	if n.Format == "rfc5424" || n.Format != "rfc3164" && looksLike5424(record.text) {
		record.parse5424()
	} else {
		record.parse3164(n.Location, m.since)
	}
	if len(record.errs) > 0 {
		n.failed(m, "Error parsing syslog message: "+strings.Join(record.errs, "; "))
	}
	if text := record.message(); text != "" || len(record.errs) == 0 {
		n.text = append(n.text[:0], text...)
		m.text = n.text
	}
	if !record.time.IsZero() {
		m.time = record.time
	}
	if fields := record.fields(); len(fields) > 0 {
		event.Merge(m.root(), map[string]any{"log": map[string]any{"syslog": fields}}, true)
		m.parsed = true
	}
	n.next.take(m)
	if cap(n.text) > maxIdle {
		n.text = nil
	}
}

// failed notes that the message is not all of its format.
func (n *syslog) failed(m *message, text string) {
	n.f.out.Failed++
	if n.LogErrors {
		n.f.out.note(m.from, errors.New(text))
	}
	if n.AddErrorKey {
		event.Merge(m.root(), map[string]any{"error": map[string]any{"message": text}}, true)
		m.parsed = true
	}
}

// syslogRecord is a syslog message, read from left to right.
type syslogRecord struct {
	text string // the whole message
	at   int    // what was read of it
	errs []string

	priority       int // -1: unknown
	version        int
	time           time.Time
	host, app      string
	process, id    string
	data           map[string]any // structured data
	rawData, plain string         // structured data that is not by the rules; the message's text
}

// message returns the message's own text. Structured data that could not be read
// stand before it.
func (r *syslogRecord) message() string {
	if r.rawData != "" && r.plain != "" {
		return r.rawData + " " + r.plain
	}
	return r.rawData + r.plain
}

// invalid notes a value that is not what it should be and began at text[at].
// Reading goes on.
func (r *syslogRecord) invalid(at int, err error) {
	r.errs = append(r.errs, fmt.Sprintf("validation error at position %d: %v", at+1, err))
}

// stop notes that the message is not of its format from here on. The text is
// Filebeat's, whose parser says this of everything that it did not expect.
func (r *syslogRecord) stop() bool {
	r.errs = append(r.errs, fmt.Sprintf("parsing error at position %d: unexpected EOF", r.at+1))
	return false
}

// skip reads c.
func (r *syslogRecord) skip(c byte) bool {
	if r.at < len(r.text) && r.text[r.at] == c {
		r.at++
		return true
	}
	return r.stop()
}

// while reads the characters that is accepts.
func (r *syslogRecord) while(is func(c byte) bool) string {
	start := r.at
	for r.at < len(r.text) && is(r.text[r.at]) {
		r.at++
	}
	return r.text[start:r.at]
}

// word reads a word and the space behind it. "-" is an empty one.
func (r *syslogRecord) word() (string, bool) {
	w := r.while(isGraph)
	if w == "" || !r.skip(' ') {
		if w == "" {
			r.stop()
		}
		return "", false
	}
	if w == "-" {
		w = ""
	}
	return w, true
}

func isGraph(c byte) bool { return c > ' ' && c < 0x7f }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isTime(c byte) bool  { return isDigit(c) || isAlpha(c) || strings.IndexByte(":.+-", c) >= 0 }
func isTag(c byte) bool   { return isGraph(c) && c != ':' && c != '[' }

var errPriority = errors.New("priority value out of range (expected 0..191)")

// readPriority reads "<13>".
func (r *syslogRecord) readPriority() bool {
	if !r.skip('<') {
		return false
	}
	start := r.at
	v := r.while(func(c byte) bool { return isGraph(c) && c != '>' })
	if v == "" {
		return r.stop()
	}
	if !r.skip('>') {
		return false
	}
	switch n, err := strconv.Atoi(v); {
	case err != nil:
		r.invalid(start, fmt.Errorf("invalid priority: %w", err))
	case n < 0 || n > 191:
		r.invalid(start, errPriority)
	default:
		r.priority = n
	}
	return true
}

// readTime reads a time of RFC 3339.
func (r *syslogRecord) readTime() bool {
	start := r.at
	v := r.while(isTime)
	if v == "" || !isDigit(v[0]) {
		r.at = start
		return r.stop()
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		r.invalid(start, err)
		return true
	}
	r.time = t
	return true
}

// readStamp reads a time such as "Jan  2 15:04:05". It is in the year of now, or
// in the one before if it would be more than a week ahead: Filebeat dates the last
// messages of a year that are read in the next one by a year too late.
func (r *syslogRecord) readStamp(zone *time.Location, now time.Time) bool {
	start := r.at
	isSpace := func(c byte) bool { return c == ' ' }
	for i, is := range []func(byte) bool{isAlpha, isSpace, isDigit, isSpace, isDigit, nil, isDigit, nil, isDigit} {
		switch {
		case is == nil:
			if !r.skip(':') {
				return false
			}
		case r.while(is) == "":
			if i == 0 {
				r.at = start
			}
			return r.stop()
		}
	}
	t, err := time.ParseInLocation(time.Stamp, r.text[start:r.at], zone)
	if err != nil {
		r.invalid(start, err)
		return true
	}
	in := func(year int) time.Time {
		return time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)
	}
	year := now.In(zone).Year()
	r.time = in(year)
	if r.time.Sub(now) > 7*24*time.Hour {
		r.time = in(year - 1)
	}
	return true
}

// parse3164 reads "<13>Oct 11 22:14:15 host app[123]: text". The priority may be
// missing, and the time may be of RFC 3339.
func (r *syslogRecord) parse3164(zone *time.Location, now time.Time) {
	if strings.HasPrefix(r.text, "<") && !r.readPriority() {
		return
	}
	ok := false
	if r.at < len(r.text) && isDigit(r.text[r.at]) {
		ok = r.readTime()
	} else {
		ok = r.readStamp(zone, now)
	}
	if !ok || !r.skip(' ') {
		return
	}
	if r.host, ok = r.word(); !ok {
		return
	}
	if r.at == len(r.text) {
		r.stop()
		return
	}
	r.readTag()
	r.plain = strings.TrimPrefix(r.text[r.at:], "\ufeff")
}

// readTag reads "app[123]: ", if it is there.
func (r *syslogRecord) readTag() {
	start := r.at
	app, process := r.while(isTag), ""
	rest := r.text[r.at:]
	if strings.HasPrefix(rest, "[") {
		if i := strings.IndexByte(rest, ']'); i > 1 {
			process, rest = rest[1:i], rest[i+1:]
		}
	}
	rest, ok := strings.CutPrefix(rest, ": ")
	if app == "" || !ok || rest == "" {
		r.at = start
		return
	}
	r.app, r.process = app, process
	r.at = len(r.text) - len(rest)
}

// Names are RFC 5424's, in Filebeat's words.
var (
	severities = [...]string{"Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"}
	facilities = [...]string{"kernel", "user-level", "mail", "system", "security/authorization", "syslogd", "line printer",
		"network news", "UUCP", "clock", "security/authorization", "FTP", "NTP", "log audit", "log alert", "clock",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
)

// fields returns log.syslog.
func (r *syslogRecord) fields() map[string]any {
	f := map[string]any{}
	if r.priority >= 0 {
		facility, severity := r.priority>>3, r.priority&7
		f["priority"] = int64(r.priority)
		f["facility"] = map[string]any{"code": int64(facility), "name": facilities[facility]}
		f["severity"] = map[string]any{"code": int64(severity), "name": severities[severity]}
	}
	set := func(key, v string) {
		if v != "" {
			f[key] = v
		}
	}
	set("hostname", r.host)
	set("appname", r.app)
	if r.app != "" {
		set("procid", r.process)
	}
	set("msgid", r.id)
	if r.version != 0 {
		f["version"] = strconv.Itoa(r.version)
	}
	if len(r.data) > 0 {
		f["structured_data"] = r.data
	}
	return f
}
