package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestOnce: --once delivers a backlog in order and ends; the next one begins
// where it ended.
func TestOnce(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	var backlog []string
	for i := range 20_000 {
		backlog = append(backlog, fmt.Sprintf("line %d", i))
	}
	p.write("a.log", backlog...)
	p.once().wantMessages(backlog...)
	p.write("a.log", "one more")
	p.once().wantMessages("one more")
	p.once().wantMessages()
}

// TestTerminate: SIGTERM, and what else means it, ends logcar with status 0 and
// everything delivered that was written before. SIGHUP does so only where there is
// nothing to reload.
func TestTerminate(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			p := newPod(t, "output.file: {path: DIR/out, filename: docs}", "logcar.reload: false")
			p.write("a.log", "1")
			run := p.start()
			run.awaitLog("Harvester started")
			p.write("a.log", "2")
			p.write("b.log", "3") // not found yet
			run.signal(s)
			run.wantStatus(0)
			files, err := filepath.Glob(filepath.Join(p.dir, "out", "docs-*.ndjson"))
			if err != nil || len(files) != 1 {
				t.Fatalf("files %q, %v", files, err)
			}
			text, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			got := messagesOf(t, string(text))
			if slices.Sort(got); !slices.Equal(got, []string{"1", "2", "3"}) {
				t.Errorf("delivered %q", got)
			}
			lines, last := run.lines()
			if n := len(lines); n == 0 || lines[n-1].Message != "logcar stopped." || last != "" {
				t.Errorf("last words %q, last line %+v", last, lines[n-1])
			}
		})
	}
}

// TestSecondSignal: whoever does not want to wait gets an end at once.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	p := newPod(t, fmt.Sprintf("output.kafka: {hosts: %q, topic: t}", silentBroker(t)))
	p.write("a.log", "1")
	run := p.start()
	run.awaitLog("Harvester started")
	run.signal(syscall.SIGTERM)
	run.awaitLog("Stopping logcar")
	began := time.Now()
	run.signal(syscall.SIGTERM)
	run.wantStatus(1)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if _, last := run.lines(); last != "Exiting: stopped before everything was delivered: second signal: terminated\n" {
		t.Errorf("last words %q", last)
	}
	p.once("-E", "output.kafka.enabled=false", "-E", "output.console.enabled=true").wantMessages("1")
}

// TestShutdownTimeout: nor does a stop wait for ever.
func TestShutdownTimeout(t *testing.T) {
	t.Parallel()
	p := newPod(t, fmt.Sprintf("output.kafka: {hosts: %q, topic: t}", silentBroker(t)), "filebeat.shutdown_timeout: 300ms")
	p.write("a.log", "1")
	run := p.start()
	run.awaitLog("Harvester started")
	run.signal(syscall.SIGTERM)
	run.wantStatus(1)
	const want = "Exiting: stopped before everything was delivered: the time to stop is over (filebeat.shutdown_timeout)\n"
	if _, last := run.lines(); last != want {
		t.Errorf("last words %q, want %q", last, want)
	}
}

// silentBroker takes connections and answers nothing.
func silentBroker(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var accepting sync.WaitGroup
	var conns []net.Conn
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
		}
	})
	t.Cleanup(func() {
		l.Close()
		accepting.Wait()
		for _, c := range conns {
			c.Close()
		}
	})
	return l.Addr().String()
}

// TestBrokenPipe: when nobody reads standard output any more, logcar says so and
// ends with an error, instead of being ended by a signal without a word.
func TestBrokenPipe(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	p.write("a.log", "1")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	cmd := p.command("--once")
	cmd.Stdout = w
	run := begin(t, cmd)
	w.Close()
	run.wantStatus(1)
	if _, last := run.lines(); !strings.HasPrefix(last, "Exiting: ") || !strings.Contains(last, "console: output is closed: write ") {
		t.Errorf("last words %q", last)
	}
	p.once().wantMessages("1")
}

// TestBlockedPipe: a reader of standard output that stands still holds the
// reading up; what it takes later arrives, in order and once.
func TestBlockedPipe(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	want := make([]string, 5000) // many times what a pipe holds
	for i := range want {
		want[i] = fmt.Sprintf("line %d", i)
	}
	p.write("a.log", want...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := p.command()
	cmd.Stdout = w
	run := begin(t, cmd)
	w.Close()
	run.awaitLog("Harvester started")
	run.signal(syscall.SIGTERM)
	run.awaitLog("stopping")
	out := newTranscript()
	if _, err := r.WriteTo(out); err != nil {
		t.Fatal(err)
	}
	r.Close()
	run.wantStatus(0)
	if got := messagesOf(t, out.String()); !slices.Equal(got, want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
}

// TestSecondProcess: two of them would send everything twice and spoil each
// other's positions.
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	p.write("a.log", "1")
	first := p.start()
	first.awaitMessage("1")
	second := p.start("--once")
	second.wantStatus(1)
	if _, last := second.lines(); !strings.HasPrefix(last, "Exiting: ") || !strings.Contains(last, "already locked by another logcar, give each its own data directory") {
		t.Errorf("last words %q", last)
	}
	second.wantMessages()
	first.terminate()
	p.once().wantMessages()
}

// TestLog: logcar's own log is JSON with levels, and says nothing twice of the
// configuration.
func TestLog(t *testing.T) {
	t.Parallel()
	p := newPod(t, `filebeat.inputs:
- {type: log, paths: LOGS/a.log, exclude_line: [x], harvester_buffer_size: 1, processors: [add_host_metadata: , add_docker_metadata: ]}
- {type: filestream, id: b, paths: LOGS/b.log, max_bytes: 1, parsers: [multiline: {pattern: x, match: after, nosuch: 1}]}
- {type: log, enabled: false, paths: LOGS/c.log, nosuch: 1, json.keys_under_root: true}
processors: [add_host_metadata: ]
output.console: {nosuch: 1}
output.logstash: {enabled: false, hosts: [l]}
queue.mem.events: 4096
logging: {to_files: true, level: info}`)
	p.write("a.log", "1")
	run := p.once()
	lines, last := run.lines()
	if last != "" {
		t.Errorf("lines that are not JSON: %s", last)
	}
	seen := map[string]int{}
	for _, l := range lines {
		if l.Level == "" || l.Time == "" || l.Message == "" {
			t.Errorf("line %+v lacks something", l)
		}
		if strings.HasPrefix(l.Message, "configuration: ") {
			seen[strings.ReplaceAll(l.Message, p.config, "FILE")]++
		}
	}
	for message, times := range seen {
		if times > 1 {
			t.Errorf("said %d times: %s", times, message)
		}
	}
	if len(seen) != 9 {
		t.Errorf("%d things were said of the configuration, want 9: %v", len(seen), seen)
	}
	if got := run.logged("warn"); len(got) != 4 {
		t.Errorf("warnings %q, want those of 3 unknown keys and of a processor without effect", got)
	}
	if got := p.once("-E", "logging.level=warning").logged("info"); len(got) > 0 {
		t.Errorf("at level warning: %q", got)
	}
	if got := p.once("-E", "logging.level=error", "-v").logged("info"); len(got) == 0 {
		t.Error("-v does not bring the level to info")
	}
	if lines, _ := p.once("-E", "logging.level=error").lines(); len(lines) > 0 {
		t.Errorf("at level error: %+v", lines)
	}
}

// TestProfiles: both profiles are written at the end.
func TestProfiles(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	cpu, mem := filepath.Join(p.dir, "cpu"), filepath.Join(p.dir, "mem")
	p.once("--cpuprofile", cpu, "--memprofile", mem)
	for _, file := range []string{cpu, mem} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "\x1f\x8b") { // a profile is gzipped
			t.Errorf("%s holds %.20q", file, text)
		}
	}
	run := p.start("--once", "--cpuprofile", filepath.Join(p.dir, "nosuch", "cpu"))
	run.wantStatus(1)
	if _, last := run.lines(); !strings.HasPrefix(last, "Exiting: cpu profile: open ") {
		t.Errorf("last words %q", last)
	}
}

// TestVersion: the build's version is in what it prints and in the documents.
func TestVersion(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	p.write("a.log", "1")
	if run := p.once(); !strings.Contains(run.out.String(), `"build":{"original":"logcar 1.2.3-test"}`) {
		t.Errorf("document %s", run.out.String())
	}
	run := p.start("version")
	run.wantStatus(0)
	if !strings.HasPrefix(run.out.String(), "logcar version 1.2.3-test (") {
		t.Errorf("printed %q", run.out.String())
	}
}

// TestDrain: a preStop hook announces the end over the socket that the
// configuration names.
func TestDrain(t *testing.T) {
	t.Parallel()
	p := newPod(t, "http: {enabled: true, host: 'unix://DIR/http.sock'}")
	p.write("a.log", "1")
	run := p.start()
	run.awaitMessage("1")
	hook := p.start("drain")
	hook.wantStatus(0)
	if got := hook.out.String(); got != "logcar knows that the end is near\n" {
		t.Errorf("printed %q", got)
	}
	run.awaitLog("the end of the pod is announced")
	run.terminate()

	nobody := p.start("drain")
	nobody.wantStatus(1)
	if _, last := nobody.lines(); !strings.HasPrefix(last, "Exiting: drain: ") {
		t.Errorf("last words %q", last)
	}
	closed := p.start("drain", "-E", "http.enabled=false")
	closed.wantStatus(1)
	if _, last := closed.lines(); last != "Exiting: drain: the configuration has no HTTP endpoint (http.enabled: true)\n" {
		t.Errorf("last words %q", last)
	}
}

// TestExitWhenQuiet: a Job's sidecar ends by itself, with status 0.
func TestExitWhenQuiet(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	p.write("a.log", "1")
	run := p.start("--exit-when-quiet", "100ms")
	run.wantStatus(0)
	run.wantMessages("1")
}

// TestHangup: SIGHUP has the configuration read again. What is wrong with it is
// logged with its place, and what is right is applied, the level of the log included.
func TestHangup(t *testing.T) {
	t.Parallel()
	p := newPod(t, "max_procs: 1")
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	configure := func(more string) {
		t.Helper()
		if err := os.WriteFile(p.config, append(slices.Clone(text), more...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.write("a.log", "1")
	run := p.start()
	run.awaitMessage("1")
	run.signal(syscall.SIGHUP)
	run.awaitLog("configuration is the same as before")

	configure("tags: [\n")
	run.signal(syscall.SIGHUP)
	run.awaitLog("the new configuration is refused, the old one stays")
	p.write("a.log", "2")
	run.awaitMessage("2")

	configure("tags: [new]\nlogging.level: debug\nno_such_key: 1\n") // noticed without a signal
	run.awaitLog("configuration is applied")
	run.awaitLog("no_such_key: unknown key")
	p.write("a.log", "3")
	run.awaitMessage("3")
	run.terminate()
	run.wantMessages("1", "2", "3")
	for i, line := range slices.Collect(strings.Lines(run.out.String())) {
		if tagged := strings.Contains(line, `"tags":["new"]`); tagged != (i == 2) {
			t.Errorf("document %d: %s", i, line)
		}
	}
	refusals := 0
	for _, text := range run.logged("error") {
		if strings.Contains(text, "refused") {
			refusals++
		}
	}
	if refusals == 0 || !strings.Contains(run.log.String(), p.config+":") {
		t.Errorf("%d refusals, log\n%s", refusals, run.log.String())
	}
}

// TestOnceStays: with --once there is one configuration.
func TestOnceStays(t *testing.T) {
	t.Parallel()
	p := newPod(t, fmt.Sprintf("output.kafka: {hosts: %q, topic: t}", silentBroker(t)))
	p.write("a.log", "1")
	run := p.start("--once")
	run.awaitLog("Harvester started")
	run.signal(syscall.SIGHUP)
	run.awaitLog("Stopping logcar")
	run.signal(syscall.SIGTERM)
	run.wantStatus(1)
}
