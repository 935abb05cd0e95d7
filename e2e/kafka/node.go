//go:build unix

package kafka

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kgo"
)

// node is one broker and its process.
type node struct {
	id         int
	java       *java
	dir        string
	addr       string // where clients find it
	controller string // where the other controllers find it
	clusterID  string
	client     *kgo.Client // speaks to this broker alone

	cmd    *exec.Cmd     // nil before the first start
	exited chan struct{} // closed when cmd has ended
	paused bool
}

func newNodes(java *java, opts Options) ([]*node, error) {
	count := max(opts.Brokers, 1)
	addrs, err := freeAddrs(2 * count)
	if err != nil {
		return nil, err
	}
	var id [16]byte
	rand.Read(id[:])
	nodes := make([]*node, count)
	for i := range nodes {
		n := &node{
			id: i, java: java,
			dir:        filepath.Join(opts.Dir, fmt.Sprintf("broker-%d", i)),
			addr:       addrs[2*i],
			controller: addrs[2*i+1],
			clusterID:  base64.RawURLEncoding.EncodeToString(id[:]),
		}
		if n.client, err = newClient(n.addr); err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	for _, n := range nodes {
		if err := n.writeProperties(nodes, opts.Config); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// freeAddrs finds loopback ports on which nobody listens. They lie below the
// range from which systems take ports for outgoing connections: in there, a
// client that dials a stopped broker's port may be given that very port as its
// own, and find itself connected to itself.
func freeAddrs(count int) ([]string, error) {
	const low, high = 15000, 32000
	var addrs []string
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", low+mathrand.IntN(high-low))
		if slices.Contains(addrs, addr) {
			continue
		}
		listener, err := net.Listen("tcp", addr)
		if err != nil || listener.Close() != nil {
			continue
		}
		if addrs = append(addrs, addr); len(addrs) == count {
			return addrs, nil
		}
	}
	return nil, fmt.Errorf("find free ports: none between %d and %d", low, high)
}

func (n *node) properties() string { return filepath.Join(n.dir, "server.properties") }
func (n *node) logFile() string    { return filepath.Join(n.dir, "server.log") }
func (n *node) dataDir() string    { return filepath.Join(n.dir, "data") }

func (n *node) writeProperties(nodes []*node, extra map[string]string) error {
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return fmt.Errorf("configure broker %d: %w", n.id, err)
	}
	props := n.defaults(nodes)
	maps.Copy(props, extra)
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(props)) {
		fmt.Fprintf(&text, "%s=%s\n", key, props[key])
	}
	if err := os.WriteFile(n.properties(), []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("configure broker %d: %w", n.id, err)
	}
	return nil
}

// defaults are the properties of a small broker that starts, fails over and
// forms consumer groups in seconds.
func (n *node) defaults(nodes []*node) map[string]string {
	var voters []string
	for _, v := range nodes {
		voters = append(voters, fmt.Sprintf("%d@%s", v.id, v.controller))
	}
	replicas, insync := "1", "1"
	if len(nodes) >= 3 {
		replicas, insync = "3", "2"
	}
	return map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        fmt.Sprint(n.id),
		"controller.quorum.voters":       strings.Join(voters, ","),
		"controller.listener.names":      "CONTROLLER",
		"listeners":                      "PLAINTEXT://" + n.addr + ",CONTROLLER://" + n.controller,
		"advertised.listeners":           "PLAINTEXT://" + n.addr,
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs":                       n.dataDir(),

		"default.replication.factor":                       replicas,
		"min.insync.replicas":                              insync,
		"offsets.topic.replication.factor":                 replicas,
		"offsets.topic.num.partitions":                     "1",
		"transaction.state.log.replication.factor":         replicas,
		"transaction.state.log.min.isr":                    insync,
		"transaction.state.log.num.partitions":             "1",
		"share.coordinator.state.topic.replication.factor": replicas,
		"share.coordinator.state.topic.min.isr":            insync,
		"share.coordinator.state.topic.num.partitions":     "1",

		"group.initial.rebalance.delay.ms": "0",
		"broker.heartbeat.interval.ms":     "500",
		"broker.session.timeout.ms":        "3000",
		"replica.lag.time.max.ms":          "5000",
		"num.network.threads":              "2",
		"num.io.threads":                   "4",
		// By default each broker sets 128 MB of its heap aside for compaction.
		"log.cleaner.dedupe.buffer.size": "2097152",
	}
}

// format writes the metadata without which a broker refuses its data folder. The
// nodes are formatted at once, for most of it is the start of a Java machine.
func format(ctx context.Context, nodes []*node) error {
	errs := make(chan error, len(nodes))
	for _, n := range nodes {
		go func() {
			_, err := n.java.run(ctx, "kafka.tools.StorageTool",
				"format", "--config="+n.properties(), "--cluster-id="+n.clusterID) // it may begin with a dash
			errs <- err
		}()
	}
	var all error
	for range nodes {
		all = errors.Join(all, <-errs)
	}
	return all
}

func (n *node) start() error {
	if n.running() {
		return fmt.Errorf("start broker %d: it is running", n.id)
	}
	log, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("start broker %d: %w", n.id, err)
	}
	defer log.Close() // the process has its own copy
	// Not bound to a context: a broker lives until the test ends it.
	cmd := n.java.command(context.Background(), "info", "kafka.Kafka", n.properties())
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start broker %d: %w", n.id, err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended stands in its log
		close(exited)
	}()
	n.cmd, n.exited, n.paused = cmd, exited, false
	return nil
}

// ready waits until the broker itself answers and knows of so many brokers.
func (n *node) ready(ctx context.Context, brokers int) error {
	err := poll(ctx, func() error {
		if !n.running() {
			return fatalError{errors.New("it ended")}
		}
		meta, err := metadata(ctx, n.client, "")
		if err != nil {
			return err
		}
		if len(meta.Brokers) < brokers {
			return fmt.Errorf("it knows of %d brokers", len(meta.Brokers))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for broker %d: %w; %s", n.id, err, logTail(n.logFile()))
	}
	return nil
}

func (n *node) running() bool {
	if n.cmd == nil {
		return false
	}
	select {
	case <-n.exited:
		return false
	default:
		return true
	}
}

func (n *node) signal(s syscall.Signal) error {
	if !n.running() {
		return fmt.Errorf("send %v to broker %d: it is not running", s, n.id)
	}
	if err := n.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("send %v to broker %d: %w", s, n.id, err)
	}
	return nil
}

func (n *node) kill() error {
	if err := n.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-n.exited
	return nil
}

// stop kills the broker when it is still there at the end of ctx, and says so.
func (n *node) stop(ctx context.Context) error {
	if n.paused {
		if err := n.resume(); err != nil {
			return err
		}
	}
	if err := n.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-n.exited:
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("stop broker %d: %w; %s", n.id, ctx.Err(), logTail(n.logFile())), n.kill())
	}
}

func (n *node) pause() error {
	if err := n.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	n.paused = true
	return nil
}

func (n *node) resume() error {
	if err := n.signal(syscall.SIGCONT); err != nil {
		return err
	}
	n.paused = false
	return nil
}
