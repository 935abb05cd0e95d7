package peers

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigurationsAreFilledIn(t *testing.T) {
	for _, p := range All {
		dir := t.TempDir()
		args, err := p.Configure(Job{Dir: dir, Path: "/logs/app.log", Host: "127.0.0.1:9092", Level: 2})
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
		// The same job for everyone.
		for _, want := range []string{"/logs/app.log", "127.0.0.1:9092", "applog", "gzip", "dac-prod", "dac-config-server", "acks",
			"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}"} {
			if !strings.Contains(all.String(), want) {
				t.Errorf("%s: the configuration lacks %q", p.Name, want)
			}
		}
		line := strings.Join(args, " ")
		if strings.Contains(all.String()+line, "${") {
			t.Errorf("%s: something is left to be filled in:\n%s\n%s", p.Name, line, &all)
		}
		if !strings.Contains(line, filepath.Join(dir, p.files[0])) {
			t.Errorf("%s: the command line %q does not name the configuration", p.Name, line)
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

func TestDraw(t *testing.T) {
	var svg strings.Builder
	err := Draw(&svg, "one & two", []Panel{
		{"CPU", []Bar{{"logcar", 5}, {"A <b>", 50}}},
		{"nothing", []Bar{{"logcar", 0}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one &amp; two", "A &lt;b&gt;", `width="428.0"`, `width="42.8"`, `width="0.0"`} {
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
