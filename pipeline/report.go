package pipeline

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// report logs the numbers now and then, when they have changed.
func (p *Pipeline) report(ctx context.Context) {
	if p.cfg.Logging.Metrics <= 0 {
		return
	}
	ticks := time.NewTicker(p.cfg.Logging.Metrics)
	defer ticks.Stop()
	var last, unwritten uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			if now := p.tailer.Stats().Bytes; now != last {
				last = now
				p.log.Info("progress", p.numbers()...)
			}
			unwritten = p.warnUnwritten(unwritten)
		}
	}
}

func (p *Pipeline) total() {
	p.warnUnwritten(0)
	p.log.Info("total", p.numbers()...)
}

// warnUnwritten warns when more events than those known could not be written, and
// why the last one could not. It returns how many there are.
func (p *Pipeline) warnUnwritten(known uint64) uint64 {
	e := p.encoder.Stats()
	if e.Failed > known {
		p.log.Warn("events are dropped that cannot be written", zap.Uint64("events", e.Failed), zap.NamedError("last", e.Failure))
	}
	return e.Failed
}

func (p *Pipeline) numbers() []zap.Field {
	t := p.tailer.Stats()
	fields := []zap.Field{
		zap.Uint64("bytes_read", t.Bytes), zap.Uint64("events", t.Events), zap.Uint64("filtered", t.Filtered), zap.Uint64("cut", t.Cut),
		zap.Uint64("truncations", t.Truncations), zap.Int("open_files", t.Open),
		zap.Uint64("invalid_utf8_bytes", p.encoder.Stats().InvalidUTF8),
	}
	if p.kafka != nil {
		k := p.kafka.Stats()
		fields = append(fields,
			zap.Uint64("delivered", k.Events), zap.Uint64("delivered_bytes", k.LogBytes), zap.Uint64("wire_bytes", k.WireBytes),
			zap.Uint64("requests", k.Requests), zap.Uint64("errors", k.Errors),
			zap.Uint64("truncated", k.Truncated), zap.Uint64("dropped", k.Dropped), zap.Int("in_flight", k.InFlight))
	}
	return fields
}
