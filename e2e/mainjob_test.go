//go:build e2e && unix

package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// spelling is one way to write the job, and the documents that it asks for.
type spelling struct {
	name, input string
	check       func(problems *complaints, d document, e appEvent)
}

var spellings = []spelling{
	{"prospectors", prospectors, checkShape6},
	{"inputs", logInput, func(problems *complaints, d document, e appEvent) { checkShape8(problems, d, e, "log") }},
	{"filestream", filestream, func(problems *complaints, d document, e appEvent) { checkShape8(problems, d, e, "filestream") }},
}

// TestMainJob is what logcar is for: the logs of a Java service, tagged, joined
// and gzip-compressed in Kafka. A topic with one partition shows the order of all
// events while the logs are being written; with three, it holds per partition.
func TestMainJob(t *testing.T) {
	for _, spelling := range spellings {
		t.Run(spelling.name, func(t *testing.T) {
			t.Run("one partition, live", func(t *testing.T) {
				mainJob(t, spelling, 1, func(s *shipper, write func()) {
					write()
					s.start()
					s.await(broker(t), topicOf(t), 1)
					write()
					// The last event of each file is open until the stop.
					s.await(broker(t), topicOf(t), 2*2*writeCount-2)
					s.stop()
				})
			})
			t.Run("three partitions, once", func(t *testing.T) {
				mainJob(t, spelling, 3, func(s *shipper, write func()) {
					write()
					s.once()
				})
			})
		})
	}
}

const writeCount = 1000

func mainJob(t *testing.T, spelling spelling, partitions int, ship func(s *shipper, write func())) {
	cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
	createTopic(t, cluster, topic, partitions, 1, nil)
	logs := []*appLog{newAppLog(t, dir, "app.log"), newAppLog(t, dir, "error.log")}
	write := func() {
		for _, l := range logs {
			l.write(writeCount)
		}
	}
	began := time.Now().Truncate(time.Millisecond)
	ship(newShipper(t, configuration(spelling.input, ownersOutput, dir+"/*.log", cluster, topic)), write)

	docs := consume(t, cluster, topic)
	checkOnce(t, docs, logs...)
	problems := complaints{t: t}
	for _, d := range docs {
		l := logs[slices.IndexFunc(logs, func(l *appLog) bool { return l.path == d.path() })]
		spelling.check(&problems, d, l.events[l.number[d.Message]])
		checkTags(&problems, d, began)
	}
	problems.summarize()
	batches, err := cluster.Batches(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if b.Codec != "gzip" || !b.Valid {
			t.Errorf("batch %+v, want gzip and a valid checksum", b)
		}
	}
	t.Logf("%d documents in %d batches", len(docs), len(batches))
}

// topicOf names a topic after the running test.
func topicOf(t *testing.T) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			return r
		}
		return '.'
	}, t.Name())
}

// checkTags checks what all spellings have in common.
func checkTags(problems *complaints, d document, began time.Time) {
	problems.t.Helper()
	want := map[string]any{"namespace": "dac-prod", "service-name": "dac-config-server"}
	if fmt.Sprint(d.Fields) != fmt.Sprint(want) {
		problems.add("fields %v, want %v", d.Fields, want)
	}
	if d.Metadata.Beat != "filebeat" {
		problems.add("@metadata.beat is %q", d.Metadata.Beat)
	}
	if d.Timestamp.Before(began) || d.Timestamp.After(time.Now()) {
		problems.add("@timestamp %v is not the time of reading", d.Timestamp)
	}
	if !d.record.Timestamp.Equal(d.Timestamp) {
		problems.add("the record's timestamp is %v, @timestamp %v", d.record.Timestamp.UTC(), d.Timestamp)
	}
	if d.record.Key != nil || d.record.Headers != "" {
		problems.add("the record has key %q and headers %q, want none", d.record.Key, d.record.Headers)
	}
}

// checkShape6 wants Filebeat 6.0's document: source, offset at the event's end,
// beat, and nothing that came later.
func checkShape6(problems *complaints, d document, e appEvent) {
	problems.t.Helper()
	switch {
	case d.Source == nil || !filepath.IsAbs(*d.Source):
		problems.add("no absolute source: %.300s", d.record.Value)
	case d.Offset == nil || *d.Offset != e.to:
		problems.add("offset is not %d: %.300s", e.to, d.record.Value)
	case d.Beat == nil || d.Beat.Name == "" || d.Beat.Hostname == "" || d.Beat.Version == "":
		problems.add("beat is not filled in: %.300s", d.record.Value)
	case d.Metadata.Type != "doc":
		problems.add("@metadata.type is %q, want doc", d.Metadata.Type)
	case d.Log != nil || d.Input != nil || d.Agent != nil:
		problems.add("log, input or agent in a 6.0 document: %.300s", d.record.Value)
	}
}

// checkShape8 wants Filebeat 8's document: log with the event's beginning, flags
// on joined lines, input, agent.
func checkShape8(problems *complaints, d document, e appEvent, inputType string) {
	problems.t.Helper()
	joined := strings.Contains(e.text, "\n")
	switch {
	case d.Log == nil || d.Log.Offset != e.from:
		problems.add("log.offset is not %d: %.300s", e.from, d.record.Value)
	case slices.Contains(d.Log.Flags, "multiline") != joined:
		problems.add("log.flags %v, want multiline: %v: %.300s", d.Log.Flags, joined, d.record.Value)
	case d.Input == nil || d.Input.Type != inputType:
		problems.add("input.type is not %s: %.300s", inputType, d.record.Value)
	case d.Agent == nil || d.Agent.Type != "filebeat":
		problems.add("agent.type is not filebeat: %.300s", d.record.Value)
	case d.Metadata.Type != "_doc":
		problems.add("@metadata.type is %q, want _doc", d.Metadata.Type)
	case d.Source != nil || d.Offset != nil || d.Beat != nil:
		problems.add("source, offset or beat in an 8.x document: %.300s", d.record.Value)
	}
}
