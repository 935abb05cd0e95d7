package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/logcar/logcar/benchmarks/applog"
	"github.com/logcar/logcar/benchmarks/peers"
)

// options is the command line.
type options struct {
	only    []string // groups of the catalogue; empty: all
	size    applog.Size
	backlog applog.Size
	pairs   int
	levels  []int // of cpu-ratio; the last is that of all other measurements
	logcar  string
	dir     string
	json    string
	svg     string
	timeout time.Duration
	list    bool
	strict  bool
	peers   bool
}

// level is the gzip level of everything but cpu-ratio, which runs with all.
func (o *options) level() int { return o.levels[len(o.levels)-1] }

// fastLevel and defaultLevel are what cpu-ratio looks at: the cheapest level,
// and logcar's own default.
const (
	fastLevel    = 1
	defaultLevel = 3
)

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{size: 256 << 20, backlog: 2_000_000_000, levels: []int{fastLevel, defaultLevel}}
	flags := flag.NewFlagSet("benchmarks", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: go run . [flags]\nMeasures logcar and prints a table; README.md tells what each row means.")
		flags.PrintDefaults()
	}
	flags.BoolVar(&o.list, "list", false, "list what can be measured, and the bars")
	only := flags.String("only", "", "`names` to measure, separated by commas: as -list shows them, or with -peers the scenarios'")
	flags.Var(&o.size, "size", "`bytes` of log for cpu-ratio, many-files and the peers")
	flags.Var(&o.backlog, "backlog", "`bytes` of log for catch-up")
	flags.IntVar(&o.pairs, "pairs", 5, "how often a ratio is taken; the median is shown")
	level := flags.Int("level", 0, fmt.Sprintf("gzip level of everything (default: %d, and cpu-ratio also with %d)", defaultLevel, fastLevel))
	flags.StringVar(&o.logcar, "logcar", "", "`binary` to measure (default: build it from this repository)")
	flags.StringVar(&o.dir, "dir", "", "`folder` for the generated logs, which then stay there for the next time (default: a temporary one)")
	flags.StringVar(&o.json, "json", "", "write the rows to `file` as well")
	flags.BoolVar(&o.strict, "strict", false, "exit with status 1 also when a bar is missed")
	flags.DurationVar(&o.timeout, "timeout", 20*time.Minute, "give up after this `time`")
	flags.BoolVar(&o.peers, "peers", false, "compare logcar with the log shippers that are installed")
	flags.StringVar(&o.svg, "svg", "", "`file` for the chart of -peers")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case *level < 0 || *level > 9:
		return nil, fmt.Errorf("level %d is not one of gzip's, 1 to 9", *level)
	case o.size < 1<<20 || o.backlog < 1<<20:
		return nil, fmt.Errorf("less than 1MiB of log says nothing")
	case o.pairs < 1:
		return nil, fmt.Errorf("%d pairs: expected at least 1", o.pairs)
	}
	if *level > 0 {
		o.levels = []int{*level}
	}
	return o, o.setOnly(*only)
}

// setOnly takes names of rows and of groups; with -peers, of scenarios.
func (o *options) setOnly(names string) error {
	for name := range strings.SplitSeq(names, ",") {
		if name == "" {
			continue
		}
		group := groupOf(name)
		if o.peers {
			group = scenarioNamed(name)
		}
		if group == "" {
			return fmt.Errorf("there is no %q; -list shows the names", name)
		}
		if !slices.Contains(o.only, group) {
			o.only = append(o.only, group)
		}
	}
	return nil
}

// groupOf is the group of a row, or the name itself if it is a group's.
func groupOf(name string) string {
	for _, m := range catalogue {
		if name == m.name || name == m.group {
			return m.group
		}
	}
	return ""
}

func scenarioNamed(name string) string {
	for _, s := range peers.Scenarios {
		if name == s.Name {
			return name
		}
	}
	return ""
}

func (o *options) wants(group string) bool {
	return len(o.only) == 0 || slices.Contains(o.only, group)
}
