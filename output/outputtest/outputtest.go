// Package outputtest is the contract of event.Sink as a test that every
// destination passes.
//
// It drives a sink as the tailer does and reads back what arrived. It must know
// of no destination: what differs between them is in the Harness that each
// destination's own tests provide.
package outputtest

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/logcar/logcar/event"
)

// Harness tells Run how one kind of sink is built and observed. New is needed,
// the rest is for sinks that can be made to show it.
//
// Each function gives every call a destination of its own, empty at first, and
// leaves the removal of it to t.Cleanup. Run closes the sinks. Nothing that was
// started may be left when the cleanups have run.
type Harness struct {
	// New returns a sink and a function that reads what its destination holds:
	// all documents since the beginning, as JSON, those of one source in the
	// order in which a consumer would see them. For a destination that keeps
	// order only within a part, that means one part: a topic of one partition.
	//
	// read is called by more than one goroutine at a time, also from inside
	// Token.Done and after Close.
	New func(t *testing.T) (sink event.Sink, read func() []string)

	// Blocked is New with a destination that takes nothing until unblock is
	// called, but may take everything from then on: a broker that does not
	// answer, a disk that is full, a pipe that nobody reads. Send must wait.
	Blocked func(t *testing.T) (sink event.Sink, read func() []string, unblock func())

	// Broken returns a sink that has to find out that its destination is gone
	// for good, so that Send must fail.
	Broken func(t *testing.T) event.Sink

	// Capacity is more text, in bytes, than a sink takes before Send blocks;
	// 64 MiB if it is 0.
	Capacity int

	// Patience is how long one operation may take before it counts as hanging;
	// 30 seconds if it is 0.
	Patience time.Duration
}

// Run checks the contract of event.Sink, a subtest for each of its sentences:
//
//   - Documents of one source arrive complete, in the order of their Sends, and
//     once if nothing fails.
//   - Send keeps none of the batch's bytes.
//   - A token is Done exactly once, and not before its documents can be read; a
//     batch without events is Done at once.
//   - One event or many thousands, tiny or large: the batch's size is no matter.
//   - While the destination takes nothing, the sink takes a bounded amount; then
//     Send waits until its context ends, and the token of that batch is never
//     Done. When the destination is back, everything goes on.
//   - Close delivers what Send accepted; when its context ends first it says so,
//     and nothing is Done any more.
//   - A sink that fails for good says so by Send's error.
//   - Nothing runs on after Close.
func Run(t *testing.T, h Harness) {
	if h.Capacity == 0 {
		h.Capacity = 64 << 20
	}
	if h.Patience == 0 {
		h.Patience = 30 * time.Second
	}
	for _, c := range []struct {
		name  string
		check func(*driver)
		can   bool
	}{
		{"OrderPerSource", orderPerSource, true},
		{"KeepsNoBytes", keepsNoBytes, true},
		{"DoneAfterDelivery", doneAfterDelivery, true},
		{"NoEvents", noEvents, true},
		{"ManySmallBatches", manySmallBatches, true},
		{"FewHugeBatches", fewHugeBatches, true},
		{"EndedContext", endedContext, true},
		{"CloseDelivers", closeDelivers, true},
		{"CloseUnused", closeUnused, true},
		{"BlocksWhileFull", blocksWhileFull, h.Blocked != nil},
		{"CloseWhileBlocked", closeWhileBlocked, h.Blocked != nil},
		{"FailsForGood", failsForGood, h.Broken != nil},
	} {
		if !c.can {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			d := newDriver(t, h)
			before := goleak.IgnoreCurrent()
			// Registered first, it runs last: when the harness has cleaned up.
			t.Cleanup(func() {
				if err := goleak.Find(before); err != nil {
					t.Error(err)
				}
				d.checkQuiet()
			})
			c.check(d)
		})
	}
}

// giveUp is how long an operation on a blocked destination waits in these tests.
// On a machine that is very slow it may cut off a Send that had no need to wait;
// no check fails by that, but it sees less.
const giveUp = 500 * time.Millisecond

func soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), giveUp)
}
