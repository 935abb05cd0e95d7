package tree_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/logcar/logcar/config/tree"
)

var inputTable = &tree.Table{Name: "input", Options: []tree.Option{
	{Name: "paths", Kind: tree.Strings, Note: "Glob patterns."},
	{Name: "close_inactive", Kind: tree.Duration, Default: "5m"},
	{Name: "harvester_buffer_size", Kind: tree.Bytes, Status: tree.NoEffect, Note: "one buffer size suits all files"},
	{Name: "fields", Kind: tree.Any},
}}

var exampleTable = &tree.Table{Name: "top", Options: []tree.Option{
	{Name: "filebeat.inputs", Kind: tree.List},
}}

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	file := filepath.Join(dir, "filebeat.yml")
	err = os.WriteFile(file, []byte(`filebeat.inputs:
- paths: ${LOGS:/var/log}/*.log
  close_inactive: 10x
  close_inactve: 1m
  harvester_buffer_size: 16384
  fields.pod_ip: ${POD_IP}
`), 0o600)
	if err != nil {
		log.Fatal(err)
	}

	root, err := tree.Load([]string{file}, []string{"filebeat.inputs.0.fields.zone=010"}, tree.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	for _, input := range root.Section("", exampleTable).List("filebeat.inputs", inputTable) {
		fmt.Println(input.Strings("paths", nil), input.Duration("close_inactive", 5*time.Minute), input.Any("fields", tree.Text))
	}
	notes, err := root.Finish()
	for _, n := range notes {
		fmt.Println(n.Severity, strings.TrimPrefix(n.Error(), dir+"/"))
	}
	fmt.Println(strings.ReplaceAll(err.Error(), dir+"/", ""))
	if err := os.RemoveAll(dir); err != nil {
		log.Fatal(err)
	}

	// Output:
	// [/var/log/*.log] 5m0s map[zone:8]
	// warning filebeat.yml:4: filebeat.inputs.0.close_inactve: unknown key; did you mean "close_inactive"?
	// notice filebeat.yml:5: filebeat.inputs.0.harvester_buffer_size: has no effect: one buffer size suits all files
	// filebeat.yml:3: filebeat.inputs.0.close_inactive: "10x" is not a duration; expected a number with a unit such as 10s or 1m30s
	// filebeat.yml:6: filebeat.inputs.0.fields.pod_ip: ${POD_IP} is not set, neither as a key of the configuration nor in the environment or keystore; ${POD_IP:value} gives it a default
}
