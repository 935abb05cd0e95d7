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
	"strconv"
	"strings"
)

//go:embed *.yml *.yaml *.conf
var files embed.FS

// Peer is a program that is compared with logcar.
type Peer struct {
	Name     string
	programs []string // the names that it is installed under, the preferred first
	files    []string // its configuration; the first is given on the command line
	args     []string
}

// All lists the peers.
var All = []Peer{
	{"Filebeat", []string{"filebeat"}, []string{"filebeat.yml"},
		[]string{"-e", "--strict.perms=false", "--path.home=${DATA_DIR}", "-c", "${CONFIG}"}},
	{"Fluent Bit", []string{"fluent-bit"}, []string{"fluent-bit.conf", "fluent-bit-parsers.conf"}, []string{"-c", "${CONFIG}"}},
	{"Vector", []string{"vector"}, []string{"vector.yaml"}, []string{"--quiet", "--config", "${CONFIG}"}},
	{"OpenTelemetry Collector", []string{"otelcol-contrib", "otelcol"}, []string{"otelcol.yaml"}, []string{"--config", "${CONFIG}"}},
	{"rsyslog", []string{"rsyslogd"}, []string{"rsyslog.conf"}, []string{"-n", "-i", "${DATA_DIR}/rsyslogd.pid", "-f", "${CONFIG}"}},
}

// Job is what a peer is to do.
type Job struct {
	Dir   string // for its configuration and its data
	Path  string // the log
	Host  string // Kafka: host:port
	Level int    // gzip
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

// Configure writes the peer's configuration into j.Dir and returns its command
// line, without the program.
func (p Peer) Configure(j Job) ([]string, error) {
	// The same for all, because not each of them reads the environment.
	fill := strings.NewReplacer("${LOG_PATH}", j.Path, "${KAFKA_HOST}", j.Host, "${DATA_DIR}", j.Dir,
		"${GZIP_LEVEL}", strconv.Itoa(j.Level), "${CONFIG}", filepath.Join(j.Dir, p.files[0]))
	for _, name := range p.files {
		text, err := files.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(j.Dir, name), []byte(fill.Replace(string(text))), 0o600)
		}
		if err != nil {
			return nil, fmt.Errorf("configure %s: %w", p.Name, err)
		}
	}
	args := make([]string, len(p.args))
	for i, a := range p.args {
		args[i] = fill.Replace(a)
	}
	return args, nil
}
