package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

// standInVariable makes the test binary behave as a logcar with a fault, so
// that tests can see the demo fail: its value is the fault's name.
const standInVariable = "LOGCAR_DEMO_STANDIN"

func TestMain(m *testing.M) {
	if fault := os.Getenv(standInVariable); fault != "" {
		os.Exit(standIn(fault))
	}
	goleak.VerifyTestMain(m)
}

// standIn waits for SIGTERM, reads the log files as a whole and produces their
// events, but for the fault. It returns the exit status.
func standIn(fault string) int {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Fprintln(os.Stderr, "stand-in started with fault", fault)
	if fault == "dies" {
		return 3
	}
	<-stop
	if fault == "deaf" {
		<-stop
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Getenv("KAFKA_HOSTS"), ",")...),
		kgo.DefaultProduceTopic(topic),
		kgo.ProducerBatchCompression(kgo.GzipCompression()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 4
	}
	defer client.Close()
	texts := corrupt(readEvents(), fault)
	labels := podFields
	if fault == "mislabels" {
		labels.PodIP = ""
	}
	for _, text := range texts {
		value, err := json.Marshal(document{text, labels})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 4
		}
		client.Produce(context.Background(), &kgo.Record{Value: value}, nil)
	}
	if err := client.Flush(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 4
	}
	if fault == "status" {
		return 1
	}
	return 0
}

var anchor = regexp.MustCompile(`(?m)^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}`)

// readEvents cuts the rotated log and the new one into events.
func readEvents() (events []string) {
	dir := filepath.Dir(os.Getenv("LOG_PATHS"))
	for _, name := range []string{rotatedName, logName} {
		log, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue // a short run has not rotated yet
		}
		begins := append(anchor.FindAllIndex(log, -1), []int{len(log)})
		for i := range len(begins) - 1 {
			event := log[begins[i][0]:begins[i+1][0]]
			events = append(events, string(bytes.TrimSuffix(event, []byte("\n"))))
		}
	}
	return events
}

// corrupt applies a fault to the events.
func corrupt(events []string, fault string) []string {
	if fault == "none" {
		return events
	}
	third := events[2]
	switch fault {
	case "silent":
		return nil
	case "loses":
		return append(events[:2:2], events[3:]...)
	case "repeats":
		return append(events, third, third)
	case "reorders":
		events[2], events[3] = events[3], third
	case "tears":
		half := len(third) / 2
		return append(events[:2:2], append([]string{third[:half], third[half:]}, events[3:]...)...)
	}
	return events
}
