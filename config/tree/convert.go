package tree

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// The functions here turn a scalar into a Go value. A plain scalar of YAML has a
// type already; what is quoted there, or came out of a reference, is text.

func toText(n *node) (string, bool) { return n.text, true }

func toBool(n *node) (v, ok bool) {
	if b, ok := n.value.(bool); ok {
		return b, true
	}
	text, isText := n.value.(string)
	if !isText {
		return false, false
	}
	switch strings.ToLower(text) {
	case "true", "t", "yes", "y", "on", "1":
		return true, true
	case "false", "f", "no", "n", "off", "0":
		return false, true
	}
	return false, false
}

func toInt(n *node) (int, bool) {
	i, ok := toInt64(n)
	return int(i), ok && int64(int(i)) == i
}

// toInt64 takes integers in any base that Go's literals have, and floats without
// a fraction, such as 1e6.
func toInt64(n *node) (int64, bool) {
	switch v := n.value.(type) {
	case int64:
		return v, true
	case string:
		if i, err := strconv.ParseInt(v, 0, 64); err == nil {
			return i, true
		}
	}
	f, ok := toFloat(n)
	if !ok || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}

func toFloat(n *node) (float64, bool) {
	switch v := n.value.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return 0, false
}

func toDuration(n *node) (time.Duration, bool) {
	if seconds, ok := toInt64(n); ok {
		d := time.Duration(seconds) * time.Second
		return d, d/time.Second == time.Duration(seconds)
	}
	if seconds, ok := toFloat(n); ok {
		ns := seconds * float64(time.Second)
		return time.Duration(ns), math.Abs(ns) < 1<<63
	}
	d, err := time.ParseDuration(n.text)
	return d, err == nil
}

// byteUnits are the units of Filebeat's sizes, in lower case.
var byteUnits = map[string]int64{
	"": 1, "b": 1,
	"k": 1e3, "kb": 1e3, "ki": 1 << 10, "kib": 1 << 10,
	"m": 1e6, "mb": 1e6, "mi": 1 << 20, "mib": 1 << 20,
	"g": 1e9, "gb": 1e9, "gi": 1 << 30, "gib": 1 << 30,
	"t": 1e12, "tb": 1e12, "ti": 1 << 40, "tib": 1 << 40,
	"p": 1e15, "pb": 1e15, "pi": 1 << 50, "pib": 1 << 50,
}

func toByteSize(n *node) (int64, bool) {
	if i, ok := toInt64(n); ok {
		return i, i >= 0
	}
	number := strings.TrimRight(n.text, "bBiIkKmMgGtTpP")
	unit, ok := byteUnits[strings.ToLower(n.text[len(number):])]
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	size := f * float64(unit)
	return int64(size), ok && err == nil && size >= 0 && size < 1<<63
}

// plainer turns nodes into plain Go values.
type plainer struct {
	*expander
	mode  Mode
	named bool                       // keys of maps without a value are kept
	bad   func(at string, err error) // is told of values that are left out
}

// value returns n's value. An error means that the references are without end,
// and nothing can be returned.
func (p *plainer) value(n *node, at string, depth int) (any, error) {
	if err := p.spend(1, 0); err != nil {
		return nil, err
	}
	if depth > 2*maxDepth {
		return nil, errTooMuch
	}
	v, err := p.resolve(n, p.mode)
	switch {
	case errors.Is(err, errTooMuch):
		return nil, err
	case err != nil:
		p.bad(at, err)
		return nil, nil
	case v.kind == null:
		return nil, nil
	case v.kind == scalar:
		return v.value, nil
	}
	list, object := []any{}, map[string]any{}
	for _, key := range v.keys() {
		child, err := p.value(v.children[key], join(at, key), depth+1)
		if err != nil {
			return nil, err
		}
		if child != nil {
			list = append(list, child)
		}
		if child != nil || p.named {
			object[key] = child
		}
	}
	if v.isList() {
		return list, nil
	}
	return object, nil
}
