package processor

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// convert is the processor convert. All values are converted before any is
// written, and when one cannot be and that matters, none is.
type convert struct {
	fields                     []conversion
	renames                    bool
	ignoreMissing, failOnError bool
}

type conversion struct {
	from, to path // to may be empty: in place
	kind     string
}

var convertKind = kind{
	Info: Info{Name: "convert", Note: "Changes the types of fields.", Options: []OptionInfo{
		{Name: "fields", Type: Groups, Required: true, Note: "The fields.", Options: []OptionInfo{
			{Name: "from", Type: Field, Required: true, Note: "The field."},
			{Name: "to", Type: Field, Note: "Where the outcome goes; the field itself without it."},
			{Name: "type", Type: Enum, Values: valueTypes, Note: "The type; without it the value is only copied."},
		}},
		{Name: "mode", Type: Enum, Values: []string{"copy", "rename"}, Default: "copy", Note: "Whether a field with a target stays."},
		ignoreMissing,
		{Name: "fail_on_error", Type: Bool, Default: "true", Note: "Whether nothing is converted when something cannot be."},
		{Name: "tag", Type: String, NoEffect: true, Note: "the place in the configuration names the processor"},
	}},
	build: newConvert,
}

// valueTypes are the types that convert and dissect know. Integer has 32 bits,
// float has 32.
var valueTypes = []string{"integer", "long", "float", "double", "string", "boolean", "ip"}

func newConvert(o *options) action {
	p := &convert{renames: o.enum("mode") == "rename", ignoreMissing: o.on("ignore_missing"), failOnError: o.on("fail_on_error")}
	for _, f := range o.perField() {
		c := conversion{f.field("from"), f.field("to"), f.enum("type")}
		if c.to.text == "" && !f.has("type") {
			f.errorf("", "each field must have a \"to\" or a \"type\"")
		}
		p.fields = append(p.fields, c)
	}
	return p
}

// skipped stands for a value that is not written.
var skipped any = new(int)

func (p *convert) run(d *Document) (bool, error) {
	var room [8]any
	values := room[:0]
	for i := range p.fields {
		v, err := p.value(d, &p.fields[i])
		if err != nil {
			if p.failOnError {
				return true, err
			}
			v = skipped
		}
		values = append(values, v)
	}
	if !p.failOnError {
		_ = p.write(d, values)
		return true, nil
	}
	d.begin()
	if err := p.write(d, values); err != nil {
		d.rollback()
		return true, err
	}
	d.commit()
	return true, nil
}

func (p *convert) value(d *Document, c *conversion) (any, error) {
	v, ok, err := fetch(d, c.from, p.ignoreMissing)
	if err != nil {
		return nil, err
	}
	if !ok {
		return skipped, nil
	}
	if c.kind == "" {
		return clone(v), nil
	}
	if v, err = convertValue(v, c.kind); err != nil {
		return nil, &failure{"cannot convert", c.from.text, err}
	}
	return v, nil
}

func (p *convert) write(d *Document, values []any) error {
	for i, c := range p.fields {
		if values[i] == skipped {
			continue
		}
		to := c.to
		if to.text == "" {
			to = c.from
		}
		if err := d.put(to, values[i]); err != nil && p.failOnError {
			return &failure{"could not put value:", to.text, err}
		}
		if p.renames && c.to.text != "" {
			_ = d.delete(c.from) // what is written to below it may have replaced it
		}
	}
	return nil
}

func (p *convert) touches() touched {
	t := touched{}
	for _, c := range p.fields {
		to := c.to
		if to.text == "" {
			to = c.from
		}
		t.writes = append(t.writes, c.from.text, to.text)
	}
	return t
}

var (
	errNull  = errors.New("null has no text")
	errRange = errors.New("value is out of range")
	errNoInt = errors.New("value is not an integer")
	errNoNum = errors.New("value is not a number")
	errNoBit = errors.New("value is not a boolean")
	errNoIP  = errors.New("value is not an IP address")
)

func convertValue(v any, kind string) (any, error) {
	switch kind {
	case "string":
		return toString(v)
	case "long", "integer":
		bits := 64
		if kind == "integer" {
			bits = 32
		}
		return toInteger(v, bits)
	case "double":
		return toDouble(v)
	case "float":
		return toSingle(v)
	case "boolean":
		return toBoolean(v)
	default:
		return toIP(v)
	}
}

func toString(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, errNull
	case string:
		return v, nil
	case time.Time:
		return v.UTC().Format(timeLayout), nil
	}
	b, err := appendScalar(nil, v)
	if err != nil {
		return nil, err
	}
	return string(b), nil
}

// toInteger reads decimal and hexadecimal text, and cuts off fractions of numbers.
func toInteger(v any, bits int) (any, error) {
	if s, ok := v.(string); ok {
		base := 10
		if digits := strings.TrimLeft(s, "+-"); len(digits) > 2 && digits[0] == '0' && digits[1]|0x20 == 'x' {
			base = 0
		}
		i, err := strconv.ParseInt(s, base, bits)
		switch {
		case errors.Is(err, strconv.ErrRange):
			return nil, errRange
		case err != nil:
			return nil, errNoInt
		}
		return i, nil
	}
	var i int64
	if f, ok := v.(float64); ok {
		if !(f > -1<<63 && f < 1<<63) {
			return nil, errRange
		}
		i = int64(f)
	} else if i, ok = integer(v); !ok {
		return nil, errNoInt
	}
	if bits == 32 && i != int64(int32(i)) {
		return nil, errRange
	}
	return i, nil
}

func toDouble(v any) (any, error) {
	if s, ok := v.(string); ok {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || f-f != 0 { // JSON has no infinity
			return nil, errNoNum
		}
		return f, nil
	}
	f, ok := number(v)
	if !ok {
		return nil, errNoNum
	}
	return f, nil
}

// toSingle gives the number of 64 bits that is written with the same digits as the
// one of 32: 1.1 stays 1.1.
func toSingle(v any) (any, error) {
	double, err := toDouble(v)
	if err != nil {
		return nil, err
	}
	var buf [32]byte
	f, err := strconv.ParseFloat(string(strconv.AppendFloat(buf[:0], float64(float32(double.(float64))), 'g', -1, 32)), 64)
	if err != nil || f-f != 0 {
		return nil, errRange
	}
	return f, nil
}

func toBoolean(v any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b, nil
		}
	}
	return nil, errNoBit
}

func toIP(v any) (any, error) {
	s, _ := v.(string)
	if a, err := netip.ParseAddr(s); err != nil || a.Zone() != "" {
		return nil, errNoIP
	}
	return s, nil
}
