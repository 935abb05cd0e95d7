// Package sbom writes the software bill of materials of a Go binary, in the form
// of SPDX 2.3.
//
// All it says stands in the binary: the Go linker records the modules that a
// program is made of, with their checksums. It asks nobody, and knows nothing of
// sources, registries or licenses.
package sbom

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// Document is an SPDX 2.3 document. Its fields are those of the specification,
// which says what they mean: https://spdx.github.io/spdx-spec/v2.3/
type Document struct {
	SPDXVersion       string         `json:"spdxVersion"`
	DataLicense       string         `json:"dataLicense"`
	SPDXID            string         `json:"SPDXID"`
	Name              string         `json:"name"`
	DocumentNamespace string         `json:"documentNamespace"`
	CreationInfo      CreationInfo   `json:"creationInfo"`
	Packages          []Package      `json:"packages"`
	Relationships     []Relationship `json:"relationships"`
}

// CreationInfo says when the document was made, and by what.
type CreationInfo struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

// Package is the binary, a module in it, or Go's standard library.
type Package struct {
	Name             string        `json:"name"`
	SPDXID           string        `json:"SPDXID"`
	VersionInfo      string        `json:"versionInfo,omitempty"`
	DownloadLocation string        `json:"downloadLocation"`
	FilesAnalyzed    bool          `json:"filesAnalyzed"`
	LicenseConcluded string        `json:"licenseConcluded"`
	LicenseDeclared  string        `json:"licenseDeclared"`
	CopyrightText    string        `json:"copyrightText"`
	Checksums        []Checksum    `json:"checksums,omitempty"`
	ExternalRefs     []ExternalRef `json:"externalRefs,omitempty"`
	Comment          string        `json:"comment,omitempty"`
}

// Checksum is a hash of a whole package.
type Checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

// ExternalRef is a name of the package elsewhere: its purl.
type ExternalRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

// Relationship joins two packages.
type Relationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

const (
	noAssertion = "NOASSERTION"
	documentID  = "SPDXRef-DOCUMENT"
	mainID      = "SPDXRef-main"
)

// New reads the binary at path. version is the program's, which the linker does
// not record; created becomes the document's date, so that the same binary and
// date give the same document.
func New(path, version string, created time.Time) (*Document, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	sum, err := sha256File(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	name := filepath.Base(path)
	d := &Document{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: documentID, Name: name + "-" + version,
		DocumentNamespace: "https://" + info.Main.Path + "/spdx/" + url.PathEscape(version) + "/" + sum,
		CreationInfo:      CreationInfo{created.UTC().Format("2006-01-02T15:04:05Z"), []string{"Tool: " + info.Main.Path + "/deploy/tests/cmd/sbom"}},
	}
	main := newPackage(mainID, info.Main.Path, version)
	main.LicenseDeclared, main.LicenseConcluded = "Apache-2.0", "Apache-2.0"
	main.Checksums = []Checksum{{"SHA256", sum}}
	main.Comment = "Built with " + strings.Join(settings(info), " ")
	d.Packages = append(d.Packages, main)
	d.relate(documentID, "DESCRIBES", mainID)

	d.add("SPDXRef-std", newPackage("", "stdlib", strings.TrimPrefix(info.GoVersion, "go")))
	for i, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		p := newPackage("", m.Path, m.Version)
		if p.Checksums, err = checksums(m); err != nil {
			return nil, fmt.Errorf("module %s: %w", m.Path, err)
		}
		d.add(fmt.Sprintf("SPDXRef-module-%d", i+1), p)
	}
	return d, nil
}

// add adds a package that the binary depends on.
func (d *Document) add(id string, p Package) {
	p.SPDXID = id
	d.Packages = append(d.Packages, p)
	d.relate(mainID, "DEPENDS_ON", id)
}

func (d *Document) relate(element, kind, related string) {
	d.Relationships = append(d.Relationships, Relationship{element, kind, related})
}

func newPackage(id, path, version string) Package {
	return Package{
		Name: path, SPDXID: id, VersionInfo: version, DownloadLocation: noAssertion,
		LicenseConcluded: noAssertion, LicenseDeclared: noAssertion, CopyrightText: noAssertion,
		ExternalRefs: []ExternalRef{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + path + "@" + url.PathEscape(version)}},
	}
}

// checksums are the module's in go.sum: "h1:" and the SHA-256 of its files'
// hashes in base64.
func checksums(m *debug.Module) ([]Checksum, error) {
	if m.Sum == "" {
		return nil, nil // a module of this very repository
	}
	text, ok := strings.CutPrefix(m.Sum, "h1:")
	sum, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return nil, fmt.Errorf("checksum %q is not of the kind h1", m.Sum)
	}
	return []Checksum{{"SHA256", hex.EncodeToString(sum)}}, nil
}

// settings are those of the build that decide what is in the binary.
func settings(info *debug.BuildInfo) []string {
	list := []string{info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS", "GOARCH", "GOAMD64", "GOARM64", "CGO_ENABLED", "-tags", "-trimpath", "vcs.revision", "vcs.modified":
			list = append(list, s.Key+"="+s.Value)
		}
	}
	return list
}

func sha256File(path string) (sum string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Write writes the document as indented JSON.
func (d *Document) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(d)
}
