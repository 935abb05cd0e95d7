//go:build e2e && unix

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// appLog is a log file as a Java service writes it, together with the events
// that logcar has to make of it.
type appLog struct {
	t      *testing.T
	path   string
	file   *os.File
	size   int64
	random *rand.Rand
	events []appEvent
	number map[string]int // by text; the texts differ by their numbers
}

type appEvent struct {
	text     string
	from, to int64 // its bytes in the file, the last line's end included
}

// newAppLog makes an empty log file dir/name. The same name gets the same events.
func newAppLog(t *testing.T, dir, name string) *appLog {
	t.Helper()
	path := filepath.Join(dir, name)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &appLog{
		t: t, path: path, file: file,
		random: rand.New(rand.NewPCG(uint64(len(name)), uint64(name[0]))),
		number: map[string]int{},
	}
}

// write appends events, each by one call as logging frameworks do.
func (l *appLog) write(count int) {
	l.t.Helper()
	for range count {
		l.append(l.next())
	}
}

// append writes one event of the given text, which must be unlike all others.
func (l *appLog) append(text string) {
	l.t.Helper()
	n, err := l.file.WriteString(text + "\n")
	if err != nil {
		l.t.Error(err) // not Fatal: writeUntil runs on a goroutine of its own
		return
	}
	l.number[text] = len(l.events)
	l.events = append(l.events, appEvent{text: text, from: l.size, to: l.size + int64(n)})
	l.size += int64(n)
}

// writeUntil appends events at an even pace until done is closed. It may run
// beside the test, which must wait for its end before it looks at the events.
func (l *appLog) writeUntil(done <-chan struct{}) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			for range 10 {
				l.append(l.next())
			}
		}
	}
}

// writeBeside lets the log grow until the returned function is called.
func writeBeside(log *appLog) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		log.writeUntil(done)
		close(ended)
	}()
	return func() {
		close(done)
		<-ended
	}
}

var messages = []string{
	"order %d accepted",
	"user %d logged in from 10.2.3.4; role=\"admin\" path=C:\\temp",
	"价格 %d 已更新 <b>&amp;</b> \u2028 \U0001F680",
	"slow query (%d ms): select * from orders\twhere id = ?",
	"configuration %d refreshed for application [dac-config-server], profile [prod], label [master], version [0f3e]",
}

// next makes an event: mostly one line, now and then an exception with its stack
// trace, or a line with a blank one behind it.
func (l *appLog) next() string {
	n := len(l.events)
	when := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC).Add(time.Duration(n) * 7 * time.Millisecond)
	head := fmt.Sprintf("%s %s [http-nio-9090-exec-%d] c.d.c.OrderService - %s#%06d ",
		when.Format("2006-01-02 15:04:05.000"), "%s", l.random.IntN(20), filepath.Base(l.path), n)
	switch kind := l.random.IntN(20); {
	case kind < 2:
		return fmt.Sprintf(head, "ERROR") + "request failed\n" + l.stackTrace()
	case kind < 3:
		return fmt.Sprintf(head, "WARN ") + "a blank line follows\n"
	default:
		return fmt.Sprintf(head, "INFO ") + fmt.Sprintf(messages[l.random.IntN(len(messages))], l.random.IntN(100000))
	}
}

func (l *appLog) stackTrace() string {
	var trace strings.Builder
	trace.WriteString("java.lang.IllegalStateException: no instance available for dac-api-center")
	for frame := range 3 + l.random.IntN(25) {
		fmt.Fprintf(&trace, "\n\tat org.springframework.web.servlet.Frame%d.doFilter(Frame%d.java:%d)", frame, frame, l.random.IntN(900))
	}
	trace.WriteString("\nCaused by: java.net.ConnectException: Connection refused (\"10.0.0.7\")\n\t... 42 more")
	return trace.String()
}
