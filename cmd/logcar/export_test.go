package main

import "testing"

// TestExportConfig: merged, sorted, and with references as they are written.
func TestExportConfig(t *testing.T) {
	t.Setenv("BROKERS", "kafka:9092")
	p := newPod(t, "tags: [a, b]", "filebeat.inputs: [{type: log, paths: LOGS/*.log}]", "output.kafka: {topic: logs}", "output.kafka.hosts: '${BROKERS}'")
	p.wantTool("export config -E tags=[c] -E name=pod", 0, `filebeat:
    inputs:
        - paths: DIR/logs/*.log
          type: log
name: pod
output:
    kafka:
        hosts: ${BROKERS}
        topic: logs
path:
    config: ${path.home}
    data: DIR/data
    home: DIR
    logs: ${path.home}/logs
tags:
    - c
    - b
`, "")
	p.wantTool("export config -E tags=[", 1, "", "Exiting: load configuration: -E: tags: cannot read \"[\": a list needs , or ] after each value\n")
}
