//go:build e2e && unix

package e2e

import (
	"bytes"
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/logcar/logcar/e2e/kafka"
)

// TestLeaderFailover: of three brokers, the one that leads a partition dies while
// an application writes its log, and comes back later. Nothing is lost, and nothing
// is repeated.
func TestLeaderFailover(t *testing.T) {
	began := time.Now()
	step := func(what string) { t.Logf("%6.1fs %s", time.Since(began).Seconds(), what) }
	cluster, err := kafka.Start(t.Context(), kafka.Options{Brokers: 3, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	const topic, partitions = "applog", 3
	createTopic(t, cluster, topic, partitions, 3, map[string]string{"min.insync.replicas": "2"})
	dir := t.TempDir()
	log := newAppLog(t, dir, "app.log")
	const output = "output.kafka: {hosts: [HOSTS], topic: TOPIC, required_acks: -1, compression: gzip}\n"
	s := newShipper(t, configuration(logInput, output, dir+"/*.log", cluster, topic))
	s.start()
	stopWriting := writeBeside(log)
	s.await(cluster, topic, 1000)
	step("three brokers up, 1000 events delivered")

	leader, err := cluster.Leader(t.Context(), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Kill(leader); err != nil {
		t.Fatal(err)
	}
	step("a leader killed")
	eventually(t, deliverLimit, "a new leader for each partition", func() bool {
		return allPartitions(t, cluster, topic, func(p kafka.Partition) bool { return p.Leader >= 0 && p.Leader != leader })
	})
	step("new leaders")
	s.await(cluster, topic, delivered(t, cluster, topic)+1000)
	step("1000 more events delivered")
	if err := cluster.Restart(t.Context(), leader); err != nil {
		t.Fatal(err)
	}
	eventually(t, deliverLimit, "all replicas in sync", func() bool {
		return allPartitions(t, cluster, topic, func(p kafka.Partition) bool { return len(p.ISR) == 3 })
	})
	step("the old leader restarted, all replicas in sync")
	s.await(cluster, topic, delivered(t, cluster, topic)+1000)
	stopWriting()
	s.await(cluster, topic, len(log.events)-1)
	s.stop()
	step("all delivered, logcar stopped")
	checkOnce(t, consume(t, cluster, topic), log)
	step("read back: every event once")
	batches, err := cluster.Batches(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if b.ProducerID < 0 {
			t.Errorf("batch %+v bears no producer id, by which the brokers know repeats", b)
		}
	}
}

func allPartitions(t *testing.T, cluster *kafka.Cluster, topic string, ok func(kafka.Partition) bool) bool {
	t.Helper()
	partitions, err := cluster.Partitions(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range partitions {
		if !ok(p) {
			return false
		}
	}
	return true
}

// TestBrokerComesLater: the broker is down when logcar starts, then there is
// something on its port that hangs up at once, then it is back. All arrives, and
// logcar's log stays short.
func TestBrokerComesLater(t *testing.T) {
	cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
	createTopic(t, cluster, topic, 1, 1, nil)
	log := newAppLog(t, dir, "app.log")
	log.write(500)
	const output = "output.kafka: {hosts: [HOSTS], topic: TOPIC, backoff: {init: 200ms, max: 1s}}\n"
	s := newShipper(t, configuration(logInput, output, dir+"/*.log", cluster, topic))
	addr := cluster.Bootstrap()[0]

	if err := cluster.Stop(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	down := true
	t.Cleanup(func() {
		// The other tests need the broker, however this one ended.
		if down {
			if err := cluster.Restart(context.Background(), 0); err != nil {
				t.Error(err)
			}
		}
	})
	s.start()
	eventually(t, 30*time.Second, "a word about "+addr+" in logcar's log", func() bool {
		return bytes.Contains(s.log(), []byte(addr))
	})
	log.write(500)
	hangUp(t, addr, 5)
	if err := cluster.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	down = false
	s.await(cluster, topic, len(log.events)-1)
	s.stop()
	checkOnce(t, consume(t, cluster, topic), log)
	if lines := bytes.Count(s.log(), []byte("\n")); lines >= 50 {
		t.Errorf("logcar's log has %d lines, want less than 50", lines)
	}
}

// hangUp accepts connections at addr and closes them, until it has done so so
// many times.
func hangUp(t *testing.T, addr string, times int32) {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	var accepted atomic.Int32
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			conn.Close()
		}
	}()
	defer func() {
		listener.Close()
		<-ended
	}()
	eventually(t, 30*time.Second, "more attempts to connect", func() bool { return accepted.Load() >= times })
}
