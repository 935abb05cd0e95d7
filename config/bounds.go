package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/logcar/logcar/config/tree"
)

// The functions here read options that have bounds. A value beyond them is a
// Problem, and the default is returned.

// bounded reads an integer within bounds.
func bounded(s *tree.Section, key string, def, low, high int) int {
	n := s.Int(key, def)
	if n < low || n > high {
		s.Errorf(key, "%d is out of range; expected %d to %d", n, low, high)
		return def
	}
	return n
}

// bytesOf reads a number of bytes within bounds.
func bytesOf(s *tree.Section, key string, def, low, high int) int {
	n := s.Bytes(key, int64(def))
	if n < int64(low) || n > int64(high) {
		s.Errorf(key, "%d is out of range; expected %d to %d", n, low, high)
		return def
	}
	return int(n)
}

// positive reads a duration that cannot be 0.
func positive(s *tree.Section, key string, def time.Duration) time.Duration {
	d := s.Duration(key, def)
	if d <= 0 {
		s.Errorf(key, "%v is no time; expected more than 0", d)
		return def
	}
	return d
}

// notNegative reads a duration that can be 0.
func notNegative(s *tree.Section, key string, def time.Duration) time.Duration {
	d := s.Duration(key, def)
	if d < 0 {
		s.Errorf(key, "%v is negative; expected 0 or more", d)
		return def
	}
	return d
}

// percent reads a share such as 70% or 70; off is 0%.
func percent(s *tree.Section, key string, def int) int {
	text := s.String(key, strconv.Itoa(def))
	if text == "off" {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(text, "%")))
	if err != nil || n < 0 || n > 100 {
		s.Errorf(key, "%s is no share; expected a percentage such as 70%%, or off", text)
		return def
	}
	return n
}
