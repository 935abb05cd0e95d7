//go:build unix

package kafka

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Record is one record as Kafka's console consumer prints it.
type Record struct {
	Partition int
	Offset    int64
	Timestamp time.Time // zero when the record has none
	Key       []byte    // nil when the record has none
	Headers   string    // as printed: k:v,k:v
	Value     []byte    // nil when the record has none
}

// The console consumer separates by tabs and newlines unless it is told
// otherwise; these are the characters that ASCII has for it, so that values
// with tabs and newlines come through whole.
const (
	fieldSeparator  = "\x1f"
	recordSeparator = "\x1e"
	nullLiteral     = "\x1d"
)

// Consume reads a whole topic with Kafka's console consumer: all records that
// are there at the time of the call, each partition's in the order of offsets.
// It fails when the consumer reads fewer than the offsets promise.
func (c *Cluster) Consume(ctx context.Context, topic string) ([]Record, error) {
	want, err := c.count(ctx, topic)
	if err != nil || want == 0 {
		return nil, err
	}
	args := []string{
		"--bootstrap-server", strings.Join(c.Bootstrap(), ","),
		"--topic", topic,
		"--from-beginning",
		"--max-messages", strconv.FormatInt(want, 10),
		"--timeout-ms", "20000", // without a record; it has all of them long before
		"--formatter-property", "key.separator=" + fieldSeparator,
		"--formatter-property", "line.separator=" + recordSeparator,
		"--formatter-property", "null.literal=" + nullLiteral,
	}
	for _, part := range []string{"timestamp", "partition", "offset", "headers", "key", "value"} {
		args = append(args, "--formatter-property", "print."+part+"=true")
	}
	out, err := c.java.run(ctx, "org.apache.kafka.tools.consumer.ConsoleConsumer", args...)
	if err != nil {
		return nil, fmt.Errorf("consume %s: %w", topic, err)
	}
	records, err := parseRecords(out)
	if err != nil {
		return nil, fmt.Errorf("consume %s: %w", topic, err)
	}
	if int64(len(records)) != want {
		return nil, fmt.Errorf("consume %s: the console consumer read %d records of %d", topic, len(records), want)
	}
	return records, nil
}

// count returns how many records a topic holds, by its offsets. It is exact for
// topics without compaction and transactions.
func (c *Cluster) count(ctx context.Context, topic string) (int64, error) {
	const earliest = -2 // as ListOffsets spells it
	starts, err := c.offsets(ctx, topic, earliest)
	if err != nil {
		return 0, err
	}
	ends, err := c.EndOffsets(ctx, topic)
	if err != nil {
		return 0, err
	}
	var count int64
	for p := range starts {
		count += ends[p] - starts[p]
	}
	return count, nil
}

func parseRecords(out []byte) ([]Record, error) {
	var records []Record
	for line := range bytes.SplitSeq(out, []byte(recordSeparator)) {
		if len(line) == 0 { // after the last separator
			continue
		}
		record, err := parseRecord(line)
		if err != nil {
			return nil, fmt.Errorf("parse record %.200q: %w", line, err)
		}
		records = append(records, record)
	}
	return records, nil
}

func parseRecord(line []byte) (Record, error) {
	fields := bytes.SplitN(line, []byte(fieldSeparator), 6)
	if len(fields) != 6 {
		return Record{}, fmt.Errorf("%d fields, want 6", len(fields))
	}
	var r Record
	var err error
	if kind, millis, ok := strings.Cut(string(fields[0]), ":"); ok {
		ms, err := strconv.ParseInt(millis, 10, 64)
		if err != nil {
			return Record{}, fmt.Errorf("%s: %w", kind, err)
		}
		r.Timestamp = time.UnixMilli(ms)
	}
	if r.Partition, err = strconv.Atoi(strings.TrimPrefix(string(fields[1]), "Partition:")); err != nil {
		return Record{}, fmt.Errorf("partition: %w", err)
	}
	if r.Offset, err = strconv.ParseInt(strings.TrimPrefix(string(fields[2]), "Offset:"), 10, 64); err != nil {
		return Record{}, fmt.Errorf("offset: %w", err)
	}
	if headers := string(fields[3]); headers != "NO_HEADERS" {
		r.Headers = headers
	}
	r.Key, r.Value = nullable(fields[4]), nullable(fields[5])
	return r, nil
}

func nullable(field []byte) []byte {
	if string(field) == nullLiteral {
		return nil
	}
	return field
}

// Batch is one record batch as it lies in a broker's log.
type Batch struct {
	Partition  int
	BaseOffset int64
	LastOffset int64
	Count      int    // records
	Size       int    // bytes, header included
	Codec      string // none, gzip, snappy, lz4, zstd
	ProducerID int64  // -1 when the producer is not idempotent
	Valid      bool   // the checksum fits
}

// Batches lists a topic's record batches by Kafka's DumpLogSegments, from the
// log of each partition's leader.
func (c *Cluster) Batches(ctx context.Context, topic string) ([]Batch, error) {
	partitions, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	var files []string
	for p, state := range partitions {
		if state.Leader < 0 {
			return nil, fmt.Errorf("list batches of %s: partition %d has no leader", topic, p)
		}
		dir := filepath.Join(c.nodes[state.Leader].dataDir(), fmt.Sprintf("%s-%d", topic, p))
		segments, err := filepath.Glob(filepath.Join(dir, "*.log"))
		if err != nil {
			return nil, fmt.Errorf("list batches of %s: %w", topic, err)
		}
		slices.Sort(segments)
		files = append(files, segments...)
	}
	if len(files) == 0 {
		return nil, nil
	}
	out, err := c.java.run(ctx, "org.apache.kafka.tools.DumpLogSegments", "--files", strings.Join(files, ","))
	if err != nil {
		return nil, fmt.Errorf("list batches of %s: %w", topic, err)
	}
	batches, err := parseBatches(out)
	if err != nil {
		return nil, fmt.Errorf("list batches of %s: %w", topic, err)
	}
	return batches, nil
}

// parseBatches reads lines of "name: value" pairs; each file is announced by a
// line with its path, which ends in topic-partition/segment.log.
func parseBatches(out []byte) ([]Batch, error) {
	var batches []Batch
	partition := -1
	for line := range strings.Lines(string(out)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "Dumping "); ok {
			dir := filepath.Base(filepath.Dir(path))
			var err error
			if partition, err = strconv.Atoi(dir[strings.LastIndexByte(dir, '-')+1:]); err != nil {
				return nil, fmt.Errorf("partition of %s: %w", path, err)
			}
		}
		if !strings.HasPrefix(line, "baseOffset:") {
			continue
		}
		batch, err := parseBatch(line)
		if err != nil {
			return nil, fmt.Errorf("parse batch %q: %w", line, err)
		}
		batch.Partition = partition
		batches = append(batches, batch)
	}
	return batches, nil
}

func parseBatch(line string) (Batch, error) {
	pairs := map[string]string{}
	words := strings.Fields(line)
	for i := 0; i+1 < len(words); i += 2 {
		pairs[strings.TrimSuffix(words[i], ":")] = words[i+1]
	}
	var failed error
	number := func(name string) int64 {
		n, err := strconv.ParseInt(pairs[name], 10, 64)
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", name, err)
		}
		return n
	}
	batch := Batch{
		BaseOffset: number("baseOffset"),
		LastOffset: number("lastOffset"),
		Count:      int(number("count")),
		Size:       int(number("size")),
		ProducerID: number("producerId"),
		Codec:      strings.ToLower(pairs["compresscodec"]),
		Valid:      pairs["isvalid"] == "true",
	}
	return batch, failed
}
