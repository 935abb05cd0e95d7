package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A decoded record, as a consumer sees it.
type decoded struct {
	offset int64
	time   int64 // ms
	value  string
	key    string
	// headers are "key=value" with a space before each.
	headers string
}

// decodeKgo reads wire as franz-go's consumer does, which checks the CRC.
func decodeKgo(t testing.TB, wire []byte) (records []decoded) {
	t.Helper()
	rp := &kmsg.FetchResponseTopicPartition{RecordBatches: wire[lengthPrefix:], HighWatermark: math.MaxInt64}
	fp, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: topic}, rp, kgo.DefaultDecompressor(), nil)
	if fp.Err != nil {
		t.Fatalf("kgo: %v", fp.Err)
	}
	for _, r := range fp.Records {
		if r.Key != nil && len(r.Key) == 0 {
			t.Fatalf("kgo: record %d has an empty key", r.Offset)
		}
		d := decoded{offset: r.Offset, time: r.Timestamp.UnixMilli(), value: string(r.Value), key: string(r.Key)}
		for _, h := range r.Headers {
			d.headers += " " + h.Key + "=" + string(h.Value)
		}
		records = append(records, d)
	}
	return records
}

// decodeKafkaGo reads wire as kafka-go's consumer does, length prefix included.
func decodeKafkaGo(t testing.TB, wire []byte) (records []decoded) {
	t.Helper()
	var set protocol.RecordSet
	if _, err := set.ReadFrom(bytes.NewBuffer(slices.Clone(wire))); err != nil {
		t.Fatalf("kafka-go: %v", err)
	}
	for {
		r, err := set.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return records
		}
		if err != nil {
			t.Fatalf("kafka-go: %v", err)
		}
		value, err := protocol.ReadAll(r.Value)
		if err != nil {
			t.Fatalf("kafka-go: %v", err)
		}
		key, err := protocol.ReadAll(r.Key)
		if err != nil {
			t.Fatalf("kafka-go: %v", err)
		}
		d := decoded{offset: r.Offset, time: r.Time.UnixMilli(), value: string(value), key: string(key)}
		for _, h := range r.Headers {
			d.headers += " " + h.Key + "=" + string(h.Value)
		}
		records = append(records, d)
	}
}

// assemble makes a batch as a batch's add and a sink's build do, of one record
// per value.
func assemble(t testing.TB, codec Codec, level int, values []string, times []int64) []byte {
	t.Helper()
	var records []byte
	for i, v := range values {
		start := len(records)
		records = append(beginRecord(records, nil), v...)
		records = endRecord(records, start, nil, nil, times[i]-times[0], int64(i))
	}
	with, err := newCompressor(codec, level)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := with.appendTo(make([]byte, lengthPrefix+headerSize), records)
	if err != nil {
		t.Fatal(err)
	}
	stamp(wire, codec, int32(len(values)), times[0], slices.Max(times))
	return wire
}

func expected(values []string, times []int64) (want []decoded) {
	for i, v := range values {
		want = append(want, decoded{offset: int64(i), time: times[i], value: v})
	}
	return want
}

func compare(t testing.TB, reader string, got, want []decoded) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d records, want %d", reader, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: record %d has offset %d, time %d and %d bytes, want %d, %d and %d", reader, i,
				got[i].offset, got[i].time, len(got[i].value), want[i].offset, want[i].time, len(want[i].value))
		}
	}
}

func TestBatchIsReadByOtherClients(t *testing.T) {
	const now = 1_772_323_200_123
	text := string(bytes.Repeat([]byte("0123456789"), 7001))
	sizes := func(from, to int) (values []string) {
		for n := from; n <= to; n++ {
			values = append(values, text[:n])
		}
		return values
	}
	same := func(n int) []string { return slices.Repeat([]string{text[:100]}, n) }
	for _, c := range []struct {
		name   string
		values []string
		step   int64 // ms from record to record
	}{
		{"one", sizes(10, 10), 0},
		{"one empty", sizes(0, 0), 0},
		// One byte of length less than the room that was guessed, then exactly
		// it, then one more: values of 64 and 8192 bytes are the borders, and
		// the record's own length crosses its border a little earlier.
		{"short heads", sizes(0, 140), 0},
		{"long heads", sizes(8170, 8210), 0},
		{"large", []string{text[:65535], text[:65536], text[:70000], text[:5], text[:70000]}, 0},
		// Offset deltas of one, two and three bytes move the heads, too.
		{"many", same(9000), 0},
		{"times forward", same(200), 40},
		{"times far apart", same(50), 3_000_000_000},
		// The clock of the host was set back.
		{"times backward", same(200), -40},
	} {
		t.Run(c.name, func(t *testing.T) {
			times := make([]int64, len(c.values))
			for i := range times {
				times[i] = now + int64(i)*c.step
			}
			wire := assemble(t, None, 0, c.values, times)
			want := expected(c.values, times)
			compare(t, "kgo", decodeKgo(t, wire), want)
			compare(t, "kafka-go", decodeKafkaGo(t, wire), want)

			rest := wire[lengthPrefix+headerSize:]
			for i, v := range c.values {
				r, after, ok := nextRecord(rest)
				if !ok || string(r.value) != v || r.timeDelta != times[i]-times[0] {
					t.Fatalf("nextRecord %d: ok %v, %d bytes, time delta %d", i, ok, len(r.value), r.timeDelta)
				}
				rest = after
			}
			if len(rest) != 0 {
				t.Errorf("%d bytes are left after the last record", len(rest))
			}
		})
	}
}

func TestBatchHeader(t *testing.T) {
	wire := assemble(t, Gzip, 3, []string{"a", "b", "c"}, []int64{1000, 3000, 2000})
	if n := binary.BigEndian.Uint32(wire); int(n) != len(wire)-lengthPrefix {
		t.Errorf("length prefix %d, want %d", n, len(wire)-lengthPrefix)
	}
	var b kmsg.RecordBatch
	if err := b.ReadFrom(wire[lengthPrefix:]); err != nil {
		t.Fatal(err)
	}
	b.Records = nil
	want := kmsg.RecordBatch{
		FirstOffset: 0, Length: int32(len(wire) - lengthPrefix - 12), PartitionLeaderEpoch: -1, Magic: 2,
		CRC:        int32(crc32.Checksum(wire[lengthPrefix+21:], crc32.MakeTable(crc32.Castagnoli))),
		Attributes: 1, LastOffsetDelta: 2, FirstTimestamp: 1000, MaxTimestamp: 3000,
		// No idempotence: nothing is claimed of a producer.
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: 3,
	}
	if got := fmt.Sprintf("%+v", b); got != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %s\nwant %+v", got, want)
	}
}

// A batch is stamped again in a buffer that an earlier one has used.
func TestStampOverwritesTheWholeHeader(t *testing.T) {
	clean := assemble(t, None, 0, []string{"a"}, []int64{5})
	dirty := slices.Clone(clean)
	for i := range dirty[:lengthPrefix+headerSize] {
		dirty[i] = 0xAA
	}
	stamp(dirty, None, 1, 5, 5)
	if !bytes.Equal(dirty, clean) {
		t.Errorf("got  %x\nwant %x", dirty, clean)
	}
}

func TestNextRecordRefuses(t *testing.T) {
	good := encodeRecord(nil, record{value: []byte("value"), timeDelta: 7}, 3)
	for n := range len(good) {
		if _, _, ok := nextRecord(good[:n]); ok {
			t.Errorf("the first %d of %d bytes were taken for a record", n, len(good))
		}
	}
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"negative length", []byte{1, 0, 0, 0, 1, 0, 0}},
		{"no attributes", []byte{0}},
		{"value longer than record", []byte{12, 0, 0, 0, 1, 8, 'a'}},
		{"null value", []byte{12, 0, 0, 0, 1, 1, 0}},
		{"key longer than record", []byte{12, 0, 0, 0, 100, 1, 0}},
		{"endless varint", bytes.Repeat([]byte{0xFF}, 20)},
	} {
		if _, _, ok := nextRecord(c.b); ok {
			t.Errorf("%s: taken for a record", c.name)
		}
	}
}

func TestNextRecordReadsOtherClients(t *testing.T) {
	r := kmsg.Record{TimestampDelta64: -5, Key: []byte("key"), Value: []byte("value"), Headers: []kmsg.Header{{Key: "a", Value: []byte("b")}}}
	r.Length = int32(len(r.AppendTo(nil)) - 1)
	got, rest, ok := nextRecord(append(r.AppendTo(nil), "rest"...))
	if !ok || string(got.key) != "key" || string(got.value) != "value" || got.timeDelta != -5 || string(rest) != "rest" {
		t.Errorf("got %+v, rest %q, ok %v", got, rest, ok)
	}
	if want := encodeHeaders(1, Header{Key: "a", Value: "b"}); !bytes.Equal(got.headers, want) {
		t.Errorf("headers %x, want %x", got.headers, want)
	}
}

// Keys and headers of any length leave the value whole.
func TestKeysAndHeaders(t *testing.T) {
	text := string(bytes.Repeat([]byte("k"), 9000))
	var records []byte
	var want []decoded
	for i, size := range []int{0, 1, 62, 63, 64, 65, 127, 128, 8191, 8192, 9000} {
		for j, valueSize := range []int{0, 63, 64, 8191, 8192} {
			r := record{value: []byte(text[:valueSize]), timeDelta: int64(j)}
			d := decoded{offset: int64(len(want)), time: int64(j), value: string(r.value), key: text[:size]}
			if size > 0 {
				r.key = []byte(text[:size])
			}
			if i%2 == 1 {
				r.headers = encodeHeaders(2, Header{Key: "a", Value: text[:size]}, Header{Key: "b"})
				d.headers = " a=" + text[:size] + " b="
			}
			records = encodeRecord(records, r, d.offset)
			want = append(want, d)
			if back, rest, ok := nextRecord(encodeRecord(nil, r, 7)); !ok || len(rest) > 0 || !bytes.Equal(back.key, r.key) || !bytes.Equal(back.value, r.value) {
				t.Fatalf("key of %d bytes, value of %d: not read back", size, valueSize)
			}
		}
	}
	wire := append(make([]byte, lengthPrefix+headerSize), records...)
	stamp(wire, None, int32(len(want)), 0, 0)
	compare(t, "kgo", decodeKgo(t, wire), want)
	compare(t, "kafka-go", decodeKafkaGo(t, wire), want)
}

func FuzzNextRecord(f *testing.F) {
	f.Add([]byte{}, []byte{}, int64(0), int64(0))
	f.Add(encodeRecord(nil, record{value: []byte("value"), timeDelta: 7}, 3), []byte("value"), int64(64), int64(8192))
	f.Add(bytes.Repeat([]byte{0xFF}, 20), bytes.Repeat([]byte("x"), 8192), int64(-1), int64(math.MaxInt32))
	f.Add([]byte{12, 0, 0, 0, 100, 1, 0}, bytes.Repeat([]byte("y"), 63), int64(math.MinInt64), int64(1))
	f.Fuzz(func(t *testing.T, foreign, value []byte, timeDelta, offsetDelta int64) {
		if r, rest, ok := nextRecord(foreign); ok {
			if len(r.value)+len(rest) >= len(foreign) {
				t.Fatalf("%x: value and rest are %d bytes of %d", foreign, len(r.value)+len(rest), len(foreign))
			}
			again, _, ok := nextRecord(encodeRecord(nil, r, 0))
			if !ok || again.timeDelta != r.timeDelta || !bytes.Equal(again.value, r.value) {
				t.Fatalf("%x: read %+v, then %+v", foreign, r, again)
			}
		}

		before := []byte("what stands before is not touched")
		b := encodeRecord(slices.Clone(before), record{value: value, timeDelta: timeDelta}, offsetDelta)
		if !bytes.HasPrefix(b, before) {
			t.Fatalf("the record before was overwritten: %q", b)
		}
		r, rest, ok := nextRecord(append(b[len(before):], foreign...))
		if !ok || r.timeDelta != timeDelta || !bytes.Equal(r.value, value) || !bytes.Equal(rest, foreign) {
			t.Fatalf("value %x, delta %d: read back %+v, rest %x, ok %v", value, timeDelta, r, rest, ok)
		}
	})
}

// Records of any time are stamped with milliseconds since 1970.
func TestTimestampsArriveAsTheyWereRead(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 123_456_789, time.FixedZone("", 8*3600))
	got := decodeKgo(t, assemble(t, None, 0, []string{"a"}, []int64{at.UnixMilli()}))
	if want := at.Truncate(time.Millisecond).UnixMilli(); got[0].time != want {
		t.Errorf("got %d, want %d", got[0].time, want)
	}
}
