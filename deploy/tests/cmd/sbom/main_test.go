package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1709280000")
	for _, c := range []struct {
		args   []string
		status int
		output string
	}{
		{[]string{"-version", "1.2.3", self}, 0, `"created": "2024-03-01T08:00:00Z"`},
		{[]string{"/nonexistent"}, 1, "sbom: read /nonexistent"},
		{nil, 2, "usage"},
		{[]string{"-none"}, 2, "-none"},
		{[]string{"-h"}, 0, "-version"},
	} {
		var out bytes.Buffer
		if status := run(c.args, &out, &out); status != c.status || !strings.Contains(out.String(), c.output) {
			t.Errorf("%q: status %d\n%s", c.args, status, &out)
		}
	}
	t.Setenv("SOURCE_DATE_EPOCH", "today")
	if status := run([]string{self}, &bytes.Buffer{}, &bytes.Buffer{}); status != 1 {
		t.Errorf("a date that is none: status %d", status)
	}
}
