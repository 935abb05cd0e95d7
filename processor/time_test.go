package processor

import (
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata" // zones, wherever the test runs
)

func TestTimestamp(t *testing.T) {
	for _, c := range []runCase{
		{"layouts in a row", `[{timestamp: {field: ts, layouts: ['2006-01-02 15:04:05.000', '2006-01-02T15:04:05Z'], timezone: Asia/Shanghai, test: ['2019-06-22 16:33:51.123']}}]`,
			`{"ts":"2018-10-30T08:00:00Z"}`, `{"ts":"2018-10-30T08:00:00Z","@timestamp":"2018-10-30T00:00:00Z"}`, 0},
		{"milliseconds", `[{timestamp: {field: ts, layouts: '2006-01-02 15:04:05.000', timezone: '+0800'}}]`, `{"ts":"2018-10-30 08:00:00.123"}`, `{"ts":"2018-10-30 08:00:00.123","@timestamp":"2018-10-30T00:00:00.123Z"}`, 0},
		{"a zone of its own", `[{timestamp: {field: ts, layouts: ['2006-01-02T15:04:05Z07:00'], timezone: '-03:30'}}]`, `{"ts":"2018-10-30T08:00:00+02:00"}`, `{"ts":"2018-10-30T08:00:00+02:00","@timestamp":"2018-10-30T06:00:00Z"}`, 0},
		{"another target", `[{timestamp: {field: ts, layouts: [UNIX], target_field: event.created}}]`, `{"ts":1}`, `{"ts":1,"event":{"created":"1970-01-01T00:00:01Z"}}`, 0},
		{"UNIX as text", `[{timestamp: {field: ts, layouts: [UNIX]}}]`, `{"ts":"1550000000"}`, `{"ts":"1550000000","@timestamp":"2019-02-12T19:33:20Z"}`, 0},
		{"UNIX with a fraction", `[{timestamp: {field: ts, layouts: [UNIX]}}]`, `{"ts":1.5}`, `{"ts":1.5,"@timestamp":"1970-01-01T00:00:01.5Z"}`, 0},
		{"UNIX_MS", `[{timestamp: {field: ts, layouts: [UNIX_MS]}}, {timestamp: {field: f, layouts: [UNIX_MS], target_field: g}}]`, `{"ts":1550000000123,"f":"1.5"}`, `{"ts":1550000000123,"f":"1.5","g":"1970-01-01T00:00:00.0015Z","@timestamp":"2019-02-12T19:33:20.123Z"}`, 0},
		{"a time already", `[{timestamp: {field: '@timestamp', layouts: [UNIX], target_field: t}}]`, `{"@timestamp":"2020-01-01T00:00:00Z"}`, `{"@timestamp":"2020-01-01T00:00:00Z","t":"2020-01-01T00:00:00Z"}`, 0},
		{"nonsense", `[{timestamp: {field: ts, layouts: [UNIX, '2006']}}, {timestamp: {field: ts, layouts: ['2006'], ignore_failure: true}}, {timestamp: {field: n, layouts: ['2006']}}]`, `{"ts":"x","n":1e300}`, ``, 2},
		{"missing", `[{timestamp: {field: ts, layouts: ['2006']}}, {timestamp: {field: ts, layouts: ['2006'], ignore_missing: true}}, {timestamp: {field: ts, layouts: ['2006'], ignore_failure: true}}]`, `{}`, ``, 1},
		{"too far away", `[{timestamp: {field: ts, layouts: [UNIX]}}]`, `{"ts":1e300}`, ``, 1},
		{"into text", `[{timestamp: {field: ts, layouts: [UNIX], target_field: a.b}}]`, `{"ts":1,"a":"t"}`, ``, 1},
	} {
		c.run(t)
	}
}

func TestTimestampWithoutYear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is the year 2000
		runCase{"this year's", `[{timestamp: {field: ts, layouts: ['Jan _2 15:04:05']}}]`, `{"ts":"Oct  9 08:00:00"}`, `{"ts":"Oct  9 08:00:00","@timestamp":"2000-10-09T08:00:00Z"}`, 0}.runHere(t)
	})
}

func TestLocale(t *testing.T) {
	utc := time.Local
	defer func() { time.Local = utc }()
	for _, c := range []struct{ zone, offset, name string }{
		{"UTC", "+00:00", "UTC"}, {"Asia/Shanghai", "+08:00", "CST"}, {"America/St_Johns", "-02:30", "NDT"},
	} {
		synctest.Test(t, func(t *testing.T) {
			zone, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			time.Local = zone
			<-time.After(time.Until(time.Date(2000, 7, 1, 0, 0, 0, 0, time.UTC)))
			runCase{c.zone, `[{add_locale: {}}, {copy_fields: {fields: [{from: event.timezone, to: o}]}}, {add_locale: {format: abbreviation}}]`, `{}`,
				`{"event":{"timezone":"` + c.name + `"},"o":"` + c.offset + `"}`, 0}.runHere(t)
		})
	}
}

func TestVersionChangesWithSummerTime(t *testing.T) {
	utc := time.Local
	defer func() { time.Local = utc }()
	synctest.Test(t, func(t *testing.T) {
		zone, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		time.Local = zone
		c := build(t, `[{add_locale: {}}]`)
		winter := c.Version()
		<-time.After(24 * time.Hour)
		if c.Version() != winter {
			t.Error("a day in winter changes the version")
		}
		<-time.After(150 * 24 * time.Hour)
		if c.Version() == winter {
			t.Error("summer time does not change the version")
		}
	})
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, `[{rate_limit: {limit: 2/s, fields: [who, where]}}]`)
		passed := func(doc string) (n int) {
			for range 10 {
				if c.Run(document(t, doc)) {
					n++
				}
			}
			return n
		}
		for _, step := range []struct {
			after time.Duration
			doc   string
			want  int
		}{
			{0, `{"who":"a"}`, 2},
			{0, `{"who":"b"}`, 2},
			{0, `{}`, 2},
			{0, `{"who":""}`, 0}, // what is missing is empty
			{500 * time.Millisecond, `{"who":"a"}`, 1},
			{time.Hour, `{"who":"a"}`, 2},
			{0, `{"who":"a","where":1}`, 2},
			{0, `{"who":"x"}`, 2},
			{0, `{"who":"x"}`, 0},
		} {
			<-time.After(step.after)
			if n := passed(step.doc); n != step.want {
				t.Errorf("%s after %v: %d pass, want %d", step.doc, step.after, n, step.want)
			}
		}
		if s := c.Stats()[0]; s.Events != 90 || s.Dropped != 90-13 || s.Failed != 0 {
			t.Errorf("counts are %+v", s)
		}
	})
}

func TestRateLimitBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, `[{rate_limit: {limit: 60/m, algorithm.token_bucket: {burst_multiplier: 0.05, gc.num_calls: 2}, fields: who}}]`)
		p := c.steps[0].action.(*rateLimit)
		for i := range 100 {
			c.Run(document(t, `{"who":`+string(rune('0'+i%10))+`}`))
			<-time.After(time.Minute)
			if len(p.buckets) > 4 {
				t.Fatalf("%d buckets are kept", len(p.buckets))
			}
		}
		n := 0
		for range 10 {
			if c.Run(document(t, `{"who":"z"}`)) {
				n++
			}
		}
		if n != 3 {
			t.Errorf("%d pass at once, want 3", n)
		}
	})
}

func TestRateLimitFailure(t *testing.T) {
	runCase{"below text", `[{rate_limit: {limit: 2/s, fields: [a.b]}}]`, `{"a":"t"}`, `dropped`, 1}.run(t)
}
