package tailer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/klauspost/compress/gzip"
)

var gzipMagic = [2]byte{0x1f, 0x8b}

// skipSize bounds how much of a file that was read before is skipped in one turn.
const skipSize = 8 << 20

// A gunzip has the text of a gzip file. It goes forwards only: to go on where
// another has stopped, everything before is decompressed once more.
//
// A file that ends too early may still be being written, and is tried again when
// it has grown. Once its end was reached, checksum and all, nothing can follow.
type gunzip struct {
	file *os.File
	z    *gzip.Reader // nil: at the beginning
	pos  int64        // of what z gives next
	size int64        // of the file, when it ended too early
	cut  bool         // it did
	skip bool         // there is more to be skipped
	done bool         // its end was reached
	err  error        // what is wrong with it for good
}

func (g *gunzip) readAt(b []byte, off int64) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	if g.cut {
		if fi, err := g.file.Stat(); err != nil || fi.Size() == g.size {
			return 0, err
		}
	}
	if g.z == nil || off < g.pos {
		if err := g.begin(); err != nil {
			return 0, g.stop(err)
		}
	}
	if off > g.pos {
		n, err := io.CopyN(io.Discard, g.z, min(off-g.pos, skipSize))
		g.pos += n
		if err != nil {
			return 0, g.stop(err)
		}
		if g.skip = g.pos < off; g.skip {
			return 0, nil
		}
	}
	n, err := io.ReadFull(g.z, b)
	g.pos += int64(n)
	if n > 0 && err != nil {
		return n, nil // the next call finds out again what is the matter
	}
	return n, g.stop(err)
}

// begin goes to the beginning.
func (g *gunzip) begin() error {
	z, err := gzip.NewReader(bufio.NewReader(io.NewSectionReader(g.file, 0, math.MaxInt64)))
	g.z, g.pos, g.cut, g.done = z, 0, false, false
	return err
}

// stop deals with what ends reading. It returns an error when that is for good.
func (g *gunzip) stop(err error) error {
	g.skip = false
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) && g.z != nil:
		g.done = true
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		g.z, g.cut = nil, true
		fi, err := g.file.Stat()
		if err == nil {
			g.size = fi.Size()
		}
		return err
	}
	g.z = nil
	if trouble := (*fs.PathError)(nil); errors.As(err, &trouble) {
		return err // with the disk, not with the file
	}
	g.err = fmt.Errorf("%w: %w", errCorrupt, err)
	return g.err
}

func (g *gunzip) busy() bool { return g.skip }

func (g *gunzip) final() bool { return g.done || g.err != nil }

func (g *gunzip) short() bool { return g.cut }

func (g *gunzip) head(b []byte) (n int, whole bool, err error) {
	other := &gunzip{file: g.file}
	for n < len(b) {
		m, err := other.readAt(b[n:], int64(n))
		if n += m; m == 0 {
			if n > 0 && errors.Is(err, errCorrupt) {
				err = nil // that is all there is of it
			}
			return n, other.final(), err
		}
	}
	return n, false, nil
}
