package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/sys/unix"
)

const (
	plain  = ""
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
)

// A screen prints what the demo has to say, in colours and cut to the width
// when it is a terminal. Several goroutines may print.
type screen struct {
	mu     sync.Mutex
	w      io.Writer
	colour bool
	width  int

	shown     int // documents
	lastShown time.Time
}

func newScreen(w io.Writer) *screen {
	s := &screen{w: w, width: 120}
	if f, ok := w.(*os.File); ok {
		if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil {
			s.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
			if size.Col > 0 {
				s.width = max(int(size.Col), 60)
			}
		}
	}
	return s
}

func (s *screen) paint(style, text string) string {
	if !s.colour || style == plain || text == "" {
		return text
	}
	return style + text + "\x1b[0m"
}

func (s *screen) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(s.w, text)
}

func (s *screen) title(text string) { s.line("\n" + s.paint(bold, text) + "\n") }

// step says what is being done.
func (s *screen) step(name, format string, args ...any) {
	s.line(fmt.Sprintf("  %s %s", s.paint(cyan, fmt.Sprintf("%-8s", name)), fmt.Sprintf(format, args...)))
}

// note is a remark between documents.
func (s *screen) note(format string, args ...any) {
	s.line("  " + s.paint(dim, "-- "+fmt.Sprintf(format, args...)))
}

// Two documents a second can be read; each third one shown has a stack trace,
// if one comes within the patience.
const (
	showEvery  = 500 * time.Millisecond
	tracePause = time.Second
)

// document prints d if it is time for one.
func (s *screen) document(d document, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := at.Sub(s.lastShown)
	trace := continuationLines(d.Message)
	if since < showEvery || trace == 0 && s.shown%3 == 2 && since < showEvery+tracePause {
		return
	}
	s.shown++
	s.lastShown = at
	fmt.Fprintln(s.w, "  "+s.compact(d))
}

// compact returns a document on one line:
//
//	shop/orders 10.42.0.17 | 08:00:00.123 ERROR OrderService: failed (+17 lines of stack trace)
func (s *screen) compact(d document) string {
	h := d.headline()
	label := fmt.Sprintf("%s/%s %s", d.Fields.Namespace, d.Fields.Service, d.Fields.PodIP)
	var tail string
	if n := continuationLines(d.Message); n > 0 {
		tail = fmt.Sprintf(" (+%d lines of stack trace)", n)
	}
	// What is left of the line, after the indent and the separators.
	room := s.width - 2 - len(label) - len(" | ") - len(tail)
	text := h.text
	var head string
	if h.clock != "" {
		head = h.clock + " " + s.paint(levelStyle(h.level), h.level) + " "
		room -= len(h.clock) + len(h.level) + 2
		text = h.class + ": " + h.text
	}
	return s.paint(dim, label+" |") + " " + head + fit(text, room) + s.paint(yellow, tail)
}

func levelStyle(level string) string {
	switch strings.TrimSpace(level) {
	case "ERROR":
		return red
	case "WARN":
		return yellow
	case "INFO":
		return green
	}
	return dim
}

// fit cuts text to a number of terminal columns, with an ellipsis at the end.
func fit(text string, columns int) string {
	used := 0
	cut := 0 // how much text leaves a column for the ellipsis
	for i, r := range text {
		if used < columns {
			cut = i
		}
		used += columnsOf(r)
		if used > columns {
			return text[:cut] + "…"
		}
	}
	return text
}

// columnsOf knows just enough: East Asian letters and emoji are two wide.
func columnsOf(r rune) int {
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) ||
		r >= 0xff01 && r <= 0xff60 || r >= 0x3000 && r <= 0x303f || r >= 0x1f300 {
		return 2
	}
	return 1
}

// grouped writes a number as 1,234,567.
func grouped[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// megabytes writes a size in units of 1,000,000 bytes.
func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
