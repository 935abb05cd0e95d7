//go:build unix

package kafka

import (
	"reflect"
	"testing"
	"time"
)

func TestParseRecords(t *testing.T) {
	out := "CreateTime:1700000000123\x1fPartition:2\x1fOffset:7\x1fNO_HEADERS\x1f\x1d\x1f{\"message\":\"a\tb\"}\x1e" +
		"NO_TIMESTAMP\x1fPartition:0\x1fOffset:0\x1fk:v\x1fkey\x1ftwo\nlines\x1funits\x1e" +
		"LogAppendTime:1\x1fPartition:0\x1fOffset:1\x1fNO_HEADERS\x1f\x1f\x1d\x1e"
	want := []Record{
		{Partition: 2, Offset: 7, Timestamp: time.UnixMilli(1700000000123), Value: []byte("{\"message\":\"a\tb\"}")},
		{Headers: "k:v", Key: []byte("key"), Value: []byte("two\nlines\x1funits")},
		{Offset: 1, Timestamp: time.UnixMilli(1), Key: []byte{}},
	}
	got, err := parseRecords([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestParseRecordsRefuses(t *testing.T) {
	for _, line := range []string{
		"no fields",
		"CreateTime:x\x1fPartition:0\x1fOffset:0\x1fNO_HEADERS\x1fk\x1fv",
		"CreateTime:1\x1fPartition:?\x1fOffset:0\x1fNO_HEADERS\x1fk\x1fv",
		"CreateTime:1\x1fPartition:0\x1fOffset:?\x1fNO_HEADERS\x1fk\x1fv",
		"CreateTime:1\x1fPartition:0\x1fOffset:0\x1fNO_HEADERS\x1fv",
	} {
		if got, err := parseRecords([]byte(line + "\x1e")); err == nil {
			t.Errorf("%q: got %+v, want an error", line, got)
		}
	}
}

func TestParseBatches(t *testing.T) {
	const out = `Dumping /tmp/x/broker-0/data/my-topic-1/00000000000000000000.log
Log starting offset: 0
baseOffset: 0 lastOffset: 4 count: 5 baseSequence: -1 lastSequence: -1 producerId: -1 producerEpoch: -1 partitionLeaderEpoch: 0 isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty position: 0 CreateTime: 1700000000123 size: 181 magic: 2 compresscodec: gzip crc: 2213476443 isvalid: true
baseOffset: 5 lastOffset: 5 count: 1 baseSequence: 0 lastSequence: 0 producerId: 12 producerEpoch: 0 partitionLeaderEpoch: 0 isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty position: 181 CreateTime: 1700000000124 size: 70 magic: 2 compresscodec: none crc: 1 isvalid: false
`
	want := []Batch{
		{Partition: 1, LastOffset: 4, Count: 5, Size: 181, Codec: "gzip", ProducerID: -1, Valid: true},
		{Partition: 1, BaseOffset: 5, LastOffset: 5, Count: 1, Size: 70, Codec: "none", ProducerID: 12},
	}
	got, err := parseBatches([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if _, err := parseBatches([]byte("baseOffset: 0 lastOffset: x\n")); err == nil {
		t.Error("a line without numbers: want an error")
	}
}

func TestVersionStandsInPom(t *testing.T) {
	if v := Version(); len(v) < 5 || v[0] < '4' {
		t.Errorf("version %q, want 4.x.y or newer", v)
	}
}
