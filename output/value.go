package output

import (
	"fmt"
	"sort"
	"strconv"
	"time"
)

// timeLayout is how Filebeat writes times: UTC, milliseconds, truncated.
const timeLayout = "2006-01-02T15:04:05.000Z"

// appendValue writes a value of the configuration or of a processor: what YAML
// and JSON can hold. invalid counts the bytes that were no UTF-8.
func appendValue(dst []byte, v any, invalid *int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return appendString(dst, v, invalid), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int32:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	case float64:
		return appendFloat(dst, v, 64)
	case float32:
		return appendFloat(dst, float64(v), 32)
	case time.Time:
		dst = append(dst, '"')
		return append(v.UTC().AppendFormat(dst, timeLayout), '"'), nil
	case []string:
		dst = append(dst, '[')
		for i, s := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, s, invalid)
		}
		return append(dst, ']'), nil
	case []any:
		return appendList(dst, v, invalid)
	case map[string]any:
		dst = append(dst, '{')
		dst, err := appendMembers(dst, v, invalid)
		return append(dst, '}'), err
	}
	return nil, fmt.Errorf("value of type %T has no JSON form", v)
}

func appendList(dst []byte, l []any, invalid *int) ([]byte, error) {
	dst = append(dst, '[')
	for i, x := range l {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendValue(dst, x, invalid); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

// appendMembers writes what is in a map, by key, without the braces.
func appendMembers(dst []byte, m map[string]any, invalid *int) ([]byte, error) {
	return appendOthers(dst, m, nil, invalid)
}

// appendOthers is appendMembers without some of them.
func appendOthers(dst []byte, m map[string]any, without map[string]bool, invalid *int) ([]byte, error) {
	var few [16]string // spares most maps an allocation
	keys := few[:0]
	for k := range m {
		if !without[k] {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, k, invalid), ':')
		var err error
		if dst, err = appendValue(dst, m[k], invalid); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
	}
	return dst, nil
}

// appendFloat writes a number as Filebeat does (Go's shortest 'g' form).
func appendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if f != f || f-f != 0 {
		return nil, fmt.Errorf("number %v has no JSON form", f)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits), nil
}

func appendString(dst []byte, s string, invalid *int) []byte {
	dst = append(dst, '"')
	dst, bad := AppendEscaped(dst, []byte(s))
	*invalid += bad
	return append(dst, '"')
}
