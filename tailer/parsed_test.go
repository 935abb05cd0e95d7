package tailer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/multiline"
	"github.com/logcar/logcar/parser"
)

var (
	littleEndian = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	bigEndian    = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
)

// encoded returns text in an encoding.
func encoded(t *testing.T, e encoding.Encoding, text string) string {
	t.Helper()
	raw, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// stage joins lines to the one before that begins with a bracket.
func stage(t *testing.T, timeout time.Duration) parser.Multiline {
	t.Helper()
	rule, err := multiline.New(multiline.Config{Pattern: `^\[`, Negate: true, Match: "after"})
	if err != nil {
		t.Fatal(err)
	}
	return parser.Multiline{Rule: rule, MaxLines: multiline.DefaultMaxLines, Timeout: timeout}
}

func chainOf(t *testing.T, c parser.Config) *parser.Chain {
	t.Helper()
	chain, err := parser.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

// parsed runs a test on an input with a parser, its files being *.log.
func parsed(t *testing.T, c parser.Config, do func(s *script)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.do("input *.log")
		s.inputs[0].Parse = chainOf(t, c)
		do(s)
		s.do("end")
	})
}

// add writes bytes to a file.
func (s *script) add(name, raw string) {
	s.t.Helper()
	s.do(fmt.Sprintf("write %s %q", name, raw))
}

// Positions count the file's bytes, whatever its text is, and half a letter is not
// taken for a line.
func TestParsedPositions(t *testing.T) {
	parsed(t, parser.Config{Encoding: "utf-16-bom"}, func(s *script) {
		raw := encoded(t, littleEndian, "one\nzwei\nhalf a line\nfour\n")
		s.do("start")
		s.add("a.log", raw[:1]) // not even a byte order mark
		s.do("nothing 20s")
		s.add("a.log", raw[1:10])
		s.do(`want a.log 2:"one"`, "expect position a.log 10")
		s.add("a.log", raw[10:31]) // half a letter at its end
		s.do(`want a.log 10:"zwei"`, "expect position a.log 20", "restart", "nothing 20s", "expect position a.log 20")
		s.add("a.log", raw[31:])
		s.do(`want a.log 20:"half a line" 44:"four"`, "expect position a.log 54", "restart")
		s.add("a.log", encoded(t, bigEndian, "x\n")[2:]) // not what the file's beginning says
		s.do("nothing 20s", "expect position a.log 54")
		s.add("a.log", "!\x00\n\x00")
		s.do("want a.log 54:\"\u7800\u0a00!\"")
	})
}

// A restart in the middle of anything neither loses nor repeats an event, and each
// is as when the file is read at once.
func TestParsedRestarts(t *testing.T) {
	var docker, cri, json strings.Builder
	for i := range 60 {
		fmt.Fprintf(&docker, `{"log":"docker %d\n","stream":"stdout","time":"2024-05-06T07:08:09.%03dZ"}`+"\n", i, i)
		tag := "F"
		if i%3 < 2 {
			tag = "P" // three of them are one line
		}
		fmt.Fprintf(&cri, "2024-05-06T07:08:09.%09dZ stdout %s part %d \n", i, tag, i)
		fmt.Fprintf(&json, `{"message": "json %d", "n": %d, "deep": {"k": "v"}}`+"\nno json\n", i, i)
	}
	text := strings.ReplaceAll(lines("text", 1000), "line", "zeile ü")
	for name, tt := range map[string]struct {
		config parser.Config
		raw    string
	}{
		"utf-16be":   {parser.Config{Encoding: "utf-16be-bom"}, encoded(t, bigEndian, text)},
		"utf-16-bom": {parser.Config{Encoding: "utf-16-bom", Filestream: true}, encoded(t, littleEndian, text)},
		"latin1":     {parser.Config{Encoding: "iso8859-1", Terminator: "carriage_return"}, strings.NewReplacer("ü", "\xfc", "\n", "\r").Replace(text)},
		"docker":     {parser.Config{Stages: []parser.Stage{parser.Container{Stream: "all", Format: "auto"}}}, docker.String()},
		"cri":        {parser.Config{Filestream: true, Stages: []parser.Stage{parser.Container{Stream: "all", Format: "cri"}}}, cri.String()},
		"json":       {parser.Config{Stages: []parser.Stage{parser.JSON{KeyOptions: parser.KeyOptions{MessageKey: "message"}}}}, json.String()},
		"ndjson":     {parser.Config{Filestream: true, Stages: []parser.Stage{parser.NDJSON{KeyOptions: parser.KeyOptions{MessageKey: "message"}}}}, json.String()},
	} {
		t.Run(name, func(t *testing.T) {
			tt.config.MaxBytes = 1 << 20
			var whole parser.Output
			f := chainOf(t, tt.config).File()
			if err := f.Feed([]byte(tt.raw), time.Now()); err != nil {
				t.Fatal(err)
			}
			f.Take(&whole, 1<<20)
			if len(whole.Events) < 18 || f.Settled() != int64(len(tt.raw)) {
				t.Fatalf("%d events, settled %d of %d", len(whole.Events), f.Settled(), len(tt.raw))
			}
			for seed := range uint64(20) {
				parsed(t, tt.config, func(s *script) {
					r := rand.New(rand.NewPCG(seed, 0))
					s.do("start")
					for rest := tt.raw; rest != ""; {
						n := min(1+r.IntN(len(tt.raw)/4), len(rest))
						s.add("a.log", rest[:n])
						rest = rest[n:]
						switch r.IntN(3) {
						case 0:
							s.do("restart")
						case 1:
							s.do("pass 11s")
						}
					}
					s.do(fmt.Sprintf("expect position a.log %d", len(tt.raw)))
					got := s.streams()["a.log"]
					s.wanted["a.log"] = len(got)
					if len(got) != len(whole.Events) {
						t.Fatalf("seed %d: %d events, want %d: %v", seed, len(got), len(whole.Events), got)
					}
					for i, e := range whole.Events {
						if g := got[i]; g.from != e.From || g.to != e.To || g.flags != e.Flags || g.text != string(whole.Data[e.Start:e.End]) {
							t.Fatalf("seed %d: event %d: %v to %d, want %d to %d %q", seed, i, g, g.to, e.From, e.To, whole.Data[e.Start:e.End])
						}
					}
				})
			}
		})
	}
}

// An open event waits for its next line as long as the stage says, and its
// position waits with it.
func TestParsedMultiline(t *testing.T) {
	c := parser.Config{Filestream: true, Stages: []parser.Stage{
		parser.NDJSON{KeyOptions: parser.KeyOptions{MessageKey: "m"}}, stage(t, 20*time.Second),
	}}
	parsed(t, c, func(s *script) {
		s.do("start", `write a.log "{\"m\":\"[1]\"}\n"`, "pass 11s", `write a.log "{\"m\":\"more\"}\n"`, "nothing 15s", "expect position a.log 0")
		s.do(`want a.log 0M:"[1]\nmore"`, "expect position a.log 25") // 20 s after it was read, which was up to 10 s later
		s.do(`write a.log "{\"m\":\"late\"}\n{\"m\":\"[2]\"}\n"`, `want a.log 25:"late"`, "expect position a.log 38")
		s.do("restart", `want a.log 38:"[2]"`, `write a.log "{\"m\":\"[3]\"}\n"`, "nothing 11s", `write a.log "{\"m\":\"[4]\"}\n"`, `want a.log 50:"[3]"`)
		s.do("finish", `want a.log 62:"[4]"`, "expect position a.log 74")
	})
}

// A truncated file begins anew, with another byte order if it says so; what was
// open is complete.
func TestParsedTruncation(t *testing.T) {
	parsed(t, parser.Config{Encoding: "utf-16-bom", Stages: []parser.Stage{stage(t, time.Hour)}}, func(s *script) {
		s.do("start")
		s.add("a.log", encoded(t, littleEndian, "[1]\n[2]\nopen\nhalf"))
		s.do(`want a.log 2:"[1]"`, "truncate a.log", `want a.log 10MP:"[2]\nopen\nhalf"`, "expect truncations 1")
		s.add("a.log", encoded(t, bigEndian, "[3]\n[4]\n"))
		s.do(`want a.log 2:"[3]"`, "expect position a.log 10", "finish", `want a.log 10:"[4]"`)
	})
}

// A file that does not say its byte order is not read, which is said once, and is
// read as soon as it does.
func TestParsedWithoutByteOrder(t *testing.T) {
	for _, first := range []int{1, 2, 9} { // bytes that come first
		parsed(t, parser.Config{Encoding: "utf-16-bom"}, func(s *script) {
			raw := "A\xff\xfe\x00" + encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "one\ntwo\n")
			s.do("start")
			s.add("a.log", raw[:first])
			s.do("pass 11s")
			s.add("a.log", raw[first:])
			s.do("nothing 1h", "expect position a.log 0", `expect logged "cannot read file" 1`, `expect logged "byte order mark" 1`)
			s.do("restart", "nothing 1h", "expect position a.log 0", `expect logged "cannot read file" 1`)
			s.do(fmt.Sprintf("replace a.log %q", encoded(t, littleEndian, "three\n")), `want a.log 2:"three"`, "expect position a.log 14")
		})
	}
}

// Such a file is let go when it is deleted, and so is one that has been read in
// another encoding before.
func TestParsedWithoutByteOrderIsDeleted(t *testing.T) {
	parsed(t, parser.Config{}, func(s *script) {
		s.do("start", `write a.log "plain\n"`, `want a.log 0:"plain"`, "finish")
		s.inputs[0].Parse = chainOf(t, parser.Config{Encoding: "utf-16-bom"})
		s.do(`write a.log "more\n"`, `write b.log "plain\n"`, "start", "nothing 1h", "expect open 0", "expect position a.log 6", "expect position b.log 0")
		s.do(`expect logged "byte order mark" 2`, "rm a.log", "rm b.log", "nothing 1h", "expect open 0", "expect known 0")
		s.do(`expect logged "byte order mark" 2`)
	})
}

// A last line without an end is delivered when the end is announced or the options
// say so, and is read again by the next run.
func TestParsedUnterminated(t *testing.T) {
	c := parser.Config{Filestream: true, Stages: []parser.Stage{parser.Container{Stream: "all", Format: "cri"}}}
	for _, announced := range []bool{false, true} {
		parsed(t, c, func(s *script) {
			const begin = "2024-05-06T07:08:09.1Z stdout "
			if !announced {
				s.do("options unterminated")
			}
			s.do("start")
			s.add("a.log", begin+"F one\n"+begin+"P two \n"+begin+"F half")
			s.do(`want a.log 0:"one"`, "expect position a.log 36")
			if announced {
				s.tailer.Announce()
			}
			s.do("finish", `want a.log 36P:"two half"`, "expect position a.log 36", "start")
			s.add("a.log", " a line\n")
			s.do(`want a.log 36:"two half a line"`)
		})
	}
	parsed(t, c, func(s *script) { // and is not otherwise
		s.do("start")
		s.add("a.log", "2024-05-06T07:08:09.1Z stdout F half")
		s.do("pass 20s", "finish", "nothing", "expect position a.log 0")
	})
}

// What is filtered and what cannot be read is counted, and moves the position.
func TestParsedCounts(t *testing.T) {
	debug, err := match.Compile("DEBUG")
	if err != nil {
		t.Fatal(err)
	}
	c := parser.Config{
		Stages: []parser.Stage{parser.JSON{KeyOptions: parser.KeyOptions{MessageKey: "m"}}}, Exclude: []*match.Pattern{debug},
	}
	parsed(t, c, func(s *script) {
		s.do("start", `write a.log "{\"m\":\"DEBUG 1\"}\nno json\n{\"m\":\"2\"}\n{\"m\":\"DEBUG 3\"}\n"`)
		s.do(`want a.log 16:"no json" 24:"2"`, "expect position a.log 50", "expect filtered 2")
		if st := s.tailer.Stats(); st.Unparsed != 1 || st.Events != 2 || st.Bytes != 50 {
			t.Errorf("%+v", st)
		}
	})
	c = parser.Config{Filestream: true, Stages: []parser.Stage{parser.Container{Stream: "stdout", Format: "cri"}}}
	parsed(t, c, func(s *script) {
		s.do("start", `write a.log "2024-05-06T07:08:09Z stderr F x\nnonsense\n2024-05-06T07:08:09Z stdout F y\n"`)
		s.do(`want a.log 0:"y"`, "expect position a.log 73", "expect filtered 1")
		if st := s.tailer.Stats(); st.Skipped != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// extras is a sink that keeps what parsers found out.
type extras struct {
	*collector
	found []event.Extra
}

func (x *extras) Send(ctx context.Context, b *event.Batch) error {
	if len(b.Extras) > 0 && len(b.Extras) != len(b.Events) {
		x.tb.Errorf("%d extras of %d events", len(b.Extras), len(b.Events))
	}
	all := slices.Clone(b.Extras)
	if len(all) == 0 {
		all = make([]event.Extra, len(b.Events))
	}
	x.found = append(x.found, all...)
	return x.collector.Send(ctx, b)
}

// What parsers found goes to the sink with its event, and not with another one of
// the same batch or of the next.
func TestParsedExtras(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, polling)
		s.do("input *.log")
		in := s.inputs[0]
		in.Parse = chainOf(t, parser.Config{Filestream: true, Stages: []parser.Stage{
			parser.NDJSON{KeyOptions: parser.KeyOptions{MessageKey: "m", DocumentID: "id"}},
		}})
		var want []event.Extra
		var text strings.Builder
		for i := range 2*maxEvents + 10 {
			if i%3 == 0 {
				text.WriteString("plain\n")
				want = append(want, event.Extra{})
				continue
			}
			fmt.Fprintf(&text, `{"m":"text","id":"%d","n":%d}`+"\n", i, i)
			want = append(want, event.Extra{Fields: map[string]any{"m": "text", "n": int64(i)}, Meta: map[string]any{"_id": fmt.Sprint(i)}})
		}
		s.put("a.log", text.String())
		sink := &extras{collector: newCollector(t)}
		reg := openRegistry(t, s.data)
		finish := make(chan struct{})
		close(finish)
		if err := newTailer(t, polling, s.inputs, Options{}, reg, sink, zap.NewNop()).Run(t.Context(), finish); err != nil {
			t.Fatal(err)
		}
		if len(sink.found) != len(want) {
			t.Fatalf("%d events, want %d", len(sink.found), len(want))
		}
		for i := range want {
			if !reflect.DeepEqual(sink.found[i].Fields, want[i].Fields) || !reflect.DeepEqual(sink.found[i].Meta, want[i].Meta) {
				t.Fatalf("event %d: %+v, want %+v", i, sink.found[i], want[i])
			}
		}
	})
}

// What a parser cuts is counted in events: its text is not the file's.
func TestParsedCut(t *testing.T) {
	parsed(t, parser.Config{Encoding: "iso8859-1", MaxBytes: 4}, func(s *script) {
		s.do("start", `write a.log "12345\n1234\n"`, `want a.log 0T:"1234" 6:"1234"`, "expect cut 1", "expect cut_bytes 0")
	})
}
