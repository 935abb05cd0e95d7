package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"go.uber.org/zap"
)

// A producer is what makes a lane idempotent: with the id, the epoch and the
// sequence number of its first record in its header, a batch that a broker has
// already is confirmed and not appended again. Each lane has one of its own, so
// that trouble in one partition does not make others forget what they sent.
type producer struct {
	id    int64
	epoch int16
	next  int32 // sequence number of the next batch's first record
	known bool  // id and epoch are valid
}

// initProducer has the layout of kafka-go's request and not its Transaction
// method, for which the transport would first look for a coordinator: an id
// without a transaction is any broker's to give.
type initProducer initproducerid.Request

func (*initProducer) ApiKey() protocol.ApiKey { return protocol.InitProducerId }

// newProducer asks for a producer id.
func (c *cluster) newProducer(ctx context.Context) (id int64, epoch int16, err error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	link := c.use()
	defer c.done(link)
	r, err := link.transport.RoundTrip(ctx, c.addr, &initProducer{TransactionTimeoutMs: math.MaxInt32, ProducerID: -1, ProducerEpoch: -1})
	if err != nil {
		return 0, 0, fmt.Errorf("get producer id: %w", c.dialer.explain(err, began))
	}
	res := r.(*initproducerid.Response)
	if res.ErrorCode != 0 {
		return 0, 0, fmt.Errorf("get producer id: %w", kafkago.Error(res.ErrorCode))
	}
	return res.ProducerID, res.ProducerEpoch, nil
}

// identify gives a lane its producer id, when confirmations are by all replicas;
// with less, the user has chosen otherwise. A cluster that refuses ids gets
// batches without them.
func (s *Sink) identify(l *lane) error {
	if s.cfg.Acks != AcksAll || l.producer.known || s.plain.Load() {
		return nil
	}
	id, epoch, err := s.cluster.newProducer(s.life)
	switch {
	case err == nil:
		l.producer = producer{id: id, epoch: epoch, known: true}
	case refusesProducers(err):
		if !s.plain.Swap(true) {
			s.log.Warn("the cluster gives no producer ids: a request that is repeated may repeat its events", zap.Error(err))
		}
	default:
		return err
	}
	return nil
}

func refusesProducers(err error) bool {
	var code kafkago.Error
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case kafkago.ClusterAuthorizationFailed, kafkago.TransactionalIDAuthorizationFailed, kafkago.UnsupportedVersion, kafkago.InvalidRequest:
		return true
	}
	return false
}

// losesProducer says that a broker does not know the lane's producer or sequence
// any more: its state has expired, or went with a leader. The batch was not
// appended, and is sent under a new id.
func losesProducer(err error) bool {
	var code kafkago.Error
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case kafkago.OutOfOrderSequenceNumber, kafkago.UnknownProducerId, kafkago.InvalidProducerEpoch, kafkago.InvalidProducerIDMapping, kafkago.ProducerFenced:
		return true
	}
	return false
}

// isDuplicate says that the broker has the batch already.
func isDuplicate(err error) bool { return errors.Is(err, kafkago.DuplicateSequenceNumber) }

// sign writes the lane's producer into a piece. One that bears it already is left
// alone: a request that was given up may still be reading its bytes. For the same
// reason one that was sent under another id is copied.
func (l *lane) sign(p piece, sent bool) piece {
	pr := &l.producer
	if !pr.known {
		return p
	}
	h := p.wire[lengthPrefix:]
	be := binary.BigEndian
	if int64(be.Uint64(h[offProducer:])) == pr.id && int16(be.Uint16(h[offProducerEp:])) == pr.epoch && int32(be.Uint32(h[offSequence:])) == pr.next {
		return p
	}
	if sent {
		p.wire = append([]byte(nil), p.wire...)
		h = p.wire[lengthPrefix:]
	}
	be.PutUint64(h[offProducer:], uint64(pr.id))
	be.PutUint16(h[offProducerEp:], uint16(pr.epoch))
	be.PutUint32(h[offSequence:], uint32(pr.next))
	be.PutUint32(h[offCRC:], crc32.Checksum(h[offAttributes:], castagnoli))
	return p
}

// confirm moves the sequence over a piece that the broker has. It wraps from the
// greatest int32 to 0.
func (l *lane) confirm(p piece) {
	if l.producer.known {
		l.producer.next = int32((int64(l.producer.next) + int64(p.count)) & math.MaxInt32)
	}
}
