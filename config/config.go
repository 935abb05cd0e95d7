// Package config reads Filebeat's configuration and turns it into the
// configuration types of logcar's own packages.
//
// It is where the dialect is known: the keys of Filebeat 6 to 9, their defaults,
// what has no effect here and what is refused, each listed once in a table that
// the reader, the checks and the documentation share. It must never open a log
// file, connect to anything or start anything.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/config/watch"
	"github.com/logcar/logcar/keystore"
	"github.com/logcar/logcar/monitor"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/output/file"
	"github.com/logcar/logcar/output/kafka"
	"github.com/logcar/logcar/registry"
	"github.com/logcar/logcar/storage"
	"github.com/logcar/logcar/tailer"
)

// Problem is something wrong or worth knowing, with its place.
type Problem = tree.Problem

// Notice is the Severity of a Problem that is no more than worth knowing.
const Notice = tree.Notice

// KeyReport says what became of one key of the configuration.
type KeyReport = tree.KeyReport

// Args is what the command line says.
type Args struct {
	Files     []string // -c, relative to path.config; none: filebeat.yml
	Overrides []string // -E
	// Paths of the command line; empty: the configuration's, or the defaults.
	Home, Config, Data, Logs string
	StrictPerms              bool
}

// Config is a whole configuration.
type Config struct {
	Inputs []*tailer.Input
	Tailer tailer.Options

	// One of these three is set.
	Kafka   *kafka.Config
	File    *file.Config
	Console bool // standard output

	Shape     output.Shape
	Documents output.Options
	Name      string // host.name and agent.name; empty: the host name

	TooLarge   kafka.TooLarge // what becomes of an event that is too large for the broker
	DeadLetter *DeadLetter    // nil: there is none

	Data            string // path.data
	Keystore        string // the file with the secrets that references have found
	Registry        registry.Options
	RegistryDir     string
	OnCorrupt       OnCorrupt
	OldRegistry     string // Filebeat 6's registry file, to take positions over from
	ShutdownTimeout time.Duration
	MaxProcs        int             // 0: as many as the machine, or the cgroup, has
	HTTP            *monitor.Config // nil: no endpoint
	TerminationLog  string          // where the last word goes, if the file exists
	ExitWhenQuiet   time.Duration   // leave when nothing was written for so long; 0: never
	DoneFile        string          // leave when this file appears
	GCPercent       int             // how much garbage may lie around, in percent of what is in use
	Storage         storage.Config
	Logging         Logging

	Reload Reload
	// Hash is the SHA-256 of the files that it was read from, in hexadecimal. As
	// long as they are the same, so is the configuration.
	Hash string

	Warnings []Problem
	Keys     []KeyReport

	off        unread
	broken     []error // of included files that cannot be read
	watchFiles bool    // logcar.reload
}

// OnCorrupt is what becomes of files when the registry is corrupt, so that nobody
// knows how far they were delivered.
type OnCorrupt string

const (
	Reread  OnCorrupt = "reread" // they are read again: lines repeat, none is lost
	FromEnd OnCorrupt = "end"    // they are read from their end on: none repeats, some may be lost
	Fail    OnCorrupt = "fail"   // logcar does not start, and leaves the registry as it is
)

// Logging is how logcar logs for itself.
type Logging struct {
	Level   string        // as written: critical, error, warning, warn, info or debug
	Metrics time.Duration // how often numbers are logged; 0: never
}

// DefaultShutdown is how long a stop waits for what was read to be confirmed.
// Kubernetes gives a pod 30 s by default.
const DefaultShutdown = 25 * time.Second

// defaultQuiet leaves a native sidecar, which may have two seconds left, enough
// of them to deliver.
const defaultQuiet = time.Second

// Load reads the configuration. The error joins everything that is wrong with
// it, each with file, line and key. When the files could be read at all, the Config
// beside it has Keys and Warnings, for a report, and nothing else.
func Load(args Args) (*Config, error) {
	root, known, err := load(args)
	if err != nil {
		return nil, err
	}
	c := &Config{Data: known.at.data, Keystore: known.at.keystore}
	files := c.read(root, tree.Settings{Lookup: known.lookup, StrictPerms: args.StrictPerms})
	if err := c.finish(root, files); err != nil {
		return &Config{Keys: c.Keys, Warnings: c.Warnings}, err
	}
	return c, nil
}

// load merges the files and the command line, and opens the keystore that their
// references may mean.
func load(args Args) (*tree.Root, *secrets, error) {
	known := &secrets{}
	root, err := merged(args, known)
	if err != nil {
		return nil, nil, err
	}
	known.at = dataPathsOf(root)
	known.store, err = keystore.Open(known.at.keystore, args.StrictPerms)
	s := root.Section("", &topTable)
	switch {
	case errors.Is(err, fs.ErrPermission):
		// Nobody knows whether there is one: most pods have none, and ship all
		// the same when they may not look into path.data.
		s.Warnf("keystore.path", "%v; references find the environment alone", err)
	case err != nil:
		return nil, nil, fmt.Errorf("load configuration: %w", err)
	default:
		_, _ = s.ReadFile(known.at.keystore) // if it is there, it is a source
	}
	return root, known, nil
}

// merged merges the files and the command line.
func merged(args Args, known *secrets) (*tree.Root, error) {
	paths, defaults := locate(args)
	root, err := tree.Load(paths, slices.Concat(args.Overrides, args.paths()), tree.Settings{
		Lookup: known.lookup, StrictPerms: args.StrictPerms, Defaults: defaults,
	})
	if err != nil {
		return nil, fmt.Errorf("load configuration: %w", err)
	}
	return root, nil
}

// locate finds the files and the paths that lie beneath their settings, as
// Filebeat does: beside the executable, unless told otherwise.
func locate(args Args) (files []string, defaults map[string]string) {
	home := args.Home
	if home == "" {
		home = "/" // where there is no /proc to ask, as in an image without anything
		if exe, err := os.Executable(); err == nil {
			home = filepath.Dir(exe)
		}
	}
	dir := args.Config
	if dir == "" {
		dir = home
	}
	files = args.Files
	if len(files) == 0 {
		files = []string{"filebeat.yml"}
	}
	resolved := make([]string, len(files))
	for i, f := range files {
		resolved[i] = f
		if !filepath.IsAbs(f) {
			resolved[i] = filepath.Join(dir, f)
			// Filebeat resolves against path.config alone; a file that is
			// where the user stands is surely meant as well.
			if _, err := os.Stat(resolved[i]); errors.Is(err, os.ErrNotExist) {
				if _, err := os.Stat(f); err == nil {
					resolved[i] = f
				}
			}
		}
	}
	return resolved, map[string]string{
		"path.home": home, "path.config": "${path.home}", "path.data": "${path.home}/data", "path.logs": "${path.home}/logs",
	}
}

// paths are the flags that set a path, as overrides: to Filebeat they are that,
// so that they win over the file.
func (a *Args) paths() []string {
	var overrides []string
	for _, p := range []struct{ key, dir string }{
		{"path.home", a.Home}, {"path.config", a.Config}, {"path.data", a.Data}, {"path.logs", a.Logs},
	} {
		if p.dir != "" {
			overrides = append(overrides, p.key+"="+strings.ReplaceAll(strconv.Quote(p.dir), "$", "$$"))
		}
	}
	return overrides
}

// read turns the tree into the configuration, and returns the files of inputs that
// it includes. Problems are recorded in the roots.
func (c *Config) read(root *tree.Root, settings tree.Settings) []*included {
	s := root.Section("", &topTable)
	old := s.Has("filebeat.prospectors") || s.Has("filebeat.config.prospectors")
	c.Shape = shape(s, old)
	c.Name = s.String("name", "")
	c.MaxProcs = s.Int("max_procs", 0)
	c.GCPercent = s.Int("gc_percent", 25)
	c.ShutdownTimeout = notNegative(s, "filebeat.shutdown_timeout", DefaultShutdown)
	if c.ShutdownTimeout == 0 {
		// Filebeat's 0 throws away what is in flight; nobody wants that of a
		// program whose last lines matter most.
		c.ShutdownTimeout = DefaultShutdown
	}
	c.Tailer.Unterminated = s.Bool("logcar.unterminated", false)
	c.RegistryDir = registryDir(s, c.Data)
	if c.OldRegistry = s.String("filebeat.registry_file", "registry"); !filepath.IsAbs(c.OldRegistry) {
		c.OldRegistry = filepath.Join(c.Data, c.OldRegistry)
	}
	c.Registry.Flush = max(s.Duration("filebeat.registry.flush", time.Second), 100*time.Millisecond)
	c.OnCorrupt = OnCorrupt(s.Enum("logcar.registry.on_corrupt", string(Reread)))
	if c.OnCorrupt == Fail {
		c.Registry.OnCorrupt = registry.Fail
	}
	c.Logging = logging(s)
	if s.Bool("http.enabled", false) {
		c.HTTP = &monitor.Config{Host: s.String("http.host", "localhost"), Port: bounded(s, "http.port", 5066, 0, 65535)}
	}
	c.readDeadLetter(s)
	c.TerminationLog = s.String("logcar.termination_log", "/dev/termination-log")
	c.ExitWhenQuiet = notNegative(s, "logcar.exit_when_quiet", 0)
	c.DoneFile = s.String("logcar.done_file", "")
	c.Tailer.Quiet = notNegative(s, "logcar.quiet", defaultQuiet)
	c.readStorage(s)
	c.Documents.Global = readProcessors(s)
	c.Documents.EventID = s.Bool("logcar.event_id", false)
	c.watchFiles = s.Bool("logcar.reload", true)
	c.Reload.Enabled, c.Reload.Period = c.watchFiles, watch.Every
	files := c.include(s, settings)
	c.readInputs(s, files)
	c.readOutput(s)
	if patience := notNegative(s, "logcar.missing_topic", kafka.Defaults().TopicPatience); c.Kafka != nil {
		c.Kafka.TopicPatience = patience
	}
	return files
}

// DeadLetter is where events go that Kafka does not take: a series of files, or a
// topic.
type DeadLetter struct {
	Topic   string // empty: files
	Dir     string
	MaxSize int64 // bytes, of all files together
}

// readDeadLetter reads what becomes of events that Kafka does not take. There is a
// dead letter when it has a place, or when somebody wants it to be used.
func (c *Config) readDeadLetter(s *tree.Section) {
	fate := s.Enum("logcar.too_large", "truncate")
	c.TooLarge = tooLarge[fate]
	dir, topic := s.String("logcar.dead_letter.path", ""), s.String("logcar.dead_letter.topic", "")
	switch {
	case topic != "" && (dir != "" || fate == "file"):
		s.Errorf("logcar.dead_letter.topic", "the dead letter is a topic or files, not both")
	case topic != "" && !kafka.ValidTopic(topic):
		s.Errorf("logcar.dead_letter.topic", "%q is no name of a topic", topic)
	case topic == "" && fate == "topic":
		s.Errorf("logcar.too_large", "topic needs logcar.dead_letter.topic")
	}
	size := s.ByteSize("logcar.dead_letter.max_size", 8<<20)
	if size < 64<<10 {
		s.Errorf("logcar.dead_letter.max_size", "%d is out of range; expected at least 64KiB", size)
	}
	if topic != "" {
		c.DeadLetter = &DeadLetter{Topic: topic}
		return
	}
	if dir == "" && c.TooLarge != kafka.SetAside {
		return
	}
	if dir == "" {
		dir = "dead-letter"
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(c.Data, dir)
	}
	c.DeadLetter = &DeadLetter{Dir: dir, MaxSize: size}
}

var tooLarge = map[string]kafka.TooLarge{"truncate": kafka.Truncate, "drop": kafka.Drop, "file": kafka.SetAside, "topic": kafka.SetAside}

// shape is the generation of documents: what the key says, or what the spelling
// tells. Filebeat refuses filebeat.prospectors from 7.0 on, so that whoever
// writes it has a chain that expects documents of 6.x.
func shape(s *tree.Section, old bool) output.Shape {
	def := "8"
	if old {
		def = "6"
	}
	switch s.Enum("logcar.documents", def) {
	case "6":
		return output.Shape6
	case "7":
		return output.Shape7
	}
	return output.Shape8
}

// readStorage reads what is too full.
func (c *Config) readStorage(s *tree.Section) {
	c.Storage = storage.Config{
		MaxBytes: s.ByteSize("logcar.storage.max_bytes", 0),
		Warn:     percent(s, "logcar.storage.warn", 70),
		Delete:   percent(s, "logcar.storage.delete", 0),
	}
	c.Tailer.DeletedTimeout = notNegative(s, "logcar.storage.deleted_timeout", 0)
}

func registryDir(s *tree.Section, data string) string {
	dir := s.String("filebeat.registry.path", "registry")
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(data, dir)
	}
	return filepath.Join(dir, "logcar")
}

func logging(s *tree.Section) Logging {
	l := Logging{Level: s.Enum("logging.level", "info"), Metrics: notNegative(s, "logging.metrics.period", 30*time.Second)}
	if !s.Bool("logging.metrics.enabled", true) {
		l.Metrics = 0
	}
	return l
}
