package config

import (
	"reflect"
	"testing"

	"github.com/logcar/logcar/output/kafka"
)

// A configuration of Filebeat's documentation, with all that says where events go.
func TestRouting(t *testing.T) {
	c := mustLoad(t, write(t, `filebeat.inputs: [paths: /a]
output.kafka:
  hosts: [k]
  topic: 'logs-%{[fields.app]}'
  topics:
    - topic: "critical-%{[agent.version]}"
      when.contains:
        message: "CRITICAL"
    - topic: "%{[fields.app]}"
      mappings:
        order: shop
        v2.order: shop2
      default: rest
  key: '%{[fields.id]}'
  partition.hash:
    hash: [fields.app, host.name]
    random: false
    reachable_only: true
  headers:
    - key: team
      value: 010
`)).Kafka
	want := kafka.Config{
		Topic: "logs-%{[fields.app]}", Key: "%{[fields.id]}", Headers: []kafka.Header{{Key: "team", Value: "010"}},
		Partition: kafka.Partition{Fields: []string{"fields.app", "host.name"}, Strict: true, ReachableOnly: true},
	}
	if c.Topic != want.Topic || c.Key != want.Key || !reflect.DeepEqual(c.Headers, want.Headers) || !reflect.DeepEqual(c.Partition, want.Partition) {
		t.Errorf("got %+v, want %+v", c, want)
	}
	if len(c.Topics) != 2 || c.Topics[0].Topic != "critical-%{[agent.version]}" || c.Topics[0].When == nil {
		t.Fatalf("topics: %+v", c.Topics)
	}
	if got := c.Topics[1]; got.Default != "rest" || !reflect.DeepEqual(got.Mappings, map[string]string{"order": "shop", "v2.order": "shop2"}) {
		t.Errorf("second rule: %+v", got)
	}
}
