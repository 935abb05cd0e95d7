package main

import (
	"runtime"
	"testing"
	"time"
)

func TestPeakMemoryIsTheChildsOwn(t *testing.T) {
	// A child's number as wait4 reports it would start at this.
	ballast := make([]byte, 128<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	p, _ := startStandIn(t.Context(), t, "deaf")
	p.stop(time.Millisecond) //nolint:errcheck // it is killed, as the fault has it
	runtime.KeepAlive(ballast)
	if got := p.peakMemory(); got < 1<<20 || got > 96<<20 {
		t.Errorf("peak memory: got %d bytes, want those of a small process", got)
	}
	if p.cpu() <= 0 {
		t.Errorf("processor time: got %v", p.cpu())
	}
}
