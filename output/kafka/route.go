package kafka

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/processor"
)

// A Rule selects a topic, as an element of Filebeat's topics does.
type Rule struct {
	Topic string // a name, or a format string
	// Mappings are from the format's outcome to topics; without them the outcome
	// is the topic.
	Mappings map[string]string
	// Default counts when the outcome is empty, lacks a field, or is not in
	// Mappings.
	Default string
	When    *processor.Condition // nil: always
}

// rule is a Rule that is ready for use.
type rule struct {
	Rule
	format *processor.Format // nil: the topic is always Default
}

// A way is where an event goes.
type way struct {
	topic []byte
	key   []byte // nil: none
	hash  uint32 // says which partition, if bound
	bound bool
}

// nowhere says why an event has no way.
type nowhere uint8

const (
	somewhere nowhere = iota
	noTopic           // no rule has selected one
	badTopic          // no topic can have that name
	noHash            // partition.hash.random is false, and a field is missing
	lostTopic         // the topic cannot be had, see target.lost
	reasons
)

func (n nowhere) String() string {
	return [...]string{"", "no topic could be selected", "no topic can have that name", "a field that decides on the partition is missing", "the topic cannot be had"}[n]
}

// A router works out the ways of events. What depends on the configuration alone
// is settled when it is made, what depends on what a batch's events have in common
// when the batch comes, and only the rest by looking at each event.
type router struct {
	rules     []rule
	key       *processor.Format // nil: none
	partition Partition
	constant  bool // one way for all
	varies    bool // the way depends on what is each event's own

	way  way  // of the events at hand; its bytes are used again for the next
	each bool // their ways differ: each is to be asked for
	keys []byte
}

func newRouter(cfg *Config) (*router, error) {
	r := &router{partition: cfg.Partition}
	for i, from := range cfg.Topics {
		if err := r.addRule(from); err != nil {
			return nil, fmt.Errorf("kafka: topics.%d: %w", i, err)
		}
	}
	if cfg.Topic != "" {
		if err := r.addRule(Rule{Topic: cfg.Topic}); err != nil {
			return nil, fmt.Errorf("kafka: topic: %w", err)
		}
	}
	if len(r.rules) == 0 {
		return nil, errors.New("kafka: no topic")
	}
	if cfg.Key != "" {
		var err error
		if r.key, err = processor.ParseFormat(cfg.Key); err != nil {
			return nil, fmt.Errorf("kafka: key: %w", err)
		}
	}
	keyed := r.key != nil && !r.key.Constant()
	hashed := r.partition.Strategy == Hash && len(r.partition.Fields) > 0
	if r.constant = r.topicOfAll() != "" && !keyed && !hashed; r.constant {
		r.find(&processor.Document{})
	}
	r.varies = slices.ContainsFunc(r.rules, rule.varies) || keyed && r.key.Varies(output.Varies) ||
		hashed && slices.ContainsFunc(r.partition.Fields, output.Varies)
	return r, nil
}

// addRule adds a rule unless it can never select anything, or never be reached.
func (r *router) addRule(from Rule) error {
	if n := len(r.rules); n > 0 && r.rules[n-1].always() {
		return nil
	}
	format, err := processor.ParseFormat(from.Topic)
	if err != nil {
		return err
	}
	to := rule{Rule: from, format: format}
	if format.Constant() {
		name, err := format.Run(&processor.Document{})
		if err != nil {
			return err
		}
		if len(to.Mappings) > 0 {
			name = cmp.Or(to.Mappings[name], to.Default)
		} // else, as in Filebeat, the default is for what depends on events
		if name == "" {
			return nil
		}
		to.format, to.Default, to.Mappings = nil, name, nil
	}
	r.rules = append(r.rules, to)
	return nil
}

// topicOfAll is the topic that all events go to; empty when it depends on them.
func (r *router) topicOfAll() string {
	if r.rules[0].always() {
		return r.rules[0].Default
	}
	return ""
}

// always says that the rule selects one topic for all events that come to it.
func (r rule) always() bool { return r.format == nil && r.When == nil }

func (r rule) varies() bool {
	return r.format != nil && r.format.Varies(output.Varies) || r.When != nil && r.When.Varies(output.Varies)
}

// names are the topics that are known without an event, and the format strings of
// the others.
func (r *router) names() (known, formats []string) {
	for _, rule := range r.rules {
		if rule.Default != "" {
			known = append(known, rule.Default)
		}
		for _, to := range rule.Mappings {
			known = append(known, to)
		}
		if rule.format != nil && len(rule.Mappings) == 0 {
			formats = append(formats, rule.format.String())
		}
	}
	slices.Sort(known)
	return slices.Compact(known), formats
}

// start works out what b's events have in common; enc.Start(b) has been called.
func (r *router) start(enc *output.Encoder, b *event.Batch) {
	if r.constant {
		return
	}
	r.each = true
	if !r.varies {
		if d := enc.Common(b); d != nil {
			r.each = r.find(d) != somewhere
		}
	}
}

// find works out the way of a document.
func (r *router) find(d *processor.Document) nowhere {
	w := &r.way
	w.topic, w.key, w.bound = r.topic(w.topic[:0], d), nil, false
	if len(w.topic) == 0 {
		return noTopic
	}
	if !validTopic(w.topic) {
		return badTopic
	}
	if r.key != nil {
		// As in Filebeat, a key that lacks a field or is empty is none.
		key, err := r.key.Append(r.keys[:0], d)
		if err == nil && len(key) > 0 {
			w.key = key
		}
		r.keys = key
	}
	if r.partition.Strategy != Hash {
		return somewhere
	}
	if len(r.partition.Fields) == 0 {
		w.hash, w.bound = hashBytes(hashSeed, w.key), w.key != nil
		return somewhere
	}
	w.hash, w.bound = hashFields(d, r.partition.Fields)
	if !w.bound && r.partition.Strict {
		return noHash
	}
	return somewhere
}

// topic appends what the first rule says that says anything.
func (r *router) topic(dst []byte, d *processor.Document) []byte {
	for i := range r.rules {
		rule := &r.rules[i]
		if rule.When != nil && !rule.When.Check(d) {
			continue
		}
		if rule.format == nil {
			return append(dst, rule.Default...)
		}
		name, err := rule.format.Append(dst, d)
		if err != nil {
			name = name[:0]
		}
		if len(rule.Mappings) > 0 {
			name = append(name[:0], rule.Mappings[string(name)]...)
		}
		if len(name) == 0 {
			name = append(name, rule.Default...)
		}
		if len(name) > 0 {
			return name
		}
	}
	return dst
}

// ValidTopic tells whether Kafka allows a topic to have that name.
func ValidTopic(name string) bool { return validTopic(name) }

// validTopic is by org.apache.kafka.common.internals.Topic: up to 249 letters,
// digits, dots, underscores and hyphens, but for "." and "..".
func validTopic[T string | []byte](name T) bool {
	if len(name) == 0 || len(name) > 249 || string(name) == "." || string(name) == ".." {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("._-", rune(c)) {
			return false
		}
	}
	return true
}
