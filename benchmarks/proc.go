package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// memory is what the kernel says of a process, in bytes.
type memory struct {
	resident int64
	peak     int64 // the greatest resident so far
	anon     int64 // of resident: heap and stacks; the rest is the program itself
}

// readMemory reads /proc/PID/status. What wait4 reports as the peak would be of
// no use: it begins with the peak of the process that forked.
func readMemory(pid int) (memory, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return memory{}, fmt.Errorf("read memory: %w", err)
	}
	return parseStatus(b)
}

var errNoMemory = errors.New("read memory: the process has ended")

// parseStatus reads lines like "VmRSS:	   12345 kB". A process that has ended has
// none of them.
func parseStatus(status []byte) (memory, error) {
	var m memory
	fields := map[string]*int64{"VmRSS:": &m.resident, "VmHWM:": &m.peak, "RssAnon:": &m.anon}
	for line := range bytes.Lines(status) {
		words := bytes.Fields(line)
		if len(words) != 3 || fields[string(words[0])] == nil {
			continue
		}
		kib, err := strconv.ParseInt(string(words[1]), 10, 64)
		if err != nil || string(words[2]) != "kB" {
			return m, fmt.Errorf("read memory: cannot read %q", bytes.TrimSpace(line))
		}
		*fields[string(words[0])] = kib << 10
	}
	if m.resident == 0 || m.peak == 0 {
		return m, errNoMemory
	}
	return m, nil
}

// cpuTime is the processor time that a running process has used. The clock has
// nanoseconds; /proc/PID/stat has the same sum in steps of 10 ms, too coarse for
// a process that does nothing.
func cpuTime(pid int) (time.Duration, error) {
	const schedClock = 2 // CPUCLOCK_SCHED in include/linux/posix-timers.h
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedClock), &t); err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

// loadAverage is how many threads wanted to run in the past minute, on average.
func loadAverage() (float64, error) {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, fmt.Errorf("read load: %w", err)
	}
	return parseLoad(b)
}

func parseLoad(loadavg []byte) (float64, error) {
	minute, _, _ := bytes.Cut(loadavg, []byte{' '})
	load, err := strconv.ParseFloat(string(minute), 64)
	if err != nil {
		return 0, fmt.Errorf("read load: %w", err)
	}
	return load, nil
}

func cpuName() string {
	b, _ := os.ReadFile("/proc/cpuinfo") // without it the processor has no name
	return parseCPUName(b)
}

// parseCPUName finds the processor's name in /proc/cpuinfo.
func parseCPUName(cpuinfo []byte) string {
	for line := range bytes.Lines(cpuinfo) {
		key, value, found := bytes.Cut(line, []byte{':'})
		if found && string(bytes.TrimSpace(key)) == "model name" {
			return string(bytes.TrimSpace(value))
		}
	}
	return "unknown processor"
}
