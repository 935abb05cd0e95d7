//go:build e2e && unix

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCorpus ships whole log files with the owner's configuration and compares
// each message with what an independent reading of the rules makes of the file.
// LOGCAR_E2E_CORPUS adds files of one's own, separated by colons.
func TestCorpus(t *testing.T) {
	generated := filepath.Join(t.TempDir(), "generated.log")
	if err := os.WriteFile(generated, hardLog(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, file := range append([]string{generated}, filepath.SplitList(os.Getenv("LOGCAR_E2E_CORPUS"))...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			cluster, topic := broker(t), topicOf(t)
			createTopic(t, cluster, topic, 1, 1, nil)
			newShipper(t, configuration(prospectors, ownersOutput, path, cluster, topic)).once()
			docs := consume(t, cluster, topic)
			compareMessages(t, docs, joinLines(text))
			t.Logf("%d bytes, %d events", len(text), len(docs))
		})
	}
}

func compareMessages(t *testing.T, docs []document, want []string) {
	t.Helper()
	for i := range min(len(docs), len(want)) {
		if docs[i].Message != want[i] {
			t.Fatalf("event %d:\ngot  %.500q\nwant %.500q", i, docs[i].Message, want[i])
		}
	}
	if len(docs) != len(want) {
		t.Errorf("%d events, want %d", len(docs), len(want))
	}
}

var firstLine = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}`)

// joinLines makes events of a log: a line with a timestamp begins one, up to 500
// of its lines are kept, and what has no line end yet is not there yet.
func joinLines(text []byte) []string {
	const maxLines = 500
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	var events []string
	var open []string
	flush := func() {
		if open != nil {
			events = append(events, decode(strings.Join(open[:min(len(open), maxLines)], "\n")))
		}
		open = nil
	}
	for raw := range bytes.Lines(text) {
		line := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
		if firstLine.MatchString(line) {
			flush()
		}
		open = append(open, line)
	}
	flush()
	return events
}

// decode does what a JSON document does to text that is not UTF-8: each wrong
// byte becomes a replacement character.
func decode(text string) string { return string([]rune(text)) }

// hardLog holds what real logs surprise with: a trace without its first line,
// Windows line ends, blank lines, bytes that are no UTF-8, control characters,
// a very long line, more lines than an event may have, and a last line that is
// not yet complete.
func hardLog() []byte {
	const stamp = "2024-05-06 07:08:09.123 INFO  "
	var log bytes.Buffer
	log.WriteString("\tat orphan.Frame.one(Frame.java:1)\n\tat orphan.Frame.two(Frame.java:2)\n")
	log.WriteString(stamp + "windows\r\n\tat windows.Frame\r\n\r\n")
	log.WriteString(stamp + "blank lines\n\n\nand text\n\n")
	log.WriteString(stamp + "latin-1 caf\xe9 \xff\xfe, cut \xe4\xb8 and whole 中文 \U0001F680\n")
	log.WriteString(stamp + "control \x00\x01\x1b[31mred\x1b[0m \x7f \"quoted\" back\\slash <&> \u2028\n")
	log.WriteString(stamp + strings.Repeat("long ", 100_000) + "\n")
	log.WriteString("2024-05-06 07:08:09,456 a comma\n")
	log.WriteString("2024-05-06T07:08:09.456 not the pattern\n")
	log.WriteString(stamp + "many lines\n" + strings.Repeat("\tat deep.Recursion.call(Recursion.java:7)\n", 700))
	log.WriteString(stamp + "last\n" + stamp + "incomplete")
	return log.Bytes()
}
