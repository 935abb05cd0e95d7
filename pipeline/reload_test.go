package pipeline

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zaptest/observer"

	"github.com/logcar/logcar/monitor"
)

// await waits for what nobody tells of.
func (r *running) await(what string, cond func() bool) {
	r.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); !cond(); <-tick.C {
		if time.Now().After(end) {
			r.t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// reloads waits until so many configurations were applied and refused.
func (r *running) reloads(ok, refused uint64) monitor.Configuration {
	r.t.Helper()
	var c monitor.Configuration
	r.await(fmt.Sprintf("%d reloads, %d refused", ok, refused), func() bool {
		c = r.pipe.snapshot().Config
		return c.Reloads[reloadOK] >= ok && c.Reloads[reloadRefused] >= refused
	})
	if c.Reloads[reloadOK] != ok || c.Reloads[reloadRefused] != refused {
		r.t.Fatalf("reloads %v, want %d and %d refused", c.Reloads, ok, refused)
	}
	return c
}

// finish stops the pipeline, which has to end well.
func (r *running) finish() {
	r.t.Helper()
	close(r.stop)
	if err := r.wait(); err != nil {
		r.t.Fatal(err)
	}
}

// TestReload: a changed configuration is applied to what comes after it. What came
// before is not repeated, and an event that was open stays whole.
func TestReload(t *testing.T) {
	p := newPod(t, `processors: [{add_fields: {target: "", fields: {version: one}}}]`)
	p.text = strings.Replace(p.text, "[{", `[{multiline: {pattern: '^\d', negate: true, match: after, timeout: 1h}, `, 1)
	r := p.start(t.Context())
	p.write("a.log", "1", "2", "  of two")
	r.await("1 is delivered", func() bool { return len(p.documents()) == 1 })
	r.await("all is read", func() bool { return r.pipe.snapshot().BytesRead == 13 })

	was := r.pipe.snapshot()
	p.text = strings.Replace(p.text, "version: one", "version: two", 1)
	p.save()
	c := r.reloads(1, 0)
	if c.Hash == was.Config.Hash || !c.Applied.After(was.Config.Applied) || c.Refused != "" {
		t.Errorf("configuration %+v, before %+v", c, was.Config)
	}
	p.write("a.log", "  and more of two", "3")
	r.await("2 is delivered", func() bool { return len(p.documents()) == 2 })
	r.finish()
	p.wantMessages("1", "2\n  of two\n  and more of two", "3")
	var versions []string
	for _, d := range p.documents() {
		versions = append(versions, d.Version)
	}
	if got := strings.Join(versions, " "); got != "one two two" {
		t.Errorf("versions %s", got)
	}
	if d := p.documents(); d[0].Agent.Ephemeral != d[2].Agent.Ephemeral {
		t.Errorf("agent.ephemeral_id %q, and then %q", d[0].Agent.Ephemeral, d[2].Agent.Ephemeral)
	}
	if files, err := filepath.Glob(filepath.Join(p.out, "*")); len(files) != 1 || err != nil {
		t.Errorf("output files %q: a reload is no start", files)
	}
	total := p.notes.await(t, "total").ContextMap()
	if total["bytes_read"] != uint64(33) || total["events"] != uint64(3) {
		t.Errorf("total %v", total)
	}
	if got := p.notes.complaints(); len(got) > 0 {
		t.Errorf("complaints: %q", got)
	}
}

// TestReloadRefused: a wrong configuration is told once, with its place, and changes
// nothing; it can be asked about, and taken back.
func TestReloadRefused(t *testing.T) {
	p := newPod(t)
	r := p.start(t.Context())
	good := p.text
	file := filepath.Join(p.home, "filebeat.yml")

	p.text = good + "logging.level: loud\n"
	p.save()
	c := r.reloads(0, 1)
	if !strings.Contains(c.Refused, "filebeat.yml:4: logging.level: ") {
		t.Errorf("refused %q", c.Refused)
	}
	said := func() []observer.LoggedEntry { return p.notes.FilterMessageSnippet("is refused").All() }
	if all := said(); len(all) != 1 || !strings.Contains(fmt.Sprint(all[0].ContextMap()["problems"]), file+":4: logging.level: \"loud\" is not one of") {
		t.Errorf("log %v", all)
	}
	r.pipe.Reload()
	r.reloads(0, 2)

	for _, text := range []string{
		"path.data: " + t.TempDir(), "filebeat.registry.path: elsewhere", "http: {enabled: true, host: " + taken(t) + "}", "filebeat.inputs.0.paths: /a/**/b/**/c", "a:\n\tb",
	} {
		was := r.pipe.snapshot().Config
		p.text = strings.Replace(good, "filebeat.inputs:", "x:", strings.Count(text, "filebeat.inputs.")) + text + "\n"
		p.save()
		r.reloads(0, was.Reloads[reloadRefused]+1)
	}
	wanted := []string{"filebeat.yml:4: path.data: the positions cannot move", "filebeat.yml:4: filebeat.registry.path: the positions cannot move", "http endpoint: ",
		"more than one **", "invalid YAML"}
	for i, e := range said()[2:] {
		if text := fmt.Sprint(e.ContextMap()["problems"]); !strings.Contains(text, wanted[i]) {
			t.Errorf("refused with %s, want %s", text, wanted[i])
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	r.reloads(0, 8)
	p.text = good
	p.save()
	r.await("it is as before", func() bool { return r.pipe.snapshot().Config.Refused == "" })
	r.reloads(0, 8)
	p.write("a.log", "1")
	r.await("1 is delivered", func() bool { return len(p.documents()) == 1 })
	r.finish()
	p.wantMessages("1")
}

// taken is an address on which somebody else listens.
func taken(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return host + ", port: " + port
}

// TestReloadSame: a file that is written again as it was changes nothing.
func TestReloadSame(t *testing.T) {
	p := newPod(t)
	r := p.start(t.Context())
	p.save()
	if !r.pipe.Reload() {
		t.Error("not reloaded")
	}
	p.notes.await(t, "configuration is the same as before")
	r.reloads(0, 0)
	r.finish()
}

// TestReloadOff: where it is switched off nothing is watched, and SIGHUP is left to
// the caller; it can be switched off by a reload.
func TestReloadOff(t *testing.T) {
	p := newPod(t, "logcar.reload: false")
	r := p.start(t.Context())
	if r.pipe.Reload() {
		t.Error("it was to be reloaded")
	}
	r.finish()
	p = newPod(t)
	r = p.start(t.Context())
	p.text += "logcar.reload: false\n"
	p.save()
	p.notes.await(t, "from now on changes of the configuration wait for a restart")
	if r.pipe.Reload() {
		t.Error("it was to be reloaded again")
	}
	r.finish()
}

// TestReloadInputs: files with inputs come, change and go. What nobody reads any more
// keeps its position for when it is wanted again.
func TestReloadInputs(t *testing.T) {
	p := newPod(t)
	p.text = strings.Replace(p.text, "filebeat.inputs:", "filebeat.config.inputs.path: in.d/*.yml\n#", 1)
	inputs := filepath.Join(p.home, "in.d")
	if err := os.Mkdir(inputs, 0o755); err != nil {
		t.Fatal(err)
	}
	set := func(name, input string) {
		t.Helper()
		file := filepath.Join(inputs, name)
		if err := os.WriteFile(file+"~", []byte(input), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+"~", file); err != nil {
			t.Fatal(err)
		}
	}
	input := func(name, version string) string {
		return fmt.Sprintf("- {paths: %s, fields: {version: '%s'}, fields_under_root: true}\n", filepath.Join(p.logs, name), version)
	}
	r := p.start(t.Context()) // without any
	seen := 0
	want := func(version string, messages ...string) {
		t.Helper()
		r.await(fmt.Sprint(messages), func() bool { return len(p.documents()) >= seen+len(messages) })
		for i, d := range p.documents()[seen:] {
			if i >= len(messages) || d.Message != messages[i] || d.Version != version {
				t.Fatalf("document %+v, want %v of version %s", d, messages, version)
			}
		}
		seen += len(messages)
	}
	p.write("a.log", "a1")
	p.write("b.log", "b1")
	set("a.yml", input("a.log", "one"))
	want("one", "a1")
	set("b.yml", input("b.log", "one"))
	want("one", "b1")
	set("a.yml", input("a.log", "two"))
	r.reloads(3, 0)
	p.write("a.log", "a2")
	want("two", "a2")
	if err := os.Remove(filepath.Join(inputs, "a.yml")); err != nil {
		t.Fatal(err)
	}
	r.reloads(4, 0)
	p.write("a.log", "a3")
	p.write("b.log", "b2")
	want("one", "b2")
	set("c.yml", "- {paths: /c, encoding: klingon}\n")
	if c := r.reloads(4, 1); !strings.Contains(c.Refused, "in.d/c.yml:1: 0.encoding: ") {
		t.Errorf("refused: %s", c.Refused)
	}
	set("c.yml", input("a.log", "three"))
	want("three", "a3")
	r.finish()
	if n := len(p.documents()); n != seen {
		t.Errorf("%d documents, want %d", n, seen)
	}
}

// TestReloadStuck: with a Kafka that does not answer a reload takes no longer than
// its time, and loses nothing: what was sent goes to where the new one says.
func TestReloadStuck(t *testing.T) {
	p := newPodTo(t, fmt.Sprintf("output.kafka: {hosts: %q, topic: t}", silentBroker(t)))
	p.write("a.log", "1", "2")
	big := strings.Repeat("x", 1<<20)
	for i := range 12 { // more than may be in flight
		p.write("big.log", fmt.Sprint(i)+big)
	}
	p.write("gone.log", "last words")
	r := p.start(t.Context())
	r.await("Kafka has something to confirm", func() bool { return r.pipe.snapshot().Output.InFlight > 0 })
	r.await("all files are found", func() bool { return len(r.pipe.snapshot().Files) == 3 })
	r.await("it lags", func() bool { return r.pipe.snapshot().Lag > 0 })
	if err := os.Remove(filepath.Join(p.logs, "gone.log")); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	p.text = strings.NewReplacer("output.kafka", "#").Replace(p.text) + fmt.Sprintf("\noutput.file: {path: %s, filename: out}\n", p.out)
	p.save()
	r.reloads(1, 0)
	if took := time.Since(began); took < exchangeTimeout || took > limit/2 {
		t.Errorf("took %v, want %v", took, exchangeTimeout)
	}
	p.notes.await(t, "not everything that was sent is confirmed")
	r.await("all is delivered", func() bool { return r.pipe.snapshot().EventsAcked == 15 })
	r.finish()
	var got []string
	for _, d := range p.documents() {
		got = append(got, strings.TrimRight(d.Message, "x"))
	}
	slices.Sort(got)
	if want := strings.Fields("0 1 1 10 11 2 2 3 4 5 6 7 8 9"); !slices.Equal(got, append(want, "last words")) {
		t.Errorf("delivered %q", got)
	}
	if s := r.pipe.snapshot(); s.BytesRead != s.BytesAcked || s.BytesInFlight != 0 || s.EventsRead != 15 || s.Lag != 0 {
		t.Errorf("ledger %+v", s)
	}
}

// TestReloadStopped: a stop that comes while a reload waits does not wait with it.
func TestReloadStopped(t *testing.T) {
	p := newPodTo(t, fmt.Sprintf("output.kafka: {hosts: %q, topic: t}", silentBroker(t)), "filebeat.shutdown_timeout: 100ms")
	p.write("a.log", "1")
	pipe := p.pipeline(false)
	pipe.patience = time.Hour
	r := p.run(t.Context(), pipe)
	r.await("Kafka has something to confirm", func() bool { return r.pipe.snapshot().Output.InFlight > 0 })
	p.text += "\ntags: [new]\n"
	p.save()
	p.notes.await(t, "configuration has changed, applying it")
	close(r.stop)
	if err := r.wait(); err == nil || !strings.Contains(err.Error(), "filebeat.shutdown_timeout") {
		t.Errorf("error %v", err)
	}
}

// TestReloadEndpoint: it stays where it is, or moves, as it is said, and knows of
// the reload; the announcement of the end outlives it.
func TestReloadEndpoint(t *testing.T) {
	p := newPod(t)
	socket := func(name string) string { return filepath.Join(p.home, name) }
	base := p.text
	endpoint := func(name string) { p.text = base + "http: {enabled: true, host: 'unix://" + socket(name) + "'}\n" }
	endpoint("1")
	r := p.start(t.Context())
	get := func(name, path string) string { t.Helper(); return getFrom(t, socket(name), path) }
	first := get("1", "/stats")
	get("1", "/drain")
	info, err := os.Stat(socket("1"))
	if err != nil {
		t.Fatal(err)
	}

	base += "tags: new\n"
	endpoint("1")
	p.save()
	r.reloads(1, 0)
	if again, err := os.Stat(socket("1")); err != nil || !os.SameFile(info, again) {
		t.Errorf("the socket is another one: %v", err)
	}
	if got := get("1", "/stats"); got == first || !strings.Contains(got, `"reloads":{"ok":1,"refused":0}`) {
		t.Errorf("stats %s", got)
	}

	endpoint("2")
	p.save()
	r.reloads(2, 0)
	if got := get("2", "/metrics"); !strings.Contains(got, `logcar_config_reloads_total{result="ok"} 2`) {
		t.Errorf("metrics %s", got)
	}
	r.await("the old one is closed", func() bool { _, err := os.Stat(socket("1")); return err != nil })

	p.text = base
	p.save()
	r.reloads(3, 0)
	r.await("there is none", func() bool { _, err := os.Stat(socket("2")); return err != nil })
	// The end is announced, so that a line without an end is delivered.
	if err := os.WriteFile(filepath.Join(p.logs, "a.log"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.finish()
	p.wantMessages("torn")
}

// TestReloadQuiet: a Job's sidecar that was quiet before a reload is quiet after it.
func TestReloadQuiet(t *testing.T) {
	p := newPod(t, "logcar: {exit_when_quiet: 1h, quiet: 0}")
	p.write("a.log", "1")
	r := p.start(t.Context())
	r.await("1 is delivered", func() bool { return len(p.documents()) == 1 })
	p.text = strings.Replace(p.text, "1h", "1ms", 1)
	p.save()
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	p.wantMessages("1")
}

// TestReloadLastWord: the last word is about all that was done.
func TestReloadLastWord(t *testing.T) {
	p := newPod(t)
	file := filepath.Join(p.home, "termination-log")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.text += "logcar.termination_log: " + file + "\n"
	p.write("a.log", "1", "2")
	r := p.start(t.Context())
	r.await("all is delivered", func() bool { return len(p.documents()) == 2 })
	p.text += "tags: new\n"
	p.save()
	r.reloads(1, 0)
	p.write("a.log", "3")
	r.finish()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var word lastWord
	if err := json.Unmarshal(text, &word); err != nil || !word.Delivered || word.Events != 3 || len(word.Files) != 1 || word.Files[0].Acked != 6 {
		t.Errorf("last word %s: %v", text, err)
	}
}
