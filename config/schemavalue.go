package config

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/processor"
)

// The schemas of single values. Text is a value of any kind when it reads as one,
// and when it has a reference, of which only the reader knows what it becomes. A
// key without a value is not set.

const (
	reference = `\$\{`
	digits    = `[-+]?(0[xX][0-9a-fA-F]+|0[oObB]?[0-7]+|[0-9]+(\.0*)?([eE]\+?[0-9]+)?)`
	decimal   = `[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?`
	spans     = `[-+]?(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+`
	sizes     = `\+?([0-9]+\.?[0-9]*|\.[0-9]+) *([bB]|[kKmMgGtTpP][iI]?[bB]?)?`
)

// whole is the pattern of text that is one of the alternatives, or a reference.
func whole(alternatives ...string) string {
	return "^(" + strings.Join(alternatives, "|") + ")$|" + reference
}

// anyCase is the pattern of a word in any case.
func anyCase(word string) string { return "^" + foldCase(word) + "$" }

func foldCase(word string) string {
	var b strings.Builder
	for _, r := range word {
		if lower, upper := unicode.ToLower(r), unicode.ToUpper(r); lower != upper {
			b.WriteString("[" + string(lower) + string(upper) + "]")
		} else {
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}

func foldAll(words ...string) []string {
	patterns := make([]string, len(words))
	for i, w := range words {
		patterns[i] = foldCase(w)
	}
	return patterns
}

func typed(pattern string, types ...string) schema {
	return schema{"type": append(types, "string", "null"), "pattern": pattern}
}

// sharedSchemas are the schemas that others refer to.
func sharedSchemas() schema {
	trues, falses := foldAll("true", "t", "yes", "y", "on", "1"), foldAll("false", "f", "no", "n", "off", "0")
	return schema{
		"bool":     typed(whole(slices.Concat(trues, falses)...), "boolean"),
		"int":      typed(whole(digits), "integer"),
		"float":    typed(whole(digits, decimal), "number"),
		"duration": typed(whole(spans, digits, decimal), "number"),
		"size":     typed(whole(sizes, digits), "number"),
		"text":     schema{"type": []string{"string", "number", "boolean", "null"}},
		"texts":    listOf(refTo("text")),
		"map":      typed(reference, "object"),
		// false for certain
		"off": schema{"anyOf": []any{schema{"const": false}, schema{"type": "string", "pattern": "^(" + strings.Join(falses, "|") + ")$"}}},
		// what asks for nothing
		"nothing": schema{"anyOf": []any{schema{"enum": []any{nil, ""}}, refTo("off"), schema{"type": "array", "maxItems": 0}}},
		// a map with "enabled: false"
		"disabled":  schema{"type": "object", "required": []string{"enabled"}, "properties": schema{"enabled": refTo("off")}},
		"condition": conditionSchema(),
	}
}

// sharedOf has the name of what a Kind takes.
var sharedOf = map[tree.Kind]string{
	tree.Bool: "bool", tree.Int: "int", tree.Bytes: "int", tree.Float: "float", tree.Duration: "duration",
	tree.ByteSize: "size", tree.String: "text", tree.Strings: "texts",
}

func unlessDisabled(s schema) schema { return schema{"if": refTo("disabled"), "else": s} }

// listOf is a list, or a single element in its place.
func listOf(item schema) schema {
	return schema{"if": schema{"type": "array"}, "then": schema{"items": item}, "else": item}
}

// described adds a description to a schema, which it returns.
func described(s schema, text string) schema {
	if text != "" {
		s["description"] = text
	}
	return s
}

// valueSchema is the schema of an option that is honoured.
func valueSchema(o *tree.Option) schema {
	s := refTo(sharedOf[o.Kind])
	if o.Kind == tree.Enum {
		s = enumSchema(o.Values)
	}
	if def, ok := defaultValue(o); ok {
		s["default"] = def
	}
	return described(s, o.Note)
}

// enumSchema lists the values for editors, and takes them in any case. One that is
// a number may be written as one.
func enumSchema(values []string) schema {
	var listed []any
	for _, v := range values {
		listed = append(listed, v)
		if n, err := strconv.Atoi(v); err == nil {
			listed = append(listed, n)
		}
	}
	return schema{"anyOf": []any{schema{"enum": listed}, typed(whole(append(foldAll(values...), "")...))}}
}

// defaultValue is the default, unless it is described in words.
func defaultValue(o *tree.Option) (any, bool) {
	switch {
	case o.Default == "" || strings.Contains(o.Default, " ") || strings.Contains(o.Default, "'s"):
		return nil, false
	case o.Kind == tree.Bool, o.Kind == tree.Int, o.Kind == tree.Float, o.Kind == tree.Bytes:
		var v any
		if json.Unmarshal([]byte(o.Default), &v) != nil {
			return nil, false
		}
		return v, true
	}
	return o.Default, true
}

// conditionSchema is what stands behind when and if. Which values fields are
// compared with is free.
func conditionSchema() schema {
	properties, patterns := schema{}, schema{}
	for _, c := range processor.Conditions() {
		s := schema{}
		switch c.Name {
		case "not":
			s = refTo("condition")
		case "and", "or":
			s = listOf(refTo("condition"))
		}
		properties[c.Name] = described(s, c.Note)
		patterns["^"+c.Name+`\.`] = schema{}
	}
	s := object{properties, patterns}
	return s.schema()
}
