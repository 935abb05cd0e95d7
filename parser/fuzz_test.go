package parser

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/multiline"
)

// FuzzJSON: the scanner finds what encoding/json finds, in all lines.
func FuzzJSON(f *testing.F) {
	for _, line := range decodingLines {
		if len(line) < 1000 {
			f.Add([]byte(line))
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if !compareDecoding(t, line) {
			return
		}
		object, _, _ := decodeObject(line)
		expanded, err := expandKeys(object)
		if err == nil && len(object) > 0 && len(expanded) == 0 {
			t.Errorf("%q expands to nothing", line)
		}
		dropNulls(object)
		if b, err := json.Marshal(object); err != nil || !utf8.Valid(b) {
			t.Errorf("%q: %q, %v", line, b, err)
		}
	})
}

// criLine reads a line as its format is described, by splitting it.
func criLine(line []byte) (at time.Time, stream, text string, more, ok bool) {
	words := strings.SplitN(string(line), " ", 4)
	if len(words) < 4 {
		return at, "", "", false, false
	}
	at, err := time.Parse(time.RFC3339Nano, words[0])
	return at, words[1], words[3], slices.Contains(strings.Split(words[2], ":"), "P"), err == nil
}

func FuzzCRI(f *testing.F) {
	for _, line := range []string{
		"2017-09-12T22:32:21.212861448Z stdout F whole line", "2017-09-12T22:32:21.212861449Z stderr P part", "2017-09-12T22:32:21Z stdout F ",
		"2017-09-12T22:32:21Z stdout F", "2017-09-12T22:32:21Z stdout P:x  a", "x stdout F a", "2017-09-12T22:32:21+02:00   ", "",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m := message{text: line, eol: true}
		stream, more, err := (&parts{}).parseCRI(&m)
		at, wantStream, wantText, wantMore, ok := criLine(line)
		if (err == nil) != ok {
			t.Fatalf("%q: %v, want %v", line, err, ok)
		}
		if ok && (stream != wantStream || string(m.text) != wantText || more != wantMore || !m.time.Equal(at) || m.fields["stream"] != stream) {
			t.Errorf("%q: %q %q %v %v", line, stream, m.text, more, m.time)
		}
	})
}

func FuzzDocker(f *testing.F) {
	for _, line := range []string{
		`{"log":"one\n","stream":"stdout","time":"2017-11-09T13:27:26.363990001Z"}`, `{"log":"part","stream":"stderr","time":"2017-11-09T13:27:27Z","attrs":{"a":"b"}}`,
		`{"log":null,"stream":null,"time":"2017-11-09T13:27:27Z"}`, `{"log":1}`, `{}`, `null`, `{"time":""}`, `{"log":"\ud83d`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m := message{text: line, eol: true}
		stream, more, err := (&parts{}).parseDocker(&m)
		var want struct{ Log, Stream, Time *string }
		doc, decodeErr := reference(line)
		ok := decodeErr == nil && doc != nil
		for key, field := range map[string]**string{"log": &want.Log, "stream": &want.Stream, "time": &want.Time} {
			s, isString := doc[key].(string)
			ok = ok && (isString || doc[key] == nil)
			*field = &s
		}
		at, timeErr := time.Parse(time.RFC3339Nano, *want.Time)
		ok = ok && timeErr == nil
		if (err == nil) != ok {
			t.Fatalf("%q: %v, want %v", line, err, ok)
		}
		if ok && (stream != *want.Stream || string(m.text) != *want.Log || more == strings.HasSuffix(*want.Log, "\n") || !m.time.Equal(at) || m.eol) {
			t.Errorf("%q: %q %q %v %v", line, stream, m.text, more, m.time)
		}
	})
}

// FuzzSyslog: whatever the message is, nothing of it is lost, and a message that
// is well formed is read without complaint.
func FuzzSyslog(f *testing.F) {
	for _, s := range []string{
		"<13>Oct 11 22:14:15 test-host su[1024]: message", "<13>2003-08-24T05:14:15.000003-07:00 h m", "13 Oct 11 22:14:15 h m", "<", "<13", "<13>",
		`<165>1 2003-10-11T22:14:15.003Z host app 1024 ID47 [a b="\"c\]"][d e="f"] text`, "<13>1 - - - - - -", `<13>1 - - - - - [a`, "<13>1 - - - - - [a]x", "<13>1 - ",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, format := range []string{"auto", "rfc3164", "rfc5424"} {
			r := syslogRecord{text: string(line), priority: -1}
			if format == "rfc5424" || format == "auto" && looksLike5424(r.text) {
				r.parse5424()
			} else {
				r.parse3164(time.UTC, readAt)
			}
			if r.at > len(r.text) || !strings.HasSuffix(r.text, r.plain) || !strings.Contains(r.text, r.rawData) {
				t.Fatalf("%s: %q is read to %d, text %q, %q", format, line, r.at, r.rawData, r.plain)
			}
			if r.priority > 191 || len(r.errs) == 0 && r.priority < 0 && strings.HasPrefix(r.text, "<") {
				t.Errorf("%s: %q has priority %d", format, line, r.priority)
			}
			for _, part := range []string{r.host, r.app, r.process, r.id} {
				if !strings.Contains(r.text, part) {
					t.Errorf("%s: %q has %q", format, line, part)
				}
			}
			if b, err := json.Marshal(r.fields()); err != nil {
				t.Errorf("%s: %q: %q, %v", format, line, b, err)
			}
		}
	})
}

// fuzzConfigs are chains of all kinds.
func fuzzConfigs(tb testing.TB) []Config {
	rule := joined(tb, multiline.Config{Pattern: "^[a{]", Negate: true, Match: "after"})
	rule.MaxLines = 3
	before := joined(tb, multiline.Config{Pattern: "b$", Match: "before", FlushPattern: "c"})
	count := joined(tb, multiline.Config{Type: multiline.Count, CountLines: 2})
	keys := KeyOptions{MessageKey: "m", OverwriteKeys: true, AddErrorKey: true, ExpandKeys: true, DocumentID: "id"}
	include, exclude := []*match.Pattern{pattern(tb, "a")}, []*match.Pattern{pattern(tb, "c")}
	return []Config{
		{},
		{MaxBytes: 3, Stages: []Stage{rule}},
		{MaxBytes: 5, Stages: []Stage{before}, Include: include},
		{Stages: []Stage{count}, Exclude: exclude},
		{Encoding: "utf-8", Terminator: "carriage_return_line_feed", MaxBytes: 4},
		{Terminator: "next_line"},
		{Encoding: "utf-16le", Stages: []Stage{rule}},
		{Encoding: "utf-16be", MaxBytes: 2, Terminator: "line_separator"},
		{Encoding: "utf-16be-bom"},
		{Encoding: "gb18030", MaxBytes: 3},
		{Encoding: "iso-2022-jp"},
		{Encoding: "hz-gb-2312", MaxBytes: 1},
		{Encoding: "shift_jis", Stages: []Stage{rule}},
		{Encoding: "ebcdic-037"},
		{Stages: []Stage{JSON{KeyOptions: keys}}},
		{Stages: []Stage{JSON{keys, true}, rule}, MaxBytes: 6},
		{Filestream: true, Stages: []Stage{NDJSON{KeyOptions: keys}, rule}, KeepNull: true},
		{Filestream: true, Stages: []Stage{rule, NDJSON{KeyOptions{}, "t"}, IncludeMessage{include}}},
		{Filestream: true, Stages: []Stage{before, count}},
		{Filestream: true, Stages: []Stage{Syslog{AddErrorKey: true, LogErrors: true, Location: time.UTC}, rule}},
		{Stages: []Stage{Container{}, JSON{keys, true}, rule}},
		{Filestream: true, Stages: []Stage{Container{Stream: "stderr"}, NDJSON{KeyOptions: keys}}},
		{Filestream: true, Stages: []Stage{rule, Container{Format: "cri", Separate: true}}},
	}
}

// FuzzFeed: events do not depend on the pieces that bytes come in, nor on reading
// having been interrupted where Settled said.
func FuzzFeed(f *testing.F) {
	const z = "2017-09-12T22:32:21Z "
	for i := range len(fuzzConfigs(f)) {
		for _, s := range []string{
			"a\n\nb\r\nc\n\ufeffa\nxyz", "a\n\x00\n\x00b\r\x00\n\x00", "\xfe\xff\x00a\x00\n\x20\x28", "a\u0085b\r\n\x85", "\x1b$BF|K\\\x1b(B\n~{VP\n\x81\x30\n\x25\xc1\x25",
			"{\"m\":\"a\",\"x.y\":null}\n{\"m\":\"b\"}\nno json\n{\"@timestamp\":1,\"id\":\"x\"}\n", jsonLog,
			z + "stdout P {\"m\":\n" + z + "stderr F c\ngarbage\n" + z + "stdout F \"a\"}\n" + `{"log":"a\n","stream":"stderr","time":"2017-09-12T22:32:21Z"}` + "\n" + z + "stderr P x\n",
			"\n" + z + "stdout F a\n" + z + "stdout F b",
			"<13>Oct 11 22:14:15 h app[1]: a\n<13>1 - - - - - [a b=\"c\"] b\n",
		} {
			f.Add(uint8(i), uint64(len(s)*7), []byte(s))
		}
	}
	configs := fuzzConfigs(f)
	var chains []*Chain
	for _, c := range configs {
		chains = append(chains, mustNew(f, c))
	}
	f.Fuzz(func(t *testing.T, which uint8, seed uint64, data []byte) {
		chain := chains[int(which)%len(chains)]
		if len(data) > 1<<14 {
			return
		}
		rnd := rand.New(rand.NewPCG(seed, 0))
		whole := feed(t, chain.File(), string(data), len(data)+1, 1<<20, wait)
		checkEvents(t, chain, whole, len(data))
		want := whole.docs(t)

		pieces := &Output{}
		file := chain.File()
		settled, emitted := []int64{0}, []int{0}
		for rest := data; len(rest) > 0; {
			n := 1 + rnd.IntN(min(len(rest), 1+rnd.IntN(50)))
			pieces.add(t, feed(t, file, string(rest[:n]), n, 1+rnd.IntN(3), wait))
			rest = rest[n:]
			settled, emitted = append(settled, file.Settled()), append(emitted, len(pieces.Events))
		}
		if got := pieces.docs(t); !slices.Equal(got, want) {
			t.Fatalf("%+v\n%q\nin pieces\n%s\nat once\n%s", chain.config, data, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if pieces.Filtered != whole.Filtered || pieces.Skipped != whole.Skipped || pieces.Failed != whole.Failed {
			t.Fatalf("%+v\n%q\nfiltered %d, skipped %d, failed %d; want %d, %d, %d", chain.config, data,
				pieces.Filtered, pieces.Skipped, pieces.Failed, whole.Filtered, whole.Skipped, whole.Failed)
		}
		if slices.IsSorted(settled) == false || settled[len(settled)-1] > int64(len(data)) {
			t.Fatalf("%+v\n%q\nsettled %v", chain.config, data, settled)
		}

		// Reading goes on where it was settled.
		i := rnd.IntN(len(settled))
		file.Reset(settled[i])
		if err := file.Head(data); err != nil {
			t.Fatal(err)
		}
		again := feed(t, file, string(data[settled[i]:]), 1+rnd.IntN(30), 10, wait)
		checkResumed(t, chain, again, whole, emitted[i])

		out := &Output{}
		if done := file.Close(out, readAt); done > int64(len(data)) || done < settled[i] {
			t.Fatalf("%+v\n%q\ndone %d", chain.config, data, done)
		}
	})
}

// checkEvents: what must be true of all events.
func checkEvents(t *testing.T, c *Chain, o *Output, size int) {
	t.Helper()
	for i, e := range o.Events {
		if e.From >= e.To || e.From < 0 || e.To > int64(size) || i > 0 && e.To < o.Events[i-1].To {
			t.Errorf("%+v: event %d is %d-%d of %d", c.config, i, e.From, e.To, size)
		}
		if text := o.Data[e.Start:e.End]; c.config.MaxBytes > 0 && len(text) > c.config.MaxBytes {
			t.Errorf("%+v: event %d has %q", c.config, i, text)
		}
		if x := o.Extras[i]; x.Fields["@timestamp"] != nil || x.Fields["@metadata"] != nil || !c.config.KeepNull && slices.Contains(mapValues(x.Fields), nil) {
			t.Errorf("%+v: event %d has %v", c.config, i, x.Fields)
		}
		if x := o.Extras[i]; c.config.Filestream && !x.NoMessage && x.Fields["message"] != nil {
			t.Errorf("%+v: event %d has two messages", c.config, i)
		}
	}
}

func mapValues(m map[string]any) (values []any) {
	for _, v := range m {
		values = append(values, v)
	}
	return values
}

// checkResumed: with what was emitted before, again has all of whole's events.
// Only where containers' streams are mixed some come twice.
func checkResumed(t *testing.T, c *Chain, again, whole *Output, emitted int) {
	t.Helper()
	mixed := slices.ContainsFunc(c.config.Stages, func(s Stage) bool { _, ok := s.(Container); return ok })
	missing := whole.Events[emitted:]
	at := len(again.Events) - len(missing)
	if at < 0 || at > 0 && !mixed {
		t.Fatalf("%+v: %d events after %d of %d", c.config, len(again.Events), emitted, len(whole.Events))
	}
	for i, e := range missing {
		g := again.Events[at+i]
		sameText := bytes.Equal(again.Data[g.Start:g.End], whole.Data[e.Start:e.End])
		if g.To != e.To || g.From != e.From && !mixed || g.Flags != e.Flags || !sameText {
			t.Fatalf("%+v: event %d is %+v, was %+v", c.config, emitted+i, g, e)
		}
	}
}
