//go:build e2e && unix

package e2e

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/logcar/logcar/e2e/kafka"
)

// TestRestartContinues: SIGTERM at any moment, then a new process: every event
// once, as if there had been one process.
func TestRestartContinues(t *testing.T) {
	cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
	createTopic(t, cluster, topic, 1, 1, nil)
	log := newAppLog(t, dir, "app.log")
	s := newShipper(t, configuration(prospectors, ownersOutput, dir+"/*.log", cluster, topic))

	log.write(20000)
	s.start()
	s.await(cluster, topic, 1) // in the middle of the file
	s.stop()
	t.Logf("%d of %d events delivered at the first stop", delivered(t, cluster, topic), len(log.events))
	for range 3 {
		log.write(100) // while logcar is down
		s.start()
		log.write(100) // while it starts
		s.await(cluster, topic, len(log.events)-1)
		log.write(100) // while it runs
		s.stop()
	}
	s.once()
	checkOnce(t, consume(t, cluster, topic), log)
}

// TestKillLosesNothing: SIGKILL in the middle of the work, again and again. Events
// may repeat, but none is missing, and first deliveries are in order.
func TestKillLosesNothing(t *testing.T) {
	cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
	createTopic(t, cluster, topic, 1, 1, nil)
	log := newAppLog(t, dir, "app.log")
	s := newShipper(t, configuration(prospectors, ownersOutput, dir+"/*.log", cluster, topic))
	for range 4 {
		log.write(10000)
		before := delivered(t, cluster, topic)
		s.start()
		s.await(cluster, topic, before+1)
		s.kill()
		t.Logf("killed after %d deliveries of %d events", delivered(t, cluster, topic), len(log.events))
	}
	s.once()
	repeats := checkDelivery(t, consume(t, cluster, topic), log)
	t.Logf("%d events, %d repeats", len(log.events), repeats)
}

// TestKillRepeatsLittle: positions are saved while events are delivered, so that
// after SIGKILL only the last of them come again.
func TestKillRepeatsLittle(t *testing.T) {
	cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
	createTopic(t, cluster, topic, 1, 1, nil)
	log := newAppLog(t, dir, "app.log")
	log.write(5000)
	s := newShipper(t, configuration(prospectors, ownersOutput, dir+"/*.log", cluster, topic))
	s.start()
	s.await(cluster, topic, 4999)
	stopWriting := writeBeside(log)
	s.await(cluster, topic, 4999+3000) // at least three seconds more
	s.kill()
	stopWriting()
	s.once()
	docs := consume(t, cluster, topic)
	repeats := checkDelivery(t, docs, log)
	t.Logf("%d events, %d repeats", len(log.events), repeats)
	first := func(d document) bool { return d.Message == log.events[0].text }
	if i := slices.IndexFunc(docs, first); slices.ContainsFunc(docs[i+1:], first) {
		t.Error("three seconds after it was delivered, the first event's position was not yet saved")
	}
}

// TestStopWaitsForBroker: SIGTERM comes while the broker does not answer. What is
// read is delivered as soon as it answers again, and nothing twice.
func TestStopWaitsForBroker(t *testing.T) {
	cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
	createTopic(t, cluster, topic, 1, 1, nil)
	log := newAppLog(t, dir, "app.log")
	log.write(1000)
	s := newShipper(t, configuration(prospectors, ownersOutput, dir+"/*.log", cluster, topic))
	s.start()
	s.await(cluster, topic, len(log.events)-1)
	resume := pauseBroker(t, cluster)
	log.write(1000)
	said := len(s.log())
	s.terminate()
	eventually(t, 10*time.Second, "a word about the stop in logcar's log", func() bool { return len(s.log()) > said })
	resume()
	s.finish(stopLimit)
	checkOnce(t, consume(t, cluster, topic), log)
}

// TestStopGivesUp: SIGTERM comes while the broker does not answer, and it never
// does. logcar ends when its time is over, and the next one delivers the rest.
func TestStopGivesUp(t *testing.T) {
	cluster, topic, dir := broker(t), topicOf(t), t.TempDir()
	createTopic(t, cluster, topic, 1, 1, nil)
	log := newAppLog(t, dir, "app.log")
	log.write(1000)
	config := configuration(prospectors, ownersOutput, dir+"/*.log", cluster, topic) + "filebeat.shutdown_timeout: 2s\n"
	s := newShipper(t, config)
	s.start()
	s.await(cluster, topic, len(log.events)-1)
	resume := pauseBroker(t, cluster)
	log.write(1000)
	s.terminate()
	eventually(t, 15*time.Second, "logcar's end", func() bool { return !s.running() })
	t.Logf("logcar ended with %v", s.process.ProcessState)
	resume()
	s.once()
	repeats := checkDelivery(t, consume(t, cluster, topic), log)
	t.Logf("%d events, %d repeats", len(log.events), repeats)
}

// pauseBroker freezes the shared broker until the returned function is called,
// or the test ends.
func pauseBroker(t *testing.T, cluster *kafka.Cluster) (resume func()) {
	t.Helper()
	if err := cluster.Pause(0); err != nil {
		t.Fatal(err)
	}
	resume = sync.OnceFunc(func() {
		if err := cluster.Resume(0); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(resume)
	return resume
}
