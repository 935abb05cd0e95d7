package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap/zapcore"
)

func TestLogin(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		c := startCluster(t, 3, kfake.EnableSASL(), kfake.Superuser(mechanism, "logcar", "secret"))
		cfg := testConfig(c.ListenAddrs()...)
		cfg.SASL = SASL{Mechanism: mechanism, Username: "logcar", Password: "secret"}
		r := newRig(t, cfg)
		r.send(0, 10, 100)
		r.finish()
		if n := stored(c); n != 10 {
			t.Errorf("%s: %d of 10 events stored", mechanism, n)
		}
	}
}

// A password that is wrong may be put right on the broker's side, so that logcar
// keeps trying, and says what is the matter.
func TestLoginFails(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		c := startCluster(t, 1, kfake.EnableSASL(), kfake.Superuser(mechanism, "logcar", "secret"))
		fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.SASLAuthenticate}, Err: kerr.SaslAuthenticationFailed, Count: -1})
		cfg := testConfig(c.ListenAddrs()...)
		cfg.SASL = SASL{Mechanism: mechanism, Username: "logcar", Password: "secret"}
		r := newRig(t, cfg)
		r.send(0, 10, 100)
		eventually(t, "it was tried a few times", func() bool { return r.Stats().Errors >= 5 })
		if l := r.lines(zapcore.DebugLevel); len(l) != 1 || l[0] != "kafka does not take events, trying again: the login failed" {
			t.Errorf("%s: log: %q", mechanism, l)
		}
		if r.done() != 0 {
			t.Errorf("%s: delivered without a login", mechanism)
		}
		fault.Remove()
		r.finish()
	}
}

func TestWrongPassword(t *testing.T) {
	c := startCluster(t, 1, kfake.EnableSASL(), kfake.Superuser("PLAIN", "logcar", "secret"))
	cfg := testConfig(c.ListenAddrs()...)
	cfg.SASL = SASL{Mechanism: "PLAIN", Username: "logcar", Password: "guessed"}
	r := newRig(t, cfg)
	r.send(0, 10, 100)
	eventually(t, "it was tried a few times", func() bool { return r.Stats().Errors >= 3 })
	if n := stored(c); n != 0 || r.done() != 0 {
		t.Errorf("%d events stored, %d batches done", n, r.done())
	}
	_ = r.Close(ended())
}

func TestTLS(t *testing.T) {
	server, client := certificate(t)
	for _, c := range []struct {
		name   string
		client *tls.Config
		ok     bool
	}{
		{"trusted", client, true},
		{"unknown authority", &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}, false},
		{"plain text", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster := startCluster(t, 2, kfake.TLS(server))
			cfg := testConfig(cluster.ListenAddrs()...)
			cfg.TLS = c.client
			r := newRig(t, cfg)
			r.send(0, 10, 100)
			if !c.ok {
				eventually(t, "it was tried a few times", func() bool { return r.Stats().Errors >= 5 })
				if l := r.lines(zapcore.DebugLevel); len(l) != 1 || stored(cluster) != 0 {
					t.Errorf("%d events stored, log: %q", stored(cluster), l)
				}
				return
			}
			r.finish()
			if n := stored(cluster); n != 10 {
				t.Errorf("%d of 10 events stored", n)
			}
		})
	}
}

// certificate makes a certificate for 127.0.0.1, and what its clients must trust.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	server = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
}
