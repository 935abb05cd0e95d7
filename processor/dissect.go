package processor

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// dissect is the processor dissect.
type dissect struct {
	tokenizer     *tokenizer
	field         path
	prefix        path
	ignoreFailure bool
	overwrite     bool
	left, right   bool // where to trim
	chars         string
}

var dissectKind = kind{
	Info: Info{Name: "dissect", Note: "Takes text apart at delimiters. When that fails, \"dissect_parsing_error\" is added to log.flags.", Options: []OptionInfo{
		{Name: "tokenizer", Type: String, Required: true, Note: "Keys with the delimiters between them: \"%{day}.%{month}\"; %{?a} skips, %{+a} appends, %{*k} and %{&k} are name and value, %{a->} allows padding, %{a#3} is of fixed length, %{a|integer} is converted."},
		{Name: "field", Type: Field, Default: "message", Note: "The field, a string."},
		{Name: "target_prefix", Type: String, Default: "dissect", Note: "The map that the keys go into; empty for the document itself."},
		{Name: "ignore_failure", Type: Bool, Default: "false", Note: "Whether text that does not fit is no failure; it is flagged all the same."},
		{Name: "overwrite_keys", Type: Bool, Default: "false", Note: "Whether fields that exist are replaced; else they are a failure."},
		{Name: "trim_values", Type: Enum, Values: []string{"none", "left", "right", "all"}, Default: "none", Note: "Where the values are trimmed."},
		{Name: "trim_chars", Type: String, Default: " ", Note: "The characters to trim."},
	}},
	build: newDissect,
}

func newDissect(o *options) action {
	p := &dissect{field: o.field("field"), prefix: newPath(o.text("target_prefix")), ignoreFailure: o.on("ignore_failure"),
		overwrite: o.on("overwrite_keys"), chars: o.text("trim_chars")}
	trim := o.enum("trim_values")
	p.left, p.right = trim == "left" || trim == "all", trim == "right" || trim == "all"
	t, err := parseTokenizer(o.text("tokenizer"))
	if err != nil {
		o.errorf("tokenizer", "invalid dissect tokenizer: %s", err)
		return p
	}
	for i := range t.keys {
		t.keys[i].path = newPath(join(p.prefix.text, t.keys[i].name))
	}
	p.tokenizer = t
	return p
}

var parsingFlag = []any{"dissect_parsing_error"}

func (p *dissect) run(d *Document) (bool, error) {
	s, _, err := fetchString(d, p.field, false)
	if err != nil {
		return true, err
	}
	var spanRoom [16]span
	spans, err := p.tokenizer.split(s, spanRoom[:0])
	if err != nil {
		if err := d.addTo(logFlags, parsingFlag); err != nil {
			return true, &failure{"cannot add a flag to", logFlags.text, err}
		}
		if p.ignoreFailure {
			return true, nil
		}
		return true, &failure{"cannot dissect", p.field.text, err}
	}
	p.trim(s, spans)
	var foundRoom [16]found
	list := p.tokenizer.resolve(s, spans, foundRoom[:0])
	if p.prefix.in == inFields && p.prefix.text != "" && !d.has(p.prefix) {
		if m := newMap(list); m != nil {
			if err := d.put(p.prefix, m); err != nil {
				return true, &failure{"could not put value:", p.prefix.text, err}
			}
			return true, nil
		}
	}
	d.begin()
	if err := p.save(d, list); err != nil {
		d.rollback()
		return true, err
	}
	d.commit()
	return true, nil
}

func (p *dissect) trim(s string, spans []span) {
	for i := range spans {
		at := &spans[i]
		for p.left && at.start < at.end {
			r, size := utf8.DecodeRuneInString(s[at.start:at.end])
			if !strings.ContainsRune(p.chars, r) {
				break
			}
			at.start += size
		}
		for p.right && at.start < at.end {
			r, size := utf8.DecodeLastRuneInString(s[at.start:at.end])
			if !strings.ContainsRune(p.chars, r) {
				break
			}
			at.end -= size
		}
	}
}

func (p *dissect) save(d *Document, list []found) error {
	for i := range list {
		f := &list[i]
		if f.drop {
			continue
		}
		to := f.key.path
		if f.key.form == indirect {
			to = newPath(join(p.prefix.text, f.name))
		}
		if !p.overwrite {
			if _, err := d.get(to); !errors.Is(err, errNotFound) {
				return &failure{"cannot override existing key", to.text, err}
			}
		}
		if err := d.put(to, f.converted()); err != nil && !p.overwrite {
			return &failure{"could not put value:", to.text, err}
		}
	}
	return nil
}

// newMap makes the map that save would make one by one, where none is yet. It is
// nil when save has to do it, since a name has dots, or when nothing is saved.
func newMap(list []found) map[string]any {
	m := make(map[string]any, len(list))
	for i := range list {
		f := &list[i]
		if strings.IndexByte(f.name, '.') >= 0 {
			return nil
		}
		if !f.drop {
			m[f.name] = f.converted()
		}
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

// converted is the value with the type that its key asks for, or as it is when it
// can't have that.
func (f *found) converted() any {
	if f.key.kind == "" {
		return f.value
	}
	text := strings.TrimRight(f.value, " ")
	v, err := convertValue(text, f.key.kind)
	if err != nil {
		return f.value
	}
	return v
}

func (p *dissect) touches() touched {
	t := touched{reads: []string{p.field.text}, writes: []string{logFlags.text}}
	for i := range p.tokenizer.keys {
		k := &p.tokenizer.keys[i]
		switch {
		case k.form == indirect && p.prefix.text == "":
			t.everything = true
		case k.form == indirect:
			t.writes = append(t.writes, p.prefix.text)
		case k.saved():
			t.writes = append(t.writes, k.path.text)
		}
	}
	return t
}
