package kafka

import (
	"sync/atomic"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
)

// A batch is a run of records on its way to one partition. While it is open the
// records stand uncompressed in raw; sealed, they become pieces, of which there
// is one unless the whole is too large for the broker.
type batch struct {
	raw      []byte
	count    int32
	baseTime int64 // ms; of the first event
	maxTime  int64
	opened   time.Time
	tokens   []event.Token

	handed bool          // somebody compresses it, or has done so
	ready  chan struct{} // closed when the pieces are there
	pieces []piece
	size   int   // of all pieces
	logs   int64 // bytes of log text, for the statistics
	stale  bool  // a request may still be reading the pieces: do not use them again
}

// A piece is what one produce request carries.
type piece struct {
	wire  []byte // length prefix, header, compressed records
	count int32
}

func newBatch(raw []byte, at int64) *batch {
	return &batch{raw: raw[:0], baseTime: at, maxTime: at, opened: time.Now(), ready: make(chan struct{})}
}

// add appends b.Events[i], unless a processor drops it.
func (r *batch) add(enc *output.Encoder, b *event.Batch, i int) {
	start := len(r.raw)
	r.logs += b.Events[i].To - b.Events[i].From
	var kept bool
	if r.raw, kept = enc.Append(beginRecord(r.raw, nil), b, i); !kept {
		r.raw = r.raw[:start]
		return
	}
	at := enc.Time().UnixMilli()
	r.raw = endRecord(r.raw, start, nil, nil, at-r.baseTime, int64(r.count))
	r.maxTime = max(r.maxTime, at)
	r.count++
}

func (r *batch) full(events int) bool {
	return len(r.raw) >= targetSize || int(r.count) >= events
}

// share is the token of an event batch that lies in several record batches: done
// when all of them are.
type share struct {
	token event.Token
	left  atomic.Int32
}

func newShare(t event.Token) *share {
	s := &share{token: t}
	s.left.Store(1) // for the Send that is under way
	return s
}

func (s *share) add() { s.left.Add(1) }

// Ack implements event.Acker.
func (s *share) Ack(uint64) {
	if s.left.Add(-1) == 0 {
		s.token.Done()
	}
}
