package kafka

import (
	"fmt"
	"slices"

	"go.uber.org/zap"
)

// smallBatch is the size up to which a batch is compressed by its lane, if that is
// idle.
const smallBatch = 32 << 10

// compression holds the buffers and compressors that batches share. Its fields
// are guarded by the sink's lock.
type compression struct {
	workers int // at most so many batches are compressed at once

	running int
	queue   []*batch
	idle    []*compressor

	inUse int      // bytes of raw buffers that wait to be compressed
	raws  [][]byte // raw buffers at rest
	rest  int      // their bytes
	wires [][]byte
}

// rawSize is the size of a raw buffer that is to be filled.
const rawSize = targetSize + targetSize/16

// room says whether another batch may be opened beside those that have filled bytes:
// one may fill, and one wait for each worker. One more that waits would cost a
// megabyte and gain nothing.
func (c *compression) room(filled int) bool {
	return c.inUse == 0 || c.inUse+filled <= c.workers*rawSize
}

// buffer returns a raw buffer, while open ones hold so many bytes. One that will not
// be the only one begins small, and as large ones only as long as all together are
// not larger than the same number of lone ones.
func (c *compression) buffer(lone bool, held int) []byte {
	if n := len(c.raws); n > 0 && held+c.rest <= (c.workers+1)*rawSize {
		b := c.raws[n-1]
		c.raws = c.raws[:n-1]
		c.rest -= cap(b)
		return b
	}
	if lone {
		return make([]byte, 0, rawSize)
	}
	return make([]byte, 0, 4<<10)
}

// bloated says that more is kept than a trickle of events needs.
func (c *compression) bloated() bool { return len(c.raws) > 1 || len(c.idle) > 1 }

// keep takes the raw buffer of an open batch back. One that a huge event has blown
// up is left to the garbage collector.
func (c *compression) keep(raw []byte) {
	if cap(raw) <= 2*targetSize && c.rest <= c.workers*rawSize {
		c.raws = append(c.raws, raw)
		c.rest += cap(raw)
	}
}

// release takes the raw buffer of a sealed batch back.
func (c *compression) release(raw []byte) {
	c.inUse -= cap(raw)
	c.keep(raw)
}

// take returns an idle compressor of the level, or nil. One of another level is
// dropped for it: a compressor has a megabyte, and levels change rarely.
func (c *compression) take(level int) *compressor {
	for i, with := range c.idle {
		if with.level == level {
			c.idle = slices.Delete(c.idle, i, i+1)
			return with
		}
	}
	if len(c.idle) >= c.workers {
		c.idle = c.idle[1:]
	}
	return nil
}

// wire returns a buffer to compress into.
func (c *compression) wire() []byte {
	if n := len(c.wires); n > 0 {
		b := c.wires[n-1]
		c.wires = c.wires[:n-1]
		return b
	}
	return make([]byte, 0, targetSize/4)
}

// recycle takes back the buffers of a delivered batch.
func (c *compression) recycle(b *batch) {
	for _, p := range b.pieces {
		if !b.stale && cap(p.wire) <= targetSize && len(c.wires) < c.workers+2 {
			c.wires = append(c.wires, p.wire)
		}
	}
	b.pieces = nil
}

// compress hands a sealed batch to a worker, unless somebody has it already, and
// starts a worker if there may be another. It is called with the lock held.
func (s *Sink) compress(b *batch) {
	if b.handed {
		return
	}
	b.handed = true
	c := &s.compression
	if c.running > 0 && s.cfg.Hurry != nil {
		s.cfg.Hurry()
	}
	c.queue = append(c.queue, b)
	if c.running < c.workers {
		c.running++
		s.work.Add(1)
		go s.compressAll()
	}
}

// compressAll works until no batch waits.
func (s *Sink) compressAll() {
	defer s.work.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.compression
	for len(c.queue) > 0 {
		b := c.queue[0]
		c.queue = c.queue[1:]
		s.press(b)
	}
	c.running--
}

// press compresses one batch. It is called with the lock held, and gives it away
// while it works.
func (s *Sink) press(b *batch) {
	c := &s.compression
	level := s.levelOf(b)
	with := c.take(level)
	wire, limit := c.wire(), s.limit
	s.mu.Unlock()
	if with == nil {
		with, _ = newCompressor(s.cfg.Codec, level) // New has tried it
	}
	pieces := s.build(with, wire, b.raw, b, b.count, limit)
	s.mu.Lock()
	c.idle = append(c.idle, with)
	b.pieces = pieces
	for _, p := range pieces {
		b.size += len(p.wire)
	}
	s.bytes += b.size
	c.release(b.raw)
	b.raw = nil
	close(b.ready)
	poke(s.room)
}

// build compresses a records region into pieces of at most limit bytes.
func (s *Sink) build(with *compressor, wire, records []byte, b *batch, count int32, limit int) []piece {
	wire = s.wrap(with, wire, records, b, count)
	if len(wire)-lengthPrefix <= limit {
		return []piece{{wire: wire, count: count}}
	}
	return s.cut(with, records, b, count, limit)
}

// wrap compresses a records region and puts the header in front.
func (s *Sink) wrap(with *compressor, wire, records []byte, b *batch, count int32) []byte {
	wire = append(wire[:0], make([]byte, lengthPrefix+headerSize)...)
	out, err := with.appendTo(wire, records)
	codec := with.codec
	if err != nil {
		// Writing to memory does not fail; should it, uncompressed records
		// are still records.
		s.log.Error("compression failed, sending the batch as it is", zap.Error(err))
		wire = append(wire, records...)
		out, codec = wire, None
	}
	stamp(out, codec, count, b.baseTime, b.maxTime)
	return out
}

// cut makes two batches of one that is too large, and shortens an event that is
// too large by itself.
func (s *Sink) cut(with *compressor, records []byte, b *batch, count int32, limit int) []piece {
	if count > 1 {
		first, second := halves(records, count)
		n := count / 2
		return append(s.build(with, nil, first, b, n, limit), s.build(with, nil, second, b, count-n, limit)...)
	}
	r, _, ok := nextRecord(records)
	if !ok {
		s.stats.dropped.Add(1)
		s.log.Error("dropping an event whose record cannot be read back")
		return nil
	}
	if s.cfg.TooLarge == SetAside && s.setsAside(r.value, b, limit) {
		return nil
	}
	if s.cfg.TooLarge == Drop {
		return s.drop(r.value, limit, nil)
	}
	return s.shorten(with, r, b, limit)
}

// shorten halves the text of an event until it fits. One that does not even fit
// without it is the dead letter's, whole, or dropped.
func (s *Sink) shorten(with *compressor, r record, b *batch, limit int) []piece {
	whole := r.value
	for {
		shorter, left, err := s.encoder.Truncate(r.value)
		if err != nil || left == 0 {
			if s.cfg.DeadLetter != nil && s.cfg.TooLarge != SetAside && s.setsAside(whole, b, limit) {
				return nil
			}
			return s.drop(whole, limit, err)
		}
		r.value = shorter
		wire := s.wrap(with, nil, encodeRecord(nil, r, 0), b, 1)
		if len(wire)-lengthPrefix > limit {
			continue
		}
		s.stats.truncated.Add(1)
		s.log.Warn("event is too large for the broker, its text was cut",
			zap.Int("bytes", len(whole)), zap.Int("left", len(r.value)), zap.Int("limit", limit))
		return []piece{{wire: wire, count: 1}}
	}
}

// drop gives up an event that is too large for the broker.
func (s *Sink) drop(doc []byte, limit int, err error) []piece {
	s.stats.dropped.Add(1)
	s.log.Error("dropping an event that is too large for the broker", zap.Int("bytes", len(doc)), zap.Int("limit", limit), zap.Error(err))
	return nil
}

// setsAside puts an event that is too large for the broker into the dead letter,
// and says whether it could.
func (s *Sink) setsAside(doc []byte, b *batch, limit int) bool {
	err := s.setAside(tooLarge, fmt.Errorf("%d bytes do not fit into a batch of %d", len(doc), limit), b.to.name, [][]byte{doc})
	if err != nil {
		s.log.Error("an event that is too large for the broker cannot be set aside", zap.Int("bytes", len(doc)), zap.Error(err))
	}
	return err == nil
}

// split cuts a piece that the broker has refused.
func (s *Sink) split(p piece, b *batch) ([]piece, error) {
	records, err := expand(codecOf(p.wire), p.wire[lengthPrefix+headerSize:])
	if err != nil {
		return nil, fmt.Errorf("split batch: %w", err)
	}
	with, err := newCompressor(s.cfg.Codec, s.cfg.fixedLevel())
	if err != nil {
		return nil, fmt.Errorf("split batch: %w", err)
	}
	limit := len(p.wire) - lengthPrefix - 1
	s.mu.Lock()
	s.limit = min(s.limit, limit)
	s.mu.Unlock()
	return s.cut(with, records, b, p.count, limit), nil
}

// halves rewrites a records region as two, each with offsets from 0.
func halves(records []byte, count int32) (first, second []byte) {
	for i := range count {
		r, rest, ok := nextRecord(records)
		if !ok {
			break
		}
		if i < count/2 {
			first = encodeRecord(first, r, int64(i))
		} else {
			second = encodeRecord(second, r, int64(i-count/2))
		}
		records = rest
	}
	return first, second
}
