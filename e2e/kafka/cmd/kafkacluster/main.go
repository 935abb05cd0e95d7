//go:build unix

// Command kafkacluster runs a Kafka cluster on this machine until Ctrl-C, for
// trying logcar by hand. It keeps nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/logcar/logcar/e2e/kafka"
)

func main() {
	brokers := flag.Int("brokers", 1, "number of brokers, 1 or 3")
	topic := flag.String("topic", "", "a topic to create, with one partition for each broker")
	flag.Parse()
	if err := run(*brokers, *topic); err != nil {
		fmt.Fprintln(os.Stderr, "kafkacluster:", err)
		os.Exit(1)
	}
}

func run(brokers int, topic string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "kafkacluster-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cluster, err := kafka.Start(ctx, kafka.Options{Brokers: brokers, Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	if topic != "" {
		if err := cluster.CreateTopic(ctx, topic, brokers, brokers, nil); err != nil {
			return err
		}
	}
	fmt.Printf("hosts: [\"%s\"]\n", strings.Join(cluster.Bootstrap(), `", "`))
	fmt.Fprintf(os.Stderr, "Kafka %s in %s; Ctrl-C ends it and removes its data\n", kafka.Version(), dir)
	<-ctx.Done()
	return nil
}
