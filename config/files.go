package config

import (
	"strings"
	"time"

	"github.com/logcar/logcar/config/tree"
	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/parser"
	"github.com/logcar/logcar/tailer"
)

// never is longer than any process lives, and short enough to be added to a time.
const never = 100 * 365 * 24 * time.Hour

// maxText bounds max_bytes and its like: events are indexed with 32 bits.
const maxText = 1 << 30

// readLog reads the options of the log input.
func readLog(s *tree.Section, in *tailer.Input, stages ...parser.Stage) {
	readFiles(s, in)
	in.Symlinks = s.Bool("symlinks", false)
	in.RecursiveGlob = s.Bool("recursive_glob.enabled", true)
	in.Exclude = patterns(s, "exclude_files")
	in.ScanFrequency = positive(s, "scan_frequency", in.ScanFrequency)
	in.Sort = sorts[s.Enum("scan.sort", "modtime")]
	in.Descending = s.Enum("scan.order", "asc") == "desc"
	in.TailFiles = s.Bool("tail_files", false)
	in.Backoff = positive(s, "backoff", in.Backoff)
	in.MaxBackoff = max(positive(s, "max_backoff", in.MaxBackoff), in.Backoff)
	in.CloseInactive = notNegative(s, "close_inactive", in.CloseInactive)
	in.CloseEOF = s.Bool("close_eof", false)
	in.CloseRenamed = s.Bool("close_renamed", false)
	in.CloseRemoved = s.Bool("close_removed", true)
	in.CloseTimeout = notNegative(s, "close_timeout", 0)
	checkClean(in, s.Errorf)
	readLines(s, in, stages)
}

// readStdin reads the options of the stdin input.
func readStdin(s *tree.Section, in *tailer.Input) {
	in.Stdin = true
	in.Cut.Include = patterns(s, "include_lines")
	in.Cut.Exclude = patterns(s, "exclude_lines")
	readLines(s, in, nil)
}

// readLines reads what the log and the stdin input do with lines.
func readLines(s *tree.Section, in *tailer.Input, stages []parser.Stage) {
	in.Cut.MaxBytes = bytesOf(s, "max_bytes", in.Cut.MaxBytes, 1, maxText)
	if s.Has("json") {
		j := readJSON(s.Sub("json", &jsonTable))
		if j.MessageKey == "" && (s.Has("multiline") || s.Has("include_lines") || s.Has("exclude_lines")) {
			s.Errorf("json.message_key", "is needed with multiline, include_lines and exclude_lines: which key has the text that they look at?")
		}
		stages = append(stages, j)
	}
	if s.Has("multiline") {
		stages = append(stages, readMultiline(s.Sub("multiline", &multilineTable), in)...)
	}
	readChain(s, in, false, stages)
}

// readFilestream reads the options of the filestream input.
func readFilestream(s *tree.Section, in *tailer.Input) {
	readFiles(s, in)
	in.Cut.MaxBytes = bytesOf(s, "message_max_bytes", in.Cut.MaxBytes, 1, maxText)
	in.Symlinks = s.Bool("prospector.scanner.symlinks", false)
	in.RecursiveGlob = s.Bool("prospector.scanner.recursive_glob", true)
	in.Exclude = patterns(s, "prospector.scanner.exclude_files")
	in.Include = patterns(s, "prospector.scanner.include_files")
	in.CheckTargets = true
	in.ResendOnTouch = s.Bool("prospector.scanner.resend_on_touch", false)
	in.ScanFrequency = positive(s, "prospector.scanner.check_interval", in.ScanFrequency)
	in.TailFiles = s.Bool("seek_to_tail", false)
	in.IgnoreInactive = inactive[s.Enum("ignore_inactive", "")]
	in.Backoff = positive(s, "backoff.init", in.Backoff)
	in.MaxBackoff = max(positive(s, "backoff.max", in.MaxBackoff), in.Backoff)
	in.CloseInactive = notNegative(s, "close.on_state_change.inactive", in.CloseInactive)
	in.CloseRenamed = s.Bool("close.on_state_change.renamed", false)
	in.CloseRemoved = s.Bool("close.on_state_change.removed", true)
	in.CloseEOF = s.Bool("close.reader.on_eof", false)
	in.CloseTimeout = notNegative(s, "close.reader.after_interval", 0)
	in.Delete = tailer.Delete{Enabled: s.Bool("delete.enabled", false), Grace: notNegative(s, "delete.grace_period", in.Delete.Grace)}
	in.Owner = s.Bool("include_file_owner_name", false)
	in.OwnerGroup = s.Bool("include_file_owner_group_name", false)
	checkClean(in, s.Warnf)
	readCompression(s, in)
	readFingerprint(s, in)
	readChain(s, in, true, readParsers(s, in))
}

var (
	sorts    = map[string]tailer.Sort{"modtime": tailer.ByTime, "filename": tailer.ByName}
	inactive = map[string]tailer.IgnoreInactive{"since_first_start": tailer.SinceFirstStart, "since_last_start": tailer.SinceLastStart}
)

// readFiles reads what both inputs spell alike.
func readFiles(s *tree.Section, in *tailer.Input) {
	in.Paths = s.Strings("paths", nil)
	in.IgnoreOlder = notNegative(s, "ignore_older", 0)
	in.HarvesterLimit = bounded(s, "harvester_limit", 0, 0, maxText)
	in.CleanInactive = max(s.Duration("clean_inactive", 0), 0) // -1 is off
	in.CleanRemoved = s.Bool("clean_removed", true)
	in.Cut.Include = patterns(s, "include_lines")
	in.Cut.Exclude = patterns(s, "exclude_lines")
	readIdentity(s, in)
}

// checkClean compares clean_inactive with what it would undo. The log input
// refuses to start, filestream only from Filebeat 9.2 on.
func checkClean(in *tailer.Input, report func(key, format string, args ...any)) {
	switch {
	case in.CleanInactive == 0:
	case in.IgnoreOlder == 0:
		report("clean_inactive", "ignore_older must be set as well: a file whose position is forgotten would be read again after a restart")
	case in.CleanInactive <= in.IgnoreOlder+in.ScanFrequency:
		report("clean_inactive", "%v must be more than ignore_older and the time between two scans, %v, together: "+
			"a file whose position is forgotten would be read again after a restart", in.CleanInactive, in.IgnoreOlder+in.ScanFrequency)
	}
}

// fingerprintLength is how many bytes a fingerprint is made of, unless the
// configuration says otherwise. Filebeat takes no less than the least.
const (
	fingerprintLength = 1024
	fingerprintLeast  = 64
	fingerprintMost   = 10 << 20
)

// readIdentity reads file_identity, which chooses by a name.
func readIdentity(s *tree.Section, in *tailer.Input) {
	in.Identity = tailer.Identity{Kind: tailer.Native}
	names := s.Names("file_identity")
	if len(names) == 0 {
		return
	}
	w := s.Sub("file_identity", &identityTable)
	checkNames(w, &identityTable, "file identity")
	if len(names) > 1 {
		w.Errorf("", "expected one, found %s", strings.Join(names, ", "))
	}
	switch names[0] {
	case "native":
		w.Any("native", tree.Text) // chosen by its name
	case "path":
		w.Any("path", tree.Text)
		in.Identity.Kind = tailer.ByPath
	case "inode_marker":
		in.Identity = tailer.Identity{Kind: tailer.ByMarker, Marker: w.String("inode_marker.path", "")}
		if in.Identity.Marker == "" {
			w.Errorf("inode_marker.path", "no path: which file tells the volume?")
		}
	case "fingerprint":
		in.Identity = fingerprints(w.Bool("fingerprint.growing", true))
	}
}

func fingerprints(growing bool) tailer.Identity {
	return tailer.Identity{Kind: tailer.ByFingerprint, Length: fingerprintLength, Growing: growing}
}

// readFingerprint reads what filestream says of fingerprints elsewhere.
func readFingerprint(s *tree.Section, in *tailer.Input) {
	const suffix = "rotation.external.strategy.copytruncate.suffix_regex"
	if expr := s.String(suffix, ""); expr != "" {
		if _, err := match.Compile(expr); err != nil {
			s.Errorf(suffix, "%v", err)
		}
		if in.Identity.Kind == tailer.Native {
			in.Identity = fingerprints(true) // which a copy shares with its original
		}
	}
	offset := bounded(s, "prospector.scanner.fingerprint.offset", 0, 0, fingerprintMost)
	length := bounded(s, "prospector.scanner.fingerprint.length", fingerprintLength, fingerprintLeast, fingerprintMost)
	if in.Identity.Kind == tailer.ByFingerprint {
		in.Identity.Offset, in.Identity.Length = offset, length
	}
}

// readCompression reads compression, which in 9.2 was gzip_experimental.
func readCompression(s *tree.Section, in *tailer.Input) {
	if s.Bool("gzip_experimental", false) {
		in.Compression = tailer.Auto
	}
	switch s.Enum("compression", "") {
	case "gzip":
		in.Compression = tailer.Gzip
	case "auto":
		in.Compression = tailer.Auto
	}
	switch {
	case in.Compression == tailer.Plain || in.Identity.Kind == tailer.ByFingerprint:
	case len(s.Names("file_identity")) > 0:
		s.Errorf("compression", "needs file_identity.fingerprint: by what else is a file the same when it is compressed?")
	default:
		in.Identity = fingerprints(true)
	}
}
