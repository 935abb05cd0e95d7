// Package e2e proves the logcar binary against real Kafka brokers: it runs the
// program as a pod would, with a filebeat.yml and log files that grow, and
// compares what Kafka's own console consumer reads with what was written.
//
// All of it is tests, with the build tag e2e. It must never import logcar's
// packages: it knows what a user of the binary knows.
package e2e
