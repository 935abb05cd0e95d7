//go:build e2e && unix

package e2e

import (
	"strings"

	"github.com/logcar/logcar/e2e/kafka"
)

// The spellings of one job that filebeat.yml files are found in. The first is
// the one that logcar exists for, as its owner wrote it for Filebeat 6.0.
const (
	prospectors = `
filebeat.prospectors:
- input_type: log
  fields:
    namespace: dac-prod
    service-name: dac-config-server
    #pod-ip:
  paths:
    - "PATHS"
  multiline:
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}'
    negate: true
    match: after
`
	logInput = `
filebeat.inputs:
- type: log
  fields:
    namespace: dac-prod
    service-name: dac-config-server
  paths: ["PATHS"]
  multiline:
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}'
    negate: true
    match: after
`
	filestream = `
filebeat.inputs:
- type: filestream
  id: dac-config-server
  fields:
    namespace: dac-prod
    service-name: dac-config-server
  paths: ["PATHS"]
  parsers:
  - multiline:
      type: pattern
      pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}'
      negate: true
      match: after
`
	ownersOutput = `
#output.elasticsearch:
output.kafka:
  hosts: [HOSTS]
  topic: TOPIC
  required_acks: 1
  compression: gzip
# Available log levels are: critical, error, warning, info, debug
logging.level: info
`
)

// configuration fills in an input's paths and an output's hosts and topic.
func configuration(input, output, paths string, cluster *kafka.Cluster, topic string) string {
	hosts := `"` + strings.Join(cluster.Bootstrap(), `", "`) + `"`
	return strings.NewReplacer("PATHS", paths, "HOSTS", hosts, "TOPIC", topic).Replace(input + output)
}
