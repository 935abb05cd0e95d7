package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
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
