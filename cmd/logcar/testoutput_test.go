package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

func TestTestOutputKafka(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	host := c.ListenAddrs()[0]
	p := newPod(t, "output.kafka: {topic: logs, hosts: ['"+host+"']}")
	works := `kafka: HOST...
  parse host... OK
  dns lookup... OK (127.0.0.1)
  dial up... OK
  API versions... OK
topic logs...
  exists... OK
  leaders... OK (2 partitions on 1 brokers)
  message size limit... OK (1048588 bytes, batches have up to 1000000)
`
	p.wantTool("test output", 0, strings.ReplaceAll(works, "HOST", host), "")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	p.wantTool("test output -E output.kafka.hosts=["+nobody+"]", 1, strings.ReplaceAll(`kafka: HOST...
  parse host... OK
  dns lookup... OK (127.0.0.1)
  dial up... ERROR the broker refuses connections: dial tcp HOST: connect: connection refused
`, "HOST", nobody), "Exiting: test output: 1 of 3 checks failed\n")
}

func TestTestOutputFile(t *testing.T) {
	p := newPod(t, "output.file: {path: DIR/out/docs}")
	p.wantTool("test output", 0, "file: DIR/out/docs...\n  directory is writable... OK (it does not exist yet and can be made)\n", "")
	if _, err := os.Stat(filepath.Join(p.dir, "out")); err == nil {
		t.Error("the directory was made")
	}
	if err := os.MkdirAll(filepath.Join(p.dir, "out", "docs"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.wantTool("test output", 0, "file: DIR/out/docs...\n  directory is writable... OK\n", "")
	if left, err := os.ReadDir(filepath.Join(p.dir, "out", "docs")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	p.wantTool("test output -E output.file.path="+p.config, 1, "file: DIR/filebeat.yml...\n  directory is writable... ERROR not a directory\n", "Exiting: test output: 1 of 1 checks failed\n")
}

func TestTestOutputConsole(t *testing.T) {
	newPod(t).wantTool("test output", 0, "console: standard output... OK (nothing to test)\n", "")
}
