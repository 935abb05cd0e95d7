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
	to   *target
	lane *lane // where it has to go; nil: any partition will do

	raw      []byte
	count    int32
	baseTime int64 // ms; of the first event
	maxTime  int64
	opened   time.Time
	tokens   []event.Token
	send     uint64 // the last one that brought it events

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

// add appends b.Events[i] under a key, nil being none, and with what headers brings;
// it says false when a processor drops the event.
func (r *batch) add(enc *output.Encoder, b *event.Batch, i int, key []byte, headers *headers) bool {
	start := len(r.raw)
	var kept bool
	if r.raw, kept = enc.Append(beginRecord(r.raw, key), b, i); !kept {
		r.raw = r.raw[:start]
		return false
	}
	at := enc.Time().UnixMilli()
	r.raw = endRecord(r.raw, start, key, headers.of(enc), at-r.baseTime, int64(r.count))
	r.maxTime = max(r.maxTime, at)
	r.count++
	r.logs += b.Events[i].To - b.Events[i].From
	return true
}

func (r *batch) full(events int) bool {
	return len(r.raw) >= targetSize || int(r.count) >= events
}

// A spread gives an event batch's token to the record batches that its events come
// to lie in: the token itself if that is one, shares of it if they are more.
type spread struct {
	token   event.Token
	send    uint64 // tells one Send from another
	dropped uint64 // bytes of log text that came into none
	first   *batch // until it has its token
	shares  *share
	given   bool
}

// touch notes that b has an event of the batch.
func (p *spread) touch(b *batch) {
	if b.send != p.send {
		p.enter(b)
	}
}

func (p *spread) enter(b *batch) {
	b.send = p.send
	if p.first == nil && p.shares == nil {
		p.first = b
		return
	}
	p.divide()
	p.share(b)
}

// divide is for when the first batch may be sealed before it is known whether
// there will be another.
func (p *spread) divide() {
	if p.first == nil {
		return
	}
	p.shares = newShare(p.token)
	p.share(p.first)
	p.first = nil
}

func (p *spread) share(b *batch) {
	p.shares.add()
	b.tokens = append(b.tokens, event.NewToken(p.shares, 0))
}

// settle gives the token to the only batch. It is the last that needs the sink's
// lock.
func (p *spread) settle() {
	if p.first != nil {
		p.first.tokens = append(p.first.tokens, p.token)
		p.first, p.given = nil, true
	}
}

// end says what remains to be said of the token. It may call back whoever waits.
func (p *spread) end() {
	switch {
	case p.shares != nil:
		p.shares.Ack(0)
	case !p.given:
		p.token.Done() // processors have dropped all
	}
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
