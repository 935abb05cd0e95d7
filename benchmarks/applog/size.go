package applog

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, and a flag.Value that takes an optional unit.
type Size int64

var units = map[string]float64{
	"": 1, "b": 1,
	"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
}

// Set parses numbers like 4096, 500kB (thousands), 128MiB or 128M (1024s) and
// 1.5GB. Capitals don't matter.
func (s *Size) Set(text string) error {
	split := strings.LastIndexAny(text, "0123456789.") + 1
	unit, known := units[strings.ToLower(strings.TrimSpace(text[split:]))]
	number, err := strconv.ParseFloat(text[:split], 64)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a size such as 128MiB", text)
	case !known:
		return fmt.Errorf("%q has an unknown unit, want B, kB, MB, GB, TB, KiB, MiB, GiB or TiB", text)
	case number < 0 || number*unit >= math.MaxInt64:
		return fmt.Errorf("%q is out of range", text)
	}
	*s = Size(number * unit)
	return nil
}

// String shows the size in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range []struct {
		name string
		size Size
	}{
		{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10},
	} {
		if s >= u.size && s%u.size == 0 {
			return strconv.FormatInt(int64(s/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}
