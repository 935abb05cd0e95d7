package broker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"
)

// A file of kept batches is a run of frames: the Unix time of arrival in
// nanoseconds (8 bytes, little-endian), the length (4 bytes), the record batch
// as it came.
const frameHeader = 8 + 4

// writer keeps batches. A nil writer keeps none.
type writer struct {
	file *os.File
	buf  *bufio.Writer
	err  error // the first one; after it nothing more is written
}

func create(path string) (*writer, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("keep batches: %w", err)
	}
	return &writer{file: f, buf: bufio.NewWriterSize(f, 1<<20)}, nil
}

func (w *writer) add(at int64, batch []byte) {
	if w == nil || w.err != nil {
		return
	}
	var h [frameHeader]byte
	binary.LittleEndian.PutUint64(h[:], uint64(at))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(batch)))
	_, _ = w.buf.Write(h[:]) // the buffer remembers the error
	_, w.err = w.buf.Write(batch)
}

func (w *writer) close() error {
	if w == nil {
		return nil
	}
	if err := errors.Join(w.buf.Flush(), w.file.Close()); err != nil {
		return fmt.Errorf("keep batches: %w", err)
	}
	return nil
}

// Reader reads the batches that a broker has kept, in the order of arrival.
type Reader struct {
	file  *os.File
	buf   *bufio.Reader
	batch []byte

	gzip       *gzip.Reader
	compressed bytes.Reader
}

// Open opens a file of kept batches.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read kept batches: %w", err)
	}
	return &Reader{file: f, buf: bufio.NewReaderSize(f, 1<<20)}, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// Next appends the next batch's records to dst, expanded, and returns the
// extended slice and the time of arrival. After the last batch the error is
// io.EOF.
func (r *Reader) Next(dst []byte) ([]byte, time.Time, error) {
	var h [frameHeader]byte
	if _, err := io.ReadFull(r.buf, h[:]); errors.Is(err, io.EOF) {
		return dst, time.Time{}, io.EOF
	} else if err != nil {
		return dst, time.Time{}, fmt.Errorf("read kept batch: %w", err)
	}
	at := time.Unix(0, int64(binary.LittleEndian.Uint64(h[:])))
	n := int(binary.LittleEndian.Uint32(h[8:]))
	if cap(r.batch) < n {
		r.batch = make([]byte, n)
	}
	r.batch = r.batch[:n]
	if _, err := io.ReadFull(r.buf, r.batch); err != nil {
		return dst, at, fmt.Errorf("read kept batch of %d bytes: %w", n, err)
	}
	dst, err := r.expand(dst, r.batch)
	return dst, at, err
}

// Where the fields of a record batch (version 2) stand.
const (
	attributesAt = 21
	recordsAt    = 61
	codecBits    = 7
	noCodec      = 0
	gzipCodec    = 1
)

func (r *Reader) expand(dst, batch []byte) ([]byte, error) {
	if len(batch) < recordsAt {
		return dst, fmt.Errorf("record batch of %d bytes: shorter than its header", len(batch))
	}
	records := batch[recordsAt:]
	switch codec := binary.BigEndian.Uint16(batch[attributesAt:]) & codecBits; codec {
	case noCodec:
		return append(dst, records...), nil
	case gzipCodec:
		return r.gunzip(dst, records)
	default:
		return dst, fmt.Errorf("record batch: codec %d is not read here", codec)
	}
}

func (r *Reader) gunzip(dst, records []byte) (_ []byte, err error) {
	r.compressed.Reset(records)
	if r.gzip == nil {
		r.gzip, err = gzip.NewReader(&r.compressed)
	} else {
		err = r.gzip.Reset(&r.compressed)
	}
	out := bytes.NewBuffer(dst)
	if err == nil {
		_, err = out.ReadFrom(r.gzip)
	}
	if err != nil {
		return dst, fmt.Errorf("expand record batch: %w", err)
	}
	return out.Bytes(), nil
}

// Values calls each for the value of every record in an expanded batch. The
// value is part of records.
func Values(records []byte, each func(value []byte)) error {
	for len(records) > 0 {
		length, n := binary.Varint(records)
		if n <= 0 || length < 0 || length > int64(len(records)-n) {
			return errors.New("record with a wrong length")
		}
		record := records[n : n+int(length)]
		records = records[n+int(length):]
		value, err := valueOf(record)
		if err != nil {
			return err
		}
		each(value)
	}
	return nil
}

// valueOf skips what stands before a record's value: attributes, timestamp
// delta, offset delta and the key.
func valueOf(record []byte) ([]byte, error) {
	rest := record[min(1, len(record)):]
	for range 2 {
		_, n := binary.Varint(rest)
		if n <= 0 {
			return nil, errors.New("record cut short")
		}
		rest = rest[n:]
	}
	_, rest, err := field(rest)
	if err != nil {
		return nil, err
	}
	value, _, err := field(rest)
	return value, err
}

// field cuts off a key or a value; a length of -1 stands for none.
func field(b []byte) (field, rest []byte, err error) {
	length, n := binary.Varint(b)
	if n <= 0 || length > int64(len(b)-n) {
		return nil, nil, errors.New("record cut short")
	}
	b = b[n:]
	length = max(length, 0)
	return b[:length], b[length:], nil
}
