package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestQuantile(t *testing.T) {
	tests := []struct {
		values []int
		q      float64
		want   int
	}{
		{[]int{7}, 0.5, 7},
		{[]int{7}, 0, 7},
		{[]int{3, 1, 2}, 0.5, 2},
		{[]int{4, 3, 2, 1}, 0.5, 2},
		{[]int{4, 3, 2, 1}, 0.51, 3},
		{[]int{4, 3, 2, 1}, 0.99, 4},
		{[]int{4, 3, 2, 1}, 1, 4},
	}
	for _, test := range tests {
		if got := quantile(test.values, test.q); got != test.want {
			t.Errorf("%g of %v: got %d, want %d", test.q, test.values, got, test.want)
		}
	}
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = 100 - i
	}
	if got := quantile(hundred, 0.99); got != 99 {
		t.Errorf("0.99 of 1 to 100: got %d", got)
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{{[]float64{2}, 2}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 2}, 2}, {[]float64{1, 9, 2, 4}, 3}} {
		if got := median(test.values); got != test.want {
			t.Errorf("%v: got %g, want %g", test.values, got, test.want)
		}
	}
}

func TestParseStatus(t *testing.T) {
	const good = "Name:\tlogcar\nVmPeak:\t 1256184 kB\nVmHWM:\t   21344 kB\nVmRSS:\t   20112 kB\nRssAnon:\t   11200 kB\nThreads:\t9\n"
	m, err := parseStatus([]byte(good))
	if want := (memory{resident: 20112 << 10, peak: 21344 << 10, anon: 11200 << 10}); err != nil || m != want {
		t.Errorf("got %+v, %v; want %+v", m, err, want)
	}
	if _, err := parseStatus([]byte("Name:\tlogcar\nState:\tZ (zombie)\n")); !errors.Is(err, errNoMemory) {
		t.Errorf("a zombie: got %v", err)
	}
	for _, bad := range []string{strings.Replace(good, "20112", "x", 1), strings.Replace(good, "20112 kB", "20112 MB", 1)} {
		if _, err := parseStatus([]byte(bad)); err == nil || !strings.Contains(err.Error(), "VmRSS") {
			t.Errorf("got %v, want an error that names the line", err)
		}
	}
}

func TestProcOfThisProcess(t *testing.T) {
	m, err := readMemory(os.Getpid())
	if err != nil || m.resident <= 0 || m.peak < m.resident || m.anon <= 0 || m.anon > m.resident {
		t.Errorf("got %+v, %v", m, err)
	}
	before, err := cpuTime(os.Getpid())
	if err != nil || before <= 0 {
		t.Fatalf("got %v, %v", before, err)
	}
	x := 1.0
	for range 1_000_000 {
		x = math.Sqrt(x + 1)
	}
	if after, err := cpuTime(os.Getpid()); err != nil || after <= before {
		t.Errorf("after some work (%g): got %v, %v; before %v", x, after, err, before)
	}
	const noPID = 1 << 28
	if _, err := readMemory(noPID); err == nil {
		t.Error("memory of no process: want an error")
	}
	if _, err := cpuTime(noPID); err == nil {
		t.Error("processor time of no process: want an error")
	}
}

func TestParseLoad(t *testing.T) {
	if got, err := parseLoad([]byte("9.90 9.40 8.12 10/201 18131\n")); err != nil || got != 9.9 {
		t.Errorf("got %g, %v", got, err)
	}
	for _, bad := range []string{"", "much", "much more"} {
		if _, err := parseLoad([]byte(bad)); err == nil {
			t.Errorf("%q: want an error", bad)
		}
	}
}

func TestParseCPUName(t *testing.T) {
	if got := parseCPUName([]byte("processor\t: 0\nmodel name\t: Some CPU: @ 2 GHz\nflags\t: fpu\n")); got != "Some CPU: @ 2 GHz" {
		t.Errorf("got %q", got)
	}
	if got := parseCPUName(nil); got != "unknown processor" {
		t.Errorf("got %q", got)
	}
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name    string
		figure  float64
		verdict string
		kept    bool
	}{
		{"cpu-ratio", 1.35, "ok", true},
		{"cpu-ratio", 1.36, "over", false},
		{"catch-up", 300, "ok", true},
		{"catch-up", 299, "under", false},
		{"cpu-per-gb", 1e9, "", true},
	}
	for _, test := range tests {
		if r := newRow(test.name, "", test.figure, ""); r.Verdict != test.verdict || r.kept() != test.kept {
			t.Errorf("%s %g: got %q, kept %v", test.name, test.figure, r.Verdict, r.kept())
		}
	}
	if failedRow(metricNamed("start"), errors.New("no")).kept() {
		t.Error("what failed counts as kept")
	}
}

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{0: "0.00", 0.149: "0.15", 9.99: "9.99", 9.996: "10.0", 99.94: "99.9", 99.96: "100", 1234.5: "1234"} {
		if got := number(x); got != want {
			t.Errorf("%g: got %s, want %s", x, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	printTable(&b, []row{
		newRow("cpu-ratio", ", level 1", 1.2, "1.1 to 1.3 in 3"),
		newRow("one-core", "", 212.4, ""),
		failedRow(metricNamed("binary"), errors.New("not\nthere")),
	})
	want := `name       measured                                                      figure  bar
cpu-ratio  CPU of logcar ÷ CPU of gzip alone, same documents, level 1    1.20 ×  ≤ 1.35 ×  ok      1.1 to 1.3 in 3
one-core   log shipped with one core (GOMAXPROCS=1)                    212 MB/s
binary     size of the stripped binary                                        -  ≤ 15 MB   failed  not there
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

func TestJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.json")
	if err := writeJSON(path, setting{Logcar: "v1", Cores: 2}, []row{newRow("start", "", 12.5, "")}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Logcar string
		Cores  int
		Rows   []struct {
			Name, Unit, Verdict string
			Figure, Bar         float64
		}
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 1 || got.Logcar != "v1" || got.Cores != 2 {
		t.Fatalf("got %s", b)
	}
	if r := got.Rows[0]; r.Name != "start" || r.Figure != 12.5 || r.Bar != 60 || r.Unit != "ms" || r.Verdict != "ok" {
		t.Errorf("got %s", b)
	}
	if err := writeJSON(filepath.Join(path, "below"), setting{}, nil); err == nil {
		t.Error("a path that cannot be written: want an error")
	}
}

func TestLineNumber(t *testing.T) {
	tests := []struct {
		document string
		want     int
		ok       bool
	}{
		{`{"message":"2026-03-01 08:00:00.001  INFO 1 --- [main] a.B : seq=00000042 started","fields":{}}`, 42, true},
		{`{"message":"x : seq=123456789 y"}`, 123456789, true},
		{`{"message":"no number"}`, 0, false},
		{`{"message":"x : seq=12x y"}`, 0, false},
		{`{"message":"x : seq=12"}`, 0, false},
	}
	for _, test := range tests {
		if got, ok := lineNumber([]byte(test.document)); got != test.want && test.ok || ok != test.ok {
			t.Errorf("%s: got %d, %v; want %d, %v", test.document, got, ok, test.want, test.ok)
		}
	}
}

func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		if err := pace(t.Context(), 35*time.Millisecond, func(d time.Duration) error { at = append(at, d); return nil }); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{10e6, 20e6, 30e6, 35e6}
		if len(at) != len(want) {
			t.Fatalf("got %v, want %v", at, want)
		}
		for i := range want {
			if at[i] != want[i] {
				t.Errorf("got %v, want %v", at, want)
			}
		}

		full := errors.New("disk full")
		calls := 0
		if err := pace(t.Context(), time.Second, func(time.Duration) error { calls++; return full }); !errors.Is(err, full) || calls != 1 {
			t.Errorf("got %v after %d calls", err, calls)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Millisecond, full)
		defer cancel()
		if err := pace(ctx, time.Second, func(time.Duration) error { return nil }); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	})
}

func TestLiveLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	l, err := newLiveLog(dir, 5, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	before := sizes(t, dir)
	if len(before) != 5 || l.events() != 15 {
		t.Fatalf("got %v with %d events", before, l.events())
	}
	synctest.Test(t, func(t *testing.T) {
		if err := l.write(t.Context(), 100_000, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	})
	if l.written < 100_000 || l.written > 120_000 || l.writes != 10 {
		t.Errorf("wrote %d bytes in %d writes, want about 100000 in 10", l.written, l.writes)
	}
	var more int64
	for i, size := range sizes(t, dir) {
		grew := size - before[i]
		if (grew > 0) != (i < 2) {
			t.Errorf("file %d grew by %d bytes", i, grew)
		}
		more += grew
	}
	if more != l.written {
		t.Errorf("the files grew by %d bytes, %d were written", more, l.written)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := newLiveLog(dir, 1, 1, 1); err == nil {
		t.Error("a folder that is there: want an error")
	}
}

func sizes(t *testing.T, dir string) (all []int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, info.Size())
	}
	return all
}
