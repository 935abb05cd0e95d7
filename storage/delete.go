package storage

import (
	"errors"
	"io/fs"
	"slices"

	"go.uber.org/zap"
)

// relieve deletes rotated files, those first that were written to longest ago,
// until the space is below the threshold.
//
// A file that was deleted may take up its blocks for some seconds more, while
// somebody has it open; what it held counts as free at once.
func (g *Guard) relieve(s *space) {
	if g.cfg.Delete == 0 {
		return
	}
	var rotated []file
	if s.reaches(g.cfg.Delete) {
		rotated = g.rotatedIn(s.dirs)
	}
	var kept int
	var why error // of the first one
	for _, f := range rotated {
		if !s.reaches(g.cfg.Delete) {
			break
		}
		freed, err := g.logs.Delete(f.path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // somebody else was faster
		case err != nil:
			g.log.Debug("rotated file is kept", zap.Error(err))
			if kept++; why == nil {
				why = err
			}
		default:
			s.used -= freed
			g.count(s, freed)
			g.log.Info("rotated file deleted: "+f.path, zap.Int64("bytes", freed), zap.Int("percent", int(s.percent())))
		}
	}
	if s.stuck.goesOff(s, g.cfg.Delete) {
		g.log.Warn("the volume of the logs stays too full: no more rotated files can be deleted",
			zap.Strings("paths", s.dirs), zap.Int("percent", int(s.percent())), zap.Int("kept", kept), zap.Error(why))
	}
}

func (g *Guard) count(s *space, freed int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stats.Deleted++
	g.stats.DeletedBytes += uint64(freed)
	if s.together() {
		g.stats.Used = s.used
	}
}

// rotatedIn returns the rotated files of the directories, the oldest first.
func (g *Guard) rotatedIn(dirs []string) []file {
	var all []file
	for _, dir := range dirs {
		files, err := list(dir)
		if err != nil {
			continue // it has gone, or it was said when it was measured
		}
		all = append(all, rotated(files)...)
	}
	slices.SortStableFunc(all, func(a, b file) int { return a.modified.Compare(b.modified) })
	return all
}
