package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Truncate halves the text of an encoded document and flags it as truncated. It
// returns the new document and how many bytes of text are left. It is for the
// rare event that a destination finds too large.
func Truncate(doc []byte) (shorter []byte, left int, err error) {
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
	n := len(text) / 2
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	m["message"] = text[:n]
	if log, ok := m["log"].(map[string]any); ok {
		flags, _ := log["flags"].([]any)
		if len(flags) == 0 || flags[0] != "truncated" {
			log["flags"] = append([]any{"truncated"}, flags...)
		}
	}
	shorter, err = json.Marshal(m)
	return shorter, n, err
}
