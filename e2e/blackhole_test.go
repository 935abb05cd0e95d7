//go:build e2e && unix

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// asBlackhole is the argument that turns this test binary into a broker.
const asBlackhole = "a-blackhole"

// blackholeTopic is its one topic.
const blackholeTopic = "applog"

// A blackhole is a Kafka that counts what it confirms and keeps nothing: franz-go's
// in-process cluster, in a process of its own so that its memory is not mixed
// with anybody's, and it takes as much as logcar can send.
type blackhole struct {
	t       *testing.T
	hosts   string
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// freePort is one that nobody listens on, for a broker that comes later.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// startBlackhole starts one that ends with the test.
func startBlackhole(t *testing.T, port int) *blackhole {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &blackhole{t: t, hosts: fmt.Sprintf("127.0.0.1:%d", port), process: exec.Command(self, asBlackhole, strconv.Itoa(port))}
	b.process.Stderr = os.Stderr
	if b.in, err = b.process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := b.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.process.Start(); err != nil {
		t.Fatal(err)
	}
	b.out = bufio.NewScanner(out)
	t.Cleanup(func() {
		b.in.Close()
		if err := b.process.Wait(); err != nil {
			t.Errorf("the broker ended with %v", err)
		}
	})
	b.ask("hello")
	return b
}

// delivered is how many records it has confirmed.
func (b *blackhole) delivered() int {
	b.t.Helper()
	n, err := strconv.Atoi(b.ask("count"))
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *blackhole) ask(question string) string {
	b.t.Helper()
	if _, err := io.WriteString(b.in, question+"\n"); err != nil {
		b.t.Fatal(err)
	}
	if !b.out.Scan() {
		b.t.Fatalf("the broker does not answer: %v", b.out.Err())
	}
	return b.out.Text()
}

// blackholeMain is the broker's process. It answers each line of stdin with how
// many records there are, and ends with it.
func blackholeMain(args []string) error {
	port, err := strconv.Atoi(strings.Join(args, " "))
	if err != nil {
		return err
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.BlackholeProduce(), kfake.SeedTopics(3, blackholeTopic))
	if err != nil {
		return err
	}
	defer cluster.Close()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var n int64
		for _, p := range cluster.PartitionInfos(blackholeTopic) {
			n += p.HighWatermark
		}
		if _, err := fmt.Println(n); err != nil {
			return err
		}
	}
	return nil
}
