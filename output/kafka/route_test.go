package kafka

import (
	"strings"
	"testing"
	"time"

	"github.com/logcar/logcar/processor"
)

func condition(t testing.TB, field, text string) *processor.Condition {
	t.Helper()
	c, err := processor.ParseCondition(map[string]any{"contains": map[string]any{field: text}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The topic is what the first rule says that says anything, as Filebeat selects it.
func TestTopicOfAnEvent(t *testing.T) {
	d := &processor.Document{
		Time: time.Date(2026, 3, 1, 23, 30, 0, 0, time.FixedZone("", -3600)),
		Fields: map[string]any{
			"message": "an ERROR", "fields": map[string]any{"app": "order", "empty": "", "odd": "no topic!", "list": []any{"a"}, "n": int64(7)},
		},
	}
	errors, warnings := condition(t, "message", "ERROR"), condition(t, "message", "WARN")
	for _, c := range []struct {
		name  string
		cfg   Config
		want  string // "!" and why there is none
		fixed bool   // no event is looked at
	}{
		{"a name", Config{Topic: "logs"}, "logs", true},
		{"a field", Config{Topic: "logs-%{[fields.app]}"}, "logs-order", false},
		{"another spelling", Config{Topic: "%{[fields][app]}"}, "order", false},
		{"a number", Config{Topic: "t%{[fields.n]}"}, "t7", false},
		{"a missing field", Config{Topic: "logs-%{[nope]}"}, "!no topic could be selected", false},
		{"a list", Config{Topic: "logs-%{[fields.list]}"}, "!no topic could be selected", false},
		{"an empty field", Config{Topic: "%{[fields.empty]}"}, "!no topic could be selected", false},
		{"a default", Config{Topic: "%{[nope]:logs}"}, "logs", false},
		{"a day, in UTC", Config{Topic: "logs-%{+yyyy.MM.dd}"}, "logs-2026.03.02", false},
		{"not a name", Config{Topic: "%{[fields.odd]}"}, "!no topic can have that name", false},
		{"rules before topic", Config{Topics: []Rule{{Topic: "a"}}, Topic: "b"}, "a", true},
		{"a condition holds", Config{Topics: []Rule{{Topic: "warn", When: warnings}, {Topic: "error", When: errors}}, Topic: "b"}, "error", false},
		{"no condition holds", Config{Topics: []Rule{{Topic: "warn", When: warnings}}, Topic: "b"}, "b", false},
		{"and there is no topic", Config{Topics: []Rule{{Topic: "warn", When: warnings}}}, "!no topic could be selected", false},
		{"a rule's field is missing", Config{Topics: []Rule{{Topic: "%{[nope]}"}, {Topic: "c"}}}, "c", false},
		{"a rule's default", Config{Topics: []Rule{{Topic: "%{[nope]}", Default: "d"}, {Topic: "c"}}}, "d", false},
		{"an empty rule", Config{Topics: []Rule{{Topic: ""}, {Topic: "c"}}}, "c", true},
		{"an empty rule's default is not for it", Config{Topics: []Rule{{Topic: "", Default: "d"}, {Topic: "c"}}}, "c", true},
		{"mapped", Config{Topics: []Rule{{Topic: "%{[fields.app]}", Mappings: map[string]string{"order": "shop"}}}}, "shop", false},
		{"not mapped", Config{Topics: []Rule{{Topic: "%{[fields.app]}", Mappings: map[string]string{"x": "y"}}}, Topic: "b"}, "b", false},
		{"mapped to the default", Config{Topics: []Rule{{Topic: "%{[fields.app]}", Mappings: map[string]string{"x": "y"}, Default: "rest"}}}, "rest", false},
		{"missing and mapped", Config{Topics: []Rule{{Topic: "%{[nope]}", Mappings: map[string]string{"x": "y"}, Default: "rest"}}}, "rest", false},
		{"a mapped name", Config{Topics: []Rule{{Topic: "x", Mappings: map[string]string{"x": "y"}}}}, "y", true},
		{"a mapped name's default", Config{Topics: []Rule{{Topic: "z", Mappings: map[string]string{"x": "y"}, Default: "rest"}}}, "rest", true},
		{"a mapped name without one", Config{Topics: []Rule{{Topic: "z", Mappings: map[string]string{"x": "y"}}}, Topic: "b"}, "b", true},
	} {
		r, err := newRouter(&c.cfg)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := ""
		if why := r.find(d); why == somewhere {
			got = string(r.way.topic)
		} else {
			got = "!" + why.String()
		}
		if got != c.want || r.constant != c.fixed {
			t.Errorf("%s: %s, without looking: %v, want %s, %v", c.name, got, r.constant, c.want, c.fixed)
		}
	}
}

func TestRoutesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "kafka: no topic"},
		{Config{Topics: []Rule{{}}}, "kafka: no topic"},
		{Config{Topic: "%{x}"}, "kafka: topic: parse format string"},
		{Config{Topics: []Rule{{Topic: "a", When: condition(t, "a", "b")}, {Topic: "%{[a"}}}, "kafka: topics.1: parse format string"},
		{Config{Topic: "a", Key: "%{"}, "kafka: key: parse format string"},
	} {
		if _, err := newRouter(&c.cfg); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.cfg, err, c.want)
		}
	}
}

// Keys and hashes say which partition; without one any will do.
func TestKeyOfAnEvent(t *testing.T) {
	d := &processor.Document{Fields: map[string]any{"id": "order-1", "empty": "", "n": int64(3)}}
	for _, c := range []struct {
		name  string
		cfg   Config
		key   string
		bound bool
		why   nowhere
	}{
		{"no key", Config{}, "", false, somewhere},
		{"a key", Config{Key: "%{[id]}"}, "order-1", true, somewhere},
		{"a constant key", Config{Key: "k"}, "k", true, somewhere},
		{"a key that is missing", Config{Key: "%{[nope]}"}, "", false, somewhere},
		{"a key that is empty", Config{Key: "%{[empty]}"}, "", false, somewhere},
		{"a key that says nothing", Config{Key: "%{[id]}", Partition: Partition{Strategy: Random}}, "order-1", false, somewhere},
		{"fields", Config{Partition: Partition{Fields: []string{"id", "n"}}}, "", true, somewhere},
		{"fields and a key", Config{Key: "%{[id]}", Partition: Partition{Fields: []string{"n"}}}, "order-1", true, somewhere},
		{"a field that is missing", Config{Partition: Partition{Fields: []string{"id", "nope"}}}, "", false, somewhere},
		{"and must not be", Config{Partition: Partition{Fields: []string{"nope"}, Strict: true}}, "", false, noHash},
	} {
		c.cfg.Topic = "logs"
		r, err := newRouter(&c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		why := r.find(d)
		if why != c.why || string(r.way.key) != c.key || r.way.bound != c.bound || (r.way.key == nil) != (c.key == "") {
			t.Errorf("%s: key %q, bound %v, %q", c.name, r.way.key, r.way.bound, why)
		}
		if want := hashBytes(hashSeed, c.key); c.bound && len(c.cfg.Partition.Fields) == 0 && r.way.hash != want {
			t.Errorf("%s: hash %x, want %x", c.name, r.way.hash, want)
		}
	}
}

func TestValidTopic(t *testing.T) {
	for name, want := range map[string]bool{
		"logs": true, "a": true, "A-Z_0.9": true, strings.Repeat("x", 249): true, "...": true,
		"": false, ".": false, "..": false, strings.Repeat("x", 250): false, "a b": false, "a/b": false, "ä": false, "a:b": false, "@": false, "[": false, "`": false, "{": false,
	} {
		if ValidTopic(name) != want {
			t.Errorf("%q is valid: %v", name, !want)
		}
	}
}
