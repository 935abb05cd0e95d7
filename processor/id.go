package processor

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"
)

// addID is add_id.
type addID struct {
	target path
	ids    *idSource
}

var addIDKind = kind{
	Info: Info{Name: "add_id", Note: "Adds an id that no other event has: 20 characters, laid out as Elasticsearch does for ids that it makes itself.", Options: []OptionInfo{
		{Name: "target_field", Type: Field, Default: "@metadata._id", Note: "Where it goes."},
		{Name: "type", Type: Enum, Values: []string{"elasticsearch"}, Default: "elasticsearch", Note: "How it is made."},
	}},
	build: func(o *options) action {
		o.enum("type")
		return &addID{o.field("target_field"), newIDSource()}
	},
}

func (p *addID) run(d *Document) (bool, error) {
	if err := d.put(p.target, p.ids.next()); err != nil {
		return true, &failure{"could not put value:", p.target.text, err}
	}
	return true, nil
}

func (p *addID) touches() touched {
	return touched{writes: []string{p.target.text}, unsteady: true}
}

// idSource makes ids of a time, a number and six bytes of its own.
type idSource struct {
	mu     sync.Mutex
	number uint32 // 24 bits of it
	millis uint64
	self   [6]byte
}

// newIDSource takes random bytes where Elasticsearch takes the network card's
// address mixed with random bytes.
func newIDSource() *idSource {
	s := &idSource{}
	var start [4]byte
	_, _ = rand.Read(s.self[:]) // never fails
	_, _ = rand.Read(start[:])
	s.number = binary.LittleEndian.Uint32(start[:])
	return s
}

// next never gives the same id twice: time does not go back, and goes on when the
// number starts again.
func (s *idSource) next() string {
	s.mu.Lock()
	s.number++
	number := s.number & 0xffffff
	s.millis = max(s.millis, uint64(time.Now().UnixMilli()))
	if number == 0 {
		s.millis++
	}
	millis := s.millis
	s.mu.Unlock()

	// What seldom changes stands in the middle, so that ids of one time share it:
	// that makes an index small and quick to look things up in.
	id := [15]byte{
		byte(number), byte(number >> 16),
		byte(millis >> 16), byte(millis >> 24), byte(millis >> 32), byte(millis >> 40),
	}
	copy(id[6:], s.self[:])
	id[12], id[13], id[14] = byte(millis>>8), byte(number>>8), byte(millis)
	return base64.RawURLEncoding.EncodeToString(id[:])
}
