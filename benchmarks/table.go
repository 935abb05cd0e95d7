package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/logcar/logcar/benchmarks/peers"
)

// A row is a metric and what was measured; with Error set nothing was.
type row struct {
	Name    string   `json:"name"`
	What    string   `json:"what"`
	Figure  float64  `json:"figure"`
	Unit    string   `json:"unit"`
	Bar     *float64 `json:"bar,omitempty"`
	Verdict string   `json:"verdict,omitempty"` // ok, over, under or failed
	Note    string   `json:"note,omitempty"`
	Error   string   `json:"error,omitempty"`

	bar bar
}

// newRow is a measured row. variant is added to what the metric says of itself.
func newRow(name, variant string, figure float64, note string) row {
	m := metricNamed(name)
	r := row{Name: name, What: m.what + variant, Figure: figure, Unit: m.unit, Note: note, bar: m.bar}
	if m.bar.kind != noBar {
		r.Bar = &m.bar.limit
		r.Verdict = "ok"
		if !m.bar.keptBy(figure) {
			r.Verdict = map[barKind]string{most: "over", least: "under"}[m.bar.kind]
		}
	}
	return r
}

func failedRow(m metric, err error) row {
	return row{Name: m.name, What: m.what, Unit: m.unit, bar: m.bar, Verdict: "failed", Error: err.Error()}
}

func (r row) kept() bool { return r.Error == "" && r.bar.keptBy(r.Figure) }

func printTable(w io.Writer, rows []row) {
	table := [][]string{{"name", "measured", "figure", "bar", "", ""}}
	for _, r := range rows {
		cells := []string{r.Name, r.What, number(r.Figure) + " " + r.Unit, r.bar.text(r.Unit), r.Verdict, r.Note}
		if r.Error != "" {
			cells[2], cells[5] = "-", strings.Join(strings.Fields(r.Error), " ")
		}
		table = append(table, cells)
	}
	printCells(w, table, 2)
}

// number shows three digits, or all before the decimal point.
func number(x float64) string {
	switch {
	case x >= 99.95:
		return fmt.Sprintf("%.0f", x)
	case x >= 9.995:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// printCells sets the columns under each other; the one with index right is
// aligned on its right. text/tabwriter cannot have one column so.
func printCells(w io.Writer, table [][]string, right int) {
	widths := make([]int, len(table[0]))
	for _, cells := range table {
		for i, c := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, cells := range table {
		var line strings.Builder
		for i, c := range cells {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if i == right {
				line.WriteString(pad + c + "  ")
			} else {
				line.WriteString(c + pad + "  ")
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

func printCatalogue(w io.Writer) {
	table := [][]string{{"name", "measured with", "what", "bar"}}
	for _, m := range catalogue {
		table = append(table, []string{m.name, m.group, m.what, m.bar.text(m.unit)})
	}
	printCells(w, table, -1)
	table = [][]string{{"scenario, with -peers", "what"}}
	for _, s := range peers.Scenarios {
		table = append(table, []string{s.Name, s.What})
	}
	fmt.Fprintln(w)
	printCells(w, table, -1)
}

// setting is where and with what it was measured.
type setting struct {
	Time   time.Time `json:"time"`
	Logcar string    `json:"logcar"`
	Go     string    `json:"go"` // that built this program, and logcar unless -logcar was given
	CPU    string    `json:"cpu"`
	Cores  int       `json:"cores"`
	Level  int       `json:"level"`
	Load   float64   `json:"load"` // average of the minute before
}

func newSetting(logcar string, level int, load float64) setting {
	return setting{time.Now().UTC().Truncate(time.Second), logcar, runtime.Version(), cpuName(), runtime.NumCPU(), level, load}
}

func printSetting(w io.Writer, s setting) {
	fmt.Fprintf(w, "\n%s; gzip level %d unless a row says otherwise; %s, %d cores, shared by logcar, the broker and this program; load before: %.1f.\n",
		s.Logcar, s.Level, s.CPU, s.Cores, s.Load)
	fmt.Fprintln(w, "The ratios count: both sides of each are taken in turns in one run. Absolute figures move with the machine and its load.")
}

func writeJSON(path string, s setting, rows []row) error {
	b, err := json.MarshalIndent(struct {
		setting
		Rows []row `json:"rows"`
	}{s, rows}, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(b, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}
