package kafka

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	kafkacompress "github.com/segmentio/kafka-go/compress"
	kafkalz4 "github.com/segmentio/kafka-go/compress/lz4"
	kafkasnappy "github.com/segmentio/kafka-go/compress/snappy"
	kafkazstd "github.com/segmentio/kafka-go/compress/zstd"

	"github.com/logcar/logcar/output/deflate"
)

// compressor turns a records region into its compressed form, over and over, by
// one goroutine at a time.
type compressor struct {
	codec Codec
	level int
	own   *deflate.Encoder
	gzip  *gzip.Writer
	other kafkacompress.Codec
}

// The levels at which gzip is our own, from ownFast to ownDense: at the others it
// is asked to look harder than ours can, or not at all.
const (
	ownFast  = 1
	ownDense = 4
)

func newCompressor(codec Codec, level int) (*compressor, error) {
	c := &compressor{codec: codec, level: level}
	switch codec {
	case None:
	case Gzip:
		switch {
		case level == ownFast:
			c.own = deflate.NewEncoder(deflate.Fast)
			return c, nil
		case level > ownFast && level <= ownDense:
			c.own = deflate.NewEncoder(deflate.Dense)
			return c, nil
		}
		w, err := gzip.NewWriterLevel(io.Discard, level)
		if err != nil {
			return nil, fmt.Errorf("gzip level %d: %w", level, err)
		}
		c.gzip = w
	case Snappy:
		c.other = &kafkasnappy.Codec{} // in the framing that Java's reader expects
	case LZ4:
		c.other = &kafkalz4.Codec{}
	case Zstd:
		c.other = &kafkazstd.Codec{}
	default:
		return nil, fmt.Errorf("codec %d is unknown", codec)
	}
	return c, nil
}

// appendTo appends the compressed records to dst.
func (c *compressor) appendTo(dst, records []byte) ([]byte, error) {
	if c.codec == None {
		return append(dst, records...), nil
	}
	if c.own != nil {
		return c.own.AppendGzip(dst, records), nil
	}
	out := appender{dst}
	var w io.WriteCloser
	if c.gzip != nil {
		c.gzip.Reset(&out)
		w = c.gzip
	} else {
		w = c.other.NewWriter(&out)
	}
	if _, err := w.Write(records); err != nil {
		return nil, fmt.Errorf("compress %s: %w", c.codec, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress %s: %w", c.codec, err)
	}
	return out.b, nil
}

// expand is the way back, for the rare batch that has to be cut in two.
func expand(codec Codec, compressed []byte) ([]byte, error) {
	if codec == None {
		return compressed, nil
	}
	r := kafkacompress.Codecs[codec].NewReader(bytes.NewReader(compressed))
	b, err := io.ReadAll(r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("expand %s: %w", codec, err)
	}
	return b, nil
}

type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}
