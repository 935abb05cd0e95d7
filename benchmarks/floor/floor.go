// Package floor measures what gzip alone costs: the record batches that a
// broker has kept are expanded and compressed again, one after the other, by
// one goroutine, and only the compressing is counted. No shipper that
// compresses the same documents with this library can cost less.
//
// It must never know what made the documents, or measure anything but gzip.
package floor

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/benchmarks/broker"
)

// Result is what compressing took.
type Result struct {
	CPU    time.Duration `json:"cpu_ns"` // user and system time
	Chunks int64         `json:"chunks"`
	In     int64         `json:"in"`  // bytes of documents, with Kafka's framing of records
	Out    int64         `json:"out"` // bytes of gzip
}

// Main is the process: it prints a Result as JSON and returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("floor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	level := flags.Int("level", 3, "gzip level")
	stream := flags.Bool("stream", false, "one gzip stream of all batches instead of one each")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 1 {
		fmt.Fprintln(stderr, "usage: floor [-level N] [-stream] FILE")
		return 2
	}
	result, err := Measure(flags.Arg(0), *level, *stream)
	if err == nil {
		err = json.NewEncoder(stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(stderr, "floor:", err)
		return 1
	}
	return 0
}

// Measure compresses the batches in a file that a broker has kept, each by
// itself as it was sent, or all in one stream.
func Measure(path string, level int, stream bool) (Result, error) {
	var r Result
	kept, err := broker.Open(path)
	if err != nil {
		return r, err
	}
	defer kept.Close()
	var out counter
	z, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		return r, fmt.Errorf("gzip level %d: %w", level, err)
	}
	// The clock is the thread's: collecting garbage elsewhere is not gzip's cost.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var chunk []byte
	for {
		// Expanded one at a time, so that each is as warm in the caches as it is
		// for a shipper that has just encoded it.
		chunk, _, err = kept.Next(chunk[:0])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return r, err
		}
		begin := threadTime()
		if !stream {
			z.Reset(&out)
		}
		_, err = z.Write(chunk)
		if err == nil && !stream {
			err = z.Close()
		}
		r.CPU += threadTime() - begin
		if err != nil {
			return r, fmt.Errorf("compress: %w", err)
		}
		r.Chunks++
		r.In += int64(len(chunk))
	}
	if stream {
		begin := threadTime()
		err := z.Close()
		r.CPU += threadTime() - begin
		if err != nil {
			return r, fmt.Errorf("compress: %w", err)
		}
	}
	r.Out = int64(out)
	return r, nil
}

// threadTime is the processor time of the calling thread. getrusage has the
// same sum, but only as of the last timer tick.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic("floor: no thread clock: " + err.Error()) // every Linux has it
	}
	return time.Duration(t.Nano())
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
