package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
)

// TestLevels: the configuration's level, and what -v and -d make of it.
func TestLevels(t *testing.T) {
	all := []string{"debug", "info", "warn", "error"}
	for _, tt := range []struct {
		level string
		flags flags
		want  []string
	}{
		{"debug", flags{}, all},
		{"info", flags{}, all[1:]},
		{"warning", flags{}, all[2:]},
		{"warn", flags{}, all[2:]},
		{"error", flags{}, all[3:]},
		{"critical", flags{}, all[3:]},
		{"error", flags{verbose: true}, all[1:]},
		{"debug", flags{verbose: true}, all},
		{"error", flags{debug: "*"}, all},
		{"error", flags{debug: "publisher", verbose: true}, all},
	} {
		var out bytes.Buffer
		log, _, err := newLogger(tt.level, &tt.flags, &out)
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("debug")
		log.Info("info")
		log.Warn("warn")
		log.Error("error")
		var got []string
		for line := range strings.Lines(out.String()) {
			var l logLine
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if l.Level != l.Message {
				t.Errorf("level %q of %q", l.Level, l.Message)
			}
			got = append(got, l.Message)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s, %+v: %q, want %q", tt.level, tt.flags, got, tt.want)
		}
	}
	if _, _, err := newLogger("loud", &flags{}, new(bytes.Buffer)); err == nil || err.Error() != `log level "loud" is unknown` {
		t.Errorf("an unknown level: %v", err)
	}
}

// TestLogLine: the names are those of ECS, as in Filebeat 8's own log.
func TestLogLine(t *testing.T) {
	var out bytes.Buffer
	log, _, err := newLogger("info", &flags{}, &out)
	if err != nil {
		t.Fatal(err)
	}
	log.Named("kafka").Info("hello", zap.Duration("for", 1500*time.Millisecond))
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	at, _ := got["@timestamp"].(string)
	if _, err := time.Parse("2006-01-02T15:04:05.000Z0700", at); err != nil {
		t.Error(err)
	}
	delete(got, "@timestamp")
	want := map[string]any{"log.level": "info", "log.logger": "kafka", "message": "hello", "for": "1.5s"}
	for key, v := range want {
		if got[key] != v {
			t.Errorf("%s: %v, want %v", key, got[key], v)
		}
	}
	if len(got) != len(want) {
		t.Errorf("line %v, want %v", got, want)
	}
}

// TestFlood: a message that comes in masses does not fill the container's log.
func TestFlood(t *testing.T) {
	var out bytes.Buffer
	log, _, err := newLogger("info", &flags{}, &out)
	if err != nil {
		t.Fatal(err)
	}
	const many = 10_000
	for range many {
		log.Info("again")
	}
	if n := bytes.Count(out.Bytes(), []byte("\n")); n < 50 || n > many/10 {
		t.Errorf("%d of %d lines were written", n, many)
	}
}
