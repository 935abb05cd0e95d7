package pipeline

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/logcar/logcar/config"
	"github.com/logcar/logcar/monitor"
)

// A reload is a restart within the process, and everything that can fail comes
// before it: the new configuration is read, the new parts are built from it, and
// the new endpoint listens. Then the old tailer hands its files over, the old sink
// delivers what it has, and the new pipeline begins where that was confirmed.

// exchangeTimeout is how long an exchange waits for confirmations. What is not
// confirmed by then is sent again by the new pipeline: it may be repeated.
const exchangeTimeout = 5 * time.Second

// The results of a reload, as metrics call them.
const reloadOK, reloadRefused = "ok", "refused"

// Follow has Run apply what load returns when the files of the configuration change,
// as config.Reload says, or when Reload is called. What is wrong with a new
// configuration is logged, and the old one stays. Applied is called with each one
// that takes effect. Call Follow before Run.
func (s *Supervisor) Follow(load func() (*config.Config, error), applied func(*config.Config)) {
	if s.pipe.cfg.Reload.Enabled {
		s.load, s.applied = load, applied
	}
}

// Reload has the configuration read again. It returns false when the configuration
// says that it shall stay as it is.
func (s *Supervisor) Reload() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.load == nil || !s.pipe.cfg.Reload.Enabled {
		return false
	}
	poke(s.asked)
	return true
}

// candidate is a configuration that is right, and what was built from it.
type candidate struct {
	pipe *Pipeline
	http *monitor.Server // nil: the old one stays, or none is wanted
}

func (c *candidate) discard() {
	// Neither has been used: there is nothing that closing could fail over.
	_ = c.pipe.close(context.Background())
	if c.http != nil {
		_ = c.http.Close()
	}
}

// prepare reads the configuration, and returns what is to take the pipeline's
// place; nil when that stays. Asked says that somebody waits for an answer.
func (s *Supervisor) prepare(asked bool) *candidate {
	cfg, err := s.load()
	if err == nil && cfg.Hash == s.status.Hash {
		s.mu.Lock()
		s.status.Refused = "" // what was wrong was taken back
		s.mu.Unlock()
		if asked {
			s.log.Info("configuration is the same as before", zap.String("hash", cfg.Hash))
		}
		return nil
	}
	var next *candidate
	if err == nil {
		next, err = s.candidate(cfg)
	}
	if err != nil {
		s.refuse(err, asked)
		return nil
	}
	s.log.Info("configuration has changed, applying it", zap.String("hash", cfg.Hash), zap.Int("inputs", len(cfg.Inputs)))
	return next
}

// refuse says what is wrong with a configuration. That a file is still as wrong as
// before need not be said again, unless somebody asks.
func (s *Supervisor) refuse(err error, asked bool) {
	s.mu.Lock()
	known := s.status.Refused == err.Error()
	s.mu.Unlock()
	if known && !asked {
		return
	}
	problems := []string{err.Error()}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		problems = nil
		for _, err := range joined.Unwrap() {
			problems = append(problems, err.Error())
		}
	}
	s.log.Error("the new configuration is refused, the old one stays", zap.Strings("problems", problems))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Refused = err.Error()
	s.status.Reloads[reloadRefused]++
}

// candidate builds all that a configuration needs.
func (s *Supervisor) candidate(cfg *config.Config) (*candidate, error) {
	old := s.pipe.cfg
	if err := immovable(old, cfg); err != nil {
		return nil, err
	}
	if cfg.Registry.Flush != old.Registry.Flush {
		s.log.Warn("filebeat.registry.flush waits for the next start")
	}
	if cfg.File != nil && old.File != nil && cfg.File.Path == old.File.Path && cfg.File.Filename == old.File.Filename {
		cfg.File.RotateOnStartup = false // this is none
	}
	cfg.Tailer.FirstStart = s.firstStart
	p, err := newPipeline(cfg, s.once, s.agent, s.registry, s.log)
	if err != nil {
		return nil, err
	}
	next := &candidate{pipe: p}
	if cfg.HTTP != nil && (old.HTTP == nil || *cfg.HTTP != *old.HTTP) {
		if next.http, err = monitor.New(*cfg.HTTP, s.snapshot, s.announce); err != nil {
			next.discard()
			return nil, err
		}
	}
	return next, nil
}

// immovable finds what cannot change while positions are kept.
func immovable(old, cfg *config.Config) error {
	var errs []error
	if streams(old) || streams(cfg) {
		errs = append(errs, config.Problem{Key: "filebeat.inputs", Text: "standard input can be read only once; restart logcar"})
	}
	for key, same := range map[string]bool{
		"path.data": cfg.Data == old.Data, "filebeat.registry.path": cfg.Data != old.Data || cfg.RegistryDir == old.RegistryDir,
	} {
		if same {
			continue
		}
		p := config.Problem{Key: key, Text: "the positions cannot move while logcar runs; restart it"}
		for _, k := range cfg.Keys {
			if k.Key == key {
				p.Pos = k.Pos
			}
		}
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}

// exchange puts a pipeline in the place of the one that has ended.
func (s *Supervisor) exchange(next *candidate) {
	old, p := s.pipe, next.pipe
	if err := s.registry.Save(); err != nil {
		s.log.Warn("positions are not saved", zap.Error(err)) // they are tried again
	}
	s.mu.Lock()
	s.ledger.Close(old.snapshot())
	p.begin(old.tailer.Held())
	if s.announced {
		p.tailer.Announce()
	}
	s.pipe = p
	s.status.Hash, s.status.Applied, s.status.Refused = p.cfg.Hash, time.Now(), ""
	s.status.Reloads[reloadOK]++
	s.mu.Unlock()
	if next.http != nil || p.cfg.HTTP == nil {
		s.endHTTP()
		s.endHTTP = func() {}
		s.http = next.http
		s.serve()
	}
	s.applied(p.cfg)
	s.log.Info("configuration is applied", zap.String("hash", p.cfg.Hash))
	if !p.cfg.Reload.Enabled {
		s.log.Warn("from now on changes of the configuration wait for a restart (logcar.reload)")
	}
}
