package config

import (
	"errors"
	"fmt"
	"time"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/processor"
)

// readProcessors reads a list of processors; nil without one.
func readProcessors(s *tree.Section) *processor.Chain {
	typed, isList := s.Any("processors", tree.Typed).([]any)
	if !isList {
		if s.Has("processors") {
			s.Errorf("processors", "expected a list of processors")
		}
		return nil
	}
	// What a reference brings into fields, labels and tags stays as it is written,
	// as in the input's own fields; where a processor wants a number it is one.
	text, _ := s.Any("processors", tree.Text).([]any)
	for i, p := range typed {
		m, ok := p.(map[string]any)
		if !ok || i >= len(text) {
			continue
		}
		for _, name := range []string{"add_fields", "add_labels", "add_tags"} {
			if _, ok := m[name]; ok {
				typed[i] = text[i]
			}
		}
	}
	chain, err := processor.New(typed)
	if err != nil {
		reportProcessors(s, err)
		return nil
	}
	for _, n := range chain.Notes() {
		s.Warnf("processors."+n.Path, "%s", n.Text)
	}
	if chain.Len() == 0 {
		return nil // none of them does anything
	}
	return chain
}

func reportProcessors(s *tree.Section, err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		s.Errorf("processors", "%v", err)
		return
	}
	for _, err := range joined.Unwrap() {
		var e *processor.Error
		if !errors.As(err, &e) {
			s.Errorf("processors", "%v", err)
			continue
		}
		path := e.Path
		if path == "" {
			path = fmt.Sprint(e.Index)
		}
		s.Errorf("processors."+path, "%s", e.Text)
	}
}

// location reads a time zone; nil is the local one.
func location(s *tree.Section, key string) *time.Location {
	name := s.String(key, "Local")
	if name == "Local" {
		return nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		s.Errorf(key, "%q is no time zone; expected a name such as Europe/Berlin or UTC", name)
	}
	return loc
}
