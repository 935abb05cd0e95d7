package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/logcar/logcar/config"
)

// The keystore commands are Filebeat's, with its words and its questions. Where
// nobody can be asked, because standard input is no terminal, they say which flag
// answers.

// createKeystore makes an empty keystore.
func createKeystore(f *flags, stdout, _ io.Writer) error {
	store, err := config.OpenKeystore(f.config)
	if err != nil {
		return err
	}
	if store.Exists() {
		yes, err := confirm(f, stdout, "A keystore already exists, Overwrite?")
		if err != nil {
			return err
		}
		if !yes {
			fmt.Fprintln(stdout, "Exiting without creating keystore.")
			return nil
		}
	}
	store.Clear()
	if err := store.Save(); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "Created filebeat keystore")
	return nil
}

// addToKeystore adds a secret, which is read from the terminal, or with --stdin
// from standard input to its end.
func addToKeystore(f *flags, stdout, _ io.Writer) error {
	if len(f.operands) != 1 {
		return fmt.Errorf("keystore add: %d keys given; expected one", len(f.operands))
	}
	name := strings.TrimSpace(f.operands[0])
	if err := checkName(name); err != nil {
		return fmt.Errorf("keystore add: %w", err)
	}
	store, err := config.OpenKeystore(f.config)
	if err != nil {
		return err
	}
	if _, known := store.Get(name); known {
		if yes, err := confirm(f, stdout, fmt.Sprintf("Setting %s already exists, Overwrite?", name)); err != nil || !yes {
			return unchanged(stdout, err)
		}
	}
	if !store.Exists() {
		if yes, err := confirm(f, stdout, "The keystore does not exist. Do you want to create it?"); err != nil || !yes {
			return unchanged(stdout, err)
		}
	}
	secret, err := readSecret(f, stdout, name)
	if err != nil {
		return fmt.Errorf("keystore add: %w", err)
	}
	store.Set(name, secret)
	if err := store.Save(); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "Successfully updated the keystore")
	return nil
}

func unchanged(stdout io.Writer, err error) error {
	if err == nil {
		fmt.Fprintln(stdout, "Exiting without modifying keystore.")
	}
	return err
}

// removeFromKeystore forgets secrets, all that are named or none.
func removeFromKeystore(f *flags, stdout, _ io.Writer) error {
	if len(f.operands) == 0 {
		return errors.New("keystore remove: no key given; expected one or more")
	}
	store, err := config.OpenKeystore(f.config)
	if err != nil {
		return err
	}
	for _, name := range f.operands {
		if _, known := store.Get(strings.TrimSpace(name)); !known {
			return fmt.Errorf("keystore remove: could not find key '%s' in the keystore", name)
		}
	}
	for _, name := range f.operands {
		store.Remove(strings.TrimSpace(name))
	}
	if err := store.Save(); err != nil {
		return err
	}
	for _, name := range f.operands {
		fmt.Fprintf(stdout, "successfully removed key: %s\n", strings.TrimSpace(name))
	}
	return nil
}

// listKeystore prints the secrets' names.
func listKeystore(f *flags, stdout, _ io.Writer) error {
	store, err := config.OpenKeystore(f.config)
	if err != nil {
		return err
	}
	for _, name := range store.Names() {
		fmt.Fprintln(stdout, printable(name))
	}
	return nil
}

// checkName refuses what ${NAME} could not say.
func checkName(name string) error {
	if name == "" || !utf8.ValidString(name) || strings.ContainsAny(name, "${}:") || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("%q is no name of a key: it must not contain any of $, {, : and }", name)
	}
	return nil
}

// confirm asks, unless --force answers.
func confirm(f *flags, stdout io.Writer, question string) (bool, error) {
	switch {
	case f.force:
		return true, nil
	case f.stdin, !isTerminal(os.Stdin):
		return false, fmt.Errorf("%s --force says yes", question)
	}
	fmt.Fprintf(stdout, "%s [y/N]: ", question)
	answer, err := readLine(os.Stdin)
	if err != nil {
		return false, err
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}

// readSecret reads a secret without showing it. A line end behind it is the
// terminal's, or echo's, and no part of it.
func readSecret(f *flags, stdout io.Writer, name string) (string, error) {
	if f.stdin {
		text, err := io.ReadAll(os.Stdin)
		if err != nil {
			return "", fmt.Errorf("read standard input: %w", err)
		}
		return withoutLineEnd(string(text)), nil
	}
	if !isTerminal(os.Stdin) {
		return "", errors.New("standard input is no terminal: --stdin reads the secret from it")
	}
	restore, err := hideInput(os.Stdin)
	if err != nil {
		return "", err
	}
	defer restore()
	fmt.Fprintf(stdout, "Enter value for %s: ", name)
	line, err := readLine(os.Stdin)
	fmt.Fprintln(stdout)
	return withoutLineEnd(line), err
}

// readLine reads up to a line end and no further: the rest may be for the next
// question.
func readLine(r io.Reader) (string, error) {
	line, err := bufio.NewReaderSize(oneByte{r}, 16).ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	return line, nil
}

// oneByte reads a byte at a time.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }

func withoutLineEnd(s string) string {
	return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
}

// hideInput switches the terminal's echo off until restore is called.
func hideInput(terminal *os.File) (restore func(), err error) {
	fd := int(terminal.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("hide input: %w", err)
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &hidden); err != nil {
		return nil, fmt.Errorf("hide input: %w", err)
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, before) }, nil
}
