package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/logcar/logcar/benchmarks/applog"
	"github.com/logcar/logcar/benchmarks/broker"
	"github.com/logcar/logcar/internal/javalog"
)

// latency measures how long a line is on its way.
func (s *suite) latency(ctx context.Context) ([]row, error) {
	const (
		over = 10 * time.Second
		head = 100
	)
	l, r, err := s.shipLive(ctx, job{config: lineByLine, keep: true}, 1, 1, 0)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	defer r.abort()
	numbered := javalog.New(1, applog.Start, javalog.Numbered)
	var written []time.Time // of the line with number i+1
	write := func(time.Duration) error {
		line, _, _ := bytes.Cut(numbered.Append(l.buf[:0]), []byte{'\n'})
		written = append(written, time.Now())
		_, err := l.files[0].Write(append(line, '\n'))
		return err
	}
	// The first lines find logcar starting and connecting: they don't count.
	if err := pace(ctx, head*tick, write); err != nil {
		return nil, err
	}
	first := len(written)
	if _, err := r.await(ctx, int64(first)); err != nil {
		return nil, err
	}
	if err := pace(ctx, over, write); err != nil {
		return nil, err
	}
	if _, err := r.finish(int64(len(written))); err != nil {
		return nil, err
	}
	took, err := delays(r.kept, written)
	if err != nil {
		return nil, err
	}
	took = took[first:]
	note := fmt.Sprintf("%d lines, one every %v; longest %.1f ms", len(took), tick, quantile(took, 1))
	return []row{newRow("latency-p50", "", quantile(took, 0.5), note), newRow("latency-p99", "", quantile(took, 0.99), "")}, nil
}

// delays finds when each line arrived and returns how many milliseconds after it
// was written, in the lines' order.
func delays(kept string, written []time.Time) ([]float64, error) {
	k, err := broker.Open(kept)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	took := make([]float64, len(written))
	seen := 0
	var records []byte
	for {
		var at time.Time
		records, at, err = k.Next(records[:0])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		err = broker.Values(records, func(document []byte) {
			if n, ok := lineNumber(document); ok && n >= 1 && n <= len(took) && took[n-1] == 0 {
				took[n-1] = max(float64(at.Sub(written[n-1]))/float64(time.Millisecond), 0.001)
				seen++
			}
		})
		if err != nil {
			return nil, err
		}
	}
	if seen != len(written) {
		return nil, fmt.Errorf("%d of %d lines were found in what arrived", seen, len(written))
	}
	return took, nil
}

// lineNumber finds the number that javalog.Numbered gave to a line, somewhere in
// a document.
func lineNumber(document []byte) (int, bool) {
	_, rest, found := bytes.Cut(document, []byte(" : seq="))
	digits, _, ended := bytes.Cut(rest, []byte{' '})
	n, err := strconv.Atoi(string(digits))
	return n, found && ended && err == nil
}
