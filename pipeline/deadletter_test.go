package pipeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestDeadLetter: what Kafka does not take lies in a file beside the positions,
// whole, and the ledger knows of it.
func TestDeadLetter(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	p := newPodTo(t, fmt.Sprintf("output.kafka: {hosts: %q, topic: t, compression: none, max_message_bytes: 10240}", cluster.ListenAddrs()[0]),
		"logcar.too_large: file")
	long := strings.Repeat("long ", 4000)
	p.write("a.log", "short", long, "short again")
	pipe := p.pipeline(true)
	if err := pipe.Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(p.home, "data", "dead-letter", "dead-letter-*.ndjson"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var letter struct {
		Reason, Topic string
		Document      struct{ Message string }
	}
	if err := json.Unmarshal(text, &letter); err != nil || letter.Reason != "too_large" || letter.Topic != "t" || letter.Document.Message != long {
		t.Errorf("%.200s: %v", text, err)
	}
	s := pipe.snapshot()
	if s.BytesRead != s.BytesAcked || s.EventsRead != 3 || s.EventsAcked != 2 || s.EventsFlying != 0 ||
		s.EventsDropped["dead_letter"] != 1 || s.DeadLetters["too_large"] != 1 || s.EventsDropped["too_large"] != 0 || s.Truncated != 0 {
		t.Errorf("%+v", s)
	}
}

// TestDeadLetterTopic: a dead letter may be a topic, whose records are the lines that
// a file would have.
func TestDeadLetterTopic(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(1, "t"), kfake.SeedTopics(3, "letters"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	addrs := cluster.ListenAddrs()
	refuse(cluster, "t", "bad")
	p := newPodTo(t, fmt.Sprintf("output.kafka: {hosts: [%q, %q], topic: t, bulk_max_size: 1}", addrs[0], addrs[1]),
		"logcar.dead_letter.topic: letters")
	p.write("a.log", "good", "bad", "good again", "another bad one")
	pipe := p.pipeline(true)
	if err := pipe.Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, value := range topic(t, addrs, "letters", 2) {
		var letter struct {
			Reason, Topic, Error string
			Document             struct{ Message string }
		}
		if err := json.Unmarshal(value, &letter); err != nil || letter.Reason != "refused" || letter.Topic != "t" || letter.Error == "" {
			t.Errorf("%s: %v", value, err)
		}
		messages = append(messages, letter.Document.Message)
	}
	slices.Sort(messages)
	if got := strings.Join(messages, ", "); got != "another bad one, bad" {
		t.Errorf("letters of %s", got)
	}
	s := pipe.snapshot()
	if s.EventsAcked != 2 || s.EventsFlying != 0 || s.EventsDropped["dead_letter"] != 2 || s.DeadLetters["refused"] != 2 {
		t.Errorf("%+v", s)
	}
}

// refuse has the cluster refuse, by a rule of its own, batches for a topic that hold
// a text.
func refuse(c *kfake.Cluster, name, text string) {
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		r := req.(*kmsg.ProduceRequest)
		for _, t := range r.Topics {
			if t.Topic != name {
				continue
			}
			for _, p := range t.Partitions {
				if !strings.Contains(inflated(p.Records), text) {
					continue
				}
				resp := req.ResponseKind().(*kmsg.ProduceResponse)
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, kerr.InvalidRecord.Code
				rt := kmsg.NewProduceResponseTopic()
				rt.Topic, rt.Partitions = name, append(rt.Partitions, rp)
				resp.Topics = append(resp.Topics, rt)
				return resp, nil, true
			}
		}
		return nil, nil, false
	})
}

// inflated is what the records of a gzip batch say, between other things.
func inflated(batch []byte) string {
	const header = 61
	r, err := gzip.NewReader(bytes.NewReader(batch[header:]))
	if err != nil {
		return ""
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return ""
	}
	return string(text)
}

// topic reads n records of a topic.
func topic(t *testing.T, brokers []string, name string, n int) (values [][]byte) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for len(values) < n {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			t.Fatalf("%d of %d records: %v", len(values), n, err)
		}
		for _, r := range fetched.Records() {
			values = append(values, r.Value)
		}
	}
	return values
}
