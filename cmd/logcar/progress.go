package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	// progressEvery is how often the line is drawn anew.
	progressEvery = 200 * time.Millisecond
	// progressAfter is how long a run takes for which one wants to know: what is
	// over by then needs no bar.
	progressAfter = time.Second
	barWidth      = 30
)

// progress draws how far a run with --once has come into the last line of a
// terminal. What is written to it goes above that line.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	shown bool
}

const eraseLine = "\r\x1b[K"

// Write implements io.Writer, for the log.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	return p.w.Write(b)
}

func (p *progress) erase() {
	if p.shown {
		_, _ = io.WriteString(p.w, eraseLine) // a terminal that has gone needs no line
		p.shown = false
	}
}

// run draws until ctx ends. state returns how many bytes of log are confirmed, and
// how many there are.
func (p *progress) run(ctx context.Context, state func() (done, all uint64)) {
	began := time.Now()
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			p.mu.Lock()
			defer p.mu.Unlock()
			p.erase()
			return
		case <-ticker.C:
		}
		if took := time.Since(began); took >= progressAfter {
			done, all := state()
			p.draw(progressLine(done, all, took))
		}
	}
}

func (p *progress) draw(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = io.WriteString(p.w, eraseLine+line)
	p.shown = true
}

// progressLine is the line: how much, how fast, and how long it will take at that
// speed.
func progressLine(done, all uint64, took time.Duration) string {
	all = max(all, done, 1)
	full := int(done * barWidth / all)
	perSecond := float64(done) / took.Seconds()
	line := fmt.Sprintf("[%s%s] %3d %%  %s of %s  %s/s", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full),
		done*100/all, inBytes(float64(done)), inBytes(float64(all)), inBytes(perSecond))
	if done > 0 {
		left := time.Duration(float64(all-done) / perSecond * float64(time.Second))
		line += fmt.Sprintf("  %v left", left.Round(time.Second))
	}
	return line
}

// inBytes writes a number of bytes for people.
func inBytes(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if n < 1000 {
			return fmt.Sprintf("%.3g %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.3g TB", n)
}
