package pipeline

import (
	"maps"
	"time"

	"github.com/logcar/logcar/monitor"
)

// snapshot returns the numbers since the start, of all pipelines.
func (s *Supervisor) snapshot() monitor.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.ledger.Total(s.pipe.snapshot())
	n.Version, n.Started = s.version, s.started
	n.Config = s.status
	n.Config.Reloads = maps.Clone(s.status.Reloads)
	return n
}

// snapshot gathers the numbers of all parts. The ledger holds at any moment:
// read = acknowledged + in flight + dropped. Counters are read one after the
// other, so that what is in flight is what the others leave; it is 0 when
// everything is delivered, which the tests check.
func (p *Pipeline) snapshot() monitor.Snapshot {
	t, r := p.tailer.Stats(), p.registry.Stats()
	s := monitor.Snapshot{
		BytesRead: t.Bytes + t.LostTruncated + t.LostDeleted, EventsRead: t.Events + t.Filtered,
		BytesDropped: map[string]uint64{
			"filtered": t.FilteredBytes, "cut": t.CutBytes, "truncated": t.LostTruncated, "deleted": t.LostDeleted,
		},
		EventsDropped: map[string]uint64{"filtered": t.Filtered},
		OpenFiles:     t.Open, Cut: t.Cut, Truncations: t.Truncations, Deleted: t.Deleted, Corrupt: t.Corrupt, Abandoned: t.Abandoned,
		InvalidUTF8: p.encoder.Stats().InvalidUTF8,
	}
	e := p.encoder.Stats()
	s.EventsDropped["processors"], s.EventsDropped["unencodable"] = e.Dropped, e.Failed
	s.EventsAcked = less(t.Events, e.Dropped+e.Failed)
	// What is filtered or cut lies within confirmed positions.
	s.BytesAcked = less(r.Confirmed, p.confirmed+t.FilteredBytes+t.CutBytes)
	if p.kafka != nil {
		k := p.kafka.Stats()
		s.EventsAcked, s.Truncated = k.Events, k.Truncated
		s.EventsDropped["too_large"] = k.Dropped
		s.EventsDropped["no_topic"], s.EventsDropped["lost_topic"], s.EventsDropped["no_partition"] = k.NoTopic, k.LostTopic, k.NoPartition
		s.EventsDropped["dead_letter"] = k.LettersTooLarge + k.LettersRefused
		s.DeadLetters = map[string]uint64{"too_large": k.LettersTooLarge, "refused": k.LettersRefused}
		s.Output = monitor.Output{
			Requests: k.Requests, Errors: k.Errors, WireBytes: k.WireBytes, LogBytes: k.LogBytes, InFlight: k.InFlight, Waiting: k.Waiting, Stalled: k.Stalled, StallCause: k.StallCause,
			Unconfirmed: k.Unconfirmed.Round(time.Millisecond).Seconds(), Reconnects: k.Reconnects, Failing: k.Failing,
		}
	}
	s.BytesInFlight = less(t.Bytes, s.BytesAcked+t.FilteredBytes+t.CutBytes)
	s.EventsFlying = less(s.EventsRead, s.EventsAcked)
	for _, n := range s.EventsDropped {
		s.EventsFlying = less(s.EventsFlying, n)
	}
	s.Storage = p.occupied()
	for _, f := range p.tailer.Files() {
		s.Lag = max(s.Lag, f.Lag.Seconds())
		s.Files = append(s.Files, monitor.File{Path: f.Path, Size: f.Size, Read: f.Read, Acked: f.Confirmed})
	}
	return s
}

// occupied is how full the volumes of the logs are.
func (p *Pipeline) occupied() monitor.Storage {
	s := p.storage.Stats()
	m := monitor.Storage{Limit: s.Limit, Used: s.Used, Deleted: s.Deleted, DeletedBytes: s.DeletedBytes}
	for _, v := range s.Volumes {
		m.Volumes = append(m.Volumes, monitor.Volume{Path: v.Path, Size: v.Size, Free: v.Free})
	}
	return m
}

// less is a - b, and 0 when a later number has overtaken an earlier one.
func less(a, b uint64) uint64 {
	if b > a {
		return 0
	}
	return a - b
}
