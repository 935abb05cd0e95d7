// Package javalog writes the log of a Spring Cloud service that never ran: the
// lines that logback's default pattern makes in Spring Boot, with levels,
// threads, loggers and messages in the proportions of a busy service, and Java
// stack traces below some of them. The same seed always gives the same bytes.
//
// It exists for tests, benchmarks and the demo. It must never know what reads
// its lines: nothing of files, of shipping or of Kafka belongs here. It imports
// the standard library alone.
package javalog

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// A Generator appends one event after another. It is not safe for use by
// several goroutines at once.
type Generator struct {
	rng      *rand.PCG
	now      time.Time
	second   int64    // the Unix second that stamp shows
	stamp    [20]byte // "2006-01-02 15:04:05."
	events   uint64
	recent   [64]uint64 // see token
	numbered bool
}

// An Option changes what a Generator writes.
type Option func(*Generator)

// Numbered is the Option that opens every message with the event's number,
// "seq=00000042 ", counted from 1. The digits are at least eight. With it a test
// can tell what was lost, repeated or put out of order; see Sequence.
func Numbered(g *Generator) { g.numbered = true }

// New returns a Generator whose log begins at start and is written in start's
// time zone. Equal arguments give equal logs.
func New(seed uint64, start time.Time, options ...Option) *Generator {
	g := &Generator{
		rng: rand.NewPCG(seed, 0x9e3779b97f4a7c15),
		now: start,
		// No real second: the first event fills the stamp.
		second: -1 << 63,
	}
	for i := range g.recent {
		g.recent[i] = g.rng.Uint64()
	}
	for _, option := range options {
		option(g)
	}
	return g
}

// Events returns how many events were appended so far. With Numbered that is
// the number of the latest one.
func (g *Generator) Events() uint64 { return g.events }

// Append appends the next event to dst and returns the extended slice. An event
// is one or more lines, each ended by '\n'; only its first line begins with a
// timestamp. The generator's own clock moves a few milliseconds each time.
func (g *Generator) Append(dst []byte) []byte {
	g.now = g.now.Add(g.gap())
	return g.AppendAt(dst, g.now)
}

// AppendAt is Append for a log that is written live: the event happens at now,
// shown in now's time zone, and the generator's own clock stands still.
func (g *Generator) AppendAt(dst []byte, now time.Time) []byte {
	g.events++
	s, traced := g.scene()
	dst = g.appendTime(dst, now)
	dst = append(dst, s.level...)
	dst = append(dst, s.pool.threads[g.below(len(s.pool.threads))]...)
	dst = append(dst, s.logger...)
	if g.numbered {
		dst = appendNumber(dst, g.events)
	}
	dst = g.expand(dst, s.message)
	dst = append(dst, '\n')
	if traced {
		dst = g.appendTrace(dst, s.pool.frames)
	}
	return dst
}

// gap returns the time between two events: mostly a few milliseconds, for
// requests come in bursts, and now and then a pause.
func (g *Generator) gap() time.Duration {
	ms := g.below(5)
	if g.below(64) == 0 {
		ms += g.below(120)
	}
	return time.Duration(ms) * time.Millisecond
}

func (g *Generator) appendTime(dst []byte, now time.Time) []byte {
	// A second holds hundreds of events, and formatting a date costs more than
	// the rest of a line.
	if s := now.Unix(); s != g.second {
		g.second = s
		now.AppendFormat(g.stamp[:0], "2006-01-02 15:04:05.")
	}
	ms := now.Nanosecond() / int(time.Millisecond)
	dst = append(dst, g.stamp[:]...)
	return append(dst, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}

// below returns a number in [0, n), for small n.
func (g *Generator) below(n int) int {
	return int(g.rng.Uint64() >> 32 * uint64(n) >> 32)
}

// token returns the random word behind an id. Two out of three were seen a
// short while ago: the lines of one request share its ids, and a log without
// that would compress far worse than a real one.
func (g *Generator) token() uint64 {
	i := g.below(len(g.recent))
	if g.below(3) == 0 {
		g.recent[i] = g.rng.Uint64()
	}
	return g.recent[i]
}

const (
	numberMark   = "seq="
	numberDigits = 8
)

func appendNumber(dst []byte, n uint64) []byte {
	dst = append(dst, numberMark...)
	const smallest = 10_000_000 // with numberDigits digits
	for limit := uint64(smallest); limit > n && limit > 1; limit /= 10 {
		dst = append(dst, '0')
	}
	dst = strconv.AppendUint(dst, n, 10)
	return append(dst, ' ')
}

// Sequence returns the number that Numbered gave to an event, found in its
// first line. ok is false when the text isn't the head of a numbered event: a
// torn event that begins with a later line has no number.
func Sequence(event string) (n uint64, ok bool) {
	line, _, _ := strings.Cut(event, "\n")
	// The first " : " ends the logger's column; a message may hold another.
	_, message, _ := strings.Cut(line, " : ")
	digits, marked := strings.CutPrefix(message, numberMark)
	digits, _, ended := strings.Cut(digits, " ")
	if !marked || !ended || len(digits) < numberDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, false
	}
	return n, true
}
