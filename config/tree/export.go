package tree

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML prints the merged configuration, keys sorted and references as they were
// written. Secrets in the files are in it.
func (r *Root) YAML() ([]byte, error) {
	out, err := yaml.Marshal(r.top.yaml(r.top.list))
	if err != nil {
		return nil, fmt.Errorf("export configuration: %w", err)
	}
	return out, nil
}

func (n *node) yaml(asList bool) *yaml.Node {
	switch {
	case n.kind == null:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	case n.kind == scalar:
		return n.yamlScalar()
	}
	y := &yaml.Node{Kind: yaml.MappingNode}
	if asList {
		y.Kind = yaml.SequenceNode
	}
	if len(n.children) == 0 {
		y.Style = yaml.FlowStyle
	}
	for _, key := range n.keys() {
		if !asList {
			y.Content = append(y.Content, yamlString(key))
		}
		child := n.children[key]
		y.Content = append(y.Content, child.yaml(child.isList()))
	}
	return y
}

// yamlScalar writes a value so that it reads back as the same type, and as the
// same text where YAML allows both: an override's "010" is the number 8 there
// too, but its "T" is only a boolean here.
func (n *node) yamlScalar() *yaml.Node {
	if text, ok := n.value.(string); ok {
		return yamlString(text)
	}
	y := &yaml.Node{Kind: yaml.ScalarNode, Value: n.text}
	if v, err := scalarValue(y); err == nil && v == n.value {
		return y
	}
	switch v := n.value.(type) {
	case bool:
		y.Value = strconv.FormatBool(v)
	case int64:
		y.Value = strconv.FormatInt(v, 10)
	case float64:
		y.Value = strconv.FormatFloat(v, 'e', -1, 64)
	}
	return y
}

// yamlString quotes what would not read back as the same string: booleans of YAML
// 1.1, and text whose tabs or leading space the printer's block style loses.
func yamlString(s string) *yaml.Node {
	y := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	_, isBool := yamlBools[s]
	if isBool || s == "<<" || strings.Contains(s, "\t") || s != strings.TrimLeft(s, " \r\n") {
		y.Style = yaml.DoubleQuotedStyle
	}
	return y
}
