package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/benchmarks/applog"
	"github.com/logcar/logcar/benchmarks/broker"
	"github.com/logcar/logcar/benchmarks/peers"
	"github.com/logcar/logcar/internal/javalog"
)

// logcar delivers every text of every scenario, by the configuration that
// Filebeat is run with.
func TestLogcarDoesAllScenarios(t *testing.T) {
	s := smallSuite(t)
	me := s.contenders(t.Context(), t.Output())[0]
	for _, scenario := range peers.Scenarios {
		in, err := s.inputIn(scenario.Format, trialSeed, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		// Side by side: most of the time they wait for multiline's timeout.
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			if err := s.verify(t.Context(), in, scenario, me); err != nil {
				t.Error(err)
			}
		})
	}
}

// A peer that delivers something else, or nothing, is said so and not measured.
func TestComparison(t *testing.T) {
	s := smallSuite(t)
	s.opts.only, s.opts.svg = []string{"json"}, ""
	dir := t.TempDir()
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	if err := os.WriteFile(filepath.Join(dir, "filebeat"), []byte("#!/bin/sh\necho filebeat version 1.2.3; exit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var out, complaints bytes.Buffer
	if status := s.comparePeers(t.Context(), &out, &complaints); status != 1 {
		t.Errorf("got status %d", status)
	}
	for _, want := range []string{"Vector was not found: no vector on PATH", "json: JSON lines, decoded; 2.1 MB", "\nlogcar  "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "1.2.3") {
		t.Errorf("a peer that fails has figures:\n%s", &out)
	}
	if want := "json: Filebeat: filebeat has ended: exit status 3"; !strings.Contains(complaints.String(), want) {
		t.Errorf("got %q, want %q", &complaints, want)
	}
}

func TestWhoMayKeepTheLastEvent(t *testing.T) {
	mine, other := contender{Peer: peers.Logcar}, contender{Peer: peers.All[0]}
	tests := []struct {
		who  contender
		err  error
		want bool
	}{
		{other, &countError{6, 7}, true},
		{other, &countError{5, 7}, false},
		{other, &countError{8, 7}, false},
		{other, errors.New("exit status 1"), false},
		{other, nil, false},
		{mine, &countError{6, 7}, false},
	}
	for _, test := range tests {
		if got := test.who.mayKeepLast(test.err); got != test.want {
			t.Errorf("%s, %v: got %v", test.who.Name, test.err, got)
		}
	}
}

func TestDeliveries(t *testing.T) {
	scenario := peers.Scenario{Format: applog.Plain, Dissect: true}
	g := javalog.New(trialSeed, applog.Start)
	record := applog.Parse(g.Append(nil))
	text := javalog.New(trialSeed, applog.Start).Append(nil)
	document := func(message, level, tags string) []byte {
		var b bytes.Buffer
		b.WriteString(`{"message":`)
		b.WriteString(quoted(message))
		b.WriteString(`,"level":"` + level + `",` + tags + `}`)
		return b.Bytes()
	}
	const (
		top    = `"namespace":"dac-prod","service-name":"dac-config-server"`
		fields = `"fields":{` + top + `}`
	)
	tests := []struct {
		name     string
		document []byte
		wrong    string
	}{
		{"as Filebeat", document(strings.TrimSuffix(string(text), "\n"), record.Level, fields), ""},
		{"as others", document(string(text), record.Level, top), ""},
		{"another text", document("x", record.Level, top), "none that was written"},
		{"another level", document(string(text), "NONE", top), "none that was written"},
		{"no tags", document(string(text), record.Level, `"fields":{}`), "lacks the tags"},
		{"no JSON", []byte("{"), "unexpected end"},
	}
	for _, test := range tests {
		d := expect(1, scenario)
		switch err := d.take(test.document); {
		case test.wrong == "" && err != nil, test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)):
			t.Errorf("%s: got %v, want %q", test.name, err, test.wrong)
		case test.wrong == "" && d.take(test.document) == nil:
			t.Errorf("%s: it may come twice", test.name)
		}
	}
}

// quoted is text as a JSON string.
func quoted(text string) string {
	line := applog.JSON.Append(nil, []byte("d t L 1 --- [x] y : "+text))
	_, message, _ := bytes.Cut(line, []byte(`"message":`))
	return string(bytes.TrimSuffix(message, []byte("}\n")))
}

func TestComparisonPrinted(t *testing.T) {
	in := input{size: 1_000_000_000, events: 7}
	round := func(cpu time.Duration, peak, records int64) shipped {
		return shipped{usage{cpu, peak, broker.Stats{WireBytes: 100_000_000, Records: records}}, 10 * time.Second}
	}
	mine := &entry{contender: contender{Peer: peers.Logcar}}
	cheap := &entry{contender: contender{Peer: peers.Peer{Name: "cheap"}, version: "1.2"}}
	dear := &entry{contender: contender{Peer: peers.Peer{Name: "dear"}}}
	broken := &entry{contender: contender{Peer: peers.Peer{Name: "broken"}}, failed: true}
	for i := range 3 {
		mine.add(in, round(time.Duration(5+i)*time.Second, 20_000_000, 7))
		cheap.add(in, round(time.Duration(2*(5+i))*time.Second, 50_000_000, 6))
		dear.add(in, round(100*time.Second, 90_000_000, 7))
	}
	c := comparison{peers.Scenarios[0], in, []*entry{mine, dear, cheap, broken}}
	c.dropFailed()
	var b strings.Builder
	c.print(&b)
	printSummary(&b, []comparison{c, {scenario: peers.Scenarios[1], entries: []*entry{mine}}})
	want := `
traces: stack traces joined by the timestamp of their first line; 1000.0 MB, 7 events
program    CPU, s/GB                     ÷ logcar  peak, MB  MB/s  sent ÷ log  missing
logcar          6.00  5.00 to 7.00 in 3  1.00      20.0      100   0.100       0
dear             100  100 to 100 in 3    16.7      90.0      100   0.100       0
cheap 1.2       12.0  10.0 to 14.0 in 3  2.00      50.0      100   0.100       1

logcar against the cheapest peer; it may take 2 times as much
scenario  logcar, s/GB  cheapest peer, s/GB             logcar ÷ peer
traces    6.00          12.0                 cheap 1.2  0.50           ok  0.50 to 0.50 in 3
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
	var svg strings.Builder
	if err := c.chart(setting{Level: 3, Cores: 2}, 1<<30).Draw(&svg); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cheap 1.2 12.0", "logcar 20.0", "gzip level 3", "1GiB of log"} {
		if !strings.Contains(svg.String(), want) {
			t.Errorf("the chart lacks %q:\n%s", want, &svg)
		}
	}
	if err := (&suite{opts: &options{svg: filepath.Join(t.TempDir(), "none", "x.svg")}}).draw(c); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a chart that cannot be written: got %v", err)
	}
}
