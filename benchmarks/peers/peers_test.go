package peers

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/logcar/logcar/benchmarks/applog"
	"github.com/logcar/logcar/internal/javalog"
)

// Every peer has a configuration for each scenario that it can do, with the same
// job in it.
func TestConfigurations(t *testing.T) {
	for _, p := range append(All, Logcar) {
		for _, s := range Scenarios {
			if !p.Can(s) {
				continue
			}
			dir := t.TempDir()
			args, err := p.Configure(Job{Scenario: s, Dir: dir, Path: "/logs/app.log", Kafka: "127.0.0.1:9092", Gzip: 2})
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			for _, name := range p.files {
				b, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				all.Write(b)
			}
			wants := []string{"/logs/app.log", "127.0.0.1:9092", "applog", "gzip", "dac-prod", "dac-config-server", "acks"}
			if s.JSON() {
				wants = append(wants, "json")
			} else {
				wants = append(wants, s.Anchor)
			}
			if s.Dissect {
				wants = append(wants, "level")
			}
			if s.UTF16() {
				wants = append(wants, "16")
			}
			for _, want := range wants {
				if !strings.Contains(all.String(), want) {
					t.Errorf("%s, %s: the configuration lacks %q:\n%s", p.Name, s.Name, want, &all)
				}
			}
			line := strings.Join(args, " ")
			if strings.Contains(line, "{") || !strings.Contains(line, filepath.Join(dir, p.files[0])) {
				t.Errorf("%s, %s: the command line %q does not name the configuration, or something is left to be filled in", p.Name, s.Name, line)
			}
		}
		for _, name := range p.without {
			if !slices.ContainsFunc(Scenarios, func(s Scenario) bool { return s.Name == name }) {
				t.Errorf("%s: there is no scenario %q", p.Name, name)
			}
		}
	}
	if _, err := Logcar.Configure(Job{Dir: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("a folder that is not there: want an error")
	}
}

// The anchors say of each line of a log whether an event begins there.
func TestAnchors(t *testing.T) {
	g := javalog.New(3, applog.Start)
	var event []byte
	for _, s := range Scenarios {
		if s.Anchor == "" {
			continue
		}
		anchor := regexp.MustCompile(s.Anchor)
		for range 20_000 {
			event = g.Append(event[:0])
			for i, line := range bytes.Split(bytes.TrimSuffix(event, []byte{'\n'}), []byte{'\n'}) {
				if got := anchor.Match(line); got != (i == 0) {
					t.Fatalf("%s: line %d of an event, %q: got %v", s.Name, i, line, got)
				}
			}
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	p := Peer{Name: "Thing", programs: []string{"thing-contrib", "thing"}}
	if _, err := p.Find(); err == nil || !strings.Contains(err.Error(), "thing-contrib or thing") {
		t.Errorf("nothing installed: got %v", err)
	}
	program := filepath.Join(dir, "thing")
	if err := os.WriteFile(program, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Find(); err != nil || got != program {
		t.Errorf("got %q, %v; want %q", got, err, program)
	}
}

func TestChart(t *testing.T) {
	var svg strings.Builder
	err := Chart{"one & two", []Panel{
		{"CPU", []Bar{{"logcar", 5, "5.00"}, {"A <b>", 50, "50.0"}}},
		{"nothing", []Bar{{"logcar", 0, "0"}}},
	}, "a note"}.Draw(&svg)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one &amp; two", "A &lt;b&gt;", `width="420.0"`, `width="42.0"`, `width="1.0"`, "a note",
		"CPU: logcar 5.00, A &lt;b&gt; 50.0.", "prefers-color-scheme: dark"} {
		if !strings.Contains(svg.String(), want) {
			t.Errorf("%s is missing in\n%s", want, &svg)
		}
	}
	d := xml.NewDecoder(strings.NewReader(svg.String()))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
	}
}
