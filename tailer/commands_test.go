package tailer

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/match"
	"github.com/logcar/logcar/multiline"
)

// scriptCommands is filled by init, since the commands need it.
var scriptCommands map[string]func(*script, []string) error

func init() {
	scriptCommands = map[string]func(*script, []string) error{
		"input":     (*script).input,
		"options":   (*script).options,
		"unnoticed": func(s *script, _ []string) error { s.unnoticed = true; return nil },
		"start":     (*script).start,
		"finish":    (*script).finishClean,
		"restart":   (*script).restart,
		"kill":      (*script).kill,
		"handover":  (*script).handOver,
		"takeover":  (*script).takeOver,
		"no-inputs": func(s *script, _ []string) error { s.inputs = nil; return nil },
		"save":      func(s *script, _ []string) error { return s.reg.Save() },
		"end":       (*script).end,

		"write":    (*script).write,
		"create":   func(s *script, a []string) error { return s.append(a[0], os.O_EXCL, a[1:]) },
		"truncate": (*script).truncate,
		"cp":       (*script).copy,
		"mv":       func(s *script, a []string) error { return os.Rename(s.abs(a[0]), s.abs(a[1])) },
		"rm":       func(s *script, a []string) error { return os.RemoveAll(s.abs(a[0])) },
		"mkdir":    func(s *script, a []string) error { return os.MkdirAll(s.abs(a[0]), 0o755) },
		"gzip":     (*script).gzip,
		"exists":   func(s *script, a []string) error { _, err := os.Stat(s.abs(a[0])); return err },
		"mkfifo":   func(s *script, a []string) error { return unix.Mkfifo(s.abs(a[0]), 0o644) },
		"ln":       (*script).link,
		"touch":    (*script).touch,
		"replace":  (*script).replace,
		"delete":   (*script).delete,
		"lock":     (*script).lock,
		"unlock":   (*script).unlock,
		"reborn":   (*script).reborn,
		"open":     (*script).open,
		"put": func(s *script, a []string) error {
			_, err := io.WriteString(s.pens[a[0]], strings.Join(a[1:], ""))
			return err
		},

		"block":   (*script).block,
		"unblock": func(s *script, _ []string) error { s.sink.unblock(); return nil },
		"hold": func(s *script, _ []string) error {
			s.sink.mu.Lock()
			s.sink.hold = true
			s.sink.mu.Unlock()
			return nil
		},
		"ack": (*script).ack,

		"writers": (*script).writers,

		"want":    (*script).want,
		"nothing": (*script).nothing,
		"pass":    (*script).pass,
		"expect":  (*script).expect,
	}
}

func (s *script) input(args []string) error {
	in := DefaultInput()
	in.Cut.MaxLines = multiline.DefaultMaxLines
	for _, a := range args {
		key, value, ok := strings.Cut(a, "=")
		if !ok {
			in.Paths = append(in.Paths, s.abs(a))
			continue
		}
		if err := setInput(&in, key, value); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	if in.Identity.Marker != "" {
		in.Identity.Marker = s.abs(in.Identity.Marker)
	}
	s.inputs = append(s.inputs, &in)
	return nil
}

// setInput sets an option by Filebeat's name of it.
func setInput(in *Input, key, value string) (err error) {
	duration := func(d *time.Duration) { *d, err = time.ParseDuration(value) }
	number := func(n *int) { *n, err = strconv.Atoi(value) }
	boolean := func(b *bool) { *b, err = strconv.ParseBool(value) }
	patterns := func(ps *[]*match.Pattern) {
		var p *match.Pattern
		p, err = match.Compile(value)
		*ps = append(*ps, p)
	}
	switch key {
	case "multiline": // lines that begin events
		in.Cut.Rule, err = multiline.New(multiline.Config{Pattern: value, Negate: true, Match: "after"})
		if in.Cut.Timeout == 0 {
			in.Cut.Timeout = multiline.DefaultTimeout
		}
	case "count_lines":
		var n int
		if number(&n); err == nil {
			in.Cut.Whole = true
			in.Cut.Rule, err = multiline.New(multiline.Config{Type: multiline.Count, CountLines: n})
		}
	case "timeout":
		duration(&in.Cut.Timeout)
	case "max_bytes":
		number(&in.Cut.MaxBytes)
	case "max_lines":
		number(&in.Cut.MaxLines)
	case "include_lines":
		patterns(&in.Cut.Include)
	case "exclude_lines":
		patterns(&in.Cut.Exclude)
	case "exclude_files":
		patterns(&in.Exclude)
	case "recursive_glob":
		boolean(&in.RecursiveGlob)
	case "symlinks":
		boolean(&in.Symlinks)
	case "scan_frequency": // polling alone heeds it
		duration(&in.ScanFrequency)
	case "ignore_older":
		duration(&in.IgnoreOlder)
	case "tail_files":
		boolean(&in.TailFiles)
	case "close_inactive":
		duration(&in.CloseInactive)
	case "close_eof":
		boolean(&in.CloseEOF)
	case "close_renamed":
		boolean(&in.CloseRenamed)
	case "close_removed":
		boolean(&in.CloseRemoved)
	default:
		return setOther(in, key, value)
	}
	return err
}

// setOther sets an option of which files are read, and what becomes of them.
func setOther(in *Input, key, value string) (err error) {
	duration := func(d *time.Duration) { *d, err = time.ParseDuration(value) }
	number := func(n *int) { *n, err = strconv.Atoi(value) }
	boolean := func(b *bool) { *b, err = strconv.ParseBool(value) }
	switch key {
	case "include_files":
		var p *match.Pattern
		p, err = match.Compile(value)
		in.Include, in.CheckTargets = append(in.Include, p), true
	case "sort":
		in.Sort = map[string]Sort{"modtime": ByTime, "filename": ByName}[value]
	case "descending":
		boolean(&in.Descending)
	case "ignore_inactive":
		in.IgnoreInactive = map[string]IgnoreInactive{"since_first_start": SinceFirstStart, "since_last_start": SinceLastStart}[value]
	case "resend_on_touch":
		boolean(&in.ResendOnTouch)
	case "identity":
		in.Identity.Kind = map[string]IdentityKind{"path": ByPath, "marker": ByMarker, "fingerprint": ByFingerprint}[value]
		in.Identity.Growing = true
	case "marker":
		in.Identity.Marker = value
	case "offset":
		number(&in.Identity.Offset)
	case "length":
		number(&in.Identity.Length)
	case "growing":
		boolean(&in.Identity.Growing)
	case "compression":
		in.Compression = map[string]Compression{"gzip": Gzip, "auto": Auto}[value]
	case "harvester_limit":
		number(&in.HarvesterLimit)
	case "close_timeout":
		duration(&in.CloseTimeout)
	case "clean_inactive":
		duration(&in.CleanInactive)
	case "clean_removed":
		boolean(&in.CleanRemoved)
	case "delete":
		in.Delete.Enabled = true
		duration(&in.Delete.Grace)
	default:
		return fmt.Errorf("no such option")
	}
	return err
}

func (s *script) options(args []string) (err error) {
	for _, a := range args {
		switch key, value, _ := strings.Cut(a, "="); key {
		case "unterminated":
			s.opts.Unterminated = true
		case "max_open":
			s.opts.MaxOpen, err = strconv.Atoi(value)
		case "first_start":
			var ago time.Duration
			ago, err = time.ParseDuration(value)
			s.opts.FirstStart = time.Now().Add(-ago)
		case "deleted_timeout":
			s.opts.DeletedTimeout, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("no option %s", a)
		}
	}
	return err
}

func (s *script) finishClean([]string) error {
	close(s.finish)
	if err := s.stop(); err != nil {
		return err
	}
	return s.reg.Save()
}

func (s *script) restart([]string) error {
	if err := s.finishClean(nil); err != nil {
		return err
	}
	return s.start(nil)
}

// kill ends as a crash does: what is not acknowledged and what is not saved is
// forgotten.
func (s *script) kill([]string) error {
	s.cancel()
	if err := s.stop(); err == nil {
		return fmt.Errorf("Run returned no error")
	}
	s.sink.drop()
	s.sink.unblock()
	return nil
}

// end lets the tailer read everything to its end; then nothing may have come
// that was not wanted.
func (s *script) end([]string) error {
	s.sink.unblock()
	if s.tailer != nil {
		if err := s.finishClean(nil); err != nil {
			return err
		}
	}
	if n := s.reg.Stats().StrayAcks; n > 0 {
		return fmt.Errorf("%d tokens were Done twice", n)
	}
	return s.excess()
}

// append writes as applications do, the texts one by one.
func (s *script) append(path string, flag int, texts []string) error {
	f, err := os.OpenFile(s.abs(path), os.O_WRONLY|os.O_APPEND|os.O_CREATE|flag, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, text := range texts {
		if _, err := f.WriteString(text); err != nil {
			return err
		}
	}
	return nil
}

func (s *script) write(args []string) error { return s.append(args[0], 0, args[1:]) }

func (s *script) open(args []string) error {
	f, err := os.OpenFile(s.abs(args[1]), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	s.pens[args[0]] = f
	return err
}

func (s *script) truncate(args []string) error {
	size := 0
	if len(args) > 1 {
		size, _ = strconv.Atoi(args[1])
	}
	return os.Truncate(s.abs(args[0]), int64(size))
}

// reborn makes the saved registry believe that the file was made at another time.
func (s *script) reborn(args []string) error {
	fi, err := os.Stat(s.abs(args[0]))
	if err != nil {
		return err
	}
	reg := openRegistry(s.t, s.data)
	st, ok := reg.Lookup(idOf(fi))
	if !ok || st.Born == 0 {
		return fmt.Errorf("the time when it was made is not known: %+v", st)
	}
	st.Born--
	reg.Cursor(st)
	return reg.Save()
}

func (s *script) copy(args []string) error {
	b, err := os.ReadFile(s.abs(args[0]))
	if err != nil {
		return err
	}
	return os.WriteFile(s.abs(args[1]), b, 0o644)
}

// gzip appends texts to a file, each as a stream of its own. With -SIZE it leaves
// out so many bytes of the last one.
func (s *script) gzip(args []string) error {
	cut := 0
	if strings.HasPrefix(args[0], "-") {
		cut, _ = strconv.Atoi(args[0][1:])
		args = args[1:]
	}
	var b bytes.Buffer
	for _, text := range args[1:] {
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(text)); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
	}
	return s.append(args[0], 0, []string{string(b.Bytes()[:b.Len()-cut])})
}

func (s *script) link(args []string) error {
	if args[0] == "-s" {
		return os.Symlink(args[1], s.abs(args[2]))
	}
	return os.Link(s.abs(args[0]), s.abs(args[1]))
}

// touch makes a file look as if it was written some time ago.
func (s *script) touch(args []string) error {
	ago, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	at := time.Now().Add(-ago)
	return os.Chtimes(s.abs(args[0]), at, at)
}

// replace gives a file other content. Whoever did not see it cannot tell this
// from a file that was deleted, and another that was given its inode.
func (s *script) replace(args []string) error {
	return os.WriteFile(s.abs(args[0]), []byte(strings.Join(args[1:], "")), 0o644)
}

// delete has the tailer delete a file, or refuse it for a reason.
func (s *script) delete(args []string) error {
	freed, err := s.tailer.Delete(s.abs(args[0]))
	_, there := os.Lstat(s.abs(args[0]))
	switch {
	case len(args) == 1 && (err != nil || freed <= 0 || there == nil):
		return fmt.Errorf("freed %d: %w", freed, err)
	case len(args) == 2 && (err == nil || !strings.Contains(err.Error(), args[1]) || freed != 0):
		return fmt.Errorf("freed %d: %w", freed, err)
	case len(args) == 2 && there != nil && !strings.Contains(args[1], "no such file"):
		return fmt.Errorf("refused, and gone: %w", there)
	}
	return nil
}

// writers carries out a command when the tailer asks who has a file open to
// write; there is no answer to that then.
func (s *script) writers(args []string) error {
	c, err := parse(0, strings.Join(args, " "))
	if err != nil {
		return err
	}
	s.tailer.writers = func(*os.File) (busy, known bool) {
		if len(c.args) > 0 {
			if err := scriptCommands[c.args[0]](s, c.args[1:]); err != nil {
				s.t.Error(err)
			}
		}
		return false, false
	}
	return nil
}

// lock makes a file that nobody can open. Root may open everything, but not a
// file that another has leased.
func (s *script) lock(args []string) error {
	path := s.abs(args[0])
	if os.Geteuid() != 0 {
		return os.Chmod(path, 0)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	s.pens[path] = f
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK)
	return err
}

func (s *script) unlock(args []string) error {
	path := s.abs(args[0])
	if f := s.pens[path]; f != nil {
		return f.Close()
	}
	return os.Chmod(path, 0o644)
}

// block waits until the tailer waits, if it is told to.
func (s *script) block(args []string) error {
	if len(args) == 0 {
		s.sink.block()
		return nil
	}
	if !s.sink.wait(s.limit(), s.sink.isWaiting) {
		return fmt.Errorf("nothing is sent")
	}
	return nil
}

func (s *script) ack(args []string) error {
	n := -1
	if len(args) > 0 {
		n, _ = strconv.Atoi(args[0])
	}
	s.sink.ack(n)
	return nil
}

// want waits for the next events of a file.
func (s *script) want(args []string) error {
	name, want := args[0], args[1:]
	var got []string
	s.sink.wait(s.limit(), func() bool {
		got = got[:0]
		for _, e := range s.streams()[name][s.wanted[name]:] {
			got = append(got, fmt.Sprintf("%d%s:%s", e.from, flagLetters(e.flags), e.text))
		}
		return len(got) >= len(want)
	})
	if len(got) > len(want) {
		got = got[:len(want)] // the rest is for the next want
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("got %q", got)
	}
	s.wanted[name] += len(want)
	return nil
}

func (s *script) pass(args []string) error {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	<-time.After(d)
	synctest.Wait()
	return nil
}

// nothing has come that was not wanted; and while polling, nothing comes for as
// long as it says. In real time the end of the script will tell.
func (s *script) nothing(args []string) error {
	if len(args) > 0 && s.mode == polling {
		if err := s.pass(args); err != nil {
			return err
		}
	}
	return s.excess()
}

// expect waits until a number is what the tailer says.
func (s *script) expect(args []string) error {
	what, args := args[0], args[1:]
	want, err := strconv.ParseInt(args[len(args)-1], 10, 64)
	if err != nil {
		return err
	}
	ask := map[string]func() int64{
		"open":           func() int64 { return int64(s.tailer.Stats().Open) },
		"truncations":    func() int64 { return int64(s.tailer.Stats().Truncations) },
		"cut":            func() int64 { return int64(s.tailer.Stats().Cut) },
		"cut_bytes":      func() int64 { return int64(s.tailer.Stats().CutBytes) },
		"lost_truncated": func() int64 { return int64(s.tailer.Stats().LostTruncated) },
		"lost_deleted":   func() int64 { return int64(s.tailer.Stats().LostDeleted) },
		"filtered":       func() int64 { return int64(s.tailer.Stats().Filtered) },
		"known":          func() int64 { return int64(s.reg.Stats().Files) },
		"logged":         func() int64 { return int64(s.logged(args[0])) },
		"deleted":        func() int64 { return int64(s.tailer.Stats().Deleted) },
		"corrupt":        func() int64 { return int64(s.tailer.Stats().Corrupt) },
		"abandoned":      func() int64 { return int64(s.tailer.Stats().Abandoned) },
		"position":       func() int64 { return s.position(args[0]) },
	}[what]
	if ask == nil {
		return fmt.Errorf("no such number")
	}
	step := time.Millisecond // nothing tells of it
	if s.mode == polling {
		step = time.Second
	}
	for began := time.Now(); ; <-time.After(step) {
		got := ask()
		if got == want {
			return nil
		}
		if time.Since(began) > s.limit() {
			return fmt.Errorf("it is %d", got)
		}
	}
}

// logged counts the lines that contain text.
func (s *script) logged(text string) int {
	n := 0
	for _, e := range s.logs.All() {
		if strings.Contains(fmt.Sprint(e.Message, e.ContextMap()), text) {
			n++
		}
	}
	return n
}

// position is how far the file at path is confirmed; -1: it is not known.
func (s *script) position(path string) int64 {
	fi, err := os.Stat(s.abs(path))
	if err != nil {
		return -1
	}
	st, ok := s.reg.Lookup(idOf(fi))
	for _, other := range s.reg.States() { // by whatever identity
		if !ok && other.Path == s.abs(path) {
			st, ok = other, true
		}
	}
	if !ok {
		return -1
	}
	if filepath.Base(st.Path) != filepath.Base(path) {
		return -2
	}
	return st.Position
}
