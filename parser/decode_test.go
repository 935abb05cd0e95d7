package parser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// reference decodes as Filebeat does, with encoding/json.
func reference(line []byte) (map[string]any, error) {
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case json.Number:
			if n, err := v.Int64(); err == nil {
				return n
			}
			if f, err := v.Float64(); err == nil {
				return f
			}
			return v.String()
		case map[string]any:
			for k := range v {
				v[k] = walk(v[k])
			}
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		}
		return v
	}
	walk(m)
	return m, nil
}

// compareDecoding fails unless decodeObject and the reference agree on line. It
// returns whether line is an object.
func compareDecoding(t *testing.T, line []byte) bool {
	t.Helper()
	got, nulls, err := decodeObject(line)
	want, wantErr := reference(line)
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Fatalf("%.200q: error %v, want %v", line, err, wantErr)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%.200q: %.500v, want %.500v", line, got, want)
	}
	if !nulls && hasNulls(got) {
		t.Fatalf("%.200q: there are nulls", line)
	}
	return got != nil
}

func hasNulls(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, x := range v {
			if hasNulls(x) {
				return true
			}
		}
	case []any:
		for _, x := range v {
			if hasNulls(x) {
				return true
			}
		}
	}
	return false
}

// decodingLines are the corners of JSON.
var decodingLines = []string{
	`{}`, ` { } `, `{"a":1}`, "\t{ \"a\" : 1 ,\r\n\"b\" : [ ] }", `{"a":1} trailing`, `{"a":1}{"b":2}`,
	`{"a":"b","a":"c"}`, `{"a":{"b":1},"a":{"c":2}}`, `{"":""}`,
	`{"n":[0,-0,1,-1,1.0,1e3,1E+3,1e-3,-1.5e300,9223372036854775807,9223372036854775808,-9223372036854775808,-9223372036854775809,1e999,0.1,123456789012345678901234567890]}`,
	`{"l":[true,false,null,[[]],{},{"x":null}]}`, `{"s":"\"\\\/\b\f\n\r\t\u0041\u00e9\u4e2d\ud83d\ude05"}`,
	`{"s":"\ud83d"}`, `{"s":"\ud83dx"}`, `{"s":"\ud83d\u0041"}`, `{"s":"\ude05\ud83d"}`, `{"s":"\ud83d\ud83d\ude05"}`, `{"s":"\uD83D\uDE05"}`, `{"s":"\ud83d\u"}`,
	"{\"s\":\"ü中😅\"}", "{\"s\":\"\xff a \xe4\xb8\"}", "{\"s\":\"\\n\xff\"}", "{\"\xff\":1}", "{\"s\":\"\x7f\"}",
	``, ` `, `null`, ` null `, `nullx`, `true`, `1`, `"s"`, `[1]`, `nul`, `not json`, `{`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a" 1}`, `{"a":1 "b":2}`,
	`{"a":01}`, `{"a":+1}`, `{"a":1.}`, `{"a":.1}`, `{"a":1e}`, `{"a":-}`, `{"a":--1}`, `{"a":tru}`, `{"a":truex}`, `{"a":nul}`, `{"a":[1,]}`, `{"a":[1 2]}`, `{"a":[}`, `{"a":]}`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\u12g4"}`, `{"a":"\`, `{"a":"\u`,
	"{\"a\":\"\n\"}", "{\"a\":\"\x00\"}", "\ufeff{}", `{"a":1}]`, `{"a":"b"`, `{"a":Infinity}`, `{"a":NaN}`, `{'a':1}`, `{"a":{"b":{"c":[{"d":1}]}}}`,
	strings.Repeat(`{"a":`, 9_999) + "{}" + strings.Repeat(`}`, 9_999), strings.Repeat(`{"a":`, 10_000) + "{}" + strings.Repeat(`}`, 10_000),
	`{"a":` + strings.Repeat(`[`, 9_999) + strings.Repeat(`]`, 9_999) + `}`, `{"a":` + strings.Repeat(`[`, 10_000) + strings.Repeat(`]`, 10_000) + `}`,
	`{"a":` + strings.Repeat(`[`, 100_000),
}

func TestDecodeObject(t *testing.T) {
	objects := 0
	for _, line := range decodingLines {
		if compareDecoding(t, []byte(line)) {
			objects++
		}
	}
	if objects < 25 || objects > 40 {
		t.Errorf("%d of %d lines are objects", objects, len(decodingLines))
	}
	got, _, err := decodeObject([]byte(`{"i":3,"f":2.0,"u":12345678901234567890,"h":1e999}`))
	if want := (map[string]any{"i": int64(3), "f": 2.0, "u": 1.2345678901234567e19, "h": "1e999"}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%#v, %v; want %#v", got, err, want)
	}
}

// TestScannerIsUsed: plain objects do not take the slow way.
func TestScannerIsUsed(t *testing.T) {
	for _, text := range []string{`{"a":{"b":[1,"x",true,null,1.5e3]}}`, `{"a":"\n\u00e9 ü"}`, "{\"\xff\":\"\xff\"}", ` {"a":1} x`} {
		s := scanner{text: text}
		s.space()
		if !s.next('{') {
			t.Fatal(text)
		}
		if _, ok := s.object(1); !ok {
			t.Errorf("%s: the scanner gives up at %d", text, s.at)
		}
	}
}
