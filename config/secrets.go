package config

import (
	"os"
	"path/filepath"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/keystore"
)

// secrets is where references look for what is no key of the configuration: in the
// keystore, then in the environment, as Filebeat's do. Until the keystore is open
// there is the environment alone, to find the keystore by.
type secrets struct {
	at    dataPaths
	store *keystore.Store
}

func (s *secrets) lookup(name string) (string, bool) {
	if s.store != nil {
		if secret, ok := s.store.Get(name); ok && secret != "" {
			return secret, true
		}
	}
	return os.LookupEnv(name)
}

// dataPaths are the paths that must be known before the keystore is open.
type dataPaths struct{ data, keystore string }

// findPlaces reads them. The keystore has Filebeat's name and place.
func dataPathsOf(root *tree.Root) dataPaths {
	s := root.Section("", &topTable)
	p := dataPaths{
		data:     s.String("path.data", filepath.Join(s.String("path.home", ""), "data")),
		keystore: s.String("keystore.path", "filebeat.keystore"),
	}
	if !filepath.IsAbs(p.keystore) {
		p.keystore = filepath.Join(p.data, p.keystore)
	}
	return p
}

// OpenKeystore opens the keystore that belongs to a configuration, which need not
// be right in all else. Without a file the store is empty.
func OpenKeystore(args Args) (*keystore.Store, error) {
	root, err := merged(args, &secrets{})
	if err != nil {
		return nil, err
	}
	return keystore.Open(dataPathsOf(root).keystore, args.StrictPerms)
}
