package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// input makes text, or what a terminal says, standard input.
func input(t *testing.T, f *os.File) {
	t.Helper()
	before := os.Stdin
	os.Stdin = f
	t.Cleanup(func() { os.Stdin = before })
}

func inputText(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	input(t, f)
}

// TestKeystore: what the commands say and do, without a terminal.
func TestKeystore(t *testing.T) {
	p := newPod(t, "name: '${PW:none}'")
	const created, updated = "Created filebeat keystore\n", "Successfully updated the keystore\n"
	for _, step := range []struct {
		stdin, args    string
		status         int
		stdout, stderr string
	}{
		{"", "keystore list", 0, "", ""},
		{"", "keystore remove PW", 1, "", "Exiting: keystore remove: could not find key 'PW' in the keystore\n"},
		{"s", "keystore add PW --stdin", 1, "", "Exiting: The keystore does not exist. Do you want to create it? --force says yes\n"},
		{"", "keystore create", 0, created, ""},
		{"s", "keystore create", 1, "", "Exiting: A keystore already exists, Overwrite? --force says yes\n"},
		{"one\n", "keystore add PW --stdin", 0, updated, ""},
		{"two", "keystore add PW --stdin", 1, "", "Exiting: Setting PW already exists, Overwrite? --force says yes\n"},
		{"two\r\n", "keystore add --stdin PW --force", 0, updated, ""},
		{"a\nb\n", "keystore -stdin add lines", 0, updated, ""},
		{"x", "keystore add OTHER", 1, "", "Exiting: keystore add: standard input is no terminal: --stdin reads the secret from it\n"},
		{"x", "keystore add", 1, "", "Exiting: keystore add: 0 keys given; expected one\n"},
		{"x", "keystore add a${b --stdin", 1, "", "Exiting: keystore add: \"a${b\" is no name of a key: it must not contain any of $, {, : and }\n"},
		{"", "keystore list", 0, "PW\nlines\n", ""},
		{"", "keystore remove", 1, "", "Exiting: keystore remove: no key given; expected one or more\n"},
		{"", "keystore remove lines none", 1, "", "Exiting: keystore remove: could not find key 'none' in the keystore\n"},
		{"", "keystore list", 0, "PW\nlines\n", ""},
		{"", "keystore remove lines", 0, "successfully removed key: lines\n", ""},
		{"", "keystore list", 0, "PW\n", ""},
	} {
		inputText(t, step.stdin)
		p.wantTool(step.args, step.status, step.stdout, step.stderr)
	}
	p.write("a.log", "x")
	if doc := p.once().out.String(); !strings.Contains(doc, `"host":{"name":"two"}`) {
		t.Errorf("the secret is not in %s", doc)
	}
	info, err := os.Stat(filepath.Join(p.data(), "filebeat.keystore"))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	p.wantTool("keystore create --force", 0, created, "")
	p.wantTool("keystore list", 0, "", "")
}

// terminal returns both ends of one.
func terminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { user.Close() })
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return user, program
}

// TestKeystoreOnATerminal: questions are asked, and a secret is never shown.
func TestKeystoreOnATerminal(t *testing.T) {
	p := newPod(t)
	for _, step := range []struct {
		args    string
		answers []string // to each prompt
		want    string   // on the terminal, with ? for the answers that are shown
	}{
		{"keystore add PW", []string{"n"}, "The keystore does not exist. Do you want to create it? [y/N]: ?\r\nExiting without modifying keystore.\r\n"},
		{"keystore add PW", []string{"y", "geheim"},
			"The keystore does not exist. Do you want to create it? [y/N]: ?\r\nEnter value for PW: \r\nSuccessfully updated the keystore\r\n"},
		{"keystore add PW", []string{"YES", "topsecret"},
			"Setting PW already exists, Overwrite? [y/N]: ?\r\nEnter value for PW: \r\nSuccessfully updated the keystore\r\n"},
		{"keystore create", []string{""}, "A keystore already exists, Overwrite? [y/N]: ?\r\nExiting without creating keystore.\r\n"},
		{"keystore list", nil, "PW\r\n"},
		{"keystore create", []string{"y"}, "A keystore already exists, Overwrite? [y/N]: ?\r\nCreated filebeat keystore\r\n"},
		{"keystore list", nil, ""},
	} {
		t.Run(step.args, func(t *testing.T) {
			user, program := terminal(t)
			input(t, program)
			shown := make(chan string)
			go func() { shown <- converse(t, user, step.answers) }()
			args := append(strings.Fields(step.args), "-c", p.config, "--path.data", p.data(), "--strict.perms=false")
			if status := run(args, program, program); status != 0 {
				t.Errorf("status %d", status)
			}
			fmt.Fprint(program, "\x04")
			want := step.want
			for _, a := range step.answers[:strings.Count(want, "?\r")] {
				want = strings.Replace(want, "?\r", a+"\r", 1)
			}
			if got := <-shown; got != want {
				t.Errorf("the terminal shows %q, want %q", got, want)
			}
		})
	}
}

// converse answers each prompt, which ends with ": ", and returns all that the
// terminal has shown up to an EOT.
func converse(t *testing.T, user *os.File, answers []string) string {
	var shown strings.Builder
	for r := bufio.NewReader(user); ; {
		c, err := r.ReadByte()
		if err != nil {
			t.Errorf("read the terminal: %v", err)
			return shown.String()
		}
		if c == '\x04' {
			return shown.String()
		}
		shown.WriteByte(c)
		if strings.HasSuffix(shown.String(), ": ") && len(answers) > 0 {
			fmt.Fprintln(user, answers[0])
			answers = answers[1:]
		}
	}
}
