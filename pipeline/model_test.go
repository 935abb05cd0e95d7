package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/monitor"
)

var (
	modelSeed  = flag.Int64("model.seed", -1, "run the random programme of this seed alone")
	modelSeeds = flag.Int64("model.seeds", 100, "how many random programmes to run")
)

// TestModel runs random programmes of an application, an unlucky operator and
// brokers that fail, through the whole pipeline and into Kafka's protocol, against
// what is promised: every event at least once, whole, in order; once only unless
// there was a kill; and at a clean end every byte accounted for. The choices are
// the seed's, their timing is the machine's.
func TestModel(t *testing.T) {
	from, to := int64(0), *modelSeeds
	if *modelSeed >= 0 {
		from, to = *modelSeed, *modelSeed+1
	}
	for seed := from; seed < to; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			programme := make([]byte, 250)
			r := rand.New(rand.NewPCG(uint64(seed), 0))
			for i := range programme {
				programme[i] = byte(r.Uint32())
			}
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("again: go test ./pipeline -run 'TestModel$' -model.seed=%d", seed)
				}
			})
			newWorld(t, programme).run()
		})
	}
}

// FuzzPipeline lets the fuzzer write the programmes.
func FuzzPipeline(f *testing.F) {
	for variant := range byte(8) {
		f.Add(append([]byte{variant}, "write, rename, delete, kill and restart, while brokers fail"...))
	}
	f.Fuzz(func(t *testing.T, programme []byte) { newWorld(t, programme[:min(len(programme), 500)]).run() })
}

const (
	modelTopic      = "logs"
	modelPartitions = 3
)

// A world is a pod, a cluster, and what is owed.
type world struct {
	*pod
	programme []byte
	trace     []string // what was done
	joined    bool     // an event is a line that begins with "[" and those that follow it
	base      string   // of the configuration

	cluster *kfake.Cluster
	wire    *wire
	faults  []*kfake.FaultHandle

	pipe   *Supervisor // nil: none runs
	cancel context.CancelFunc
	stop   chan struct{}
	ended  chan struct{}
	err    error // what Run returned
	ends   []end // of each run
	gap    bool  // the present run\'s ledger may not close

	files   []*logFile // those that have a name
	written map[string]*logEvent
	count   int // of contents
}

// An end is how a run came to its end.
type end int

const (
	quit    end = iota // everything was delivered and saved
	handed             // what it has delivered was saved, and another one goes on
	unsaved            // another one goes on, and may deliver some of it again
	killed             // what was not saved is forgotten
)

// A logFile is a file that has a name, with what it holds.
type logFile struct {
	path    string
	pen     *os.File
	id      event.FileID
	size    int64
	head    []byte // at least what the registry hashes
	half    string // what the writer still owes of its last event
	content *content
}

// A content is what a file holds from its creation on, or from when it was emptied.
type content struct {
	name    string
	events  []*logEvent
	emptied bool // the file was truncated
}

// A logEvent is what must come of some lines.
type logEvent struct {
	content  *content
	number   int
	excluded bool  // by exclude_lines
	safe     bool  // it was confirmed
	lost     bool  // nobody could keep it: it may come or not
	runs     []int // that delivered it
}

func newWorld(t *testing.T, programme []byte) *world {
	w := &world{programme: programme, wire: newWire(), written: map[string]*logEvent{}}
	var err error
	w.cluster, err = kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(modelPartitions, modelTopic), kfake.ListenFn(w.wire.listen))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.cluster.Close)
	w.pod = newPodTo(t, "")
	variant := w.choose(8)
	w.joined = variant&1 != 0
	input := `scan_frequency: 50ms, backoff: 5ms, max_backoff: 20ms, exclude_lines: ['^\[\S+ no']`
	if w.joined {
		// Nobody can tell an event that is slow to come from one that is complete,
		// so that this test, on a slow machine, must not depend on it.
		input += `, multiline: {pattern: '^\[', negate: true, match: after, timeout: 1h}`
	}
	bulk := []int{2048, 3}[variant>>1&1]
	codec := []string{"gzip", "none"}[variant>>2&1]
	w.base = fmt.Sprintf(`
filebeat.inputs: [{paths: [%q], %s}]
output.kafka: {hosts: ["%s"], topic: %s, compression: %s, bulk_max_size: %d, timeout: 400ms, backoff: {init: 2ms, max: 20ms}, metadata.retry.backoff: 2ms}
filebeat.shutdown_timeout: 1h
logcar.quiet: 0s
`, filepath.Join(w.logs, "*.log*"), input, strings.Join(w.cluster.ListenAddrs(), `", "`), modelTopic, codec, bulk)
	return w
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

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	var said strings.Builder
	for _, e := range w.notes.All() {
		fmt.Fprintf(&said, "\t%s %s %v\n", e.Level, e.Message, e.ContextMap())
	}
	w.t.Fatalf("%s\nafter:\n\t%s\nlog:\n%s", fmt.Sprintf(format, args...), strings.Join(w.trace, "\n\t"), said.String())
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.fail("%v", err)
	}
}

func (w *world) run() {
	defer func() {
		w.wire.release() // or the cluster could not close
		if w.pipe != nil {
			w.cancel()
			<-w.ended
		}
		for _, f := range w.files {
			_ = f.pen.Close() // what was written is written
		}
	}()
	w.begin()
	for len(w.programme) > 0 {
		w.act()
	}
	if w.pipe == nil {
		w.begin()
	}
	for _, f := range w.files {
		w.complete(f)
	}
	w.quit()
	w.judge()
}

// act does one thing.
func (w *world) act() {
	switch op := w.choose(22); {
	case op < 7:
		w.write(w.any())
	case op < 9:
		w.rotate()
	case op == 9:
		w.remove(w.any())
	case op == 10:
		w.empty(w.any())
	case op < 14:
		w.refuse()
	case op == 14:
		w.note("shuffle leaders")
		w.cluster.ShufflePartitionLeaders()
	case op == 15:
		w.note("cut connections")
		w.wire.cut()
	case op == 16:
		w.note("lose the next answer")
		w.wire.loseAnswer()
	case op == 17:
		w.late()
	case w.pipe == nil:
		w.begin()
	case op == 18:
		w.quit()
	case op < 21:
		w.reload()
	default:
		w.crash()
	}
}

// any returns one of the files that have a name, perhaps a new one.
func (w *world) any() *logFile {
	if n := w.choose(len(w.files) + 1); n < len(w.files) {
		return w.files[n]
	}
	for i := range 3 {
		if path := fmt.Sprintf("%d.log", i); w.at(path) == nil {
			return w.create(path)
		}
	}
	return w.files[0]
}

func (w *world) at(path string) *logFile {
	for _, f := range w.files {
		if f.path == path {
			return f
		}
	}
	return nil
}

func (w *world) create(path string) *logFile {
	pen, err := os.OpenFile(filepath.Join(w.logs, path), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o644)
	w.must(err)
	info, err := pen.Stat()
	w.must(err)
	st := info.Sys().(*syscall.Stat_t)
	f := &logFile{path: path, pen: pen, id: event.FileID{Device: st.Dev, Inode: st.Ino}}
	w.files = append(w.files, f)
	w.renew(f)
	w.note("create %s, inode %d", f.content.name, st.Ino)
	return f
}

// renew begins a file's content anew.
func (w *world) renew(f *logFile) {
	w.count++
	f.content = &content{name: fmt.Sprintf("%s#%d", f.path, w.count)}
	f.size, f.head = 0, nil
}

// add makes an event that f is to hold next, and returns its bytes.
func (w *world) add(f *logFile, lines, length int, excluded bool) string {
	e := &logEvent{content: f.content, number: len(f.content.events), excluded: excluded}
	word := "yes"
	if excluded {
		word = "no"
	}
	text := fmt.Sprintf("[%06d %s] %s", len(w.written), word, strings.Repeat("x", length))
	if w.joined {
		text += strings.Repeat("\n  at some.java.Class", lines)
	}
	f.content.events = append(f.content.events, e)
	w.written[text] = e
	return text + "\n"
}

func (w *world) append(f *logFile, text string) {
	n, err := f.pen.WriteString(text)
	w.must(err)
	f.size += int64(n)
	f.head = append(f.head, text[:min(len(text), max(0, 4096-len(f.head)))]...)
}

// complete writes the rest of a half event.
func (w *world) complete(f *logFile) {
	if f.half != "" {
		w.note("%s: %d bytes more", f.content.name, len(f.half))
		w.append(f, f.half)
		f.half = ""
	}
}

// write appends events, of the last perhaps a part only.
func (w *world) write(f *logFile) {
	w.complete(f)
	text, last := "", ""
	for range 1 + w.choose(5) {
		length := []int{5, 5, 5, 60, 60, 3000, 70_000}[w.choose(7)]
		last = w.add(f, w.choose(4), length, w.choose(6) == 0)
		text += last
	}
	if cut := w.choose(8); cut > 4 {
		cut = min(len(last)-1, 1<<(2*cut-9)) // 2, 8 or 32 bytes
		text, f.half = text[:len(text)-cut], text[len(text)-cut:]
	}
	w.append(f, text)
	w.note("%s: %d events, now %d bytes", f.content.name, len(f.content.events), f.size)
}

// rotate renames x to x.1, and x.1 to x.2, unless that is there.
func (w *world) rotate() {
	base := fmt.Sprintf("%d.log", w.choose(3))
	name := []string{base, base + ".1", base + ".2"}
	for n := 1; n >= 0; n-- {
		f := w.at(name[n])
		if f == nil || w.at(name[n+1]) != nil {
			continue
		}
		w.note("rename %s from %s to %s", f.content.name, name[n], name[n+1])
		w.must(os.Rename(filepath.Join(w.logs, name[n]), filepath.Join(w.logs, name[n+1])))
		f.path = name[n+1]
	}
	if w.at(base) == nil {
		w.create(base)
	}
}

// hold makes sure that the pipeline has opened a file and has read it to its end,
// where all but the last event is confirmed.
func (w *world) hold(f *logFile) {
	w.complete(f)
	if w.pipe == nil {
		w.lose(f.content)
		return
	}
	w.heal()
	// Two events, since only who has read the second passes the place where it
	// begins.
	first := w.add(f, 0, 5, false)
	second := f.size + int64(len(first))
	w.append(f, first+w.add(f, 0, 5, false))
	w.await(fmt.Sprintf("%s is confirmed up to %d", f.content.name, second), func() bool {
		st, _ := w.pipe.registry.Lookup(f.id) // perhaps still of another file, that had this inode
		return st.Position >= second && st.Head.Matches(f.head)
	})
	for _, e := range f.content.events[:len(f.content.events)-1] {
		e.safe = true
	}
}

// remove deletes a file. Its writer may go on for a moment.
func (w *world) remove(f *logFile) {
	w.hold(f)
	w.note("delete %s", f.content.name)
	w.must(os.Remove(filepath.Join(w.logs, f.path)))
	if w.pipe != nil && w.choose(2) == 0 {
		w.append(f, w.add(f, 1, 20, false))
	}
	w.must(f.pen.Close())
	w.files = slices.DeleteFunc(w.files, func(g *logFile) bool { return g == f })
}

// empty truncates a file, of which everything was read.
func (w *world) empty(f *logFile) {
	w.hold(f)
	w.note("truncate %s", f.content.name)
	truncations := func() uint64 { return w.pipe.snapshot().Truncations }
	if w.pipe == nil {
		w.must(f.pen.Truncate(0))
	} else {
		before := truncations()
		w.must(f.pen.Truncate(0))
		w.await("the cut is noticed", func() bool { return truncations() > before })
	}
	f.content.emptied = true
	w.renew(f)
}

// lose: what is in no file and not confirmed may be lost.
func (w *world) lose(c *content) {
	for _, e := range c.events {
		e.lost = e.lost || !e.safe
	}
}

// await waits for what nobody tells of.
func (w *world) await(what string, cond func() bool) {
	w.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); !cond(); <-tick.C {
		if time.Now().After(end) {
			w.fail("not within %v: %s", limit, what)
		}
	}
}

// refuse has brokers refuse the next requests. What they refuse they do not store.
func (w *world) refuse() {
	errs := []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.RequestTimedOut, kerr.NotEnoughReplicas, kerr.UnknownTopicOrPartition,
		kerr.KafkaStorageError, kerr.CorruptMessage, kerr.TopicAuthorizationFailed, kerr.UnknownServerError, kerr.ThrottlingQuotaExceeded,
	}
	f := kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: errs[w.choose(len(errs))], Count: 1 + w.choose(4)}
	switch w.choose(4) {
	case 0:
		f.Partitions = []int32{int32(w.choose(modelPartitions))}
	case 1:
		f.Keys, f.Err, f.TopLevel = []kmsg.Key{kmsg.InitProducerID}, kerr.CoordinatorLoadInProgress, true
	}
	w.note("%d requests %v get %v", f.Count, f.Keys, f.Err)
	w.faults = append(w.faults, w.cluster.Fault(f))
}

// late holds all answers back; requests may be given up and sent again.
func (w *world) late() {
	if w.wire.held() {
		w.note("answers come")
		w.wire.release()
		return
	}
	w.note("answers are late")
	w.wire.hold()
	if w.pipe == nil || w.choose(2) == 0 {
		return
	}
	before := w.pipe.now().kafka.Stats().Errors
	w.await("a request is given up, or there is none", func() bool {
		s := w.pipe.now().kafka.Stats()
		return s.Errors > before || s.InFlight == 0
	})
}

// heal ends all that is wrong with the cluster.
func (w *world) heal() {
	for _, f := range w.faults {
		f.Remove()
	}
	w.faults = nil
	w.wire.release()
}

// begin starts a pipeline. Documents say which run they are of.
func (w *world) begin() {
	w.note("start run %d", len(w.ends))
	w.text = fmt.Sprintf("name: run-%d\n", len(w.ends)) + w.base
	w.pipe, w.gap = w.pipeline(false), false
	w.pipe.patience = 200 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel, w.stop, w.ended = cancel, make(chan struct{}), make(chan struct{})
	pipe, stop, ended := w.pipe, w.stop, w.ended
	go func() {
		defer close(ended)
		w.err = pipe.Run(ctx, stop)
	}()
}

// reload has another pipeline go on, which says in its documents that it is another
// run. Whether the brokers are well or not, nothing is lost.
func (w *world) reload() {
	if w.choose(2) == 0 {
		w.heal()
	}
	w.note("reload: run %d", len(w.ends)+1)
	given := w.notes.FilterMessageSnippet("not everything that was sent is confirmed").Len()
	was := w.pipe.snapshot()
	w.text = fmt.Sprintf("name: run-%d\n", len(w.ends)+1) + w.base
	w.save()
	if w.choose(2) == 0 {
		w.pipe.Reload() // otherwise it hears of it
	}
	var now monitor.Snapshot
	w.await("it is applied", func() bool {
		now = w.pipe.snapshot()
		return now.Config.Hash != was.Config.Hash
	})
	if now.BytesRead < was.BytesRead || now.BytesAcked < was.BytesAcked || now.EventsRead < was.EventsRead || now.EventsAcked < was.EventsAcked {
		w.fail("counters have fallen, from %+v to %+v", was, now)
	}
	if w.notes.FilterMessageSnippet("not everything that was sent is confirmed").Len() > given {
		w.ends = append(w.ends, unsaved)
		for _, e := range w.written {
			if e.content.emptied && !e.safe { // it was only in flight, and cannot be read again
				e.lost, w.gap = true, true
			}
		}
	} else {
		w.ends = append(w.ends, handed)
	}
}

// end waits for the end of Run.
func (w *world) end() error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-w.ended:
		w.cancel()
		return w.err
	case <-timer.C:
		w.fail("still running after %v", limit)
		return nil
	}
}

// quit stops as one should: everything that is complete is delivered and saved.
func (w *world) quit() {
	unfinished := map[*logEvent]bool{}
	for _, f := range w.files {
		if w.joined {
			w.complete(f) // a stop ends the open event
		} else if f.half != "" {
			unfinished[f.content.events[len(f.content.events)-1]] = true
		}
	}
	w.note("stop")
	close(w.stop)
	w.heal()
	w.must(w.end())
	s := w.pipe.snapshot()
	closed := (len(unfinished) > 0 || s.BytesRead == s.BytesAcked+s.BytesDropped["filtered"]+s.BytesDropped["truncated"]) && s.EventsRead == s.EventsAcked+s.EventsDropped["filtered"]
	if !closed && !w.gap { // what is lost stays in flight until as much more was read
		w.fail("the ledger is open at the end: %+v", s)
	}
	if n := w.pipe.registry.Stats().StrayAcks; n > 0 {
		w.fail("%d stray acknowledgements", n)
	}
	w.pipe, w.ends = nil, append(w.ends, quit)
	for _, e := range w.written {
		e.safe = e.safe || !e.lost && !unfinished[e]
	}
}

// crash loses what is not confirmed and saved: the registry is as the last save
// has left it.
func (w *world) crash() {
	w.note("kill")
	path := filepath.Join(w.pipe.now().cfg.RegistryDir, "registry.json")
	saved, unsaved := os.ReadFile(path)
	if !errors.Is(unsaved, fs.ErrNotExist) {
		w.must(unsaved)
	}
	w.cancel()
	if err := w.end(); err == nil {
		w.fail("Run was interrupted and says that all was delivered")
	}
	if unsaved == nil {
		w.must(os.WriteFile(path, saved, 0o600))
	} else if w.pipe.registry.Stats().Saves > 0 {
		w.must(os.Remove(path)) // saved since, which fails if it is elsewhere
	}
	w.pipe, w.ends = nil, append(w.ends, killed)
	there := map[*content]bool{}
	for _, f := range w.files {
		there[f.content] = true
	}
	for _, e := range w.written {
		if !there[e.content] {
			e.lost = e.lost || !e.safe
		}
	}
}

// judge compares what the topic holds with what was written.
func (w *world) judge() {
	type stream struct {
		content   *content
		partition int32
		run       int
	}
	repeats := slices.Contains(w.ends, killed) || slices.Contains(w.ends, unsaved)
	last := map[stream]int{}
	consume(w.t, w.cluster, modelTopic, func(r *kgo.Record) {
		var d document
		w.must(json.Unmarshal(r.Value, &d))
		e, run := w.written[d.Message], -1
		if _, err := fmt.Sscanf(d.Agent.Name, "run-%d", &run); err != nil || e == nil {
			w.fail("partition %d offset %d: of nobody: %.300q by %q", r.Partition, r.Offset, d.Message, d.Agent.Name)
		}
		e.runs = append(e.runs, run)
		s := stream{content: e.content, partition: r.Partition}
		if repeats {
			s.run = run // the next one goes back
		}
		if before, ok := last[s]; ok && e.number <= before {
			w.fail("%s, partition %d offset %d, run %d: event %d after %d", e.content.name, r.Partition, r.Offset, run, e.number, before)
		}
		last[s] = e.number
	})
	for text, e := range w.written {
		w.judgeEvent(fmt.Sprintf("%s: event %d, %.40q", e.content.name, e.number, text), e)
	}
}

func (w *world) judgeEvent(name string, e *logEvent) {
	switch {
	case e.excluded && len(e.runs) > 0:
		w.fail("%s: is excluded, and was delivered", name)
	case !e.excluded && !e.lost && len(e.runs) == 0:
		w.fail("%s: is missing", name)
	}
	by := make([]int, len(w.ends))
	for _, run := range e.runs {
		by[run]++
	}
	came, settled := false, false // settled: it is saved that it came
	for run, n := range by {
		if n > 1 || n > 0 && settled {
			w.fail("%s: was delivered by the runs %v; they ended: %v", name, e.runs, w.ends)
		}
		came = came || n > 0
		settled = settled || came && w.ends[run] == quit || n > 0 && w.ends[run] == handed
	}
}

// consume reads a topic.
func consume(t *testing.T, cluster *kfake.Cluster, topic string, each func(*kgo.Record)) {
	t.Helper()
	left := int64(0)
	for _, p := range cluster.PartitionInfos(topic) {
		left += p.HighWatermark
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			left--
			each(r)
		})
	}
}
