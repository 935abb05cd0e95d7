package javalog

import (
	"fmt"
	"strconv"
	"strings"
)

// A template is a message cut at its placeholders, so that writing it is a run
// of appends.
type template []part

type part struct {
	text string // before the placeholder
	verb verb
}

type verb uint8

const (
	none    verb = iota
	small        // 1 to 99
	number       // 1 to 99999
	id           // a snowflake id, 18 digits
	hex7         // an abbreviated commit
	hex16        // a span id
	uuid         // as java.util.UUID prints it
	millis       // a duration in milliseconds: mostly short, with a long tail
	money        // 1234.56
	ip           // of a pod
	clock        // a time of day that is not at a line's start
	service      // the name of another service
	user         // a person, often not in ASCII
	note         // a remark typed by a person, often not in ASCII
	url          // a request path with ids
	json         // a JSON object
	sql          // a statement
)

var verbs = map[string]verb{
	"small": small, "number": number, "id": id, "hex7": hex7, "hex16": hex16, "uuid": uuid,
	"millis": millis, "money": money, "ip": ip, "clock": clock, "service": service,
	"user": user, "note": note, "url": url, "json": json, "sql": sql,
}

// compile cuts text at its placeholders, "{verb}". Braces that hold anything
// else are text, for JSON is full of them.
func compile(text string) template {
	var t template
	begin := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '{' {
			continue
		}
		n := strings.IndexByte(text[i:], '}')
		if n < 0 {
			break
		}
		if v, ok := verbs[text[i+1:i+n]]; ok {
			t = append(t, part{text[begin:i], v})
			begin = i + n + 1
			i += n
		}
	}
	return append(t, part{text[begin:], none})
}

func compileAll(texts ...string) []template {
	all := make([]template, len(texts))
	for i, text := range texts {
		all[i] = compile(text)
	}
	return all
}

func (g *Generator) expand(dst []byte, t template) []byte {
	for _, p := range t {
		dst = append(dst, p.text...)
		if p.verb != none {
			dst = g.fill(dst, p.verb)
		}
	}
	return dst
}

// fill appends something random in place of a placeholder.
func (g *Generator) fill(dst []byte, v verb) []byte {
	switch v {
	case small:
		return strconv.AppendInt(dst, int64(1+g.below(99)), 10)
	case number:
		return strconv.AppendInt(dst, int64(1+g.below(99_999)), 10)
	case id:
		// Ids of one day share their head, as snowflake ids do.
		return strconv.AppendUint(dst, 781_203_400_000_000_000+g.token()>>33, 10)
	case hex7:
		return appendHex(dst, g.token(), 7)
	case hex16:
		return appendHex(dst, g.token(), 16)
	case uuid:
		return appendUUID(dst, g.token())
	case millis:
		ms := 1 + g.below(40)
		if g.below(16) == 0 {
			ms += g.below(4000)
		}
		return strconv.AppendInt(dst, int64(ms), 10)
	case money:
		cents := g.below(100)
		dst = strconv.AppendInt(dst, int64(1+g.below(4_000)), 10)
		return append(dst, '.', byte('0'+cents/10), byte('0'+cents%10))
	case ip:
		dst = append(dst, "10.42."...)
		dst = strconv.AppendInt(dst, int64(200+g.below(24)), 10)
		dst = append(dst, '.')
		return strconv.AppendInt(dst, int64(2+g.below(250)), 10)
	case clock:
		return g.appendClock(dst)
	case service:
		return append(dst, services[g.below(len(services))]...)
	case user:
		return append(dst, users[g.below(len(users))]...)
	case note:
		return append(dst, notes[g.below(len(notes))]...)
	case url:
		return g.expand(dst, urls[g.below(len(urls))])
	case json:
		return g.expand(dst, objects[g.below(len(objects))])
	case sql:
		return g.expand(dst, statements[g.below(len(statements))])
	}
	panic(fmt.Sprintf("javalog: placeholder %d has no filling", v))
}

// appendHex appends the n lowest hexadecimal digits of x, lowest first.
func appendHex(dst []byte, x uint64, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, "0123456789abcdef"[x&15])
		x >>= 4
	}
	return dst
}

func appendUUID(dst []byte, x uint64) []byte {
	dst = appendHex(dst, x, 8)
	dst = append(dst, '-')
	dst = appendHex(dst, x>>32, 4)
	dst = append(dst, "-4"...)
	dst = appendHex(dst, x>>48, 3)
	dst = append(dst, "-a"...)
	// A second word out of the first, so that a token stands for one UUID.
	x = (x ^ x>>31) * 0xbf58476d1ce4e5b9
	dst = appendHex(dst, x>>48, 3)
	dst = append(dst, '-')
	return appendHex(dst, x, 12)
}

func (g *Generator) appendClock(dst []byte) []byte {
	minute, second := g.below(60), g.below(60)
	return append(dst, '0', byte('0'+g.below(10)), ':',
		byte('0'+minute/10), byte('0'+minute%10), ':', byte('0'+second/10), byte('0'+second%10))
}
