package parser

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// expandKeys returns object with its keys that have dots made into objects, at
// every depth: {"a.b": 1} becomes {"a": {"b": 1}}. Objects that meet are merged;
// two values for one key are an error. object stays as it is.
func expandKeys(object map[string]any) (map[string]any, error) { return expand(object, 0) }

// expand is expandKeys for an object at a depth.
func expand(object map[string]any, depth int) (map[string]any, error) {
	out := make(map[string]any, len(object))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		v, deeper := object[key], depth+1+strings.Count(key, ".")
		if deeper > maxDepth {
			return nil, fmt.Errorf("cannot expand: deeper than %d", maxDepth)
		}
		if inner, ok := v.(map[string]any); ok {
			expanded, err := expand(inner, deeper)
			if err != nil {
				return nil, err
			}
			v = expanded
		}
		if err := put(out, key, v); err != nil {
			return nil, fmt.Errorf("cannot expand %q: %w", key, err)
		}
	}
	return out, nil
}

// put sets the value at path, whose steps are separated by dots.
func put(object map[string]any, path string, v any) error {
	for {
		step, rest, more := strings.Cut(path, ".")
		old, there := object[step]
		if !more {
			if !there {
				object[step] = v
				return nil
			}
			return meet(old, v)
		}
		if !there {
			old = map[string]any{}
			object[step] = old
		}
		inner, ok := old.(map[string]any)
		if !ok {
			return fmt.Errorf("found conflicting key: %q is not an object", step)
		}
		object, path = inner, rest
	}
}

// meet merges v into old, if both are objects.
func meet(old, v any) error {
	into, ok1 := old.(map[string]any)
	from, ok2 := v.(map[string]any)
	if !ok1 || !ok2 {
		return fmt.Errorf("found existing (%T) value", old)
	}
	for k, x := range from {
		if there, ok := into[k]; ok {
			if err := meet(there, x); err != nil {
				return fmt.Errorf("cannot merge %q: %w", k, err)
			}
			continue
		}
		into[k] = x
	}
	return nil
}
