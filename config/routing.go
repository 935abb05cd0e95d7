package config

import (
	"strings"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/output/kafka"
	"github.com/logcar/logcar/processor"
)

// readRouting reads what says where output.kafka's events go.
func readRouting(s *tree.Section, c *kafka.Config) {
	c.Topic = topicFormat(s, "topic")
	for _, rule := range s.List("topics", &topicTable) {
		c.Topics = append(c.Topics, readRule(rule))
	}
	if c.Topic == "" && !s.Has("topics") {
		s.Errorf("topic", "no topic: expected a name, or topics")
	}
	c.Key = s.String("key", "")
	checkFormat(s, "key", c.Key)
	c.Partition = readPartition(s)
	for _, h := range s.List("headers", &headerTable) {
		c.Headers = append(c.Headers, kafka.Header{Key: h.String("key", ""), Value: h.String("value", "")})
	}
}

func readRule(s *tree.Section) kafka.Rule {
	rule := kafka.Rule{Topic: topicFormat(s, "topic"), Default: s.String("default", "")}
	if !s.Has("topic") {
		s.Errorf("topic", "no topic: expected a name")
	}
	checkTopic(s, "default", rule.Default)
	if s.Has("mappings") {
		rule.Mappings = map[string]string{}
		flattenTexts(s, rule.Mappings, "", s.Any("mappings", tree.Text))
	}
	if s.Has("when") {
		rule.When = readCondition(s, "when")
	}
	return rule
}

// flattenTexts puts a map's texts into m; dots in names have made maps of them.
func flattenTexts(s *tree.Section, m map[string]string, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			if name != "" {
				key = name + "." + key
			}
			flattenTexts(s, m, key, x)
		}
	case string:
		m[name] = v
		checkTopic(s, "mappings."+name, v)
	default:
		s.Errorf("mappings", "expected a map of values to topics")
	}
}

func readPartition(s *tree.Section) kafka.Partition {
	var p kafka.Partition
	names := s.Names("partition")
	if len(names) > 1 {
		s.Errorf("partition", "more than one strategy (%s); expected one of hash, random, round_robin", strings.Join(names, ", "))
		return p
	}
	for _, name := range names {
		switch name {
		case "hash":
			h := s.Sub("partition.hash", &hashTable)
			p.Fields = h.Strings("hash", nil)
			p.Strict = !h.Bool("random", true)
			p.ReachableOnly = h.Bool("reachable_only", false)
		case "random":
			p.Strategy = kafka.Random
			p.GroupEvents = bounded(s.Sub("partition.random", &groupTable), "group_events", 1, 1, 1<<30)
		case "round_robin":
			p.Strategy = kafka.RoundRobin
			p.GroupEvents = bounded(s.Sub("partition.round_robin", &groupTable), "group_events", 1, 1, 1<<30)
		default:
			s.Errorf("partition", "strategy %q is unknown; expected one of hash, random, round_robin", name)
		}
	}
	return p
}

// topicFormat reads a topic's name, or the format string of one.
func topicFormat(s *tree.Section, key string) string {
	text := s.String(key, "")
	if f := checkFormat(s, key, text); f != nil && f.Constant() {
		name, _ := f.Run(&processor.Document{}) // nothing in it can be missing
		checkTopic(s, key, name)
	}
	return text
}

// checkFormat says what is wrong with a format string; nil then.
func checkFormat(s *tree.Section, key, text string) *processor.Format {
	f, err := processor.ParseFormat(text)
	if err != nil {
		s.Errorf(key, "%v", err)
	}
	return f
}

func checkTopic(s *tree.Section, key, name string) {
	if name != "" && !kafka.ValidTopic(name) {
		s.Errorf(key, "%.100q cannot be the name of a topic; expected up to 249 letters, digits, dots, underscores and hyphens", name)
	}
}

// readCondition reads what stands behind "when".
func readCondition(s *tree.Section, key string) *processor.Condition {
	v, ok := s.Any(key, tree.Typed).(map[string]any)
	if !ok {
		s.Errorf(key, "expected a condition")
		return nil
	}
	c, err := processor.ParseCondition(v)
	if err != nil {
		reportProcessors(s, key, err)
		return nil
	}
	for _, n := range c.Notes() {
		s.Warnf(joinKey(key, n.Path), "%s", n.Text)
	}
	return c
}

func joinKey(key, below string) string {
	if below == "" {
		return key
	}
	return key + "." + below
}
