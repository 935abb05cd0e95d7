package parser

import (
	"strings"
	"testing"
	"time"
)

func syslogConfig(s Syslog) Config {
	s.Location = time.UTC
	return Config{Filestream: true, Stages: []Stage{s}}
}

// priority13 and the others are what log.syslog has of a priority.
const (
	priority13  = `"facility":{"code":1,"name":"user-level"}%"priority":13,"severity":{"code":5,"name":"Notice"}`
	priority165 = `"facility":{"code":20,"name":"local4"}%"priority":165,"severity":{"code":5,"name":"Notice"}`
)

// with puts fields between the priority's, whose keys are sorted.
func with(priority, between string) string { return strings.Replace(priority, "%", between, 1) }

func TestSyslog(t *testing.T) {
	const (
		at  = `"@timestamp":"2023-10-11T22:14:15.000Z",` // read in May 2024
		bad = `"error":{"message":"Error parsing syslog message: `
	)
	for _, tt := range []struct {
		name, input, want string
	}{
		{"plain", "<13>Oct 11 22:14:15 test-host this is the message",
			`{` + at + `"log":{"offset":0,"syslog":{` + with(priority13, `,"hostname":"test-host",`) + `}},"message":"this is the message"}`},
		{"day with a zero or two spaces", "<13>May 01 22:14:15 h m",
			`{"@timestamp":"2024-05-01T22:14:15.000Z","log":{"offset":0,"syslog":{` + with(priority13, `,"hostname":"h",`) + `}},"message":"m"}`},
		{"day with two spaces", "<13>May  1 22:14:15 h m",
			`{"@timestamp":"2024-05-01T22:14:15.000Z","log":{"offset":0,"syslog":{` + with(priority13, `,"hostname":"h",`) + `}},"message":"m"}`},
		{"leap day", "<13>Feb 29 01:02:03 h m",
			`{"@timestamp":"2024-02-29T01:02:03.000Z","log":{"offset":0,"syslog":{` + with(priority13, `,"hostname":"h",`) + `}},"message":"m"}`},
		{"a time of RFC 3339", "<13>2003-08-24T05:14:15.000003-07:00 test-host this is the message",
			`{"@timestamp":"2003-08-24T12:14:15.000Z","log":{"offset":0,"syslog":{` + with(priority13, `,"hostname":"test-host",`) + `}},"message":"this is the message"}`},
		{"application", "<13>Oct 11 22:14:15 test-host su: this: message",
			`{` + at + `"log":{"offset":0,"syslog":{"appname":"su",` + with(priority13, `,"hostname":"test-host",`) + `}},"message":"this: message"}`},
		{"process", "<13>Oct 11 22:14:15 test-host su[1024]: [a] message",
			`{` + at + `"log":{"offset":0,"syslog":{"appname":"su",` + strings.Replace(with(priority13, `,"hostname":"test-host",`), `,"severity"`, `,"procid":"1024","severity"`, 1) + `}},"message":"[a] message"}`},
		{"no priority", "Oct 11 22:14:15 test-host su[1024]: message",
			`{` + at + `"log":{"offset":0,"syslog":{"appname":"su","hostname":"test-host","procid":"1024"}},"message":"message"}`},
		{"no tag", "<13>Oct 11 22:14:15 h su[10: x",
			`{` + at + `"log":{"offset":0,"syslog":{` + with(priority13, `,"hostname":"h",`) + `}},"message":"su[10: x"}`},
		{"priority is no number", "<abc>Oct 11 22:14:15 h m",
			`{` + at + bad + `validation error at position 2: invalid priority: strconv.Atoi: parsing \"abc\": invalid syntax"},"log":{"offset":0,"syslog":{"hostname":"h"}},"message":"m"}`},
		{"priority is out of range", "<192>Oct 11 22:14:15 h m",
			`{` + at + bad + `validation error at position 2: priority value out of range (expected 0..191)"},"log":{"offset":0,"syslog":{"hostname":"h"}},"message":"m"}`},
		{"priority without brackets", "13 Oct 11 22:14:15 h m",
			`{` + bad + `validation error at position 1: parsing time \"13\" as \"2006-01-02T15:04:05.999999999Z07:00\": cannot parse \"13\" as \"2006\""},"log":{"offset":0,"syslog":{"hostname":"Oct"}},"message":"11 22:14:15 h m"}`},
		{"no time", "<13> h m",
			`{` + bad + `parsing error at position 5: unexpected EOF"},"log":{"offset":0,"syslog":{` + with(priority13, ",") + `}},"message":"<13> h m"}`},
		{"no month", "<13>Foo 11 22:14:15 h m",
			`{` + bad + `validation error at position 5: parsing time \"Foo 11 22:14:15\" as \"Jan _2 15:04:05\": cannot parse \"Foo 11 22:14:15\" as \"Jan\""},"log":{"offset":0,"syslog":{` + with(priority13, `,"hostname":"h",`) + `}},"message":"m"}`},
		{"cut off", "<13>Oct 11 22:14:15 test-",
			`{` + at + bad + `parsing error at position 26: unexpected EOF"},"log":{"offset":0,"syslog":{` + with(priority13, ",") + `}},"message":"<13>Oct 11 22:14:15 test-"}`},
		{"something else", "Not a valid message.",
			`{` + bad + `parsing error at position 5: unexpected EOF"},"log":{"offset":0},"message":"Not a valid message."}`},
		{"RFC 5424", `<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 1024 ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"] this is the message`,
			`{"@timestamp":"2003-10-11T22:14:15.003Z","log":{"offset":0,"syslog":{"appname":"evntslog",` +
				strings.Replace(with(priority165, `,"hostname":"mymachine.example.com","msgid":"ID47",`), `,"severity"`, `,"procid":"1024","severity"`, 1) +
				`,"structured_data":{"examplePriority@32473":{"class":"high"},"exampleSDID@32473":{"eventID":"1011","eventSource":"Application","iut":"3"}},"version":"1"}},"message":"this is the message"}`},
		{"RFC 5424, nothing", "<13>1 - - - - - -",
			`{"log":{"offset":0,"syslog":{` + with(priority13, ",") + `,"version":"1"}}}`},
		{"RFC 5424, byte order mark", "<13>1 2003-10-11T22:14:15Z - - - - - \ufeff'su root' failed",
			`{"@timestamp":"2003-10-11T22:14:15.000Z","log":{"offset":0,"syslog":{` + with(priority13, ",") + `,"version":"1"}},"message":"'su root' failed"}`},
		{"RFC 5424, escapes", `<13>1 2003-10-11T22:14:15Z - - - - [a b="[x\] \"y\" \\ \z" c=""][a d="e"] m`,
			`{"@timestamp":"2003-10-11T22:14:15.000Z","log":{"offset":0,"syslog":{` + with(priority13, ",") + `,"structured_data":{"a":{"b":"[x] \"y\" \\ \\z","c":"","d":"e"}},"version":"1"}},"message":"m"}`},
		{"RFC 5424, data that are not by the rules", `<13>1 2003-10-11T22:14:15Z - - - - [action:"Drop"; flags:"1"] m`,
			`{"@timestamp":"2003-10-11T22:14:15.000Z","log":{"offset":0,"syslog":{` + with(priority13, ",") + `,"version":"1"}},"message":"[action:\"Drop\"; flags:\"1\"] m"}`},
		{"RFC 5424, only such data", `<13>1 2003-10-11T22:14:15Z - - - - [a b=c]`,
			`{"@timestamp":"2003-10-11T22:14:15.000Z","log":{"offset":0,"syslog":{` + with(priority13, ",") + `,"version":"1"}},"message":"[a b=c]"}`},
		{"RFC 5424, data without an end", `<13>1 2003-10-11T22:14:15Z - - - - [a b="c\]`,
			`{"@timestamp":"2003-10-11T22:14:15.000Z",` + bad + `parsing error at position 45: unexpected EOF"},"log":{"offset":0,"syslog":{` + with(priority13, ",") + `,"version":"1"}},"message":"\u003c13\u003e1 2003-10-11T22:14:15Z - - - - [a b=\"c\\]"}`},
		{"RFC 5424, cut off", "<13>1 2003-08-24T05:14:15.000003-07:00 test-host su 1234 msg-",
			`{"@timestamp":"2003-08-24T12:14:15.000Z",` + bad + `parsing error at position 62: unexpected EOF"},"log":{"offset":0,"syslog":{"appname":"su",` +
				strings.Replace(with(priority13, `,"hostname":"test-host",`), `,"severity"`, `,"procid":"1234","severity"`, 1) + `,"version":"1"}},"message":"\u003c13\u003e1 2003-08-24T05:14:15.000003-07:00 test-host su 1234 msg-"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, out := docs(t, syslogConfig(Syslog{AddErrorKey: true}), tt.input+"\n", flush)
			check(t, got, strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(tt.want))
			if failed := strings.Contains(tt.want, `"error"`); (out.Failed > 0) != failed || out.Err != nil {
				t.Errorf("failed %d, %v", out.Failed, out.Err)
			}
		})
	}
}

func TestSyslogOptions(t *testing.T) {
	const rfc5424 = "<13>1 2003-10-11T22:14:15Z h - - - - m\n"
	for _, tt := range []struct {
		name  string
		stage Syslog
		input string
		want  []string
		err   string
	}{
		{"forced", Syslog{Format: "rfc5424"}, rfc5424, []string{
			`{"@timestamp":"2003-10-11T22:14:15.000Z","log":{"offset":0,"syslog":{` + with(priority13, `,"hostname":"h",`) + `,"version":"1"}},"message":"m"}`,
		}, ""},
		{"forced otherwise", Syslog{Format: "rfc3164"}, rfc5424, []string{
			`{"log":{"offset":0,"syslog":{` + with(priority13, `,"hostname":"2003-10-11T22:14:15Z",`) + `}},"message":"h - - - - m"}`,
		}, ""},
		{"errors logged", Syslog{LogErrors: true}, "x\n\n", []string{line(0, "x")}, "line at offset 0: Error parsing syslog message: parsing error at position 2: unexpected EOF"},
		{"errors unnoticed", Syslog{}, "x\n", []string{line(0, "x")}, ""},
		{"blank", Syslog{AddErrorKey: true}, "\n", []string{`{"error":{"message":"Error parsing syslog message: parsing error at position 1: unexpected EOF"},"log":{"offset":0}}`}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, out := docs(t, syslogConfig(tt.stage), tt.input, flush)
			check(t, got, tt.want...)
			if tt.err == "" && out.Err != nil || tt.err != "" && (out.Err == nil || out.Err.Error() != tt.err) {
				t.Errorf("error %v, want %q", out.Err, tt.err)
			}
		})
	}
}

// TestSyslogZone: a time without a zone is in the one of the configuration, and so
// is the year.
func TestSyslogZone(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	for now, want := range map[string]string{
		"2024-05-06T07:08:09Z": "2023-12-31T15:59:59Z", // eight months ahead: it must be last year's
		"2024-12-28T00:00:00Z": "2024-12-31T15:59:59Z", // a clock that is ahead
		"2024-12-31T17:00:00Z": "2024-12-31T15:59:59Z", // next year in the zone
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		r := syslogRecord{text: "<13>Dec 31 23:59:59 h m"}
		r.parse3164(zone, at)
		if got := r.time.UTC().Format(time.RFC3339); got != want {
			t.Errorf("read at %s it is %s, want %s", now, got, want)
		}
	}
}
