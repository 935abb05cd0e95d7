package kafka

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"strconv"
	"testing"
	"time"

	"github.com/logcar/logcar/processor"
)

// The published test vectors of FNV-1a, and that a partition is found as sarama's
// users find it: the hash without its sign.
func TestHashOfAKey(t *testing.T) {
	parts := func(n int) *target {
		to := newTarget(topic)
		for i := range n {
			to.parts = append(to.parts, partition{id: int32(i), leader: true})
		}
		return to
	}
	for _, c := range []struct {
		key  string
		hash uint32
	}{{"", 0x811c9dc5}, {"a", 0xe40c292c}, {"b", 0xe70c2de5}, {"foobar", 0xbf9cf968}, {"order-42", 0}} {
		h := fnv.New32a()
		h.Write([]byte(c.key)) // never fails
		if c.hash == 0 {
			c.hash = h.Sum32()
		}
		if got := hashBytes(hashSeed, c.key); got != c.hash || got != h.Sum32() {
			t.Errorf("hash of %q is %x, want %x", c.key, got, c.hash)
		}
		for _, n := range []int{1, 2, 3, 6, 7, 30, 128} {
			want := int32(c.hash) & 0x7fffffff % int32(n)
			if got := parts(n).partitionOf(c.hash, false).id; got != want {
				t.Errorf("%q falls to partition %d of %d, want %d", c.key, got, n, want)
			}
		}
	}
}

// With reachable_only a hash falls to one of the partitions that have a leader; when
// none has, to one of all.
func TestReachableOnly(t *testing.T) {
	to := newTarget(topic)
	for i := range int32(6) {
		to.parts = append(to.parts, partition{id: i, leader: i%2 == 1})
	}
	for hash := range uint32(30) {
		if got, want := to.partitionOf(hash, true).id, []int32{1, 3, 5}[hash%3]; got != want {
			t.Errorf("hash %d falls to %d, want %d", hash, got, want)
		}
		if got, want := to.partitionOf(hash, false).id, int32(hash%6); got != want {
			t.Errorf("of all, hash %d falls to %d, want %d", hash, got, want)
		}
	}
	for i := range to.parts {
		to.parts[i].leader = false
	}
	if got := to.partitionOf(4, true).id; got != 4 {
		t.Errorf("without leaders, hash 4 falls to %d", got)
	}
}

// What Filebeat makes of values: text as it is, integers as binary.Write has them,
// floats as text of 32 bits. Of other values there is no hash.
func TestHashOfFields(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	d := &processor.Document{Time: at, Meta: map[string]any{"x": "y"}, Fields: map[string]any{
		"text": "order", "empty": "", "i64": int64(-5), "i": 5, "i32": int32(7), "u64": uint64(1 << 63), "f64": 1.1, "f32": float32(2.5), "big": 1e21,
		"yes": true, "no": false, "list": []any{"a"}, "null": nil, "map": map[string]any{"in": "side"}, "a.b": "dots", "when": at,
	}}
	write := func(values ...any) uint32 {
		var b bytes.Buffer
		for _, v := range values {
			if s, ok := v.(string); ok {
				b.WriteString(s)
			} else if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
				t.Fatal(err)
			}
		}
		h := fnv.New32a()
		h.Write(b.Bytes()) // never fails
		return h.Sum32()
	}
	for _, c := range []struct {
		fields []string
		want   []any // nil: no hash
	}{
		{[]string{"text"}, []any{"order"}},
		{[]string{"text", "i64"}, []any{"order", int64(-5)}},
		{[]string{"i64", "text"}, []any{int64(-5), "order"}},
		{[]string{"empty"}, []any{""}},
		{[]string{"i"}, []any{int64(5)}},
		{[]string{"i32", "u64"}, []any{int32(7), uint64(1 << 63)}},
		{[]string{"f64", "f32", "big"}, []any{"1.1", "2.5", strconv.FormatFloat(1e21, 'g', -1, 32)}},
		{[]string{"yes", "no"}, []any{true, false}},
		{[]string{"map.in", "a.b"}, []any{"side", "dots"}},
		{[]string{"when"}, []any{at.String()}},
		{[]string{"list"}, nil}, {[]string{"null"}, nil}, {[]string{"map"}, nil}, {[]string{"missing"}, nil},
		{[]string{"text", "missing"}, nil}, {[]string{"@timestamp"}, nil}, {[]string{"@metadata.x"}, nil},
	} {
		got, ok := hashFields(d, c.fields)
		if ok != (c.want != nil) || ok && got != write(c.want...) {
			t.Errorf("%v: hash %x, %v, want that of %v", c.fields, got, ok, c.want)
		}
	}
}

func picking(how Partition) *Sink { return &Sink{cfg: Config{Partition: how}} }

// Without a hash batches take turns, and group_events lets a partition have so many
// events before the next has its turn.
func TestGroupEvents(t *testing.T) {
	for _, c := range []struct {
		how    Partition
		events []int32
		want   []int32 // partitions, from that of the first batch on
	}{
		{Partition{Strategy: RoundRobin}, []int32{1, 1, 1, 1}, []int32{0, 1, 2, 0}},
		{Partition{Strategy: RoundRobin, GroupEvents: 10}, []int32{4, 4, 4, 4, 20, 1}, []int32{0, 0, 0, 1, 1, 2}},
		{Partition{Strategy: Hash}, []int32{5, 5}, []int32{0, 1}},
	} {
		to := newTarget(topic)
		to.parts = []partition{{0, true, "a"}, {1, true, "a"}, {2, true, "b"}}
		first := int32(-1)
		for i, n := range c.events {
			got := picking(c.how).pick(to, n).id
			if first < 0 {
				first = got
			}
			if got = (got - first + 3) % 3; got != c.want[i] {
				t.Errorf("%+v: batch %d goes to %d, want %d", c.how, i, got, c.want[i])
			}
		}
	}
	to := newTarget(topic)
	to.parts = []partition{{0, true, "a"}, {1, true, "a"}, {2, true, "b"}}
	seen := map[int32]int{}
	for range 300 {
		seen[picking(Partition{Strategy: Random, GroupEvents: 1}).pick(to, 1).id]++
	}
	for id := range int32(3) {
		if seen[id] < 50 {
			t.Errorf("partition %d was drawn %d times of 300", id, seen[id])
		}
	}
	// A group does not hold to a partition that fails.
	l := picking(Partition{Strategy: RoundRobin, GroupEvents: 100}).pick(to, 1)
	l.failing = true
	if again := picking(Partition{Strategy: RoundRobin, GroupEvents: 100}).pick(to, 1); again == l {
		t.Error("the group stays with a partition that fails")
	}
}
