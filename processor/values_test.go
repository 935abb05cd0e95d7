package processor

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFingerprint(t *testing.T) {
	for _, c := range []runCase{
		{"as Filebeat 8.1 has it", `[{fingerprint: {fields: [message, log.offset], method: sha256, target_field: fp}}, {drop_fields: {fields: [message]}}]`,
			`{"message":"2018 ERROR user=bob id=8 took=950ms","log":{"offset":36}}`, `{"log":{"offset":36},"fp":"c44284468254bdb4c422c2d457818f7440277d5472da409c7ff69a50960d7322"}`, 0},
		{"missing", `[{fingerprint: {fields: [nope]}}]`, `{}`, `dropped`, 1},
		{"a map", `[{fingerprint: {fields: [m]}}]`, `{"m":{}}`, `dropped`, 1},
		{"into text", `[{fingerprint: {fields: [m], target_field: m.x}}]`, `{"m":"t"}`, `dropped`, 1},
	} {
		c.run(t)
	}
	d := document(t, `{"s":"a","i":-1,"f":1000000.5,"b":true,"z":null,"l":["x",1]}`)
	printed := "|@timestamp|2024-05-06 12:00:00.123456789 +0000 UTC|b|true|f|1.0000005e+06|i|-1|l|[x 1]|s|a|z|<nil>|"
	sum := sha256.Sum256([]byte(printed))
	c := build(t, `[{fingerprint: {fields: [s, i, f, b, z, l, '@timestamp', s, nope], ignore_missing: true}}]`)
	if !c.Run(d) || d.Fields["fingerprint"] != hex.EncodeToString(sum[:]) {
		t.Errorf("the hash is %v", d.Fields["fingerprint"])
	}
	for method, want := range map[string]string{ // of "|m|abc|", as other programs have it
		"md5 hex":       "4b30415b3bcb6ba884b8bbc2f0f6e799",
		"xxhash hex":    "fba8863e520c5394",
		"sha1 base32":   "6IOWVMEELQ2WLUCYOWOP6KXDZVH3N2KV",
		"sha384 base64": "23Xlsw9KpEk04HbJU3E78lX3nUdCU+HedCV0uwCXMCcP5WqsKPrUTfMbnq67K1yw",
		"sha512 hex":    "bddb929118d5be8c9eb4059f55bfd3415318d610279f792d65a9828906a078b3f56ccf00efc1fbaaaef26ec30ec512ee9806e4a1a156da373c046cf68d3670bc",
	} {
		name, encoding, _ := strings.Cut(method, " ")
		d := document(t, `{"m":"abc"}`)
		build(t, fmt.Sprintf(`[{fingerprint: {fields: m, method: %s, encoding: %s}}]`, name, encoding)).Run(d)
		if got := d.Fields["fingerprint"]; got != want {
			t.Errorf("%s is %v", method, got)
		}
	}
}

func TestIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, `[{add_id: {}}, {add_id: {target_field: id}}]`)
		seen := map[any]bool{}
		for i := range 1000 {
			d := &Document{}
			if !c.Run(d) {
				t.Fatal("dropped")
			}
			for _, id := range []any{d.Meta["_id"], d.Fields["id"]} {
				if s, _ := id.(string); len(s) != 20 || seen[id] || !regexp.MustCompile(`^[\w-]+$`).MatchString(s) {
					t.Fatalf("id %v", id)
				}
				seen[id] = true
			}
			if i%10 == 0 {
				<-time.After(time.Hour)
			}
		}
	})
	runCase{"into text", `[{add_id: {target_field: a.b}}]`, `{"a":"t"}`, ``, 1}.run(t)
}

func TestIDsGoOnWhenTheNumberStartsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newIDSource()
		s.number = 0xfffffe
		seen := map[string]bool{}
		for range 4 {
			seen[s.next()] = true
		}
		s.number = 0xfffffe // as if 2^24 ids later, in the same millisecond
		for range 4 {
			seen[s.next()] = true
		}
		if len(seen) != 8 {
			t.Errorf("%d different ids", len(seen))
		}
	})
}

func TestDecompress(t *testing.T) {
	pack := func(b []byte) string {
		var buf bytes.Buffer
		w := gzip.NewWriter(&buf)
		_, _ = w.Write(b)
		_ = w.Close()
		return buf.String()
	}
	hello := pack([]byte("hello"))
	for name, c := range map[string]struct {
		in   string
		want any
	}{
		"text":     {hello, "hello"},
		"nonsense": {"hello", nil},
		"cut":      {hello[:len(hello)-3], nil},
		"a bomb":   {pack(make([]byte, maxDecompressed+1)), nil},
	} {
		d := &Document{Fields: map[string]any{"z": c.in}}
		chain := build(t, `[{decompress_gzip_field: {field: {from: z, to: t}}}]`)
		chain.Run(d)
		if d.Fields["t"] != c.want || (c.want == nil) != d.has(errorMessage) {
			t.Errorf("%s: %.40v", name, d.Fields)
		}
	}
}

func TestMimeType(t *testing.T) {
	png, _ := base64.StdEncoding.DecodeString("iVBORw0KGgo=")
	for in, want := range map[string]any{
		"": nil, "plain": "text/plain; charset=utf-8", `{"a":1}`: "application/json", "<?xml version=\"1.0\"?><a/>": "text/xml; charset=utf-8",
		"<html><body>": "text/html; charset=utf-8", string(png): "image/png", "\x00\x01\x02": nil,
	} {
		d := &Document{Fields: map[string]any{"m": in}}
		build(t, `[{detect_mime_type: {field: m, target: type.mime}}, {detect_mime_type: {field: nope, target: x}}]`).Run(d)
		if got, _ := d.Get("type.mime"); got != want {
			t.Errorf("%q is %v", in, got)
		}
	}
	runCase{"into text", `[{detect_mime_type: {field: m, target: m.x}}]`, `{"m":"plain"}`, ``, 1}.run(t)
}

func TestRegisteredDomain(t *testing.T) {
	for _, c := range []runCase{
		{"all parts", `[{registered_domain: {field: h, target_field: d, target_etld_field: e, target_subdomain_field: s}}]`, `{"h":"www.shop.example.co.uk"}`, `{"h":"www.shop.example.co.uk","d":"example.co.uk","e":"co.uk","s":"www.shop"}`, 0},
		{"no subdomain", `[{registered_domain: {field: h, target_field: d, target_subdomain_field: s}}]`, `{"h":"example.com"}`, `{"h":"example.com","d":"example.com"}`, 0},
		{"none", `[{registered_domain: {field: h, target_field: d}}, {registered_domain: {field: h, target_field: d, ignore_failure: true}}, {registered_domain: {field: i, target_field: d, ignore_missing: true}}]`, `{"h":"com"}`, ``, 1},
		{"missing", `[{registered_domain: {field: h, target_field: d}}]`, `{}`, ``, 1},
		{"into text", `[{registered_domain: {field: h, target_field: t.d}}]`, `{"h":"example.com","t":"x"}`, ``, 1},
	} {
		c.run(t)
	}
}
