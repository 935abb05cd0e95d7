package broker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
)

// child is the argument that turns this test binary into a broker.
const child = "a-broker"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == child {
		os.Exit(Main(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

func startChild(t *testing.T, keep string) *Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(t.Context(), []string{self, child}, 2, keep)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func produce(t *testing.T, addr string, codec kgo.CompressionCodec, values ...string) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(Topic), kgo.ProducerBatchCompression(codec),
		kgo.RecordPartitioner(kgo.StickyPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var records []*kgo.Record
	for i, v := range values {
		r := kgo.StringRecord(v)
		if i%2 == 1 {
			r.Key = []byte("key")
		}
		records = append(records, r)
	}
	if err := c.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// librdkafka compresses only for a broker that names version 0.
func TestOffersOldProduce(t *testing.T) {
	p := startChild(t, "")
	c, err := kgo.NewClient(kgo.SeedBrokers(p.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 2 { // and again: an answer of one's own is given once unless one insists
		answer, err := kmsg.NewPtrApiVersionsRequest().RequestWith(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(answer.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool { return k.ApiKey == int16(kmsg.Produce) })
		if i < 0 || answer.ApiKeys[i].MinVersion != 0 || answer.ApiKeys[i].MaxVersion < 7 {
			t.Fatalf("got %+v", answer.ApiKeys)
		}
	}
	s, err := p.Stats()
	if err != nil || s.WireBytes > 4000 {
		t.Errorf("got %+v, %v; want what this test has sent alone", s, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestCountsAndKeepsWhatArrives(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "batches")
	p := startChild(t, kept)
	begin := time.Now()
	want := []string{"first", "", strings.Repeat("a long one ", 10_000)}
	produce(t, p.Addr(), kgo.GzipCompression(), want...)
	s, err := p.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if s.Records != 3 || s.Batches < 1 || s.Requests < 1 || s.BatchBytes < 100 || s.WireBytes <= s.BatchBytes {
		t.Errorf("got %+v; want 3 records in a batch, and more bytes on the wire than in it", s)
	}
	if first := time.Unix(0, s.First); first.Before(begin) || s.Last < s.First || time.Since(first) < 0 {
		t.Errorf("arrived from %d to %d, produced after %d", s.First, s.Last, begin.UnixNano())
	}
	if err := p.Reset(); err != nil {
		t.Fatal(err)
	}
	if s, err := p.Stats(); err != nil || s != (Stats{}) {
		t.Errorf("after a reset: got %+v, %v", s, err)
	}
	produce(t, p.Addr(), kgo.NoCompression(), "again")
	if s, err := p.Stats(); err != nil || s.Records != 1 {
		t.Errorf("after a reset and one record: got %+v, %v", s, err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	// No order across partitions.
	got, want := readAll(t, kept), append(want, "again")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("kept %.60q, want %.60q", got, want)
	}
}

func readAll(t *testing.T, path string) (values []string) {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var records []byte
	for last := (time.Time{}); ; {
		var at time.Time
		records, at, err = r.Next(records[:0])
		if errors.Is(err, io.EOF) {
			return values
		}
		if err != nil {
			t.Fatal(err)
		}
		if at.Before(last) {
			t.Errorf("a batch of %v stands behind one of %v", at, last)
		}
		last = at
		if err := Values(records, func(v []byte) { values = append(values, string(v)) }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEndsWithItsStdin(t *testing.T) {
	var out strings.Builder
	if status := Main(nil, strings.NewReader("stats\n"), &out, io.Discard); status != 0 {
		t.Fatalf("status %d", status)
	}
	lines := bufio.NewScanner(strings.NewReader(out.String()))
	var hello greeting
	var s Stats
	for _, v := range []any{&hello, &s} {
		if !lines.Scan() {
			t.Fatalf("got %q, want two lines", &out)
		}
		if err := json.Unmarshal(lines.Bytes(), v); err != nil {
			t.Errorf("%q: %v", lines.Text(), err)
		}
	}
	if hello.Addr == "" || lines.Scan() {
		t.Errorf("got %q, want an address and one answer", &out)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name, stdin string
		args        []string
		status      int
		stderr      string
	}{
		{"unknown command", "status\n", nil, 1, `unknown command "status"`},
		{"unknown flag", "", []string{"-part", "1"}, 2, "not defined"},
		{"no such folder", "", []string{"-keep", filepath.Join(dir, "none", "batches")}, 1, "keep batches"},
	}
	for _, test := range tests {
		var stderr strings.Builder
		status := Main(test.args, strings.NewReader(test.stdin), io.Discard, &stderr)
		if status != test.status || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: got status %d, %q; want %d, %q", test.name, status, &stderr, test.status, test.stderr)
		}
	}
	if _, err := Start(t.Context(), []string{"/bin/false"}, 1, ""); err == nil {
		t.Error("a program that is no broker: want an error")
	}
}

func TestDamagedFilesAreErrors(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "batches")
	p := startChild(t, kept)
	produce(t, p.Addr(), kgo.GzipCompression(), "one", strings.Repeat("two", 100))
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	zstd := slices.Clone(whole)
	zstd[frameHeader+attributesAt+1] = 4
	noGzip := slices.Clone(whole)
	noGzip[frameHeader+recordsAt] ^= 0xff
	tests := map[string][]byte{
		"cut in the frame":   whole[:frameHeader-1],
		"cut in the batch":   whole[:len(whole)-1],
		"no header":          {0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3},
		"another codec":      zstd,
		"not what gzip made": noGzip,
	}
	for name, b := range tests {
		if err := os.WriteFile(kept, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(kept)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Next(nil); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: got %v, want an error", name, err)
		}
		r.Close()
	}
}

// FuzzValues looks for records that make Values panic.
func FuzzValues(f *testing.F) {
	f.Add([]byte{14, 0, 0, 0, 1, 2, 'v', 0})
	f.Add([]byte{0})
	f.Add([]byte{6, 0, 0, 0})
	f.Add([]byte{8, 0, 0, 0, 200})
	f.Fuzz(func(t *testing.T, records []byte) {
		total := 0
		if err := Values(records, func(v []byte) { total += len(v) }); err == nil && total > len(records) {
			t.Errorf("%d bytes of values in %d bytes of records", total, len(records))
		}
	})
}

func TestValues(t *testing.T) {
	tests := []struct {
		name    string
		records []byte
		want    []string
		fails   bool
	}{
		{"none", nil, nil, false},
		{"no key", []byte{14, 0, 0, 0, 1, 2, 'v', 0}, []string{"v"}, false},
		{"a key", []byte{16, 0, 0, 0, 2, 'k', 2, 'v', 0}, []string{"v"}, false},
		{"no value", []byte{12, 0, 0, 0, 1, 1, 0}, []string{""}, false},
		{"two", []byte{14, 0, 0, 0, 1, 2, 'v', 0, 14, 0, 0, 0, 1, 2, 'w', 0}, []string{"v", "w"}, false},
		{"longer than what is there", []byte{16, 0, 0, 0, 1, 2, 'v', 0}, nil, true},
		{"negative length", []byte{1, 0, 0}, nil, true},
		{"empty record", []byte{0}, nil, true},
		{"value longer than the record", []byte{14, 0, 0, 0, 1, 20, 'v', 0}, nil, true},
	}
	for _, test := range tests {
		var got []string
		err := Values(test.records, func(v []byte) { got = append(got, string(v)) })
		if !slices.Equal(got, test.want) || (err != nil) != test.fails {
			t.Errorf("%s: got %q, %v; want %q, an error: %v", test.name, got, err, test.want, test.fails)
		}
	}
}
