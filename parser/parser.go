// Package parser turns the bytes of one file into events where cutting them at
// line feeds is not enough: another encoding or line terminator, JSON lines, the
// formats of container runtimes, syslog, and multiline at another place in the
// chain. It gives the events that Filebeat 8 gives for the same options; where it
// does not, a comment says why.
//
// It is the slow path of reading: text is copied into an arena, and what parsers
// find becomes maps. An input that needs none of this is cut in place by its
// reader and never comes here.
//
// The package must never know of files being open, of positions being kept, of
// clocks, configuration syntax or destinations. It imports package event for its
// vocabulary, match and multiline for the rules, and golang.org/x/text for the
// encodings.
package parser

import (
	"errors"
	"fmt"

	"github.com/logcar/logcar/match"
)

// Config describes how one input's files become events.
type Config struct {
	// Encoding is one of Filebeat's names of encodings, in upper or lower case;
	// empty is plain.
	Encoding string
	// Terminator is one of Filebeat's names of line terminators; empty is auto.
	Terminator string
	// Filestream says whose chain the stages are. A log input has Container, JSON
	// and Multiline, each once at most and in this order, and Container and JSON see
	// lines with their line ends. The stages of a filestream input are its parsers,
	// any number of them in any order but JSON, and see lines without line ends.
	Filestream bool
	// Stages are what lines go through, in this order.
	Stages []Stage
	// MaxBytes is where an event's text is cut off; 0: nowhere, and then nothing
	// bounds the memory that an endless line takes.
	MaxBytes int
	// KeepNull leaves nulls in the fields that parsers found.
	KeepNull bool
	// Include and Exclude filter events by their text: one that no Include
	// matches, or that an Exclude matches, is left out.
	Include, Exclude []*match.Pattern
}

// Stage is a step in a chain: a Container, JSON, NDJSON, Multiline, Syslog or
// IncludeMessage.
type Stage interface {
	// check returns an error that names the option that is wrong.
	check() error
	// node returns the stage as it works on one file, passing on to next.
	node(f *File, next node) node
}

// node is a stage at work on one file, or one of the chain's two fixed ends.
type node interface {
	// take does the stage's work on m and passes on what comes of it. m and its
	// text are the caller's: both can be changed, neither can be kept.
	take(m *message)
}

// Chain is a configuration that has been understood. It is immutable, and shared
// by all files of an input, whatever goroutine they belong to.
type Chain struct {
	config Config
	lines  lineFormat
	limit  int   // bytes of an undecoded line that are kept; 0: all
	json   *JSON // the log input's, or nil
}

const (
	// lineSlack is how much more than MaxBytes of a line is kept: enough for a byte
	// order mark and a byte that tells that it was longer.
	lineSlack = 8
	// minLine is how long the lines that stages look at can be at least: MaxBytes
	// limits the text that comes of them, not what is parsed or judged.
	minLine = 1 << 20
)

// New returns the chain that c describes. Its errors begin with the name of the
// option that is wrong.
func New(c Config) (*Chain, error) {
	lines, err := newLineFormat(c.Encoding, c.Terminator)
	if err != nil {
		return nil, err
	}
	chain := &Chain{config: c, lines: lines}
	if err := chain.checkStages(); err != nil {
		return nil, err
	}
	if c.MaxBytes > 0 {
		text := c.MaxBytes
		if len(c.Stages) > 0 {
			text = max(text, minLine)
		}
		chain.limit = lines.rawPerText*text + lineSlack
	}
	return chain, nil
}

func (c *Chain) checkStages() error {
	rank := 0 // of the log input's stages, in their order
	containers := 0
	for i, s := range c.config.Stages {
		if err := s.check(); err != nil {
			return err
		}
		next := 0
		switch s := s.(type) {
		case Container:
			next = 1
			containers++
		case JSON:
			next = 2
			c.json = &s
		case Multiline:
			next = 3
		}
		switch {
		case c.config.Filestream && next == 2:
			return fmt.Errorf("parsers: stage %d: json is an option of the log input; the parser is ndjson", i+1)
		case containers > 1:
			return fmt.Errorf("parsers: stage %d: there is a container already", i+1)
		case !c.config.Filestream && next == 0:
			return errors.New("parsers: the log input has none")
		case !c.config.Filestream && next <= rank:
			return fmt.Errorf("parsers: stage %d: the log input's order is container, json, multiline", i+1)
		}
		rank = next
	}
	return nil
}

// NeedsHead reports whether File.Head must be called for a file that is not read
// from its beginning: the first bytes tell the order of the others.
func (c *Chain) NeedsHead() bool { return c.lines.bom }
