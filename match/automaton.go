package match

import (
	"iter"
	"math/bits"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

const (
	maxInsts  = 512 // instructions in a program that is worth looking into
	maxStates = 128 // of an automaton: 16 KB of table
)

// automaton decides what has no fixed length, such as ^\s+(at|\.{3})\b or
// (?i)error: a table of states, one step for each byte. It knows ASCII only; with
// any other byte before the answer is known, regexp decides.
type automaton struct {
	next []uint8        // the state after state s and byte c is next[s<<7|c]
	end  []bool         // by state: whether the text may end there
	re   *regexp.Regexp // the whole pattern
}

const (
	failed  = iota // no text that goes on like this can match
	matched        // any text that goes on like this matches
	started
)

func (a *automaton) Match(b []byte) bool {
	state := uint8(started)
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return a.re.Match(b)
		}
		state = a.next[int(state)<<7|int(c)]
		if state <= matched {
			return state == matched
		}
	}
	return a.end[state]
}

// newAutomaton returns the automaton that runs prog, or nil if there is none so
// small.
func newAutomaton(prog *syntax.Prog, re *regexp.Regexp) *automaton {
	type state struct {
		threads threads // where prog may be
		last    rune    // the one before, or another that prog can't tell from it
	}
	var start, again threads
	start.add(uint32(prog.Start))
	if !bound(prog) {
		again = start // a match may begin at any byte
	}
	looksBack := looksBack(prog)
	a := &automaton{re: re}
	states := []state{failed: {}, matched: {}, started: {start, -1}}
	numbers := map[state]uint8{states[started]: started}
	for n := 0; n < len(states); n++ {
		from := states[n]
		ops := syntax.EmptyOpContext(from.last, -1)
		readers, done := from.threads.follow(prog, ops)
		a.end = append(a.end, done)
		for c := range rune(utf8.RuneSelf) {
			if at := syntax.EmptyOpContext(from.last, c); at != ops {
				ops = at
				readers, done = from.threads.follow(prog, ops)
			}
			to := state{threads: again}
			if looksBack {
				to.last = kindOf(c)
			}
			for pc := range readers.all() {
				if inst := &prog.Inst[pc]; inst.MatchRune(c) {
					to.threads.add(inst.Out)
				}
			}
			number, known := numbers[to]
			switch {
			case done:
				number = matched
			case to.threads == threads{}:
				number = failed
			case !known:
				if len(states) == maxStates {
					return nil
				}
				number = uint8(len(states))
				numbers[to] = number
				states = append(states, to)
			}
			a.next = append(a.next, number)
		}
	}
	return a
}

// looksBack reports whether prog asks what was before, other than the beginning.
func looksBack(prog *syntax.Prog) bool {
	var asked syntax.EmptyOp
	for _, inst := range prog.Inst {
		if inst.Op == syntax.InstEmptyWidth {
			asked |= syntax.EmptyOp(inst.Arg)
		}
	}
	return asked&^(syntax.EmptyBeginText|syntax.EmptyEndText|syntax.EmptyEndLine) != 0
}

// kindOf returns a rune that \b and (?m)^ can't tell from c.
func kindOf(c rune) rune {
	switch {
	case c == '\n':
		return c
	case syntax.IsWordChar(c):
		return 'a'
	default:
		return ' '
	}
}

// bound reports whether prog can only match from the beginning of the text.
func bound(prog *syntax.Prog) bool {
	var start threads
	start.add(uint32(prog.Start))
	readers, done := start.follow(prog, ^syntax.EmptyBeginText)
	return !done && readers == threads{}
}

// firstBytes returns the bytes that a text matching prog can begin with.
func firstBytes(prog *syntax.Prog) (set [256]bool) {
	free := len(prog.Inst) > maxInsts || !bound(prog)
	for c := range set {
		if set[c] = free || c >= utf8.RuneSelf; set[c] {
			continue // beyond ASCII, any byte may be part of the right rune
		}
		var start threads
		start.add(uint32(prog.Start))
		readers, done := start.follow(prog, syntax.EmptyOpContext(-1, rune(c)))
		set[c] = done
		for pc := range readers.all() {
			set[c] = set[c] || prog.Inst[pc].MatchRune(rune(c))
		}
	}
	return set
}

// threads is a set of instructions, by their numbers.
type threads [maxInsts / 64]uint64

// add reports whether pc is new to the set.
func (t *threads) add(pc uint32) bool {
	bit := uint64(1) << (pc % 64)
	isNew := t[pc/64]&bit == 0
	t[pc/64] |= bit
	return isNew
}

func (t *threads) all() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i, word := range t {
			for ; word != 0; word &= word - 1 {
				if !yield(uint32(i*64 + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}

// follow goes on from t without reading, where ops hold. It returns the
// instructions that will read, and whether the match is complete.
func (t *threads) follow(prog *syntax.Prog, ops syntax.EmptyOp) (readers threads, done bool) {
	var seen threads
	var visit func(pc uint32)
	visit = func(pc uint32) {
		if !seen.add(pc) {
			return
		}
		switch inst := &prog.Inst[pc]; inst.Op {
		case syntax.InstMatch:
			done = true
		case syntax.InstFail:
		case syntax.InstAlt, syntax.InstAltMatch:
			visit(inst.Out)
			visit(inst.Arg)
		case syntax.InstCapture, syntax.InstNop:
			visit(inst.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^ops == 0 {
				visit(inst.Out)
			}
		default:
			readers.add(pc)
		}
	}
	for pc := range t.all() {
		visit(pc)
	}
	return readers, done
}
