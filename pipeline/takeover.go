package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/logcar/logcar/config"
	"github.com/logcar/logcar/registry"
	"github.com/logcar/logcar/registry/filebeat"
)

// RegistryFile is the file that holds the positions. Where Filebeat 6 has its
// registry, a file, there can be no directory, so that logcar's own is beside it
// then, and stays there should that file go.
func RegistryFile(cfg *config.Config) string {
	const name = "registry.json"
	registries := filepath.Dir(cfg.RegistryDir)
	beside := filepath.Join(registries+".logcar", name)
	if info, err := os.Stat(registries); err == nil && info.Mode().IsRegular() {
		return beside
	}
	if _, err := os.Stat(beside); err == nil {
		return beside
	}
	return filepath.Join(cfg.RegistryDir, name)
}

// readFilebeat reads what Filebeat knew: from the directory where it has its
// registry according to the configuration, or from the file of Filebeat 6.
func readFilebeat(cfg *config.Config) (*filebeat.Registry, error) {
	from, err := filebeat.Read(filepath.Dir(cfg.RegistryDir))
	if errors.Is(err, fs.ErrNotExist) {
		from, err = filebeat.Read(cfg.OldRegistry)
	}
	return from, err
}

// adopt gives a registry the positions of files that it does not know, and
// returns how many those are.
func adopt(to *registry.Registry, states []registry.State) (n int) {
	for _, s := range states {
		if _, known := to.Lookup(s.ID); !known {
			to.Cursor(s)
			n++
		}
	}
	return n
}

// takeOver goes on where Filebeat stopped. It is for the first start only, when
// logcar has no positions of its own. Without Filebeat's, files are read from
// their beginning: lines may repeat then, and none is lost.
func takeOver(to *registry.Registry, cfg *config.Config, log *zap.Logger) {
	from, err := readFilebeat(cfg)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		log.Error("positions cannot be taken over from Filebeat's registry, files are read from their beginning", zap.Error(err))
		return
	}
	log.Info("positions taken over from Filebeat's registry",
		zap.String("from", from.Path), zap.String("filebeat", string(from.Format)),
		zap.Int("files", adopt(to, from.States)), zap.Int("moved", from.Moved),
		zap.Int("skipped", from.Skipped), zap.Bool("torn", from.Torn))
}

// Imported is what came of an Import.
type Imported struct {
	From *filebeat.Registry
	New  int // positions that were imported; logcar knew the others' files itself
}

// Import takes the positions of Filebeat's registry at path, or if path is empty
// of the one where the configuration has it, into the registry of a logcar that
// does not run: otherwise the error wraps registry.ErrLocked.
func Import(cfg *config.Config, path string) (Imported, error) {
	var done Imported
	err := EditRegistry(cfg, func(to *registry.Registry) (err error) {
		if path == "" {
			done.From, err = readFilebeat(cfg)
		} else {
			done.From, err = filebeat.Read(path)
		}
		if err == nil {
			done.New = adopt(to, done.From.States)
		}
		return err
	})
	return done, err
}

// EditRegistry changes the positions of a logcar that does not run: otherwise the
// error wraps registry.ErrLocked. Nothing is saved when edit fails.
func EditRegistry(cfg *config.Config, edit func(*registry.Registry) error) (err error) {
	file := RegistryFile(cfg)
	lock, err := registry.Lock(filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("change positions: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	positions, err := registry.Open(file, registry.Options{OnCorrupt: registry.Fail})
	if err != nil {
		return err
	}
	if err := edit(positions); err != nil {
		return err
	}
	return positions.Save()
}
