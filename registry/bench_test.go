package registry

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func BenchmarkIssueAck(b *testing.B) {
	r, err := Open(filepath.Join(b.TempDir(), "registry.json"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	c := r.Cursor(State{ID: fileID(1)})
	b.ReportAllocs()
	for b.Loop() {
		c.Issue(c.Issued() + 1000).Done()
	}
}

// One save of 2,000 files; cpu-ms/op is what it costs the process, without the
// wait for the disk.
func BenchmarkSave2000(b *testing.B) {
	r, err := Open(filepath.Join(b.TempDir(), "registry.json"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	var c *Cursor
	for i := range uint64(2000) {
		c = r.Cursor(State{
			ID:   fileID(1_000_000 + i),
			Head: HeadOf(fmt.Append(nil, i)),
			Path: fmt.Sprintf("/var/log/app/%d/service-with-a-name.log", i),
		})
	}
	b.ReportAllocs()
	start := cpu(b)
	for b.Loop() {
		c.Issue(c.Issued() + 1000).Done()
		if err := r.Save(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu(b)-start)/float64(time.Millisecond)/float64(b.N), "cpu-ms/op")
}

// cpu is the processor time that the process has used.
func cpu(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
