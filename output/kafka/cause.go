package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// A cause is why Kafka takes nothing.
type cause struct {
	name   string // for alerts: it never changes, and there are few of them
	what   string // for people: what is the matter
	remedy string // and what to do about it
}

var (
	causeName = &cause{"name_resolution", "the broker's name cannot be resolved",
		"check the names in output.kafka.hosts and the pod's DNS"}
	causeRefused = &cause{"dial", "the broker refuses connections",
		"check that the broker runs, and the port in output.kafka.hosts"}
	causeDial = &cause{"dial", "the broker cannot be reached",
		"check the address, the routes and firewalls, and the pod's network policy"}
	causeAdvertised = &cause{"advertised_listeners", "the cluster answers, and the broker that it names cannot be reached",
		"check advertised.listeners of the brokers: the name must lead to them from this pod"}
	causeTLS = &cause{"tls", "TLS fails",
		"check output.kafka.ssl: the authority, the names in the broker's certificate, the client's certificate, the clock"}
	causeIsTLS = &cause{"tls", "the broker speaks TLS",
		"set output.kafka.ssl, or use the port of the listener without TLS"}
	causeLogin = &cause{"login", "the login failed",
		"check username, password and sasl.mechanism of output.kafka"}
	causeForbidden = &cause{"authorization", "not allowed to write to the topic",
		"grant the user WRITE and DESCRIBE on the topic"}
	causeNoLeader = &cause{"no_leader", "no leader is known for the partition",
		"check the brokers that hold the partition's replicas: none of them leads it"}
	causeMoving = &cause{"no_leader", "the partition's leader is moving",
		"wait; when it lasts, check the partition's replicas and the controller"}
	causeReplicas = &cause{"replicas", "too few replicas are in sync for required_acks",
		"check the brokers that are down, and the topic's min.insync.replicas"}
	causeSlowReplicas = &cause{"replicas", "the replicas did not confirm in time",
		"check the brokers that follow the partition's leader, and their disks"}
	causeNoTopic = &cause{"unknown_topic", "the topic does not exist",
		"create the topic, or allow its creation; or correct output.kafka.topic"}
	causeTooLarge = &cause{"too_large", "the batch is larger than the broker allows",
		"raise max.message.bytes of the topic, or lower output.kafka.max_message_bytes"}
	causeThrottled = &cause{"throttled", "the broker throttles by its quota",
		"raise the quota of the client or user, or write less"}
	causeSilent = &cause{"no_answer", "the broker does not answer in time",
		"check the broker's load and disks, and firewalls that drop packets of connections they have forgotten"}
	causeClosed = &cause{"closed", "the broker closed the connection",
		"see the broker's log; when no request ever succeeds, its listener may expect a login"}
	causeHungUp = &cause{"closed", "the broker closes connections before it says a word",
		"check whether its listener expects TLS or none (output.kafka.ssl), and whether anybody is behind a load balancer"}
	causeNotKafka = &cause{"not_kafka", "what answers is not a Kafka broker",
		"check the port in output.kafka.hosts"}
	causeRejected = &cause{"refused", "the broker refuses the batch",
		"see the error and the broker's log"}
	causeFinal = &cause{"refused", "the broker refuses events for good",
		"see the error, and the rules of the topic; logcar.dead_letter.path sets such events aside"}
	causeOther = &cause{"other", "the request failed",
		"see the error"}
)

// failure is what follows from an error of a request.
type failure struct {
	*cause
	refresh bool // the leader may have moved: ask, and soon
	split   bool // the batch is too large
	mute    bool // no broker has answered
	final   bool // it will never take some of the events
}

// classify names an error. Nothing that a broker answers makes logcar drop an
// event: what cannot be helped by waiting is helped by an operator, or set aside.
func classify(err error) failure {
	if code, ok := errors.AsType[kafkago.Error](err); ok {
		return classifyCode(code)
	}
	c := causeOf(err)
	return failure{cause: c, refresh: true, mute: c != causeNoLeader}
}

// causeOf names an error that is no answer of a broker. The order matters: an
// error may be several of these.
func causeOf(err error) *cause {
	failed, dialling := errors.AsType[*dialError](err)
	_, unnamed := errors.AsType[*net.DNSError](err)
	switch {
	case dialling && failed.foreign:
		return causeAdvertised
	case unnamed:
		return causeName
	case errors.Is(err, syscall.ECONNREFUSED):
		return causeRefused
	case dialling:
		return causeDial
	case errors.Is(err, protocol.ErrNoTopic), errors.Is(err, protocol.ErrNoPartition), errors.Is(err, protocol.ErrNoLeader):
		return causeNoLeader
	case errors.Is(err, errNotKafka):
		return causeNotKafka
	case errors.Is(err, errIsTLS):
		return causeIsTLS
	case isTLS(err):
		return causeTLS
	case isTimeout(err):
		return causeSilent
	case errors.Is(err, errHungUp):
		return causeHungUp
	case isClosed(err):
		return causeClosed
	}
	return causeOther
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	// An alert, whose type is not exported.
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "remote error" || op.Op == "local error")
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT)
}

func isClosed(err error) bool {
	return errors.Is(err, errHungUp) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func classifyCode(code kafkago.Error) failure {
	switch code {
	case kafkago.MessageSizeTooLarge, kafkago.RecordListTooLarge:
		return failure{cause: causeTooLarge, split: true}
	case kafkago.UnknownTopicOrPartition:
		return failure{cause: causeNoTopic, refresh: true}
	case kafkago.LeaderNotAvailable, kafkago.BrokerNotAvailable:
		return failure{cause: causeNoLeader, refresh: true}
	case kafkago.NotLeaderForPartition, kafkago.FencedLeaderEpoch, kafkago.UnknownLeaderEpoch,
		kafkago.KafkaStorageError, kafkago.ListenerNotFound, kafkago.ReplicaNotAvailable,
		kafkago.PreferredLeaderNotAvailable, kafkago.EligibleLeadersNotAvailable, kafkago.NetworkException:
		return failure{cause: causeMoving, refresh: true}
	case kafkago.NotEnoughReplicas, kafkago.NotEnoughReplicasAfterAppend:
		return failure{cause: causeReplicas, refresh: true}
	case kafkago.RequestTimedOut:
		return failure{cause: causeSlowReplicas}
	case kafkago.TopicAuthorizationFailed, kafkago.ClusterAuthorizationFailed:
		return failure{cause: causeForbidden}
	case kafkago.SASLAuthenticationFailed, kafkago.UnsupportedSASLMechanism, kafkago.IllegalSASLState:
		return failure{cause: causeLogin}
	case kafkago.ThrottlingQuotaExceeded:
		return failure{cause: causeThrottled}
	}
	if isFinal(code) {
		return failure{cause: causeFinal, final: true}
	}
	return failure{cause: causeRejected}
}
