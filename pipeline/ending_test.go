package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExitWhenQuiet: a Job's sidecar leaves when nothing is written any more, and
// not before something was.
func TestExitWhenQuiet(t *testing.T) {
	p := newPod(t, "logcar: {exit_when_quiet: 100ms, quiet: 0}")
	r := p.start(t.Context())
	p.write("a.log", "1")
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	p.wantMessages("1")
	if why := p.notes.await(t, "Stopping logcar").ContextMap()["reason"]; why != "nothing was written for 100ms" {
		t.Errorf("reason %q", why)
	}
}

// TestDoneFile: or when the Job says that it has done.
func TestDoneFile(t *testing.T) {
	p := newPod(t)
	done := filepath.Join(p.logs, "done")
	p.text += fmt.Sprintf("logcar.done_file: %s\n", done)
	p.write("a.log", "1")
	r := p.start(t.Context())
	p.notes.await(t, "Harvester started")
	p.write("a.log", "2")
	if err := os.WriteFile(done, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	p.wantMessages("1", "2")
	if why := p.notes.await(t, "Stopping logcar").ContextMap()["reason"]; why != "the done file is there: "+done {
		t.Errorf("reason %q", why)
	}
}

// TestTermination: the last word says whether everything was delivered.
func TestTermination(t *testing.T) {
	t.Run("delivered", func(t *testing.T) {
		p := newPod(t)
		word := p.lastWord(t, func(r *running) error { close(r.stop); return r.wait() })
		if !word.Delivered || word.Error != "" || word.Events != 2 || word.Unsent != 0 {
			t.Errorf("last word %+v", word)
		}
	})
	t.Run("not delivered", func(t *testing.T) {
		p := newPodTo(t, fmt.Sprintf("output.kafka: {hosts: %q, topic: t}", silentBroker(t)), "filebeat.shutdown_timeout: 100ms")
		word := p.lastWord(t, func(r *running) error {
			close(r.stop)
			if err := r.wait(); err == nil {
				return fmt.Errorf("no error")
			}
			return nil
		})
		if word.Delivered || !strings.Contains(word.Error, "filebeat.shutdown_timeout") || word.Events != 0 || word.Unsent != 4 || len(word.Files) != 1 {
			t.Errorf("last word %+v", word)
		}
	})
}

// lastWord runs a pod with two lines to its end and reads what it leaves.
func (p *pod) lastWord(t *testing.T, end func(*running) error) (word lastWord) {
	t.Helper()
	file := filepath.Join(p.home, "termination-log")
	if err := os.WriteFile(file, []byte(strings.Repeat("x", 2*maxTermination)), 0o600); err != nil {
		t.Fatal(err)
	}
	p.text += "\nlogcar.termination_log: " + file + "\n"
	p.write("a.log", "1", "2")
	r := p.start(t.Context())
	p.notes.await(t, "Harvester started")
	if err := end(r); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &word); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return word
}

// TestEndpoint: numbers while it runs, and the announcement of the end.
func TestEndpoint(t *testing.T) {
	p := newPod(t)
	socket := filepath.Join(p.home, "http.sock")
	p.text += "http: {enabled: true, host: 'unix://" + socket + "'}\n"
	p.write("a.log", "1")
	r := p.start(t.Context())
	p.notes.await(t, "Harvester started")
	get := func(path string) string { t.Helper(); return getFrom(t, socket, path) }
	if got := get("/stats"); !strings.Contains(got, `"version":"test"`) {
		t.Errorf("stats %s", got)
	}
	get("/drain")
	p.notes.await(t, "the end of the pod is announced")
	close(r.stop)
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	p.wantMessages("1")
}

// getFrom asks an endpoint on a socket.
func getFrom(t *testing.T, socket, path string) string {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get("http://logcar" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", path, res.Status, err)
	}
	return string(text)
}

// TestLedger: every byte that was read is delivered or left out for a reason.
func TestLedger(t *testing.T) {
	p := newPod(t)
	p.text = strings.Replace(p.text, "[{", "[{exclude_lines: no, ", 1)
	p.write("a.log", "yes", "no", "", "yes again", "no, not")
	p.write("b.log", "no")
	pipe := p.pipeline(true)
	if err := pipe.Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s := pipe.snapshot()
	if s.BytesRead != 29 || s.BytesAcked+s.BytesInFlight+s.BytesDropped["filtered"] != s.BytesRead || s.BytesInFlight != 0 || s.BytesDropped["filtered"] != 14 {
		t.Errorf("bytes: read %d, acknowledged %d, in flight %d, dropped %v", s.BytesRead, s.BytesAcked, s.BytesInFlight, s.BytesDropped)
	}
	if s.EventsRead != 5 || s.EventsAcked != 2 || s.EventsFlying != 0 || s.EventsDropped["filtered"] != 3 {
		t.Errorf("events: read %d, acknowledged %d, in flight %d, dropped %v", s.EventsRead, s.EventsAcked, s.EventsFlying, s.EventsDropped)
	}
}
