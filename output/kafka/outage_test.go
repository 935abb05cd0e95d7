package kafka

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/twmb/franz-go/pkg/kfake"
)

// attemptsTake is the least time that n attempts of one loop take, after the
// first few, when the pauses have grown to cfg's largest.
func attemptsTake(cfg *Config, n int) time.Duration {
	const growing = 6 // 10, 20, 40, 50 ms: more than are needed
	return time.Duration(max(n-growing, 0)) * cfg.BackoffMax / 2
}

// at is a place of a topic.
func at(partition int) place { return place{topic, partition} }

// However the broker is down, logcar tries at the pace of its back-off and says
// so in a few lines.
func TestOutageIsQuietAndCheap(t *testing.T) {
	const attempts = 20
	for _, c := range []struct {
		name   string
		cause  string
		silent bool
		// addr is a host that is down in some way, and the number of
		// connections that were made to it.
		addr func(t *testing.T) (string, func() int)
	}{
		{"refuses", "the broker refuses connections", false, func(t *testing.T) (string, func() int) {
			return refusedPort(t).addr, func() int { return 0 }
		}},
		{"takes connections and closes them", "the broker closes connections before it says a word", false, func(t *testing.T) (string, func() int) {
			return closingListener(t)
		}},
		{"takes connections and says nothing", "the broker does not answer in time", true, func(t *testing.T) (string, func() int) {
			addr, accepted := silentListener(t)
			return addr, func() int { return len(accepted) }
		}},
		{"is not Kafka", "what answers is not a Kafka broker", false, func(t *testing.T) (string, func() int) { return babblingListener(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr, connections := c.addr(t)
			cfg := testConfig(addr)
			if c.silent {
				cfg.Timeout = 50 * time.Millisecond
			}
			r := newRig(t, cfg)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			r.send(0, 10, 100)
			eventually(t, "many attempts have failed", func() bool { return r.Stats().Errors >= attempts })
			if d, least := time.Since(start), attemptsTake(&cfg, attempts); d < least {
				t.Errorf("%d attempts in %v, they should take %v", attempts, d, least)
			}
			if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 64<<20 {
				t.Errorf("%d MB were allocated for %d attempts", (after.TotalAlloc-before.TotalAlloc)>>20, attempts)
			}
			if n := connections(); n > 2*attempts {
				t.Errorf("%d connections for %d attempts", n, attempts)
			}
			if n := ourGoroutines(); n > 30 {
				t.Errorf("%d goroutines", n)
			}
			l := r.lines(zapcore.DebugLevel)
			if len(l) != 1 {
				t.Fatalf("%d lines for %d attempts: %q", len(l), attempts, l)
			}
			if want := "kafka does not take events, trying again: " + c.cause; l[0] != want {
				t.Errorf("the log says %q, want %q", l[0], want)
			}
			if r.done() != 0 {
				t.Error("something was delivered to a broker that is down")
			}
			_ = r.Close(ended())
		})
	}
}

// A cluster that goes away under way is no louder, with many partitions in use.
func TestOutageUnderWay(t *testing.T) {
	const partitions = 8
	c := startCluster(t, partitions)
	cfg := testConfig(c.ListenAddrs()...)
	cfg.BulkMaxSize = 1
	r := newRig(t, cfg)
	for range 2 * partitions {
		r.send(0, 1, 100)
	}
	r.waitDone(2 * partitions)
	c.Close()
	for range partitions {
		r.send(0, 1, 100)
	}
	start, before := time.Now(), r.Stats().Errors
	const attempts = 200
	eventually(t, "many attempts have failed", func() bool { return r.Stats().Errors-before >= attempts })
	// Each lane has its own pauses, and so has the search for partitions.
	if d, least := time.Since(start), attemptsTake(&cfg, attempts/(partitions+1)); d < least {
		t.Errorf("%d attempts in %v, they should take %v", attempts, d, least)
	}
	if l := r.lines(zapcore.DebugLevel); len(l) > 3 {
		t.Errorf("%d lines: %q", len(l), l)
	}
	if n := r.Stats().InFlight; n != partitions {
		t.Errorf("%d batches in flight, want %d", n, partitions)
	}
	_ = r.Close(ended())
}

// After an outage everything that was held back arrives, and one line says so.
func TestOutageEnds(t *testing.T) {
	var g gate
	c := startCluster(t, 4, kfake.NumBrokers(1), gated(&g))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Timeout = time.Second
	r := newRig(t, cfg)
	r.send(0, 10, 100)
	r.waitDone(1)
	g.hold()
	for range 10 {
		r.send(0, 10, 100)
	}
	eventually(t, "a request has failed", func() bool { return r.Stats().Errors > 0 })
	g.release()
	r.waitDone(11)
	eventually(t, "the end of the outage is told", func() bool { return len(r.lines(zapcore.DebugLevel)) >= 2 })
	if l := r.lines(zapcore.DebugLevel); len(l) != 2 || l[1] != "kafka takes events again" {
		t.Errorf("log: %q", l)
	}
	r.finish()
	r.checkStored(c, once)
}

func TestOutageLines(t *testing.T) {
	causes := map[string]*cause{}
	const warn, info = "kafka does not take events, trying again: ", "kafka takes events again"
	failed := func(o *outage, lane int, what string) {
		c := causes[what]
		if c == nil {
			c = &cause{what: what}
			causes[what] = c
		}
		o.failed(incident{cause: c, err: errors.New("x"), place: at(lane)})
	}
	for _, c := range []struct {
		name string
		play func(o *outage)
		want []string
	}{
		{"one line at the start", func(o *outage) {
			for range 1000 {
				failed(o, 0, "a")
				<-time.After(10 * time.Millisecond)
			}
		}, []string{warn + "a"}},
		{"one more each half minute", func(o *outage) {
			for range 10 * 60 {
				failed(o, 0, "a")
				<-time.After(time.Second)
			}
		}, repeat(20, warn+"a")},
		{"one line for all lanes", func(o *outage) {
			for range 10 {
				for lane := range 16 {
					failed(o, lane, "a")
				}
				<-time.After(time.Second)
			}
			for lane := range 16 {
				o.ok(at(lane))
			}
		}, []string{warn + "a", info}},
		{"not over before all lanes are well", func(o *outage) {
			failed(o, 0, "a")
			failed(o, 1, "a")
			o.ok(at(0))
			o.ok(at(2))
		}, []string{warn + "a"}},
		{"a new cause is told", func(o *outage) {
			failed(o, 0, "a")
			<-time.After(6 * time.Second)
			failed(o, 0, "b")
			o.ok(at(0))
		}, []string{warn + "a", warn + "b", info}},
		{"causes that alternate do not flood", func(o *outage) {
			for i := range 1000 { // 10 s
				failed(o, 0, fmt.Sprint(i%2))
				<-time.After(10 * time.Millisecond)
			}
		}, []string{warn + "0", warn + "1"}},
		{"flapping does not flood", func(o *outage) {
			for range 290 { // 2.9 s
				failed(o, 0, "a")
				o.ok(at(0))
				<-time.After(10 * time.Millisecond)
			}
		}, []string{warn + "a", info}},
		{"success without an outage is nothing new", func(o *outage) { o.ok(at(0)); o.ok(at(noLane)) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, log := observer.New(zapcore.DebugLevel)
				c.play(newOutage(zap.New(core)))
				var got []string
				for _, e := range log.All() {
					got = append(got, e.Message)
				}
				if fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Errorf("%d lines %.200q, want %d %.200q", len(got), got, len(c.want), c.want)
				}
			})
		})
	}
}

func repeat(n int, s string) (l []string) {
	for range n {
		l = append(l, s)
	}
	return l
}

// closingListener takes connections and closes them.
func closingListener(t testing.TB) (addr string, accepted func() int) {
	return listener(t, func(conn net.Conn) { conn.Close() })
}

// babblingListener answers as a web server would.
func babblingListener(t testing.TB) (addr string, accepted func() int) {
	return listener(t, func(conn net.Conn) {
		_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
		conn.Close()
	})
}

func listener(t testing.TB, serve func(net.Conn)) (addr string, accepted func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			serve(conn)
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String(), func() int { return int(n.Load()) }
}
