package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/logcar/logcar/config"
	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/pipeline"
	"github.com/logcar/logcar/registry"
)

// showRegistry prints the positions. It may be used while logcar runs, whose
// latest positions are saved within a second or so.
func showRegistry(f *flags, stdout, _ io.Writer) error {
	cfg, err := config.Load(f.config)
	if err != nil {
		return err
	}
	file := pipeline.RegistryFile(cfg)
	states, err := registry.Load(file)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(stdout, "no positions yet: there is no %s\n", file)
		return nil
	}
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PATH\tPOSITION\tSIZE\tLAG\tDEVICE:INODE\tUPDATED")
	for _, s := range states {
		size, lag := sizeOf(s)
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d:%d\t%s\n", printable(s.Path), s.Position, size, lag, s.ID.Device, s.ID.Inode, s.Updated.Format(time.RFC3339))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// sizeOf returns a file's size, and how much of it lies behind the position, in
// bytes; dashes if its path leads to another file by now, or to none.
func sizeOf(s registry.State) (size, lag string) {
	info, err := os.Stat(s.Path)
	if err != nil {
		return "-", "-"
	}
	st := info.Sys().(*syscall.Stat_t)
	if s.ID != (event.FileID{Device: st.Dev, Inode: st.Ino}) {
		return "-", "-"
	}
	return strconv.FormatInt(info.Size(), 10), strconv.FormatInt(info.Size()-s.Position, 10)
}

// printable keeps a path from breaking the table, or the terminal.
func printable(path string) string {
	if quoted := strconv.Quote(path); quoted != `"`+path+`"` {
		return quoted
	}
	return path
}

// importRegistry takes over what Filebeat knew, as the first start does by
// itself: for a registry at another place, or a later time.
func importRegistry(f *flags, stdout, _ io.Writer) error {
	cfg, err := config.Load(f.config)
	if err != nil {
		return err
	}
	from := ""
	if len(f.operands) > 0 {
		from = f.operands[0]
	}
	done, err := pipeline.Import(cfg, from)
	if err != nil {
		return fmt.Errorf("registry import: %w", err)
	}
	r := done.From
	fmt.Fprintf(stdout, "%d positions imported from %s (Filebeat %s)\n", done.New, r.Path, r.Format)
	if known := len(r.States) - done.New; known > 0 {
		fmt.Fprintf(stdout, "%d left as they are: logcar knows these files itself\n", known)
	}
	if r.Moved > 0 {
		fmt.Fprintf(stdout, "%d are of files that are not at their path any more; they hold wherever the file is found\n", r.Moved)
	}
	if r.Skipped > 0 {
		fmt.Fprintf(stdout, "%d entries skipped: of other inputs, damaged, or of files that are gone\n", r.Skipped)
	}
	if r.Torn {
		fmt.Fprintln(stdout, "the journal's end is torn; what came before is imported")
	}
	return nil
}

// removeFromRegistry forgets a file, so that it is read from its beginning.
func removeFromRegistry(f *flags, stdout, _ io.Writer) error {
	if len(f.operands) == 0 {
		return errors.New("registry rm: no path: expected one as registry show prints it")
	}
	cfg, err := config.Load(f.config)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(f.operands[0])
	if err != nil {
		return fmt.Errorf("registry rm: %w", err)
	}
	err = pipeline.EditRegistry(cfg, func(r *registry.Registry) error {
		found := false
		for _, s := range r.States() {
			if s.Path == path || s.Path == f.operands[0] {
				found = true
				r.Remove(s.ID)
				fmt.Fprintf(stdout, "forgotten: %s, position %d\n", printable(s.Path), s.Position)
			}
		}
		if !found {
			return fmt.Errorf("no position of %s is known", path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("registry rm: %w", err)
	}
	return nil
}
