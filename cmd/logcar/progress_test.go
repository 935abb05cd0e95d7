package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgressLine(t *testing.T) {
	for _, tt := range []struct {
		done, all uint64
		took      time.Duration
		want      string
	}{
		{0, 0, time.Second, "[" + strings.Repeat(" ", 30) + "]   0 %  0 B of 1 B  0 B/s"},
		{0, 2_000_000_000, time.Second, "[" + strings.Repeat(" ", 30) + "]   0 %  0 B of 2 GB  0 B/s"},
		{500_000_000, 2_000_000_000, 4 * time.Second, "[=======" + strings.Repeat(" ", 23) + "]  25 %  500 MB of 2 GB  125 MB/s  12s left"},
		{2_000, 2_000, time.Second, "[" + strings.Repeat("=", 30) + "] 100 %  2 kB of 2 kB  2 kB/s  0s left"},
		{2_000, 1_000, time.Second, "[" + strings.Repeat("=", 30) + "] 100 %  2 kB of 2 kB  2 kB/s  0s left"}, // a file has gone
	} {
		if got := progressLine(tt.done, tt.all, tt.took); got != tt.want {
			t.Errorf("%d of %d in %v:\n%s, want\n%s", tt.done, tt.all, tt.took, got, tt.want)
		}
	}
}

// TestProgress: nothing is drawn for a short run; log lines stand above the bar, and
// nothing is left of it in the end.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := &progress{w: &out}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		var done uint64
		go func() {
			defer close(ended)
			p.run(ctx, func() (uint64, uint64) { done += 1000; return done, 4000 })
		}()
		write := func(text string) {
			if _, err := p.Write([]byte(text)); err != nil {
				t.Error(err)
			}
		}
		write("before\n")
		written := func() string {
			p.mu.Lock()
			defer p.mu.Unlock()
			return out.String()
		}
		pass := func(d time.Duration) { <-time.After(d); synctest.Wait() }
		pass(progressAfter - progressEvery/2)
		if got := written(); got != "before\n" {
			t.Fatalf("drawn too early: %q", got)
		}
		pass(progressEvery)
		write("meanwhile\n")
		write("at once\n")
		pass(progressEvery)
		cancel()
		<-ended
		bar := func(n string) string { return eraseLine + "[" + n }
		text := written()
		for _, want := range []string{"before\n" + bar("======="), "left" + eraseLine + "meanwhile\nat once\n" + bar("==============="), "left" + eraseLine} {
			i := strings.Index(text, want)
			if i < 0 {
				t.Fatalf("no %q in what is left of %q", want, written())
			}
			text = text[i+len(want)-len("left"+eraseLine):]
		}
		if !strings.HasSuffix(written(), eraseLine) {
			t.Errorf("ends with %q", written())
		}
	})
}
