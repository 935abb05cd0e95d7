// Package pipeline builds the parts from a configuration and runs them: it owns
// the order in which they start and stop, the deadline of a stop, and the exchange
// of one configuration for another.
//
// It must never know what a line, a document or a broker's answer looks like.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/config"
	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output"
	"github.com/logcar/logcar/output/console"
	"github.com/logcar/logcar/output/file"
	"github.com/logcar/logcar/output/kafka"
	"github.com/logcar/logcar/registry"
	"github.com/logcar/logcar/storage"
	"github.com/logcar/logcar/tailer"
)

// Pipeline is everything between the files and the destination, as one
// configuration wants it.
type Pipeline struct {
	cfg  *config.Config
	once bool
	log  *zap.Logger

	registry  *registry.Registry
	confirmed uint64 // what the registry had seen confirmed before
	encoder   *output.Encoder
	sink      event.Sink
	kafka     *kafka.Sink    // the same, if it is Kafka
	letters   *kafka.Letters // nil: there is no dead letter, or it is files
	tailer    *tailer.Tailer
	storage   *storage.Guard
	yield     chan struct{} // closed when another pipeline is to go on
}

// reserve is what a stop keeps of its time for delivering, when an application
// writes on and on.
const reserve = 5 * time.Second

// newPipeline builds the parts. Nothing is opened or connected before ship, so that
// one pipeline can be built while another runs.
func newPipeline(cfg *config.Config, once bool, agent output.Agent, reg *registry.Registry, log *zap.Logger) (*Pipeline, error) {
	p := &Pipeline{cfg: cfg, once: once, log: log, registry: reg, yield: make(chan struct{})}
	if cfg.Name != "" {
		agent.Name = cfg.Name
	}
	p.encoder = output.NewEncoder(cfg.Shape, agent, cfg.Documents)
	if err := p.newSink(); err != nil {
		return nil, err
	}
	if once {
		cfg.Tailer.Quiet = 0 // there is an end, and nobody to wait for
	}
	cfg.Tailer.MaxQuiet = max(cfg.ShutdownTimeout/2, cfg.ShutdownTimeout-reserve)
	var err error
	if p.tailer, err = tailer.New(cfg.Inputs, cfg.Tailer, reg, p.sink, log.Named("tailer")); err != nil {
		return nil, err
	}
	p.storage = storage.New(cfg.Storage, storage.Logs{Directories: p.tailer.Directories, Delete: p.tailer.Delete}, log.Named("storage"))
	return p, nil
}

// begin goes on where another pipeline has ended.
func (p *Pipeline) begin(held *tailer.Held) {
	p.confirmed = p.registry.Stats().Confirmed
	p.tailer.Inherit(held)
}

func (p *Pipeline) newSink() (err error) {
	switch cfg := p.cfg; {
	case cfg.Kafka != nil:
		cfg.Kafka.Workers, cfg.Kafka.Hurry = workers(), hurry
		cfg.Kafka.Relax = func() { calm(); giveBack() }
		cfg.Kafka.TooLarge = cfg.TooLarge
		if err := p.openDeadLetter(); err != nil {
			return err
		}
		p.kafka, err = kafka.New(*cfg.Kafka, p.encoder, p.log.Named("kafka"))
		p.sink = p.kafka
	case cfg.File != nil:
		p.sink, err = file.New(*cfg.File, p.encoder, p.log.Named("file"))
	case cfg.Console:
		p.sink = console.New(os.Stdout, p.encoder)
	default:
		err = errors.New("no output")
	}
	return err
}

// close delivers what the sink has, until ctx ends.
func (p *Pipeline) close(ctx context.Context) error {
	err := p.sink.Close(ctx)
	if p.letters != nil {
		p.letters.Close()
	}
	return err
}

// openDeadLetter gives the sink a place for what Kafka does not take.
func (p *Pipeline) openDeadLetter() error {
	d := p.cfg.DeadLetter
	switch {
	case d == nil:
	case d.Topic == "":
		p.cfg.Kafka.DeadLetter = file.NewLines(d.Dir, "dead-letter", d.MaxSize)
	default:
		letters, err := kafka.NewLetters(*p.cfg.Kafka, d.Topic)
		if err != nil {
			return err
		}
		p.letters, p.cfg.Kafka.DeadLetter = letters, letters
	}
	return nil
}

// ship runs the tailer to its end and closes the sink behind it. When it is told
// to yield, its error is tailer.ErrHandedOver.
func (p *Pipeline) ship(ctx context.Context, stop <-chan struct{}) error {
	finish := stop
	if p.once && !streams(p.cfg) { // which has an end of its own
		at := make(chan struct{})
		close(at)
		finish = at
	}
	p.tailer.Yield(tailer.Handover{Begin: p.yield, Settle: p.settle})
	err := p.tailer.Run(ctx, finish)
	if errors.Is(err, tailer.ErrHandedOver) {
		return err
	}
	if cerr := p.close(ctx); cerr != nil {
		err = errors.Join(err, cerr)
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("stopped before everything was delivered: %w", context.Cause(ctx))
	}
	return err
}

// streams says that a configuration reads standard input, and no file.
func streams(cfg *config.Config) bool { return len(cfg.Inputs) == 1 && cfg.Inputs[0].Stdin }

// settle delivers what was sent before another pipeline goes on.
func (p *Pipeline) settle(ctx context.Context) {
	if err := p.close(ctx); err != nil {
		p.log.Warn("not everything that was sent is confirmed; it is sent again, and may come twice", zap.Error(err))
	}
}
