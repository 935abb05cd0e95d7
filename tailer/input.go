package tailer

import (
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/parser"
)

// Input is one input of the configuration: which files, and how they are read.
type Input struct {
	Event *event.Input // what documents say of it
	Cut   Cut
	Parse *parser.Chain // does the work of Cut, where that is not enough; nil: it is

	// Stdin reads standard input instead of files. It must be the only input.
	Stdin bool

	Paths         []string // globs, absolute or relative to the working directory
	RecursiveGlob bool     // whether ** stands for up to eight directories
	// Exclude and Include filter by path: one that no Include matches, or that an
	// Exclude matches, is not read. With CheckTargets they filter what symbolic
	// links lead to as well.
	Include, Exclude []*match.Pattern
	CheckTargets     bool
	Symlinks         bool // whether symbolic links are followed
	Identity         Identity
	Compression      Compression
	Owner            bool // whether sources name the files' owner
	OwnerGroup       bool // and group

	ScanFrequency time.Duration // how often directories are looked at, besides notifications
	Backoff       time.Duration // first pause at the end of a file; doubles
	MaxBackoff    time.Duration
	Sort          Sort          // in which order files are begun that are found together
	Descending    bool          // the other way round
	IgnoreOlder   time.Duration // files that did not change for so long are not opened; 0: off
	TailFiles     bool          // begin files that are there at the start at their end
	IgnoreInactive
	ResendOnTouch bool // read a file again that has got a later time and no other size

	CloseInactive time.Duration // when an idle file is closed; it is opened again when it grows
	CloseEOF      bool          // close at the first end
	CloseRenamed  bool          // let a renamed file go as soon as one that was deleted
	CloseRemoved  bool          // false: keep a deleted file open until CloseInactive
	// CloseTimeout is how long a file may be open; 0: for ever. It is opened again
	// when it has more, unless no path leads to it any more: what is unread is then
	// lost, and said to be.
	CloseTimeout   time.Duration
	HarvesterLimit int // how many files of the input may be open; 0: any number

	CleanInactive time.Duration // forget the position of a file that did not change for so long; 0: off
	CleanRemoved  bool          // forget that of a file that is gone
	Delete        Delete
}

// DefaultInput returns Filebeat's defaults.
func DefaultInput() Input {
	return Input{
		Event: &event.Input{}, RecursiveGlob: true,
		Cut:           Cut{MaxBytes: 10 << 20},
		ScanFrequency: 10 * time.Second, Backoff: time.Second, MaxBackoff: 10 * time.Second,
		CloseInactive: 5 * time.Minute, CloseRemoved: true, CleanRemoved: true, Delete: Delete{Grace: 30 * time.Minute},
	}
}
