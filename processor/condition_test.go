package processor

import (
	"strings"
	"testing"
)

const request = `{"message":"GET /a 200","http":{"code":200,"took":1.5},"tags":["web","x"],"flag":true,"ip":"10.1.2.3","ips":["8.8.8.8","::1"],"a.b":{"c":"dotted"},"null":null,"num":0}`

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		condition string
		want      bool
	}{
		{`{equals: {http.code: 200}}`, true},
		{`{equals: {http.code: "200"}}`, false},
		{`{equals: {http.code: 201}}`, false},
		{`{equals: {http.took: 1}}`, false},
		{`{equals: {message: GET /a 200}}`, true},
		{`{equals: {message: GET}}`, false},
		{`{equals: {flag: true}}`, true},
		{`{equals: {flag: "true"}}`, false},
		{`{equals: {flag: false}}`, false},
		{`{equals: {missing: x}}`, false},
		{`{equals: {http.code: 200, flag: true}}`, true},
		{`{equals: {http.code: 200, flag: false}}`, false},
		{`{equals: {}}`, true},
		{`{equals: {tags: [web, x]}}`, false}, // as in Filebeat, these are tags.0 and tags.1
		{`{equals: {'@metadata.pipeline': p}}`, true},
		{`{contains: {message: /a}}`, true},
		{`{contains: {message: /b}}`, false},
		{`{contains: {tags: we}}`, true},
		{`{contains: {tags: wew}}`, false},
		{`{contains: {http.code: "20"}}`, false},
		{`{contains: {missing: x}}`, false},
		{`{regexp: {message: '^GET .* \d+$'}}`, true},
		{`{regexp: {message: '^POST'}}`, false},
		{`{regexp: {tags: '^x$'}}`, true},
		{`{regexp: {message.x: 'x'}}`, false},
		{`{range: {http.code.gte: 200, http.code.lt: 300}}`, true},
		{`{range: {http.code: {gt: 200}}}`, false},
		{`{range: {http.code.lte: 199}}`, false},
		{`{range: {http.took.gt: 1.4, http.took.lte: 1.5}}`, true},
		{`{range: {http.took.lt: "1.5"}}`, false},
		{`{range: {message.gt: 1}}`, false},
		{`{range: {http.code.gte: 200, http.took.gte: 2}}`, false},
		{`{has_fields: [message, http.code, null]}`, true},
		{`{has_fields: ['null']}`, true},
		{`{has_fields: [message, http.nope]}`, false},
		{`{has_fields: message}`, true},
		{`{has_fields: ['@timestamp', '@metadata.pipeline']}`, true},
		{`{has_fields: ['@metadata']}`, false},
		{`{has_fields: []}`, true},
		{`{network: {ip: private}}`, true},
		{`{network: {ip: 10.0.0.0/8}}`, true},
		{`{network: {ip: 10.9.9.9/8}}`, true},
		{`{network: {ip: [192.168.0.0/16, loopback]}}`, false},
		{`{network: {ips: loopback}}`, true},
		{`{network: {ips: private}}`, false},
		{`{network: {ip: private, ips: public}}`, true},
		{`{network: {message: public}}`, false},
		{`{network: {http.code: public}}`, false},
		{`{network: {missing: public}}`, false},
		{`{or: [{equals: {num: 1}}, {equals: {num: 0}}]}`, true},
		{`{or: [{equals: {num: 1}}, {equals: {num: 2}}]}`, false},
		{`{or: {equals: {num: 0}}}`, true},
		{`{and: [{equals: {num: 0}}, {equals: {flag: true}}]}`, true},
		{`{and: [{equals: {num: 0}}, {equals: {flag: false}}]}`, false},
		{`{not: {equals: {num: 0}}}`, false},
		{`{not: {or: [{equals: {num: 1}}, {not: {equals: {flag: true}}}]}}`, true},
		// Only the first type in a map counts.
		{`{regexp: {message: nothing}, equals: {num: 0}}`, true},
		{`{and: [{equals: {num: 1}}], or: [{equals: {num: 0}}]}`, true},
		{`{contains: {message: GET}, nonsense: 1}`, true},
		{`{or: [], not: {equals: {num: 1}}}`, true},
	} {
		m, _ := values(t, "x: "+c.condition).(map[string]any)
		condition, err := ParseCondition(m)
		if err != nil {
			t.Errorf("%s: %v", c.condition, err)
			continue
		}
		d := document(t, request)
		d.Meta = map[string]any{"pipeline": "p"}
		if got := condition.Check(d); got != c.want {
			t.Errorf("%s is %v", c.condition, got)
		}
		if text(t, d) != canonical(t, `{"@metadata":{"pipeline":"p"},`+request[1:]) {
			t.Fatalf("%s changes the document", c.condition)
		}
	}
}

// Values of a document that did not come from JSON.
func TestConditionsOnOtherTypes(t *testing.T) {
	d := &Document{Time: noon, Fields: map[string]any{"i": 5, "u": uint64(5), "tags": []string{"a", "b"}, "ips": []string{"x", "10.0.0.1"}}}
	for _, m := range []map[string]any{
		{"equals": map[string]any{"i": 5, "u": int64(5)}},
		{"range": map[string]any{"i": map[string]any{"gt": 4}, "u": map[string]any{"lt": 5.5}}},
		{"contains": map[string]any{"tags": "b"}},
		{"network": map[string]any{"ips": "private"}},
		{"not": map[string]any{"contains": map[string]any{"tags": "c"}}},
	} {
		c, err := ParseCondition(m)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Check(d) {
			t.Errorf("%v is false", m)
		}
	}
}

func TestNetworks(t *testing.T) {
	for _, c := range []struct{ network, inside, outside string }{
		{"loopback", "127.0.0.1 127.9.9.9 ::1 ::ffff:127.0.0.1", "10.0.0.1 ::2"},
		{"global_unicast", "8.8.8.8 10.0.0.1 2001:db8::1", "127.0.0.1 0.0.0.0 255.255.255.255 fe80::1"},
		{"unicast", "8.8.8.8", "224.0.0.1"},
		{"link_local_unicast", "169.254.1.1 fe80::1", "8.8.8.8"},
		{"interface_local_multicast", "ff01::1", "ff02::1"},
		{"link_local_multicast", "224.0.0.1 ff02::1", "225.0.0.1"},
		{"multicast", "225.0.0.1 ff0e::1", "8.8.8.8"},
		{"unspecified", "0.0.0.0 ::", "0.0.0.1"},
		{"private", "10.1.1.1 172.16.0.1 192.168.1.1 fd00::1", "172.32.0.1 8.8.8.8 fc00::1 127.0.0.1"},
		{"public", "8.8.8.8 2001:4860::1", "10.0.0.1 127.0.0.1 0.0.0.0 255.255.255.255 169.254.1.1 224.0.0.1 ff01::1 fd00::1 host fe80::1%eth0"},
		{"2001:db8::/32", "2001:db8:1::1", "2001:db9::1 10.0.0.1"},
		{"0.0.0.0/0", "1.2.3.4 ::ffff:1.2.3.4", "::1"},
	} {
		in, err := newNetwork(c.network)
		if err != nil {
			t.Fatal(err)
		}
		w := within{networks: nil}
		w.networks = append(w.networks, in)
		for _, addr := range strings.Fields(c.inside) {
			if !w.has(addr) {
				t.Errorf("%s is not in %s", addr, c.network)
			}
		}
		for _, addr := range strings.Fields(c.outside) {
			if w.has(addr) {
				t.Errorf("%s is in %s", addr, c.network)
			}
		}
	}
}

func TestConditionErrors(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{`{}`, `missing or invalid condition; conditions: equals, contains, regexp, range, has_fields, network, or, and, not`},
		{`{or: []}`, `missing or invalid condition; conditions: equals, contains, regexp, range, has_fields, network, or, and, not`},
		{`{equal: {a: 1}}`, `equal: equal is not a condition; did you mean "equals"?; conditions: equals, contains, regexp, range, has_fields, network, or, and, not`},
		{`{equals: 5}`, `equals: expected a map of fields to values, found 5`},
		{`{equals: {a.b: 1.5}}`, `equals.a.b: expected a string, an integer or a boolean, found 1.5`},
		{`{contains: {a: 5}}`, `contains.a: expected a string, found 5 (quotes around it make it one)`},
		{`{regexp: {a: '('}}`, "regexp.a: cannot compile the pattern: error parsing regexp: missing closing ): `(`"},
		{`{range: {a.gt: x}}`, `range.a.gt: expected a number, found "x"`},
		{`{range: {a.above: 1}}`, `range.a.above: unexpected range operator above; expected gt, gte, lt or lte`},
		{`{range: {a: 1}}`, `range.a: expected a field and gt, gte, lt or lte, such as a.gte`},
		{`{has_fields: {a: 1}}`, `has_fields: expected a list of field names, found a map`},
		{`{has_fields: [[a]]}`, `has_fields: expected a list of field names, found a list in it`},
		{`{network: {a: 10.0.0.1}}`, `network.a: "10.0.0.1" is no network; expected an address with a prefix length such as 192.0.2.0/24, or one of global_unicast, interface_local_multicast, link_local_multicast, link_local_unicast, loopback, multicast, private, public, unicast, unspecified`},
		{`{network: {a: [privat]}}`, `network.a.0: "privat" is no network; expected an address with a prefix length such as 192.0.2.0/24, or one of global_unicast, interface_local_multicast, link_local_multicast, link_local_unicast, loopback, multicast, private, public, unicast, unspecified; did you mean "private"?`},
		{`{network: {a: 5}}`, `network.a: expected a network such as 10.0.0.0/8 or private, found 5`},
		{`{and: [{equals: {a: 1}}, {}, x]}`, "and.1: missing or invalid condition; conditions: equals, contains, regexp, range, has_fields, network, or, and, not\nand.2: expected a condition, found \"x\""},
		{`{not: {}}`, `not: missing or invalid condition; conditions: equals, contains, regexp, range, has_fields, network, or, and, not`},
	} {
		m, _ := values(t, "x: "+c.yaml).(map[string]any)
		_, err := ParseCondition(m)
		if got := errorLines(t, err); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.yaml, got, c.want)
		}
	}
	deep := map[string]any{"has_fields": "a"}
	for range 100 {
		deep = map[string]any{"not": deep}
	}
	if _, err := ParseCondition(deep); err == nil {
		t.Error("a hundred times not is accepted")
	}
}

func TestConditionNotesAndReads(t *testing.T) {
	m, _ := values(t, `x: {and: [{equals: {a.b: 1}}, {not: {network: {ip: private}}}], or: [{has_fields: [c]}], equals: {num: 0}, nott: 1}`).(map[string]any)
	c, err := ParseCondition(m)
	if err != nil {
		t.Fatal(err)
	}
	want := `or: is ignored, as in Filebeat: of several conditions in one map only the first counts, here equals; "and" joins them
and: is ignored, as in Filebeat: of several conditions in one map only the first counts, here equals; "and" joins them
nott: nott is not a condition; did you mean "not"? (ignored, as in Filebeat)`
	if got := noteLines(c.Notes()); got != want {
		t.Errorf("notes are\n%s\nwant\n%s", got, want)
	}
	if !c.Varies(Overlap("num")) || c.Varies(Overlap("a", "c", "ip")) {
		t.Error("the condition reads something else than num")
	}
	if len(Conditions()) != 9 {
		t.Error("there are nine types of conditions")
	}
}
