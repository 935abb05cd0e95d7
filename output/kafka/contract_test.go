package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/zap"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/output/outputtest"
)

// Of an output that keeps trying until the broker is back, Broken is no state.
func TestContract(t *testing.T) {
	start := func(t *testing.T, g *gate) (event.Sink, func() []string) {
		c := startCluster(t, 1, kfake.NumBrokers(1), gated(g))
		s, err := New(testConfig(c.ListenAddrs()...), newEncoder(), zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		read := func() (docs []string) {
			for _, r := range readBack(t, c)[0] {
				docs = append(docs, string(r.Value))
			}
			return docs
		}
		return s, read
	}
	outputtest.Run(t, outputtest.Harness{
		New: func(t *testing.T) (event.Sink, func() []string) { return start(t, new(gate)) },
		Blocked: func(t *testing.T) (event.Sink, func() []string, func()) {
			var g gate
			s, read := start(t, &g)
			g.hold()
			t.Cleanup(g.release)
			return s, read, g.release
		},
	})
}
