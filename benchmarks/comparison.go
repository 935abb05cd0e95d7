package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/logcar/logcar/benchmarks/applog"
	"github.com/logcar/logcar/benchmarks/peers"
)

// A comparison is what the programs took for one scenario.
type comparison struct {
	scenario peers.Scenario
	in       input
	entries  []*entry
}

// An entry is what one program took, in each round.
type entry struct {
	contender
	cpu    []float64 // s/GB
	peak   []float64 // MB
	rate   []float64 // MB/s
	wire   []float64 // bytes sent ÷ bytes of log
	lost   int64     // events that did not arrive, at most
	failed bool
}

func (e *entry) add(in input, done shipped) {
	size := float64(in.size)
	e.cpu = append(e.cpu, done.cpu.Seconds()*gigabyte/size)
	e.peak = append(e.peak, float64(done.peak)/megabyte)
	e.rate = append(e.rate, size/megabyte/done.took.Seconds())
	e.wire = append(e.wire, float64(done.WireBytes)/size)
	e.lost = max(e.lost, in.events-done.Records)
}

// title is the program's name with its version.
func (e *entry) title() string {
	if e.version == "" {
		return e.Name
	}
	return e.Name + " " + e.version
}

func (c *comparison) dropFailed() {
	c.entries = slices.DeleteFunc(c.entries, func(e *entry) bool { return e.failed })
}

// logcar is logcar's entry, or nil if it failed.
func (c *comparison) logcar() *entry {
	if len(c.entries) == 0 || c.entries[0].Name != peers.Logcar.Name {
		return nil
	}
	return c.entries[0]
}

// cheapestPeer is the peer with the least processor time, or nil without any.
func (c *comparison) cheapestPeer() *entry {
	var best *entry
	for _, e := range c.entries {
		if e.Name != peers.Logcar.Name && (best == nil || median(e.cpu) < median(best.cpu)) {
			best = e
		}
	}
	return best
}

// over is the median of the ratios that the rounds have, and their spread.
func over(a, b []float64) (ratio float64, note string) {
	each := make([]float64, min(len(a), len(b)))
	for i := range each {
		each[i] = a[i] / b[i]
	}
	return median(each), spread(each)
}

func (c *comparison) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s: %s; %.1f MB, %d events\n", c.scenario.Name, c.scenario.What, float64(c.in.size)/megabyte, c.in.events)
	table := [][]string{{"program", "CPU, s/GB", "", "÷ logcar", "peak, MB", "MB/s", "sent ÷ log", "missing"}}
	for _, e := range c.entries {
		ratio := ""
		if mine := c.logcar(); mine != nil {
			r, _ := over(e.cpu, mine.cpu)
			ratio = number(r)
		}
		table = append(table, []string{e.title(), number(median(e.cpu)), spread(e.cpu), ratio,
			number(median(e.peak)), number(median(e.rate)), fmt.Sprintf("%.3f", median(e.wire)), strconv.FormatInt(e.lost, 10)})
	}
	printCells(w, table, 1)
}

// dearest is how many times the processor time of the cheapest peer logcar may
// take, whatever the job.
const dearest = 2.0

// printSummary compares logcar with the cheapest peer of each scenario.
func printSummary(w io.Writer, all []comparison) {
	table := [][]string{{"scenario", "logcar, s/GB", "cheapest peer, s/GB", "", "logcar ÷ peer", "", ""}}
	for _, c := range all {
		mine, best := c.logcar(), c.cheapestPeer()
		if mine == nil || best == nil {
			continue
		}
		ratio, note := over(mine.cpu, best.cpu)
		verdict := "ok"
		if !atMost(dearest).keptBy(ratio) {
			verdict = "over"
		}
		table = append(table, []string{c.scenario.Name, number(median(mine.cpu)), number(median(best.cpu)), best.title(), number(ratio), verdict, note})
	}
	if len(table) > 1 {
		fmt.Fprintf(w, "\nlogcar against the cheapest peer; it may take %g times as much\n", dearest)
		printCells(w, table, -1)
	}
}

// chart shows what print prints: the processor time and the memory.
func (c *comparison) chart(s setting, size applog.Size) peers.Chart {
	cpu := peers.Panel{Title: "Processor time, seconds per GB of log"}
	memory := peers.Panel{Title: "Peak resident memory, MB"}
	for _, e := range c.entries {
		cpu.Bars = append(cpu.Bars, peers.Bar{Name: e.title(), Value: median(e.cpu), Text: number(median(e.cpu))})
		memory.Bars = append(memory.Bars, peers.Bar{Name: e.title(), Value: median(e.peak), Text: number(median(e.peak))})
	}
	return peers.Chart{
		Title:  "Java logs to Kafka: less is better",
		Panels: []peers.Panel{cpu, memory},
		Note: fmt.Sprintf("Stack traces joined, two fields added, gzip level %d, acks 1; %v of log, %d cores. Printed by: make bench-peers, %s.",
			s.Level, &size, s.Cores, s.Time.Format("January 2006")),
	}
}
