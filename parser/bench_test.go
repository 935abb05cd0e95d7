package parser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// benchLines makes a log from a format with a number.
func benchLines(format string) string {
	b := strings.Builder{}
	for i := 0; b.Len() < 200_000; i++ {
		fmt.Fprintf(&b, format+"\n", i)
	}
	return b.String()
}

const (
	flatJSON = `{"@timestamp":"2024-05-06T07:08:09.%03dZ","level":"INFO","logger":"c.d.api.RequestFilter","thread":"http-nio-8080-exec-7","message":"GET /api/orders/4711 200 in 12 ms","status":200}`
	javaLine = "2018-10-30 08:00:00.%03d INFO  [http-nio-8080-exec-7] c.d.api.RequestFilter - GET /api/orders/4711 200 in 12 ms"
)

// BenchmarkTake cuts a log of 200 kB. Bytes per second are of the log.
func BenchmarkTake(b *testing.B) {
	java := benchLines(javaLine)
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(strings.ReplaceAll(java, "GET", "请求 GET"))
	if err != nil {
		b.Fatal(err)
	}
	utf16, err := utf16le.NewEncoder().String(java)
	if err != nil {
		b.Fatal(err)
	}
	timestamp := anchored(b, `^[0-9]{4}-[0-9]{2}-[0-9]{2}`)
	docker, err := json.Marshal("2024-05-06T07:08:09.000Z")
	if err != nil {
		b.Fatal(err)
	}
	for _, bm := range []struct {
		name   string
		config Config
		log    string
	}{
		{"plain", Config{}, java},
		{"plain multiline", Config{Stages: []Stage{timestamp}}, java},
		{"latin1", Config{Encoding: "latin1"}, java},
		{"gbk", Config{Encoding: "gbk"}, gbk},
		{"utf-16le", Config{Encoding: "utf-16le"}, utf16},
		{"json", Config{Stages: []Stage{JSON{}}}, benchLines(flatJSON)},
		{"json under root, message key", Config{Stages: []Stage{JSON{KeyOptions{MessageKey: "message", OverwriteKeys: true}, true}}}, benchLines(flatJSON)},
		{"ndjson small", Config{Filestream: true, Stages: []Stage{NDJSON{}}}, benchLines(`{"level":"INFO","message":"hello","n":%d,"o":{"x":true}}`)},
		{"cri", Config{Stages: []Stage{Container{}}}, benchLines("2024-05-06T07:08:09.123456789Z stdout F " + javaLine)},
		{"docker", Config{Stages: []Stage{Container{}}}, benchLines(`{"log":"` + javaLine + `\n","stream":"stdout","time":` + string(docker) + `}`)},
		{"syslog", Config{Filestream: true, Stages: []Stage{Syslog{Location: time.UTC}}}, benchLines("<13>Oct 11 22:14:15 host app[%d]: GET /api/orders/4711 200 in 12 ms")},
	} {
		b.Run(bm.name, func(b *testing.B) {
			bm.config.MaxBytes = 10 << 20
			f := mustNew(b, bm.config).File()
			data, out := []byte(bm.log), &Output{}
			lines := strings.Count(bm.log, "\n")
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Feed(data, readAt); err != nil {
					b.Fatal(err)
				}
				for more := true; more; {
					out.Reset()
					more = f.Take(out, 2048)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	line := []byte(fmt.Sprintf(flatJSON, 1))
	if !utf8.Valid(line) {
		b.Fatal("the line is no JSON")
	}
	b.Run("scanner", func(b *testing.B) {
		b.SetBytes(int64(len(line)))
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := decodeObject(line); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(line)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := reference(line); err != nil {
				b.Fatal(err)
			}
		}
	})
}
