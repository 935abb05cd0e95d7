package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// failing takes the first n bytes.
type failing struct{ n int }

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.n {
		return f.n, errors.New("disk full")
	}
	f.n -= len(p)
	return len(p), nil
}

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name   string
		args   string
		status int
		stderr string
	}{
		{"help", "--help", 0, "usage: generate"},
		{"unknown flag", "-sise 1", 2, "usage: generate"},
		{"bad size", "-size many", 2, `"many" is not a size`},
		{"argument", "-size 1kB app.log", 2, `unexpected argument "app.log"`},
		{"disk full", "-size 1MiB", 1, "generate: write log: disk full"},
		{"good", "-size 10kB -numbered", 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stderr bytes.Buffer
			status := run(strings.Fields(test.args), &failing{300 << 10}, &stderr)
			if status != test.status {
				t.Errorf("status: got %d, want %d", status, test.status)
			}
			if got := stderr.String(); !strings.Contains(got, test.stderr) || test.stderr == "" && got != "" {
				t.Errorf("standard error: got %q, want %q in it", got, test.stderr)
			}
		})
	}
}
