package main

import (
	"fmt"
	"time"
)

// A result is what one run came to.
type result struct {
	tally tally
	exit  error // how logcar ended; nil for status 0

	logBytes  int64 // written to the files
	wireBytes int64 // record batches in Kafka, compressed
	codec     string
	cpu       time.Duration
	memory    int64 // peak, bytes
	p50, p99  time.Duration
}

func (r result) ok() bool { return r.tally.complete() && r.tally.written > 0 && r.exit == nil }

// summary prints the table and the verdict.
func (s *screen) summary(r result) {
	t := r.tally
	row := func(name, value, remark string, good bool) {
		style := plain
		if !good {
			style = red
		}
		line := fmt.Sprintf("  %-18s %s", name, s.paint(style, fmt.Sprintf("%12s", value)))
		if remark != "" {
			line += "  " + s.paint(dim, remark)
		}
		s.line(line)
	}
	s.line("")
	row("events written", grouped(t.written), "", t.written > 0)
	row("delivered", grouped(t.delivered), "as they were written", t.delivered == t.written)
	row("missing", grouped(t.missing), "", t.missing == 0)
	row("repeated", grouped(t.repeated), "allowed: delivery is at least once", true)
	row("torn", grouped(t.torn), "documents that are not one whole event", t.torn == 0)
	row("out of order", grouped(t.disordered), "within a file and partition", t.disordered == 0)
	row("wrong fields", grouped(t.mislabeled), "namespace, service or pod IP", t.mislabeled == 0)
	row("stack traces", grouped(t.tracesDelivered), fmt.Sprintf("of %s, each in one document", grouped(t.traces)), t.tracesDelivered == t.traces)
	s.line("")
	row("log files", megabytes(r.logBytes), "", true)
	row("sent to Kafka", megabytes(r.wireBytes), r.ratio(), true)
	row("logcar's CPU", fmt.Sprintf("%.2f s", r.cpu.Seconds()), "", true)
	row("logcar's memory", megabytes(r.memory), "at its peak", true)
	row("latency", milliseconds(r.p50), fmt.Sprintf("median from writing to reading back, p99 %s", milliseconds(r.p99)), true)
	s.line("")
	s.verdict(r)
}

func (s *screen) verdict(r result) {
	switch {
	case r.ok():
		s.line(s.paint(green, "  Every event arrived, whole and in order.") + "\n")
	case r.exit != nil:
		s.line(s.paint(red, fmt.Sprintf("  FAILED: logcar did not end well: %v", r.exit)) + "\n")
	case r.tally.written == 0:
		s.line(s.paint(red, "  FAILED: nothing was written.") + "\n")
	default:
		s.line(s.paint(red, "  FAILED: not every event arrived whole and in order.") + "\n")
	}
}

// ratio compares what was sent with what was written.
func (r result) ratio() string {
	if r.logBytes == 0 {
		return ""
	}
	return fmt.Sprintf("%s batches of JSON documents, %d %% of the log", r.codec, r.wireBytes*100/r.logBytes)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
