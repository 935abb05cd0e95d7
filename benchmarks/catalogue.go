package main

import (
	"context"
	"fmt"
)

// A metric is one row of the table, before it is measured.
type metric struct {
	name  string
	group string // what is measured together
	what  string
	unit  string
	bar   bar
}

// A bar is what a figure should reach. The zero value asks for nothing.
type bar struct {
	kind  barKind
	limit float64
}

type barKind uint8

const (
	noBar barKind = iota
	most
	least
)

func atMost(limit float64) bar  { return bar{most, limit} }
func atLeast(limit float64) bar { return bar{least, limit} }

func (b bar) keptBy(figure float64) bool {
	switch b.kind {
	case most:
		return figure <= b.limit
	case least:
		return figure >= b.limit
	}
	return true
}

func (b bar) text(unit string) string {
	switch b.kind {
	case most:
		return fmt.Sprintf("≤ %g %s", b.limit, unit)
	case least:
		return fmt.Sprintf("≥ %g %s", b.limit, unit)
	}
	return ""
}

// catalogue is every row, in the order of the table. MB are 10^6 bytes, GB 10^9.
var catalogue = []metric{
	{"cpu-ratio", "cpu-ratio", "CPU of logcar ÷ CPU of gzip alone, same documents", "×", atMost(1.35)},
	{"cpu-per-gb", "cpu-ratio", "CPU per GB of log", "s/GB", bar{}},
	{"one-core", "cpu-ratio", "log shipped with one core (GOMAXPROCS=1)", "MB/s", bar{}},
	{"wire-ratio", "cpu-ratio", "bytes sent ÷ one gzip stream of all documents", "×", atMost(1.1)},
	{"catch-up", "catch-up", "backlog shipped with all cores", "MB/s", atLeast(300)},
	{"rss-busy", "catch-up", "resident while shipping as fast as it can, peak", "MB", atMost(24)},
	{"rss-idle", "idle", "resident 10 s after delivering 10 files", "MB", atMost(12)},
	{"cpu-idle", "idle", "CPU while watching 10 quiet files", "ms/s", atMost(1)},
	{"steady", "steady", "share of one core at 10 MB/s", "%", atMost(6)},
	{"many-files", "many-files", "CPU for 2000 files, 20 written ÷ one file", "×", atMost(1.2)},
	{"latency-p50", "latency", "write(2) to arrival at the broker, median", "ms", atMost(10)},
	{"latency-p99", "latency", "write(2) to arrival at the broker, 99 %", "ms", atMost(40)},
	{"start", "start", "exec to the first event acknowledged", "ms", atMost(60)},
	{"binary", "binary", "size of the stripped binary", "MB", atMost(15)},
}

// groups are the measurements, in the order of the table.
var groups = []struct {
	name string
	run  func(*suite, context.Context) ([]row, error)
}{
	{"cpu-ratio", (*suite).cpuRatio},
	{"catch-up", (*suite).catchUp},
	{"idle", (*suite).idle},
	{"steady", (*suite).steady},
	{"many-files", (*suite).manyFiles},
	{"latency", (*suite).latency},
	{"start", (*suite).start},
	{"binary", (*suite).binary},
}

func metricNamed(name string) metric {
	for _, m := range catalogue {
		if m.name == name {
			return m
		}
	}
	panic("no metric is called " + name)
}
