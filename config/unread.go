package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/logcar/logcar/config/tree"
)

// unread lists the sections whose keys nobody looks at.
type unread []unreadSection

type unreadSection struct {
	path   string
	status tree.Status // what is said of its keys
	note   string
}

// disabled adds a section with "enabled: false". To Filebeat what stands in it is
// as good as not written: it may be half finished, or for another time.
func (u *unread) disabled(s *tree.Section) {
	*u = append(*u, unreadSection{s.Path(), tree.NoEffect, "its section is disabled"})
}

// refused adds a section whose keys are right where they stand, and lead nowhere.
func (u *unread) refused(s *tree.Section, note string) {
	*u = append(*u, unreadSection{s.Path(), tree.Refused, note})
}

// of returns the section that holds a key; nil for all others.
func (u unread) of(key string) *unreadSection {
	i := slices.IndexFunc(u, func(s unreadSection) bool { return strings.HasPrefix(key, s.path+".") })
	if i < 0 {
		return nil
	}
	return &u[i]
}

// problems leaves out what is said of such keys, but for errors in sections that
// are not disabled. It takes and returns the result of tree.Root.Finish.
func (u unread) problems(warnings []Problem, err error) ([]Problem, error) {
	warnings = slices.DeleteFunc(warnings, func(p Problem) bool { return u.of(p.Key) != nil })
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return warnings, err
	}
	errs := slices.DeleteFunc(slices.Clone(joined.Unwrap()), func(err error) bool {
		p, ok := errors.AsType[Problem](err)
		if !ok {
			return false
		}
		s := u.of(p.Key)
		return s != nil && s.status == tree.NoEffect
	})
	return warnings, errors.Join(errs...)
}

// report says of such keys what becomes of their section.
func (u unread) report(keys []KeyReport) []KeyReport {
	for i, k := range keys {
		if s := u.of(k.Key); s != nil && !k.Read {
			keys[i].Status, keys[i].Note = s.status, s.note
		}
	}
	return keys
}
