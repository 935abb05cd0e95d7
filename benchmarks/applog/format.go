package applog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// Format is how the events of a log are written. It is a flag.Value.
type Format string

// The formats. Events are whole in each: Plain and UTF16 have the lines of a
// stack trace below the first, JSON has them in its string.
const (
	Plain Format = "plain"  // as javalog writes them
	JSON  Format = "json"   // a Record in each line
	UTF16 Format = "utf-16" // plain, two bytes for most characters, little end first, without a mark at the start
)

// Set implements flag.Value.
func (f *Format) Set(name string) error {
	if all := []Format{Plain, JSON, UTF16}; !slices.Contains(all, Format(name)) {
		return fmt.Errorf("%q is not one of %v", name, all)
	}
	*f = Format(name)
	return nil
}

// String implements flag.Value.
func (f *Format) String() string { return string(*f) }

// Append appends an event of javalog's, in this format, and returns the
// extended slice.
func (f Format) Append(dst, event []byte) []byte {
	switch f {
	case JSON:
		line := bytes.NewBuffer(dst)
		e := json.NewEncoder(line)
		e.SetEscapeHTML(false) // as Java's encoders
		if err := e.Encode(Parse(event)); err != nil {
			panic("applog: " + err.Error()) // strings can always be encoded
		}
		return line.Bytes()
	case UTF16:
		for len(event) > 0 {
			r, n := utf8.DecodeRune(event)
			event = event[n:]
			if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
				dst = append(dst, byte(high), byte(high>>8), byte(low), byte(low>>8))
			} else {
				dst = append(dst, byte(r), byte(r>>8))
			}
		}
		return dst
	default:
		return append(dst, event...)
	}
}

// Record is an event taken apart, under the names that Java's encoders use.
type Record struct {
	Timestamp string `json:"timestamp"`
	Level     string `json:"level"`
	Thread    string `json:"thread"`
	Logger    string `json:"logger"`
	Message   string `json:"message"` // with the stack trace
}

// Parse takes one of javalog's events apart:
//
//	2026-03-01 08:00:00.000  INFO 1 --- [io-9090-exec-88] c.d.c.common.web.RequestTimingAspect     : message
func Parse(event []byte) Record {
	event = bytes.TrimSuffix(event, []byte{'\n'})
	head, message, _ := bytes.Cut(event, []byte(" : "))
	head, rest, _ := bytes.Cut(head, []byte(" --- ["))
	thread, logger, _ := bytes.Cut(rest, []byte("] "))
	words := append(bytes.Fields(head), nil, nil, nil)
	return Record{
		Timestamp: string(words[0]) + "T" + string(words[1]) + "Z",
		Level:     string(words[2]),
		Thread:    string(bytes.TrimSpace(thread)),
		Logger:    string(bytes.TrimSpace(logger)),
		Message:   string(message),
	}
}
