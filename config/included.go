package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/config/watch"
)

// included is a file of inputs that the main file includes.
type included struct {
	root   *tree.Root
	inputs []*tree.Section
	off    unread
}

// include reads the files that the main one includes inputs from. What is wrong
// with one is an error at the start as at a reload, be reload.enabled true: a file
// that is left out would be a service without logs that nobody knows of.
func (c *Config) include(s *tree.Section, settings tree.Settings) (files []*included) {
	if !s.Has("filebeat.config.prospectors") && !s.Has("filebeat.config.inputs") && !s.Has("filebeat.config_dir") {
		return nil
	}
	settings.Defaults = map[string]string{}
	for _, key := range []string{"path.home", "path.config", "path.data", "path.logs"} {
		settings.Defaults[key] = strings.ReplaceAll(s.String(key, ""), "$", "$$")
	}
	for _, key := range []string{"filebeat.config.prospectors", "filebeat.config.inputs"} {
		if s.Has(key) {
			files = append(files, c.includeLists(s.Sub(key, &configInputsTable), s.String("path.config", ""), settings)...)
		}
	}
	if dir := s.String("filebeat.config_dir", ""); dir != "" {
		pattern := filepath.Join(under(s.String("path.config", ""), dir), "*.yml")
		files = append(files, c.includeFiles(s, "filebeat.config_dir", pattern, func(path string) (*included, error) {
			return openMap(path, settings)
		})...)
		c.Reload.watch(c.Reload.Enabled, pattern)
	}
	return files
}

// includeLists reads filebeat.config.inputs: each file is a list of inputs.
func (c *Config) includeLists(s *tree.Section, base string, settings tree.Settings) []*included {
	if !s.Bool("enabled", true) {
		c.off.disabled(s)
		return nil
	}
	pattern := s.String("path", "")
	if pattern == "" {
		s.Errorf("path", "no path: expected a pattern such as ${path.config}/inputs.d/*.yml")
		return nil
	}
	pattern = under(base, pattern)
	watched := s.Bool("reload.enabled", c.Reload.Enabled)
	if period := positive(s, "reload.period", watch.Every); watched {
		c.Reload.Period = max(min(c.Reload.Period, period), watch.Fastest)
	}
	c.Reload.watch(watched, pattern)
	return c.includeFiles(s, "path", pattern, func(path string) (*included, error) {
		root, err := tree.LoadList(path, settings)
		if err != nil {
			return nil, err
		}
		return &included{root: root, inputs: root.Items(&inputTable)}, nil
	})
}

// openMap reads a file of filebeat.config_dir: its filebeat.inputs, and nothing
// else of it.
func openMap(path string, settings tree.Settings) (*included, error) {
	root, err := tree.Load([]string{path}, nil, settings)
	if err != nil {
		return nil, err
	}
	f := &included{root: root}
	s := root.Section("", &configDirTable)
	for _, key := range []string{"filebeat.prospectors", "filebeat.inputs"} {
		if s.Has(key) {
			f.inputs = append(f.inputs, s.List(key, &inputTable)...)
		}
	}
	return f, nil
}

// includeFiles opens the regular files of a pattern, in the order of their names.
func (c *Config) includeFiles(s *tree.Section, key, pattern string, open func(string) (*included, error)) (files []*included) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		s.Errorf(key, "%q is no pattern: %v", pattern, err)
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			continue
		}
		f, err := open(path)
		if err != nil {
			c.broken = append(c.broken, fmt.Errorf("load configuration: %w", err))
			continue
		}
		files = append(files, f)
	}
	return files
}

// under resolves a path that the configuration gives relative to path.config.
func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// finish gathers what is to be said of all files.
func (c *Config) finish(main *tree.Root, files []*included) error {
	all := append([]*included{{root: main, off: c.off}}, files...)
	errs := c.broken
	var sources []tree.Source
	for _, f := range all {
		warnings, err := f.off.problems(f.root.Finish())
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			errs = append(errs, joined.Unwrap()...)
		} else if err != nil {
			errs = append(errs, err)
		}
		c.Warnings = append(c.Warnings, warnings...)
		c.Keys = append(c.Keys, f.off.report(f.root.Report())...)
		sources = append(sources, f.root.Sources()...)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	c.Hash = digest(sources)
	if c.watchFiles {
		c.Reload.watchSources(main.Sources())
	}
	return nil
}
