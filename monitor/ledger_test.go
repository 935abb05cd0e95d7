package monitor

import (
	"maps"
	"reflect"
	"testing"
)

// TestLedger: counters go on from configuration to configuration and never fall,
// and at any moment what was read is confirmed, in flight or dropped.
func TestLedger(t *testing.T) {
	var l Ledger
	at := func(read, acked, dropped uint64) Snapshot {
		return Snapshot{
			BytesRead: read, BytesAcked: acked, BytesInFlight: read - acked - dropped, BytesDropped: map[string]uint64{"filtered": dropped},
			EventsRead: read / 10, EventsAcked: acked / 10, EventsFlying: (read - acked - dropped) / 10, EventsDropped: map[string]uint64{"filtered": dropped / 10},
		}
	}
	for i, step := range []struct {
		now   Snapshot
		want  Snapshot
		close bool
	}{
		{at(100, 70, 10), at(100, 70, 10), true},
		{at(0, 0, 0), at(100, 70, 10), false}, // 20 are to be read again
		{at(10, 10, 0), at(100, 80, 10), false},
		{at(20, 20, 0), at(100, 90, 10), false},
		{at(50, 30, 20), at(130, 100, 30), true},
		{at(0, 0, 0), at(130, 100, 30), true},
		{at(40, 0, 10), at(170, 100, 40), false},
		{at(40, 10, 10), at(170, 110, 40), false},
		{at(50, 0, 20), at(180, 110, 50), true}, // dropped and not confirmed, so that it is dropped again
		{at(0, 0, 0), at(180, 110, 50), false},
		{at(50, 20, 30), at(210, 130, 80), true},
	} {
		got := l.Total(step.now)
		if !reflect.DeepEqual(got, step.want) {
			t.Errorf("step %d: %+v, want %+v", i, got, step.want)
		}
		if step.close {
			l.Close(step.now)
		}
	}
}

// TestCounters: each number of a snapshot is a counter that goes on, or known to
// say how things are now.
func TestCounters(t *testing.T) {
	now := map[string]bool{"BytesInFlight": true, "EventsFlying": true}
	fill := func(s *Snapshot) (names []string, values []reflect.Value) {
		for _, v := range []reflect.Value{reflect.ValueOf(s).Elem(), reflect.ValueOf(&s.Output).Elem(), reflect.ValueOf(&s.Storage).Elem()} {
			for i := range v.NumField() {
				f := v.Field(i)
				switch {
				case f.Kind() == reflect.Uint64:
					f.SetUint(5)
				case f.Type() == reflect.TypeFor[map[string]uint64]():
					f.Set(reflect.ValueOf(map[string]uint64{"reason": 5}))
				default:
					continue
				}
				names, values = append(names, v.Type().Field(i).Name), append(values, f)
			}
		}
		return names, values
	}
	var s, o Snapshot
	names, values := fill(&s)
	fill(&o)
	s.add(&o)
	if len(names) < 10 {
		t.Fatalf("found only %q", names)
	}
	for i, v := range values {
		want := uint64(10)
		if now[names[i]] {
			want = 5
		}
		got := v.Interface()
		if m, ok := got.(map[string]uint64); ok && maps.Equal(m, map[string]uint64{"reason": want}) {
			continue
		}
		if got != want {
			t.Errorf("%s: 5 and 5 are %v, want %d", names[i], got, want)
		}
	}
	if o.BytesDropped["reason"] != 5 {
		t.Error("the other's map was changed")
	}
}
