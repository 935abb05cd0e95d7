package kafka

import (
	"reflect"
	"testing"
	"time"

	"go.uber.org/zap"
)

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*Config)
	}{
		{"no hosts", func(c *Config) { c.Hosts = nil }},
		{"no topic", func(c *Config) { c.Topic = "" }},
		{"no events in a batch", func(c *Config) { c.BulkMaxSize = 0 }},
		{"batches too small for a document", func(c *Config) { c.MaxMessageBytes = 1023 }},
		{"unknown codec", func(c *Config) { c.Codec = 9 }},
		{"unknown level", func(c *Config) { c.Level = 10 }},
		{"unknown mechanism", func(c *Config) { c.SASL = SASL{Mechanism: "GSSAPI", Username: "logcar"} }},
	} {
		cfg := testConfig("localhost:9092")
		if _, err := New(cfg, newEncoder(), zap.NewNop()); err != nil {
			t.Fatalf("before: %v", err)
		}
		c.spoil(&cfg)
		if _, err := New(cfg, newEncoder(), zap.NewNop()); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
}

// Filebeat's defaults, as its reference has them; acks, the level of gzip and the
// patience are logcar's own.
func TestDefaults(t *testing.T) {
	got := Defaults()
	want := Config{
		Acks: AcksAll, Codec: Gzip, Level: 3, ClientID: "beats", BulkMaxSize: 2048, MaxMessageBytes: 1_000_000,
		Timeout: 30 * time.Second, BrokerTimeout: 10 * time.Second, BackoffInit: time.Second, BackoffMax: time.Minute,
		MetadataRefresh: 10 * time.Minute, MetadataBackoff: 250 * time.Millisecond, TopicPatience: 5 * time.Minute,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestCodecNames(t *testing.T) {
	for codec, want := range map[Codec]string{None: "none", Gzip: "gzip", Snappy: "snappy", LZ4: "lz4", Zstd: "zstd"} {
		if got := codec.String(); got != want {
			t.Errorf("codec %d is called %q, want %q", int(codec), got, want)
		}
	}
}
