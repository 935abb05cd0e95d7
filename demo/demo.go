package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

const (
	buildLimit = 5 * time.Minute  // a fresh clone loads and compiles the modules first
	runLimit   = 60 * time.Second // everything after the build
	stopLimit  = 15 * time.Second // from SIGTERM to logcar's exit
)

// A demo is one run of it.
type demo struct {
	options
	out    *screen
	stderr io.Writer
	dir    string // temporary
	ledger *ledger
}

// run plays everything from the build to the summary, and reports whether
// every event arrived and logcar ended well. An error is something that kept
// the demo from finding out. The service writes until the context writing ends,
// and everything ends with the context all.
func (d *demo) run(all, writing context.Context) (passed bool, err error) {
	if _, err := os.Stat(d.config); err != nil {
		return false, fmt.Errorf("find logcar's configuration: %w (run the demo from the repository's root)", err)
	}
	d.dir, err = os.MkdirTemp("", "logcar-demo-")
	if err != nil {
		return false, fmt.Errorf("create temporary folder: %w", err)
	}
	defer d.cleanUp()

	d.out.title("A Spring service writes a log, logcar ships it to Kafka, and the demo reads it back.")
	binary, err := d.binary(writing)
	if err != nil {
		return false, err
	}
	all, cancel := context.WithTimeoutCause(all, runLimit, fmt.Errorf("not finished after %v", runLimit))
	defer cancel()
	result, err := d.ship(all, writing, binary)
	if all.Err() != nil {
		// Whatever failed then, failed because everything was ended.
		err = context.Cause(all)
	}
	if err == nil {
		d.out.summary(result)
	}
	passed = err == nil && result.ok()
	if !passed {
		d.showLog()
	}
	return passed, err
}

func (d *demo) cleanUp() {
	if d.keep {
		d.out.note("kept %s", d.dir)
		return
	}
	if err := os.RemoveAll(d.dir); err != nil {
		fmt.Fprintln(d.stderr, "demo: remove temporary folder:", err)
	}
}

// binary returns the absolute path of logcar's binary, built if none was given.
func (d *demo) binary(ctx context.Context) (string, error) {
	if d.logcar != "" {
		path, err := exec.LookPath(d.logcar)
		if err != nil {
			return "", fmt.Errorf("find logcar: %w", err)
		}
		return filepath.Abs(path)
	}
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	d.out.step("build", "go build ./cmd/logcar")
	path := filepath.Join(d.dir, "logcar")
	output, err := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/logcar").CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("build logcar: %w", context.Cause(ctx))
	case err != nil:
		return "", fmt.Errorf("build logcar: %w\n%s", err, bytes.TrimSpace(output))
	}
	return path, nil
}

// ship starts the players, lets the service write, stops logcar, and returns
// what the topic holds then.
func (d *demo) ship(all, writing context.Context, binary string) (result, error) {
	logs := filepath.Join(d.dir, "logs")
	if err := os.Mkdir(logs, 0o755); err != nil {
		return result{}, fmt.Errorf("create folder for logs: %w", err)
	}
	kafka, err := startKafka()
	if err != nil {
		return result{}, err
	}
	defer kafka.close()
	d.out.step("kafka", "%d brokers in this process, topic %s", brokers, topic)
	reader, err := newReader(kafka, d.arrive)
	if err != nil {
		return result{}, err
	}
	defer reader.close()

	log, err := os.Create(d.logPath())
	if err != nil {
		return result{}, fmt.Errorf("create file for logcar's log: %w", err)
	}
	defer log.Close()
	var logTo io.Writer = log
	if d.verbose {
		logTo = d.stderr
	}
	logcar, err := startLogcar(all, binary, d.config, d.dir, logTo, []string{
		"LOG_PATHS=" + filepath.Join(logs, "*.log"),
		"KAFKA_HOSTS=" + kafka.hosts(),
		"POD_NAMESPACE=" + podFields.Namespace,
		"SERVICE_NAME=" + podFields.Service,
		"POD_IP=" + podFields.PodIP,
	})
	if err != nil {
		return result{}, err
	}
	defer logcar.kill()
	d.out.step("logcar", "process %d with %s", logcar.cmd.Process.Pid, d.config)

	r, err := d.play(all, writing, logs, reader, logcar)
	if err != nil {
		return result{}, err
	}
	var ends [partitions]int64
	r.wireBytes, ends = kafka.stored()
	if err := reader.finish(all, ends); err != nil {
		return result{}, err
	}
	r.codec = codecName(reader.codec)
	r.tally, r.logBytes = d.ledger.balance()
	r.p50, r.p99 = d.ledger.latencies()
	return r, nil
}

// play lets the service write while logcar ships and the reader follows, and
// returns how logcar ended.
func (d *demo) play(all, writing context.Context, logs string, reader *reader, logcar *process) (result, error) {
	var players sync.WaitGroup
	defer players.Wait()
	following, stopFollowing := context.WithCancel(all)
	defer stopFollowing()
	players.Go(func() { reader.follow(following) })

	service := &service{
		dir: logs, rate: d.rate, duration: d.duration, ledger: d.ledger,
		rotated: func() { d.out.note("%s renamed to %s, a new %s begun", logName, rotatedName, logName) },
	}
	d.out.step("service", "%s events per second for %v, one rotation half way", grouped(d.rate), d.duration)
	d.out.title("Some of the documents as they arrive:")
	writing, stopWriting := context.WithCancel(writing)
	defer stopWriting()
	written := make(chan error, 1)
	players.Go(func() { written <- service.run(writing) })
	select {
	case err := <-written:
		if err != nil {
			return result{}, err
		}
	case <-logcar.exited:
		return result{}, fmt.Errorf("logcar ended while the service was writing: %w", logcar.ending())
	}

	d.out.note("service stopped; SIGTERM to logcar, which reads to the end, delivers and exits")
	begin := time.Now()
	r := result{exit: logcar.stop(stopLimit)}
	d.out.note("logcar ended after %s", milliseconds(time.Since(begin)))
	r.cpu, r.memory = logcar.cpu(), logcar.peakMemory()
	return r, nil
}

// arrive takes one record's value from the reader.
func (d *demo) arrive(value []byte, partition int32, at time.Time) {
	doc, err := parseDocument(value)
	if err != nil {
		// A text that is no event is counted as torn.
		doc = document{Message: string(value)}
	}
	d.ledger.arrive(arrival{doc, partition, at})
	d.out.document(doc, at)
}

func (d *demo) logPath() string { return filepath.Join(d.dir, "logcar.log") }

// showLog prints the end of logcar's log after a failure.
func (d *demo) showLog() {
	const most = 30
	log, err := os.ReadFile(d.logPath())
	if err != nil || len(log) == 0 {
		return // it was never started, has said nothing, or was shown already
	}
	lines := bytes.SplitAfter(bytes.TrimSpace(log), []byte("\n"))
	fmt.Fprintln(d.stderr, "The end of logcar's log (-v shows all of it):")
	for _, line := range lines[max(0, len(lines)-most):] {
		fmt.Fprintf(d.stderr, "  %s", line)
	}
	fmt.Fprintln(d.stderr)
}
