package parser

import (
	"strings"
	"testing"

	"github.com/logcar/logcar/multiline"
)

func TestContainer(t *testing.T) {
	const (
		cri = "2017-09-12T22:32:21.212861448Z stdout F whole line\n" +
			"2017-09-12T22:32:21.212861449Z stderr P part one, \n" +
			"2017-09-12T22:32:21.212861450Z stderr F part two\n"
		docker = `{"log":"one\n","stream":"stdout","time":"2017-11-09T13:27:26.363990001Z"}` + "\n" +
			`{"log":"err\n","stream":"stderr","time":"2017-11-09T13:27:27Z"}` + "\n" +
			`{"log":"two, ","stream":"stdout","time":"2017-11-09T13:27:28Z"}` + "\n" +
			`{"log":"joined\n","stream":"stdout","time":"2017-11-09T13:27:29Z"}` + "\n"
		at = `"@timestamp":"2017-09-12T22:32:21.212Z",`
		z  = "2017-09-12T22:32:21.212861448Z "
	)
	for _, tt := range []struct {
		name   string
		config Config
		input  string
		want   []string
	}{
		{"cri", Config{Stages: []Stage{Container{Stream: "all", Format: "auto"}}}, cri, []string{
			`{` + at + `"log":{"offset":0},"message":"whole line","stream":"stdout"}`,
			`{` + at + `"log":{"offset":51},"message":"part one, part two","stream":"stderr"}`,
		}},
		{"cri, filestream", Config{Filestream: true, Stages: []Stage{Container{Format: "cri"}}}, cri, []string{
			`{` + at + `"log":{"offset":0},"message":"whole line","stream":"stdout"}`,
			`{` + at + `"log":{"offset":51},"message":"part one, part two","stream":"stderr"}`,
		}},
		{"docker keeps its line feeds in filestream", Config{Filestream: true, Stages: []Stage{Container{Stream: "stdout", Format: "docker"}}}, docker, []string{
			`{"@timestamp":"2017-11-09T13:27:26.363Z","log":{"offset":0},"message":"one\n","stream":"stdout"}`,
			`{"@timestamp":"2017-11-09T13:27:28.000Z","log":{"offset":74},"message":"two, joined\n","stream":"stdout"}`,
		}},
		{"docker", Config{Stages: []Stage{Container{}}}, docker, []string{
			`{"@timestamp":"2017-11-09T13:27:26.363Z","log":{"offset":0},"message":"one","stream":"stdout"}`,
			`{"@timestamp":"2017-11-09T13:27:27.000Z","log":{"offset":74},"message":"err","stream":"stderr"}`,
			`{"@timestamp":"2017-11-09T13:27:28.000Z","log":{"offset":138},"message":"two, joined","stream":"stdout"}`,
		}},
		{"a stream takes in the lines of the other", Config{Stages: []Stage{Container{Stream: "stdout"}}},
			z + "stderr F e\n" + z + "stdout F a\n" + z + "stderr F e\n" + z + "stderr F e\n" + z + "stdout F b\n", []string{
				`{` + at + `"log":{"offset":0},"message":"a","stream":"stdout"}`,
				`{` + at + `"log":{"offset":84},"message":"b","stream":"stdout"}`,
			}},
		{"parts of two streams", Config{Stages: []Stage{Container{}}},
			z + "stdout P a\n" + z + "stderr P x\n" + z + "stdout F b\n" + z + "stderr F y\n", []string{
				`{` + at + `"log":{"offset":0},"message":"ab","stream":"stdout"}`,
				`{` + at + `"log":{"offset":42},"message":"xy","stream":"stderr"}`,
			}},
		{"parts apart", Config{Stages: []Stage{Container{Separate: true}}}, z + "stdout P a\n" + z + "stdout F b\n", []string{
			`{` + at + `"log":{"offset":0},"message":"a","stream":"stdout"}`,
			`{` + at + `"log":{"offset":42},"message":"b","stream":"stdout"}`,
		}},
		{"parts apart, carriage returns", Config{Stages: []Stage{Container{Separate: true}}}, z + "stdout P a\r\n" + z + "stdout F b\r\n", []string{
			`{` + at + `"log":{"offset":0},"message":"a\r","stream":"stdout"}`,
			`{` + at + `"log":{"offset":43},"message":"b","stream":"stdout"}`,
		}},
		{"what is in no format", Config{Stages: []Stage{Container{}}},
			"garbage\n" + z + "stdout P a\n{\n" + z + "stdout\n" + z + "stdout F b\n\n" + z + "stdout F c\n", []string{
				`{` + at + `"log":{"offset":0},"message":"ab","stream":"stdout"}`,
				`{` + at + `"log":{"offset":132},"message":"c","stream":"stdout"}`,
			}},
		{"blank lines", Config{Stages: []Stage{Container{}}}, z + "stdout F \n" + `{"log":"\n","stream":"stderr","time":"2017-11-09T13:27:27Z"}` + "\n", []string{
			`{` + at + `"log":{"offset":0},"message":"","stream":"stdout"}`,
			`{"@timestamp":"2017-11-09T13:27:27.000Z","log":{"offset":41},"message":"","stream":"stderr"}`,
		}},
		{"blank lines in filestream", Config{Filestream: true, Stages: []Stage{Container{}}}, z + "stdout F \n", []string{
			`{` + at + `"log":{"offset":0},"stream":"stdout"}`,
		}},
		{"carriage returns", Config{Stages: []Stage{Container{}}}, z + "stdout F a\r\n" + z + "stdout P b\r\n" + z + "stdout F c\r\n" +
			`{"log":"d\r\n","stream":"stdout","time":"2017-11-09T13:27:27Z"}` + "\n", []string{
			`{` + at + `"log":{"offset":0},"message":"a","stream":"stdout"}`,
			`{` + at + `"log":{"offset":43},"message":"b\rc","stream":"stdout"}`,
			`{"@timestamp":"2017-11-09T13:27:27.000Z","log":{"offset":129},"message":"d","stream":"stdout"}`,
		}},
		{"tags, zones, spaces", Config{Stages: []Stage{Container{}}}, "2017-09-13T00:32:21.212+02:00 stdout F:x  a \n" + z + "other x:P 1\n" + z + "other F 2\n", []string{
			`{` + at + `"log":{"offset":0},"message":" a ","stream":"stdout"}`,
			`{` + at + `"log":{"offset":45},"message":"12","stream":"other"}`,
		}},
		{"docker's attributes", Config{Stages: []Stage{Container{}}}, `{"log":"a\n","stream":"stdout","attrs":{"k":"v"},"time":"2017-09-12T22:32:21.212Z"}` + "\n", []string{
			`{` + at + `"docker":{"attrs":{"k":"v"}},"log":{"offset":0},"message":"a","stream":"stdout"}`,
		}},
		{"docker without a text", Config{Stages: []Stage{Container{}}}, `{"stream":"stdout","time":"2017-09-12T22:32:21.212Z"}` + "\n" + `{"log":"a\n","stream":"stdout","time":"2017-09-12T22:32:22.212Z"}` + "\n", []string{
			`{` + at + `"log":{"offset":0},"message":"a","stream":"stdout"}`,
		}},
		{"multiline", Config{Stages: []Stage{Container{}, anchored(t, `^\[`)}}, z + "stdout F [1]\n" + z + "stdout P a\n" + z + "stdout F b\n" + z + "stdout F \n" + z + "stderr F [2]\n" + z + "stdout F c\n", []string{
			`{` + at + `"log":{"flags":["multiline"],"offset":0},"message":"[1]\nab\n","stream":"stdout"}`,
			`{` + at + `"log":{"flags":["multiline"],"offset":169},"message":"[2]\nc","stream":"stdout"}`,
		}},
		{"json", Config{Stages: []Stage{Container{}, JSON{KeyOptions{OverwriteKeys: true, MessageKey: "m"}, true}}},
			z + `stdout F {"m":"a","@timestamp":"2020-01-02T03:04:05Z"}` + "\n" + z + "stdout F no json\n", []string{
				`{"@timestamp":"2020-01-02T03:04:05.000Z","log":{"offset":0},"m":"a","stream":"stdout"}`,
				`{` + at + `"json":{},"log":{"offset":86},"message":"no json","stream":"stdout"}`,
			}},
		{"long parts", Config{Stages: []Stage{Container{}}, MaxBytes: 3}, z + "stdout P ab\n" + z + "stdout F cd\n", []string{
			`{` + at + `"log":{"flags":["truncated"],"offset":0},"message":"abc","stream":"stdout"}`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := docs(t, tt.config, tt.input, flush)
			check(t, got, tt.want...)
		})
	}
}

// TestSettledBeforeParts: an event that a line joins which began before the event
// itself is to be read again from the line's beginning on.
func TestSettledBeforeParts(t *testing.T) {
	const z = "2017-09-12T22:32:21.2Z "
	f := mustNew(t, Config{Stages: []Stage{Container{}, anchored(t, "^a")}}).File()
	feed(t, f, z+"stderr F a\n"+z+"stdout P b\n"+z+"stderr F a\n"+z+"stdout F c\n", 100, 100, wait)
	if got, want := f.Settled(), int64(len(z+"stderr F a\n")); got != want {
		t.Errorf("settled %d, want %d", got, want)
	}
}

func TestContainerCounts(t *testing.T) {
	const z = "2017-09-12T22:32:21.2Z "
	_, out := docs(t, Config{Stages: []Stage{Container{Stream: "stderr"}}}, "a b c d\n"+z+"stdout F x\n{\"log\":1}\n"+z+"stderr F y\n", wait)
	if out.Skipped != 2 || out.Filtered != 1 || out.Failed != 0 {
		t.Errorf("skipped %d, filtered %d, failed %d; want 2, 1, 0", out.Skipped, out.Filtered, out.Failed)
	}
	if out.Err == nil || !strings.HasPrefix(out.Err.Error(), "line at offset 0: CRI's time: parsing time") {
		t.Errorf("error %v", out.Err)
	}
}

// TestEndlessParts: parts that never come to an end take bounded memory.
func TestEndlessParts(t *testing.T) {
	part := "2017-09-12T22:32:21.2Z stdout P " + strings.Repeat("x", 1<<14) + "\n"
	f := mustNew(t, Config{Stages: []Stage{Container{}}, MaxBytes: 1000}).File()
	out := feed(t, f, strings.Repeat(part, 500), len(part), 100, wait)
	if len(out.Events) > 0 {
		t.Fatalf("%d events", len(out.Events))
	}
	if size := cap(f.parts.open[0].text); size > 3*minLine {
		t.Errorf("%d bytes are kept", size)
	}
	if f.Settled() != 0 {
		t.Errorf("settled %d, want 0", f.Settled())
	}
	out = feed(t, f, "2017-09-12T22:32:21.2Z stdout F end\n", 100, 100, wait)
	check(t, out.docs(t), `{"@timestamp":"2017-09-12T22:32:21.200Z","log":{"flags":["truncated"],"offset":0},"message":"`+strings.Repeat("x", 1000)+`","stream":"stdout"}`)
	if want := int64(500*len(part) + 36); f.Settled() != want || out.Events[0].To != want {
		t.Errorf("settled %d, event to %d; want %d", f.Settled(), out.Events[0].To, want)
	}
}

// TestCloseWithParts: a part goes out at the end, and is read again should the
// rest come.
func TestCloseWithParts(t *testing.T) {
	const z = "2017-09-12T22:32:21.2Z "
	at := `"@timestamp":"2017-09-12T22:32:21.200Z",`
	rule := joined(t, multiline.Config{Pattern: "^a", Negate: true, Match: "after"})
	for _, tt := range []struct {
		name   string
		stages []Stage
		input  string
		done   int64
		want   []string
	}{
		{"whole", []Stage{Container{}}, z + "stdout F a\n", 34, []string{`{` + at + `"log":{"offset":0},"message":"a","stream":"stdout"}`}},
		{"part", []Stage{Container{}}, z + "stdout F a\n" + z + "stdout P b\n", 34, []string{
			`{` + at + `"log":{"offset":0},"message":"a","stream":"stdout"}`,
			`{` + at + `"log":{"flags":["partial"],"offset":34},"message":"b","stream":"stdout"}`,
		}},
		{"part and a line without an end", []Stage{Container{}}, z + "stdout P a\n" + z + "stderr F b", 0, []string{
			`{` + at + `"log":{"flags":["partial"],"offset":34},"message":"b","stream":"stderr"}`,
			`{` + at + `"log":{"flags":["partial"],"offset":0},"message":"a","stream":"stdout"}`,
		}},
		{"a beginning that is in no format yet", []Stage{Container{}}, z + "stdout F a\n" + z + "std", 34, []string{
			`{` + at + `"log":{"offset":0},"message":"a","stream":"stdout"}`,
		}},
		{"part within an event", []Stage{Container{}, rule}, z + "stdout F a\n" + z + "stdout P b\n", 0, []string{
			`{` + at + `"log":{"flags":["multiline","partial"],"offset":0},"message":"a\nb","stream":"stdout"}`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := mustNew(t, Config{Stages: tt.stages}).File()
			all := feed(t, f, tt.input, 7, 100, wait)
			out := &Output{}
			if done := f.Close(out, readAt); done != tt.done {
				t.Errorf("done %d, want %d", done, tt.done)
			}
			all.add(t, out)
			check(t, all.docs(t), tt.want...)
		})
	}
}
