package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"golang.org/x/sys/unix"
)

const confirmedNothing = "kafka has confirmed nothing for long: "

// impatientRig has a watchdog that barks soon.
func impatientRig(t testing.TB, cfg Config) *rig {
	r := newRig(t, cfg)
	r.stallLimit = 500 * time.Millisecond
	return r
}

// bark waits until the watchdog has named a cause, and returns that line. Its
// first may come before anything has failed.
func (r *rig) bark(cause string) (bark observer.LoggedEntry) {
	r.t.Helper()
	eventually(r.t, "the watchdog names "+cause, func() bool {
		for _, bark = range r.log.FilterLevelExact(zapcore.ErrorLevel).All() {
			if bark.ContextMap()["cause"] == cause {
				return true
			}
		}
		return false
	})
	return bark
}

// Whatever keeps events from being confirmed has a name, a place and a remedy;
// and when it is over they go out without a restart.
func TestWatchdogNamesTheCause(t *testing.T) {
	server, client := certificate(t)
	one := func(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
		return startCluster(t, 1, append(opts, kfake.NumBrokers(1))...)
	}
	config := func(c *kfake.Cluster) Config { return testConfig(c.ListenAddrs()...) }
	faulty := func(t *testing.T, e *kerr.Error) (Config, func()) {
		c := one(t)
		fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: -1})
		return config(c), func() { fault.Remove() }
	}
	for _, c := range []struct {
		name, cause, what string
		nowhere           bool // no partition is known
		// start returns a configuration with which nothing gets through, and how
		// that ends; nil: it does not.
		start func(t *testing.T) (Config, func())
	}{
		{"name", "name_resolution", "the broker's name cannot be resolved", true, func(*testing.T) (Config, func()) {
			return testConfig("broker.invalid:9092"), nil
		}},
		{"refused", "dial", "the broker refuses connections", true, func(t *testing.T) (Config, func()) {
			p := refusedPort(t)
			return testConfig(p.addr), func() {
				l, err := p.listen()
				if err != nil {
					t.Fatal(err)
				}
				one(t, onListener(l))
			}
		}},
		{"unreachable", "dial", "the broker cannot be reached", true, func(t *testing.T) (Config, func()) {
			cfg := testConfig(deafPort(t))
			cfg.Timeout = 100 * time.Millisecond
			return cfg, nil
		}},
		{"advertised name", "advertised_listeners", "the cluster answers, and the broker that it names cannot be reached", false, func(t *testing.T) (Config, func()) {
			return advertised(t, "broker.invalid", 9092)
		}},
		{"advertised port", "advertised_listeners", "the cluster answers, and the broker that it names cannot be reached", false, func(t *testing.T) (Config, func()) {
			a := netip.MustParseAddrPort(refusedPort(t).addr)
			return advertised(t, a.Addr().String(), int32(a.Port()))
		}},
		{"unknown authority", "tls", "TLS fails", true, func(t *testing.T) (Config, func()) {
			cfg := config(one(t, kfake.TLS(server)))
			cfg.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
			return cfg, nil
		}},
		{"plain text to TLS", "closed", "the broker closes connections before it says a word", true, func(t *testing.T) (Config, func()) {
			return config(one(t, kfake.TLS(server))), nil
		}},
		{"TLS to plain text", "closed", "the broker closes connections before it says a word", true, func(t *testing.T) (Config, func()) {
			addr, _ := listener(t, func(conn net.Conn) { // as a broker does that takes the greeting for a huge request
				_, _ = conn.Read(make([]byte, 1<<10))
				conn.Close()
			})
			cfg := testConfig(addr)
			cfg.TLS = client
			return cfg, nil
		}},
		{"plain text to TLS that answers", "tls", "the broker speaks TLS", true, func(t *testing.T) (Config, func()) {
			addr, _ := listener(t, func(conn net.Conn) {
				_, _ = conn.Write([]byte{21, 3, 3, 0, 2, 2, 10}) // an alert
				conn.Close()
			})
			return testConfig(addr), nil
		}},
		{"password", "login", "the login failed", true, func(t *testing.T) (Config, func()) {
			cfg := config(one(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "logcar", "secret")))
			cfg.SASL = SASL{Mechanism: "SCRAM-SHA-256", Username: "logcar", Password: "guessed"}
			return cfg, nil
		}},
		{"not allowed", "authorization", "not allowed to write to the topic", false, func(t *testing.T) (Config, func()) {
			return faulty(t, kerr.TopicAuthorizationFailed)
		}},
		{"replicas", "replicas", "too few replicas are in sync for required_acks", false, func(t *testing.T) (Config, func()) {
			return faulty(t, kerr.NotEnoughReplicas)
		}},
		{"quota error", "throttled", "the broker throttles by its quota", false, func(t *testing.T) (Config, func()) {
			return faulty(t, kerr.ThrottlingQuotaExceeded)
		}},
		{"refused events", "refused", "the broker refuses events for good", false, func(t *testing.T) (Config, func()) {
			return faulty(t, kerr.InvalidRecord)
		}},
		{"no leader", "no_leader", "no leader is known for the partition", false, func(t *testing.T) (Config, func()) {
			c := one(t)
			var healthy atomic.Bool
			c.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				if healthy.Load() {
					return nil, nil, false
				}
				return metadataWithout(c, r.(*kmsg.MetadataRequest), 0), nil, true
			})
			return config(c), func() { healthy.Store(true) }
		}},
		{"no topic", "unknown_topic", "the topic does not exist", true, func(t *testing.T) (Config, func()) {
			c := startCluster(t, 0, kfake.NumBrokers(1))
			return config(c), func() {
				if err := c.CreateTopic(topic, 1, nil); err != nil {
					t.Error(err)
				}
			}
		}},
		{"silent from the start", "no_answer", "the broker does not answer in time", true, func(t *testing.T) (Config, func()) {
			addr, _ := silentListener(t)
			return testConfig(addr), nil
		}},
		{"silent to produce requests", "no_answer", "the broker does not answer in time", false, func(t *testing.T) (Config, func()) {
			c := one(t)
			var healthy atomic.Bool
			c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				return nil, nil, !healthy.Load()
			})
			return config(c), func() { healthy.Store(true) }
		}},
		{"web server", "not_kafka", "what answers is not a Kafka broker", true, func(t *testing.T) (Config, func()) {
			addr, _ := babblingListener(t)
			return testConfig(addr), nil
		}},
		{"hangs up", "closed", "the broker closes connections before it says a word", true, func(t *testing.T) (Config, func()) {
			addr, _ := closingListener(t)
			return testConfig(addr), nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, heal := c.start(t)
			r := impatientRig(t, cfg)
			r.send(0, 10, 100)
			bark := r.bark(c.cause)
			fields := bark.ContextMap()
			if bark.Message != confirmedNothing+c.what {
				t.Errorf("the log says %q, %v; want %s", bark.Message, fields, c.what)
			}
			for _, name := range []string{"error", "broker", "remedy", "for"} {
				if fields[name] == nil || fields[name] == "" {
					t.Errorf("the line has no %s: %v", name, fields)
				}
			}
			if _, known := fields["partition"]; known == c.nowhere || fields["topic"] != topic {
				t.Errorf("the place is told as %v", fields)
			}
			if s := r.Stats(); s.StallCause != c.cause || s.Stalled != c.what || s.Unconfirmed < r.stallLimit {
				t.Errorf("%+v", s)
			}
			if c.cause != "throttled" {
				eventually(t, "connections are made anew", func() bool { return r.Stats().Reconnects > 0 })
			}
			if heal == nil {
				_ = r.Close(ended())
				return
			}
			heal()
			r.waitDone(1)
			if s := r.Stats(); s.Stalled != "" || s.StallCause != "" || s.Unconfirmed != 0 || s.Failing != 0 {
				t.Errorf("afterwards: %+v", s)
			}
			if l := r.lines(zapcore.InfoLevel); l[len(l)-1] != "kafka takes events again" {
				t.Errorf("log: %q", l)
			}
			r.finish()
		})
	}
}

// advertised is a cluster that tells another address for its broker than the one
// by which it was found, until it is put right.
func advertised(t *testing.T, host string, port int32) (Config, func()) {
	c := startCluster(t, 1, kfake.NumBrokers(1))
	var healthy atomic.Bool
	c.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if healthy.Load() {
			return nil, nil, false
		}
		res := metadataWithout(c, r.(*kmsg.MetadataRequest), -1).(*kmsg.MetadataResponse)
		res.Brokers[0].Host, res.Brokers[0].Port = host, port
		return res, nil, true
	})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Acks = AcksLeader // else the producer id is asked for first, where the cluster was found
	return cfg, func() { healthy.Store(true) }
}

// deafPort is an address where connections are neither taken nor refused: its
// queue is full.
func deafPort(t *testing.T) string {
	t.Helper()
	p := refusedPort(t)
	if err := unix.Listen(p.fd, 0); err != nil {
		t.Fatal(err)
	}
	for {
		conn, err := net.DialTimeout("tcp", p.addr, 50*time.Millisecond)
		if err != nil {
			return p.addr
		}
		t.Cleanup(func() { conn.Close() })
	}
}

// A firewall forgets the connections, and drops what comes over them without a
// word. No request is given up by itself here: it takes the watchdog to find new
// ones.
func TestWatchdogHealsBlackHole(t *testing.T) {
	for _, c := range []struct {
		name string
		lost direction
		tls  bool
	}{
		{"requests are lost", requests, false},
		{"replies are lost", replies, false},
		{"all is lost, within TLS", requests | replies, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var g gate
			opts := []kfake.Opt{kfake.NumBrokers(1), gated(&g)}
			server, client := certificate(t)
			if c.tls {
				opts[1] = kfake.ListenFn(func(network, address string) (net.Listener, error) {
					l, err := net.Listen(network, address)
					return tls.NewListener(gatedListener{l, &g}, server), err
				})
			}
			cluster := startCluster(t, 4, opts...)
			cfg := testConfig(cluster.ListenAddrs()...)
			cfg.Timeout, cfg.BrokerTimeout, cfg.BulkMaxSize = time.Hour, time.Hour, 1
			if c.tls {
				cfg.TLS = client
			}
			r := impatientRig(t, cfg)
			r.stallLimit = time.Second
			r.send(0, 20, 100)
			r.waitDone(1)
			g.swallow(c.lost)
			r.send(0, 8, 100)
			r.waitDone(2)
			if s := r.Stats(); s.Reconnects != 1 {
				t.Errorf("%d reconnects, want 1", s.Reconnects)
			}
			if l := r.lines(zapcore.DebugLevel); !slices.Equal(l, []string{confirmedNothing + "the broker does not answer in time", "kafka takes events again"}) {
				t.Errorf("log: %+v", r.log.All())
			}
			r.finish()
			r.checkStored(cluster, once, kgo.DialTLSConfig(cfg.TLS))
		})
	}
}

// A broker that throttles a client says for how long, and does not listen
// meanwhile.
func TestWatchdogKnowsThrottling(t *testing.T) {
	c := startCluster(t, 1, kfake.NumBrokers(1))
	var throttled atomic.Bool
	var requests atomic.Int32
	c.ControlKey(int16(kmsg.Produce), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if requests.Add(1) == 1 {
			res := answer(kreq.(*kmsg.ProduceRequest), 0).(*kmsg.ProduceResponse)
			res.ThrottleMillis = 60_000
			throttled.Store(true)
			return res, nil, true
		}
		return nil, nil, true // it is read when the time is over
	})
	cfg := testConfig(c.ListenAddrs()...)
	r := impatientRig(t, cfg)
	r.send(0, 1, 100)
	r.waitDone(1)
	r.send(0, 1, 100)
	if bark := r.bark("throttled"); bark.Message != confirmedNothing+"the broker throttles by its quota" {
		t.Errorf("the log says %q", bark.Message)
	}
	if s := r.Stats(); s.Reconnects != 0 || s.StallCause != "throttled" {
		t.Errorf("%+v", s)
	}
	_ = r.Close(ended())
}

// The pauses between its lines grow, and it starts anew with the next stall.
func TestWatchdogPauses(t *testing.T) {
	addr := refusedPort(t).addr
	synctest.Test(t, func(t *testing.T) {
		cfg := Defaults()
		cfg.Hosts, cfg.Topic = []string{addr}, topic
		core, log := observer.New(zapcore.ErrorLevel)
		s, err := New(cfg, newEncoder(), zap.New(core))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := s.Send(t.Context(), newFeed().batch(0, 1, 100)); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		last, limit := start, stallLimit
		for n, e := range log.All() {
			at := e.ContextMap()["for"].(time.Duration)
			gap := start.Add(at).Sub(last)
			last = start.Add(at)
			if n == 0 && (gap < limit || gap > limit+time.Second) || n > 0 && (gap < limit/2 || gap > limit+time.Second) {
				t.Errorf("line %d after %v, want up to %v", n, gap, limit)
			}
			if n < stallDoublings {
				limit *= 2
			}
		}
		if n := log.Len(); n < 8 || n > 16 {
			t.Errorf("%d lines in an hour", n)
		}
		_ = s.Close(ended())
	})
}

// A sink with nothing to send is not woken.
func TestWatchdogSleepsWithNothingToSend(t *testing.T) {
	c := startCluster(t, 1)
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	onProduce(c, func(*kmsg.ProduceRequest) int16 {
		arrived <- struct{}{}
		c.SleepControl(func() { <-release })
		return 0
	})
	r := newRig(t, testConfig(c.ListenAddrs()...))
	running := func() bool {
		r.Sink.mu.Lock()
		defer r.Sink.mu.Unlock()
		if !r.watchdog.Stop() {
			return false
		}
		r.watchdog.Reset(r.stallLimit)
		return true
	}
	if running() {
		t.Error("before the first event")
	}
	for n := range 3 {
		r.send(0, 1, 100)
		await(t, "the request", arrived)
		if !running() {
			t.Error("not with a request under way")
		}
		release <- struct{}{}
		r.waitDone(n + 1)
		eventually(t, "nothing is in flight", func() bool { return r.Stats().InFlight == 0 })
		if running() {
			t.Error("with nothing to send")
		}
	}
	r.finish()
}

// Something that gets through keeps the watchdog quiet, however much else fails.
func TestWatchdogIsQuietWhileAnythingGetsThrough(t *testing.T) {
	c := startCluster(t, 4)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Partitions: []int32{0}, Err: kerr.NotEnoughReplicas, Count: -1})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = 1
	r := impatientRig(t, cfg)
	begin := time.Now()
	for n := 0; time.Since(begin) < 3*r.stallLimit || r.Stats().Failing == 0; n++ {
		r.send(0, 1, 100)
		r.waitDone(n)
	}
	if s := r.Stats(); s.Stalled != "" || s.Reconnects != 0 || s.Failing != 1 {
		t.Errorf("%+v", s)
	}
	if l := r.lines(zapcore.ErrorLevel); len(l) > 0 {
		t.Errorf("log: %q", l)
	}
	_ = r.Close(ended())
}

// Every cause has a name that alerts may ask for, and tells what to do.
func TestCausesAreWhole(t *testing.T) {
	for _, c := range []*cause{
		causeName, causeRefused, causeDial, causeAdvertised, causeTLS, causeIsTLS, causeLogin, causeForbidden, causeNoLeader, causeMoving,
		causeReplicas, causeSlowReplicas, causeNoTopic, causeTooLarge, causeThrottled, causeSilent, causeClosed, causeHungUp, causeNotKafka, causeRejected, causeFinal, causeOther,
	} {
		if c.name == "" || c.what == "" || c.remedy == "" || strings.Trim(c.name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("%s", fmt.Sprintf("%+v", *c))
		}
	}
}
