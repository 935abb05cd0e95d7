package processor

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// dateFormat is a pattern such as "yyyy.MM.dd", in the letters of Joda-Time that
// Filebeat knows and with what Filebeat makes of them.
type dateFormat struct{ parts []datePart }

// datePart is a letter, repeated, or literal text.
type datePart struct {
	letter  byte // 0: literal
	count   int
	literal string
}

func newDateFormat(pattern string) (*dateFormat, error) {
	f := &dateFormat{}
	for rest := pattern; rest != ""; {
		c := rest[0]
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			if strings.IndexByte("yYxweEDMdaKhHkmsSz", c) < 0 {
				return nil, fmt.Errorf("unsupported format '%c'", c)
			}
			n := len(rest) - len(strings.TrimLeft(rest, string(c)))
			f.parts = append(f.parts, datePart{letter: c, count: n})
			rest = rest[n:]
		case c == '\'':
			end := strings.IndexByte(rest[1:], '\'')
			if end < 0 {
				return nil, errors.New("missing closing '")
			}
			literal := rest[1 : 1+end]
			rest = rest[2+end:]
			if end == 0 || strings.HasPrefix(rest, "'") {
				literal += "'" // two of them are one
			}
			f.parts = append(f.parts, datePart{literal: literal})
		default:
			f.parts = append(f.parts, datePart{literal: rest[:1]})
			rest = rest[1:]
		}
	}
	return f, nil
}

func (f *dateFormat) append(dst []byte, t time.Time) []byte {
	for i := range f.parts {
		if p := &f.parts[i]; p.letter == 0 {
			dst = append(dst, p.literal...)
		} else {
			dst = p.append(dst, t)
		}
	}
	return dst
}

func (p *datePart) append(dst []byte, t time.Time) []byte {
	switch p.letter {
	case 'E':
		return append(dst, p.short(t.Weekday().String(), 4)...)
	case 'M':
		if p.count >= 3 {
			return append(dst, p.short(t.Month().String(), 4)...)
		}
	case 'a':
		if t.Hour() < 12 {
			return append(dst, "AM"...)
		}
		return append(dst, "PM"...)
	case 'z':
		return t.AppendFormat(dst, "-07:00")
	case 'S': // so many digits of the fraction
		n := len(dst)
		for dst = appendPadded(dst, t.Nanosecond(), 9); len(dst) < n+p.count; {
			dst = append(dst, '0')
		}
		return dst[:n+p.count]
	}
	return appendPadded(dst, p.number(t), p.count)
}

func (p *datePart) short(name string, whole int) string {
	if p.count < whole {
		return name[:3]
	}
	return name
}

func (p *datePart) number(t time.Time) int {
	isoYear, week := t.ISOWeek()
	n := 0
	switch p.letter {
	case 'y', 'Y':
		n = t.Year()
	case 'x':
		n = isoYear
	case 'w':
		n = week
	case 'e':
		n = int(t.Weekday())
	case 'D':
		n = t.YearDay()
	case 'M':
		n = int(t.Month())
	case 'd':
		n = t.Day()
	case 'H':
		n = t.Hour()
	case 'k': // Filebeat counts the hours of the day from 1
		n = t.Hour() + 1
	case 'K':
		n = t.Hour() % 12
	case 'h':
		n = t.Hour()%12 + 1
	case 'm':
		n = t.Minute()
	case 's':
		n = t.Second()
	}
	if p.count == 2 && strings.IndexByte("yYx", p.letter) >= 0 {
		return n % 100
	}
	return n
}

// appendPadded writes n with at least so many digits. Time patterns are short,
// but nothing keeps one from having a thousand letters.
func appendPadded(dst []byte, n, width int) []byte {
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	var buf [20]byte
	i := len(buf)
	for {
		i--
		buf[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			break
		}
	}
	for pad := width - (len(buf) - i); pad > 0; pad-- {
		dst = append(dst, '0')
	}
	return append(dst, buf[i:]...)
}
