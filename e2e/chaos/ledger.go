//go:build unix

package main

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"sync"
	"text/tabwriter"

	"github.com/logcar/logcar/internal/javalog"
)

// A ledger holds what was written and what came of it.
type ledger struct {
	hash maphash.Seed
	kill bool // logcar is killed: events may repeat

	mu    sync.Mutex
	pages map[string]*page // by application
	runs  map[string]int   // of logcar, by agent.ephemeral_id; from 1
	wrong []string         // the first few things that are
}

// A page is the account of one application.
type page struct {
	name   string
	events []entry // by number, from 1
	last   map[stream]uint64

	delivered, repeated, again, disordered, torn int
}

// An entry is one event, from before it is written.
type entry struct {
	text  uint64 // hash
	file  int32  // which of the application's files, each truncation beginning another
	count uint16 // deliveries
	run   uint16 // of logcar, that delivered it last
}

// A stream is what order is promised for. A logcar that was killed is followed by
// one that goes back, so that its deliveries are a stream of their own.
type stream struct {
	partition int32
	file      int32
	run       int
}

func newLedger(kill bool) *ledger {
	return &ledger{hash: maphash.MakeSeed(), kill: kill, pages: map[string]*page{}, runs: map[string]int{}}
}

// open adds an application.
func (l *ledger) open(name string) *page {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &page{name: name, last: map[stream]uint64{}}
	l.pages[name] = p
	return p
}

// write notes an event that is about to be written.
func (l *ledger) write(p *page, text []byte, file int32) {
	h := maphash.Bytes(l.hash, text)
	l.mu.Lock()
	defer l.mu.Unlock()
	p.events = append(p.events, entry{text: h, file: file})
}

// deliver notes an event that has arrived.
func (l *ledger) deliver(app, message, process string, partition int32, offset int64) {
	h := maphash.String(l.hash, message)
	n, numbered := javalog.Sequence(message)
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.pages[app]
	if p == nil {
		l.complain("partition %d offset %d: of no application: %q", partition, offset, app)
		return
	}
	if !numbered || n > uint64(len(p.events)) || p.events[n-1].text != h {
		p.torn++
		l.complain("%s: partition %d offset %d: torn event %d: %.300q", app, partition, offset, n, message)
		return
	}
	run := l.runs[process]
	if run == 0 {
		run = len(l.runs) + 1
		l.runs[process] = run
	}
	e := &p.events[n-1]
	s := stream{partition: partition, file: e.file}
	if l.kill {
		s.run = run
	}
	switch {
	case e.count > 0 && int(e.run) == run:
		p.again++
		l.complain("%s: partition %d offset %d: event %d repeated by one run of logcar", app, partition, offset, n)
	case n < p.last[s]:
		p.disordered++
		l.complain("%s: partition %d offset %d: event %d after %d of file %d", app, partition, offset, n, p.last[s], e.file)
	}
	p.last[s] = max(p.last[s], n)
	if e.count > 0 {
		p.repeated++
	} else {
		p.delivered++
	}
	e.count, e.run = e.count+1, uint16(run)
}

func (l *ledger) complain(format string, args ...any) {
	const enough = 20
	if len(l.wrong) < enough {
		l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
	}
}

// String is the state of all pages in a line.
func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sum page
	written := 0
	for _, p := range l.pages {
		written += len(p.events)
		sum.delivered += p.delivered
		sum.repeated += p.repeated
		sum.torn += p.torn
	}
	return fmt.Sprintf("written %d, delivered %d, on the way %d, repeated %d, torn %d; logcar run %d",
		written, sum.delivered, written-sum.delivered, sum.repeated, sum.torn, len(l.runs))
}

// verdict prints the table and returns what is wrong with it.
func (l *ledger) verdict(w io.Writer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "application\twritten\tdelivered\tmissing\trepeated\tby one run\tout of order\ttorn\t")
	row := func(p *page, written int) {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n",
			p.name, written, p.delivered, written-p.delivered, p.repeated, p.again, p.disordered, p.torn)
	}
	sum, written := page{name: "all"}, 0
	var names []string
	for name := range l.pages {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p := l.pages[name]
		row(p, len(p.events))
		written += len(p.events)
		sum.delivered += p.delivered
		sum.repeated += p.repeated
		sum.again += p.again
		sum.disordered += p.disordered
		sum.torn += p.torn
		l.missing(p)
	}
	row(&sum, written)
	if err := table.Flush(); err != nil {
		return err
	}
	for _, line := range l.wrong {
		fmt.Fprintln(w, line)
	}
	switch {
	case sum.delivered == 0:
		return errors.New("nothing was delivered: nothing is proved")
	case written > sum.delivered, sum.torn > 0:
		return errors.New("events are missing or torn")
	case sum.again > 0, sum.repeated > 0 && !l.kill:
		return errors.New("events are repeated although logcar was not killed")
	case sum.disordered > 0, len(l.wrong) > 0:
		return errors.New("events are out of order, or of nobody")
	}
	return nil
}

// missing tells the runs of events that did not come.
func (l *ledger) missing(p *page) {
	for i := 0; i < len(p.events); i++ {
		from := i
		for i < len(p.events) && p.events[i].count == 0 && p.events[i].file == p.events[from].file {
			i++
		}
		if i > from {
			l.complain("%s: events %d to %d of file %d are missing", p.name, from+1, i, p.events[from].file)
			i--
		}
	}
}
