package config

import (
	"crypto/tls"
	"net"
	"testing"
)

// TestVerification: what each verification_mode takes and what it turns away.
// The server's certificate is its own authority and names no host.
func TestVerification(t *testing.T) {
	certificate, key := keyPair(t)
	stranger, _ := keyPair(t)
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		mode, authority string
		accepted        bool
	}{
		{"full", certificate, false}, // no host name
		{"strict", certificate, false},
		{"certificate", certificate, true},
		{"certificate", stranger, false},
		{"none", stranger, true},
	} {
		c := mustLoad(t, write(t, "filebeat.inputs: [paths: /a]\noutput.kafka: {hosts: k, topic: t}\n",
			"output.kafka.ssl.verification_mode="+tt.mode, "output.kafka.ssl.certificate_authorities="+tt.authority))
		client := c.Kafka.TLS.Clone()
		client.ServerName = "kafka"
		if err := handshake(client, &tls.Config{Certificates: []tls.Certificate{pair}}); (err == nil) != tt.accepted {
			t.Errorf("%s: error %v, accepted should be %v", tt.mode, err, tt.accepted)
		}
	}
}

// handshake returns the client's verdict.
func handshake(client, server *tls.Config) error {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = tls.Server(b, server).Handshake() // the client's word counts
	}()
	err := tls.Client(a, client).Handshake()
	a.Close()
	<-done
	return err
}
