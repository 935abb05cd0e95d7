package config

import (
	"errors"
	"time"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/processor"
)

// readProcessors reads a list of processors; nil without one.
func readProcessors(s *tree.Section) *processor.Chain {
	typed, isList := s.AnyNamed("processors", tree.Typed).([]any)
	if !isList {
		if s.Has("processors") {
			s.Errorf("processors", "expected a list of processors")
		}
		return nil
	}
	text, _ := s.Any("processors", tree.Text).([]any)
	prepare(typed, text)
	chain, err := processor.New(typed)
	if err != nil {
		reportProcessors(s, "processors", err)
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

// textOptions stay as they are written, in those processors that have them: what a
// reference brings into fields, labels and tags is text, as in the input's own
// fields. Where a processor wants a number it is one.
var textOptions = map[string]string{"add_fields": "fields", "add_labels": "labels", "add_tags": "tags"}

// prepare settles what the values of references are, and leaves out options that
// have none. A processor without options is one all the same. Text is the same
// list, with references as text.
func prepare(list, text []any) {
	for i, p := range list {
		var asText any
		if i < len(text) {
			asText = text[i]
		}
		prepareOne(p, asText)
	}
}

func prepareOne(p, text any) {
	chosen, _ := p.(map[string]any)
	asText, _ := text.(map[string]any)
	for name, v := range chosen {
		t := asText[name]
		if name == "then" || name == "else" {
			list, ok := v.([]any)
			if !ok {
				prepareOne(v, t) // a single one stands for a list of one
				continue
			}
			texts, _ := t.([]any)
			prepare(list, texts)
			continue
		}
		withoutEmpty(v)
		options, _ := v.(map[string]any)
		if said, ok := t.(map[string]any); ok && options != nil {
			if key := textOptions[name]; said[key] != nil {
				options[key] = said[key]
			}
		}
	}
}

// withoutEmpty removes the keys that have no value, from all maps in v.
func withoutEmpty(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			if x == nil {
				delete(v, key)
			} else {
				withoutEmpty(x)
			}
		}
	case []any:
		for _, x := range v {
			withoutEmpty(x)
		}
	}
}

// reportProcessors says what is wrong with processors or with a condition, each
// thing with its path from the key on.
func reportProcessors(s *tree.Section, key string, err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		s.Errorf(key, "%v", err)
		return
	}
	for _, err := range joined.Unwrap() {
		var e *processor.Error
		if errors.As(err, &e) {
			s.Errorf(joinKey(key, e.Path), "%s", e.Text)
		} else {
			s.Errorf(key, "%v", err)
		}
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
