package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestReloadStorm: applications write and rotate while one configuration follows the
// other, in each of the ways in which one can come. Every event arrives once, whole,
// in its file's order, in the topic and with the fields of one configuration, and
// none of an older one after one of a newer.
func TestReloadStorm(t *testing.T) {
	const reloads, writers = 24, 3
	topics := []string{"even", "odd"}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(1, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	p := newPodTo(t, "")
	base := strings.Replace(p.text, "[{", `[{multiline: {pattern: '^\[', negate: true, match: after, timeout: 1h}, scan_frequency: 50ms, backoff: 5ms, max_backoff: 20ms, `, 1)
	base = strings.Replace(base, "*.log", "*.log*", 1)
	configure := func(n int) {
		p.text = base + fmt.Sprintf(`
processors: [{add_fields: {target: "", fields: {version: 'v%03d'}}}]
output.kafka: {hosts: ["%s"], topic: %s, bulk_max_size: %d}
logcar.quiet: 0s
`, n, strings.Join(cluster.ListenAddrs(), `", "`), topics[n%2], []int{2048, 7}[n/2%2])
	}
	configure(0)
	r := p.start(t.Context())

	ctx, cancel := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	written := make([][]int, writers)
	for i := range writers {
		writing.Go(func() {
			counts, err := chatter(ctx, filepath.Join(p.logs, fmt.Sprintf("%d.log", i)))
			if written[i] = counts; err != nil {
				t.Error(err)
			}
		})
	}
	for n := 1; n <= reloads; n++ {
		was := r.pipe.snapshot()
		r.await("something is confirmed", func() bool { return r.pipe.snapshot().EventsAcked > was.EventsAcked })
		configure(n)
		switch n % 3 {
		case 0: // a file in its place
			p.save()
		case 1: // the same, and a signal, which may come first
			p.save()
			r.pipe.Reload()
		default:
			publish(p, n)
		}
		r.reloads(uint64(n), 0)
	}
	cancel()
	writing.Wait()
	r.finish()

	got := map[string][]string{} // by file
	for n, topic := range topics {
		consume(t, cluster, topic, func(rec *kgo.Record) {
			var d document
			if err := json.Unmarshal(rec.Value, &d); err != nil {
				t.Fatal(err)
			}
			var version int
			if _, err := fmt.Sscanf(d.Version, "v%d", &version); err != nil || version%2 != n {
				t.Fatalf("topic %s: version %q", topic, d.Version)
			}
			file, text, _ := strings.Cut(d.Message, " ")
			got[file] = append(got[file], fmt.Sprintf("%s %08d %s", d.Version, rec.Offset, text))
		})
	}
	for i, counts := range written {
		for generation, n := range counts {
			judge(t, fmt.Sprintf("[%d.log.%d]", i, generation), got, n)
		}
	}
	if s := r.pipe.snapshot(); s.BytesRead != s.BytesAcked || s.EventsRead != s.EventsAcked {
		t.Errorf("ledger %+v", s)
	}
	if got := p.notes.complaints(); len(got) > 0 {
		t.Errorf("complaints: %q", got)
	}
}

// judge wants a file's events once and in order. They sort by version, and then by
// their place in the topic.
func judge(t *testing.T, file string, got map[string][]string, n int) {
	t.Helper()
	events := got[file]
	slices.Sort(events)
	if len(events) != n {
		t.Errorf("%s: %d events, %d were written", file, len(events), n)
	}
	for k, e := range events {
		if want := eventText(k); !strings.HasSuffix(e, " "+want) {
			t.Fatalf("%s: event %d is %q, want %q", file, k, e, want)
		}
	}
}

// publish brings a configuration as kubelet does. From the first time on the file is
// a link through the one that is exchanged.
func publish(p *pod, n int) {
	p.t.Helper()
	must := func(err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
	}
	dir, version := p.home, fmt.Sprintf("..version-%d", n)
	must(os.Mkdir(filepath.Join(dir, version), 0o755))
	must(os.WriteFile(filepath.Join(dir, version, "filebeat.yml"), []byte(p.text), 0o600))
	old, _ := os.Readlink(filepath.Join(dir, "..data"))
	must(os.Symlink(version, filepath.Join(dir, "..data_tmp")))
	must(os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	if info, err := os.Lstat(filepath.Join(dir, "filebeat.yml")); err != nil || info.Mode().IsRegular() {
		must(os.Symlink("..data/filebeat.yml", filepath.Join(dir, "link")))
		must(os.Rename(filepath.Join(dir, "link"), filepath.Join(dir, "filebeat.yml")))
	}
	if old != "" {
		must(os.RemoveAll(filepath.Join(dir, old)))
	}
}

// eventText is what a writer's k-th event has behind the writer's name.
func eventText(k int) string { return fmt.Sprintf("%d%s", k, strings.Repeat("\n  at line", k%4)) }

// chatter writes events, a few at a time and torn in pieces, and rotates its file
// now and then, until ctx ends. It returns how many it has written into each file.
func chatter(ctx context.Context, path string) (counts []int, err error) {
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	for {
		n, err := fill(ctx, pause.C, path, fmt.Sprintf("%s.%d", filepath.Base(path), len(counts)))
		counts = append(counts, n)
		if err == nil && ctx.Err() == nil {
			err = os.Rename(path, fmt.Sprintf("%s.%d", path, len(counts)))
		}
		if err != nil || ctx.Err() != nil {
			return counts, err
		}
	}
}

// fill writes one file of a chatter.
func fill(ctx context.Context, pause <-chan time.Time, path, name string) (events int, err error) {
	pen, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, pen.Close()) }()
	for ; events < 150 && ctx.Err() == nil; <-pause {
		for range 1 + events%5 {
			text := fmt.Sprintf("[%s] %s\n", name, eventText(events))
			for len(text) > 0 {
				n := min(len(text), 1+events%90)
				if _, err := pen.WriteString(text[:n]); err != nil {
					return events, err
				}
				text = text[n:]
			}
			events++
		}
	}
	return events, nil
}
