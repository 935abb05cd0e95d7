package config

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/output/kafka"
)

// readOutput reads the one output that is enabled.
func (c *Config) readOutput(s *tree.Section) {
	var enabled []string
	unknown := false
	for _, name := range s.Names("output") {
		table := outputTables[name]
		if table == nil {
			s.Errorf("output."+name, "output %q is unknown: expected kafka, file or console", name)
			unknown = true
			continue
		}
		if out := s.Sub("output."+name, table); out.Bool("enabled", true) {
			enabled = append(enabled, name)
		} else {
			c.off.disabled(out)
		}
	}
	switch {
	case len(enabled) == 0 && unknown:
		return
	case len(enabled) == 0:
		s.Errorf("output", "no output is enabled: expected one of output.kafka, output.file, output.console")
		return
	case len(enabled) > 1:
		s.Errorf("output", "more than one output is enabled (%s); expected one of kafka, file, console", strings.Join(enabled, ", "))
		return
	}
	key := "output." + enabled[0]
	switch enabled[0] {
	case "kafka":
		out := s.Sub(key, &kafkaTable)
		c.Kafka, c.Documents.Codec = readKafka(out), readCodec(out)
		if c.Kafka.Acks == kafka.AcksNone && c.Storage.Delete > 0 {
			s.Errorf("logcar.storage.delete", "nobody confirms anything with required_acks: 0, so that nothing can be deleted; expected off")
		}
	case "file":
		out := s.Sub(key, &fileTable)
		c.File, c.Documents.Codec = readFile(out), readCodec(out)
	case "console":
		out := s.Sub(key, &consoleTable)
		c.Console, c.Documents.Codec = true, readConsole(out)
	default:
		s.Errorf(key, "is not supported: %s", instead[enabled[0]])
		c.off.refused(s.Sub(key, &otherTable), "its output is not supported")
	}
}

func readKafka(s *tree.Section) *kafka.Config {
	c := kafka.Defaults()
	hosts := s.Strings("hosts", nil)
	for _, h := range hosts {
		if h, ok := withPort(h); ok {
			c.Hosts = append(c.Hosts, h)
		} else {
			s.Errorf("hosts", "%q is not of the form host:port", h)
		}
	}
	if len(hosts) == 0 {
		s.Errorf("hosts", "no hosts: expected a list such as [\"kafka-1:9092\", \"kafka-2:9092\"]")
	}
	readRouting(s, &c)
	switch acks := s.Int("required_acks", int(c.Acks)); acks {
	case -1, 0, 1:
		c.Acks = kafka.Acks(acks)
	default:
		s.Errorf("required_acks", "%d is not one of -1 (all replicas), 1 (the leader), 0 (none)", acks)
	}
	c.Codec = codecs[s.Enum("compression", "gzip")]
	c.Level = level(s, c.Level)
	c.ClientID = s.String("client_id", c.ClientID)
	c.BulkMaxSize = bounded(s, "bulk_max_size", c.BulkMaxSize, 1, 1<<20)
	c.FlushFrequency = notNegative(s, "bulk_flush_frequency", 0)
	c.MaxMessageBytes = bytesOf(s, "max_message_bytes", c.MaxMessageBytes, 1024, 1<<30)
	c.Timeout = positive(s, "timeout", c.Timeout)
	c.BrokerTimeout = positive(s, "broker_timeout", c.BrokerTimeout)
	c.BackoffInit = positive(s, "backoff.init", c.BackoffInit)
	c.BackoffMax = max(positive(s, "backoff.max", c.BackoffMax), c.BackoffInit)
	c.MetadataRefresh = positive(s, "metadata.refresh_frequency", c.MetadataRefresh)
	c.MetadataBackoff = positive(s, "metadata.retry.backoff", c.MetadataBackoff)
	c.KeepAlive = notNegative(s, "keep_alive", 0)
	c.SASL = kafka.SASL{
		Mechanism: s.Enum("sasl.mechanism", "PLAIN"), Username: s.String("username", ""), Password: s.String("password", ""),
	}
	if c.SASL.Username != "" && c.SASL.Password == "" {
		s.Errorf("password", "there is a username and no password")
	}
	if s.Has("ssl") {
		c.TLS = readTLS(s.Sub("ssl", &tlsTable))
	}
	return &c
}

// level reads compression_level: a number, or logcar's own "auto".
func level(s *tree.Section, def int) int {
	text := s.String("compression_level", strconv.Itoa(def))
	if text == "auto" {
		return kafka.AutoLevel
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 9 {
		s.Errorf("compression_level", "%q is out of range; expected 0 to 9, or auto", text)
		return def
	}
	return n
}

var codecs = map[string]kafka.Codec{
	"none": kafka.None, "no": kafka.None, "off": kafka.None, "gzip": kafka.Gzip,
	"snappy": kafka.Snappy, "lz4": kafka.LZ4, "zstd": kafka.Zstd,
}

// withPort completes a host by Kafka's port. What is no host cannot be dialled
// either, but only its user could tell that from a cluster that is down.
func withPort(h string) (string, bool) {
	host, port, err := net.SplitHostPort(h)
	if err != nil {
		host, port = h, "9092"
		if len(h) > 2 && h[0] == '[' && h[len(h)-1] == ']' {
			host = h[1 : len(h)-1]
		}
	}
	if _, err := netip.ParseAddr(host); err != nil && (host == "" || strings.ContainsAny(host, ":/[] ")) {
		return h, false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return net.JoinHostPort(host, port), err == nil && n > 0
}

// readTLS reads ssl.*; the section's presence switches TLS on, as in Filebeat.
func readTLS(s *tree.Section) *tls.Config {
	if !s.Bool("enabled", true) {
		return nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	switch s.Enum("verification_mode", "full") {
	case "none":
		c.InsecureSkipVerify = true
	case "certificate":
		verifyChainOnly(c)
	}
	if cas := s.Strings("certificate_authorities", nil); len(cas) > 0 {
		c.RootCAs = x509.NewCertPool()
		for _, ca := range cas {
			if pem, ok := pemOf(s, "certificate_authorities", ca); ok && !c.RootCAs.AppendCertsFromPEM(pem) {
				s.Errorf("certificate_authorities", "no certificate in %.60q", ca)
			}
		}
	}
	cert, key := s.String("certificate", ""), s.String("key", "")
	if (cert == "") != (key == "") {
		s.Errorf("certificate", "certificate and key go together")
	} else if cert != "" {
		certPEM, ok1 := pemOf(s, "certificate", cert)
		keyPEM, ok2 := pemOf(s, "key", key)
		if ok1 && ok2 {
			pair, err := tls.X509KeyPair(certPEM, keyPEM)
			if err != nil {
				s.Errorf("certificate", "%v", err)
			}
			c.Certificates = []tls.Certificate{pair}
		}
	}
	return c
}

// pemOf returns a PEM text that is given inline or by the path of its file.
func pemOf(s *tree.Section, key, value string) ([]byte, bool) {
	if strings.HasPrefix(strings.TrimSpace(value), "-----BEGIN") {
		return []byte(value), true
	}
	pem, err := s.ReadFile(value)
	if err != nil {
		s.Errorf(key, "%v", err)
		return nil, false
	}
	return pem, true
}

// verifyChainOnly is Filebeat's verification_mode certificate: the chain must be
// good, the name in it is not looked at.
func verifyChainOnly(c *tls.Config) {
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(cs tls.ConnectionState) error {
		opts := x509.VerifyOptions{Roots: c.RootCAs, Intermediates: x509.NewCertPool()}
		for _, cert := range cs.PeerCertificates[1:] {
			opts.Intermediates.AddCert(cert)
		}
		_, err := cs.PeerCertificates[0].Verify(opts)
		return err
	}
}
