package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/logcar/logcar/benchmarks/applog"
	"github.com/logcar/logcar/benchmarks/broker"
	"github.com/logcar/logcar/benchmarks/peers"
	"github.com/logcar/logcar/internal/javalog"
)

// The log that verify uses.
const (
	trialSeed = 2
	trialSize = 4 << 20
)

// verify has a small log shipped and looks at every document.
func (s *suite) verify(ctx context.Context, in input, scenario peers.Scenario, who contender) error {
	wanted := expect(in.events, scenario)
	_, err := s.shipWhole(ctx, in, true, who, s.configurePeer(in, scenario, who), func(r *shipment) error {
		return wanted.find(r.kept)
	})
	return err
}

// A delivery is what must be in a document.
type delivery struct {
	Message string
	Level   string
}

// deliveries are how often each one is still expected.
type deliveries struct {
	left  map[delivery]int
	level bool // whether the level is a field of its own
}

// expect is what the first n events of the log that verify uses must become.
func expect(n int64, scenario peers.Scenario) deliveries {
	d := deliveries{left: map[delivery]int{}, level: scenario.JSON() || scenario.Dissect}
	g := javalog.New(trialSeed, applog.Start)
	var event []byte
	for range n {
		event = g.Append(event[:0])
		record := applog.Parse(event)
		var one delivery
		if d.level {
			one.Level = record.Level
		}
		if one.Message = string(bytes.TrimSuffix(event, []byte{'\n'})); scenario.JSON() {
			one.Message = record.Message
		}
		d.left[one]++
	}
	return d
}

// find looks for the documents in a file of kept batches; it is an error when
// one is not expected, or lacks a tag.
func (d deliveries) find(kept string) error {
	batches, err := broker.Open(kept)
	if err != nil {
		return err
	}
	defer batches.Close()
	var records []byte
	for {
		records, _, err = batches.Next(records[:0])
		if errors.Is(err, io.EOF) {
			return nil
		}
		var wrong error
		if err == nil {
			err = broker.Values(records, func(document []byte) {
				if wrong == nil { // the first one says enough
					wrong = d.take(document)
				}
			})
		}
		if err := errors.Join(err, wrong); err != nil {
			return err
		}
	}
}

func (d deliveries) take(document []byte) error {
	type tags struct {
		Namespace string
		Service   string `json:"service-name"`
	}
	var got struct {
		delivery
		tags
		Fields tags // where Filebeat puts them
	}
	if err := json.Unmarshal(document, &got); err != nil {
		return fmt.Errorf("document %q: %w", shortened(document), err)
	}
	if want := (tags{"dac-prod", "dac-config-server"}); got.tags != want && got.Fields != want {
		return fmt.Errorf("document %q lacks the tags", shortened(document))
	}
	if !d.level {
		got.Level = ""
	}
	// Some deliver the line end of a last line as well.
	got.Message = strings.TrimSuffix(got.Message, "\n")
	if d.left[got.delivery] == 0 {
		return fmt.Errorf("document %q is none that was written", shortened(document))
	}
	d.left[got.delivery]--
	return nil
}

// shortened is the part of a document that a message has room for.
func shortened(b []byte) []byte { return b[:min(len(b), 600)] }
