//go:build unix

// Package kafka runs real Apache Kafka brokers for tests: it starts them on
// loopback ports, lets a test kill, stop, pause and restart each of them, and
// reads topics back with Kafka's own command-line tools, so that what a test
// sees is what Kafka's authors see.
//
// The brokers are Java processes that run straight from the jars Maven fetches;
// no container engine takes part. The package must never know of logcar: it
// proves logcar's work, so it shares none of its code.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Every wait ends after one of these at the latest, whatever the caller's
// context allows. They are far above what a slow machine needs.
const (
	startLimit = 120 * time.Second // a broker's way to its first answer
	stopLimit  = 30 * time.Second  // a controlled shutdown
	adminLimit = 30 * time.Second  // an administrative request, retries included
	toolLimit  = 120 * time.Second // one of Kafka's tools, from start to end
)

// Options say what Start makes.
type Options struct {
	// Brokers is how many brokers the cluster has; 0 means 1. Each is a
	// controller too, so that of three any one may die.
	Brokers int
	// Dir is an existing folder for the brokers' data and logs. It should be
	// empty, and it is the caller's to remove.
	Dir string
	// Config is added to the properties of each broker and wins over them.
	Config map[string]string
}

// Cluster is a running Kafka cluster. Brokers are called by their index, from 0,
// which is also their node id. A Cluster serves one goroutine at a time.
type Cluster struct {
	java  *java
	dir   string
	nodes []*node
}

// Start makes a cluster and returns when all of its brokers answer. Its first
// run on a machine fetches the jars, which takes as long as the network does.
// An error tells what is missing, or holds the end of the broker's log.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	java, err := newJava(ctx, opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	c := &Cluster{java: java, dir: opts.Dir}
	c.nodes, err = newNodes(java, opts)
	if err != nil {
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start kafka: %w", err), c.Close())
	}
	return c, nil
}

// start formats all nodes, starts all, then waits for all: a quorum of three
// needs two of them running before the first can answer.
func (c *Cluster) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := format(ctx, c.nodes); err != nil {
		return err
	}
	for _, n := range c.nodes {
		if err := n.start(); err != nil {
			return err
		}
	}
	for _, n := range c.nodes {
		if err := n.ready(ctx, len(c.nodes)); err != nil {
			return err
		}
	}
	return nil
}

// Bootstrap returns the host:port addresses of all brokers, running or not.
func (c *Cluster) Bootstrap() []string {
	addrs := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		addrs[i] = n.addr
	}
	return addrs
}

// LogFile returns the file that holds what broker i logs.
func (c *Cluster) LogFile(i int) string { return c.nodes[i].logFile() }

// Kill ends broker i as a power cut would: SIGKILL, no goodbye.
func (c *Cluster) Kill(i int) error { return c.nodes[i].kill() }

// Stop ends broker i with SIGTERM, on which it hands its partitions over first.
func (c *Cluster) Stop(ctx context.Context, i int) error {
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	return c.nodes[i].stop(ctx)
}

// Restart starts broker i again, on its old ports and data, and returns when it
// answers. A broker that still runs is stopped first.
func (c *Cluster) Restart(ctx context.Context, i int) error {
	n := c.nodes[i]
	if n.running() {
		if err := c.Stop(ctx, i); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := n.start(); err != nil {
		return err
	}
	return n.ready(ctx, 1)
}

// Pause freezes broker i: its connections stay open and nothing answers.
func (c *Cluster) Pause(i int) error { return c.nodes[i].pause() }

// Resume lets a paused broker go on.
func (c *Cluster) Resume(i int) error { return c.nodes[i].resume() }

// Close kills all brokers. It does not remove the cluster's folder.
func (c *Cluster) Close() error {
	var errs []error
	for _, n := range c.nodes {
		if n.running() {
			errs = append(errs, n.kill())
		}
		n.client.Close()
	}
	return errors.Join(errs...)
}

// poll calls try about ten times a second until it returns nil, and returns the
// last of its errors when ctx ends first.
func poll(ctx context.Context, try func() error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil || errors.As(err, new(fatalError)) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %w", context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

// fatalError is an error that no waiting can cure.
type fatalError struct{ error }

func (e fatalError) Unwrap() error { return e.error }

// logTail returns the last lines of a log file for an error message.
func logTail(path string) string {
	const limit = 8 << 10
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(text) > limit {
		text = text[len(text)-limit:]
	}
	return fmt.Sprintf("end of %s:\n%s", filepath.Base(path), text)
}
