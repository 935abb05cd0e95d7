package config

import (
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/output/file"
	"github.com/logcar/logcar/processor"
)

func readFile(s *tree.Section) *file.Config {
	c := file.Defaults()
	c.Path = dated(s, "path")
	if c.Path == "" {
		s.Errorf("path", "no path: expected a directory")
	}
	c.Filename = s.String("filename", c.Filename)
	c.RotateEveryKB = bounded(s, "rotate_every_kb", c.RotateEveryKB, 1, math.MaxInt32)
	c.NumberOfFiles = bounded(s, "number_of_files", c.NumberOfFiles, 2, 1024)
	c.RotateOnStartup = s.Bool("rotate_on_startup", c.RotateOnStartup)
	if mode := s.String("permissions", ""); mode != "" {
		n, err := strconv.ParseUint(mode, 8, 9)
		if err != nil {
			s.Errorf("permissions", "%q is no file mode; expected an octal number such as 0600", mode)
		} else {
			c.Permissions = fs.FileMode(n)
		}
	}
	return &c
}

// dated reads a path that may have the date of the start in it, as Filebeat's may
// from 8.15 on.
func dated(s *tree.Section, key string) string {
	path := s.String(key, "")
	if !strings.Contains(path, "%{") {
		return path // a backslash stays one
	}
	format, err := processor.ParseFormat(path)
	if err == nil && format.Varies(func(field string) bool { return field != "@timestamp" }) {
		s.Errorf(key, "%q depends on the event; expected no more than a date such as %%{+yyyy.MM.dd}", path)
		return path
	}
	if err == nil {
		path, err = format.Run(&processor.Document{Time: time.Now()})
	}
	if err != nil {
		s.Errorf(key, "%v", err)
	}
	return path
}

// readConsole reads output.console, which can be told no more than how documents
// look. Its own pretty is older than codec, which wins, as in Filebeat.
func readConsole(s *tree.Section) output.Codec {
	pretty, codec := s.Bool("pretty", false), readCodec(s)
	if !s.Has("codec") {
		codec.Pretty = pretty
	}
	return codec
}

// readCodec reads codec, of which one is to be chosen.
func readCodec(s *tree.Section) output.Codec {
	codec := s.Sub("codec", &codecTable)
	names := codec.Names("")
	for _, name := range names {
		if name != "json" && name != "format" {
			codec.Errorf(name, "codec %q is unknown: expected json or format", name)
		}
	}
	if len(names) > 1 {
		s.Errorf("codec", "more than one codec (%s); expected one of json, format", strings.Join(names, ", "))
	}
	c := output.Codec{
		Pretty:     codec.Bool("json.pretty", false),
		EscapeHTML: codec.Bool("json.escape_html", codec.Bool("json.escapehtml", false)),
		LocalTime:  codec.Bool("json.local_time", codec.Bool("json.localtime", false)),
	}
	text := codec.String("format.string", "")
	if slices.Contains(names, "format") && text == "" {
		codec.Errorf("format.string", `no format: expected one such as "%%{[@timestamp]} %%{[message]}"`)
	} else if text != "" {
		var err error
		if c.Format, err = processor.ParseFormat(text); err != nil {
			codec.Errorf("format.string", "%v", err)
		}
	}
	return c
}
