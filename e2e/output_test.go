//go:build e2e && unix

package e2e

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAutoCreatedTopic: the broker makes the topic when it is asked for it.
func TestAutoCreatedTopic(t *testing.T) {
	cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
	log := newAppLog(t, dir, "app.log")
	log.write(100)
	newShipper(t, configuration(prospectors, ownersOutput, dir+"/*.log", cluster, topic)).once()
	checkOnce(t, consume(t, cluster, topic), log)
}

// TestCodecs: each codec is what Kafka stores, and Kafka's own decompressors
// read it.
func TestCodecs(t *testing.T) {
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
			createTopic(t, cluster, topic, 1, 1, nil)
			log := newAppLog(t, dir, "app.log")
			log.write(3000)
			output := "output.kafka: {hosts: [HOSTS], topic: TOPIC, compression: " + codec + "}\n"
			newShipper(t, configuration(logInput, output, dir+"/*.log", cluster, topic)).once()
			checkOnce(t, consume(t, cluster, topic), log)
			batches, err := cluster.Batches(t.Context(), topic)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range batches {
				if b.Codec != codec || !b.Valid {
					t.Errorf("batch %+v, want codec %s and a valid checksum", b, codec)
				}
			}
		})
	}
}

// TestRequiredAcks: without faults, each kind of confirmation delivers each
// event once.
func TestRequiredAcks(t *testing.T) {
	for _, acks := range []int{0, 1, -1} {
		t.Run(fmt.Sprint(acks), func(t *testing.T) {
			cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
			createTopic(t, cluster, topic, 1, 1, nil)
			log := newAppLog(t, dir, "app.log")
			log.write(3000)
			output := fmt.Sprintf("output.kafka: {hosts: [HOSTS], topic: TOPIC, required_acks: %d}\n", acks)
			newShipper(t, configuration(logInput, output, dir+"/*.log", cluster, topic)).once()
			// Unconfirmed, the last batches may still be on their way into the log.
			eventually(t, deliverLimit, "all events in the topic", func() bool {
				return delivered(t, cluster, topic) >= len(log.events)
			})
			checkOnce(t, consume(t, cluster, topic), log)
		})
	}
}

// TestOversized: one event that the broker can't take doesn't hold up the rest.
// It arrives cut and flagged, or logcar's log tells of it.
func TestOversized(t *testing.T) {
	tests := []struct {
		name     string
		size     int // of the large event
		accepted int // the topic's max.message.bytes
	}{
		{"above max_message_bytes", 3 << 20, 1 << 20},
		{"above the limit of the topic alone", 500 << 10, 100 << 10},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
			createTopic(t, cluster, topic, 1, 1, map[string]string{"max.message.bytes": fmt.Sprint(test.accepted)})
			log := newAppLog(t, dir, "app.log")
			log.write(500)
			large := "2024-05-06 07:08:09.000 INFO  large " + incompressible(test.size)
			log.append(large)
			log.write(500)
			s := newShipper(t, configuration(logInput, ownersOutput, dir+"/*.log", cluster, topic))
			s.once()

			docs := consume(t, cluster, topic)
			isLarge := func(d document) bool { return strings.Contains(d.Message, "INFO  large ") }
			i := slices.IndexFunc(docs, isLarge)
			if i >= 0 {
				checkTruncated(t, docs[i], large)
				docs[i].Message = large // for the order and number of all
			} else {
				if !regexp.MustCompile(`(?i)large|size|dropp`).Match(s.log()) {
					t.Error("the large event is not there, and logcar's log says nothing of it")
				}
				delete(log.number, large)
				log.events = slices.DeleteFunc(log.events, func(e appEvent) bool { return e.text == large })
				for n, e := range log.events {
					log.number[e.text] = n
				}
			}
			t.Logf("the large event arrived: %v", i >= 0)
			checkOnce(t, docs, log)
		})
	}
}

func checkTruncated(t *testing.T, d document, text string) {
	t.Helper()
	if len(d.Message) >= len(text) || !strings.HasPrefix(text, d.Message) {
		t.Errorf("the large event's message of %d bytes is no cut of the %d written", len(d.Message), len(text))
	}
	if d.Log == nil || !slices.Contains(d.Log.Flags, "truncated") {
		t.Errorf("the large event is not flagged as truncated: %+v", d.Log)
	}
}

// incompressible returns text of which gzip can save no more than a quarter.
func incompressible(size int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, size)
	for i := range text {
		text[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(text)
}
