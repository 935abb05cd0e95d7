package tailer

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"sync/atomic"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/registry"
)

// A stdin has the text that comes on standard input, and stands in the finder's
// place: it tells the loop when there is something, and its end is the end of Run.
// Nothing of it can be read twice, so that the registry knows nothing of it.
type stdin struct {
	t    *Tailer
	r    *reader
	file *os.File
	idle chan struct{} // holds one when the loop has read what there was
	done atomic.Bool   // the end was reached

	wake, stop *os.File // a pipe whose end wakes run
}

func newStdin(t *Tailer) (*stdin, error) {
	s := &stdin{t: t, file: t.stdin, idle: make(chan struct{}, 1)}
	var err error
	if s.wake, s.stop, err = os.Pipe(); err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	info, err := s.file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	// Ids of events are made of this: another run's text is another text.
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	// The reader has a descriptor of its own to close: run may still be waiting.
	own, err := unix.FcntlInt(s.file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", os.NewSyscallError("fcntl", err))
	}
	file := os.NewFile(uintptr(own), s.file.Name())
	st := registry.State{ID: event.FileID{Inode: binary.BigEndian.Uint64(id[:])}}
	s.r = t.newReader(t.inputs[0], st, place{file: &textFile{File: file, decided: true, from: s}, info: info})
	s.r.source.Stream = true
	s.r.head.Len = headSize // it has none
	t.reg.Remove(st.ID)     // the cursor goes on without
	t.files.remove(s.r)
	t.count(s.r.in, 1)
	return s, nil
}

// run implements searcher.
func (s *stdin) run(ctx context.Context, last <-chan struct{}) {
	defer func() { _ = s.wake.Close() }() // it has served
	ended := make(chan struct{})
	woken := make(chan struct{})
	go func() {
		defer close(woken)
		select {
		case <-ctx.Done():
		case <-last:
		case <-ended:
		}
		_ = s.stop.Close() // that is what it is for
	}()
	defer func() {
		close(ended)
		<-woken
	}()
	for s.t.inbox.put(message{kind: isFound, r: s.r}); ; s.t.inbox.put(message{kind: wasWritten, r: s.r}) {
		select {
		case <-ctx.Done():
			return
		case <-last:
			return
		case <-s.idle:
		}
		if s.done.Load() || !s.wait() {
			return
		}
	}
}

// wait waits until there is something to read. It says false when it was woken.
func (s *stdin) wait() bool {
	fds := []unix.PollFd{{Fd: int32(s.file.Fd()), Events: unix.POLLIN}, {Fd: int32(s.wake.Fd()), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, -1)
		if err != unix.EINTR {
			return err == nil && fds[1].Revents == 0
		}
	}
}

// leave implements searcher. It is not called: what was read cannot be read again.
func (s *stdin) leave() map[event.FileID]*textFile { return nil }

// closeAll implements searcher.
func (s *stdin) closeAll() { s.t.shut(s.r) }

// readAt reads what there is without waiting for more.
func (s *stdin) readAt(b []byte, _ int64) (int, error) {
	n, err := s.read(b)
	if err != nil {
		s.t.log.Error("cannot read standard input any further", zap.Error(err))
		s.done.Store(true)
	}
	if n < len(b) {
		select {
		case s.idle <- struct{}{}:
		default:
		}
	}
	return n, nil
}

func (s *stdin) read(b []byte) (int, error) {
	if s.done.Load() {
		return 0, nil
	}
	fds := []unix.PollFd{{Fd: int32(s.file.Fd()), Events: unix.POLLIN}}
	ready, err := unix.Poll(fds, 0)
	if ready == 0 || err == unix.EINTR {
		return 0, nil
	}
	n, err := unix.Read(int(s.file.Fd()), b)
	switch {
	case err == unix.EINTR || err == unix.EAGAIN:
		return 0, nil
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0:
		s.done.Store(true)
	}
	return n, nil
}

func (s *stdin) busy() bool  { return false }
func (s *stdin) final() bool { return s.done.Load() }
func (s *stdin) short() bool { return false }

func (s *stdin) head([]byte) (n int, whole bool, err error) { return 0, false, nil }
