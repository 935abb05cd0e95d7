package outputtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
)

// store is a destination in memory.
type store struct {
	open   chan struct{} // closed: it takes documents
	broken bool

	mu   sync.Mutex
	docs []string
}

func (s *store) read() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.docs)
}

func (s *store) add(docs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.docs = append(s.docs, docs...)
}

// memory is a sink with a queue and a worker, as small as the contract allows,
// and with one defect if it is told so.
type memory struct {
	defect  defect
	encoder *output.Encoder
	store   *store
	queue   chan item
	abandon chan struct{} // closed: nothing is to be delivered any more
	ended   chan struct{} // closed: the worker has returned
}

type item struct {
	batch event.Batch
	docs  []string
}

func newMemory(defect defect, st *store) *memory {
	size := 4
	if defect == takesWithoutBound {
		size = 100
	}
	m := &memory{
		defect: defect, encoder: output.NewEncoder(output.Shape8, output.Agent{Name: "test"}, output.Options{}), store: st,
		queue: make(chan item, size), abandon: make(chan struct{}), ended: make(chan struct{}),
	}
	go m.work()
	return m
}

func (m *memory) encode(b *event.Batch) []string {
	if err := m.encoder.Start(b); err != nil {
		panic(err)
	}
	docs := make([]string, len(b.Events))
	for i := range b.Events {
		doc, _ := m.encoder.Append(nil, b, i)
		docs[i] = string(doc)
	}
	return docs
}

func (m *memory) Send(ctx context.Context, b *event.Batch) error {
	if len(b.Events) == 0 {
		if m.defect != forgetsEmpty {
			b.Token.Done()
		}
		return nil
	}
	if m.store.broken && m.defect != hidesFailure {
		return errors.New("memory: gone")
	}
	it := item{batch: *b}
	if m.defect != keepsBytes {
		it.docs = m.encode(b)
	}
	if m.defect == sendIgnoresContext {
		ctx = context.Background()
	}
	if m.defect == refusesAtOnce && len(m.queue) == cap(m.queue) {
		return errors.New("memory: full")
	}
	select {
	case m.queue <- it:
		return nil
	case <-ctx.Done():
		if m.defect == doneWhenRefused {
			b.Token.Done()
		}
		return fmt.Errorf("memory: %w", ctx.Err())
	}
}

func (m *memory) work() {
	defer close(m.ended)
	if m.store.broken {
		return
	}
	select {
	case <-m.store.open:
	case <-m.abandon:
		if m.defect != doneAfterClose {
			return
		}
		<-m.store.open
	}
	var held []item // what a defect keeps back
	for it := range m.queue {
		if m.defect == keepsBytes || m.defect == reorders {
			if held = append(held, it); len(held) < 2 {
				continue
			}
			slices.Reverse(held)
			m.deliver(held...)
			held = nil
			continue
		}
		m.deliver(it)
	}
	if m.defect != losesTheLast {
		m.deliver(held...)
	}
}

func (m *memory) deliver(items ...item) {
	for _, it := range items {
		switch {
		case m.defect == keepsBytes:
			it.docs = m.encode(&it.batch)
		case m.defect == cutsHugeBatches && len(it.docs) > 10_000:
			it.docs = it.docs[:10_000]
		case m.defect == repeats:
			it.docs = append(it.docs, it.docs[0])
		case m.defect == writesRubbish:
			it.docs[0] = it.docs[0][1:]
		case m.defect == losesTheLast && len(m.queue) == 0:
			continue
		case m.defect == doneEarly:
			it.batch.Token.Done()
			m.store.add(it.docs...)
			continue
		}
		m.store.add(it.docs...)
		it.batch.Token.Done()
		if m.defect == doneTwice {
			it.batch.Token.Done()
		}
	}
}

func (m *memory) Close(ctx context.Context) error {
	close(m.queue)
	if m.defect == leaks {
		go func() { select {} }()
	}
	if m.defect == closeIgnoresContext {
		ctx = context.Background()
	}
	select {
	case <-m.ended:
		return nil
	case <-ctx.Done():
	}
	close(m.abandon)
	if m.defect == doneAfterClose {
		return ctx.Err()
	}
	<-m.ended
	if m.defect == closeHidesLoss {
		return nil
	}
	return ctx.Err()
}

func memoryHarness(d defect) Harness {
	build := func() (*memory, *store) {
		st := &store{open: make(chan struct{})}
		return newMemory(d, st), st
	}
	return Harness{
		New: func(*testing.T) (event.Sink, func() []string) {
			sink, st := build()
			close(st.open)
			return sink, st.read
		},
		Blocked: func(*testing.T) (event.Sink, func() []string, func()) {
			sink, st := build()
			return sink, st.read, func() { close(st.open) }
		},
		Broken: func(*testing.T) event.Sink {
			return newMemory(d, &store{broken: true})
		},
	}
}
