module github.com/logcar/logcar/benchmarks

go 1.26.0

require (
	github.com/klauspost/compress v1.20.3
	github.com/logcar/logcar v0.0.0
	github.com/twmb/franz-go v1.22.2
	github.com/twmb/franz-go/pkg/kfake v0.0.0-20260918054303-01f206a7e32c
	github.com/twmb/franz-go/pkg/kmsg v1.15.0
	go.uber.org/goleak v1.3.0
	golang.org/x/sys v0.49.0
)

require github.com/pierrec/lz4/v4 v4.1.33 // indirect

replace github.com/logcar/logcar => ../
