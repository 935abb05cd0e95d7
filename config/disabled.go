package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/logcar/logcar/config/tree"
)

// disabled lists the sections with "enabled: false". To Filebeat what stands in
// them is as good as not written: it may be half finished, or for another time.
type disabled []string

// holds tells the keys in such sections from all others.
func (d disabled) holds(key string) bool {
	return slices.ContainsFunc(d, func(section string) bool { return strings.HasPrefix(key, section+".") })
}

// problems leaves out what is wrong with such keys. It takes and returns the
// result of tree.Root.Finish.
func (d disabled) problems(warnings []Problem, err error) ([]Problem, error) {
	warnings = slices.DeleteFunc(warnings, func(p Problem) bool { return d.holds(p.Key) })
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return warnings, err
	}
	errs := slices.DeleteFunc(slices.Clone(joined.Unwrap()), func(err error) bool {
		p, ok := errors.AsType[Problem](err)
		return ok && d.holds(p.Key)
	})
	return warnings, errors.Join(errs...)
}

// report says of such keys that they have no effect.
func (d disabled) report(keys []KeyReport) []KeyReport {
	for i, k := range keys {
		if d.holds(k.Key) && !k.Read {
			keys[i].Status, keys[i].Note = tree.NoEffect, "its section is disabled"
		}
	}
	return keys
}
