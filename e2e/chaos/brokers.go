//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/logcar/logcar/e2e/kafka"
)

// A breaker makes brokers fail, one after another and now and then two at once.
type breaker struct {
	cluster *kafka.Cluster
	random  *rand.Rand
	say     func(string, ...any)

	kills, stops, pauses, outages int
}

func (b *breaker) String() string {
	return fmt.Sprintf("brokers: %d killed, %d stopped, %d paused, %d times two at once", b.kills, b.stops, b.pauses, b.outages)
}

// run breaks and mends until ctx ends. It leaves a cluster that is whole.
func (b *breaker) run(ctx context.Context) error {
	for nap(ctx, between(b.random, time.Second, 6*time.Second)) {
		victims := b.random.Perm(brokers)[:1]
		if b.random.IntN(6) == 0 {
			victims = b.random.Perm(brokers)[:2] // too few replicas: nothing can be confirmed
			b.outages++
		}
		var mend []func() error
		for _, i := range victims {
			m, err := b.hurt(i)
			if err != nil {
				return errors.Join(err, restore(mend))
			}
			mend = append(mend, m)
		}
		nap(ctx, between(b.random, time.Second, 10*time.Second))
		if err := restore(mend); err != nil {
			return err
		}
		if err := b.whole(); err != nil {
			return err
		}
		b.say("all replicas in sync")
	}
	return nil
}

// hurt makes a broker fail and returns what mends it.
func (b *breaker) hurt(i int) (mend func() error, err error) {
	restart := func() error { return b.cluster.Restart(context.Background(), i) }
	switch b.random.IntN(4) {
	case 0:
		b.say("broker %d is paused", i)
		b.pauses++
		return func() error { return b.cluster.Resume(i) }, b.cluster.Pause(i)
	case 1:
		b.say("broker %d is stopped", i)
		b.stops++
		// A broker that cannot hand its partitions over is killed in the end,
		// which is no news here.
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.cluster.Stop(ctx, i); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return restart, err
		}
		return restart, nil
	default:
		b.say("broker %d is killed", i)
		b.kills++
		return restart, b.cluster.Kill(i)
	}
}

// restore mends in the order in which things broke. Of two brokers the first can
// answer only when the second is back, so that all are mended at least once.
func restore(mend []func() error) error {
	var errs []error
	for _, m := range mend {
		errs = append(errs, m())
	}
	return errors.Join(errs...)
}

// whole waits until each partition has all its replicas in sync.
func (b *breaker) whole() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for {
		all, err := b.cluster.Partitions(ctx, topic)
		synced := err == nil && len(all) == partitions
		for _, p := range all {
			synced = synced && p.Leader >= 0 && len(p.ISR) == brokers
		}
		if synced {
			return nil
		}
		if !nap(ctx, 250*time.Millisecond) {
			return fmt.Errorf("replicas are not in sync: %+v, %w", all, errors.Join(err, ctx.Err()))
		}
	}
}
