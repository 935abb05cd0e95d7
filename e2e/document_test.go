//go:build e2e && unix

package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/logcar/logcar/e2e/kafka"
)

// document is what a consumer such as Logstash finds in a record: Filebeat's
// fields, of all versions that logcar speaks.
type document struct {
	Timestamp time.Time `json:"@timestamp"`
	Metadata  struct {
		Beat string `json:"beat"`
		Type string `json:"type"`
	} `json:"@metadata"`
	Message string         `json:"message"`
	Fields  map[string]any `json:"fields"`

	// Since 7.0.
	Input *struct {
		Type string `json:"type"`
	} `json:"input"`
	Log *struct {
		Offset int64 `json:"offset"`
		File   struct {
			Path string `json:"path"`
		} `json:"file"`
		Flags []string `json:"flags"`
	} `json:"log"`
	Agent *struct {
		Type string `json:"type"`
	} `json:"agent"`

	// Until 6.x.
	Source *string `json:"source"`
	Offset *int64  `json:"offset"`
	Beat   *struct {
		Name     string `json:"name"`
		Hostname string `json:"hostname"`
		Version  string `json:"version"`
	} `json:"beat"`

	record kafka.Record
}

func (d document) path() string {
	switch {
	case d.Log != nil:
		return d.Log.File.Path
	case d.Source != nil:
		return *d.Source
	}
	return ""
}

// consume returns the documents of a topic as Kafka's console consumer reads
// them: per partition in the order of their offsets.
func consume(t *testing.T, cluster *kafka.Cluster, topic string) []document {
	t.Helper()
	records, err := cluster.Consume(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	docs := make([]document, len(records))
	for i, record := range records {
		if err := json.Unmarshal(record.Value, &docs[i]); err != nil {
			t.Fatalf("partition %d offset %d is no document: %v: %.300q", record.Partition, record.Offset, err, record.Value)
		}
		docs[i].record = record
	}
	return docs
}

// checkDelivery wants every event of the logs in the documents, joined right,
// and in each partition a file's events in the order of the file; of an event
// that came more than once the first delivery counts. It returns how many
// documents were repeats.
func checkDelivery(t *testing.T, docs []document, logs ...*appLog) (repeats int) {
	t.Helper()
	byPath := map[string]*appLog{}
	for _, l := range logs {
		byPath[l.path] = l
	}
	type key struct {
		path      string
		partition int
	}
	problems := complaints{t: t}
	seen := map[string]map[int]bool{}
	last := map[key]int{}
	for _, d := range docs {
		l := byPath[d.path()]
		if l == nil {
			problems.add("document of an unknown file %q: %.200q", d.path(), d.record.Value)
			continue
		}
		n, known := l.number[d.Message]
		if !known {
			problems.add("%s: a message that nobody wrote: %.300q", l.path, d.Message)
			continue
		}
		if seen[l.path] == nil {
			seen[l.path] = map[int]bool{}
		}
		if seen[l.path][n] {
			repeats++
			continue
		}
		seen[l.path][n] = true
		k := key{l.path, d.record.Partition}
		if before, ok := last[k]; ok && n < before {
			problems.add("%s, partition %d, offset %d: event %d after %d", l.path, d.record.Partition, d.record.Offset, n, before)
		}
		last[k] = n
	}
	for _, l := range logs {
		for n := range l.events {
			if !seen[l.path][n] {
				problems.add("%s: event %d of %d is missing: %.100q", l.path, n, len(l.events), l.events[n].text)
			}
		}
	}
	problems.summarize()
	return repeats
}

// checkOnce wants every event exactly once.
func checkOnce(t *testing.T, docs []document, logs ...*appLog) {
	t.Helper()
	if repeats := checkDelivery(t, docs, logs...); repeats != 0 {
		t.Errorf("%d of %d documents are repeats", repeats, len(docs))
	}
}

// complaints show the first problems of a kind that comes by thousands.
type complaints struct {
	t     *testing.T
	count int
}

func (c *complaints) add(format string, args ...any) {
	c.t.Helper()
	if c.count++; c.count <= 5 {
		c.t.Errorf(format, args...)
	}
}

func (c *complaints) summarize() {
	c.t.Helper()
	if c.count > 5 {
		c.t.Errorf("%d problems, the first 5 are shown", c.count)
	}
}
