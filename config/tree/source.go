package tree

import (
	"crypto/sha256"
	"os"
)

// Source is a file whose content is part of the configuration.
type Source struct {
	Path    string // as it was given
	Sum     [sha256.Size]byte
	Regular bool // a file that can be read again, and no pipe
}

// Sources lists the files that were read, in that order.
func (r *Root) Sources() []Source { return r.sources }

func (r *Root) note(path string, regular bool, data []byte) {
	r.sources = append(r.sources, Source{Path: path, Sum: sha256.Sum256(data), Regular: regular})
}

// ReadFile reads a file that an option names, a certificate for example, and notes
// it as a Source.
func (s *Section) ReadFile(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s.root.note(path, true, data)
	return data, nil
}
