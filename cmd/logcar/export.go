package main

import (
	"fmt"
	"io"

	"github.com/logcar/logcar/config"
)

// exportConfig prints the configuration that the files and the command line make
// together. Passwords that are written in them are printed, too.
func exportConfig(f *flags, stdout, _ io.Writer) error {
	text, err := config.Export(f.config)
	if err != nil {
		return err
	}
	if _, err := stdout.Write(text); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// exportSchema prints the JSON Schema of the configuration, for editors and for
// checks in a repository.
func exportSchema(_ *flags, stdout, _ io.Writer) error {
	text, err := config.Schema()
	if err != nil {
		return err
	}
	if _, err := stdout.Write(text); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
