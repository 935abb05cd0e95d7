package storage

import "go.uber.org/zap"

// rearm is how many percent a space must fall below a threshold before reaching
// it is news again.
const rearm = 5

// alarms are what was said of a space, and not taken back.
type alarms struct{ full, stuck alarm }

// An alarm goes off once for each time that a threshold is reached.
type alarm struct{ on bool }

// goesOff says whether s has reached the threshold just now.
func (a *alarm) goesOff(s *space, percent int) bool {
	was := a.on
	a.on = s.reaches(percent) || (was && s.reaches(percent-rearm))
	return a.on && !was
}

// warn says when a space has become too full.
func (g *Guard) warn(s *space) {
	if g.cfg.Warn == 0 || !s.full.goesOff(s, g.cfg.Warn) {
		return
	}
	if s.together() {
		g.log.Warn("the directories of the logs are nearly full; the pod is evicted when they are",
			zap.Int("percent", int(s.percent())), zap.Int64("used", s.used), zap.Int64("max_bytes", s.size), zap.String("largest", s.largest))
		return
	}
	g.log.Warn("the volume of the logs is nearly full",
		zap.String("path", s.volume), zap.Int("percent", int(s.percent())), zap.Int64("free", s.size-s.used), zap.Int64("size", s.size))
}
