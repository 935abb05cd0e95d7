package processor

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/logcar/logcar/match"
)

// fieldwise is a processor that does something to each of a list of fields. When
// one fails and that matters, all is taken back.
type fieldwise struct {
	ops         []op
	failOnError bool
	// message begins error.message, which says what failed; without it nothing
	// says so, as in Filebeat.
	message string
}

// op is what is done to one field.
type op interface {
	do(d *Document) error
	touches() touched
}

var errorMessage = newPath("error.message")

func (p *fieldwise) run(d *Document) (bool, error) {
	if !p.failOnError {
		for _, op := range p.ops {
			_ = op.do(d) // the configuration says that it does not matter
		}
		return true, nil
	}
	d.begin()
	for _, op := range p.ops {
		if err := op.do(d); err != nil {
			d.rollback()
			if p.message != "" {
				_ = d.put(errorMessage, p.message+err.Error()) // fails when "error" is taken
			}
			return true, err
		}
	}
	d.commit()
	return true, nil
}

func (p *fieldwise) touches() touched {
	t := touched{}
	for _, op := range p.ops {
		t = t.and(op.touches())
	}
	if p.failOnError && p.message != "" {
		t.writes = append(t.writes, errorMessage.text)
	}
	return t
}

var (
	ignoreMissing = OptionInfo{Name: "ignore_missing", Type: Bool, Default: "false", Note: "Whether a field that is not there is no failure."}
	failOnError   = OptionInfo{Name: "fail_on_error", Type: Bool, Default: "true", Note: "Whether a failure takes back what was done to other fields and is written to error.message."}
)

var (
	errExists    = errors.New("it exists already; drop or rename it first")
	errNotString = errors.New("value is not a string")
)

// fetch gets the value of a field for an op. ok is false when it is missing and
// may be.
func fetch(d *Document, p path, ignoreMissing bool) (v any, ok bool, err error) {
	v, err = d.get(p)
	if err == nil {
		return v, true, nil
	}
	if ignoreMissing && errors.Is(err, errNotFound) {
		return nil, false, nil
	}
	return nil, false, &failure{"could not fetch value for key:", p.text, err}
}

func fetchString(d *Document, p path, ignoreMissing bool) (s string, ok bool, err error) {
	v, ok, err := fetch(d, p, ignoreMissing)
	if !ok || err != nil {
		return "", false, err
	}
	if s, ok = v.(string); !ok {
		return "", false, &failure{"could not read", p.text, errNotString}
	}
	return s, true, nil
}

// fromTo is a field and where what is made of it goes.
type fromTo struct {
	from, to      path
	ignoreMissing bool
}

func (o *fromTo) put(d *Document, v any) error {
	if err := d.put(o.to, v); err != nil {
		return &failure{"could not put value:", o.to.text, err}
	}
	return nil
}

// inPlace makes the source the target as well when there is no other.
func (o *fromTo) inPlace() {
	if o.to.text == "" {
		o.to = o.from
	}
}

// renameOp is one field of rename, or of copy_fields.
type renameOp struct {
	fromTo
	copies bool
}

func (o *renameOp) do(d *Document) error {
	if d.has(o.to) {
		return &failure{"target field", o.to.text, errExists}
	}
	v, ok, err := fetch(d, o.from, o.ignoreMissing)
	if !ok || err != nil {
		return err
	}
	if o.copies {
		return o.put(d, clone(v))
	}
	// It has to go first, for a to become a.b.
	if err := d.delete(o.from); err != nil {
		return &failure{"could not delete key:", o.from.text, err}
	}
	return o.put(d, v)
}

func (o *renameOp) touches() touched {
	if o.copies {
		return touched{reads: []string{o.from.text}, writes: []string{o.to.text}}
	}
	return touched{writes: []string{o.from.text, o.to.text}}
}

var renameOptions = []OptionInfo{
	{Name: "fields", Type: Groups, Required: true, Note: "The fields, in this order.", Options: []OptionInfo{
		{Name: "from", Type: Field, Required: true, Note: "The field."},
		{Name: "to", Type: Field, Required: true, Note: "Its target, which must not exist."},
	}},
	ignoreMissing, failOnError,
}

var renameKind = kind{
	Info:  Info{Name: "rename", Note: "Renames fields, or moves them elsewhere in the document.", Options: renameOptions},
	build: func(o *options) action { return newRename(o, false, "Failed to rename fields in processor: ") },
}

var copyFieldsKind = kind{
	Info:  Info{Name: "copy_fields", Note: "Copies fields.", Options: renameOptions},
	build: func(o *options) action { return newRename(o, true, "Failed to copy fields in copy_fields processor: ") },
}

func newRename(o *options, copies bool, message string) action {
	p := &fieldwise{failOnError: o.on("fail_on_error"), message: message}
	missing := o.on("ignore_missing")
	for _, f := range o.perField() {
		p.ops = append(p.ops, &renameOp{fromTo{f.field("from"), f.field("to"), missing}, copies})
	}
	return p
}

// replaceOp is one field of replace.
type replaceOp struct {
	field         path
	ignoreMissing bool
	quick         *match.Pattern
	pattern       *regexp.Regexp
	replacement   string
}

var replaceKind = kind{
	Info: Info{Name: "replace", Note: "Replaces what a pattern matches.", Options: []OptionInfo{
		{Name: "fields", Type: Groups, Required: true, Note: "The fields, in this order.", Options: []OptionInfo{
			{Name: "field", Type: Field, Required: true, Note: "The field, a string."},
			{Name: "pattern", Type: String, Required: true, Note: "A pattern (RE2)."},
			{Name: "replacement", Type: String, Note: "What is put in its place; $1 is the first group."},
		}},
		ignoreMissing, failOnError,
	}},
	build: newReplace,
}

func newReplace(o *options) action {
	p := &fieldwise{failOnError: o.on("fail_on_error"), message: "Failed to replace fields in processor: "}
	missing := o.on("ignore_missing")
	for _, f := range o.perField() {
		expr := f.text("pattern")
		quick, err := match.Compile(expr)
		if err != nil {
			f.errorf("pattern", "cannot compile the pattern: %s", err)
			continue
		}
		p.ops = append(p.ops, &replaceOp{f.field("field"), missing, quick, regexp.MustCompile(expr), f.text("replacement")})
	}
	return p
}

func (o *replaceOp) do(d *Document) error {
	s, ok, err := fetchString(d, o.field, o.ignoreMissing)
	if !ok || err != nil {
		return err
	}
	if !(pattern{o.quick}).match(s) {
		return nil
	}
	if err := d.put(o.field, o.pattern.ReplaceAllString(s, o.replacement)); err != nil {
		return &failure{"could not put value:", o.field.text, err}
	}
	return nil
}

func (o *replaceOp) touches() touched { return touched{writes: []string{o.field.text}} }

// decodeOp makes a string from a string: urldecode, decode_base64_field and
// decompress_gzip_field.
type decodeOp struct {
	fromTo
	decode func(string) (string, error)
}

func (o *decodeOp) do(d *Document) error {
	s, ok, err := fetchString(d, o.from, o.ignoreMissing)
	if !ok || err != nil {
		return err
	}
	if s, err = o.decode(s); err != nil {
		return &failure{"could not decode", o.from.text, err}
	}
	return o.put(d, s)
}

func (o *decodeOp) touches() touched {
	return touched{reads: []string{o.from.text}, writes: []string{o.to.text}}
}

var fromToOptions = []OptionInfo{
	{Name: "from", Type: Field, Required: true, Note: "The field, a string."},
	{Name: "to", Type: Field, Note: "Where the outcome goes; the field itself without it."},
}

func newDecode(o *options, list []*options, message string, decode func(string) (string, error)) action {
	p := &fieldwise{failOnError: o.on("fail_on_error"), message: message}
	missing := o.on("ignore_missing")
	for _, f := range list {
		op := &decodeOp{fromTo{f.field("from"), f.field("to"), missing}, decode}
		op.inPlace()
		p.ops = append(p.ops, op)
	}
	return p
}

var urldecodeKind = kind{
	Info: Info{Name: "urldecode", Strict: true, Note: "Decodes %XX, and + to a space.", Options: []OptionInfo{
		{Name: "fields", Type: Groups, Required: true, Note: "The fields, in this order.", Options: fromToOptions},
		ignoreMissing, failOnError,
	}},
	build: func(o *options) action {
		return newDecode(o, o.perField(), "failed to decode fields in urldecode processor: ", unescape)
	},
}

func unescape(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, nil
	}
	s, err := url.QueryUnescape(s)
	if err != nil {
		return "", errors.New("not URL-encoded")
	}
	return s, nil
}

var decodeBase64FieldKind = kind{
	Info: Info{Name: "decode_base64_field", Strict: true, Note: "Decodes base64, with or without padding.", Options: []OptionInfo{
		{Name: "field", Type: Group, Required: true, Note: "The field.", Options: fromToOptions},
		ignoreMissing, failOnError,
	}},
	build: func(o *options) action {
		return newDecode(o, []*options{o.group("field")}, "failed to decode base64 fields in processor: ", func(s string) (string, error) {
			b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
			return string(b), err
		})
	},
}

var decompressGzipFieldKind = kind{
	Info: Info{Name: "decompress_gzip_field", Strict: true, Note: fmt.Sprintf("Decompresses gzip, up to %d bytes.", maxDecompressed), Options: []OptionInfo{
		{Name: "field", Type: Group, Required: true, Note: "The field.", Options: fromToOptions},
		ignoreMissing, failOnError,
	}},
	build: func(o *options) action {
		return newDecode(o, []*options{o.group("field")}, "Failed to decompress field in decompress_gzip_field processor: ", gunzip)
	},
}
