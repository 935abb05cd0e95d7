package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// look is how often it is looked whether a Job has ended.
const look = 500 * time.Millisecond

// stops returns a channel that is closed when stop is, or when the configuration's
// own conditions for the end are met: a Job's sidecar leaves by itself.
func (s *Supervisor) stops(ctx context.Context, background *sync.WaitGroup, p *Pipeline, stop <-chan struct{}) <-chan struct{} {
	if p.cfg.ExitWhenQuiet <= 0 && p.cfg.DoneFile == "" {
		return stop
	}
	end := make(chan struct{})
	background.Go(func() {
		ticks := time.NewTicker(look)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-stop:
				close(end)
				return
			case <-ticks.C:
			}
			if why := p.ended(); why != "" {
				s.log.Info("Stopping logcar", zap.String("reason", why))
				close(end)
				return
			}
		}
	})
	return end
}

// ended says why it is time to leave; empty while it is not.
func (p *Pipeline) ended() string {
	if f := p.cfg.DoneFile; f != "" {
		if _, err := os.Stat(f); err == nil { // otherwise it is not there yet, as far as can be seen
			return "the done file is there: " + f
		}
	}
	if d := p.cfg.ExitWhenQuiet; d > 0 {
		if last := p.tailer.LastRead(); !last.IsZero() && time.Since(last) >= d {
			return fmt.Sprintf("nothing was written for %v", d)
		}
	}
	return ""
}

// lastWord is what is left in the pod's status when logcar has ended: a proof
// that everything was delivered, or what was not.
type lastWord struct {
	Delivered bool       `json:"delivered"`
	Error     string     `json:"error,omitempty"`
	Events    uint64     `json:"events"`
	Unsent    uint64     `json:"unsent_bytes"`
	Files     []lastFile `json:"files"`
	More      int        `json:"more_files,omitempty"`
}

type lastFile struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`
	Acked int64  `json:"acked"`
}

// maxTermination is what kubelet keeps of a termination message, in bytes.
const maxTermination = 4096

// terminate writes the last word where kubelet looks for it. The file is there
// already in a container; nowhere else is one made.
func (s *Supervisor) terminate(cause error) {
	path := s.pipe.cfg.TerminationLog
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		_, err = f.Write(s.lastWord(cause))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		s.log.Warn("cannot write the termination message", zap.Error(err))
	}
}

func (s *Supervisor) lastWord(cause error) []byte {
	now := s.snapshot()
	w := lastWord{Delivered: cause == nil, Events: now.EventsAcked}
	if cause != nil {
		w.Error = cause.Error()
	}
	for _, f := range now.Files {
		w.Unsent += uint64(f.Lag())
		w.Files = append(w.Files, lastFile{Path: f.Path, Size: f.Size, Acked: f.Acked})
	}
	for {
		b, err := json.Marshal(w)
		if err != nil || len(b) <= maxTermination || len(w.Files) == 0 {
			return b
		}
		half := len(w.Files) / 2
		w.More += len(w.Files) - half
		w.Files = w.Files[:half]
	}
}
