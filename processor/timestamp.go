package processor

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// timestamp is the processor timestamp.
type timestamp struct {
	field, target                path
	layouts                      []string
	zone                         *time.Location
	ignoreMissing, ignoreFailure bool
}

var timestampKind = kind{
	Info: Info{Name: "timestamp", Note: "Reads a time and stores it, in UTC. A time without a year is this year's.", Options: []OptionInfo{
		{Name: "field", Type: Field, Required: true, Note: "The field."},
		{Name: "layouts", Type: Strings, Required: true, Note: "Go layouts, such as 2006-01-02 15:04:05.000; UNIX and UNIX_MS for seconds and milliseconds. The first that fits counts."},
		{Name: "target_field", Type: Field, Default: "@timestamp", Note: "Where the time goes."},
		{Name: "timezone", Type: String, Default: "UTC", Note: "The zone of times that do not name one: an IANA name, an offset such as +0800, or Local."},
		{Name: "ignore_missing", Type: Bool, Default: "false", Note: "Whether a field that is not there is no failure."},
		{Name: "ignore_failure", Type: Bool, Default: "false", Note: "Whether nothing is a failure."},
		{Name: "test", Type: Strings, Note: "Times that the layouts have to fit; else it is an error at the start."},
		{Name: "id", Type: String, NoEffect: true, Note: "the place in the configuration names the processor"},
	}},
	build: newTimestamp,
}

func newTimestamp(o *options) action {
	p := &timestamp{field: o.field("field"), target: o.field("target_field"), layouts: o.strings("layouts"),
		ignoreMissing: o.on("ignore_missing"), ignoreFailure: o.on("ignore_failure")}
	if len(p.layouts) == 0 {
		o.errorf("layouts", "needs at least one layout")
	}
	zone, err := parseZone(o.text("timezone"))
	if err != nil {
		o.errorf("timezone", "%s", err)
		return p
	}
	p.zone = zone
	for i, text := range o.strings("test") {
		if _, ok := p.parse(text); !ok {
			o.errorf(join("test", strconv.Itoa(i)), "none of the layouts fits %q", text)
		}
	}
	return p
}

// parseZone takes IANA names, offsets and Local.
func parseZone(name string) (*time.Location, error) {
	if strings.EqualFold(name, "local") {
		return time.Local, nil
	}
	for _, layout := range []string{"-07:00", "-0700", "-07"} {
		if t, err := time.Parse(layout, name); err == nil {
			_, offset := t.Zone()
			return time.FixedZone(name, offset), nil
		}
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is no time zone that is known here; expected a name such as Asia/Shanghai, an offset such as +0800, or Local", name)
	}
	return zone, nil
}

var errNoLayout = errors.New("none of the layouts fits")

func (p *timestamp) run(d *Document) (bool, error) {
	err := p.set(d)
	if p.ignoreFailure {
		err = nil
	}
	return true, err
}

func (p *timestamp) set(d *Document) error {
	v, ok, err := fetch(d, p.field, p.ignoreMissing)
	if !ok || err != nil {
		return err
	}
	t, ok := p.parse(v)
	if !ok {
		return &failure{"cannot read the time in", p.field.text, errNoLayout}
	}
	if err := d.put(p.target, t.UTC()); err != nil {
		return &failure{"could not put value:", p.target.text, err}
	}
	return nil
}

func (p *timestamp) parse(v any) (time.Time, bool) {
	if t, ok := v.(time.Time); ok {
		return t, true
	}
	for _, layout := range p.layouts {
		if t, ok := p.parseAs(v, layout); ok {
			return t, true
		}
	}
	return time.Time{}, false
}

func (p *timestamp) parseAs(v any, layout string) (time.Time, bool) {
	switch layout {
	case "UNIX":
		return fromUnix(v, time.Second)
	case "UNIX_MS":
		return fromUnix(v, time.Millisecond)
	}
	s, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	t, err := time.ParseInLocation(layout, s, p.zone)
	if err != nil {
		return time.Time{}, false
	}
	if t.Year() == 0 {
		t = t.AddDate(time.Now().In(t.Location()).Year(), 0, 0)
	}
	return t, true
}

// fromUnix reads a number, or text with one, of units since 1970.
func fromUnix(v any, unit time.Duration) (time.Time, bool) {
	i, whole := integer(v)
	if s, ok := v.(string); ok {
		var err error
		i, err = strconv.ParseInt(s, 10, 64)
		whole = err == nil
	}
	if whole {
		if unit == time.Second {
			return time.Unix(i, 0), true
		}
		return time.UnixMilli(i), true
	}
	f, ok := toFloat(v)
	ns := f * float64(unit)
	return time.Unix(0, int64(ns)), ok && math.Abs(ns) < 1<<63
}

func (p *timestamp) touches() touched {
	return touched{reads: []string{p.field.text}, writes: []string{p.target.text}, unsteady: true}
}

// addLocale is add_locale.
type addLocale struct {
	layout string
	seen   watched
}

var addLocaleKind = kind{
	Info: Info{Name: "add_locale", Note: "Adds event.timezone.", Options: []OptionInfo{
		{Name: "format", Type: Enum, Values: []string{"offset", "abbreviation"}, Default: "offset", Note: "+08:00 or CST."},
	}},
	build: func(o *options) action {
		if o.enum("format") == "abbreviation" {
			return &addLocale{layout: "MST"}
		}
		return &addLocale{layout: "-07:00"}
	},
}

var eventTimezone = newPath("event.timezone")

func (p *addLocale) run(d *Document) (bool, error) {
	if err := d.put(eventTimezone, time.Now().Format(p.layout)); err != nil {
		return true, &failure{"could not put value:", eventTimezone.text, err}
	}
	return true, nil
}

func (p *addLocale) version() uint64  { return p.seen.count(time.Now().Format(p.layout)) }
func (p *addLocale) touches() touched { return touched{writes: []string{eventTimezone.text}} }
