package outputtest

import (
	"context"
	"errors"
)

func orderPerSource(d *driver) {
	d.sink, d.read = d.h.New(d.t)
	for i := range 200 {
		source := i / 3 % len(d.sources) // in runs, so that neighbours may be swapped noticeably
		d.must(source, d.texts(source, 1+i%5, 100*(i%3)))
	}
	d.finish()
	d.checkTokens()
	d.checkDocuments()
}

// keepsNoBytes sends a second, smaller batch from another source in the first
// one's memory, which the driver has overwritten in between already.
func keepsNoBytes(d *driver) {
	d.sink, d.read = d.h.New(d.t)
	d.must(0, d.texts(0, 30, 300))
	d.must(1, d.texts(1, 3, 200))
	d.finish()
	d.checkTokens()
	d.checkDocuments()
}

func doneAfterDelivery(d *driver) {
	d.sink, d.read = d.h.New(d.t)
	d.atDone = func(texts []string) {
		messages, err := d.messages()
		if err != nil {
			d.t.Error(err)
			return
		}
		there := map[string]bool{}
		for _, m := range messages {
			there[m] = true
		}
		for _, text := range texts {
			if !there[text] {
				d.t.Errorf("the token is Done, but %.80q can't be read", text)
			}
		}
	}
	for i := range 20 {
		source := i % len(d.sources)
		d.must(source, d.texts(source, 1+i, 100))
	}
	d.finish()
	d.checkTokens()
	d.checkDocuments()
}

func noEvents(d *driver) {
	d.sink, d.read = d.h.New(d.t)
	for i := range 6 {
		d.must(0, d.texts(0, i%2, 10))
		if i%2 == 0 && d.counts()[i] != 1 {
			d.t.Fatalf("the token of a batch without events was Done %d times when Send returned, want 1", d.counts()[i])
		}
	}
	d.finish()
	d.checkTokens()
	d.checkDocuments()
}

func manySmallBatches(d *driver) {
	d.sink, d.read = d.h.New(d.t)
	for i := range 1000 {
		source := i % len(d.sources)
		d.must(source, d.texts(source, 1, 0))
	}
	d.finish()
	d.checkTokens()
	d.checkDocuments()
}

func fewHugeBatches(d *driver) {
	d.sink, d.read = d.h.New(d.t)
	d.must(0, d.texts(0, 32, 64<<10))
	d.must(0, d.texts(0, 12_000, 0))
	d.must(1, d.texts(1, 1, 512<<10))
	d.must(0, d.texts(0, 4, 512<<10))
	d.finish()
	d.checkTokens()
	d.checkDocuments()
}

// endedContext leaves it to the sink whether it looks at the context before it
// accepts a batch for which it has room. But what it says must be true.
func endedContext(d *driver) {
	d.sink, d.read = d.h.New(d.t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d.must(0, d.texts(0, 2, 10))
	if err := d.send(ctx, 1, d.texts(1, 2, 10)); err != nil && !errors.Is(err, context.Canceled) {
		d.t.Fatalf("Send with an ended context: %v, want %v", err, context.Canceled)
	}
	d.must(0, d.texts(0, 2, 10))
	d.finish()
	d.checkTokens()
	d.checkAtLeastOnce()
}

func closeDelivers(d *driver) {
	d.sink, d.read = d.h.New(d.t)
	d.must(0, d.texts(0, 1, 10))
	d.finish()
	d.checkTokens()
	d.checkDocuments()
}

func closeUnused(d *driver) {
	d.sink, d.read = d.h.New(d.t)
	d.finish()
	d.checkDocuments()
}

// fillSize is the size of the batches that fill a sink, in bytes of text.
const fillSize = 64 << 10

// fill sends to a blocked sink until Send gives up, and returns the texts of
// that batch, which the sink has not accepted.
func (d *driver) fill() []string {
	d.t.Helper()
	for taken := 0; ; {
		if taken > d.h.Capacity {
			d.t.Fatalf("the sink took %d bytes of text without delivering any", taken)
		}
		texts := d.texts(0, 4, fillSize/4)
		ctx, cancel := soon()
		err := d.send(ctx, 0, texts)
		ended := ctx.Err()
		cancel()
		if err == nil {
			taken += fillSize
			continue
		}
		if ended == nil {
			d.t.Fatalf("Send to a destination that takes nothing returned before its context ended: %v", err)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			d.t.Fatalf("Send whose context ended: %v, want %v", err, context.DeadlineExceeded)
		}
		return texts
	}
}

func blocksWhileFull(d *driver) {
	var unblock func()
	d.sink, d.read, unblock = d.h.Blocked(d.t)
	refused := d.fill()
	for n, done := range d.counts() {
		if done != 0 {
			d.t.Fatalf("the token of batch %d was Done although the destination takes nothing", n)
		}
	}
	unblock()
	d.must(0, refused)
	d.must(0, d.texts(0, 2, 100))
	d.must(1, d.texts(1, 2, 100))
	d.finish()
	d.checkTokens()
	d.checkAtLeastOnce()
}

func closeWhileBlocked(d *driver) {
	var unblock func()
	d.sink, _, unblock = d.h.Blocked(d.t)
	d.fill()
	ctx, cancel := soon()
	defer cancel()
	err := d.close(ctx)
	for n, done := range d.counts() {
		if done != 0 {
			d.t.Fatalf("the token of batch %d was Done although the destination takes nothing", n)
		}
		if d.sent[n].accepted && err == nil {
			d.t.Fatalf("Close returned nil, but batch %d is not delivered", n)
		}
	}
	unblock() // whatever is left must not be Done now
}

func failsForGood(d *driver) {
	d.sink = d.h.Broken(d.t)
	ctx, cancel := context.WithTimeout(context.Background(), d.h.Patience)
	defer cancel()
	for taken := 0; ; taken += fillSize {
		if taken > d.h.Capacity {
			d.t.Fatalf("the sink took %d bytes of text for a destination that is gone", taken)
		}
		if err := d.send(ctx, 0, d.texts(0, 4, fillSize/4)); err != nil {
			if ctx.Err() != nil {
				d.t.Fatalf("Send waited until its context ended: %v", err)
			}
			break
		}
	}
	_ = d.close(ctx) // it may say again what Send has said
	for n, done := range d.counts() {
		if done != 0 {
			d.t.Fatalf("the token of batch %d was Done although the destination is gone", n)
		}
	}
}
