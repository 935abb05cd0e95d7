package broker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// offerOldProduce makes the cluster say, as Kafka 4 does, that it takes produce
// requests from version 0 on, which neither of them does (KAFKA-18659).
// librdkafka asks for that before it compresses: without it, every shipper that
// is built on it would send its batches as they are, for much less processor
// time.
func offerOldProduce(cluster *kfake.Cluster) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		return fmt.Errorf("ask for the versions: %w", err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request := kmsg.NewPtrApiVersionsRequest()
	request.ClientSoftwareName, request.ClientSoftwareVersion = "benchmarks", "1"
	offered, err := request.RequestWith(ctx, client)
	if err != nil {
		return fmt.Errorf("ask for the versions: %w", err)
	}
	keys := slices.Clone(offered.ApiKeys)
	for i := range keys {
		if keys[i].ApiKey == int16(kmsg.Produce) {
			keys[i].MinVersion = 0
		}
	}
	cluster.ControlKey(int16(kmsg.ApiVersions), func(r kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // kfake's signature
		cluster.KeepControl()
		if r.GetVersion() > request.MaxVersion() {
			return nil, nil, false // the cluster names the version that it has
		}
		answer := r.ResponseKind().(*kmsg.ApiVersionsResponse)
		answer.ApiKeys = keys
		return answer, nil, true
	})
	return nil
}
