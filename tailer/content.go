package tailer

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Compression says how an input's files are compressed.
type Compression uint8

const (
	// Plain files are read as they are.
	Plain Compression = iota
	// Gzip files are all compressed.
	Gzip
	// Auto tells by a file's first bytes.
	Auto
)

// errCorrupt is wrapped by the error of a file that cannot be read any further,
// however often it is tried.
var errCorrupt = errors.New("corrupt")

// A textFile is an open log file. Offsets in it count the bytes of its text, which
// for a compressed file are those that come out of it.
type textFile struct {
	*os.File
	compression Compression // what it may be
	decided     bool        // from is right
	from        source      // nil: the text is the file's own bytes
}

// A source has the text of a file that is not the file's own bytes.
type source interface {
	// readAt reads what follows off. With 0 there is no more for now.
	readAt(b []byte, off int64) (int, error)
	// busy says that there may be more at once, although nothing was read.
	busy() bool
	// final says that nothing will ever follow what was read.
	final() bool
	// short says that what was read ends where it should not.
	short() bool
	// head reads the text's first bytes, without moving; whole says that there
	// never will be more of them.
	head(b []byte) (n int, whole bool, err error)
}

// openFile opens a log file to read. O_NONBLOCK keeps a pipe of that name from
// hanging us; regular files do not mind.
func openFile(path string, c Compression) (*textFile, os.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return &textFile{File: f, compression: c, decided: c == Plain}, info, nil
}

// decide finds out whether the file is compressed. It says false while there is
// too little of it to tell.
func (f *textFile) decide() (bool, error) {
	if f.decided {
		return true, nil
	}
	var magic [2]byte
	n, err := f.File.ReadAt(magic[:], 0)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return false, err
	case n == 0 || (n == 1 && magic[0] == gzipMagic[0]):
		return false, nil
	}
	if f.compression == Gzip || magic == gzipMagic {
		f.from = &gunzip{file: f.File}
	}
	f.decided = true
	return true, nil
}

// readAt reads what follows off. With 0 there is no more for now.
func (f *textFile) readAt(b []byte, off int64) (int, error) {
	if ok, err := f.decide(); !ok {
		return 0, err
	}
	if f.from != nil {
		return f.from.readAt(b, off)
	}
	return f.preadv(nil, b, off)
}

// readBehind reads what follows off, and once more what stands before, which only
// a file has that is its own text.
func (f *textFile) readBehind(before, b []byte, off int64) (int, error) {
	if len(before) == 0 {
		return f.readAt(b, off)
	}
	return f.preadv(before, b, off-int64(len(before)))
}

// preadv reads into a, and what is left into b.
func (f *textFile) preadv(a, b []byte, off int64) (int, error) {
	for {
		n, err := unix.Preadv(int(f.Fd()), [][]byte{a, b}, off)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// head reads the first bytes of the file's text into b; whole says that there
// never will be more of them.
func (f *textFile) head(b []byte) (n int, whole bool, err error) {
	ok, err := f.decide()
	switch {
	case !ok:
	case f.from != nil:
		n, whole, err = f.from.head(b)
	default:
		if n, err = f.File.ReadAt(b, 0); errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil {
		return 0, false, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return n, whole, nil
}

// foreign says that the file's size says nothing of the length of its text.
func (f *textFile) foreign() bool { return !f.decided || f.from != nil }

// final says that nothing will ever follow what was read.
func (f *textFile) final() bool { return f.from != nil && f.from.final() }

// busy says that there may be more at once, although nothing was read.
func (f *textFile) busy() bool { return f.from != nil && f.from.busy() }

// endsEarly says that what was read ends where it should not.
func (f *textFile) endsEarly() bool { return f.from != nil && f.from.short() }
