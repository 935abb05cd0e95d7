package processor

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
)

// maxDecompressed bounds what decompress_gzip_field may make of a field: a few
// kilobytes can hold gigabytes. It is the default of max_bytes, which bounds an
// event.
const maxDecompressed = 10 << 20

func gunzip(s string) (string, error) {
	r, err := gzip.NewReader(strings.NewReader(s))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	n, err := io.Copy(&b, io.LimitReader(r, maxDecompressed+1))
	if err != nil {
		return "", err
	}
	if n > maxDecompressed {
		return "", fmt.Errorf("more than %d bytes", maxDecompressed)
	}
	return b.String(), nil
}

// truncateOp is one field of truncate_fields.
type truncateOp struct {
	field         path
	ignoreMissing bool
	max           int
	characters    bool
}

var truncateFieldsKind = kind{
	Info: Info{Name: "truncate_fields", Note: "Cuts long strings, and adds \"truncated\" to log.flags.", Options: []OptionInfo{
		{Name: "fields", Type: Fields, Required: true, Note: "The fields."},
		{Name: "max_bytes", Type: Int, Note: "How many bytes stay. Either this or max_characters."},
		{Name: "max_characters", Type: Int, Note: "How many characters stay."},
		ignoreMissing,
		{Name: "fail_on_error", Type: Bool, Default: "false", Note: "Whether a failure takes back what was done to other fields."},
	}},
	build: newTruncateFields,
}

func newTruncateFields(o *options) action {
	p := &fieldwise{failOnError: o.on("fail_on_error")}
	name := "max_bytes"
	characters := o.has("max_characters")
	switch {
	case characters && o.has(name):
		o.errorf("max_characters", "max_bytes and max_characters are mutually exclusive")
	case characters:
		name = "max_characters"
	case !o.has(name):
		o.errorf("", "missing option, select one from max_bytes, max_characters")
	}
	limit := o.integer(name)
	if limit < 0 {
		o.errorf(name, "a length cannot be negative")
	}
	missing := o.on("ignore_missing")
	for _, f := range o.fields("fields") {
		p.ops = append(p.ops, &truncateOp{f, missing, int(limit), characters})
	}
	return p
}

var (
	logFlags = newPath("log.flags")
	cutFlag  = []any{"truncated"}
)

func (o *truncateOp) do(d *Document) error {
	s, ok, err := fetchString(d, o.field, o.ignoreMissing)
	if !ok || err != nil {
		return err
	}
	n := o.max
	if o.characters {
		n = prefix(s, o.max)
	}
	if n >= len(s) {
		return nil
	}
	if err := d.put(o.field, s[:n]); err != nil {
		return &failure{"could not put value:", o.field.text, err}
	}
	_ = d.addTo(logFlags, cutFlag) // as in Filebeat, no flag where "log" is something else
	return nil
}

// prefix is the length in bytes of the first n characters.
func prefix(s string, n int) int {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at
}

func (o *truncateOp) touches() touched {
	return touched{writes: []string{o.field.text, logFlags.text}}
}

// csvOp is one field of decode_csv_fields.
type csvOp struct {
	fromTo
	comma     rune
	trim      bool
	overwrite bool
}

var decodeCSVFieldsKind = kind{
	Info: Info{Name: "decode_csv_fields", Strict: true, Note: "Makes lists of strings from lines of separated values.", Options: []OptionInfo{
		{Name: "fields", Type: Map, Required: true, Note: "Names of fields to those of their targets."},
		{Name: "separator", Type: String, Default: ",", Note: "One character."},
		{Name: "trim_leading_space", Type: Bool, Default: "false", Note: "Whether space after a separator is left out."},
		{Name: "overwrite_keys", Type: Bool, Default: "false", Note: "Whether a target that exists is replaced."},
		ignoreMissing,
		{Name: "fail_on_error", Type: Bool, Default: "true", Note: "Whether a failure takes back what was done to other fields."},
	}},
	build: newDecodeCSVFields,
}

func newDecodeCSVFields(o *options) action {
	p := &fieldwise{failOnError: o.on("fail_on_error")}
	separator := o.text("separator")
	comma, size := utf8.DecodeRuneInString(separator)
	if size != len(separator) || comma == utf8.RuneError || strings.ContainsAny(separator, "\"\r\n") || separator == "" {
		o.errorf("separator", "must be a single character, and neither a quote nor a line end")
	}
	missing, trim, overwrite := o.on("ignore_missing"), o.on("trim_leading_space"), o.on("overwrite_keys")
	for _, f := range o.pairs("fields") {
		to, ok := f.value.(string)
		if !ok || to == "" {
			o.errorf("fields."+f.name, "expected the name of a field, found %s", describe(f.value))
			continue
		}
		p.ops = append(p.ops, &csvOp{fromTo{newPath(f.name), newPath(to), missing}, comma, trim, overwrite})
	}
	if len(p.ops) == 0 {
		o.errorf("fields", "needs at least one field")
	}
	return p
}

func (o *csvOp) do(d *Document) error {
	s, ok, err := fetchString(d, o.from, o.ignoreMissing)
	if !ok || err != nil {
		return err
	}
	r := csv.NewReader(strings.NewReader(s))
	r.Comma, r.TrimLeadingSpace, r.LazyQuotes = o.comma, o.trim, true
	record, err := r.Read()
	if err != nil {
		return &failure{"could not decode", o.from.text, err}
	}
	if o.from.text != o.to.text && !o.overwrite && d.has(o.to) {
		return &failure{"target field", o.to.text, errExists}
	}
	list, _ := asList(record)
	return o.put(d, list)
}

func (o *csvOp) touches() touched {
	return touched{reads: []string{o.from.text}, writes: []string{o.to.text}}
}

// detectMimeType is detect_mime_type.
type detectMimeType struct{ field, target path }

var detectMimeTypeKind = kind{
	Info: Info{Name: "detect_mime_type", Strict: true, Note: "Names the type of a field's contents by their first 512 bytes, and JSON by all of them. Fewer types are known than to Filebeat.", Options: []OptionInfo{
		{Name: "field", Type: Field, Required: true, Note: "The field."},
		{Name: "target", Type: Field, Required: true, Note: "Where the type goes, unless it is unknown."},
	}},
	build: func(o *options) action { return &detectMimeType{o.field("field"), o.field("target")} },
}

func (p *detectMimeType) run(d *Document) (bool, error) {
	v, err := d.get(p.field)
	s, _ := v.(string)
	if err != nil || s == "" {
		return true, nil
	}
	found := http.DetectContentType([]byte(s[:min(len(s), 512)]))
	switch {
	case found == "application/octet-stream":
		return true, nil
	case strings.HasPrefix(found, "text/plain") && json.Valid([]byte(s)):
		found = "application/json"
	}
	if err := d.put(p.target, found); err != nil {
		return true, &failure{"could not put value:", p.target.text, err}
	}
	return true, nil
}

func (p *detectMimeType) touches() touched {
	return touched{reads: []string{p.field.text}, writes: []string{p.target.text}}
}

// registeredDomain is registered_domain.
type registeredDomain struct {
	field, target, suffix, subdomain path
	ignoreMissing, ignoreFailure     bool
}

var registeredDomainKind = kind{
	Info: Info{Name: "registered_domain", Note: "Finds in a host name the part that somebody has registered: example.co.uk in www.example.co.uk.", Options: []OptionInfo{
		{Name: "field", Type: Field, Required: true, Note: "The field."},
		{Name: "target_field", Type: Field, Required: true, Note: "Where the domain goes."},
		{Name: "target_etld_field", Type: Field, Note: "Where the public suffix goes: co.uk."},
		{Name: "target_subdomain_field", Type: Field, Note: "Where the rest goes: www."},
		{Name: "ignore_missing", Type: Bool, Default: "false", Note: "Whether a missing field is no failure."},
		{Name: "ignore_failure", Type: Bool, Default: "false", Note: "Whether nothing is a failure."},
		{Name: "id", Type: String, NoEffect: true, Note: "the place in the configuration names the processor"},
	}},
	build: func(o *options) action {
		return &registeredDomain{o.field("field"), o.field("target_field"), o.field("target_etld_field"), o.field("target_subdomain_field"),
			o.on("ignore_missing"), o.on("ignore_failure")}
	},
}

func (p *registeredDomain) run(d *Document) (bool, error) {
	err := p.find(d)
	if p.ignoreFailure || p.ignoreMissing && errors.Is(err, errNotFound) {
		err = nil
	}
	return true, err
}

func (p *registeredDomain) find(d *Document) error {
	host, ok, err := fetchString(d, p.field, false)
	if !ok || err != nil {
		return err
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return &failure{"no registered domain in", p.field.text, nil}
	}
	suffix, _ := publicsuffix.PublicSuffix(host)
	for _, part := range []struct {
		to    path
		value string
	}{{p.target, domain}, {p.suffix, suffix}, {p.subdomain, strings.TrimSuffix(strings.TrimSuffix(host, domain), ".")}} {
		if part.to.text == "" || part.value == "" {
			continue
		}
		if err := d.put(part.to, part.value); err != nil {
			return &failure{"could not put value:", part.to.text, err}
		}
	}
	return nil
}

func (p *registeredDomain) touches() touched {
	t := touched{reads: []string{p.field.text}}
	for _, to := range []path{p.target, p.suffix, p.subdomain} {
		if to.text != "" {
			t.writes = append(t.writes, to.text)
		}
	}
	return t
}
