// Command sbom writes the software bill of materials of a Go binary to standard
// output, as SPDX 2.3:
//
//	go run ./cmd/sbom -version 0.1.0 ../../logcar > logcar.spdx.json
//
// $SOURCE_DATE_EPOCH, in Unix seconds, takes the place of the current time, so that
// the same binary gives the same bytes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/logcar/logcar/deploy/tests/sbom"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit status: 0, 1 when the binary cannot be read, 2 for a
// command line that makes no sense.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sbom", flag.ContinueOnError)
	flags.SetOutput(stderr)
	version := flags.String("version", "dev", "the program's `version`")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() != 1:
		fmt.Fprintln(stderr, "usage: sbom [-version VERSION] BINARY")
		return 2
	}
	if err := write(flags.Arg(0), *version, stdout); err != nil {
		fmt.Fprintln(stderr, "sbom:", err)
		return 1
	}
	return 0
}

func write(path, version string, stdout io.Writer) error {
	created := time.Now()
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		created = time.Unix(seconds, 0)
	}
	document, err := sbom.New(path, version, created)
	if err != nil {
		return err
	}
	return document.Write(stdout)
}
