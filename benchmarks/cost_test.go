package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/benchmarks/peers"
)

// What a run over a fixed log may cost, in figures that do not depend on the
// machine or on what else it does. Times are for make bench; these are the guard
// that a change passes or does not, wherever it runs. The limits are the figures
// as they were (the test prints them) and a few percent, or a half where buffers
// grow by chance: whoever lowers a figure lowers its limit.
var costLimits = map[string]cost{
	"traces":    {objects: 0.07, total: 14e6, wire: 0.402},
	"processor": {objects: 7.00, total: 34e6, wire: 0.425},
	"json":      {objects: 10.9, total: 76e6, wire: 0.352},
	"regexp":    {objects: 0.07, total: 14e6, wire: 0.402},
	"utf-16":    {objects: 0.09, total: 14e6, wire: 0.204},
}

// A cost is what a whole process has allocated and sent.
type cost struct {
	objects float64 // allocated per event, those of the start not counted
	total   float64 // bytes allocated over the log of 16 MiB, those of the start included
	wire    float64 // bytes sent ÷ bytes of log
}

func TestCosts(t *testing.T) {
	s := smallSuite(t)
	for _, scenario := range peers.Scenarios {
		var logs [2]input
		for i, size := range []int64{4 << 20, 16 << 20} {
			var err error
			if logs[i], err = s.inputIn(scenario.Format, 1, size); err != nil {
				t.Fatal(err)
			}
		}
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			limit, known := costLimits[scenario.Name]
			if !known {
				t.Fatal("there is no limit")
			}
			got := costOf(allocate(t, s, scenario, logs[0]), allocate(t, s, scenario, logs[1]))
			t.Logf("%.3f objects per event, %.1f MB in total; sent ÷ log %.3f", got.objects, got.total/megabyte, got.wire)
			for _, figure := range []struct {
				name     string
				is, most float64
			}{{"objects per event", got.objects, limit.objects}, {"bytes allocated", got.total, limit.total}, {"sent ÷ log", got.wire, limit.wire}} {
				if figure.is > figure.most {
					t.Errorf("%s: %.4g, at most %.4g are allowed", figure.name, figure.is, figure.most)
				}
			}
		})
	}
}

// costOf compares two runs, over a log and over a larger one: what they differ by
// is what events cost.
func costOf(small, large allocated) cost {
	return cost{
		objects: float64(large.objects-small.objects) / float64(large.in.events-small.in.events),
		total:   float64(large.bytes),
		wire:    float64(large.wire) / float64(large.in.size),
	}
}

// allocated is what one run has allocated and sent.
type allocated struct {
	in             input
	objects, bytes int64
	wire           int64
}

// allocate has logcar ship a log and end by itself, with a profile that knows of
// every single allocation.
func allocate(t *testing.T, s *suite, scenario peers.Scenario, in input) allocated {
	t.Helper()
	profile := filepath.Join(t.TempDir(), "allocs")
	used := shipOnce(t, s, scenario, in, func(c *command) {
		c.args = append(c.args, "--memprofile", profile)
		c.env = append(c.env, "GODEBUG=memprofilerate=1")
	})
	b, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	objects, bytes, err := sumAllocations(b)
	if err != nil || objects < 1000 {
		t.Fatalf("got %d objects, %v: the process alone allocates more to start", objects, err)
	}
	return allocated{in, objects, bytes, used.WireBytes}
}

// shipOnce runs logcar with --once on one processor.
func shipOnce(t *testing.T, s *suite, scenario peers.Scenario, in input, change func(*command)) usage {
	t.Helper()
	configure := s.configurePeer(in, scenario, contender{Peer: peers.Logcar, program: s.logcar})
	r, err := s.launch(t.Context(), false, func(r *shipment) (command, error) {
		c, err := configure(r)
		c.args = append(c.args, "--once")
		c.env = append(c.env, "GOMAXPROCS=1")
		change(&c)
		return c, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.abort()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	select {
	case <-r.shipper.exited:
	case <-ctx.Done():
		t.Fatal("logcar does not end")
	}
	if r.shipper.err != nil {
		t.Fatal(r.shipper.ending())
	}
	stats, err := r.broker.Stats()
	if err != nil || stats.Records != in.events {
		t.Fatalf("%d of %d events have arrived, %v", stats.Records, in.events, err)
	}
	return usage{r.shipper.cpu(), r.shipper.peak.Load(), stats}
}

// Fields of the protocol buffers that a profile is written as: profile.proto of
// github.com/google/pprof.
const (
	profileSample = 2
	sampleValue   = 2
)

// sumAllocations adds up all samples of a heap profile: objects and bytes
// allocated are the first two values of each.
func sumAllocations(profile []byte) (objects, bytes int64, err error) {
	all, err := gunzip(profile)
	if err != nil {
		return 0, 0, err
	}
	err = eachField(all, func(number uint64, sample []byte) error {
		if number != profileSample {
			return nil
		}
		return eachField(sample, func(number uint64, values []byte) error {
			if number != sampleValue {
				return nil
			}
			n, width := binary.Uvarint(values)
			size, rest := binary.Uvarint(values[max(width, 0):])
			if width <= 0 || rest <= 0 {
				return errors.New("profile: a sample is cut short")
			}
			objects, bytes = objects+int64(n), bytes+int64(size)
			return nil
		})
	})
	return objects, bytes, err
}

func gunzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return io.ReadAll(z)
}

// eachField calls f for each field of a protocol buffers message that has bytes;
// numbers are passed over.
func eachField(message []byte, f func(number uint64, value []byte) error) error {
	for len(message) > 0 {
		key, n := binary.Uvarint(message)
		if n <= 0 {
			return errors.New("profile: a field is cut short")
		}
		message = message[n:]
		value, n := binary.Uvarint(message)
		if n <= 0 {
			return errors.New("profile: a field is cut short")
		}
		message = message[n:]
		switch key & 7 {
		case 0: // the number was the value
		case 2:
			if value > uint64(len(message)) {
				return errors.New("profile: a field is cut short")
			}
			if err := f(key>>3, message[:value]); err != nil {
				return err
			}
			message = message[value:]
		default:
			return fmt.Errorf("profile: wire type %d", key&7)
		}
	}
	return nil
}

// How many instructions a byte of log takes. It is twice what the time on one
// machine allows for, so it guards against a step that is done twice and not
// against percents.
const mostInstructions = 100

// TestInstructions counts instructions where the processor's counters can be
// read, which is seldom so in a virtual machine; elsewhere it says so.
func TestInstructions(t *testing.T) {
	s := smallSuite(t)
	n, err := instructions(t.Context(), "true")
	if err != nil {
		t.Logf("instructions are not counted here: %v", err)
		return
	}
	t.Logf("true takes %d instructions", n)
	counted := filepath.Join(t.TempDir(), "counted")
	in, err := s.input(1, 8<<20)
	if err != nil {
		t.Fatal(err)
	}
	shipOnce(t, s, peers.Scenarios[0], in, func(c *command) {
		c.args = append(append(perfStat, "-o", counted, c.program), c.args...)
		c.program = "perf"
	})
	out, err := os.ReadFile(counted)
	if err != nil {
		t.Fatal(err)
	}
	if n, err = parseInstructions(out); err != nil {
		t.Fatal(err)
	}
	perByte := float64(n) / float64(in.size)
	t.Logf("%.1f instructions per byte of log", perByte)
	if perByte > mostInstructions {
		t.Errorf("%.1f instructions per byte of log, at most %d are allowed", perByte, mostInstructions)
	}
}

var perfStat = []string{"stat", "-x", ",", "-e", "instructions:u"}

func instructions(ctx context.Context, program string) (int64, error) {
	out, err := exec.CommandContext(ctx, "perf", append(perfStat, program)...).CombinedOutput()
	if err != nil {
		return 0, err
	}
	return parseInstructions(out)
}

// parseInstructions reads perf's "12345,,instructions:u,...".
func parseInstructions(out []byte) (int64, error) {
	for line := range strings.Lines(string(out)) {
		count, rest, _ := strings.Cut(line, ",")
		if n, err := strconv.ParseInt(count, 10, 64); err == nil && strings.Contains(rest, "instructions") {
			return n, nil
		}
	}
	return 0, fmt.Errorf("perf says %q", out)
}

func TestParseInstructions(t *testing.T) {
	if n, err := parseInstructions([]byte("# started on\n\n12345,,instructions:u,99,100.00,,\n")); err != nil || n != 12345 {
		t.Errorf("got %d, %v", n, err)
	}
	for _, bad := range []string{"", "<not supported>,,instructions:u,0,100.00,,", "perf: command failed"} {
		if n, err := parseInstructions([]byte(bad)); err == nil {
			t.Errorf("%q: got %d", bad, n)
		}
	}
}

func TestSumAllocations(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	// A sample with a location (a number) and the packed values 3, 300, 1, 100; a string; one with 2, 5, 0, 0.
	_, _ = z.Write([]byte{2<<3 | 2, 9, 1 << 3, 1, 2<<3 | 2, 5, 3, 0xac, 2, 1, 100, 6<<3 | 2, 1, 'x', 2<<3 | 2, 6, 2<<3 | 2, 4, 2, 5, 0, 0})
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if objects, bytes, err := sumAllocations(b.Bytes()); err != nil || objects != 5 || bytes != 305 {
		t.Errorf("got %d objects, %d bytes, %v", objects, bytes, err)
	}
	for _, bad := range [][]byte{{2<<3 | 2, 9, 1}, {0x80}, {2<<3 | 2}, {2<<3 | 5, 1}, {2<<3 | 2, 2, 2<<3 | 2, 0}} {
		b.Reset()
		z.Reset(&b)
		_, _ = z.Write(bad)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := sumAllocations(b.Bytes()); err == nil {
			t.Errorf("%v: want an error", bad)
		}
	}
	if _, _, err := sumAllocations([]byte("x")); err == nil {
		t.Error("no gzip: want an error")
	}
}
