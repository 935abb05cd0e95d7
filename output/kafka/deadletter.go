package kafka

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// TooLarge is what becomes of an event that is too large for the broker by
// itself, even compressed.
type TooLarge uint8

// The values of logcar.too_large.
const (
	Truncate TooLarge = iota // cut the text until it fits, and flag it
	Drop
	SetAside // put it into the dead letter
)

// Why an event is in the dead letter.
const (
	tooLarge = "too_large"
	refused  = "refused"
)

// A letter is a line of the dead letter.
type letter struct {
	Time     time.Time       `json:"time"`
	Reason   string          `json:"reason"`
	Error    string          `json:"error"`
	Topic    string          `json:"topic"`
	Document json.RawMessage `json:"document"` // as it would have gone to Kafka; a text when it is no JSON
}

func newLetter(now time.Time, reason string, cause error, topic string, document []byte) letter {
	if !json.Valid(document) { // codec.format may say anything
		document, _ = json.Marshal(string(document)) // a string has always a form
	}
	return letter{now, reason, cause.Error(), topic, document}
}

// setAside puts documents into the dead letter, all of them or none. With an error
// they are still there to be dealt with.
func (s *Sink) setAside(reason string, cause error, topic string, documents [][]byte) error {
	if s.cfg.DeadLetter == nil {
		return errNoDeadLetter
	}
	var lines bytes.Buffer
	e := json.NewEncoder(&lines)
	e.SetEscapeHTML(false)
	now := time.Now().UTC()
	for _, d := range documents {
		if err := e.Encode(newLetter(now, reason, cause, topic, d)); err != nil {
			return fmt.Errorf("dead letter: %w", err)
		}
	}
	if _, err := s.cfg.DeadLetter.Write(lines.Bytes()); err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	counter := &s.stats.lettersTooLarge
	if reason == refused {
		counter = &s.stats.lettersRefused
	}
	counter.Add(uint64(len(documents)))
	// A topic that takes nothing of what comes must not fill the log, too.
	level := zapcore.DebugLevel
	if last := s.toldLetters.Load(); now.Unix()-last >= int64(reminder/time.Second) && s.toldLetters.CompareAndSwap(last, now.Unix()) {
		level = zapcore.WarnLevel
	}
	s.log.Log(level, "events that the broker does not take are set aside",
		zap.String("reason", reason), zap.Int("events", len(documents)), zap.Error(cause))
	return nil
}

var errNoDeadLetter = errors.New("there is no dead letter")

// A refusal is a broker's error with the records that it concerns, by their place
// in the batch (KIP-467).
type refusal struct {
	error
	records map[int]error
}

func (r *refusal) Unwrap() error { return r.error }

// isFinal says that the same events will be refused whenever they come: the topic
// has rules that they do not keep.
func isFinal(code kafkago.Error) bool {
	switch code {
	case kafkago.InvalidRecord, kafkago.InvalidTimestamp, kafkago.PolicyViolation:
		return true
	}
	return false
}

// sift sets aside what the broker has refused for good of a piece, and returns
// what is left of it. Brokers before 2.4 do not say which records these are: the
// piece is halved until they stand alone.
func (s *Sink) sift(p piece, b *batch, cause error) ([]piece, error) {
	if s.cfg.DeadLetter == nil {
		return nil, errNoDeadLetter
	}
	records, err := expand(codecOf(p.wire), p.wire[lengthPrefix+headerSize:])
	if err != nil {
		return nil, fmt.Errorf("sift batch: %w", err)
	}
	with, err := newCompressor(s.cfg.Codec, s.cfg.fixedLevel())
	if err != nil {
		return nil, fmt.Errorf("sift batch: %w", err)
	}
	var bad map[int]error
	if r, ok := errors.AsType[*refusal](cause); ok {
		bad = r.records
	}
	if len(bad) == 0 && p.count > 1 {
		return s.cut(with, records, b, p.count, len(p.wire)), nil
	}
	var kept []byte
	var n int32
	var letters [][]byte
	for i := range p.count {
		r, rest, ok := nextRecord(records)
		if !ok {
			return nil, fmt.Errorf("sift batch: record %d of %d cannot be read back", i, p.count)
		}
		records = rest
		if bad[int(i)] != nil || p.count == 1 {
			letters = append(letters, r.value)
		} else {
			kept = encodeRecord(kept, r, int64(n))
			n++
		}
	}
	if err := s.setAside(refused, cause, b.to.name, letters); err != nil || n == 0 {
		return nil, err
	}
	return s.build(with, nil, kept, b, n, len(p.wire)), nil
}
