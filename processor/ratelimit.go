package processor

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// rateLimit is rate_limit: a bucket of tokens for each combination of values.
type rateLimit struct {
	fields  []path // sorted
	rate    float64
	depth   float64
	sweepAt int

	mu      sync.Mutex
	buckets map[string]*bucket
	calls   int // since the last sweep
}

type bucket struct {
	tokens float64
	filled time.Time
}

var rateLimitKind = kind{
	Info: Info{Name: "rate_limit", Note: "Drops events that come faster than allowed.", Options: []OptionInfo{
		{Name: "limit", Type: String, Required: true, Note: "How many events in a second, minute or hour: 100/s, 100/m, 100/h."},
		{Name: "fields", Type: Fields, Note: "Each combination of these fields' values has a limit of its own. A missing field counts as empty."},
		{Name: "algorithm.token_bucket.burst_multiplier", Type: Float, Default: "1", Note: "How many times the limit may come at once after a quiet time."},
		{Name: "algorithm.token_bucket.gc.num_calls", Type: Int, Default: "10000", Note: "After how many events combinations are forgotten that have their whole limit again."},
	}},
	build: newRateLimit,
}

func newRateLimit(o *options) action {
	p := &rateLimit{fields: o.fields("fields"), buckets: map[string]*bucket{}}
	slices.SortFunc(p.fields, func(a, b path) int { return strings.Compare(a.text, b.text) })
	limit, unit, err := parseLimit(o.text("limit"))
	if err != nil {
		o.errorf("limit", "%s", err)
		return p
	}
	burst := o.float("algorithm.token_bucket.burst_multiplier")
	if burst <= 0 {
		o.errorf("algorithm.token_bucket.burst_multiplier", "must be more than 0")
	}
	calls := o.integer("algorithm.token_bucket.gc.num_calls")
	p.rate, p.depth = limit/unit.Seconds(), limit*burst
	p.sweepAt = int(min(max(calls, 1), math.MaxInt32))
	return p
}

func parseLimit(text string) (limit float64, unit time.Duration, err error) {
	number, per, _ := strings.Cut(text, "/")
	switch strings.TrimSpace(per) {
	case "s":
		unit = time.Second
	case "m":
		unit = time.Minute
	case "h":
		unit = time.Hour
	}
	limit, err = strconv.ParseFloat(strings.TrimSpace(number), 64)
	if unit == 0 || err != nil || !(limit >= 0) || math.IsInf(limit, 0) {
		return 0, 0, fmt.Errorf("%q is no rate; expected a number and a unit such as 100/s, 100/m or 100/h", text)
	}
	return limit, unit, nil
}

func (p *rateLimit) run(d *Document) (bool, error) {
	var room [128]byte
	key := room[:0]
	for _, f := range p.fields {
		v, err := d.get(f)
		if err != nil && !errors.Is(err, errNotFound) {
			return false, &failure{"cannot limit the rate by", f.text, err}
		}
		if err == nil {
			key, _ = appendPrinted(key, v) // maps count as empty
		}
		key = append(key, 0)
	}
	return p.take(key, time.Now()), nil
}

// take takes a token out of a bucket, when there is one.
func (p *rateLimit) take(key []byte, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls++; p.calls > p.sweepAt {
		p.sweep(now)
	}
	b := p.buckets[string(key)]
	if b == nil {
		b = &bucket{tokens: p.depth, filled: now}
		p.buckets[string(key)] = b
	}
	p.fill(b, now)
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func (p *rateLimit) fill(b *bucket, now time.Time) {
	b.tokens = min(b.tokens+now.Sub(b.filled).Seconds()*p.rate, p.depth)
	b.filled = now
}

// sweep forgets full buckets: a new one would be the same.
func (p *rateLimit) sweep(now time.Time) {
	p.calls = 0
	for key, b := range p.buckets {
		if p.fill(b, now); b.tokens >= p.depth {
			delete(p.buckets, key)
		}
	}
}

func (p *rateLimit) touches() touched {
	return touched{reads: texts(p.fields), unsteady: true}
}
