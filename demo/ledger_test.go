package main

import (
	"testing"
	"time"

	"github.com/logcar/logcar/internal/javalog"
)

func TestLedger(t *testing.T) {
	// Twenty events of two files; the documents are named by number.
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	g := javalog.New(28, start, javalog.Numbered)
	texts := []string{""}
	var bytes int64
	traced := 0
	fill := func() *ledger {
		l := newLedger()
		g = javalog.New(28, start, javalog.Numbered)
		texts, bytes, traced = texts[:1], 0, 0
		for n := 1; n <= 20; n++ {
			event := g.Append(nil)
			l.write(event, (n-1)/10, start)
			texts = append(texts, string(event[:len(event)-1]))
			bytes += int64(len(event))
			if continuationLines(texts[n]) > 0 {
				traced = n
			}
		}
		return l
	}
	fill()
	if traced == 0 {
		t.Fatal("the seed gives no event with a stack trace among the first twenty")
	}
	all := func() (numbers []int) {
		for n := 1; n <= 20; n++ {
			numbers = append(numbers, n)
		}
		return numbers
	}
	good := func(text string, partition int32) arrival {
		return arrival{document{text, podFields}, partition, start.Add(time.Second)}
	}

	tests := []struct {
		name     string
		arrivals func() []arrival
		want     tally // without written and traces, which never differ
		complete bool
	}{
		{"nothing", func() []arrival { return nil }, tally{missing: 20}, false},
		{"all", func() (as []arrival) {
			for _, n := range all() {
				as = append(as, good(texts[n], 0))
			}
			return as
		}, tally{delivered: 20, tracesDelivered: 1}, true},
		{"all twice, in another partition", func() (as []arrival) {
			for _, n := range append(all(), all()...) {
				as = append(as, good(texts[n], int32(len(as)/20)))
			}
			return as
		}, tally{delivered: 20, tracesDelivered: 1, repeated: 20}, true},
		{"files and partitions mixed", func() (as []arrival) {
			for n := 1; n <= 10; n++ {
				as = append(as, good(texts[10+n], 0), good(texts[(n-1)^1+1], int32(n%2)))
			}
			return as
		}, tally{delivered: 20, tracesDelivered: 1}, true},
		{"one event before an earlier one", func() (as []arrival) {
			for _, n := range append([]int{2, 1}, all()[2:]...) {
				as = append(as, good(texts[n], 0))
			}
			return as
		}, tally{delivered: 20, tracesDelivered: 1, disordered: 1}, false},
		{"trace torn off", func() (as []arrival) {
			for _, n := range all() {
				if n != traced {
					as = append(as, good(texts[n], 0))
					continue
				}
				head := len(texts[n]) - 20
				as = append(as, good(texts[n][:head], 0), good(texts[n][head:], 0))
			}
			return as
		}, tally{delivered: 19, missing: 1, torn: 2}, false},
		{"two events in one document", func() (as []arrival) {
			as = append(as, good(texts[1]+"\n"+texts[2], 0))
			for _, n := range all()[2:] {
				as = append(as, good(texts[n], 0))
			}
			return as
		}, tally{delivered: 18, missing: 2, tracesDelivered: 1, torn: 1}, false},
		{"an event never written", func() (as []arrival) {
			for _, n := range all() {
				as = append(as, good(texts[n], 0))
			}
			return append(as, good(string(g.Append(nil)), 0))
		}, tally{delivered: 20, tracesDelivered: 1, torn: 1}, false},
		{"another pod's fields", func() (as []arrival) {
			for _, n := range all() {
				as = append(as, good(texts[n], 0))
			}
			as[4].Fields.Namespace = "other"
			return as
		}, tally{delivered: 20, tracesDelivered: 1, mislabeled: 1}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := fill()
			for _, a := range test.arrivals() {
				l.arrive(a)
			}
			got, gotBytes := l.balance()
			test.want.written, test.want.traces = 20, 1
			if got != test.want || gotBytes != bytes {
				t.Errorf("balance: got %+v, %d, want %+v, %d", got, gotBytes, test.want, bytes)
			}
			if got.complete() != test.complete {
				t.Errorf("complete: got %v, want %v", got.complete(), test.complete)
			}
		})
	}
}

func TestLatencies(t *testing.T) {
	l := newLedger()
	if p50, p99 := l.latencies(); p50 != 0 || p99 != 0 {
		t.Errorf("no events: got %v, %v", p50, p99)
	}
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	g := javalog.New(1, start, javalog.Numbered)
	for i := range 101 {
		event := g.Append(nil)
		l.write(event, 0, start)
		// The slowest first: 100 ms, 99 ms, ...
		at := start.Add(time.Duration(100-i) * time.Millisecond)
		l.arrive(arrival{document{string(event[:len(event)-1]), podFields}, 0, at})
	}
	if p50, p99 := l.latencies(); p50 != 50*time.Millisecond || p99 != 99*time.Millisecond {
		t.Errorf("latencies of 0 to 100 ms: got %v, %v, want 50ms, 99ms", p50, p99)
	}
}
