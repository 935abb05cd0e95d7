//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/internal/javalog"
)

const (
	beat = 20 * time.Millisecond // between two bursts of events
	// keepFiles is how many rotated files an application keeps, once they are
	// confirmed; mostFiles is how many it keeps at most: then it waits.
	keepFiles, mostFiles = 3, 30
)

// An app writes one log and rotates it, by renaming it or by copying and
// truncating it, as its own mood is.
type app struct {
	dir       string
	rate      int // events per beat, on average
	random    *rand.Rand
	events    *javalog.Generator
	ledger    *ledger
	page      *page
	positions func() (map[event.FileID]int64, error)

	pen   *os.File
	size  int64
	limit int64 // when to rotate
	file  int32 // number of the file, each truncation beginning another
	text  []byte

	renamed, truncated, deleted int
}

func newApp(i int, o options, dir string, l *ledger, positions func() (map[event.FileID]int64, error), random *rand.Rand) (*app, error) {
	name := fmt.Sprintf("app-%d", i)
	a := &app{
		dir: filepath.Join(dir, "logs", name), rate: max(1, o.rate*int(beat/time.Millisecond)/1000/o.apps),
		random: random, events: javalog.New(o.seed+uint64(i), time.Now(), javalog.Numbered),
		ledger: l, page: l.open(name), positions: positions,
	}
	if err := os.MkdirAll(filepath.Join(a.dir, "archive"), 0o755); err != nil {
		return nil, err
	}
	return a, a.create()
}

func (a *app) path(n int) string {
	if n == 0 {
		return filepath.Join(a.dir, "app.log")
	}
	return filepath.Join(a.dir, fmt.Sprintf("app.log.%d", n))
}

func (a *app) create() (err error) {
	a.file++
	a.size, a.limit = 0, 32<<10+a.random.Int64N(256<<10)
	a.pen, err = os.OpenFile(a.path(0), os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, 0o644)
	return err
}

// run writes until ctx ends.
func (a *app) run(ctx context.Context) error {
	for nap(ctx, beat) {
		count := a.random.IntN(2*a.rate + 1)
		switch a.random.IntN(400) {
		case 0: // a quiet while
			nap(ctx, between(a.random, 0, 5*time.Second))
		case 1: // a busy one
			count *= 30
		}
		if err := a.write(ctx, count); err != nil {
			return err
		}
		if a.size < a.limit {
			continue
		}
		rotate := a.rename
		if a.random.IntN(3) == 0 {
			rotate = a.copyAndTruncate
		}
		if err := rotate(ctx); err != nil {
			return err
		}
	}
	return a.pen.Close()
}

// write appends events, each by one call as logging frameworks do, but for some
// first lines that come in two. Only those: a stop between the lines of an event
// ends the event, since nobody can know that more will come.
func (a *app) write(ctx context.Context, count int) error {
	for range count {
		a.text = a.events.AppendAt(a.text[:0], time.Now())
		a.ledger.write(a.page, bytes.TrimSuffix(a.text, []byte("\n")), a.file)
		rest := a.text
		if a.random.IntN(200) == 0 {
			half := 1 + a.random.IntN(bytes.IndexByte(rest, '\n'))
			if err := a.append(rest[:half]); err != nil {
				return err
			}
			rest = rest[half:]
			nap(ctx, between(a.random, 0, 300*time.Millisecond))
		}
		if err := a.append(rest); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) append(b []byte) error {
	n, err := a.pen.Write(b)
	a.size += int64(n)
	return err
}

// rename moves each file to the next number and deletes old ones that are
// confirmed. Now and then the writer goes on for a while under the new name.
func (a *app) rename(ctx context.Context) error {
	last, err := a.tidy(ctx)
	if err != nil {
		return err
	}
	for n := last; n >= 0; n-- {
		if err := os.Rename(a.path(n), a.path(n+1)); err != nil {
			return err
		}
	}
	a.renamed++
	if a.random.IntN(3) == 0 {
		nap(ctx, between(a.random, 0, 200*time.Millisecond))
		if err := a.write(ctx, a.rate); err != nil {
			return err
		}
	}
	if err := a.pen.Close(); err != nil {
		return err
	}
	return a.create()
}

// tidy deletes rotated files, oldest first, for as long as they are confirmed, and
// returns the number of the oldest that is left. When there are too many it waits.
func (a *app) tidy(ctx context.Context) (last int, err error) {
	for exists(a.path(last + 1)) {
		last++
	}
	for last > keepFiles {
		confirmed, err := a.confirmed(a.path(last))
		if err != nil {
			return last, err
		}
		switch {
		case confirmed:
			if err := os.Remove(a.path(last)); err != nil {
				return last, err
			}
			last--
			a.deleted++
		case last < mostFiles || !nap(ctx, 100*time.Millisecond):
			return last, nil
		}
	}
	return last, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// confirmed says that everything in a file was delivered, as the saved positions
// have it: it may go without a loss, also when logcar does not run just now.
func (a *app) confirmed(path string) (bool, error) {
	position, size, err := a.position(path)
	return position == size && size > 0, err
}

// position returns the saved position of a file, and its size.
func (a *app) position(path string) (position, size int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	positions, err := a.positions()
	st := info.Sys().(*syscall.Stat_t)
	return positions[event.FileID{Device: st.Dev, Inode: st.Ino}], info.Size(), err
}

// copyAndTruncate is what logrotate calls copytruncate. What is written between
// the copy and the cut would be lost, and nobody who reads can tell a cut file
// from one that has already grown past where it was; so the application is quiet
// until all is confirmed, and again until the cut was noticed.
func (a *app) copyAndTruncate(ctx context.Context) error {
	for range 100 {
		done, err := a.confirmed(a.path(0))
		if err != nil {
			return err
		}
		if done {
			return a.truncate(ctx)
		}
		if !nap(ctx, 100*time.Millisecond) {
			return nil
		}
	}
	return nil // Kafka is away: another time
}

func (a *app) truncate(ctx context.Context) error {
	if err := copyFile(a.path(0), filepath.Join(a.dir, "archive", "app.log.1")); err != nil {
		return err
	}
	if err := a.pen.Truncate(0); err != nil {
		return err
	}
	a.file++
	a.truncated++
	a.size = 0
	for {
		position, _, err := a.position(a.path(0))
		if err != nil || position == 0 || !nap(ctx, 50*time.Millisecond) {
			return err
		}
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
