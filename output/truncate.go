package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Truncate halves the text of an encoded document. It returns the new document,
// which shares nothing with doc, and how many bytes of text are left. It is for
// the rare event that a destination finds too large.
//
// JSON is flagged as truncated, and stays what the codec makes of it; of what a
// format has made, the whole is the text. It may be called by any goroutine.
func (e *Encoder) Truncate(doc []byte) (shorter []byte, left int, err error) {
	if e.opts.Codec.Format != nil {
		shorter = bytes.Clone(half(doc))
		return shorter, len(shorter), nil
	}
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber() // offsets beyond 2^53 stay what they are
	if err := d.Decode(&m); err != nil {
		return nil, 0, fmt.Errorf("truncate document: %w", err)
	}
	text, ok := m["message"].(string)
	if !ok {
		return nil, 0, fmt.Errorf("truncate document: message is no text")
	}
	text = half(text)
	m["message"] = text
	if log, ok := m["log"].(map[string]any); ok {
		flags, _ := log["flags"].([]any)
		if len(flags) == 0 || flags[0] != "truncated" {
			log["flags"] = append([]any{"truncated"}, flags...)
		}
	}
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, 0, fmt.Errorf("truncate document: %w", err)
	}
	if shorter, err = e.opts.Codec.style(nil, bytes.TrimSuffix(plain.Bytes(), []byte("\n"))); err != nil {
		return nil, 0, fmt.Errorf("truncate document: %w", err)
	}
	return shorter, len(text), nil
}

// half is the first half of a text, in whole characters.
func half[T string | []byte](text T) T {
	n := len(text) / 2
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
