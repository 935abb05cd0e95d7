package pipeline

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// report logs the numbers now and then, when they have changed.
func (s *Supervisor) report(ctx context.Context, p *Pipeline) {
	var ticks <-chan time.Time
	if p.cfg.Logging.Metrics > 0 {
		t := time.NewTicker(p.cfg.Logging.Metrics)
		defer t.Stop()
		ticks = t.C
	}
	var last, unwritten uint64
	for {
		select {
		case <-ctx.Done():
			p.warnUnwritten(unwritten)
			return
		case <-ticks:
			if now := p.tailer.Stats().Bytes; now != last {
				last = now
				s.log.Info("progress", s.numbers()...)
			}
			unwritten = p.warnUnwritten(unwritten)
		}
	}
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

// Progress returns how many bytes of log are done with, and how many there are by
// now. It may be called by any goroutine.
func (s *Supervisor) Progress() (done, all uint64) {
	n := s.snapshot()
	done = n.BytesAcked
	for _, dropped := range n.BytesDropped {
		done += dropped
	}
	all = done
	for _, f := range n.Files {
		all += uint64(f.Lag())
	}
	return done, all
}

func (s *Supervisor) numbers() []zap.Field {
	n := s.snapshot()
	filtered := n.EventsDropped["filtered"]
	fields := []zap.Field{
		zap.Uint64("bytes_read", n.BytesRead), zap.Uint64("events", n.EventsRead-filtered), zap.Uint64("filtered", filtered), zap.Uint64("cut", n.Cut),
		zap.Uint64("truncations", n.Truncations), zap.Uint64("lost_bytes", n.BytesDropped["truncated"]+n.BytesDropped["deleted"]), zap.Int("open_files", n.OpenFiles),
		zap.Uint64("invalid_utf8_bytes", n.InvalidUTF8),
	}
	if s.pipe.kafka != nil {
		dropped := n.EventsDropped["too_large"] + n.EventsDropped["no_topic"] + n.EventsDropped["lost_topic"] + n.EventsDropped["no_partition"]
		fields = append(fields,
			zap.Uint64("delivered", n.EventsAcked), zap.Uint64("delivered_bytes", n.Output.LogBytes), zap.Uint64("wire_bytes", n.Output.WireBytes),
			zap.Uint64("requests", n.Output.Requests), zap.Uint64("errors", n.Output.Errors),
			zap.Uint64("truncated", n.Truncated), zap.Uint64("dropped", dropped),
			zap.Uint64("dead_letters", n.EventsDropped["dead_letter"]),
			zap.Int("in_flight", n.Output.InFlight), zap.Int("waiting_for_topic", n.Output.Waiting))
	}
	return fields
}
