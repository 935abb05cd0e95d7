package monitor

import "maps"

// A Ledger has the numbers of all configurations that were active, one after the
// other, as if they were one, and its counters never fall. The zero value is empty.
type Ledger struct {
	past Snapshot // counters alone, of what is over
	// What was shown last; read is as of when the present configuration began.
	readBytes, readEvents, ackedBytes, ackedEvents uint64
}

// Close takes the last snapshot of a configuration. What it has read and not seen
// confirmed is read again by the next one, and counts then.
func (l *Ledger) Close(s Snapshot) {
	total := l.Total(s)
	l.readBytes, l.readEvents = total.BytesRead, total.EventsRead
	s.BytesAcked = total.BytesAcked - l.past.BytesAcked
	s.BytesRead = s.BytesAcked + all(s.BytesDropped)
	s.EventsAcked = total.EventsAcked - l.past.EventsAcked
	s.EventsRead = s.EventsAcked + all(s.EventsDropped)
	s.add(&l.past)
	l.past = s
}

// Total returns a snapshot of the present configuration with all that was before
// it. What has not been read again yet is in flight.
func (l *Ledger) Total(s Snapshot) Snapshot {
	s.add(&l.past)
	settle(&s.BytesRead, &s.BytesAcked, &s.BytesInFlight, l.readBytes, &l.ackedBytes)
	settle(&s.EventsRead, &s.EventsAcked, &s.EventsFlying, l.readEvents, &l.ackedEvents)
	return s
}

// settle keeps counters from falling: what is read again was counted before, and
// what is dropped may be known before it is confirmed.
func settle(read, acked, flying *uint64, wasRead uint64, wasAcked *uint64) {
	owed := less(wasRead, *read)
	*read += owed
	*flying += owed
	early := less(*wasAcked, *acked)
	*acked += early
	*flying = less(*flying, early)
	*wasAcked = *acked
}

// add adds another's counters. What only says how things are now stays.
func (s *Snapshot) add(o *Snapshot) {
	s.BytesRead += o.BytesRead
	s.BytesAcked += o.BytesAcked
	s.BytesDropped = sum(s.BytesDropped, o.BytesDropped)
	s.EventsRead += o.EventsRead
	s.EventsAcked += o.EventsAcked
	s.EventsDropped = sum(s.EventsDropped, o.EventsDropped)
	s.DeadLetters = sum(s.DeadLetters, o.DeadLetters)
	s.Truncations += o.Truncations
	s.Deleted += o.Deleted
	s.Corrupt += o.Corrupt
	s.Abandoned += o.Abandoned
	s.InvalidUTF8 += o.InvalidUTF8
	s.Truncated += o.Truncated
	s.Cut += o.Cut
	s.Storage.Deleted += o.Storage.Deleted
	s.Storage.DeletedBytes += o.Storage.DeletedBytes
	s.Output.Requests += o.Output.Requests
	s.Output.Errors += o.Output.Errors
	s.Output.WireBytes += o.Output.WireBytes
	s.Output.LogBytes += o.Output.LogBytes
	s.Output.Reconnects += o.Output.Reconnects
}

func sum(a, b map[string]uint64) map[string]uint64 {
	all := maps.Clone(b)
	if all == nil {
		return a
	}
	for key, n := range a {
		all[key] += n
	}
	return all
}

func all(reasons map[string]uint64) (n uint64) {
	for _, m := range reasons {
		n += m
	}
	return n
}

// less is a - b, and 0 where a counter that was read later has overtaken another.
func less(a, b uint64) uint64 {
	if b > a {
		return 0
	}
	return a - b
}
