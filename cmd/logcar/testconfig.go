package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/logcar/logcar/config"
)

// testConfig says what logcar would make of the configuration.
func testConfig(f *flags, stdout, _ io.Writer) error {
	cfg, wrong := config.Load(f.config)
	if cfg == nil {
		return wrong
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, k := range cfg.Keys {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Status, k.Key, k.Pos, k.Note)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	for _, p := range cfg.Warnings {
		fmt.Fprintf(stdout, "%s: %s\n", p.Severity, p.Error())
	}
	if wrong == nil {
		fmt.Fprintln(stdout, "Config OK")
	}
	return wrong
}
