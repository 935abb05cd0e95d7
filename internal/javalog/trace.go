package javalog

import "strconv"

// A cause is an exception as printStackTrace shows it below another: the class
// with its message, and the frames that the other's trace doesn't have.
type cause struct {
	message template
	frames  []string
}

const (
	minDepth   = 8
	depthRange = 53 // up to 60 frames
)

// appendTrace appends a stack trace: an exception with 8 to 60 frames, the
// outermost from below, often causes after it, now and then a suppressed one.
func (g *Generator) appendTrace(dst []byte, below []string) []byte {
	// Short traces are the most frequent: the smallest of three draws.
	depth := minDepth + min(g.below(depthRange), g.below(depthRange), g.below(depthRange))
	dst = g.expand(dst, wrappers[g.below(len(wrappers))])
	dst = append(dst, '\n')
	dst = g.appendStack(dst, depth, below)
	if g.below(12) == 0 {
		dst = g.appendSuppressed(dst)
	}
	for chance := 2; g.below(chance) != 0 && chance < 8; chance *= 2 {
		dst = append(dst, "Caused by: "...)
		dst = g.appendCause(dst, "\tat ")
		dst = appendMore(dst, "\t... ", depth-g.below(minDepth))
	}
	return dst
}

// appendStack appends up to depth frames: a run of the service's own code, and
// then the end of what its thread runs through.
func (g *Generator) appendStack(dst []byte, depth int, below []string) []byte {
	own := 2 + g.below(min(depth-4, len(ownFrames)-2))
	first := g.below(len(ownFrames) - own + 1)
	dst = appendFrames(dst, "\tat ", ownFrames[first:first+own])
	rest := min(depth-own, len(below))
	return appendFrames(dst, "\tat ", below[len(below)-rest:])
}

func (g *Generator) appendSuppressed(dst []byte) []byte {
	dst = append(dst, "\tSuppressed: "...)
	dst = g.appendCause(dst, "\t\tat ")
	return appendMore(dst, "\t\t... ", 10+g.below(30))
}

func (g *Generator) appendCause(dst []byte, indent string) []byte {
	c := &causes[g.below(len(causes))]
	dst = g.expand(dst, c.message)
	dst = append(dst, '\n')
	return appendFrames(dst, indent, c.frames[:2+g.below(len(c.frames)-1)])
}

func appendFrames(dst []byte, indent string, frames []string) []byte {
	for _, frame := range frames {
		dst = append(dst, indent...)
		dst = append(dst, frame...)
		dst = append(dst, '\n')
	}
	return dst
}

func appendMore(dst []byte, indent string, n int) []byte {
	dst = append(dst, indent...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, " more\n"...)
}
