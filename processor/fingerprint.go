package processor

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
)

// fingerprint is the processor fingerprint.
type fingerprint struct {
	fields        []path // sorted, each once
	target        path
	hash          func() hash.Hash
	encode        func([]byte) string
	ignoreMissing bool
}

var fingerprintKind = kind{
	Info: Info{Name: "fingerprint", Note: "Hashes fields. When a field is missing, or is a map, the event is dropped, as in Filebeat.", Options: []OptionInfo{
		{Name: "fields", Type: Fields, Required: true, Note: "The fields, in any order."},
		{Name: "method", Type: Enum, Values: []string{"md5", "sha1", "sha256", "sha384", "sha512", "xxhash"}, Default: "sha256", Note: "The hash function; xxhash is XXH64."},
		{Name: "encoding", Type: Enum, Values: []string{"hex", "base32", "base64"}, Default: "hex", Note: "How the hash is written."},
		{Name: "target_field", Type: Field, Default: "fingerprint", Note: "Where it goes."},
		{Name: "ignore_missing", Type: Bool, Default: "false", Note: "Whether missing fields are left out."},
	}},
	build: newFingerprint,
}

func newFingerprint(o *options) action {
	names := o.strings("fields")
	slices.Sort(names)
	p := &fingerprint{target: o.field("target_field"), ignoreMissing: o.on("ignore_missing"), hash: newHash(o.enum("method"))}
	for _, name := range slices.Compact(names) {
		p.fields = append(p.fields, newPath(name))
	}
	if len(p.fields) == 0 {
		o.errorf("fields", "needs at least one field")
	}
	switch o.enum("encoding") {
	case "base32":
		p.encode = base32.StdEncoding.EncodeToString
	case "base64":
		p.encode = base64.StdEncoding.EncodeToString
	default:
		p.encode = hex.EncodeToString
	}
	return p
}

func newHash(method string) func() hash.Hash {
	switch method {
	case "md5":
		return md5.New
	case "sha1":
		return sha1.New
	case "sha384":
		return sha512.New384
	case "sha512":
		return sha512.New
	case "xxhash":
		return func() hash.Hash { return xxhash.New() }
	}
	return sha256.New
}

func (p *fingerprint) run(d *Document) (bool, error) {
	var room [512]byte
	text := room[:0]
	for _, f := range p.fields {
		v, err := d.get(f)
		if err != nil {
			if p.ignoreMissing {
				continue
			}
			return false, &failure{"cannot fingerprint", f.text, err}
		}
		text = append(append(append(text, '|'), f.text...), '|')
		if text, err = appendPrinted(text, v); err != nil {
			return false, &failure{"cannot fingerprint", f.text, err}
		}
	}
	text = append(text, '|')
	h := p.hash()
	_, _ = h.Write(text) // a hash's never fails
	if err := d.put(p.target, p.encode(h.Sum(nil))); err != nil {
		return false, &failure{"could not put value:", p.target.text, err}
	}
	return true, nil
}

var errNoScalar = errors.New("value is a map")

// appendPrinted writes a value as fmt's %v does, which is what Filebeat hashes.
// Filebeat takes no lists but those of its own, such as tags; here they are all
// the same.
func appendPrinted(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "<nil>"...), nil
	case time.Time:
		return v.UTC().Round(0).AppendFormat(dst, "2006-01-02 15:04:05.999999999 -0700 MST"), nil
	case map[string]any:
		return dst, errNoScalar
	}
	list, ok := asList(v)
	if !ok {
		return appendScalar(dst, v)
	}
	dst = append(dst, '[')
	for i, item := range list {
		if i > 0 {
			dst = append(dst, ' ')
		}
		var err error
		if dst, err = appendPrinted(dst, item); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (p *fingerprint) touches() touched {
	return touched{reads: texts(p.fields), writes: []string{p.target.text}}
}
