// Package event holds what moves through logcar: the bytes of one file cut into
// events, and the token that comes back when they are delivered.
//
// It is the vocabulary that the tailer and the outputs share, so that neither
// knows the other. It must never learn of files being open, of encodings, of
// destinations or of configuration syntax, and it imports the standard library
// alone.
package event

import (
	"context"
	"time"
)

// FileID names a file for as long as it exists, whatever its path becomes.
type FileID struct {
	Device uint64
	Inode  uint64
}

// Input is what the configuration says of all events of one input. It is built
// once and never changes; sources share it by pointer.
type Input struct {
	// Type is the document's input.type; empty leaves the field out, as Filebeat
	// does for inputs that are written with the old input_type key.
	Type string
	// Fields stand below "fields" in every document, Root at its top.
	Fields, Root map[string]any
	Tags         []string
	// Pipeline becomes @metadata.pipeline when it is not empty.
	Pipeline string
	// DisableHost leaves host.name out.
	DisableHost bool
}

// Source is one file as its events see it. It is immutable: a reader that wants
// to say something else makes a new one. Outputs may key caches by its pointer.
type Source struct {
	ID    FileID
	Path  string // absolute; empty for a stream
	Input *Input
	// Stream says that this is no file: its documents have offset 0.
	Stream bool
	// Owner and Group are the file's, where the input wants them and they have
	// names.
	Owner, Group string
}

// Place is what documents say of an offset in the source.
func (s *Source) Place(offset int64) int64 {
	if s.Stream {
		return 0
	}
	return offset
}

// Flags say what happened to an event's text on its way.
type Flags uint8

const (
	// Truncated: text was cut off at max_bytes or max_lines.
	Truncated Flags = 1 << iota
	// Multiline: the text was joined from more than one line.
	Multiline
	// Partial: the line end was still missing when logcar had to stop.
	Partial
)

// Event is a pair of pairs of indexes. It holds no pointers, so that the garbage
// collector never looks at a batch's events.
type Event struct {
	// Start and End bound the text: Batch.Data[Start:End].
	Start, End uint32
	// From and To bound the file's bytes that the event stands for, line ends
	// and swallowed lines included: file offsets [From, To).
	From, To int64
	Flags    Flags
}

// Batch is a run of events of one file, in file order.
//
// Data and Events belong to the tailer, which uses them again as soon as Send
// has returned.
type Batch struct {
	Source *Source
	Time   time.Time // when the bytes were read; becomes @timestamp
	Data   []byte
	Events []Event
	// Extras is empty, or has one for each event. What is in it is not used again
	// by the tailer, and may be kept.
	Extras []Extra
	Token  Token
}

// Acker is told that the n-th thing it issued is finished.
type Acker interface {
	Ack(n uint64)
}

// Token stands for a batch until it is delivered. It is passed by value, and
// its zero value is a token that nobody waits for.
type Token struct {
	acker Acker
	n     uint64
}

// NewToken returns the token whose Done calls a.Ack(n).
func NewToken(a Acker, n uint64) Token { return Token{acker: a, n: n} }

// Done says that the batch's events are delivered, or dropped for good and
// counted. It is called exactly once; an output that fails or is stopped says
// nothing, and the bytes stay unread as far as the registry knows.
func (t Token) Done() {
	if t.acker != nil {
		t.acker.Ack(t.n)
	}
}

// Sink is where batches go.
type Sink interface {
	// Send takes a batch. It keeps none of the batch's bytes, and it blocks while
	// the sink holds as much as it may. It returns an error when ctx ends first
	// or the sink has failed for good; the batch's token is then never Done.
	// Batches of one source are handed on in the order of their Sends. It is
	// called by one goroutine at a time.
	Send(ctx context.Context, b *Batch) error
	// Close delivers what Send accepted, until ctx ends; the rest is never
	// Done. Send must not be called any more.
	Close(ctx context.Context) error
}
