package filebeat

import (
	"encoding/json"
	"time"
)

// parseTime reads a time as Filebeat writes it: RFC 3339, or since 7.9 a pair of
// unsigned numbers. The second are the seconds since 1970 in two's complement,
// the first holds, from its highest bits on, 8 bits of version (0), 8 that are not
// used, the zone's offset in 16 and the nanoseconds in 32. The zone does not
// matter here. What makes no sense is the zero time.
func parseTime(data json.RawMessage) time.Time {
	var text time.Time
	if json.Unmarshal(data, &text) == nil {
		return text.UTC()
	}
	var pair []uint64
	if json.Unmarshal(data, &pair) != nil || len(pair) != 2 || pair[0]>>56 != 0 {
		return time.Time{}
	}
	t := time.Unix(int64(pair[1]), int64(pair[0]&0xffffffff)).UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}
	}
	return t
}
