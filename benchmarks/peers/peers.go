// Package peers knows the other programs that can do logcar's job: how each is
// configured to read one log, join stack traces to their lines, tag the events
// and send them gzipped to Kafka; and it draws the comparison.
//
// It must never start anything or measure anything.
package peers

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

//go:embed configs
var files embed.FS

var configs = template.Must(template.New("").Option("missingkey=error").ParseFS(files, "configs/*"))

// Peer is a program that is compared with logcar.
type Peer struct {
	Name     string
	programs []string // the names that it is installed under, the preferred first
	files    []string // its configuration; the first is given on the command line
	args     string   // {dir} and {config} stand for paths
	without  []string // names of the scenarios that it cannot do, or not with what it brings along

	VersionArg string // makes it print its version; empty if that is told elsewhere
}

// Logcar reads the same file as Filebeat.
var Logcar = Peer{"logcar", []string{"logcar"}, []string{"filebeat.yml"}, filebeatArgs, nil, ""}

const filebeatArgs = "-e --strict.perms=false --path.home {dir} -c {config}"

// All lists the peers.
var All = []Peer{
	{"Filebeat", []string{"filebeat"}, []string{"filebeat.yml"}, filebeatArgs, nil, "version"},
	{"Fluent Bit", []string{"fluent-bit"}, []string{"fluent-bit.conf", "fluent-bit-parsers.conf"}, "-c {config}",
		[]string{"processor", "utf-16"}, "--version"},
	{"Vector", []string{"vector"}, []string{"vector.yaml"}, "--quiet --config {config}", nil, "--version"},
	{"OpenTelemetry Collector", []string{"otelcol-contrib", "otelcol"}, []string{"otelcol.yaml"}, "--config {config}", nil, "--version"},
	{"rsyslog", []string{"rsyslogd"}, []string{"rsyslog.conf"}, "-n -i {dir}/rsyslogd.pid -f {config}", []string{"utf-16"}, "-v"},
	{"syslog-ng", []string{"syslog-ng"}, []string{"syslog-ng.conf"},
		"-F --no-caps -f {config} -R {dir}/persist -p {dir}/pid -c {dir}/control", nil, "--version"},
}

// Job is what a peer is to do.
type Job struct {
	Scenario
	Dir   string // for its configuration and its data
	Path  string // the log
	Kafka string // host:port
	Gzip  int    // level
}

// Find returns the program's path, or an error that names what was looked for.
func (p Peer) Find() (string, error) {
	for _, name := range p.programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s was not found: no %s on PATH", p.Name, strings.Join(p.programs, " or "))
}

// Can reports whether the peer has a configuration for the scenario.
func (p Peer) Can(s Scenario) bool { return !slices.Contains(p.without, s.Name) }

// Configure writes the peer's configuration into j.Dir and returns its command
// line, without the program.
func (p Peer) Configure(j Job) ([]string, error) {
	for _, name := range p.files {
		var text strings.Builder
		err := configs.ExecuteTemplate(&text, name, j)
		if err == nil {
			err = os.WriteFile(filepath.Join(j.Dir, name), []byte(text.String()), 0o600)
		}
		if err != nil {
			return nil, fmt.Errorf("configure %s: %w", p.Name, err)
		}
	}
	fill := strings.NewReplacer("{dir}", j.Dir, "{config}", filepath.Join(j.Dir, p.files[0]))
	args := strings.Fields(p.args)
	for i, a := range args {
		args[i] = fill.Replace(a)
	}
	return args, nil
}
