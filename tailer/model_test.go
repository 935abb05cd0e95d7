package tailer

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

var (
	modelSeed  = flag.Int64("model.seed", -1, "run the random programme of this seed alone")
	modelSeeds = flag.Int64("model.seeds", 200, "how many random programmes to run")
)

// TestModel runs random programmes of an application, a log rotator and an
// unlucky operator against what a reader of log files owes them: every complete
// line at least once, in order, and once only unless there was a kill.
func TestModel(t *testing.T) {
	seeds := func(from, to int64, m mode) {
		if *modelSeed >= 0 {
			from, to = *modelSeed, *modelSeed+1
		}
		for seed := from; seed < to; seed++ {
			t.Run(fmt.Sprintf("%s/%d", m, seed), func(t *testing.T) {
				t.Parallel()
				p := make([]byte, 300)
				r := rand.New(rand.NewPCG(uint64(seed), 0))
				for i := range p {
					p[i] = byte(r.Uint32())
				}
				runModel(t, m, p)
			})
		}
	}
	seeds(0, *modelSeeds, polling)
	seeds(0, *modelSeeds/20, notified)
}

// FuzzModel lets the fuzzer write the programmes.
func FuzzModel(f *testing.F) {
	f.Add([]byte("\x00write, rename, delete, kill and restart"))
	f.Add([]byte("\x01write, rename, delete, kill and restart"))
	f.Add([]byte("\x02write, rename, delete, kill and restart"))
	f.Fuzz(func(t *testing.T, p []byte) { runModel(t, polling, p[:min(len(p), 1000)]) })
}

func runModel(t *testing.T, m mode, p []byte) {
	if m == notified {
		newWorld(t, m, p).run()
		return
	}
	synctest.Test(t, func(t *testing.T) { newWorld(t, m, p).run() })
}

// A world is a directory of log files, and what is owed of them.
type world struct {
	*script
	programme []byte
	trace     []string // what was done
	lines     int      // written, to tell them apart
	joined    bool     // lines are joined
	globbed   bool     // copies match a pattern, too
	bounded   bool     // there are more files than may be open
	hashed    bool     // files are known by their first bytes

	logs    []*logFile // all that there ever were
	byID    map[event.FileID]*logFile
	renamed int // files so far that were renamed away
	copies  int // and that were made by copying
	checked int // how many of the sink's events
}

// A logFile is a file from its creation until nothing is owed of it any more.
type logFile struct {
	name string // where it was created, for messages
	path string // where it is; "": it has gone, though it may still be read
	pen  *os.File
	id   fileID

	text []byte // what was written since it was truncated
	next int64  // where its next event must begin
	done int64  // everything before was delivered
	away string // where it was renamed to, where nobody looks for it; "" as well when it was deleted
	owed bool   // its complete lines must be delivered; else they may be

	copied   *logFile // the latest copy of what it held before it was emptied, whose rest comes first
	original *logFile // of a copy
	anew     bool     // it may be read from its start, if it is not told to be a copy
}

// A fileID is what tells a file from all others of the system.
type fileID struct {
	event.FileID
	born int64
}

// native is an input that goes by that.
var native = DefaultInput()

// differs says that a state is of another file with the same inode.
func (id fileID) differs(born int64) bool { return differs(id.born, born) }

// complete is how much of the text is of complete lines.
func (f *logFile) complete() int64 { return int64(bytes.LastIndexByte(f.text, '\n') + 1) }

func newWorld(t *testing.T, m mode, p []byte) *world {
	w := &world{script: newScript(t, m), programme: p, byID: map[event.FileID]*logFile{}}
	w.unnoticed = true
	variant := w.choose(16)
	w.joined, w.bounded, w.hashed, w.globbed = variant&1 != 0, variant&2 != 0, variant&4 != 0, variant&8 != 0
	input := "input *.log *.log.[0-9]"
	if w.globbed {
		input = "input *.log*"
	}
	if w.hashed {
		input += fmt.Sprintf(" identity=fingerprint length=%d", hashedLength)
	}
	if w.joined {
		input += ` multiline="^\\[" max_lines=0`
		if m == notified {
			input += " timeout=50ms"
		}
	}
	w.do(input)
	if w.bounded {
		w.do("options max_open=2")
	}
	return w
}

// hashedLength is enough to hold the number of a file's first line.
const hashedLength = 12

// fingerprint is what f is known by once it is long enough.
func (f *logFile) fingerprint() event.FileID {
	return hashID("fingerprint", f.text[:min(hashedLength, len(f.text))])
}

// find returns the file that an event is of.
func (w *world) find(id event.FileID) *logFile {
	if f := w.byID[id]; f != nil || !w.hashed {
		return f
	}
	for _, f := range w.logs {
		if f.fingerprint() == id {
			return f
		}
	}
	return nil
}

// state is what the registry knows of f.
func (w *world) state(reg *registry.Registry, f *logFile) (registry.State, bool) {
	st, known := reg.Lookup(f.id.FileID)
	if w.hashed && len(f.text) >= hashedLength {
		if other, ok := reg.Lookup(f.fingerprint()); ok {
			return other, true
		}
	}
	return st, known
}

// choose takes the programme's next choice of n.
func (w *world) choose(n int) int {
	if len(w.programme) == 0 {
		return 0
	}
	b := w.programme[0]
	w.programme = w.programme[1:]
	return int(b) % n
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nafter:\n\t%s\nlog:\n%s", fmt.Sprintf(format, args...), strings.Join(w.trace, "\n\t"), w.log())
}

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

func (w *world) run() {
	w.begin()
	for len(w.programme) > 0 {
		if w.mode == polling {
			synctest.Wait()
		}
		w.check()
		w.act()
	}
	if w.tailer == nil {
		w.begin()
	}
	w.settle()
	w.quit()
	for _, f := range w.logs {
		if f.path == "" {
			continue
		}
		st, _ := w.state(w.reg, f)
		done := f.original != nil && st.Position == int64(len(f.text)) // nobody will complete its last line
		if st.Position != f.complete() && !done {
			w.fail("%s: in the end the position is %d, want %d", f.name, st.Position, f.complete())
		}
	}
}

// act does one thing.
func (w *world) act() {
	switch op := w.choose(21); {
	case op < 7:
		w.write(w.any())
	case op < 9:
		w.elapse()
	case op == 9:
		w.create()
	case op < 12:
		w.rotate()
	case op == 12:
		w.leave(w.any())
	case op == 13:
		w.truncateLog(w.any())
	case op == 14:
		w.note("block")
		w.sink.block()
	case op == 15:
		w.note("unblock")
		w.sink.unblock()
	case op == 16:
		w.acknowledge()
	case op == 17:
		w.settle()
	case op == 18:
		w.keep()
	case op == 19:
		w.copyAndTruncate(w.any())
	case w.tailer == nil:
		w.begin()
	case w.choose(2) == 0:
		w.quit()
	default:
		w.crash()
	}
}

// any returns one of the files that have a name, if there is one.
func (w *world) any() *logFile {
	var named []*logFile
	for _, f := range w.logs {
		if f.path != "" && f.original == nil {
			named = append(named, f)
		}
	}
	if len(named) == 0 {
		return w.create()
	}
	return named[w.choose(len(named))]
}

// at returns the file at path, or nil.
func (w *world) at(path string) *logFile {
	for _, f := range w.logs {
		if f.path == path {
			return f
		}
	}
	return nil
}

// line returns a new line.
func (w *world) line() string {
	w.lines++
	begin := "["
	if w.choose(3) == 0 {
		begin = " "
	}
	length := 5
	switch w.choose(16) {
	case 0:
		length = 2000
	case 1:
		length = readSize / 3
	}
	// Each line ends otherwise: the tailer looks at the last bytes that were read.
	return fmt.Sprintf("%s%d %s %d\n", begin, w.lines, strings.Repeat("x", length), w.lines)
}

func (w *world) append(f *logFile, text string) {
	if _, err := f.pen.WriteString(text); err != nil {
		w.fail("%v", err)
	}
	f.text = append(f.text, text...)
	w.note("write %d bytes to %s, now %d", len(text), f.name, len(f.text))
}

// write appends lines, the last of which may want its end.
func (w *world) write(f *logFile) {
	text := ""
	for range 1 + w.choose(4) {
		text += w.line()
	}
	if cut := w.choose(8); cut > 5 {
		text = text[:len(text)-cut+4]
	}
	w.append(f, text)
}

// elapse lets time pass, unless it is real.
func (w *world) elapse() {
	d := []time.Duration{time.Second, 4 * time.Second, 11 * time.Second, 10 * time.Minute}[w.choose(4)]
	if w.mode == polling {
		w.note("%v pass", d)
		<-time.After(d)
	}
}

func (w *world) create() *logFile {
	for i := range 4 {
		if path := fmt.Sprintf("%d.log", i); w.at(path) == nil {
			return w.createAt(path)
		}
	}
	return nil
}

func (w *world) createAt(path string) *logFile {
	f := &logFile{name: fmt.Sprintf("%s (%d)", path, len(w.logs)), path: path, owed: true}
	pen, err := os.OpenFile(w.abs(path), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		w.fail("%v", err)
	}
	f.pen = pen
	w.pens[f.name] = pen
	fi, err := pen.Stat()
	if err != nil {
		w.fail("%v", err)
	}
	f.id = fileID{idOf(fi), native.birthOf(pen)}
	w.check() // what came until now is of another file with this inode
	if was := w.byID[f.id.FileID]; was != nil && was.owed && was.done < was.complete() {
		w.fail("%s was let go when %d of %d were delivered", was.name, was.done, was.complete())
	}
	w.byID[f.id.FileID] = f
	w.logs = append(w.logs, f)
	w.note("create %s, inode %d", f.name, f.id.Inode)
	return f
}

// rotate renames x to x.1, x.1 to x.2, x.2 to x.3, and deletes x.3.
func (w *world) rotate() {
	w.awaitCopies()
	base := fmt.Sprintf("%d.log", w.choose(4))
	name := func(n int) string {
		if n == 0 {
			return base
		}
		return fmt.Sprintf("%s.%d", base, n)
	}
	if f := w.at(name(3)); f != nil {
		w.depart(f, "")
	}
	for n := 2; n >= 0; n-- {
		if f := w.at(name(n)); f != nil {
			w.note("rename %s from %s to %s", f.name, f.path, name(n+1))
			if err := os.Rename(w.abs(f.path), w.abs(name(n+1))); err != nil {
				w.fail("%v", err)
			}
			f.path = name(n + 1)
		}
	}
	if w.choose(4) > 0 {
		w.createAt(base)
	}
}

// leave deletes a file or renames it away.
func (w *world) leave(f *logFile) {
	if w.choose(2) == 0 {
		w.depart(f, "")
	} else {
		w.renamed++
		w.depart(f, fmt.Sprintf("%d.old", w.renamed))
	}
}

// depart makes a file go. What it holds is owed if the tailer can have it open.
func (w *world) depart(f *logFile, to string) {
	w.awaitCopies()
	if w.tailer != nil {
		w.finishLine(f)
		w.append(f, w.line())
		w.settle() // it is open now
	}
	w.note("%s goes from %s to %q", f.name, f.path, to)
	var err error
	if to == "" {
		err = os.Remove(w.abs(f.path))
	} else {
		err = os.Rename(w.abs(f.path), w.abs(to))
	}
	if err != nil {
		w.fail("%v", err)
	}
	f.path, f.away = "", to
	if w.tailer == nil {
		f.owed = false
	} else if !w.bounded {
		for range w.choose(4) {
			if w.mode == polling {
				<-time.After(time.Duration(w.choose(4)) * time.Second)
			}
			w.write(f)
		}
	}
	_ = f.pen.Close()
	delete(w.pens, f.name)
}

func (w *world) finishLine(f *logFile) {
	if f.complete() < int64(len(f.text)) {
		w.append(f, "\n")
	}
}

// truncateLog empties a file of which everything was read, and writes less than
// there was, or more.
func (w *world) truncateLog(f *logFile) {
	w.finishLine(f)
	w.settle()
	w.catchUp(f)
	if f.done < f.complete() || len(f.text) < 100 {
		return
	}
	was := len(f.text)
	w.empty(f)
	w.lines++
	text := fmt.Sprintf("[%d\n", w.lines)
	for more := w.choose(2) > 0; more && len(text) <= was; {
		text += w.line()
	}
	w.append(f, text) // at once, or a look in between may take half of it for all
	w.settle()
}

func (w *world) empty(f *logFile) {
	w.note("truncate %s", f.name)
	if err := f.pen.Truncate(0); err != nil {
		w.fail("%v", err)
	}
	f.text, f.next, f.done = nil, 0, 0
}

// copyAndTruncate is what rotators call copytruncate, with something that was not
// read, or could not be delivered, when the file is emptied.
func (w *world) copyAndTruncate(f *logFile) {
	if w.tailer == nil || w.hashed { // by its text a copy is the same file
		return
	}
	w.finishLine(f)
	w.append(f, w.line())
	w.settle() // it is known now
	w.catchUp(f)
	if w.choose(2) > 0 {
		w.sink.block()
	}
	w.write(f)
	w.check()
	w.copies++
	c := &logFile{path: fmt.Sprintf("%s.copy%d", f.path, w.copies), text: f.text, next: f.next, done: f.done, owed: true, original: f}
	c.name = fmt.Sprintf("copy %d of %s", w.copies, f.name)
	w.note("copy %s to %s", f.name, c.path)
	w.put(c.path, string(f.text))
	file, info, err := openFile(w.abs(c.path), Plain)
	if err != nil {
		w.fail("%v", err)
	}
	defer file.Close()
	c.id = fileID{idOf(info), native.birthOf(file.File)}
	w.byID[c.id.FileID] = c
	if !w.globbed {
		c.path, c.away = "", c.path
	}
	w.logs = append(w.logs, c)
	w.empty(f)
	f.copied = c
	w.write(f)
}

// awaitCopies waits until no file's copy has to be found any more, which may be
// impossible when the file has another name.
func (w *world) awaitCopies() {
	for _, f := range w.logs {
		if f.copied != nil && f.copied.owed && f.copied.done < f.copied.complete() {
			w.settle()
			return
		}
	}
}

// of returns the file that an event is of: a copy's text may come by the name of
// what was copied.
func (w *world) of(e sent) *logFile {
	f := w.find(e.source.ID)
	if f == nil {
		return nil
	}
	for _, c := range w.logs {
		if c.original == f && e.from == c.next && e.to <= int64(len(c.text)) &&
			e.text == strings.TrimSuffix(string(c.text[e.from:e.to]), "\n") {
			return c
		}
	}
	return f
}

// acknowledge lets some tokens go, in any order, and holds the next ones.
func (w *world) acknowledge() {
	c := w.sink
	c.mu.Lock()
	defer c.mu.Unlock()
	w.note("acknowledge some of %d", len(c.tokens))
	for range w.choose(8) {
		if n := len(c.tokens); n > 0 {
			i := w.choose(n)
			c.tokens[i].Done()
			c.tokens[i] = c.tokens[n-1]
			c.tokens = c.tokens[:n-1]
		}
	}
	c.hold = w.choose(3) > 0
}

// keep saves the registry.
func (w *world) keep() {
	w.note("save")
	if err := w.reg.Save(); err != nil {
		w.fail("%v", err)
	}
}

// begin starts the tailer. The registry tells where files go on.
func (w *world) begin() {
	w.note("start")
	if err := w.start(nil); err != nil {
		w.fail("%v", err)
	}
	clear(w.byID)
	reg := openRegistry(w.t, w.data) // the tailer changes its own
	for _, f := range w.logs {
		st, known := w.state(reg, f)
		known = known && !f.id.differs(st.Born) // else it is another's
		if f.original != nil {
			w.resumeCopy(reg, f)
			continue
		}
		if f.path == "" {
			// One that was renamed while it was followed is found by its state.
			if f.away == "" || !known || !st.Head.Matches(f.text) || st.Position >= int64(len(f.text)) {
				continue
			}
			f.owed = true
		}
		w.byID[f.id.FileID] = f
		f.next = 0
		if f.path != "" && st.Position > 0 && st.Head.Len == 0 {
			w.fail("%s: position %d without a head", f.name, st.Position)
		}
		if known && st.Head.Matches(f.text) && st.Position <= int64(len(f.text)) {
			f.next = st.Position
		}
		if f.next > f.done {
			w.fail("%s: the position %d is after what was delivered, %d", f.name, f.next, f.done)
		}
	}
}

// resumeCopy finds out where a copy goes on: it has a position of its own, or that
// of the original is still of the content that was copied.
func (w *world) resumeCopy(reg *registry.Registry, c *logFile) {
	own, known := reg.Lookup(c.id.FileID)
	known = known && !c.id.differs(own.Born) && own.Head.Len > 0 && own.Head.Matches(c.text) && own.Position <= int64(len(c.text)) // else it is another's
	old, ok := reg.Lookup(c.original.id.FileID)
	ok = ok && !c.original.id.differs(old.Born) && (w.globbed || c.original.path != "") && old.Head.Len > 0 && old.Head.Matches(c.text) && old.Position <= int64(len(c.text))
	switch {
	case known && own.Position > 0:
		c.next = own.Position
	case ok:
		c.next = old.Position
	case w.globbed || known:
		c.next = 0
	default:
		return // nobody knows of it any more
	}
	c.owed, c.anew = true, !known || own.Position == 0
	w.byID[c.id.FileID] = c
	if c.next > c.done && c.next != int64(len(c.text)) {
		w.fail("%s: the position %d is after what was delivered, %d", c.name, c.next, c.done)
	}
}

// quit stops as one should: everything is read, delivered and saved.
func (w *world) quit() {
	w.note("stop")
	w.sink.unblock()
	if err := w.finishClean(nil); err != nil {
		w.fail("%v", err)
	}
	w.sink.ack(-1)
	w.keep()
	w.check()
	if f := w.debtor(); f != nil {
		w.fail("%s: stopped when %d of %d were delivered", f.name, f.done, f.complete())
	}
	w.forgo()
}

// crash loses what is not acknowledged and saved.
func (w *world) crash() {
	w.note("kill")
	if err := w.kill(nil); err != nil {
		w.fail("%v", err)
	}
	w.check()
	w.forgo()
}

// forgo: a file that nobody holds open and nobody finds is lost.
func (w *world) forgo() {
	for _, f := range w.logs {
		f.owed = f.owed && f.path != ""
	}
}

// settle waits until every complete line is delivered.
func (w *world) settle() {
	if w.tailer == nil {
		return
	}
	w.note("wait for all")
	w.sink.unblock()
	if !w.sink.wait(w.limit(), func() bool { w.check(); return w.debtor() == nil }) {
		f := w.debtor()
		w.fail("%s: %d of %d are delivered", f.name, f.done, f.complete())
	}
}

// catchUp waits until what a kill repeats has come.
func (w *world) catchUp(f *logFile) {
	if w.tailer != nil && !w.sink.wait(w.limit(), func() bool { w.check(); return f.next >= f.complete() }) {
		w.fail("%s: %d of %d are delivered again", f.name, f.next, f.complete())
	}
}

// debtor returns a file of which something is not delivered.
func (w *world) debtor() *logFile {
	for _, f := range w.logs {
		if f.owed && f.done < f.complete() {
			return f
		}
	}
	return nil
}

// check compares what has come with what was written.
func (w *world) check() {
	w.sink.mu.Lock()
	events := w.sink.events[w.checked:]
	w.checked += len(events)
	w.sink.mu.Unlock()
	for _, e := range events {
		f := w.of(e)
		if f == nil {
			w.fail("an event of no file: %+v", e)
		}
		if c := f.copied; c != nil && c.owed && c.done < c.complete() && w.byID[c.id.FileID] != c {
			w.fail("%s goes on before its copy is delivered: %+v", f.name, e)
		}
		if f.anew && e.from == 0 {
			f.next = 0 // the original has another name by now
		}
		f.anew = false
		if e.from != f.next || e.to > int64(len(f.text)) {
			w.fail("%s: bytes %d to %d, want what begins at %d of %d", f.name, e.from, e.to, f.next, len(f.text))
		}
		text, whole := strings.CutSuffix(string(f.text[e.from:e.to]), "\n")
		if e.text != text || whole == (e.flags&event.Partial != 0) || e.flags&event.Truncated != 0 {
			w.fail("%s: bytes %d to %d are %.50q, flags %q, want %.50q", f.name, e.from, e.to, e.text, flagLetters(e.flags), text)
		}
		if !w.joined && strings.Contains(text, "\n") || strings.Contains(text, "\n[") {
			w.fail("%s: event of too many lines: %.200q", f.name, text)
		}
		f.next = e.to
		f.done = max(f.done, min(e.to, f.complete()))
	}
}
