package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWritesAndRotates(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second+time.Millisecond)
		defer cancel()
		var stderr bytes.Buffer
		if status := run(ctx, []string{"-dir", dir, "-rate", "100", "-rotate", "65536"}, &stderr); status != 0 {
			t.Errorf("status %d: %s", status, &stderr)
		}
	})
	events := 0
	for _, name := range []string{"app.log", "app.log.1"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 65536 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		if !strings.HasPrefix(string(text), "20") || text[len(text)-1] != '\n' {
			t.Errorf("%s is not whole: %.40q", name, text)
		}
		events += bytes.Count(text, []byte("\n20"))
	}
	if events < 100 {
		t.Errorf("only %d events", events)
	}
}

func TestContinues(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app.log"), []byte("2024 first\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		run(ctx, []string{"-dir", dir, "-rate", "10"}, t.Output())
	})
	text, err := os.ReadFile(filepath.Join(dir, "app.log"))
	if err != nil || !bytes.HasPrefix(text, []byte("2024 first\n20")) {
		t.Errorf("%.40q, %v", text, err)
	}
}

func TestCommandLine(t *testing.T) {
	for args, want := range map[string]int{"-h": 0, "-rate 0": 2, "-rate 1001": 2, "-rotate 0": 2, "x": 2, "-none": 2, "-dir /nonexistent/x": 1} {
		if got := run(t.Context(), strings.Fields(args), t.Output()); got != want {
			t.Errorf("%s: status %d, want %d", args, got, want)
		}
	}
}
