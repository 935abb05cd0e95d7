package kafka

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/logcar/logcar/processor"
)

// Strategy is a way to choose partitions.
type Strategy uint8

// The strategies of output.kafka.partition.
const (
	// Hash gives records with the same key, or the same values of some fields, the
	// same partition. It is Filebeat's default. Records that have none go where
	// there is room.
	Hash Strategy = iota
	Random
	RoundRobin
)

// Partition says which partitions records go to. Unless a hash decides, whole
// batches take turns, which Filebeat lets single events do: compressed batches
// stay large.
type Partition struct {
	Strategy Strategy
	Fields   []string // that Hash hashes; the key, without any
	// Strict drops records that lack one of the Fields.
	Strict bool
	// ReachableOnly lets Hash choose among the partitions that have a leader, at
	// the price that it chooses others while one has none. Where no hash decides,
	// partitions without a leader are passed over in any case.
	ReachableOnly bool
	// GroupEvents is how many events in a row Random and RoundRobin give to a
	// partition, at least.
	GroupEvents int
}

// FNV-1a of 32 bits, as Filebeat's partitioner has it.
const (
	hashSeed  = 2166136261
	hashPrime = 16777619
)

func hashBytes[T string | []byte](h uint32, b T) uint32 {
	for i := range len(b) {
		h = (h ^ uint32(b[i])) * hashPrime
	}
	return h
}

// hashFields hashes the values of fields, one after the other; false when one of
// them is missing or has no hash.
func hashFields(d *processor.Document, fields []string) (h uint32, ok bool) {
	h = hashSeed
	for _, f := range fields {
		if strings.HasPrefix(f, "@") {
			return 0, false // Filebeat looks at fields alone, among which @timestamp and @metadata are not
		}
		v, found := d.Get(f)
		if !found {
			return 0, false
		}
		if h, ok = hashValue(h, v); !ok {
			return 0, false
		}
	}
	return h, true
}

// hashValue hashes what Filebeat (8.1) hashes: text, integers as their bytes,
// least significant first, other numbers as text.
func hashValue(h uint32, v any) (uint32, bool) {
	var b [8]byte
	switch v := v.(type) {
	case string:
		return hashBytes(h, v), true
	case bool:
		if v {
			b[0] = 1
		}
		return hashBytes(h, b[:1]), true
	case int:
		binary.LittleEndian.PutUint64(b[:], uint64(v))
	case int32:
		binary.LittleEndian.PutUint32(b[:], uint32(v))
		return hashBytes(h, b[:4]), true
	case int64:
		binary.LittleEndian.PutUint64(b[:], uint64(v))
	case uint64:
		binary.LittleEndian.PutUint64(b[:], v)
	case float64:
		return hashBytes(h, strconv.AppendFloat(nil, v, 'g', -1, 32)), true
	case float32:
		return hashBytes(h, strconv.AppendFloat(nil, float64(v), 'g', -1, 32)), true
	case time.Time:
		return hashBytes(h, v.String()), true
	default:
		return 0, false
	}
	return hashBytes(h, b[:]), true
}

// partitionOf is the partition that a hash falls to: by Filebeat 7.13 and later,
// which look at the hash without its sign.
func (t *target) partitionOf(hash uint32, reachableOnly bool) partition {
	n := len(t.parts)
	if reachableOnly {
		if with := t.leaders(); with > 0 {
			n = with
		} else {
			reachableOnly = false
		}
	}
	at := int(hash & math.MaxInt32 % uint32(n))
	for _, p := range t.parts {
		if reachableOnly && !p.leader {
			continue
		}
		if at == 0 {
			return p
		}
		at--
	}
	return t.parts[len(t.parts)-1] // at is always found: n counted the same partitions
}

// leaders is how many partitions have one.
func (t *target) leaders() (n int) {
	for _, p := range t.parts {
		if p.leader {
			n++
		}
	}
	return n
}
