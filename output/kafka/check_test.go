package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// transcript has a line for each step: what works, and what does not and why.
func transcriptOf(steps []Step, hosts []string) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "%s: %s", s.Subject, s.Name)
		if s.Detail != "" {
			fmt.Fprintf(&b, " (%s)", s.Detail)
		}
		if s.Err != nil {
			fmt.Fprintf(&b, " - %v", s.Err)
		}
		b.WriteByte('\n')
	}
	text := b.String()
	for i, h := range hosts {
		text = strings.ReplaceAll(text, h, fmt.Sprintf("HOST%d", i))
	}
	return text
}

// runCheck checks within the time of a test.
func runCheck(t *testing.T, cfg Config) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return transcriptOf(Check(ctx, cfg), cfg.Hosts)
}

// reached are the steps to a broker up to the login.
func reached(host int, steps ...string) string {
	var b strings.Builder
	for _, s := range append([]string{"parse host", "dns lookup (127.0.0.1)"}, steps...) {
		fmt.Fprintf(&b, "kafka: HOST%d: %s\n", host, s)
	}
	return b.String()
}

const topicWorks = "topic logs: exists\ntopic logs: leaders (3 partitions on 1 brokers)\ntopic logs: message size limit (1048588 bytes, batches have up to 1000000)\n"

func wantText(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("checked:\n%s\nwant:\n%s", got, want)
	}
}

func TestCheckWorks(t *testing.T) {
	c := startCluster(t, 3, kfake.NumBrokers(1))
	wantText(t, runCheck(t, testConfig(c.ListenAddrs()...)), reached(0, "dial up", "API versions")+topicWorks)
	if n := stored(c); n != 0 {
		t.Errorf("%d records were written", n)
	}
}

// Each topic that is known without an event is checked; the others are told.
func TestCheckManyTopics(t *testing.T) {
	c := startCluster(t, 3, kfake.NumBrokers(1), kfake.SeedTopics(1, "errors"))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.Topics = []Rule{
		{Topic: "errors", When: condition(t, "message", "ERROR")},
		{Topic: "%{[fields.app]}", Mappings: map[string]string{"a": "errors", "b": topic}},
		{Topic: "%{[fields.app]}-%{+yyyy}"},
	}
	errors := "topic errors: exists\ntopic errors: leaders (1 partitions on 1 brokers)\ntopic errors: message size limit (1048588 bytes, batches have up to 1000000)\n"
	wantText(t, runCheck(t, cfg), reached(0, "dial up", "API versions")+errors+topicWorks+
		"topic %{[fields.app]}-%{+yyyy}: exists (not tried: events decide on the name)\n")
}

func TestCheckLogin(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		server, client := certificate(t)
		c := startCluster(t, 3, kfake.NumBrokers(1), kfake.TLS(server), kfake.EnableSASL(), kfake.Superuser(mechanism, "logcar", "secret"))
		cfg := testConfig(c.ListenAddrs()...)
		cfg.TLS, cfg.SASL = client, SASL{Mechanism: mechanism, Username: "logcar", Password: "secret"}
		before := reached(0, "dial up", "TLS handshake (TLS 1.3)", "API versions")
		wantText(t, runCheck(t, cfg), before+"kafka: HOST0: login ("+mechanism+")\n"+topicWorks)

		cfg.SASL.Password = "guessed"
		wrong := runCheck(t, cfg)
		if !strings.HasPrefix(wrong, before+"kafka: HOST0: login ("+mechanism+") - [58] SASL Authentication Failed") || strings.Contains(wrong, "topic") {
			t.Errorf("a wrong password:\n%s", wrong)
		}
	}
}

func TestCheckUnknownMechanism(t *testing.T) {
	c := startCluster(t, 3, kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "logcar", "secret"))
	c.ControlKey(int16(kmsg.SASLHandshake), func(r kmsg.Request) (kmsg.Response, error, bool) {
		res := r.ResponseKind().(*kmsg.SASLHandshakeResponse)
		res.ErrorCode, res.SupportedMechanisms = kerr.UnsupportedSaslMechanism.Code, []string{"GSSAPI", "PLAIN"}
		return res, nil, true
	})
	cfg := testConfig(c.ListenAddrs()...)
	cfg.SASL = SASL{Mechanism: "SCRAM-SHA-512", Username: "logcar", Password: "secret"}
	if got := runCheck(t, cfg); !strings.HasSuffix(got, "; the broker knows GSSAPI, PLAIN\n") {
		t.Error(got)
	}
}

func TestCheckTLSMismatch(t *testing.T) {
	server, client := certificate(t)
	secure := startCluster(t, 3, kfake.NumBrokers(1), kfake.TLS(server))
	open := startCluster(t, 3, kfake.NumBrokers(1))
	for _, tt := range []struct {
		name   string
		hosts  []string
		client *tls.Config
		want   string
	}{
		{"plain text to TLS", secure.ListenAddrs(), nil, "kafka: HOST0: API versions - the broker closes connections before it says a word: connection closed before the first answer (does it expect TLS? see ssl)\n"},
		{"unknown authority", secure.ListenAddrs(), &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()},
			"kafka: HOST0: TLS handshake - tls: failed to verify certificate: x509: certificate signed by unknown authority\n"},
		{"TLS to plain text", open.ListenAddrs(), client, "kafka: HOST0: TLS handshake - the broker does not answer in time: context deadline exceeded (does it speak TLS? see ssl)\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(tt.hosts...)
			cfg.TLS = tt.client
			// One who expects requests takes the handshake for the start of a long one.
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			wantText(t, transcriptOf(Check(ctx, cfg), cfg.Hosts), reached(0, "dial up")+tt.want)
		})
	}
}

// One host that is down is told, and the others are asked all the same.
func TestCheckRefused(t *testing.T) {
	c := startCluster(t, 3, kfake.NumBrokers(1))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	refused := reached(0, "dial up - the broker refuses connections: dial tcp HOST0: connect: connection refused")
	wantText(t, runCheck(t, testConfig(nobody)), refused)
	wantText(t, runCheck(t, testConfig(nobody, c.ListenAddrs()[0])), refused+reached(1, "dial up", "API versions")+topicWorks)
}

// The addresses by which the cluster names its brokers must work, too.
func TestCheckAdvertised(t *testing.T) {
	c := startCluster(t, 3, kfake.NumBrokers(1))
	address := c.ListenAddrs()[0]
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	c.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		res := metadataWithout(c, r.(*kmsg.MetadataRequest), -1).(*kmsg.MetadataResponse)
		for i := range res.Brokers {
			res.Brokers[i].Host = "broker.invalid"
		}
		return res, nil, true
	})
	got := runCheck(t, testConfig(address))
	want := "kafka: broker.invalid:" + port + " (as the cluster names it): dns lookup - the broker's name cannot be resolved: "
	if !strings.Contains(got, want) {
		t.Errorf("checked:\n%s\nwant %q", got, want)
	}
}

func TestCheckLeaderless(t *testing.T) {
	c := startCluster(t, 3, kfake.NumBrokers(1))
	c.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		return metadataWithout(c, r.(*kmsg.MetadataRequest), 1), nil, true
	})
	if got := runCheck(t, testConfig(c.ListenAddrs()...)); !strings.Contains(got, "topic logs: leaders - 1 of 3 partitions have no leader: 1\n") {
		t.Error(got)
	}
}

func TestCheckUnknownTopic(t *testing.T) {
	c := startCluster(t, 0, kfake.NumBrokers(1), kfake.AllowAutoTopicCreation())
	cfg := testConfig(c.ListenAddrs()...)
	way := reached(0, "dial up", "API versions")
	missing := "topic logs: exists - [3] Unknown Topic Or Partition: the request is for a topic or partition that does not exist on this broker"
	wantText(t, runCheck(t, cfg), way+missing+"; whether the cluster would create it is not told: the broker does not tell auto.create.topics.enable\n")

	for value, want := range map[string]string{
		"true":  "topic logs: exists (not yet; the cluster creates it when it is written to)\n",
		"false": missing + "; the cluster does not create topics (auto.create.topics.enable is false)\n",
	} {
		c.ControlKey(int16(kmsg.DescribeConfigs), func(r kmsg.Request) (kmsg.Response, error, bool) {
			return describe(r, 0, "auto.create.topics.enable", value), nil, true
		})
		wantText(t, runCheck(t, cfg), way+want)
	}
	c.ControlKey(int16(kmsg.DescribeConfigs), func(r kmsg.Request) (kmsg.Response, error, bool) {
		return describe(r, kerr.ClusterAuthorizationFailed.Code, "", ""), nil, true
	})
	if got := runCheck(t, cfg); !strings.HasPrefix(got, way+missing+"; whether the cluster would create it is not told: not allowed to ask for auto.create.topics.enable: [31]") {
		t.Error(got)
	}
	if info := c.TopicInfo(topic); info != nil {
		t.Error("the check has created the topic")
	}
}

// describe answers a request for one setting.
func describe(r kmsg.Request, code int16, name, value string) *kmsg.DescribeConfigsResponse {
	res := r.ResponseKind().(*kmsg.DescribeConfigsResponse)
	resource := kmsg.NewDescribeConfigsResponseResource()
	resource.ErrorCode = code
	if name != "" {
		config := kmsg.NewDescribeConfigsResponseResourceConfig()
		config.Name, config.Value = name, &value
		resource.Configs = append(resource.Configs, config)
	}
	res.Resources = append(res.Resources, resource)
	return res
}

func TestCheckSizeLimit(t *testing.T) {
	c := startCluster(t, 1, kfake.NumBrokers(1))
	for _, tt := range []struct {
		code  int16
		value string
		want  string
	}{
		{0, "5000", "(5000 bytes, less than max_message_bytes 1000000: larger batches are split)\n"},
		{0, "many", "(skipped: \"many\" is no number)\n"},
		{kerr.TopicAuthorizationFailed.Code, "", "(skipped: not allowed to ask for max.message.bytes: [29] Topic Authorization Failed: the client is not authorized to access the requested topic)\n"},
	} {
		c.ControlKey(int16(kmsg.DescribeConfigs), func(r kmsg.Request) (kmsg.Response, error, bool) {
			return describe(r, tt.code, "max.message.bytes", tt.value), nil, true
		})
		if got := runCheck(t, testConfig(c.ListenAddrs()...)); !strings.HasSuffix(got, "topic logs: message size limit "+tt.want) {
			t.Errorf("checked:\n%s\nwant %s", got, tt.want)
		}
	}
}

// Whoever does not answer, or is no Kafka broker, does not hold up the check.
func TestCheckStrangers(t *testing.T) {
	silent := listen(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1<<10)); _, _ = conn.Read(make([]byte, 1)) })
	web := listen(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1<<10))
		_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	})
	wantText(t, runCheck(t, testConfig(web)), reached(0, "dial up", "API versions - what answers is not a Kafka broker: the answer is text"))

	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	got := transcriptOf(Check(ctx, testConfig(silent)), []string{silent})
	if !strings.HasPrefix(got, reached(0, "dial up")+"kafka: HOST0: API versions - the broker does not answer in time: ") {
		t.Error(got)
	}
}

// listen serves each connection until the test ends.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func TestCheckConfiguration(t *testing.T) {
	cfg := testConfig("127.0.0.1:9092")
	cfg.Topic = ""
	wantText(t, runCheck(t, cfg), "kafka: configuration - kafka: no topic\n")
	cfg = testConfig("127.0.0.1:9092")
	cfg.SASL = SASL{Mechanism: "GSSAPI", Username: "x"}
	wantText(t, runCheck(t, cfg), "kafka: configuration - kafka: SASL mechanism \"GSSAPI\" is unknown\n")
}
