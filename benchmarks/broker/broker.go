// Package broker is a Kafka that stores nothing and costs little: franz-go's
// in-process cluster in a process of its own, so that the processor time of
// whatever is measured is not mixed with the broker's. It counts what arrives
// and, if asked, keeps the record batches in a file with their time of arrival.
//
// It must never know who produces, and why.
package broker

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Topic is the one topic.
const Topic = "applog"

// Stats is what arrived since the start or the last reset.
type Stats struct {
	Requests int64 `json:"requests"` // produce requests
	Batches  int64 `json:"batches"`
	Records  int64 `json:"records"` // accepted; the others count what was sent
	// BatchBytes is the size of the record batches, WireBytes everything that
	// the clients sent, other requests included.
	BatchBytes int64 `json:"batch_bytes"`
	WireBytes  int64 `json:"wire_bytes"`
	// First and Last are the Unix times, in nanoseconds, of the first and the
	// latest record batch, taken right before it is answered; 0 if there is none.
	First int64 `json:"first"`
	Last  int64 `json:"last"`

	// Error says why the kept batches are not complete.
	Error string `json:"error,omitempty"`
}

// greeting is the first line that the process prints.
type greeting struct {
	Addr string `json:"addr"`
}

// Main is the process: it prints a JSON line with the address that it listens
// on, answers each line "stats" or "reset" on stdin with a JSON line of Stats,
// and ends with stdin. It returns the exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("broker", flag.ContinueOnError)
	flags.SetOutput(stderr)
	partitions := flags.Int("partitions", 3, "partitions of topic "+Topic)
	keep := flags.String("keep", "", "`file` to keep the record batches in")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return 2
	}
	if err := serve(*partitions, *keep, stdin, stdout); err != nil {
		fmt.Fprintln(stderr, "broker:", err)
		return 1
	}
	return 0
}

func serve(partitions int, keep string, in io.Reader, out io.Writer) (err error) {
	s := &server{}
	if keep != "" {
		if s.kept, err = create(keep); err != nil {
			return err
		}
	}
	s.cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.BlackholeProduce(),
		kfake.SeedTopics(int32(partitions), Topic), kfake.ListenFn(s.listen))
	if err != nil {
		return errors.Join(fmt.Errorf("start: %w", err), s.kept.close())
	}
	s.cluster.ControlKey(int16(kmsg.Produce), s.observe)
	if err = offerOldProduce(s.cluster); err == nil {
		s.wire.Store(0) // that was this process asking
		err = s.converse(in, json.NewEncoder(out))
	}
	s.cluster.Close()
	return errors.Join(err, s.kept.close())
}

type server struct {
	cluster *kfake.Cluster
	wire    atomic.Int64

	mu      sync.Mutex
	stats   Stats // but Records and WireBytes
	records int64 // before the last reset
	kept    *writer
}

func (s *server) converse(in io.Reader, out *json.Encoder) error {
	if err := out.Encode(greeting{s.cluster.ListenAddrs()[0]}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		switch lines.Text() {
		case "reset":
			s.reset()
		case "stats":
		default:
			return fmt.Errorf("unknown command %q", lines.Text())
		}
		if err := out.Encode(s.snapshot()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (s *server) reset() {
	stored := s.stored()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats, s.records = Stats{}, stored
	s.wire.Store(0)
}

func (s *server) snapshot() Stats {
	stored := s.stored() // not under the lock: the cluster may be waiting for it
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.stats
	now.Records, now.WireBytes = stored-s.records, s.wire.Load()
	if s.kept != nil && s.kept.err != nil {
		now.Error = s.kept.err.Error()
	}
	return now
}

// stored is how many records the partitions have accepted.
func (s *server) stored() (n int64) {
	for _, p := range s.cluster.PartitionInfos(Topic) {
		n += p.HighWatermark
	}
	return n
}

// observe sees every produce request right before the cluster answers it.
func (s *server) observe(request kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // kfake's signature
	now := time.Now().UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Requests++
	for _, topic := range request.(*kmsg.ProduceRequest).Topics {
		for _, p := range topic.Partitions {
			s.stats.Batches++
			s.stats.BatchBytes += int64(len(p.Records))
			s.stats.Last = now
			if s.stats.First == 0 {
				s.stats.First = now
			}
			s.kept.add(now, p.Records)
		}
	}
	return nil, nil, false
}

func (s *server) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	return listener{l, &s.wire}, err
}

// A listener's connections count what they read.
type listener struct {
	net.Listener
	read *atomic.Int64
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return conn{c, l.read}, err
}

type conn struct {
	net.Conn
	read *atomic.Int64
}

func (c conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}
