package processor

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The functions here read the values of a configuration. What came out of the
// environment may be text, whatever it should be.

func toText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	if i, ok := integer(v); ok {
		return strconv.FormatInt(i, 10), true
	}
	return "", false
}

func toBool(v any) (on, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "true", "t", "yes", "y", "on", "1":
			return true, true
		case "false", "f", "no", "n", "off", "0":
			return false, true
		}
	}
	return false, false
}

func toInt(v any) (int64, bool) {
	if s, ok := v.(string); ok {
		i, err := strconv.ParseInt(s, 0, 64)
		return i, err == nil
	}
	if f, ok := v.(float64); ok {
		return int64(f), f == math.Trunc(f) && math.Abs(f) < 1<<63
	}
	return integer(v)
}

func toFloat(v any) (float64, bool) {
	if s, ok := v.(string); ok {
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return number(v)
}

// toDuration takes a bare number as seconds, as Filebeat does.
func toDuration(v any) (time.Duration, bool) {
	if seconds, ok := toFloat(v); ok {
		ns := seconds * float64(time.Second)
		return time.Duration(ns), math.Abs(ns) < 1<<63
	}
	s, _ := v.(string)
	d, err := time.ParseDuration(s)
	return d, err == nil
}

// toStrings takes a single value as a list of one. The error says what else there
// is.
func toStrings(v any) ([]string, error) {
	if _, isMap := v.(map[string]any); isMap {
		return nil, errors.New(describe(v))
	}
	list := []string{}
	for _, item := range oneOrMore(v) {
		s, ok := toText(item)
		if !ok {
			return nil, fmt.Errorf("%s in it", describe(item))
		}
		list = append(list, s)
	}
	return list, nil
}

func oneOrMore(v any) []any {
	if v == nil {
		return nil
	}
	if list, ok := asList(v); ok {
		return list
	}
	return []any{v}
}

// integer and number take a value of a document or of a configuration that is a
// number already.

func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case uint64:
		return int64(v), true
	}
	return 0, false
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case uint64:
		return float64(v), true
	}
	i, ok := integer(v)
	return float64(i), ok
}

// describe names a value in a message, without a map's or list's contents.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case map[string]any:
		return "a map"
	case []any, []string:
		return "a list"
	case string:
		if len(v) > 60 {
			v = v[:57] + "..."
		}
		return strconv.Quote(v)
	}
	if s, ok := toText(v); ok {
		return s
	}
	return fmt.Sprintf("a value of type %T", v)
}

// pair is a value of a map and its dotted name.
type pair struct {
	name  string
	value any
}

// flatten turns maps of maps into one list by dotted names, in their order.
// Configurations write "a.b: 1" for "a: {b: 1}", which is read as the latter.
func flatten(m map[string]any) []pair {
	pairs := appendPairs(nil, "", m, false)
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	return pairs
}

// flattenLists takes lists apart too, by index.
func flattenLists(m map[string]any) []pair {
	pairs := appendPairs(nil, "", m, true)
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	return pairs
}

func appendPairs(pairs []pair, prefix string, v any, lists bool) []pair {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			pairs = appendPairs(pairs, join(prefix, key), item, lists)
		}
		return pairs
	case []any:
		if lists {
			for i, item := range v {
				pairs = appendPairs(pairs, join(prefix, strconv.Itoa(i)), item, lists)
			}
			return pairs
		}
	}
	return append(pairs, pair{prefix, v})
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// join puts paths together; either may be empty.
func join(parent, key string) string {
	if parent == "" || key == "" {
		return parent + key
	}
	return parent + "." + key
}
